//! SELECT and EXAMINE (RFC 3501 6.3.1, 6.3.2).

use imap_proto::{MailboxDatum, Response, ResponseCode};

use super::folder_name::{encode, quoted};
use super::{ImapError, Session};

/// The open folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selected {
    /// UIDVALIDITY (RFC 3501 2.3.1.1); `None` if the server does not send it, or sends 0.
    pub uidvalidity: Option<u32>,
    /// UIDNEXT, the UID of the next mail; `None` if the server does not send it, or sends 0.
    pub uidnext: Option<u32>,
    /// Number of mails.
    pub exists: u32,
    /// Whether the server forbids changes.
    pub read_only: bool,
    /// Flags that the server stores permanently; `None` means all flags (RFC 3501 7.1).
    pub permanent_flags: Option<Vec<String>>,
}

impl Session {
    /// Opens a folder: with EXAMINE if `read_only`, so that the server itself forbids changes, otherwise with SELECT.
    pub async fn select(&mut self, folder: &str, read_only: bool) -> Result<Selected, ImapError> {
        let name = if read_only { "EXAMINE" } else { "SELECT" };
        let line = format!("{name} {}", quoted(&encode(folder)));
        let mut found = Selected { read_only, ..Selected::default() };
        let mut counted = false;
        let answer = self
            .run(name, &line, |response| {
                match response {
                    Response::MailboxData(MailboxDatum::Exists(count)) => (found.exists, counted) = (*count, true),
                    Response::Data { status: imap_proto::Status::Ok, outcome } => match &outcome.code {
                        Some(ResponseCode::UidValidity(number)) => found.uidvalidity = Some(*number).filter(|n| *n > 0),
                        Some(ResponseCode::UidNext(number)) => found.uidnext = Some(*number).filter(|n| *n > 0),
                        Some(ResponseCode::ReadOnly) => found.read_only = true,
                        Some(ResponseCode::PermanentFlags(flags)) => {
                            found.permanent_flags = Some(flags.iter().map(|flag| flag.to_string()).collect());
                        }
                        _ => {}
                    },
                    _ => {}
                }
                Ok(())
            })
            .await?;
        found.read_only |= answer.ok(name)?.read_only;
        if !counted {
            // Without EXISTS the folder would look empty.
            return Err(ImapError::Protocol("it does not say how many mails the folder has".to_owned()));
        }
        self.exists = found.exists;
        Ok(found)
    }

    /// Sends NOOP, so that the server reports pending updates, such as removed mails (RFC 3501 7.4.1). A refusal is not an
    /// error.
    pub async fn noop(&mut self) -> Result<(), ImapError> {
        self.run("NOOP", "NOOP", |_| Ok(())).await.map(drop)
    }
}
