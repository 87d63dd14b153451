//! Grants that an object's steps made and that its status does not record yet: an edit may come in between, and what was made
//! before it is still the object's to end. No IO.

use std::collections::HashMap;

use crate::access::Grant;

use super::{Lane, View, realm::Realm};

/// By the object's uid.
#[derive(Default)]
pub(super) struct Made(HashMap<String, Vec<Grant>>);

impl Made {
    /// A step of that object made it.
    pub(super) fn add(&mut self, uid: &str, grant: Grant) {
        let made = self.0.entry(uid.to_owned()).or_default();
        if !made.contains(&grant) {
            made.push(grant);
        }
    }

    /// It is not there any more, whoever made it.
    pub(super) fn end(&mut self, grant: &Grant) {
        self.0.retain(|_, made| {
            made.retain(|one| one != grant);
            !made.is_empty()
        });
    }
}

impl<R: Realm> View<'_, R> {
    /// What an object made and does not record.
    pub(crate) fn made(&self, uid: &str) -> Vec<Grant> {
        self.state.made.0.get(uid).cloned().unwrap_or_default()
    }
}

impl<R: Realm> Lane<R> {
    /// The object's status records that grant: what becomes of it is decided by that from now on.
    pub(crate) fn recorded(&self, uid: &str, grant: &Grant) {
        let known = self.read().made.0.get(uid).is_some_and(|made| made.contains(grant));
        if known {
            let mut state = self.write();
            if let Some(made) = state.made.0.get_mut(uid) {
                made.retain(|one| one != grant);
            }
        }
    }

    /// The object is gone.
    pub(crate) fn forget_made(&self, uid: &str) {
        let known = self.read().made.0.contains_key(uid);
        if known {
            self.write().made.0.remove(uid);
        }
    }
}
