//! The identity of a delivery outside of Mailferry: the same for every attempt.

use crate::address::Address;
use crate::mail::bounce;
use crate::store::Installation;

/// The number of a delivery, as targets know it.
#[derive(Clone, Copy)]
pub struct Number<'a> {
    pub installation: &'a Installation,
    pub delivery: i64,
}

impl Number<'_> {
    /// The stable id: in the trace headers, and as `webhook-id`.
    pub fn id(self) -> String {
        format!("{}-{}", self.installation.name, self.delivery)
    }

    /// An envelope sender from which a bounce can be traced to its delivery (VERP).
    pub fn bounce_address(self, sender: &Address) -> String {
        bounce::address(sender, self.delivery, &self.installation.secret)
    }
}
