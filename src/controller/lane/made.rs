//! What an object's steps made, or may have made, and that its status does not record yet: an edit or a deletion may come in
//! between, and what was asked for before it is still the object's to end. What was set out on is noted on the object first, for
//! the process that comes after a crash. No IO.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::plan::{Finding, Reason};

use super::{LONGEST_LAG, Lane, State, View, realm::Realm};

/// By the object's uid.
pub(super) struct Made<G> {
    grants: HashMap<String, Vec<G>>,
    /// What this process set out to grant, and noted on the object, until its status answers for it.
    noted: HashMap<String, Vec<G>>,
    /// Steps that were left without an answer, each as what it asked for, and when.
    doubts: HashMap<String, Vec<(Option<G>, Instant)>>,
    /// What objects answer for and a picture has shown, in words: where it is shown no longer it is gone, and no listing lags.
    seen: HashMap<String, String>,
    /// What of an object's the last listing lacked, in words, and when the object asked for another.
    pub(super) missing: HashMap<String, (String, Instant)>,
}

impl<G> Default for Made<G> {
    fn default() -> Self {
        let (grants, noted, doubts) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { grants, noted, doubts, seen: HashMap::new(), missing: HashMap::new() }
    }
}

impl<G: PartialEq> Made<G> {
    /// A step of that object made it, or may have.
    pub(super) fn add(&mut self, uid: &str, grant: G) {
        put(&mut self.grants, uid, grant);
    }

    /// Nobody knows yet whether a step of that object was made, which asked for that.
    pub(super) fn doubt(&mut self, uid: &str, asked: Option<G>, now: Instant) {
        let doubts = self.doubts.entry(uid.to_owned()).or_default();
        doubts.retain(|(known, _)| *known != asked);
        doubts.push((asked, now));
    }

    /// What a step of that object asked for is known to be there. What it asked for before an edit is not.
    pub(super) fn settle(&mut self, uid: &str, asked: &G) {
        if let Some(mut doubts) = self.doubts.remove(uid) {
            doubts.retain(|(known, _)| known.as_ref() != Some(asked));
            if !doubts.is_empty() {
                self.doubts.insert(uid.to_owned(), doubts);
            }
        }
    }

    /// Those are not there any more, whoever made them.
    pub(super) fn end(&mut self, ended: impl Fn(&G) -> bool) {
        self.grants.retain(|_, made| {
            made.retain(|one| !ended(one));
            !made.is_empty()
        });
    }
}

fn put<G: PartialEq>(all: &mut HashMap<String, Vec<G>>, uid: &str, grant: G) {
    let known = all.entry(uid.to_owned()).or_default();
    if !known.contains(&grant) {
        known.push(grant);
    }
}

fn take<G: PartialEq>(all: &mut HashMap<String, Vec<G>>, uid: &str, grant: &G) {
    if let Some(mut known) = all.remove(uid) {
        known.retain(|one| one != grant);
        if !known.is_empty() {
            all.insert(uid.to_owned(), known);
        }
    }
}

impl<R: Realm> View<'_, R> {
    /// What falls with what steps remove.
    pub(crate) fn along(&self, steps: &[R::Step]) -> u64 {
        let Some(picture) = self.picture() else { return 0 };
        steps.iter().filter_map(R::removal).map(|removal| R::along(removal, picture)).fold(0, u64::wrapping_add)
    }

    /// What an object made and does not record.
    pub(crate) fn made(&self, uid: &str) -> Vec<R::Granted> {
        self.state.made.grants.get(uid).cloned().unwrap_or_default()
    }

    /// What this process noted on an object before it set out to grant it.
    pub(crate) fn noted(&self, uid: &str) -> &[R::Granted] {
        self.state.made.noted.get(uid).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a step of an object is under way, or was left without an answer, and listings may not show yet whether it was made.
    pub(crate) fn is_unsettled(&self, uid: &str) -> bool {
        self.state.is_unsettled(uid)
    }

    /// Whether the listing may not show yet what was written at some time: it lags, and began this long ago.
    pub(crate) fn may_lag_behind(&self, at: Timestamp, now: Timestamp) -> bool {
        let began = self.state.listing.began.map(|began| began.elapsed()).unwrap_or_default();
        let age = Duration::try_from(now.duration_since(at)).unwrap_or_default();
        age < began + LONGEST_LAG
    }

    /// Whether a picture of this process has shown what an object answers for.
    pub(crate) fn has_shown(&self, uid: &str, what: &str) -> bool {
        self.shown(uid) == Some(what)
    }

    /// What a picture of this process last showed of what an object answers for, in words.
    pub(crate) fn shown(&self, uid: &str) -> Option<&str> {
        self.state.made.seen.get(uid).map(String::as_str)
    }

    /// Whether the listing may not show yet what a former process wrote.
    pub(crate) fn may_lag(&self) -> bool {
        may_lag(&self.state, self.started)
    }
}

