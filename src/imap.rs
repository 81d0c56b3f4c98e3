//! How to speak with an IMAP server: knows the wire, knows no store.
//!
//! async-imap carries and splits the bytes, imap-proto names what they say. Around them stand a [`guard`] that limits what a
//! server may send before either sees it, and a [`session`] whose commands succeed on a tagged OK only. What changes the
//! customer's copy is in [`mutate`], which only `poll/settle.rs` may name.
//!
//! What real servers write and the parser cannot read is mended or left out by [`quirk`] below the parser, line by line, and
//! not by a reader of our own above it: the parser stays one that others keep, each mend is a function named after its
//! server, and a line that is left out is one that nobody hangs a decision on.

mod bearer;
mod copies;
#[cfg(test)]
mod corpus;
mod error;
mod fetch;
pub mod folder_name;
pub(crate) mod guard;
mod login;
pub mod mutate;
mod quirk;
mod select;
mod session;
pub mod starttls;
mod uid_set;

pub use copies::Copies;
pub use error::ImapError;
pub use fetch::{Chunk, Fetched, Fetching, Meta, Sample};
pub use login::LoginError;
pub use select::{FolderStatus, Found, ListForm, Listed, Selected, SpecialUse};
pub use session::{Answer, Session, Status};
pub use uid_set::UidSet;
