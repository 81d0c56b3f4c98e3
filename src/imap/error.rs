//! What can go wrong on the wire. After any of these the connection is dropped.

use crate::shown::shown;

/// Why a command did not succeed. Server text is trimmed and made printable; it never holds mail.
#[derive(Debug, thiserror::Error)]
pub enum ImapError {
    #[error("the connection was lost: {0}")]
    Lost(String),
    #[error("the server was silent for too long")]
    Silent,
    #[error("{0} took too long")]
    Slow(&'static str),
    #[error("the server ended the connection (BYE): {0}")]
    Bye(String),
    #[error("the server refused {command}: {text}")]
    Refused { command: &'static str, text: String },
    #[error("the server broke the protocol: {0}")]
    Protocol(String),
    #[error("the server sent more than the limit allows: {0}")]
    Limit(String),
    #[error("{0} cannot be sent to a mail server, since it holds a line break or a NUL")]
    Unsendable(&'static str),
}

/// A server's text, fit to be shown, or that there was none.
pub fn printable(text: &str) -> String {
    let clean = shown(text);
    if clean.is_empty() { "(it gave no reason)".to_owned() } else { clean }
}
