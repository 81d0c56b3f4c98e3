//! Separate threads for everything that talks to a mail server, so that a server that makes a parser work hard does not
//! slow down pages, API and health checks.
//!
//! Polls, checks and folder lists all run here. They have their own [`Deps`]: a PostgreSQL connection belongs to the
//! runtime that opened it, so a page that shared the connection would wait for a busy parser.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::{Deps, PollError};
use crate::store::Mailbox;

/// Minimum number of threads: on a single thread, one parser would delay every other poll.
const MIN_THREADS: usize = 2;

/// The threads for visits. Dropping this value ends the work that still runs there.
#[derive(Debug)]
pub struct VisitThreads {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl VisitThreads {
    /// Starts one thread per core. The system shares the cores fairly, so the threads that answer HTTP are not starved.
    pub fn start() -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(MIN_THREADS, usize::from);
        let mut runtime = Builder::new_multi_thread();
        runtime.worker_threads(cores.max(MIN_THREADS)).thread_name("mail-server").enable_all();
        let runtime = runtime.build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// Runs work on these threads. Dropping the future ends the work. Returns `None` if the work panicked.
    pub async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        spawn_and_join(&self.handle, work).await
    }

    /// Returns the visits that HTTP handlers can request on these threads, with these dependencies.
    pub fn visits(&self, deps: Arc<Deps>) -> Visits {
        Visits::new(self.handle.clone(), deps)
    }
}

impl Drop for VisitThreads {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background(); // a DNS lookup may hang, and nothing waits for it
        }
    }
}

async fn spawn_and_join<T: Send + 'static>(on: &Handle, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
    let done = AbortOnDropHandle::new(on.spawn(work)).await;
    done.inspect_err(|error| tracing::error!(%error, "a visit to a mail server panicked")).ok()
}

/// Maximum number of concurrent visits for people and API clients; each costs a connection and memory.
const MAX_VISITS: usize = 32;
/// Maximum number of such visits for one organisation.
const MAX_VISITS_PER_ORGANISATION: usize = 4;
/// Maximum wait for a slot. A person is waiting, so a late error is better than a long wait.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Visits to mail servers that HTTP handlers request.
#[derive(Clone)]
pub struct Visits {
    threads: Handle,
    deps: Arc<Deps>,
    slots: Arc<VisitSlots>,
}

impl Visits {
    /// Creates visits that run on these threads.
    pub fn new(threads: Handle, deps: Arc<Deps>) -> Self {
        Self { threads, deps, slots: Arc::new(VisitSlots::default()) }
    }

    /// Visits a mailbox as soon as its organisation has a free slot.
    pub async fn visit<T, F>(
        &self,
        mailbox: &Mailbox,
        work: impl FnOnce(Mailbox, Arc<Deps>) -> F,
    ) -> Result<T, PollError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, PollError>> + Send + 'static,
    {
        let work = Box::pin(work(mailbox.clone(), self.deps.clone())); // the future of a visit is large
        self.run_limited(mailbox.organisation_id, work).await?.unwrap_or_else(|| Err(PollError::panicked()))
    }

    /// Runs work as soon as this organisation has a free slot. The inner `None` means that the work panicked.
    pub async fn run_limited<T: Send + 'static>(
        &self,
        organisation: i64,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<Option<T>, PollError> {
        let slot = self.slots.take(organisation).await?;
        let work = async move {
            let done = work.await;
            drop(slot); // the slot is taken for as long as the work runs, however it ends
            done
        };
        Ok(spawn_and_join(&self.threads, work).await)
    }
}

/// The slots for visits, limited in total and per organisation.
struct VisitSlots {
    total: Arc<Semaphore>,
    by_organisation: Mutex<HashMap<i64, Weak<Semaphore>>>,
}

/// A slot for one visit, taken until this value is dropped.
#[derive(Debug)]
struct VisitSlot {
    _total: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
    /// Keeps the organisation's semaphore alive while it is in use.
    _share: Arc<Semaphore>,
}

impl Default for VisitSlots {
    fn default() -> Self {
        Self { total: Arc::new(Semaphore::new(MAX_VISITS)), by_organisation: Mutex::default() }
    }
}

impl VisitSlots {
    /// Takes a slot. Waits for the organisation's own limit first, so that an organisation never has more requests in
    /// the common queue than it has slots.
    async fn take(&self, organisation: i64) -> Result<VisitSlot, PollError> {
        let share = self.share(organisation);
        let taking = async {
            let own = share.clone().acquire_owned().await.ok()?;
            let total = self.total.clone().acquire_owned().await.ok()?;
            Some(VisitSlot { _total: total, _own: own, _share: share })
        };
        timeout(LONGEST_WAIT, taking).await.ok().flatten().ok_or_else(PollError::no_free_slot)
    }

    fn share(&self, organisation: i64) -> Arc<Semaphore> {
        let mut shares = self.by_organisation.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(&organisation).and_then(Weak::upgrade) {
            return share;
        }
        shares.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(MAX_VISITS_PER_ORGANISATION));
        shares.insert(organisation, Arc::downgrade(&share));
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll::{Retry, Step};

    #[tokio::test(start_paused = true)]
    async fn one_organisation_leaves_slots_to_the_others() {
        let slots = VisitSlots::default();
        let mut taken = Vec::new();
        for _ in 0..MAX_VISITS_PER_ORGANISATION {
            taken.push(slots.take(1).await.unwrap());
        }
        let refused = slots.take(1).await.unwrap_err();
        assert_eq!((refused.step, refused.retry), (Step::Slot, Retry::Soon));
        for organisation in 2..=(MAX_VISITS / MAX_VISITS_PER_ORGANISATION) as i64 {
            for _ in 0..MAX_VISITS_PER_ORGANISATION {
                taken.push(slots.take(organisation).await.unwrap());
            }
        }
        assert!(slots.take(99).await.is_err(), "all slots are taken");
        taken.clear();
        assert!(slots.take(1).await.is_ok());
        assert_eq!(slots.by_organisation.lock().unwrap().len(), 1, "unused organisations are removed");
    }

    #[tokio::test]
    async fn a_visit_ends_when_its_future_is_dropped() {
        let threads = VisitThreads::start().unwrap();
        let (dropped, ended) = tokio::sync::oneshot::channel::<()>();
        let endless = threads.run(async move {
            let _until_dropped = dropped;
            std::future::pending::<()>().await;
        });
        assert!(timeout(Duration::from_millis(20), endless).await.is_err());
        assert!(ended.await.is_err(), "dropping the future ends the work");
        assert_eq!(threads.run(async { panic!("the parser panics") }).await, None::<()>);
        let name = threads.run(async { std::thread::current().name().map(str::to_owned) }).await;
        assert_eq!(name, Some(Some("mail-server".to_owned())));
    }
}
