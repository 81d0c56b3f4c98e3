//! The database layer: the only module with SQL. Each statement is written once and runs on SQLite and PostgreSQL.

mod anchor;
mod audit;
mod backlog;
mod batch;
mod completeness;
mod db;
mod delivery;
mod delivery_target;
mod departure;
#[cfg(test)]
mod direct;
mod duplicates;
mod effect;
mod epoch;
mod error;
mod forwarded;
mod fragment;
mod grant;
mod housekeeping;
mod import;
mod inbox;
mod installation;
mod lease;
mod ledger;
mod link;
mod login_failure;
mod mailbox;
mod message;
mod mta_sts;
mod open_cases;
mod organisation;
mod overview;
mod pending_auth;
mod person;
mod poll;
mod raw_mail;
mod route;
mod sealed_columns;
mod search;
mod session;
mod statement;
mod test_mail;
mod token;
mod transaction;

use crate::fact::{Conflict, Resource};

pub use anchor::Anchor;
pub use audit::{AuditLine, Change};
pub use batch::{Batch, Bounce, Finding, Mail, Raw};
pub use completeness::Completeness;
pub use db::Store;
pub use delivery::{
    AttemptResult, BatchResult, DeliveryFilter, DeliveryLine, DeliveryState, DueLane, LANE_LEASE, LaneLease, LaneTaker,
    OpenDelivery, TargetResult,
};
pub use delivery_target::{
    DeliveryCounts, DeliveryTarget, TargetSettings, is_host_of, target_look_password_row, target_old_secret_row,
    target_secret_row,
};
pub use departure::Departing;
pub use effect::{Effect, EffectStep};
pub use epoch::{Epoch, EpochStart, NewEpoch, WatchedFolder};
pub use error::StoreError;
pub use forwarded::{CountedCopy, ForwardReport};
pub use grant::{AppProblem, Flow, Grant, GrantKey, GrantKind, GrantProblem, SealedTokens, access_row, refresh_row};
pub use housekeeping::{HousekeepingRun, Retention};
pub use import::Imported;
pub use inbox::{Inbox, InboxOverview, NewInbox};
pub use installation::Installation;
pub use lease::{Due, Lease, LeaseTaker};
pub use ledger::{KnownUids, LedgerLine, NotListed, OpenReason, QuarantineFilter, UidState};
pub use link::{Creator, Invitation, Link, LinkClaim, NewLink, Purpose};
pub use login_failure::{LoginLimit, OnSuccess};
#[cfg(test)]
pub use mailbox::MailboxStatus;
pub use mailbox::{Changes, Login, Mailbox, NewLogin, NewMailbox, Server, password_row};
pub use message::{Arrival, MessageFilter, MessageLine};
pub use mta_sts::StsPolicy;
pub use open_cases::OpenCases;
pub use organisation::{FIRST_ORGANISATION, Organisation, Scope};
pub use overview::{ListFilter, MailboxLine, MailboxState, Moments};
pub use pending_auth::{PendingAuth, pending_auth_row};
pub use person::{NewPerson, Person, Role, person_name};
pub use poll::{Outcome, StoredError};
pub use raw_mail::{CHUNK, DownloadChunk};
pub use route::Route;
pub use search::{MAX_QUARANTINE_PAGES, QuarantinedMail, search_words};
pub use test_mail::TestMail;
pub use token::{NewToken, Token, TokenScope};
pub use transaction::{Reader, Tx};

#[cfg(test)]
mod tests;
