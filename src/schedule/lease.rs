//! Takes the lease of a mailbox.

use std::time::Duration;

use tokio::time::Instant;

use crate::address::Address;
use crate::clock::Timestamp;
use crate::owner;
use crate::poll::Deps;
use crate::store::{Due, Lease, LeaseTaker, StoreError};

/// How long `mailferry poll` waits for a mailbox that another worker is polling.
const TIMEOUT: Duration = Duration::from_secs(60);

fn is_held(due: &Due, now: Timestamp) -> bool {
    due.lease_token.is_some() && due.lease_until.is_some_and(|until| until > now)
}

/// Whether no living worker holds the lease.
pub fn is_free(due: &Due, now: Timestamp) -> bool {
    !is_held(due, now) || due.lease_owner.as_deref().is_some_and(owner::is_dead)
}

/// Whether this process holds the lease. If this process holds the lease but is not polling the mailbox, its last poll ended
/// without storing an outcome.
pub fn is_ours(due: &Due) -> bool {
    due.lease_owner.as_deref() == Some(owner::this_process())
}

/// Takes the lease of a mailbox. The caller has checked that `due` is free, or held by this process without a poll running.
/// `None` if another worker has taken the lease since then, or the mailbox is paused.
pub async fn take(deps: &Deps, due: &Due, address: &Address) -> Result<Option<Lease>, StoreError> {
    let now = deps.clock.now();
    let dead_token = if is_held(due, now) { due.lease_token } else { None };
    deps.store
        .take_lease(address, LeaseTaker { owner: owner::this_process(), dead_token }, now, now.plus(deps.lease))
        .await
}

/// Takes the lease as soon as it is free, within a minute. `None` if another worker keeps it, or the mailbox is paused.
pub async fn wait_for(deps: &Deps, address: &Address) -> Result<Option<Lease>, StoreError> {
    let until = Instant::now() + TIMEOUT;
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
