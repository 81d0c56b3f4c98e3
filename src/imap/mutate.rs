//! The commands that change the customer's copy. Only `poll/settle.rs` may call them, and only for committed mail.
//!
//! The commands use UIDs, never sequence numbers. Plain EXPUNGE and CLOSE are never sent, since they would also remove
//! mail that the customer has flagged as deleted (RFC 4315 2.1).

use imap_proto::Response;

use super::folder_name::{encode, quoted};
use super::{Copies, ImapError, Session, TaggedAnswer, UidSet};

/// Adds a flag or keyword.
pub async fn add_flag(session: &mut Session, set: &UidSet, flag: &str) -> Result<TaggedAnswer, ImapError> {
    session.run("STORE", &format!("UID STORE {} +FLAGS.SILENT ({flag})", set.text), |_| Ok(())).await
}

/// Moves mails to a folder (RFC 6851). COPYUID arrives in an untagged answer or, from some servers, in the tagged one.
pub async fn move_to(session: &mut Session, set: &UidSet, folder: &str) -> Result<TaggedAnswer, ImapError> {
    let mut copies = None;
    let line = format!("UID MOVE {} {}", set.text, quoted(&encode(folder)));
    let answer = session
        .run("MOVE", &line, |response| {
            if let Response::Data { status: imap_proto::Status::Ok, outcome } = response {
                copies = outcome.code.as_ref().and_then(Copies::from_code).or(copies.take());
            }
            Ok(())
        })
        .await?;
    Ok(TaggedAnswer { copies: answer.copies.or(copies), ..answer })
}

/// Copies mails to a folder.
pub async fn copy_to(session: &mut Session, set: &UidSet, folder: &str) -> Result<TaggedAnswer, ImapError> {
    session.run("COPY", &format!("UID COPY {} {}", set.text, quoted(&encode(folder))), |_| Ok(())).await
}

/// Removes those mails in the set that are flagged as deleted, and no other mails (UID EXPUNGE, RFC 4315).
pub async fn expunge(session: &mut Session, set: &UidSet) -> Result<TaggedAnswer, ImapError> {
    session.run("EXPUNGE", &format!("UID EXPUNGE {}", set.text), |_| Ok(())).await
}

/// Creates the folder that mails are to be moved or copied to.
pub async fn create_folder(session: &mut Session, folder: &str) -> Result<TaggedAnswer, ImapError> {
    session.run("CREATE", &format!("CREATE {}", quoted(&encode(folder))), |_| Ok(())).await
}
