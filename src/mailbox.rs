//! Settings of a mailbox, with their syntax on the command line.

mod settings;

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization;

use crate::clock::{self, Timestamp};
use crate::fact::{Conflict, Invalid};

pub use settings::{Settings, SettingsChange};

/// Encryption of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// TLS from the first byte, usually port 993 (RFC 8314).
    Implicit,
    /// STARTTLS, required: without it no credentials are sent.
    StartTls,
    /// No encryption, by choice of the operator.
    None,
}

impl TlsMode {
    pub fn default_port(self) -> u16 {
        match self {
            Self::Implicit => 993,
            Self::StartTls | Self::None => 143,
        }
    }
}

impl TlsMode {
    /// The degree of protection, for comparison: implicit TLS encrypts the whole connection, STARTTLS everything but the
    /// first commands.
    pub fn protection(self) -> u8 {
        match self {
            Self::Implicit => 2,
            Self::StartTls => 1,
            Self::None => 0,
        }
    }

    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Implicit => "implicit",
            Self::StartTls => "starttls",
            Self::None => "none",
        }
    }
}

impl FromStr for TlsMode {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "implicit" => Ok(Self::Implicit),
            "starttls" => Ok(Self::StartTls),
            "none" => Ok(Self::None),
            _ => Err(Invalid::TlsMode(text.to_owned())),
        }
    }
}

impl fmt::Display for TlsMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The start: the date from which mail is imported. It is applied when a folder is first polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The time when the mailbox was added.
    Now,
    /// All mail in the folder.
    All,
    /// Midnight UTC at the start of this day.
    Date(Date),
}

impl Start {
    /// Mail received before this time is not imported; `None` if all mail is imported.
    pub fn earliest(self, added_at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::All => None,
            Self::Now => Some(added_at.whole_seconds()),
            Self::Date(date) => Some(Timestamp::from_datetime(date.at(0, 0, 0, 0))),
        }
    }
}

impl FromStr for Start {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "now" => Ok(Self::Now),
            "all" => Ok(Self::All),
            _ => match clock::day(text) {
                // The year of an IMAP date has four digits, and no mail is older than 1970.
                Some(date) if (1970..=9999).contains(&date.year()) => Ok(Self::Date(date)),
                _ => Err(Invalid::Start(text.to_owned())),
            },
        }
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now => f.write_str("now"),
            Self::All => f.write_str("all"),
            Self::Date(date) => write!(f, "{date}"),
        }
    }
}

/// The effect on the customer's copy after the import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AfterImport {
    /// No change: the folder is opened read-only.
    Leave,
    /// Mark as read.
    Seen,
    /// Set this keyword.
    Keyword(String),
    /// Move to this folder.
    Move(String),
    /// Delete this mail only.
    Delete,
}

impl AfterImport {
    /// The effect without its argument.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Leave => "leave",
            Self::Seen => "seen",
            Self::Keyword(_) => "keyword",
            Self::Move(_) => "move",
            Self::Delete => "delete",
        }
    }

    /// The keyword or the target folder.
    pub fn argument(&self) -> Option<&str> {
        match self {
            Self::Keyword(argument) | Self::Move(argument) => Some(argument),
            Self::Leave | Self::Seen | Self::Delete => None,
        }
    }
}

impl FromStr for AfterImport {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text.split_once(':') {
            None if text == "leave" => Ok(Self::Leave),
            None if text == "seen" => Ok(Self::Seen),
            None if text == "delete" => Ok(Self::Delete),
            Some(("keyword", name)) => {
                // A keyword is an IMAP atom (RFC 3501 section 9). Flags cannot be quoted, so other characters are refused.
                let atom = |c: char| c.is_ascii_graphic() && !"(){%*\"\\]".contains(c);
                if !name.is_empty() && name.len() <= 100 && name.chars().all(atom) {
                    Ok(Self::Keyword(name.to_owned()))
                } else {
                    Err(Invalid::Keyword(name.to_owned()))
                }
            }
            Some(("move", folder)) => folder_name(folder).map(Self::Move),
            _ => Err(Invalid::AfterImport(text.to_owned())),
        }
    }
}

impl fmt::Display for AfterImport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leave => f.write_str("leave"),
            Self::Seen => f.write_str("seen"),
            Self::Keyword(name) => write!(f, "keyword:{name}"),
            Self::Move(folder) => write!(f, "move:{folder}"),
            Self::Delete => f.write_str("delete"),
        }
    }
}

