//! One pace for all requests that bear one credential, whoever sends them: how much the vendor still takes, in which order they
//! go, and a share that only changes may use. IO only in that it waits.
//!
//! A listing of an organization of 10,000 is hundreds of requests, and a grant that somebody waits for is one: it goes
//! before them, and finds something left.

mod budget;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};

use self::budget::{Budget, Came, Wait};
use super::{Endpoint, retry::Rate};

/// How long a read waits for its turn where somebody waits for it, before it is told that it has to wait.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a write waits: what it was decided on, and what the guards looked at, grows old meanwhile.
const SHORT_PATIENCE: Duration = Duration::from_secs(2);
/// How long upkeep sits a silence out. For the end of a window it waits as long as that takes: a listing that was given up
/// half-way would begin anew, and never end.
const LONG_PATIENCE: Duration = Duration::from_secs(90);

tokio::task_local! {
    /// What the running future is for.
    static PURPOSE: Purpose;
}

/// What a request is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// What somebody waits for. It may use all that the vendor takes.
    #[default]
    Change,
    /// Listings and repairs. It leaves a share of each window to changes.
    Upkeep,
}

impl Purpose {
    /// That of the running future.
    pub fn current() -> Self {
        PURPOSE.try_with(|purpose| *purpose).unwrap_or_default()
    }

    /// Runs a future for this purpose.
    pub fn run<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        PURPOSE.scope(self, future)
    }
}

/// The pace of one credential at one endpoint. Clones share it.
#[derive(Clone, Default)]
pub struct Pace {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    budget: Mutex<Budget>,
    /// Whoever holds one is the first of those who wait with that purpose; the others stand in line behind it.
    changes: tokio::sync::Mutex<()>,
    upkeep: tokio::sync::Mutex<()>,
    /// An answer came.
    news: Notify,
}

/// The paces of all credentials. By the key's id, which is no secret, and never by what is.
#[derive(Debug, Default)]
pub struct Paces {
    known: Mutex<HashMap<(String, String), Pace>>,
}

/// The wait would be longer than is sensible: this long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong(pub(super) Duration);

/// Leave to send one request. Dropped, the request counts as sent and lost.
pub(super) struct Turn {
    pace: Pace,
    number: u64,
    came: Came,
}

impl Paces {
    /// That of a credential at an endpoint. Those of credentials that nobody uses any more are forgotten once they have
    /// nothing to remember.
    pub fn of(&self, endpoint: &Endpoint, key_id: &str) -> Pace {
        let mut known = lock(&self.known);
        let now = Instant::now();
        known.retain(|_, pace| Arc::strong_count(&pace.shared) > 1 || !lock(&pace.shared.budget).is_idle(now));
        known.entry((endpoint.origin(), key_id.to_owned())).or_default().clone()
    }
}

impl Pace {
    /// Waits for leave to send one request. Given up before that, nothing was used.
    pub(super) async fn turn(&self, purpose: Purpose, reads: bool) -> Result<Turn, TooLong> {
        let began = Instant::now();
        let line = match purpose {
            Purpose::Change => &self.shared.changes,
            Purpose::Upkeep => &self.shared.upkeep,
        };
        let _first = line.lock().await;
        loop {
            let answered = self.shared.news.notified();
            let now = Instant::now();
            let Wait { until, silence } = match lock(&self.shared.budget).take(purpose, now) {
                Ok(number) => return Ok(Turn { pace: self.clone(), number, came: Came::Lost }),
                Err(wait) => wait,
            };
            let patience = match (reads, purpose, silence) {
                (false, _, _) => SHORT_PATIENCE,
                (true, Purpose::Change, _) => PATIENCE,
                (true, Purpose::Upkeep, true) => LONG_PATIENCE,
                (true, Purpose::Upkeep, false) => Duration::MAX,
            };
            if until.duration_since(began) > patience {
                return Err(TooLong(until.duration_since(now)));
            }
            // Whichever comes first, there is something to look at.
            let _ = timeout(until.duration_since(now), answered).await;
        }
    }

    /// Whether requests of that purpose have to wait now.
    pub fn is_used_up(&self, purpose: Purpose) -> bool {
        lock(&self.shared.budget).is_used_up(purpose, Instant::now())
    }
}

impl Turn {
    /// The request was answered.
    pub(super) fn answered(mut self, refused: bool, rate: Rate) {
        self.came = Came::Answered { refused, rate };
    }

    /// The request never left.
    pub(super) fn unsent(mut self) {
        self.came = Came::Unsent;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let shared = &self.pace.shared;
        lock(&shared.budget).returned(self.number, self.came, Instant::now());
        shared.news.notify_waiters();
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pace").finish_non_exhaustive()
    }
}

/// A panic while it is held leaves plain numbers behind.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
