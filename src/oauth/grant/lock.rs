//! The lock of a grant's renewal.

use std::time::Duration;

use tokio::time::Instant;

use super::{GrantError, STORE_TIME, waiting};
use crate::cause::{Cause, Trouble};
use crate::oauth::OAuthDeps;
use crate::owner;
use crate::store::{Grant, LeaseTaker};

/// How long to wait for the lock, in addition to the lifetime of a lock that another worker holds.
const EXTRA_WAIT: Duration = Duration::from_secs(15);

/// The exclusive right to renew or otherwise change a grant's tokens.
pub struct Lock {
    /// The grant, read under the lock.
    pub grant: Grant,
    /// Identifies this holder of the lock in the database. Not an OAuth token.
    pub(super) token: i64,
}

impl Lock {
    /// Waits for the lock.
    pub async fn take(grant_id: i64, deps: &OAuthDeps) -> Result<Self, GrantError> {
        match Self::take_unless(grant_id, deps, |_| false).await? {
            Some(lock) => Ok(lock),
            None => Err(Trouble::new(Cause::Waiting).with_arg("provider", "-").into()),
        }
    }

    /// Waits for the lock, or returns `None` once `settled` is true of the grant. Fails if the wait takes too long, or at
    /// shutdown.
    pub(super) async fn take_unless(
        grant_id: i64,
        deps: &OAuthDeps,
        settled: impl Fn(&Grant) -> bool,
    ) -> Result<Option<Self>, GrantError> {
        let lasts = deps.deadlines.token.0 + STORE_TIME;
        let until = Instant::now() + lasts + EXTRA_WAIT;
        let mut pause = Duration::from_millis(50);
        loop {
            let now = deps.clock.now();
            let holder = deps.store.grant_lock(grant_id, now, lasts).await?;
            // A lock left by a crashed process is taken over at once.
            let dead = holder.as_ref().filter(|(_, owner)| owner::is_dead(owner)).map(|(token, _)| *token);
            if (holder.is_none() || dead.is_some())
                && let Some((grant, token)) = deps
                    .store
                    .lock_grant(
                        grant_id,
                        LeaseTaker { owner: owner::this_process(), dead_token: dead },
                        now,
                        now.plus(lasts),
                    )
                    .await?
            {
                return Ok(Some(Self { grant, token }));
            }
            let grant = deps.store.grant(grant_id).await?;
            if settled(&grant) {
                return Ok(None);
            }
            if Instant::now() >= until || deps.renewals.stop.is_cancelled() {
                return Err(waiting(&grant.key).into());
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }

    /// Releases the lock. If that fails, the lock expires by itself.
    pub async fn release(self, deps: &OAuthDeps) {
        if let Err(error) = deps.store.unlock_grant(self.grant.id, self.token).await {
            tracing::warn!(grant = self.grant.id, %error, "a grant's lock could not be released");
        }
    }
}
