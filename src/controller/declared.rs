//! Which objects stand for which grants: an index beside the cache, so that nobody scans ten thousand objects to tell
//! whether a grant is declared. No IO.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use kube::Resource;

use crate::{
    access::Grant,
    api::{RoleBinding, convert},
};

use super::{key::ObjectKey, managed::key_of, shelf::Shelf};

/// The index. It is complete once the cache is: it begins with what statuses record.
#[derive(Default)]
pub(crate) struct Declared {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    filled: bool,
    objects: HashMap<String, (ObjectKey, String, Vec<Grant>)>,
    /// By organization and grant, the uids.
    grants: HashMap<(String, Grant), BTreeSet<String>>,
}

impl Declared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins with what the statuses of all cached bindings record; later calls do nothing.
    pub(crate) fn fill(&self, bindings: &Shelf<RoleBinding>) {
        let mut inner = self.lock();
        if inner.filled {
            return;
        }
        inner.filled = true;
        let recorded = bindings.select(|object| {
            let live = object.meta().deletion_timestamp.is_none();
            let grant = convert::recorded(object).filter(|_| live)?.grant;
            Some((key_of(object)?, object.spec.organization_ref.name.clone(), grant))
        });
        for (key, organization, grant) in recorded {
            inner.put(&key, &organization, vec![grant]);
        }
    }

    /// What an object stands for from now on. Gives the others that stand for what it newly does, or no longer does: they
    /// have something else to say of themselves.
    pub(crate) fn put(&self, key: &ObjectKey, organization: &str, grants: &[Grant]) -> Vec<ObjectKey> {
        let mut inner = self.lock();
        let known = inner.objects.get(&key.uid).map(|(_, _, grants)| grants.clone()).unwrap_or_default();
        if known == grants {
            return Vec::new();
        }
        inner.put(key, organization, grants.to_vec());
        let news = grants.iter().filter(|it| !known.contains(it)).chain(known.iter().filter(|it| !grants.contains(it)));
        let uids = news.filter_map(|grant| inner.grants.get(&(organization.to_owned(), grant.clone()))).flatten();
        let others = uids.filter(|uid| **uid != key.uid).filter_map(|uid| inner.objects.get(uid));
        others.map(|(key, _, _)| key.clone()).collect()
    }

    pub(crate) fn remove(&self, uid: &str) {
        self.lock().remove(uid);
    }

    /// Whether any object stands for a grant.
    pub(crate) fn is_declared(&self, organization: &str, grant: &Grant) -> bool {
        self.lock().grants.contains_key(&(organization.to_owned(), grant.clone()))
    }

    /// The objects that stand for a grant, as `namespace/name`, but for one.
    pub(crate) fn others(&self, organization: &str, grant: &Grant, but: &str) -> Vec<String> {
        let inner = self.lock();
        let uids = inner.grants.get(&(organization.to_owned(), grant.clone()));
        let others = uids.into_iter().flatten().filter(|uid| *uid != but);
        let mut names: Vec<String> =
            others.filter_map(|uid| inner.objects.get(uid)).map(|(key, _, _)| key.to_string()).collect();
        names.sort();
        names
    }
}

impl Inner {
    fn put(&mut self, key: &ObjectKey, organization: &str, grants: Vec<Grant>) {
        self.remove(&key.uid);
        for grant in &grants {
            self.grants.entry((organization.to_owned(), grant.clone())).or_default().insert(key.uid.clone());
        }
        if !grants.is_empty() {
            self.objects.insert(key.uid.clone(), (key.clone(), organization.to_owned(), grants));
        }
    }

    fn remove(&mut self, uid: &str) {
        let Some((_, organization, grants)) = self.objects.remove(uid) else {
            return;
        };
        for grant in grants {
            let key = (organization.clone(), grant);
            if let Some(uids) = self.grants.get_mut(&key) {
                uids.remove(uid);
                if uids.is_empty() {
                    self.grants.remove(&key);
                }
            }
        }
    }
}
