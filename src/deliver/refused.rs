//! A connection that `egress` did not make, as a problem of a delivery.

use crate::egress::EgressError;
use crate::fact::DeliveryProblem;

/// Why there is no connection.
pub fn refused(error: EgressError) -> DeliveryProblem {
    match error {
        EgressError::Refused { host } => DeliveryProblem::Forbidden { host },
        EgressError::Unresolved { .. } | EgressError::Unreachable { .. } => {
            DeliveryProblem::Unreachable { words: error.to_string() }
        }
    }
}
