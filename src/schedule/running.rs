//! The polls under way, and how those that others wait for are ended.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinError};
use tokio::time::Instant;

use super::due::{self, Blocked};
use super::turns::{self, Loss, Rules, Visit};
use super::worker;
use crate::config;
use crate::poll::{Progress, Report};
use crate::store::Due;

/// A poll that was told to end at the message in hand and has not by then is ended as it is.
const TO_LEAVE: Duration = Duration::from_secs(6);

/// A poll that was started.
pub struct Started {
    address: String,
    organisation: i64,
    /// The address of its host as it was known when it began.
    place: String,
    is_doubtful: bool,
    failures: i64,
    began: Instant,
    progress: Arc<Progress>,
    /// When it was told to end.
    told: Option<Instant>,
}

impl Started {
    /// A poll that begins now.
    pub fn now(due: &Due, place: String, progress: Arc<Progress>) -> Self {
        Self {
            address: due.address.clone(),
            organisation: due.organisation_id,
            place,
            is_doubtful: due.is_doubtful,
            failures: due.failures,
            began: Instant::now(),
            progress,
            told: None,
        }
    }

    fn place(&self) -> String {
        self.progress.pace.server_key().unwrap_or_else(|| self.place.clone())
    }

    fn lose(&mut self, loss: Loss) {
        self.told.get_or_insert_with(Instant::now);
        match loss {
            Loss::Cut => self.progress.pace.abort(),
            Loss::TurnOver => self.progress.pace.end_turn(),
        }
    }
}

/// The polls under way.
#[derive(Default)]
pub struct Running(HashMap<Id, Started>);

impl Running {
    /// One more.
    pub fn add(&mut self, id: Id, started: Started) {
        self.0.insert(id, started);
    }

    /// Whether this mailbox is polled now.
    pub fn has(&self, address: &str) -> bool {
        self.0.values().any(|started| started.address == address)
    }

    /// How many of them failed the last time.
    pub fn doubtful(&self) -> usize {
        self.0.values().filter(|started| started.is_doubtful).count()
    }

    /// How many there are, of whom and where.
    pub fn count(&self) -> due::Running {
        let mut count = due::Running::default();
        for started in self.0.values() {
            *count.of.entry(started.organisation).or_default() += 1;
            *count.at.entry(started.place()).or_default() += 1;
        }
        count
    }

    /// Ends polls whose places others wait for, where they bring too little or have had their turn.
    pub fn make_room(&mut self, blocked: &[Blocked], config: &config::Schedule) {
        let enough = config.pace.0.saturating_mul(config.patience.0.as_secs().max(1));
        let visits: Vec<Visit<Id>> = self
            .0
            .iter()
            .map(|(id, started)| Visit {
                id: *id,
                organisation: started.organisation,
                place: started.place(),
                is_doubtful: started.is_doubtful,
                failures: started.failures,
                slow_for: started.progress.pace.slow_for(enough),
                ran_for: started.began.elapsed(),
                is_leaving: started.told.is_some(),
            })
            .collect();
        let rules = Rules { patience: config.patience.0, turn: config.turn.0 };
        for (id, loss) in turns::losers(blocked, &visits, rules) {
            if let Some(started) = self.0.get_mut(&id) {
                tracing::debug!(mailbox = started.address, ?loss, "a poll loses its place to one that waits");
                started.lose(loss);
            }
        }
        for started in self.0.values_mut().filter(|started| started.told.is_some_and(|told| told.elapsed() > TO_LEAVE))
        {
            started.lose(Loss::Cut);
        }
    }

    /// One has come to its end.
    pub fn end(&mut self, ended: Result<(Id, Report), JoinError>) {
        match ended {
            Ok((id, report)) => {
                self.0.remove(&id);
                worker::log(&report);
            }
            Err(error) => {
                let started = self.0.remove(&error.id());
                let mailbox = started.map(|started| started.address).unwrap_or_default();
                tracing::error!(mailbox, %error, "a worker ended badly");
            }
        }
    }
}
