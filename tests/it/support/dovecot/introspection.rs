//! Makes Dovecot accept bearer tokens, which it validates at an identity provider by introspection (RFC 7662).

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
};

use super::config::Owner;

const FILE: &str = "dovecot-oauth2.conf";

/// Configuration for `Dovecot::start_with` that enables these mechanisms: `xoauth2`, `oauthbearer` or both. The folder, which must
/// outlive the server, gets a file of settings. Passwords still work with PLAIN and LOGIN, which do not accept tokens. Refusals are
/// not delayed: by default each one from the same address takes longer than the one before.
pub fn settings(folder: &Path, url: &str, mechanisms: &str) -> String {
    let file = folder.join(FILE);
    let text = format!(
        "introspection_url = {url}\n\
         introspection_mode = post\n\
         username_attribute = sub\n\
         active_attribute = active\n\
         active_value = true\n\
         force_introspection = yes\n"
    );
    fs::write(&file, text).unwrap();
    Owner::of_folder(folder).open_to_daemons(folder);
    let file = file.display();
    format!(
        "auth_mechanisms = plain login {mechanisms}\n\
         auth_failure_delay = 0\n\
         service anvil {{\n  unix_listener anvil-auth-penalty {{\n  mode = 0\n}}\n}}\n\
         passdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {file}\n}}\n"
    )
}

/// Makes a token open every mailbox of its owner's domain, like the token of a member of a shared mailbox: only the domains of the
/// token's identity and of the login name are compared. `settings` must have created the folder's file.
pub fn open_to_members(folder: &Path) {
    let mut file = File::options().append(true).open(folder.join(FILE)).unwrap();
    file.write_all(b"username_format = %Ld\n").unwrap();
}
