//! Decides when deliveries are sent: which lanes are due, and how many are served at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::clock::Timestamp;
use crate::deliver::{DeliverDeps, serve_lane};
use crate::owner;
use crate::store::{DueLane, LANE_LEASE, LaneLease, LaneTaker, StoreError};

/// Time between two queries for due lanes.
const QUERY_INTERVAL: Duration = Duration::from_secs(1);

/// Sends due deliveries until cancelled, then waits for those in progress.
pub async fn run(deps: Arc<DeliverDeps>, stop: CancellationToken) {
    let mut sending = Sending::new(deps, stop.clone());
    while !stop.is_cancelled() {
        sending.start_due().await;
        tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = sending.tasks.join_next_with_id(), if !sending.tasks.is_empty() => sending.end(ended),
            () = tokio::time::sleep(QUERY_INTERVAL) => {}
        }
    }
    sending.finish().await;
}

/// Sends all deliveries that are due now, for a command that does not keep running.
pub async fn run_once(deps: Arc<DeliverDeps>, stop: CancellationToken) {
    let mut sending = Sending::new(deps, stop.clone());
    while !stop.is_cancelled() {
        sending.start_due().await;
        match sending.tasks.join_next_with_id().await {
            Some(ended) => sending.end(ended),
            None => break,
        }
    }
    sending.finish().await;
}

struct Sending {
    deps: Arc<DeliverDeps>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    /// The lanes that this process serves, by the task of the worker: the lane's number, and whether its target is doubtful.
    lanes: HashMap<Id, (i64, bool)>,
}

impl Sending {
    fn new(deps: Arc<DeliverDeps>, stop: CancellationToken) -> Self {
        Self { deps, stop, tasks: JoinSet::new(), lanes: HashMap::new() }
    }

    /// Serves due lanes while slots are free. At most half of the slots go to doubtful targets (those whose last delivery
    /// failed, or that have never accepted a mail), so that dead targets never delay the others.
    async fn start_due(&mut self) {
        let parallel = self.deps.settings.parallel.0;
        let due = match self.due(parallel).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "the due deliveries cannot be read from the database");
                return;
            }
        };
        for (lane, times) in due {
            let doubtful = self.lanes.values().filter(|(_, is_doubtful)| *is_doubtful).count();
            let has_slot = self.tasks.len() < parallel && (!lane.is_doubtful || doubtful < parallel.div_ceil(2));
            if !has_slot || self.lanes.values().any(|(id, _)| *id == lane.id) {
                continue;
            }
            match self.take(&lane, times).await {
                Ok(Some(lease)) => {
                    let (deps, stop) = (self.deps.clone(), self.stop.clone());
                    let task = self.tasks.spawn(async move { serve_lane(lease, &deps, stop).await });
                    self.lanes.insert(task.id(), (lane.id, lane.is_doubtful));
                }
                Ok(None) => {}
                Err(error) => tracing::error!(lane = lane.id, %error, "the lease of a lane cannot be taken"),
            }
        }
    }

    /// The due lanes that no living worker serves, each with the current time by our clock and by the clock of
    /// the leases.
    async fn due(&self, parallel: usize) -> Result<Vec<(DueLane, (Timestamp, Timestamp))>, StoreError> {
        let now = self.deps.clock.now();
        let lease_now = self.deps.store.lease_time(now).await?;
        let limit = i64::try_from(parallel.saturating_mul(4)).unwrap_or(i64::MAX);
        let due = self.deps.store.due_lanes(&owner::local_prefix(), (now, lease_now), limit).await?;
        let is_free = |lane: &DueLane| {
            let is_held = lane.lease_token.is_some() && lane.lease_until.is_some_and(|until| until > lease_now);
            !is_held
                || lane
                    .lease_owner
                    .as_deref()
                    .is_some_and(|owner| owner == owner::this_process() || owner::is_dead(owner))
        };
        Ok(due.into_iter().filter(is_free).map(|lane| (lane, (now, lease_now))).collect())
    }

    async fn take(
        &self,
        lane: &DueLane,
        (now, lease_now): (Timestamp, Timestamp),
    ) -> Result<Option<LaneLease>, StoreError> {
        let taker =
            LaneTaker { owner: owner::this_process(), dead_token: lane.lease_token, until: lease_now.plus(LANE_LEASE) };
        self.deps.store.take_lane(lane, taker, (now, lease_now)).await
    }

    fn end(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(%error, "a worker of deliveries panicked");
                error.id()
            }
        };
        self.lanes.remove(&id);
    }

    /// Waits for the mails that are being sent. A delivery that takes longer than the grace period is aborted; its mail may
    /// have arrived.
    async fn finish(&mut self) {
        let grace = self.deps.grace;
        let finishing = async {
            while let Some(ended) = self.tasks.join_next_with_id().await {
                self.end(ended);
            }
        };
        if tokio::time::timeout(grace, finishing).await.is_err() {
            self.tasks.shutdown().await;
        }
    }
}
