//! The configuration of the temporary Postfix.

use std::{
    collections::BTreeSet,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use crate::support::{certs::Identity, dovecot::Owner};

/// Where Debian keeps the programs that `master` starts.
pub const DAEMONS: &str = "/usr/lib/postfix/sbin";

pub struct Ports {
    pub smtp: u16,
    pub submission: u16,
    pub smtps: u16,
    pub policy: u16,
}

/// Creates the folders of an instance, which processes of several users enter.
pub fn make_folders(dir: &Path) {
    fs::set_permissions(dir, Permissions::from_mode(0o755)).unwrap();
    for folder in ["etc", "queue", "data"] {
        fs::create_dir(dir.join(folder)).unwrap();
    }
    Owner::of_folder(dir).make_dir(&dir.join("mail"));
}

/// Configuration for a Dovecot that checks the passwords on this socket, without delaying refusals.
pub fn auth_settings(socket: &Path) -> String {
    format!(
        "auth_failure_delay = 0\n\
         service anvil {{\n  unix_listener anvil-auth-penalty {{\n  mode = 0\n}}\n}}\n\
         service auth {{\n  unix_listener {} {{\n  mode = 0666\n}}\n}}\n",
        socket.display()
    )
}

/// The content of main.cf. Postfix delivers as the same user as Dovecot in this test run.
pub fn main(dir: &Path, addresses: &[&str], identity: &Identity, ports: &Ports) -> String {
    let domains = addresses.iter().map(|address| address.rsplit_once('@').unwrap().1);
    let domains: Vec<&str> = domains.collect::<BTreeSet<_>>().into_iter().collect();
    let (cert, key) = (identity.cert_file.display(), identity.key_file.display());
    let Owner { uid, gid, .. } = Owner::of_folder(dir);
    let (domains, policy, dir) = (domains.join(", "), ports.policy, dir.display());
    // By default Postfix adds missing header fields for local clients and looks up clients in DNS; both are switched off.
    format!(
        "compatibility_level = 3.6\n\
         queue_directory = {dir}/queue\n\
         data_directory = {dir}/data\n\
         command_directory = /usr/sbin\n\
         daemon_directory = {DAEMONS}\n\
         mail_owner = postfix\n\
         setgid_group = postdrop\n\
         maillog_file = /dev/stdout\n\
         myhostname = mx.kundo.example\n\
         mydestination =\n\
         alias_maps =\n\
         inet_interfaces = 127.0.0.1\n\
         inet_protocols = ipv4\n\
         default_transport = discard\n\
         virtual_mailbox_domains = {domains}\n\
         virtual_mailbox_base = {dir}/mail\n\
         virtual_mailbox_maps = texthash:{dir}/etc/mailboxes\n\
         virtual_uid_maps = static:{uid}\n\
         virtual_gid_maps = static:{gid}\n\
         virtual_mailbox_limit = 0\n\
         mailbox_size_limit = 0\n\
         message_size_limit = 200000000\n\
         local_header_rewrite_clients =\n\
         smtpd_peername_lookup = no\n\
         smtpd_error_sleep_time = 0\n\
         smtpd_tls_cert_file = {cert}\n\
         smtpd_tls_key_file = {key}\n\
         smtpd_sasl_type = dovecot\n\
         smtpd_sasl_path = {dir}/auth\n\
         smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service inet:127.0.0.1:{policy}\n"
    )
}

pub fn master(ports: &Ports) -> String {
    let Ports { smtp, submission, smtps, .. } = ports;
    let with_login =
        "  -o smtpd_sasl_auth_enable=yes\n  -o smtpd_client_restrictions=permit_sasl_authenticated,reject\n";
    format!(
        "127.0.0.1:{smtp} inet n - n - - smtpd\n\
         127.0.0.1:{submission} inet n - n - - smtpd\n  -o smtpd_tls_security_level=encrypt\n{with_login}\
         127.0.0.1:{smtps} inet n - n - - smtpd\n  -o smtpd_tls_wrappermode=yes\n{with_login}\
         postlog unix-dgram n - n - 1 postlogd\n\
         pickup unix n - n 60 1 pickup\n\
         cleanup unix n - n - 0 cleanup\n\
         qmgr unix n - n 300 1 qmgr\n\
         rewrite unix - - n - - trivial-rewrite\n\
         bounce unix - - n - 0 bounce\n\
         defer unix - - n - 0 bounce\n\
         trace unix - - n - 0 bounce\n\
         verify unix - - n - 1 verify\n\
         flush unix n - n 1000? 0 flush\n\
         proxymap unix - - n - - proxymap\n\
         error unix - - n - - error\n\
         retry unix - - n - - error\n\
         discard unix - - n - - discard\n\
         virtual unix - n n - - virtual\n\
         anvil unix - - n - 1 anvil\n\
         tlsmgr unix - - n 1000? 1 tlsmgr\n"
    )
}

/// The Maildir of each address, for `virtual_mailbox_maps`.
pub fn mailboxes(addresses: &[&str]) -> String {
    addresses.iter().map(|address| format!("{address} {address}/\n")).collect()
}
