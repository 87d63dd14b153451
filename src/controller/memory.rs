//! What this process remembers beside the caches, so that a cache that is behind causes no second write. No IO.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kube::ResourceExt;
use tokio::time::Instant;

use super::{
    key::{Kind, ObjectKey},
    managed::{Managed, has_finalizer},
};

/// Short memories by uid; all of them may be forgotten without harm.
#[derive(Default)]
pub(crate) struct Memory {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Objects that carry our finalizer although the cache may not show it yet.
    finalized: HashSet<String>,
    /// The last status written, until the cache shows it.
    statuses: HashMap<String, WrittenStatus>,
    /// The version that our last write left behind, until the cache shows it or a later one.
    versions: HashMap<String, Version>,
    /// Since when an object waits.
    waiting: HashMap<String, (ObjectKey, Instant)>,
    /// At which generation an object was as declared, and has to be made so again.
    repairs: HashMap<String, i64>,
    /// The last sentence told of an object that cannot be decoded.
    told: HashMap<String, String>,
}

/// A status that was written, as digests.
#[derive(Clone, Copy)]
struct WrittenStatus {
    /// What the cache showed then.
    over: Option<u64>,
    written: u64,
    at: Instant,
}

/// A version of an object, and those before it that the cache may still show.
#[derive(Default)]
struct Version {
    now: String,
    before: Vec<String>,
}

/// A cache that is behind by more than this is not waited for.
const LONGEST_LAG: Duration = Duration::from_mins(1);
/// How many versions the cache may be behind by.
const LONGEST_PAST: usize = 4;

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn finalized(&self, uid: String) {
        self.lock().finalized.insert(uid);
    }

    pub(crate) fn is_finalized<K: Managed>(&self, object: &K) -> bool {
        has_finalizer(object) || self.lock().finalized.contains(&object.uid().unwrap_or_default())
    }

    /// Whether this very status was written already over what the cache still shows. An event of something else, such as
    /// our own finalizer, may come first and show the old status once more.
    pub(crate) fn wrote<K: Managed>(&self, object: &K, status: &K::Status, now: Instant) -> bool {
        let entry = self.lock().statuses.get(&object.uid().unwrap_or_default()).copied();
        entry.is_some_and(|entry| {
            now.duration_since(entry.at) < LONGEST_LAG
                && entry.over == object.status().map(digest_of::<K>)
                && entry.written == digest_of::<K>(status)
        })
    }

    pub(crate) fn remember<K: Managed>(&self, object: &K, status: &K::Status, now: Instant) {
        let over = object.status().map(digest_of::<K>);
        let entry = WrittenStatus { over, written: digest_of::<K>(status), at: now };
        self.lock().statuses.insert(object.uid().unwrap_or_default(), entry);
    }

    /// The cache shows what was written: whatever it shows later is news.
    pub(crate) fn confirmed<K: Managed>(&self, object: &K) {
        let (mut inner, uid) = (self.lock(), object.uid().unwrap_or_default());
        inner.statuses.remove(&uid);
        inner.versions.remove(&uid);
    }

    /// A write of ours left the object with that version.
    pub(crate) fn passed<K: Managed>(&self, object: &K, now: &str) {
        let mut inner = self.lock();
        let version = inner.versions.entry(object.uid().unwrap_or_default()).or_default();
        let known =
            [std::mem::replace(&mut version.now, now.to_owned()), object.resource_version().unwrap_or_default()];
        for earlier in known.into_iter().filter(|earlier| !earlier.is_empty() && earlier != now) {
            if !version.before.contains(&earlier) {
                version.before.push(earlier);
            }
        }
        // The oldest ones the cache shows no more.
        let old = version.before.len().saturating_sub(LONGEST_PAST);
        version.before.drain(..old);
    }

    /// The object's version as far as we know: the cache's, or the one that a write of ours left since.
    pub(crate) fn version<K: Managed>(&self, object: &K) -> String {
        let shown = object.resource_version().unwrap_or_default();
        let inner = self.lock();
        let ours = inner.versions.get(&object.uid().unwrap_or_default());
        ours.filter(|ours| ours.before.contains(&shown)).map_or(shown, |ours| ours.now.clone())
    }

    /// Since when an object waits; from now where it did not.
    pub(crate) fn waiting_since(&self, key: &ObjectKey, now: Instant) -> Instant {
        self.lock().waiting.entry(key.uid.clone()).or_insert_with(|| (key.clone(), now)).1
    }

    pub(crate) fn stop_waiting(&self, uid: &str) {
        self.lock().waiting.remove(uid);
    }

    /// What was so at that generation is to be made again.
    pub(crate) fn begin_repair(&self, uid: &str, generation: i64) {
        self.lock().repairs.insert(uid.to_owned(), generation);
    }

    /// Whether what an object asks for at that generation was so once.
    pub(crate) fn is_repair(&self, uid: &str, generation: i64) -> bool {
        self.lock().repairs.get(uid) == Some(&generation)
    }

    /// The objects of a kind that wait.
    pub(crate) fn waiting(&self, kind: Kind) -> Vec<ObjectKey> {
        self.lock().waiting.values().map(|(key, _)| key).filter(|key| key.kind == kind).cloned().collect()
    }

    /// Whether that sentence is new for that object.
    pub(crate) fn news(&self, uid: &str, message: &str) -> bool {
        let before = self.lock().told.insert(uid.to_owned(), message.to_owned());
        before.as_deref() != Some(message)
    }

    pub(crate) fn forget(&self, uid: &str) {
        let mut inner = self.lock();
        inner.finalized.remove(uid);
        inner.statuses.remove(uid);
        inner.versions.remove(uid);
        inner.waiting.remove(uid);
        inner.told.remove(uid);
        inner.repairs.remove(uid);
    }
}

/// Leaves out what the loop does not write.
pub(crate) fn apart<K: Managed>(status: &mut serde_json::Value) {
    if let (Some(field), Some(fields)) = (K::APART, status.as_object_mut()) {
        fields.remove(field);
    }
}

/// Transition times are left out: they are the clock of the writer and not news.
fn digest_of<K: Managed>(status: &K::Status) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut value = serde_json::to_value(status).unwrap_or_default();
    apart::<K>(&mut value);
    if let Some(conditions) = value.get_mut("conditions").and_then(|all| all.as_array_mut()) {
        for condition in conditions {
            if let Some(fields) = condition.as_object_mut() {
                fields.remove("lastTransitionTime");
            }
        }
    }
    value.to_string().hash(&mut hasher);
    hasher.finish()
}
