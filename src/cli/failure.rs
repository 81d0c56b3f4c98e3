//! The failure of a command: sentences on standard error, and an exit code.

use std::process::ExitCode;

use crate::app::Error;
use crate::app::mailboxes::settings::InvalidField;
use crate::fact::{Fact, Resource, Text};
use crate::locale::Language;
use crate::oauth::GrantError;
use crate::shown::for_terminal;
use crate::store::StoreError;
use crate::vault::VaultError;

/// Exit code of a command that failed.
const FAILED: u8 = 1;
/// Exit code for wrong usage, the same as clap's.
const USAGE: u8 = 2;
/// Exit code for a wrong configuration: EX_CONFIG in sysexits.h.
const CONFIGURATION: u8 = 78;

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    lines: Vec<String>,
}

impl Failure {
    /// The command was tried and failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { code: FAILED, lines: vec![message.into()] }
    }

    /// The arguments are wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: USAGE, lines: vec![message.into()] }
    }

    /// The configuration is wrong; one line for each problem.
    pub fn configuration(problems: Vec<String>) -> Self {
        Self { code: CONFIGURATION, lines: problems }
    }

    pub fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }

    pub fn into_lines(self) -> Vec<String> {
        self.lines
    }

    /// Prints the sentences on standard error and returns the exit code.
    pub fn report(&self) -> ExitCode {
        for line in &self.lines {
            eprintln!("mailferry: {}", for_terminal(line));
        }
        self.code()
    }
}

/// The command that lists the resources of this kind.
fn list_command(thing: &Resource) -> Option<&'static str> {
    match thing {
        Resource::Mailbox(_) => Some("mailferry mailbox list"),
        Resource::Inbox(_) => Some("mailferry inbox list"),
        Resource::Route(_) => Some("mailferry route list"),
        Resource::Person(_) => Some("mailferry user list"),
        Resource::Token(_) => Some("mailferry token list"),
        Resource::Message(_) => Some("mailferry message list"),
        Resource::DeliveryTarget(_) => Some("mailferry inbox delivery list"),
        Resource::Delivery(_) => Some("mailferry delivery list"),
        _ => None,
    }
}

impl From<Resource> for Failure {
    fn from(thing: Resource) -> Self {
        let hint = list_command(&thing).map(|command| format!("; see `{command}`")).unwrap_or_default();
        Self::failed(format!("{}{hint}", thing.words(Language::English)))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Missing(thing) => thing.into(),
            Error::Invalid(wrong) => wrong.into(),
            Error::Conflict(conflict) => Self::failed(conflict.words(Language::English)),
            Error::ServerChanged(address) => StoreError::ServerChanged(address).into(),
            Error::Server(error) => Self::failed(format!("{}: {}", error.step.name(), error.with_remedy())),
            Error::LoginRateLimited(minutes) => {
                Self::failed(Text::new("mailbox-wait").with("count", minutes).words(Language::English))
            }
            Error::Consent(error) => Self::failed(error.to_string()),
            Error::Internal(error) => error.into(),
            // These errors cannot happen here: the command line has every right, is exempt from the credential policy and
            // its limit on passwords, and uses neither preconditions nor links.
            Error::Forbidden(_)
            | Error::Refused(_)
            | Error::Changed
            | Error::PasswordRateLimited(_)
            | Error::LinkInvalid => Self::failed("this is not possible on the command line"),
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

impl From<InvalidField> for Failure {
    fn from(wrong: InvalidField) -> Self {
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
            // It is not an error if the reader of the output stops early (`| head`).
            std::io::ErrorKind::BrokenPipe => Self { code: 0, lines: Vec::new() },
            _ => Self::failed(error.to_string()),
        }
    }
}
