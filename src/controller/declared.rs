//! Which objects stand for which grants: an index beside the cache, so that nobody scans ten thousand objects to tell
//! whether a grant is declared. No IO.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{access::Grant, api::RoleBinding};

use super::{intent::told, key::ObjectKey, managed::key_of, shelf::Shelf, wake::is_going};

/// The index. It is complete once the cache is: it begins with what statuses record.
#[derive(Default)]
pub(crate) struct Declared {
    inner: Mutex<Inner>,
}

/// An organization and a role.
type Place = (String, String);

/// An organization and a grant.
type Placed = (String, Grant);

/// How long what an object left to others still counts as ours: they look at it at once, and may have to wait for a write.
const HANDED_OVER: Duration = Duration::from_mins(2);

#[derive(Default)]
struct Inner {
    filled: bool,
    /// Objects that stand for grants.
    stay: Index,
    /// Objects that are being deleted, with what they answer for until they are gone.
    go: Index,
    /// What those that are gone answered for, and since when.
    gone: Vec<(Placed, Instant)>,
    /// The organization and role of each object that was not looked at since the start, by uid. Before a crash one may have
    /// made what its status does not record.
    unseen: HashMap<String, (ObjectKey, Place)>,
    /// How many of these there are.
    roles: HashMap<Place, usize>,
}

/// Objects by what they have to do with.
#[derive(Default)]
struct Index {
    /// By uid.
    objects: HashMap<String, (ObjectKey, String, Vec<Grant>)>,
    /// The uids.
    grants: HashMap<Placed, BTreeSet<String>>,
}

impl Declared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins with what the statuses of all cached bindings tell; later calls do nothing.
    pub(crate) fn fill(&self, bindings: &Shelf<RoleBinding>) {
        let mut inner = self.lock();
        if inner.filled {
            return;
        }
        inner.filled = true;
        let recorded = bindings.select(|object| {
            let grants = told(object);
            let key = key_of(object).filter(|_| !grants.is_empty())?;
            Some((key, object.spec.organization_ref.name.clone(), grants, is_going(object)))
        });
        for (key, organization, grants, going) in recorded {
            inner.put(&key, &organization, grants, going);
        }
        let live = bindings.select(|object| {
            let place = (object.spec.organization_ref.name.clone(), object.spec.role.clone());
            let key = key_of(object).filter(|_| !is_going(object))?;
            Some((key, place))
        });
        for (key, place) in live {
            inner.await_look(key, place);
        }
    }

    /// What an object stands for from now on, or answers for until it is gone. Gives the others that have to do with what it newly
    /// does, or no longer does: they have something else to say of themselves, or to leave in place.
    pub(crate) fn put(&self, key: &ObjectKey, organization: &str, grants: &[Grant], going: bool) -> Vec<ObjectKey> {
        let mut inner = self.lock();
        let known = inner.stay.of(&key.uid).to_vec();
        let stays = if going { &[] } else { grants };
        let leaves = if going { grants } else { &[] };
        if known == stays && inner.go.of(&key.uid) == leaves {
            return Vec::new();
        }
        inner.put(key, organization, grants.to_vec(), going);
        let news = stays.iter().filter(|it| !known.contains(it)).chain(known.iter().filter(|it| !stays.contains(it)));
        inner.concerned(organization, news, &key.uid)
    }

    /// An object was looked at with the picture of its organization at hand: what it stands for is known.
    pub(crate) fn seen(&self, uid: &str) {
        self.lock().see(uid);
    }

    /// An object is gone. Gives the others that have to do with what it answered for.
    pub(crate) fn remove(&self, uid: &str) -> Vec<ObjectKey> {
        let (mut inner, now) = (self.lock(), Instant::now());
        inner.see(uid);
        inner.gone.retain(|(_, since)| now.duration_since(*since) < HANDED_OVER);
        let Some((_, organization, grants)) = inner.take(uid) else { return Vec::new() };
        inner.gone.extend(grants.iter().map(|grant| ((organization.clone(), grant.clone()), now)));
        inner.concerned(&organization, grants.iter(), uid)
    }

    /// Drops the objects that stand for a grant and are gone: where they never had our finalizer, nobody is told of their end.
    pub(crate) fn tidy(&self, organization: &str, grant: &Grant, is_there: &dyn Fn(&ObjectKey) -> bool) {
        let mut inner = self.lock();
        let gone = |key: &&ObjectKey| !is_there(key);
        let gone: Vec<String> =
            inner.stay.others(organization, grant, "").filter(gone).map(|it| it.uid.clone()).collect();
        for uid in gone {
            inner.take(&uid);
        }
    }

    /// Whether any other object answers for a grant, or did until a moment ago: then it was not there before us.
    pub(crate) fn is_answered(&self, organization: &str, grant: &Grant, but: &str) -> bool {
        let (inner, placed) = (self.lock(), (organization.to_owned(), grant.clone()));
        let others = |index: &Index| index.grants.get(&placed).is_some_and(|uids| uids.iter().any(|uid| uid != but));
        let lately = |(gone, since): &(Placed, Instant)| *gone == placed && since.elapsed() < HANDED_OVER;
        others(&inner.stay) || others(&inner.go) || inner.gone.iter().any(lately)
    }

    /// Whether any object stands for a grant; `None` where one may that was not looked at yet. One that is gone meanwhile never is.
    pub(crate) fn knows(&self, organization: &str, grant: &Grant, exists: impl Fn(&ObjectKey) -> bool) -> Option<bool> {
        let mut inner = self.lock();
        if inner.stay.grants.contains_key(&(organization.to_owned(), grant.clone())) {
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
        let mut names: Vec<String> = inner.stay.others(organization, grant, but).map(ToString::to_string).collect();
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

    fn put(&mut self, key: &ObjectKey, organization: &str, grants: Vec<Grant>, going: bool) {
        self.take(&key.uid);
        let index = if going { &mut self.go } else { &mut self.stay };
        index.put(key, organization, grants);
    }

    fn take(&mut self, uid: &str) -> Option<(ObjectKey, String, Vec<Grant>)> {
        self.stay.take(uid).or_else(|| self.go.take(uid))
    }

    /// Who else has to do with any of these, each once.
    fn concerned<'a>(&self, organization: &str, of: impl Iterator<Item = &'a Grant>, but: &str) -> Vec<ObjectKey> {
        let both = [&self.stay, &self.go];
        let of: Vec<&Grant> = of.collect();
        let found = both.iter().flat_map(|index| of.iter().flat_map(|grant| index.others(organization, grant, but)));
        found.cloned().collect::<BTreeSet<ObjectKey>>().into_iter().collect()
    }
}

