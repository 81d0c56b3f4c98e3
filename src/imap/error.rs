//! What can go wrong on the wire. After any of these the connection is dropped.

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

/// Makes server text fit for a log and a page: one line, no control characters, not too long.
pub fn printable(text: &str) -> String {
    const MOST: usize = 300;
    let clean: String = text
        .chars()
        .take(MOST)
        .map(|c| {
            if c.is_control()
                || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            {
                ' '
            } else {
                c
            }
        })
        .collect();
    let clean = clean.trim();
    if clean.is_empty() { "(it gave no reason)".to_owned() } else { clean.to_owned() }
}
