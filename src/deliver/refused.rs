//! Turns a connection that `egress` refused or could not open into a delivery problem.

use crate::egress::EgressError;
use crate::fact::DeliveryProblem;

/// The delivery problem for an egress error.
pub fn refused(error: EgressError) -> DeliveryProblem {
    match error {
        EgressError::Refused { host } => DeliveryProblem::Forbidden { host },
        EgressError::Unresolved { .. } | EgressError::Unreachable { .. } => {
            DeliveryProblem::Unreachable { words: error.to_string() }
        }
    }
}
