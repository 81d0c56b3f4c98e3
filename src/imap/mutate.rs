//! The commands that change the customer's copy. Only `poll/settle.rs` may call them, and only for mail that is stored.
//!
//! They name UIDs, never sequence numbers, and never EXPUNGE without a UID set or CLOSE, which would remove what the
//! customer has marked too (RFC 4315 2.1).

use super::folder_name::{encode, quoted};
use super::{Answer, ImapError, Session, UidSet};

/// Adds a flag or keyword.
pub async fn add_flag(session: &mut Session, set: &UidSet, flag: &str) -> Result<Answer, ImapError> {
    session.run("STORE", &format!("UID STORE {} +FLAGS.SILENT ({flag})", set.text), |_| Ok(())).await
}

/// Moves to a folder at once (RFC 6851).
pub async fn move_to(session: &mut Session, set: &UidSet, folder: &str) -> Result<Answer, ImapError> {
    session.run("MOVE", &format!("UID MOVE {} {}", set.text, quoted(&encode(folder))), |_| Ok(())).await
}

/// Copies to a folder.
pub async fn copy_to(session: &mut Session, set: &UidSet, folder: &str) -> Result<Answer, ImapError> {
    session.run("COPY", &format!("UID COPY {} {}", set.text, quoted(&encode(folder))), |_| Ok(())).await
}

/// Removes these mails, if they are marked as deleted, and no others (RFC 4315).
pub async fn expunge(session: &mut Session, set: &UidSet) -> Result<Answer, ImapError> {
    session.run("EXPUNGE", &format!("UID EXPUNGE {}", set.text), |_| Ok(())).await
}

/// Creates the folder that mail is to be moved to.
pub async fn create_folder(session: &mut Session, folder: &str) -> Result<Answer, ImapError> {
    session.run("CREATE", &format!("CREATE {}", quoted(&encode(folder))), |_| Ok(())).await
}
