//! The lock under which one asks for all.

use std::time::Duration;

use tokio::time::Instant;

use super::{GrantError, TO_WRITE, waiting};
use crate::cause::{Cause, Trouble};
use crate::oauth::Deps;
use crate::owner;
use crate::store::{Grant, Taker};

/// How long others wait for it, beside that.
const PATIENCE: Duration = Duration::from_secs(15);

/// The right to renew a grant's token, or to change it in another way that must not meet a renewal.
pub struct Lock {
    /// The grant as it is under the lock.
    pub grant: Grant,
    pub(super) token: i64,
}

impl Lock {
    /// Waits for it.
    pub async fn take(grant_id: i64, deps: &Deps) -> Result<Self, GrantError> {
        match Self::unless(grant_id, deps, |_| false).await? {
            Some(lock) => Ok(lock),
            None => Err(Trouble::new(Cause::Waiting).about("provider", "-").into()),
        }
    }

    /// Waits for it until there is no need any more; `None` then.
    pub(super) async fn unless(
        grant_id: i64,
        deps: &Deps,
        settled: impl Fn(&Grant) -> bool,
    ) -> Result<Option<Self>, GrantError> {
        let lasts = deps.deadlines.token.0 + TO_WRITE;
        let until = Instant::now() + lasts + PATIENCE;
        let mut pause = Duration::from_millis(50);
        loop {
            let now = deps.clock.now();
            let holder = deps.store.grant_lock(grant_id, now, lasts).await?;
            // After a crash nobody has to wait for the lock to run out.
            let dead = holder.as_ref().filter(|(_, owner)| owner::is_dead(owner)).map(|(token, _)| *token);
            if (holder.is_none() || dead.is_some())
                && let Some((grant, token)) = deps
                    .store
                    .lock_grant(
                        grant_id,
                        Taker { owner: owner::this_process(), dead_token: dead },
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

    /// Gives it back. Where that fails it runs out by itself.
    pub async fn release(self, deps: &Deps) {
        if let Err(error) = deps.store.unlock_grant(self.grant.id, self.token).await {
            tracing::warn!(grant = self.grant.id, %error, "a lock could not be given back");
        }
    }
}
