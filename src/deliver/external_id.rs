//! The id of a delivery outside Mailferry, which is the same for every attempt.

use std::fmt;

use crate::address::Address;
use crate::mail::bounce;
use crate::store::Installation;

/// A delivery's number, made unique by its installation.
#[derive(Clone, Copy)]
pub struct ExternalId<'a> {
    pub installation: &'a Installation,
    pub delivery: i64,
}

/// The id in the trace fields and in `webhook-id`.
impl fmt::Display for ExternalId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.installation.name, self.delivery)
    }
}

impl ExternalId<'_> {
    /// An envelope sender from which a bounce can be traced to its delivery (VERP).
    pub fn bounce_address(self, sender: &Address) -> String {
        bounce::address(sender, self.delivery, &self.installation.secret)
    }
}
