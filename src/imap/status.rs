//! STATUS (RFC 3501 6.3.10): the numbers of a folder that is not open.

use imap_proto::{MailboxDatum, Response, StatusAttribute};

use super::folder_name::{encode, quoted};
use super::{ImapError, Session};

/// The numbers of a folder that is not open. A number that the server does not send is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FolderStatus {
    pub messages: Option<u32>,
    /// UIDVALIDITY; `None` also for 0.
    pub uidvalidity: Option<u32>,
    /// UIDNEXT; `None` also for 0.
    pub uidnext: Option<u32>,
}

impl Session {
    /// Number of mails in a folder; `None` if the server does not send it.
    pub async fn message_count(&mut self, folder: &str) -> Result<Option<u32>, ImapError> {
        Ok(self.status(folder, "MESSAGES").await?.messages)
    }

    /// MESSAGES, UIDNEXT and UIDVALIDITY of a folder.
    pub async fn folder_numbers(&mut self, folder: &str) -> Result<FolderStatus, ImapError> {
        self.status(folder, "MESSAGES UIDNEXT UIDVALIDITY").await
    }

    /// Sends STATUS. A refusal is not an error, but leaves all numbers `None`.
    async fn status(&mut self, folder: &str, items: &str) -> Result<FolderStatus, ImapError> {
        let line = format!("STATUS {} ({items})", quoted(&encode(folder)));
        let mut found = FolderStatus::default();
        self.run("STATUS", &line, |response| {
            if let Response::MailboxData(MailboxDatum::Status { status, .. }) = response {
                for item in status {
                    match item {
                        StatusAttribute::Messages(count) => found.messages = Some(*count),
                        StatusAttribute::UidNext(number) => found.uidnext = Some(*number).filter(|n| *n > 0),
                        StatusAttribute::UidValidity(number) => found.uidvalidity = Some(*number).filter(|n| *n > 0),
                        _ => {}
                    }
                }
            }
            Ok(())
        })
        .await?;
        Ok(found)
    }
}
