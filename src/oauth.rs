//! Access tokens instead of passwords (RFC 6749, RFC 9700): requesting them, asking people for consent, and renewing
//! them.
//!
//! A *grant* is one consent with its refresh token, or an application's own permission in one tenant (`app-only`). A
//! grant may open several mailboxes, such as the shared mailboxes of one person.

mod answers;
mod authorize;
mod claims;
mod consent;
mod device;
mod forecast;
pub mod grant;
pub mod grant_request;
mod identity;
mod provider;
pub mod revocation;
mod token;

pub use authorize::{Callback, ConsentAttempt, PendingConsent};
pub use claims::Claims;
pub use consent::ConsentRequest;
pub use device::DeviceCode;
#[cfg(test)]
pub use forecast::ExpiringCredential;
pub use forecast::{Forecast, all_forecasts, forecast};
pub use grant::{AccessToken, GrantError};
pub use provider::Provider;
pub use token::{TokenEndpoint, TokenError, Tokens};

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::config::{self, Deadlines};
use crate::egress::Egress;
use crate::store::Store;
use crate::vault::Vault;

/// The services and settings that the token functions need.
#[derive(Clone)]
pub struct OAuthDeps {
    pub store: Arc<Store>,
    /// Seals and opens the stored tokens.
    pub vault: Arc<Vault>,
    /// Makes the outbound connections.
    pub egress: Arc<Egress>,
    pub clock: Arc<dyn Clock>,
    /// Deadlines of the connection steps.
    pub deadlines: Deadlines,
    /// The registered applications.
    pub config: Arc<config::OAuth>,
    /// Renewals in progress.
    pub renewals: Renewals,
}

/// Renewals in progress. A renewal that has sent its request runs to its end, even if the poll that started it is
/// dropped: otherwise a rotated refresh token could be lost.
#[derive(Clone, Default)]
pub struct Renewals {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Renewals {
    /// Prevents new renewals, and waits for those that have sent their request.
    pub async fn finish(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
