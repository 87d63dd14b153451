//! What an object's steps made, or may have made, and that its status does not record yet: an edit or a deletion may come in
//! between, and what was asked for before it is still the object's to end. No IO.

use std::collections::HashMap;

use tokio::time::Instant;

use crate::plan::{Finding, Reason};

use super::{Lane, View, realm::Realm};

/// By the object's uid.
pub(super) struct Made<G> {
    grants: HashMap<String, Vec<G>>,
    /// When a step was last left without an answer.
    doubts: HashMap<String, Instant>,
}

impl<G> Default for Made<G> {
    fn default() -> Self {
        Self { grants: HashMap::new(), doubts: HashMap::new() }
    }
}

impl<G: PartialEq> Made<G> {
    /// A step of that object made it, or may have.
    pub(super) fn add(&mut self, uid: &str, grant: G) {
        let made = self.grants.entry(uid.to_owned()).or_default();
        if !made.contains(&grant) {
            made.push(grant);
        }
    }

    /// Nobody knows yet whether a step of that object was made.
    pub(super) fn doubt(&mut self, uid: &str, now: Instant) {
        self.doubts.insert(uid.to_owned(), now);
    }

    /// Those are not there any more, whoever made them.
    pub(super) fn end(&mut self, ended: impl Fn(&G) -> bool) {
        self.grants.retain(|_, made| {
            made.retain(|one| !ended(one));
            !made.is_empty()
        });
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
}

impl<R: Realm> Lane<R> {
    /// The object's status records that grant: what becomes of it is decided by that from now on.
    pub(crate) fn recorded(&self, uid: &str, grant: &R::Granted) {
        let known = self.read().made.grants.get(uid).is_some_and(|made| made.contains(grant));
        if known {
            let mut state = self.write();
            if let Some(mut made) = state.made.grants.remove(uid) {
                made.retain(|one| one != grant);
                if !made.is_empty() {
                    state.made.grants.insert(uid.to_owned(), made);
                }
            }
        }
    }

    /// Why it is not known yet what an object leaves behind: a step of it is under way, or was left without an answer and no
    /// listing has been made since. It is woken when that is over.
    pub(crate) fn unsettled(&self, key: &super::ObjectKey) -> Option<Finding> {
        {
            let state = self.read();
            if state.under_way.contains(&key.uid) {
                return Some(Finding::new(Reason::Revoking, "a step that is under way ends first"));
            }
            let at = *state.made.doubts.get(&key.uid)?;
            if state.listing.began.is_some_and(|began| began > at) {
                return None;
            }
        }
        let mut state = self.write();
        state.listing.want();
        state.doubters.push(key.clone());
        drop(state);
        self.bell.notify_one();
        let message = "a step was left without an answer: whether it was made is looked for before the object goes";
        Some(Finding::new(Reason::Revoking, message))
    }

    /// The object is gone.
    pub(crate) fn forget_made(&self, uid: &str) {
        let holds = |made: &Made<R::Granted>| made.grants.contains_key(uid) || made.doubts.contains_key(uid);
        let known = holds(&self.read().made);
        if known {
            let made = &mut self.write().made;
            made.grants.remove(uid);
            made.doubts.remove(uid);
        }
    }
}
