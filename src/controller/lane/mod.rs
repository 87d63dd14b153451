//! The lane: the one place per organization, and per publisher, from which writes leave. It holds the picture, its age, and
//! every step that is under way.
//!
//! Reconciles read it and submit steps; its task (`task`) alone talks to the backend. Nothing here waits for a network.

mod absent;
mod admission;
mod booking;
mod budget;
mod failure;
mod job;
mod listing;
mod made;
mod organization;
mod publisher;
mod queue;
mod realm;
mod removal;
mod sweep;
mod task;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::{sync::Notify, task::AbortHandle, time::Instant};

use crate::{access::PrincipalId, plan::Finding, telemetry::metrics};

use super::{
    key::{Kind, ObjectKey},
    lease::Leadership,
    outside::Outside,
};
use admission::Admission;
pub(crate) use {
    booking::MOST_RETAINED,
    budget::{HeldNews, Kept, Ledger, LedgerError, Limits},
    job::{Author, Done, Job, Progress, told},
    organization::Organization,
    publisher::Publisher,
    realm::Realm,
    sweep::{Claim, Sweep},
};

/// How long a listing may lag behind a write of ours before we believe the listing (the vendor's own client waits 90 s).
const LONGEST_LAG: Duration = Duration::from_mins(2);

/// How long a write gets when the process is asked to end; its pod is killed after 30 s.
const LAST_WRITES: Duration = Duration::from_secs(10);

/// What the lane tells the controllers.
pub(crate) trait Wake: Send + Sync + 'static {
    /// Whether the object is still the one that steps were decided for. A throttled step may wait for long, and meanwhile
    /// the object may be edited or deleted.
    fn wants(&self, author: &Author) -> bool;
    /// Whether an object is still there.
    fn exists(&self, key: &ObjectKey) -> bool;
    /// The generation of the object that connects an object's realm: what may be declared is by that.
    fn grounds(&self, key: &ObjectKey) -> Option<i64>;
    /// This object's steps came to an end.
    fn object(&self, key: &ObjectKey);
    /// The object that connects a realm has something new to say.
    fn connection(&self, kind: Kind, name: &str);
    /// Every object of a realm has to be looked at.
    fn dependents(&self, kind: Kind, name: &str);
    /// What this principal of an organization holds has changed.
    fn person(&self, organization: &str, principal: &PrincipalId);
    /// An object that may declare this, now or later; what is not known for certain counts as one.
    fn speaker(&self, realm: &str, claim: &Claim, now: Timestamp) -> Option<String>;
    /// It was removed because nobody declared it: whoever declares it meanwhile has to be looked at.
    fn speakers(&self, realm: &str, claim: &Claim);
}

/// Tells whether the caches show what the API server has.
pub(crate) trait Caches: Send + Sync + 'static {
    /// Whether the author is as it was when its steps were decided, and every object that may speak for a grant is cached as
    /// it is now.
    fn are_current<'a>(&'a self, author: &'a Author, claim: &'a Claim) -> BoxFuture<'a, Result<bool, kube::Error>>;
}

/// What a lane is made of.
pub(crate) struct Parts<R: Realm> {
    /// The name of the object that connects the realm.
    pub(crate) name: String,
    pub(crate) realm: R,
    pub(crate) wake: Arc<dyn Wake>,
    pub(crate) leadership: Leadership,
    /// What the owner protects, as of now.
    pub(crate) protection: Box<dyn Fn() -> R::Protection + Send + Sync>,
    /// How often to list, as of now.
    pub(crate) resync: Box<dyn Fn() -> Duration + Send + Sync>,
    /// How much may be removed, as of now.
    pub(crate) limits: Box<dyn Fn() -> Limits + Send + Sync>,
    /// Where what was removed is kept.
    pub(crate) ledger: Box<dyn Ledger>,
    /// What is asked before something goes because nobody declares it; where there is nothing to ask, nothing does.
    pub(crate) caches: Option<Box<dyn Caches>>,
    /// The time of what is kept.
    pub(crate) outside: Outside,
}

/// One realm's lane.
pub(crate) struct Lane<R: Realm> {
    parts: Parts<R>,
    started: Instant,
    /// The time of day then.
    day: Timestamp,
    state: RwLock<State<R>>,
    bell: Notify,
    task: std::sync::Mutex<Option<AbortHandle>>,
    /// Held for reading by each remote write, and for writing by whoever waits for the end of all.
    writes: tokio::sync::RwLock<()>,
}

