//! Helpers for the forms that ask for a mailbox's credentials.

use secrecy::SecretString;

use crate::app::mailboxes::settings;
use crate::http::State;

/// The registered providers, by name.
pub fn registered_providers(state: &State) -> Vec<String> {
    state.deps.oauth.registered().map(str::to_owned).collect()
}

/// Validates a password for a mail server. `Err` is the id of a text that says what is wrong.
pub fn mail_password(text: &str) -> Result<SecretString, &'static str> {
    settings::password(text).map_err(|_| "mail-password-wrong")
}
