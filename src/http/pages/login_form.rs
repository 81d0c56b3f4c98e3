//! What the forms for a mailbox's login have in common.

use secrecy::SecretString;

use crate::app::mailboxes::settings;
use crate::http::State;

/// The registered providers, by name.
pub fn registered(state: &State) -> Vec<String> {
    state.deps.oauth.registered().map(str::to_owned).collect()
}

/// A password for a mail server; `Err`: the name of what is wrong.
pub fn mail_password(text: &str) -> Result<SecretString, &'static str> {
    settings::password(text).map_err(|_| "mail-password-wrong")
}