impl Index {
    fn of(&self, uid: &str) -> &[Grant] {
        self.objects.get(uid).map_or(&[], |(_, _, grants)| grants)
    }

    fn others<'a>(&'a self, organization: &str, grant: &Grant, but: &'a str) -> impl Iterator<Item = &'a ObjectKey> {
        let uids = self.grants.get(&(organization.to_owned(), grant.clone()));
        let others = uids.into_iter().flatten().filter(move |uid| *uid != but);
        others.filter_map(|uid| self.objects.get(uid)).map(|(key, _, _)| key)
    }

    fn put(&mut self, key: &ObjectKey, organization: &str, grants: Vec<Grant>) {
        for grant in &grants {
            self.grants.entry((organization.to_owned(), grant.clone())).or_default().insert(key.uid.clone());
        }
        if !grants.is_empty() {
            self.objects.insert(key.uid.clone(), (key.clone(), organization.to_owned(), grants));
        }
    }

    fn take(&mut self, uid: &str) -> Option<(ObjectKey, String, Vec<Grant>)> {
        let taken = self.objects.remove(uid)?;
        for grant in &taken.2 {
            forget(&mut self.grants, &(taken.1.clone(), grant.clone()), uid);
        }
        Some(taken)
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

    #[tokio::test(start_paused = true)]
    async fn what_an_object_answers_for_until_it_is_gone_is_ours_and_nobodys_reason_to_share() {
        let (declared, operator) = (Declared::default(), [grant("Operator")]);
        assert!(declared.put(&key("old"), "o", &operator, false).is_empty());
        assert!(declared.is_answered("o", &operator[0], "new") && !declared.is_answered("o", &operator[0], "old"));
        assert!(!declared.is_answered("another", &operator[0], "new"));
        assert_eq!(declared.put(&key("new"), "o", &operator, false), [key("old")]);
        assert_eq!(declared.put(&key("old"), "o", &operator, true), [key("new")], "it is shared no longer");
        assert!(declared.put(&key("old"), "o", &operator, true).is_empty());
        assert!(declared.others("o", &operator[0], "new").is_empty());
        assert!(declared.is_answered("o", &operator[0], "new"), "until it is gone");
        assert_eq!(
            declared.put(&key("later"), "o", &operator, false),
            [key("new"), key("old")],
            "it may stay after all"
        );
        assert_eq!(declared.remove("old"), [key("later"), key("new")]);
        declared.remove("new");
        declared.remove("later");
        assert!(declared.is_answered("o", &operator[0], ""));
        tokio::time::advance(HANDED_OVER).await;
        assert!(!declared.is_answered("o", &operator[0], ""));
    }
}
