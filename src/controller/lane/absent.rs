//! What one listing lacks, and the next may show: a page was lost, or something went between two pages and hid what came after it.
//! Whoever would let go of it asks for another listing first. No IO.

use std::collections::{BTreeSet, HashSet};

use tokio::time::Instant;

use super::{Lane, ObjectKey, View, realm::Realm};

/// Which grants that stay undeclared listings do not show, by their marks: what is there again is to stay, so that only what two
/// listings in a row lack needs no memory any more.
#[derive(Default)]
pub(super) struct Lacking {
    once: BTreeSet<String>,
    twice: BTreeSet<String>,
}

impl Lacking {
    /// Takes in what a listing shows.
    pub(super) fn look(&mut self, retained: &BTreeSet<String>, shown: &HashSet<String>) {
        let now: BTreeSet<String> = retained.iter().filter(|mark| !shown.contains(*mark)).cloned().collect();
        self.twice = now.intersection(&self.once).cloned().collect();
        self.once = now;
    }

    pub(super) fn is_gone(&self, mark: &str) -> bool {
        self.twice.contains(mark)
    }
}

impl<R: Realm> View<'_, R> {
    /// Whether a listing that began after an object asked for it lacks the same, too.
    pub(crate) fn lacks_twice(&self, uid: &str, what: &str) -> bool {
        let asked = self.state.made.missing.get(uid).filter(|(known, _)| known == what);
        asked.is_some_and(|(_, at)| self.state.listing.began.is_some_and(|began| began > *at))
    }
}

impl<R: Realm> Lane<R> {
    /// A listing lacks what an object would let go of: another one is wanted, and the object is woken by it.
    pub(crate) fn look_twice(&self, key: &ObjectKey, what: &str) {
        let mut state = self.write();
        if state.made.missing.get(&key.uid).is_none_or(|(known, _)| known != what) {
            state.made.missing.insert(key.uid.clone(), (what.to_owned(), Instant::now()));
        }
        state.listing.want();
        state.doubters.insert(key.clone());
        drop(state);
        self.bell.notify_one();
    }

    /// A listing shows it: were it missing once more, that would be the first time.
    pub(crate) fn found(&self, uid: &str, what: &str) {
        let is = |known: &(String, Instant)| known.0 == what;
        if self.read().made.missing.get(uid).is_some_and(is) {
            self.write().made.missing.remove(uid);
        }
    }
}
