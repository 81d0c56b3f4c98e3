//! Delivers a mail to an HTTP endpoint: as a JSON event according to the Standard Webhooks specification, or unchanged as
//! `message/rfc822`, which the relay ingress of Rails' Action Mailbox accepts.
//!
//! One attempt: [`body`](Body) -> [`Target::send`] -> [`judge`]. Every attempt is signed anew, with the time of the attempt and
//! the id of the delivery, so that a receiver recognises a repetition. Only one copy of the body is in memory.

mod body;
mod event;
mod payload;
pub mod raw_link;
mod send;
mod signature;
mod target;
mod verdict;

#[cfg(test)]
mod tests;

pub use body::Body;
pub use event::Event;
#[cfg(test)]
pub use payload::memory_bound;
pub use payload::{Raw, RawLink, json};
pub use send::{Answer, Outbound, SendError};
pub use signature::SigningSecret;
pub use target::{Format, Target};
pub use verdict::{Failure, Next, Verdict, judge};
