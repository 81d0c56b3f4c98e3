//! Hands imported mail on to the targets of its inbox. WHEN is in [`schedule`](crate::schedule), the outbox in
//! [`store`](crate::store).
//!
//! ```text
//! import (queued, in its transaction) -> lane -> begin (sending) -> send -> verdict -> record (delivered, queued, deferred, held)
//!                                        lease   durable            SMTP, LMTP, webhook  pure   durable
//! ```
//!
//! 1. A delivery is queued in the transaction that imports its message, so that none is forgotten.
//! 2. A lane is the queue of one inbox towards one target. The holder of its lease sends in order, and every write checks the lease.
//! 3. A delivery is `sending` on disk before its first byte leaves. After a crash it may have arrived, and is known as such.
//! 4. The message is handed on byte for byte, behind fields of our own ([`trace`]). It is sent at least once, always with the same
//!    id; never to its author. After a lost answer Mailferry looks into the recipient's mailbox first, if it may ([`look`]).
//! 5. A failure belongs to the mail or to the target ([`verdict`]). A failure of the target costs its mails no attempt, and
//!    delays nothing else. A delivery that a person must decide about is held ([`retry`]).

mod connection;
mod deps;
mod endpoint;
mod lane;
mod look;
mod mx;
mod number;
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
pub use mx::FailedFetches;
pub use trial::test;
