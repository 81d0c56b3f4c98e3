//! The running polls, which are ended early if other mailboxes wait for their slots.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinError};
use tokio::time::Instant;

use super::due::{self, Blocked};
use super::evictions::{self, Eviction, Limits, Visit};
use super::worker;
use crate::config;
use crate::poll::{Progress, Report};
use crate::store::Due;

/// A poll that was asked to end after the current message is cut off after this time.
const END_TIMEOUT: Duration = Duration::from_secs(6);

/// A running poll.
pub struct RunningPoll {
    address: String,
    organisation: i64,
    /// The IP address of the host as it was known when the poll began, or the host's name.
    endpoint: String,
    is_doubtful: bool,
    failures: i64,
    began: Instant,
    progress: Arc<Progress>,
    /// When the poll was asked to end.
    asked_to_end: Option<Instant>,
}

impl RunningPoll {
    pub fn new(due: &Due, endpoint: String, progress: Arc<Progress>) -> Self {
        Self {
            address: due.address.clone(),
            organisation: due.organisation_id,
            endpoint,
            is_doubtful: due.is_doubtful,
            failures: due.failures,
            began: Instant::now(),
            progress,
            asked_to_end: None,
        }
    }

    fn endpoint(&self) -> String {
        self.progress.pace.server_key().unwrap_or_else(|| self.endpoint.clone())
    }

    fn evict(&mut self, eviction: Eviction) {
        self.asked_to_end.get_or_insert_with(Instant::now);
        match eviction {
            Eviction::AtOnce => self.progress.pace.abort(),
            Eviction::AfterMessage => self.progress.pace.end_turn(),
        }
    }
}

/// All running polls.
#[derive(Default)]
pub struct RunningPolls(HashMap<Id, RunningPoll>);

impl RunningPolls {
    pub fn add(&mut self, id: Id, poll: RunningPoll) {
        self.0.insert(id, poll);
    }

    /// Whether this mailbox is being polled.
    pub fn has(&self, address: &str) -> bool {
        self.0.values().any(|poll| poll.address == address)
    }

    /// Number of running polls whose mailboxes are doubtful.
    pub fn doubtful(&self) -> usize {
        self.0.values().filter(|poll| poll.is_doubtful).count()
    }

    /// Number of running polls by organisation and by endpoint.
    pub fn count(&self) -> due::RunningCounts {
        let mut count = due::RunningCounts::default();
        for poll in self.0.values() {
            *count.by_organisation.entry(poll.organisation).or_default() += 1;
            *count.by_endpoint.entry(poll.endpoint()).or_default() += 1;
        }
        count
    }

    /// Ends polls that are too slow or have had their turn, if other mailboxes wait for their slots.
    pub fn make_room(&mut self, blocked: &[Blocked], config: &config::Schedule) {
        let enough = config.pace.0.saturating_mul(config.patience.0.as_secs().max(1));
        let visits: Vec<Visit<Id>> = self
            .0
            .iter()
            .map(|(id, poll)| Visit {
                id: *id,
                organisation: poll.organisation,
                endpoint: poll.endpoint(),
                is_doubtful: poll.is_doubtful,
                failures: poll.failures,
                slow_for: poll.progress.pace.slow_for(enough),
                ran_for: poll.began.elapsed(),
                is_ending: poll.asked_to_end.is_some(),
            })
            .collect();
        let limits = Limits { patience: config.patience.0, turn: config.turn.0 };
        for (id, eviction) in evictions::evictions(blocked, &visits, limits) {
            if let Some(poll) = self.0.get_mut(&id) {
                tracing::debug!(
                    mailbox = poll.address,
                    ?eviction,
                    "a poll is ended, so that a waiting mailbox gets its slot"
                );
                poll.evict(eviction);
            }
        }
        for poll in self.0.values_mut().filter(|poll| poll.asked_to_end.is_some_and(|at| at.elapsed() > END_TIMEOUT)) {
            poll.evict(Eviction::AtOnce);
        }
    }

    /// Removes an ended poll, and logs its result.
    pub fn end(&mut self, ended: Result<(Id, Report), JoinError>) {
        match ended {
            Ok((id, report)) => {
                self.0.remove(&id);
                worker::log(&report);
            }
            Err(error) => {
                let poll = self.0.remove(&error.id());
                let mailbox = poll.map(|poll| poll.address).unwrap_or_default();
                tracing::error!(mailbox, %error, "a poll task failed");
            }
        }
    }
}
