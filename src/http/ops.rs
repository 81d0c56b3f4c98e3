//! The endpoints for monitoring: health checks and metrics.

pub mod health;
pub mod metrics;
