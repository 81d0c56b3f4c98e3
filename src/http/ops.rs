//! For operators: the health of the process, and metrics.

pub mod health;
pub mod metrics;
