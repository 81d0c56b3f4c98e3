//! The configuration of the temporary Dovecot, for root and for an ordinary user.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::Path,
    process::Command,
};

use crate::support::certs::Identity;

/// The user that Dovecot's mail processes run as. Dovecot does not serve mail as root, so tests run by root use the user
/// nobody; tests run by an ordinary user can only use that user.
pub struct Owner {
    pub uid: u32,
    pub gid: u32,
    is_root: bool,
}

impl Owner {
    pub fn of_folder(dir: &Path) -> Self {
        let metadata = fs::metadata(dir).unwrap();
        match metadata.uid() {
            0 => Self { uid: 65534, gid: 65534, is_root: true },
            uid => Self { uid, gid: metadata.gid(), is_root: false },
        }
    }

    /// Opens a temporary folder, which is private to its owner, to Dovecot's processes, which run as other users.
    pub fn open_to_daemons(&self, dir: &Path) {
        if self.is_root {
            fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    /// Creates a folder, with its parents, that the mail processes may write to.
    pub fn make_dir(&self, dir: &Path) {
        fs::create_dir_all(dir).unwrap();
        if self.is_root {
            chown(dir, Some(self.uid), Some(self.gid)).unwrap();
        }
    }

    /// Settings for the users of Dovecot. Started by root, Dovecot switches to its own users; an ordinary user cannot
    /// switch, and cannot chroot.
    fn settings(&self) -> String {
        if self.is_root {
            return String::new();
        }
        let name = |which: &str| {
            let output = Command::new("id").arg(which).output().unwrap();
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        };
        let (user, group) = (name("-un"), name("-gn"));
        format!(
            "default_internal_user = {user}\n\
             default_internal_group = {group}\n\
             default_login_user = {user}\n\
             service anvil {{\n  chroot =\n}}\n\
             service imap-login {{\n  chroot =\n}}\n"
        )
    }
}

pub fn text(dir: &Path, owner: &Owner, (imap, imaps): (u16, u16), identity: &Identity, extra: &str) -> String {
    let Owner { uid, gid, .. } = owner;
    let (cert, key) = (identity.cert_file.display(), identity.key_file.display());
    let for_owner = owner.settings();
    let dir = dir.display();
    format!(
        "base_dir = {dir}/run\n\
         state_dir = {dir}/state\n\
         log_path = /dev/stderr\n\
         protocols = imap\n\
         listen = 127.0.0.1\n\
         ssl = yes\n\
         ssl_cert = <{cert}\n\
         ssl_key = <{key}\n\
         disable_plaintext_auth = no\n\
         auth_mechanisms = plain login\n\
         mail_location = maildir:{dir}/mail/%u/Maildir:UTF-8\n\
         mail_max_userip_connections = 100\n\
         first_valid_uid = 1\n\
         passdb {{\n  driver = passwd-file\n  mechanisms = plain login none\n  args = scheme=plain username_format=%u {dir}/passwords\n}}\n\
         userdb {{\n  driver = static\n  args = uid={uid} gid={gid} home={dir}/mail/%u\n}}\n\
         namespace inbox {{\n  inbox = yes\n  separator = /\n}}\n\
         service imap-login {{\n\
         inet_listener imap {{\n  port = {imap}\n}}\n\
         inet_listener imaps {{\n  port = {imaps}\n  ssl = yes\n}}\n\
         }}\n\
         protocol imap {{\n  rawlog_dir = {dir}/rawlog/%u\n}}\n\
         {for_owner}\
         {extra}\n"
    )
}
