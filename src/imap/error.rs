//! The errors of an IMAP session. Only after `Refused` may the connection still be used.

use crate::shown::shown;

/// An IMAP error. Server text is trimmed and made printable; it never contains mail.
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
    #[error("{0} cannot be sent to a mail server, since it contains a line break or a NUL")]
    Unsendable(&'static str),
}

/// A server's text in printable form, or a note that there was none.
pub fn printable(text: &str) -> String {
    let clean = shown(text);
    if clean.is_empty() { "(it gave no reason)".to_owned() } else { clean }
}