/// Validates a folder name as a person wrote it. INBOX is case-insensitive (RFC 3501 section 5.1).
pub fn folder_name(text: &str) -> Result<String, Invalid> {
    if text.is_empty() || text.len() > 1000 || text.chars().any(char::is_control) {
        return Err(Invalid::FolderName(text.to_owned()));
    }
    Ok(if text.eq_ignore_ascii_case("INBOX") { "INBOX".to_owned() } else { text.to_owned() })
}

/// Refuses to move mail into a polled folder, from which it would be imported again.
///
/// # Errors
/// [`Conflict::MoveIntoPolledFolder`], [`Conflict::MayMoveIntoPolledFolder`].
pub fn check_move_target(after_import: &AfterImport, folders: &[String]) -> Result<(), Conflict> {
    let AfterImport::Move(target) = after_import else { return Ok(()) };
    let target = target.clone();
    match folders.iter().find(|name| may_be_same_folder(name, &target)) {
        Some(name) if *name == target => Err(Conflict::MoveIntoPolledFolder { target }),
        Some(name) => Err(Conflict::MayMoveIntoPolledFolder { target, folder: name.clone() }),
        None => Ok(()),
    }
}

impl TryFrom<String> for TlsMode {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl TryFrom<String> for Start {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl TryFrom<String> for AfterImport {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

/// Whether two names may denote the same folder: servers ignore case, use other Unicode forms, and show folders with or
/// without the prefix `INBOX` (RFC 2342 namespaces of Courier, Cyrus and Dovecot).
pub fn may_be_same_folder(one: &str, other: &str) -> bool {
    let folded = |name: &str| {
        let name: String = name.nfc().collect();
        // Convert to upper case first: some letters have two lower-case forms (`ſ`, `ς`).
        let name: String = name.to_uppercase().to_lowercase().nfc().collect();
        let name = name.trim_end_matches(DELIMITERS);
        let below = name.strip_prefix("inbox").and_then(|rest| rest.strip_prefix(DELIMITERS));
        below.filter(|rest| !rest.is_empty()).unwrap_or(name).to_owned()
    };
    folded(one) == folded(other)
}

/// The hierarchy delimiters that servers use.
const DELIMITERS: [char; 3] = ['.', '/', '\\'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_read_back_as_written() {
        for text in ["leave", "seen", "keyword:Kundo", "move:Klart/Å", "move:a:b", "delete"] {
            assert_eq!(text.parse::<AfterImport>().unwrap().to_string(), text);
        }
        for text in ["now", "all", "2026-02-28", "1970-01-01", "9999-12-31"] {
            assert_eq!(text.parse::<Start>().unwrap().to_string(), text);
        }
        for text in ["implicit", "starttls", "none"] {
            assert_eq!(text.parse::<TlsMode>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn names_of_the_same_folder_are_recognised() {
        for (one, other, same) in [
            ("Klart", "Klart", true),
            ("Klart", "klart", true),
            ("Åtgärdat", "a\u{30a}tga\u{308}rdat", true),
            ("Straße", "STRASSE", true),
            ("INBOX.Support", "Support", true),
            ("inbox/support", "Support", true),
            ("INBOX.Support", "INBOX/Support", true),
            ("Klart/", "Klart", true),
            ("INBOX", "INBOX.INBOX", true),
            ("INBOX", "inbox", true),
            ("INBOX", "INBOX.Klart", false),
            ("Klart", "Klart 2", false),
            ("A/Klart", "Klart", false),
            ("A.Klart", "A/Klart", false),
        ] {
            assert_eq!(may_be_same_folder(one, other), same, "{one} {other}");
            assert_eq!(may_be_same_folder(other, one), same, "{other} {one}");
        }
    }

    #[test]
    fn values_that_could_break_out_of_a_command_are_refused() {
        for text in
            ["", "move", "move:", "move:a\r\nb", "keyword:", "keyword:a b", "keyword:\\Deleted", "keyword:a)", "purge"]
        {
            assert!(text.parse::<AfterImport>().is_err(), "{text:?}");
        }
        for text in ["", "2026-02-30", "2026-2-1", "yesterday", "0000-01-01", "1969-12-31", "2026-02-28T00:00"] {
            assert!(text.parse::<Start>().is_err(), "{text:?}");
        }
    }
}
