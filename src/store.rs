//! Everything that is kept, and the only place with SQL. One text of each statement serves SQLite and PostgreSQL.

mod anchor;
mod compare;
mod db;
mod effect;
mod epoch;
mod error;
mod grant;
mod health;
mod import;
mod inbox;
mod lease;
mod ledger;
mod mailbox;
mod message;
mod poll;
mod raw;
mod route;
mod sealed;

pub use anchor::Anchor;
pub use compare::Completeness;
pub use db::Store;
pub use effect::{Effect, EffectStep};
pub use epoch::{Epoch, WatchedFolder};
pub use error::StoreError;
pub use grant::{AppProblem, Flow, Grant, GrantKey, GrantKind, GrantProblem, SealedTokens, access_row, refresh_row};
pub use health::OpenCases;
pub use import::{Batch, Finding, Imported, Mail, Raw};
pub use inbox::{InboxOverview, NewInbox};
pub use lease::{Due, Lease};
pub use ledger::{LedgerLine, Open, UidState};
pub use mailbox::{Changes, Login, Mailbox, NewLogin, NewMailbox, Server, password_row};
pub use message::{MessageFilter, MessageLine};
pub use poll::Outcome;
pub use raw::CHUNK;
pub use route::Route;

#[cfg(test)]
mod tests;
