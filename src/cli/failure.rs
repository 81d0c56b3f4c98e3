//! How a command fails: a sentence on standard error, and an exit code.

use std::process::ExitCode;

use crate::app::Error;
use crate::app::mailboxes::settings::Wrong;
use crate::fact::{Fact, Text, Thing};
use crate::locale::Language;
use crate::oauth::GrantError;
use crate::shown::for_terminal;
use crate::store::StoreError;
use crate::vault::VaultError;

/// Something failed.
const FAILED: u8 = 1;
/// Wrong usage, as clap ends with.
const USAGE: u8 = 2;
/// sysexits.h EX_CONFIG.
const CONFIGURATION: u8 = 78;

/// Why a command ended badly.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    lines: Vec<String>,
}

impl Failure {
    /// It was tried and failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { code: FAILED, lines: vec![message.into()] }
    }

    /// It was asked for in a way that makes no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: USAGE, lines: vec![message.into()] }
    }

    /// The configuration is wrong, in all these ways.
    pub fn configuration(problems: Vec<String>) -> Self {
        Self { code: CONFIGURATION, lines: problems }
    }

    /// The exit code.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }

    /// The sentences.
    pub fn into_lines(self) -> Vec<String> {
        self.lines
    }

    /// Says it.
    pub fn report(&self) -> ExitCode {
        for line in &self.lines {
            eprintln!("mailferry: {}", for_terminal(line));
        }
        self.code()
    }
}

/// The command that lists what is there.
fn listing(thing: &Thing) -> Option<&'static str> {
    match thing {
        Thing::Mailbox(_) => Some("mailferry mailbox list"),
        Thing::Inbox(_) => Some("mailferry inbox list"),
        Thing::Route(_) => Some("mailferry route list"),
        Thing::Person(_) => Some("mailferry user list"),
        Thing::Token(_) => Some("mailferry token list"),
        Thing::Message(_) => Some("mailferry message list"),
        _ => None,
    }
}

impl From<Thing> for Failure {
    fn from(thing: Thing) -> Self {
        let hint = listing(&thing).map(|command| format!("; see `{command}`")).unwrap_or_default();
        Self::failed(format!("{}{hint}", thing.words(Language::English)))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Missing(thing) => thing.into(),
            Error::Invalid(wrong) => wrong.into(),
            Error::Conflict(conflict) => Self::failed(conflict.words(Language::English)),
            Error::Moved(address) => StoreError::Moved(address).into(),
            Error::AtServer(error) => Self::failed(format!("{}: {}", error.step.name(), error.with_remedy())),
            Error::LoginsWait(minutes) => {
                Self::failed(Text::new("mailbox-wait").with("count", minutes).words(Language::English))
            }
            Error::Consent(error) => Self::failed(error.to_string()),
            Error::Inside(error) => error.into(),
            // The command line may do everything, is asked by no policy, and says no state that it means to change.
            Error::Forbidden(_) | Error::Refused(_) | Error::Changed | Error::PasswordsWait(_) | Error::LinkOver => {
                Self::failed("this cannot be done at the command line")
            }
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(thing) => thing.into(),
            StoreError::Vault(VaultError::Exists(_)) => Self::failed(error.to_string()),
            StoreError::Url(_) | StoreError::Vault(_) => Self::configuration(vec![error.to_string()]),
            _ => Self::failed(error.to_string()),
        }
    }
}

impl From<Wrong> for Failure {
    fn from(wrong: Wrong) -> Self {
        Self::usage(wrong.why.to_string())
    }
}

impl From<GrantError> for Failure {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::Store(error) => error.into(),
            GrantError::Token(error) => Self::failed(error.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            // A reader that has heard enough (`| head`) is no error.
            std::io::ErrorKind::BrokenPipe => Self { code: 0, lines: Vec::new() },
            _ => Self::failed(error.to_string()),
        }
    }
}