struct State<R: Realm> {
    picture: Option<R::Picture>,
    listing: listing::ListingState,
    /// Our writes that no listing has shown yet, with the time of each.
    unconfirmed: Vec<(R::Written, Instant)>,
    /// Removals of which no answer told whether they happened.
    doubtful: Vec<(R::Removal, Instant)>,
    /// Counts every change of the picture, so that a held step is tried again when there is reason to.
    version: u64,
    queue: queue::Queue<R::Step>,
    /// Upkeep, which waits behind the queue.
    upkeep: queue::Queue<R::Step>,
    /// Objects whose steps wait or are being made, each with the steps that its last look wants, as hashes.
    under_way: HashMap<String, Vec<u64>>,
    failed: HashMap<String, failure::Failed>,
    /// How many jobs of an object have ended, while it still has something to do.
    ended: HashMap<String, u64>,
    done: HashMap<String, Vec<Done>>,
    made: made::Made<R::Granted>,
    /// The vendor asked for silence until then.
    paused_until: Option<Instant>,
    /// Objects whose next try waits for a listing.
    doubters: BTreeSet<ObjectKey>,
    /// Objects that a guard holds.
    held: HashMap<String, ObjectKey>,
    /// A write touched who administers, so that what is held is worth another look.
    admins_changed: bool,
    /// Principals whose holdings changed since the last wake.
    touched: HashSet<PrincipalId>,
    budget: budget::BudgetState,
    lacking: absent::Lacking,
}

impl<R: Realm> Default for State<R> {
    fn default() -> Self {
        Self {
            picture: None,
            listing: listing::ListingState::default(),
            unconfirmed: Vec::new(),
            doubtful: Vec::new(),
            version: 0,
            queue: queue::Queue::default(),
            upkeep: queue::Queue::default(),
            under_way: HashMap::new(),
            failed: HashMap::new(),
            ended: HashMap::new(),
            done: HashMap::new(),
            made: made::Made::default(),
            paused_until: None,
            doubters: BTreeSet::new(),
            held: HashMap::new(),
            admins_changed: false,
            touched: HashSet::new(),
            budget: budget::BudgetState::default(),
            lacking: absent::Lacking::default(),
        }
    }
}

/// A look at the lane's picture; decisions are made under it, and it is held only for that long.
pub(crate) struct View<'a, R: Realm> {
    state: RwLockReadGuard<'a, State<R>>,
    realm: &'a R,
    started: Instant,
}

impl<'a, R: Realm> View<'a, R> {
    /// Where it is, and whom the operator acts as there.
    pub(crate) fn realm(&self) -> &'a R {
        self.realm
    }

    /// How many of an object's jobs this picture has seen the end of.
    pub(crate) fn ended(&self, uid: &str) -> u64 {
        self.state.ended.get(uid).copied().unwrap_or_default()
    }

    /// The picture, once there is one.
    pub(crate) fn picture(&self) -> Option<&R::Picture> {
        self.state.picture.as_ref()
    }

    /// Our writes of late that no listing has shown yet.
    pub(crate) fn own_writes(&self) -> impl Iterator<Item = &R::Written> {
        self.state.unconfirmed.iter().map(|(written, _)| written)
    }

    /// What is to be said of removals that the budget holds.
    pub(crate) fn held_removals(&self) -> &HeldNews {
        &self.state.budget.news
    }

    /// Why the last listing failed, or why the present one takes long, if that is so.
    pub(crate) fn listing_failure(&self) -> Option<&Finding> {
        self.state.listing.trouble()
    }
}

