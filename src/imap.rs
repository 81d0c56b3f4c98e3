//! The IMAP client: knows the protocol, but not the store.
//!
//! A [`guard`] limits what a server may send and splits the input into whole answers, imap-proto parses them, and a
//! [`session`] runs commands, which succeed only on a tagged OK. [`in_flight`] limits the memory that the mail of all
//! sessions uses. The commands that change the customer's copy are in [`mutate`], which only `poll/settle.rs` may use.
//!
//! [`quirk`] repairs or drops malformed lines before the parser sees them, so that an unmodified library can be the
//! parser. Each repair is a function named after the server or the fault, and no decision depends on a dropped line.
//!
//! "Reference row B8" and the like, here and in other files, are rows of the table in `tests/transcripts/README.md`,
//! which lists the known behaviours of servers with the tests for each.

mod body;
mod copies;
mod error;
mod fetch;
pub mod folder_name;
pub(crate) mod guard;
pub mod in_flight;
mod list;
mod login;
pub mod mutate;
pub(crate) mod quirk;
mod search;
mod select;
mod session;
pub mod starttls;
mod status;
mod terms;
#[cfg(test)]
mod tests;
mod uid_set;

pub use body::Body;
pub use copies::Copies;
pub use error::ImapError;
pub use fetch::{BodyFetch, Chunk, Fetched, Meta, Sample};
pub use list::{ListedFolder, SpecialUse};
pub use login::LoginError;
pub use search::{ListForm, SearchResult, day_before};
pub use select::Selected;
pub use session::{Session, Status, TaggedAnswer};
pub use status::FolderStatus;
pub use terms::{Deadlines, Limits, Terms};
pub use uid_set::UidSet;
