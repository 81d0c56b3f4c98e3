//! Access tokens in place of passwords (RFC 6749, RFC 9700): who gives them, how a person consents, and how they are kept
//! alive.
//!
//! A *grant* is one consent with its refresh token, or an application's own right in one tenant (`app-only`). Several mailboxes
//! may be opened with one, as shared mailboxes are by one person.

mod answers;
mod authorize;
mod claims;
mod consent;
mod device;
mod forecast;
pub mod give_up;
pub mod grant;
mod identity;
mod provider;
mod token;
pub mod grant_request;

pub use authorize::{Attempt, Away, Callback};
pub use claims::Claims;
pub use consent::Wanted;
pub use device::DeviceCode;
#[cfg(test)]
pub use forecast::What;
pub use forecast::{Forecast, endings, forecast};
pub use grant::{Access, GrantError};
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

/// What tokens are got and kept with.
#[derive(Clone)]
pub struct Deps {
    /// Where grants are kept.
    pub store: Arc<Store>,
    /// The keys to their tokens.
    pub vault: Arc<Vault>,
    /// The way out.
    pub egress: Arc<Egress>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How long each step may take.
    pub deadlines: Deadlines,
    /// The registered applications.
    pub config: Arc<config::OAuth>,
    /// Renewals under way.
    pub renewals: Renewals,
}

/// Renewals under way. One that has asked comes to its end, whatever becomes of the poll that wanted it: a rotated token that
/// nobody has written down is lost.
#[derive(Clone, Default)]
pub struct Renewals {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Renewals {
    /// Lets no other one ask, and waits for those that have.
    pub async fn finish(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
