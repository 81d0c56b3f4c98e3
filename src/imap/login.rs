//! The login, by password or by access token.

mod oauth;
mod password;

use super::ImapError;

/// A failed login.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    #[error("the server refused the user name or password: {0}")]
    Refused(String),
    #[error("the server offers no password login on this connection{0}")]
    PasswordsNotOffered(&'static str),
    #[error("the server accepts no access tokens on this connection (neither OAUTHBEARER nor XOAUTH2){0}")]
    TokensNotOffered(&'static str),
    #[error("the server refused the access token: {text}{}", challenge.as_deref().map(|reason| format!("; it says: {reason}")).unwrap_or_default())]
    TokenRefused {
        /// Text of the tagged answer.
        text: String,
        /// The server's reason: JSON with a status and a scope (reference row F1).
        challenge: Option<String>,
    },
    #[error(transparent)]
    Imap(#[from] ImapError),
}

/// Replaces every form of a secret in a text by `name`, and removes the beginning of a form at the end of the text, which
/// may have been cut off there.
fn without_secret(text: &str, forms: &[&str], name: &str) -> String {
    let forms: Vec<&str> = forms.iter().copied().filter(|form| !form.is_empty()).collect();
    let mut text = forms.iter().fold(text.to_owned(), |text, form| text.replace(form, name));
    for form in forms {
        let starts = form.char_indices().map(|(at, _)| at).filter(|at| *at >= 4).rev();
        let cut = starts.filter_map(|at| form.get(..at)).find_map(|start| text.strip_suffix(start).map(str::to_owned));
        text = cut.unwrap_or(text);
    }
    text
}
