//! Which objects stand for which grants: an index beside the cache, so that nobody scans ten thousand objects to tell
//! whether a grant is declared. No IO.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
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

/// An organization and a role.
type Place = (String, String);

#[derive(Default)]
struct Inner {
    filled: bool,
    objects: HashMap<String, (ObjectKey, String, Vec<Grant>)>,
    /// The organization and role of each object that was not looked at since the start, by uid. Before a crash one may have
    /// made what its status does not record.
    unseen: HashMap<String, (ObjectKey, Place)>,
    /// How many of these there are.
    roles: HashMap<Place, usize>,
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
        let live = bindings.select(|object| {
            let place = (object.spec.organization_ref.name.clone(), object.spec.role.clone());
            let key = key_of(object).filter(|_| object.meta().deletion_timestamp.is_none())?;
            Some((key, place))
        });
        for (key, place) in live {
            inner.await_look(key, place);
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

    /// An object was looked at with the picture of its organization at hand: what it stands for is known.
    pub(crate) fn seen(&self, uid: &str) {
        self.lock().see(uid);
    }

    pub(crate) fn remove(&self, uid: &str) {
        let mut inner = self.lock();
        inner.see(uid);
        inner.remove(uid);
    }

    /// Whether any object stands for a grant; `None` where one may that was not looked at yet. One that is gone meanwhile never is.
    pub(crate) fn knows(&self, organization: &str, grant: &Grant, exists: impl Fn(&ObjectKey) -> bool) -> Option<bool> {
        let mut inner = self.lock();
        if inner.grants.contains_key(&(organization.to_owned(), grant.clone())) {
            return Some(true);
        }
        let place = (organization.to_owned(), grant.role.clone());
        while inner.roles.contains_key(&place) {
            let next = inner.unseen.iter().find(|(_, (_, of))| *of == place);
            let Some((uid, (key, _))) = next else { break };
            if exists(key) {
                return None;
            }
            let uid = uid.clone();
            inner.see(&uid);
        }
        Some(false)
    }

    /// Whether any object stands for a grant, or may.
    pub(crate) fn is_declared(&self, organization: &str, grant: &Grant, exists: impl Fn(&ObjectKey) -> bool) -> bool {
        self.knows(organization, grant, exists) != Some(false)
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

/// Takes a uid out of a set, and the set out of the map where nothing is left in it.
fn forget<K: Eq + Hash>(map: &mut HashMap<K, BTreeSet<String>>, key: &K, uid: &str) {
    if let Some(uids) = map.get_mut(key) {
        uids.remove(uid);
        if uids.is_empty() {
            map.remove(key);
        }
    }
}

impl Inner {
    fn await_look(&mut self, key: ObjectKey, place: Place) {
        *self.roles.entry(place.clone()).or_default() += 1;
        self.unseen.insert(key.uid.clone(), (key, place));
    }

    fn see(&mut self, uid: &str) {
        let Some((_, place)) = self.unseen.remove(uid) else { return };
        let left = self.roles.get(&place).copied().unwrap_or_default().saturating_sub(1);
        if left == 0 {
            self.roles.remove(&place);
        } else {
            self.roles.insert(place, left);
        }
    }

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
            forget(&mut self.grants, &(organization.clone(), grant), uid);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        access::{PrincipalId, Scope},
        controller::key::Kind,
    };

    fn grant(role: &str) -> Grant {
        Grant { principal: PrincipalId::new("u-1"), role: role.to_owned(), scope: Scope::organization() }
    }

    fn key(uid: &str) -> ObjectKey {
        let (uid, namespace, name) = (uid.to_owned(), "team".to_owned(), uid.to_owned());
        ObjectKey { uid, kind: Kind::Binding, namespace, name }
    }

    #[test]
    fn what_an_object_may_stand_for_is_not_known_before_it_was_looked_at() {
        let declared = Declared::default();
        for (uid, role) in [("uid-1", "Operator"), ("uid-2", "Operator"), ("uid-3", "MetricsViewer")] {
            declared.lock().await_look(key(uid), ("o".to_owned(), role.to_owned()));
        }
        let there = |_: &ObjectKey| true;
        declared.seen("uid-1");
        declared.remove("uid-3");
        assert_eq!(declared.knows("o", &grant("Operator"), there), None);
        assert!(declared.is_declared("o", &grant("Operator"), there));
        assert_eq!(declared.knows("another", &grant("Operator"), there), Some(false));
        assert_eq!(declared.knows("o", &grant("MetricsViewer"), there), Some(false));
        declared.lock().await_look(key("uid-4"), ("o".to_owned(), "FlinkAdmin".to_owned()));
        assert_eq!(declared.knows("o", &grant("FlinkAdmin"), |_| false), Some(false), "it went before anybody looked");
        declared.seen("uid-2");
        declared.seen("uid-2");
        assert_eq!(declared.knows("o", &grant("Operator"), there), Some(false));
        assert!(declared.lock().roles.is_empty());
    }
}
