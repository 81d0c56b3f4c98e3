//! Delivers imported mail to the targets of its inbox. [`schedule`](crate::schedule) decides when, and [`store`](crate::store) holds
//! the outbox.
//!
//! ```text
//! import (queued, in its transaction) -> lane -> begin (sending) -> send -> verdict -> record (delivered, queued, deferred, held)
//!                                        lease   durable            SMTP, LMTP, webhook  pure   durable
//! ```
//!
//! 1. A delivery is queued in the transaction that imports its message, so that no mail is missed.
//! 2. A lane is the queue of one inbox towards one target. The holder of its lease sends in order, and every write checks the lease.
//! 3. A delivery is stored as `sending` before its first byte leaves, so that after a crash Mailferry knows which mail may have arrived.
//! 4. The message is sent byte for byte, after trace fields ([`trace`]). It is sent at least once, always with the same id.
//!    No bounce goes to its author. After a lost answer Mailferry first searches the recipient's mailbox, if that is set up
//!    ([`look`]).
//! 5. A failure belongs to the mail or to the target ([`verdict`]). A failure of the target does not count as an attempt of
//!    its mails, and delays no other target. A delivery that a person must decide about is held ([`retry`]).

mod connection;
mod deps;
mod endpoint;
mod external_id;
mod lane;
mod look;
mod mx;
mod refused;
mod retry;
mod send;
pub mod smtp;
pub mod trace;
mod trial;
mod verdict;
pub mod webhook;

pub use deps::{BodyMemory, DeliverDeps};
pub use lane::serve as serve_lane;
pub use mx::{FailedFetches, mail_servers};
pub use trial::test;
