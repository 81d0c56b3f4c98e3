//! Classifies failures by the text of the server's response.

use std::time::Duration;

use super::kinds::Retry;

/// The longest time for which a server can make us wait.
pub const MAX_HOLD: Duration = Duration::from_hours(24);

/// Whether Exchange has accepted the login but refuses the commands after it (reference row D1).
pub fn is_not_connected(text: &str) -> bool {
    text.to_ascii_lowercase().contains("authenticated but not connected")
}

/// Whether the host belongs to Microsoft, which has not accepted passwords since 2023 (Office 365) and 2024
/// (outlook.com); further attempts only lock accounts (reference row F5).
pub fn is_microsoft(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    ["outlook.office365.com", "outlook.office.com", "imap-mail.outlook.com"].contains(&host.as_str())
}

/// Whether a refused login proves nothing about the password (RFC 5530).
pub fn is_temporary(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    ["[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]", "[TEMPFAIL]", "TOO MANY", "TRY AGAIN"]
        .iter()
        .any(|sign| text.contains(sign))
}

/// Returns when to retry, by the server's text. Exchange sends
/// `Request is throttled. Suggested Backoff Time: 299961 milliseconds`.
pub fn retry_after(text: &str) -> Retry {
    let lower = text.to_ascii_lowercase();
    if let Some((_, rest)) = lower.split_once("suggested backoff time:") {
        let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
        if let Ok(millis) = digits.parse() {
            return Retry::After(Duration::from_millis(millis).min(MAX_HOLD));
        }
    }
    // Exchange ends a session when its token expires: `Session invalidated - AccessTokenExpired` (imapsync#250).
    if lower.contains("accesstokenexpired") {
        return Retry::Renew;
    }
    // Gmail sends this when the daily limit is used up.
    if lower.contains("[overquota]") {
        return Retry::Quota;
    }
    Retry::Soon
}
