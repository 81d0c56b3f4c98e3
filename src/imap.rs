//! How to speak with an IMAP server: knows the wire, knows no store.
//!
//! A [`guard`] limits what a server may send and cuts it into whole answers, imap-proto names what they say, and a [`session`]
//! has commands that succeed on a tagged OK only. How much of all servers' mail is held at once is limited by [`in_flight`]. What
//! changes the customer's copy is in [`mutate`], which only `poll/settle.rs` may name.
//!
//! What real servers write and the parser cannot read is mended or left out by [`quirk`] below the parser, line by line, and
//! not by a reader of our own above it: the parser stays one that others keep, each mend is a function named after its
//! server, and a line that is left out is one that nobody hangs a decision on.

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
pub use fetch::{Chunk, Fetched, Fetching, Meta, Sample};
pub use list::{Listed, SpecialUse};
pub use login::LoginError;
pub use search::{Found, ListForm};
pub use select::Selected;
pub use session::{Answer, Session, Status};
pub use status::FolderStatus;
pub use terms::{Deadlines, Limits, Terms};
pub use uid_set::UidSet;