impl<R: Realm> Lane<R> {
    /// A lane with its task running.
    pub(crate) fn start(parts: Parts<R>) -> Arc<Self> {
        let lane = Arc::new(Self {
            day: parts.outside.now(),
            parts,
            started: Instant::now(),
            state: RwLock::default(),
            bell: Notify::new(),
            task: std::sync::Mutex::default(),
            writes: tokio::sync::RwLock::default(),
        });
        let task = tokio::spawn(task::run(Arc::clone(&lane)));
        *lane.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task.abort_handle());
        lane
    }

    /// Ends the task; what was being written may or may not have happened, as after a crash.
    pub(crate) fn stop(&self) {
        if let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
            // What it would have done is no longer in any queue.
            self.write().under_way.clear();
        }
    }

    /// Begins no write any more, gives those under way a few seconds, and ends the task.
    pub(crate) async fn finish(&self) {
        // The lock is fair: a write that would begin now waits behind this.
        let ended = tokio::time::timeout(LAST_WRITES, self.writes.write()).await;
        if ended.is_err() {
            tracing::warn!(realm = %self.parts.name, "a remote write is still unanswered");
        }
        self.stop();
    }

    /// The realm's settings changed: the task looks whether a listing is due, and what a guard held by the old
    /// rules is worth another try.
    pub(crate) fn settings_changed(&self) {
        self.write().version += 1;
        self.bell.notify_one();
    }

    /// Something new names what the picture does not show: it may be there by now.
    pub(crate) fn look_for_news(&self) {
        self.write().listing.want_news();
        self.bell.notify_one();
    }

    /// A person may have said yes to what the budget holds: the task looks.
    pub(crate) fn look_at_held(&self) {
        if self.read().budget.holds_anything() {
            self.bell.notify_one();
        }
    }

    /// Where it writes to, and as whom.
    pub(crate) fn realm(&self) -> &R {
        &self.parts.realm
    }

    /// The time of day as it goes on from when the lane began, whatever becomes of the machine's clock: a window that is an hour long
    /// stays one.
    fn now(&self) -> Timestamp {
        let since = SignedDuration::try_from(self.started.elapsed()).unwrap_or(SignedDuration::MAX);
        self.day.checked_add(since).unwrap_or(Timestamp::MAX)
    }

    /// A look at the picture.
    pub(crate) fn view(&self) -> View<'_, R> {
        View { state: self.read(), realm: &self.parts.realm, started: self.started }
    }

    /// Where an object's steps stand, for the object as it is now.
    pub(crate) fn progress(&self, author: &Author) -> Progress {
        let (state, uid) = (self.read(), &author.object.uid);
        let now = Instant::now();
        if state.under_way.contains_key(uid) {
            let throttled =
                state.paused_until.is_some_and(|until| now < until) || self.parts.realm.is_used_up(author.purpose);
            return Progress::UnderWay { throttled: throttled.then(failure::throttled) };
        }
        match state.failed.get(uid) {
            Some(failed) if failed.stands(author, now, &state) => {
                Progress::Failed { finding: failed.finding.clone(), retry_in: failed.retry.wait(now) }
            }
            _ => Progress::Idle,
        }
    }

    /// Takes steps over, unless the object's earlier ones ended since they were decided: `false` then, and the object has
    /// to decide again on what these brought about. A second submission while the first is under way is dropped: the
    /// object is woken when that ends.
    pub(crate) fn submit(&self, job: Job<R::Step>, ended: u64) -> bool {
        let admitted = self.write().admit(job, ended);
        if admitted == Admission::Queued {
            self.bell.notify_one();
        }
        admitted != Admission::Outdated
    }

    /// An object looked again: of its steps that wait, or are being made, those go on that it still wants.
    pub(crate) fn looked(&self, uid: &str, steps: &[R::Step]) {
        if self.read().under_way.contains_key(uid) {
            self.write().want(uid, steps);
        }
    }

    /// Forgets an object's failures: it has nothing to do any more.
    pub(crate) fn settle(&self, uid: &str) {
        self.looked(uid, &[]);
        let known = |state: &State<R>| state.failed.contains_key(uid) || state.ended.contains_key(uid);
        if known(&self.read()) {
            let mut state = self.write();
            state.failed.remove(uid);
            state.held.remove(uid);
            state.ended.remove(uid);
            let released = state.budget.forget(uid, Instant::now());
            drop(state);
            if released {
                self.bell.notify_one();
            }
        }
    }

    /// Forgets the failures of objects that are gone: where one went while its steps were being tried, nobody else does.
    fn forget_gone(&self) {
        let failed: Vec<ObjectKey> = self.read().failed.values().map(|failed| failed.object.clone()).collect();
        for object in failed.iter().filter(|object| !self.parts.wake.exists(object)) {
            self.settle(&object.uid);
        }
    }

    /// How it stands, for the metrics. What a guard holds counts while its object exists.
    pub(crate) fn look(&self, exists: impl Fn(&ObjectKey) -> bool) -> metrics::Realm {
        let resync = (self.parts.resync)();
        let state = self.read();
        let mut held: BTreeMap<&'static str, u64> = BTreeMap::new();
        for (uid, _) in state.held.iter().filter(|(_, key)| exists(key)) {
            if let Some(failed) = state.failed.get(uid) {
                *held.entry(failed.finding.reason.as_str()).or_default() += 1;
            }
        }
        metrics::Realm {
            kind: R::KIND.label(),
            name: self.parts.name.clone(),
            queue: u64::try_from(state.under_way.len()).unwrap_or(u64::MAX),
            held: held.into_iter().collect(),
            inventory_age: state.listing.began.unwrap_or(self.started).elapsed(),
            resync,
        }
    }

    /// The steps that were made for an object since the last call.
    pub(crate) fn take_done(&self, uid: &str) -> Vec<Done> {
        if self.read().done.contains_key(uid) { self.write().done.remove(uid).unwrap_or_default() } else { Vec::new() }
    }

    fn read(&self) -> RwLockReadGuard<'_, State<R>> {
        // A panic while the lock is held leaves plain data behind, which the next listing replaces.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State<R>> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}
