//! Lets Dovecot take bearer tokens, each of which it shows to an identity provider that says whose it is (RFC 7662).

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
};

use super::config::Owner;

const FILE: &str = "dovecot-oauth2.conf";

/// More lines for `Dovecot::start_with`, which switch on these mechanisms: `xoauth2`, `oauthbearer` or both. The folder,
/// which has to outlive the server, gets a file of settings. A password still works with PLAIN and LOGIN, and a token is
/// none there. Refusals come at once: else each one from the same address takes longer than the one before.
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
    Owner::of(folder).open_to_daemons(folder);
    let file = file.display();
    format!(
        "auth_mechanisms = plain login {mechanisms}\n\
         auth_failure_delay = 0\n\
         service anvil {{\n  unix_listener anvil-auth-penalty {{\n  mode = 0\n}}\n}}\n\
         passdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {file}\n}}\n"
    )
}

/// Lets a token open every mailbox of its owner's domain, as that of a shared mailbox's member does: of both names, the token's and
/// the one that is logged in with, only the domains are compared. `settings` has made the folder's file.
pub fn open_to_members(folder: &Path) {
    let mut file = File::options().append(true).open(folder.join(FILE)).unwrap();
    file.write_all(b"username_format = %Ld\n").unwrap();
}
