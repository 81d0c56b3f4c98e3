//! Everything that is kept, and the only place with SQL. One text of each statement serves SQLite and PostgreSQL.

mod anchor;
mod audit;
mod compare;
mod copies;
mod db;
mod departure;
mod effect;
mod epoch;
mod errand;
mod error;
mod grant;
mod health;
mod import;
mod inbox;
mod lease;
mod ledger;
mod link;
mod login_failure;
mod mailbox;
mod message;
mod organisation;
mod overview;
mod person;
mod poll;
mod raw;
mod route;
mod sealed;
mod search;
mod session;
mod test_mail;
mod token;

pub use anchor::Anchor;
pub use audit::{AuditLine, Change};
pub use compare::Completeness;
pub use db::Store;
pub use departure::Departing;
pub use effect::{Effect, EffectStep};
pub use epoch::{Epoch, WatchedFolder};
pub use errand::{Errand, errand_row};
pub use error::StoreError;
pub use grant::{AppProblem, Flow, Grant, GrantKey, GrantKind, GrantProblem, SealedTokens, access_row, refresh_row};
pub use health::OpenCases;
pub use import::{Batch, Finding, Imported, Mail, Raw};
pub use inbox::{Inbox, InboxOverview, NewInbox};
pub use lease::{Due, Lease};
pub use ledger::{Known, LedgerLine, Open, PutAside, UidState};
pub use link::{Invitation, Link, LinkClaim, Maker, Purpose};
pub use login_failure::{OnSuccess, Patience};
#[cfg(test)]
pub use mailbox::MailboxStatus;
pub use mailbox::{Changes, Login, Mailbox, NewLogin, NewMailbox, Server, password_row, wish};
pub use message::{Arrival, MessageFilter, MessageLine};
pub use organisation::{FIRST_ORGANISATION, Organisation, Scope};
pub use overview::{Fare, ListFilter, MailboxLine};
pub use person::{NewPerson, Person, Role, person_name};
pub use poll::Outcome;
pub use raw::CHUNK;
pub use route::Route;
pub use search::{ASIDE_PAGES, AsideLine, words};
pub use test_mail::TestMail;
pub use token::{Token, TokenScope};

#[cfg(test)]
mod tests;
