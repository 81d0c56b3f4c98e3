//! Taking the lease of a mailbox.

use std::time::Duration;

use tokio::time::Instant;

use crate::address::Address;
use crate::clock::Timestamp;
use crate::owner;
use crate::poll::Deps;
use crate::store::{Due, Lease, StoreError, Taker};

/// How long `mailferry poll` waits for a mailbox that somebody else is polling.
const PATIENCE: Duration = Duration::from_secs(60);

fn is_held(due: &Due, now: Timestamp) -> bool {
    due.lease_token.is_some() && due.lease_until.is_some_and(|until| until > now)
}

/// Whether nobody alive is polling it.
pub fn is_free(due: &Due, now: Timestamp) -> bool {
    !is_held(due, now) || due.lease_owner.as_deref().is_some_and(owner::is_dead)
}

/// Whether this process has its lease. Where it is not polling it, the end of a poll could not be written down.
pub fn is_ours(due: &Due) -> bool {
    due.lease_owner.as_deref() == Some(owner::this_process())
}

/// Takes a mailbox that is free, or ours and not being polled.
pub async fn take(deps: &Deps, due: &Due, address: &Address) -> Result<Option<Lease>, StoreError> {
    let now = deps.clock.now();
    let from_the_dead = if is_held(due, now) { due.lease_token } else { None };
    deps.store
        .take_lease(address, Taker { owner: owner::this_process(), dead: from_the_dead }, now, now.plus(deps.lease))
        .await
}

/// Takes a mailbox as soon as it is free, within a minute. `None` if somebody else keeps it.
pub async fn wait_for(deps: &Deps, address: &Address) -> Result<Option<Lease>, StoreError> {
    let until = Instant::now() + PATIENCE;
    loop {
        let Some(due) = deps.store.lease_state(address).await? else {
            return deps.store.mailbox(address).await.map(|_| None);
        };
        if is_free(&due, deps.clock.now())
            && let Some(lease) = take(deps, &due, address).await?
        {
            return Ok(Some(lease));
        }
        if Instant::now() >= until {
            return Ok(None);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