fn may_lag<R: Realm>(state: &State<R>, started: Instant) -> bool {
    state.listing.began.is_none_or(|began| began < started + LONGEST_LAG)
}

impl<R: Realm> State<R> {
    /// A listing may lag behind a write: one that does not show it proves nothing before it has to.
    fn is_unsettled(&self, uid: &str) -> bool {
        let unseen = |at: &Instant| self.listing.began.is_none_or(|began| began < *at + LONGEST_LAG);
        self.under_way.contains_key(uid) || self.made.doubts.get(uid).into_iter().flatten().any(|(_, at)| unseen(at))
    }

    /// Whether a listing would tell more of an object's doubt than the last one: the first since, and the one that has to show it.
    fn would_tell(&self, uid: &str) -> bool {
        let since = |at: &Instant| self.listing.began.is_none_or(|began| began <= *at) || at.elapsed() >= LONGEST_LAG;
        self.made.doubts.get(uid).into_iter().flatten().any(|(_, at)| since(at))
    }
}

impl<R: Realm> Lane<R> {
    /// What an object sets out to grant stands on it now.
    pub(crate) fn note(&self, uid: &str, grants: &[R::Granted]) {
        if grants.is_empty() {
            return;
        }
        let mut state = self.write();
        for grant in grants {
            put(&mut state.made.noted, uid, grant.clone());
        }
    }

    /// What was noted on an object is over, and stands there no longer.
    pub(crate) fn unnote(&self, uid: &str, grants: &[R::Granted]) {
        if !grants.is_empty() {
            let mut state = self.write();
            for grant in grants {
                take(&mut state.made.noted, uid, grant);
            }
        }
    }

    /// The object's status records that grant: what becomes of it is decided by that from now on.
    pub(crate) fn recorded(&self, uid: &str, grant: &R::Granted) {
        let holds = |all: &HashMap<String, Vec<R::Granted>>| all.get(uid).is_some_and(|known| known.contains(grant));
        let known = |made: &Made<R::Granted>| holds(&made.grants) || holds(&made.noted);
        if known(&self.read().made) {
            let made = &mut self.write().made;
            take(&mut made.grants, uid, grant);
            take(&mut made.noted, uid, grant);
        }
    }

    /// The picture shows what an object answers for, which is remembered as long as a listing may lag behind a former process.
    pub(crate) fn shows(&self, uid: &str, what: &str) {
        self.found(uid, what);
        let news = {
            let state = self.read();
            may_lag(&state, self.started) && state.made.seen.get(uid).is_none_or(|seen| seen != what)
        };
        if news {
            self.write().made.seen.insert(uid.to_owned(), what.to_owned());
        }
    }

    /// Why it is not known yet what an object leaves behind: a step of it is under way, or was left without an answer and
    /// listings may not show it yet, or a former process set out on something (`inherits`) that a listing may not show yet. It
    /// is woken when that is over.
    pub(crate) fn unsettled(&self, key: &super::ObjectKey, inherits: bool) -> Option<Finding> {
        {
            let state = self.read();
            if state.under_way.contains_key(&key.uid) {
                return Some(Finding::new(Reason::Revoking, "a step that is under way ends first"));
            }
            let lags = inherits && may_lag(&state, self.started);
            if !lags && !state.is_unsettled(&key.uid) {
                return None;
            }
        }
        let mut state = self.write();
        if state.would_tell(&key.uid) || (inherits && self.started.elapsed() >= LONGEST_LAG) {
            state.listing.want();
        }
        state.doubters.insert(key.clone());
        drop(state);
        self.bell.notify_one();
        let message = "a step was left without an answer: whether it was made is looked for before the object goes";
        Some(Finding::new(Reason::Revoking, message))
    }

    /// The object is gone.
    pub(crate) fn forget_made(&self, uid: &str) {
        let holds = |made: &Made<R::Granted>| {
            made.grants.contains_key(uid)
                || made.noted.contains_key(uid)
                || made.doubts.contains_key(uid)
                || made.seen.contains_key(uid)
                || made.missing.contains_key(uid)
        };
        let known = holds(&self.read().made);
        if known {
            let made = &mut self.write().made;
            made.grants.remove(uid);
            made.noted.remove(uid);
            made.doubts.remove(uid);
            made.seen.remove(uid);
            made.missing.remove(uid);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_doubt_is_over_when_what_it_is_about_is_there_and_not_when_something_else_is() {
        let (mut made, now) = (Made::<&str>::default(), Instant::now());
        made.doubt("uid", Some("old"), now);
        made.doubt("uid", Some("new"), now);
        made.settle("uid", &"new");
        assert_eq!(made.doubts["uid"], [(Some("old"), now)]);
        made.settle("uid", &"old");
        assert!(made.doubts.is_empty());
    }
}
