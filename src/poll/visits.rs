//! Threads of their own for everything that talks to a mail server: a server that makes a parser work hard takes no time from what
//! answers pages, programs and health checks.
//!
//! A poll, a check and a list of folders all run here. They bring their own [`Deps`]: a connection to PostgreSQL belongs to the
//! runtime that opened it, and would wait for a busy parser if pages shared it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::{Deps, PollError};
use crate::store::Mailbox;

/// One thread alone would let a single parser hold up every other poll.
const FEWEST_THREADS: usize = 2;

/// The threads. Dropping them ends what still runs there.
#[derive(Debug)]
pub struct VisitThreads {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl VisitThreads {
    /// As many as the machine has cores. The system shares the cores fairly, so the threads that answer HTTP always find one.
    pub fn start() -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(FEWEST_THREADS, usize::from);
        let mut runtime = Builder::new_multi_thread();
        runtime.worker_threads(cores.max(FEWEST_THREADS)).thread_name("mail-server").enable_all();
        let runtime = runtime.build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// Runs something there. It ends when nobody waits for it any more; `None`: it panicked.
    pub async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        joined(&self.handle, work).await
    }

    /// The visits that HTTP handlers ask for, made with these dependencies.
    pub fn visits(&self, deps: Arc<Deps>) -> Visits {
        Visits::new(self.handle.clone(), deps)
    }
}

impl Drop for VisitThreads {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background(); // a look-up of a name may hang, and nothing waits for it
        }
    }
}

async fn joined<T: Send + 'static>(on: &Handle, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
    let done = AbortOnDropHandle::new(on.spawn(work)).await;
    done.inspect_err(|error| tracing::error!(%error, "a visit to a mail server ended badly")).ok()
}

/// Visits at once that people and programs wait for; each costs a connection and its memory.
const AT_ONCE: usize = 32;
/// Of those, for one organisation: it takes eight of them to fill every place.
const PER_ORGANISATION: usize = 4;
/// Somebody waits: then it is better to say that there is no room.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Visits to mail servers that HTTP handlers ask for.
#[derive(Clone)]
pub struct Visits {
    threads: Handle,
    deps: Arc<Deps>,
    places: Arc<Places>,
}

impl Visits {
    /// Visits made on this runtime.
    pub fn new(threads: Handle, deps: Arc<Deps>) -> Self {
        Self { threads, deps, places: Arc::new(Places::default()) }
    }

    /// Visits a mailbox as soon as its organisation has a place for that.
    pub async fn visit<T, F>(
        &self,
        mailbox: &Mailbox,
        work: impl FnOnce(Mailbox, Arc<Deps>) -> F,
    ) -> Result<T, PollError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, PollError>> + Send + 'static,
    {
        let work = Box::pin(work(mailbox.clone(), self.deps.clone())); // a future of a visit is large
        self.apart(mailbox.organisation_id, work).await?.unwrap_or_else(|| Err(PollError::panicked()))
    }

    /// Runs something there, as soon as this organisation has a place for that. The inner `None`: it panicked.
    pub async fn apart<T: Send + 'static>(
        &self,
        organisation: i64,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<Option<T>, PollError> {
        let place = self.places.take(organisation).await?;
        let work = async move {
            let done = work.await;
            drop(place); // it is taken for as long as the work runs, however it ends
            done
        };
        Ok(joined(&self.threads, work).await)
    }
}

/// The places for visits, shared by organisation.
struct Places {
    all: Arc<Semaphore>,
    by_organisation: Mutex<HashMap<i64, Weak<Semaphore>>>,
}

/// A place, until it is dropped.
#[derive(Debug)]
struct Place {
    _of_all: OwnedSemaphorePermit,
    _of_organisation: OwnedSemaphorePermit,
    /// Keeps the organisation's count for as long as somebody is counted.
    _share: Arc<Semaphore>,
}

impl Default for Places {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(AT_ONCE)), by_organisation: Mutex::default() }
    }
}

impl Places {
    /// An organisation waits behind its own visits first, so it stands in the common queue no more often than it has places.
    async fn take(&self, organisation: i64) -> Result<Place, PollError> {
        let share = self.share(organisation);
        let taking = async {
            let of_organisation = share.clone().acquire_owned().await.ok()?;
            let of_all = self.all.clone().acquire_owned().await.ok()?;
            Some(Place { _of_all: of_all, _of_organisation: of_organisation, _share: share })
        };
        timeout(LONGEST_WAIT, taking).await.ok().flatten().ok_or_else(PollError::no_place)
    }

    fn share(&self, organisation: i64) -> Arc<Semaphore> {
        let mut shares = self.by_organisation.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(&organisation).and_then(Weak::upgrade) {
            return share;
        }
        shares.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(PER_ORGANISATION));
        shares.insert(organisation, Arc::downgrade(&share));
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poll::{Retry, Step};

    #[tokio::test(start_paused = true)]
    async fn one_organisation_leaves_places_to_the_others() {
        let places = Places::default();
        let mut taken = Vec::new();
        for _ in 0..PER_ORGANISATION {
            taken.push(places.take(1).await.unwrap());
        }
        let refused = places.take(1).await.unwrap_err();
        assert_eq!((refused.step, refused.retry), (Step::Place, Retry::Soon));
        for organisation in 2..=(AT_ONCE / PER_ORGANISATION) as i64 {
            for _ in 0..PER_ORGANISATION {
                taken.push(places.take(organisation).await.unwrap());
            }
        }
        assert!(places.take(99).await.is_err(), "all places are taken");
        taken.clear();
        assert!(places.take(1).await.is_ok());
        assert_eq!(places.by_organisation.lock().unwrap().len(), 1, "nothing is kept of those who left");
    }

    #[tokio::test]
    async fn a_visit_ends_with_who_asked_for_it() {
        let threads = VisitThreads::start().unwrap();
        let (dropped, ended) = tokio::sync::oneshot::channel::<()>();
        let endless = threads.run(async move {
            let _until_dropped = dropped;
            std::future::pending::<()>().await;
        });
        assert!(timeout(Duration::from_millis(20), endless).await.is_err());
        assert!(ended.await.is_err(), "the work was dropped");
        assert_eq!(threads.run(async { panic!("a parser breaks") }).await, None::<()>);
        let name = threads.run(async { std::thread::current().name().map(str::to_owned) }).await;
        assert_eq!(name, Some(Some("mail-server".to_owned())));
    }
}
