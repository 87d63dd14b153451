//! One kind's cache, and the queue through which its objects are looked at again. It waits for nothing.

use std::{collections::HashMap, sync::Arc};

use futures::channel::mpsc::{self, UnboundedReceiver, UnboundedSender};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{
    Resource, ResourceExt,
    runtime::reflector::{ObjectRef, Store},
};

use crate::{api::CONFIRM_REMOVAL, status::ConditionType};

pub(crate) use super::guarded::Guarded;
use super::{guarded::Undecodable, key::ObjectKey, lane::Author, managed::Managed};

/// What a queue carries.
pub(crate) type Wakes<K> = UnboundedReceiver<ObjectRef<Guarded<K>>>;

/// One kind's cache and queue.
pub(crate) struct Shelf<K: Managed> {
    cache: Store<Guarded<K>>,
    queue: UnboundedSender<ObjectRef<Guarded<K>>>,
}

impl<K: Managed> Shelf<K> {
    /// A shelf, and what its queue carries.
    pub(crate) fn new(cache: Store<Guarded<K>>) -> (Self, Wakes<K>) {
        let (queue, wakes) = mpsc::unbounded();
        (Self { cache, queue }, wakes)
    }

    /// Waits until the cache is complete; for one waiter alone.
    pub(crate) async fn complete(&self) {
        // An error says that the watch was dropped, and with it whoever would wait.
        let _ = self.cache.wait_until_ready().await;
    }

    /// An object that can be decoded.
    pub(crate) fn get(&self, name: &str, namespace: &str) -> Option<Arc<Guarded<K>>> {
        let reference =
            if namespace.is_empty() { ObjectRef::new(name) } else { ObjectRef::new(name).within(namespace) };
        self.cache.get(&reference).filter(|object| object.0.is_ok())
    }

    /// Whether there is an object of that name, be it one that cannot be decoded.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.cache.get(&ObjectRef::new(name)).is_some()
    }

    /// The names of objects that cannot be decoded and are like that, as `namespace/name`, in order.
    pub(crate) fn broken(&self, is: impl Fn(&Undecodable) -> bool) -> Vec<String> {
        let name_of = |object: &Arc<Guarded<K>>| {
            let it = object.0.as_ref().err().filter(|it| is(it))?;
            let text = |part: &Option<String>| part.clone().unwrap_or_default();
            Some(format!("{}/{}", text(&it.metadata.namespace), text(&it.metadata.name)))
        };
        let mut names: Vec<String> = self.cache.state().iter().filter_map(name_of).collect();
        names.sort();
        names
    }

    /// Every object, those that cannot be decoded among them, in no order.
    pub(crate) fn all(&self) -> Vec<Arc<Guarded<K>>> {
        self.cache.state()
    }

    /// Whether an object is here as the API server has it, by what tells one state of its spec from another.
    pub(crate) fn shows(&self, meta: &ObjectMeta) -> bool {
        let reference = ObjectRef::new(meta.name.as_deref().unwrap_or_default());
        let reference = match &meta.namespace {
            Some(namespace) => reference.within(namespace),
            None => reference,
        };
        self.cache.get(&reference).is_some_and(|object| {
            let known = object.meta();
            known.uid == meta.uid
                && known.generation == meta.generation
                && known.deletion_timestamp.is_some() == meta.deletion_timestamp.is_some()
        })
    }

    /// What the objects that can be decoded give, in no order.
    pub(crate) fn select<T>(&self, mut pick: impl FnMut(&K) -> Option<T>) -> Vec<T> {
        self.cache.state().iter().filter_map(|object| pick(object.0.as_ref().ok()?)).collect()
    }

    /// How many objects have each word as the reason of `Ready`; no word is none yet, and `undecodable` is the word of what
    /// cannot be decoded.
    pub(crate) fn reasons(&self, undecodable: &'static str) -> HashMap<String, u64> {
        let objects = self.cache.state();
        let mut counts: HashMap<&str, u64> = HashMap::new();
        for object in &objects {
            let status = object.0.as_ref().map(Managed::status);
            let ready = status.map(|status| K::conditions(status?).get(ConditionType::Ready));
            let word = ready.map_or(undecodable, |ready| ready.map_or("", |ready| ready.reason.as_str()));
            *counts.entry(word).or_default() += 1;
        }
        counts.into_iter().map(|(word, count)| (word.to_owned(), count)).collect()
    }

    /// Whether any object that can be decoded is like that.
    pub(crate) fn any(&self, mut is: impl FnMut(&K) -> bool) -> bool {
        self.cache.state().iter().any(|object| object.0.as_ref().is_ok_and(&mut is))
    }

    /// How many objects that can be decoded are like that.
    pub(crate) fn count(&self, mut is: impl FnMut(&K) -> bool) -> u32 {
        let alike = self.cache.state().iter().filter(|object| object.0.as_ref().is_ok_and(&mut is)).count();
        u32::try_from(alike).unwrap_or(u32::MAX)
    }

    /// Whether the object is still there.
    pub(crate) fn exists(&self, key: &ObjectKey) -> bool {
        self.get(&key.name, &key.namespace).is_some_and(|object| object.meta().uid.as_deref() == Some(key.object_uid()))
    }

    /// The same, be it one that cannot be decoded.
    pub(crate) fn is_there(&self, key: &ObjectKey) -> bool {
        let found = self.cache.get(&ObjectRef::new(&key.name).within(&key.namespace));
        found.is_some_and(|object| object.meta().uid.as_deref() == Some(key.object_uid()))
    }

    /// The name of the object that connects an object's realm.
    pub(crate) fn connection(&self, key: &ObjectKey) -> Option<String> {
        let object = self.get(&key.name, &key.namespace)?;
        object.0.as_ref().ok().map(|object| object.connection().to_owned())
    }

    /// Whether the object is still the one that steps were decided for.
    pub(crate) fn holds(&self, author: &Author) -> bool {
        self.get(&author.object.name, &author.object.namespace).is_some_and(|object| {
            let meta = object.meta();
            meta.uid.as_deref() == Some(author.object.object_uid())
                && meta.generation == Some(author.generation)
                && meta.deletion_timestamp.is_some() == author.deleting
                && object.annotations().get(CONFIRM_REMOVAL).map_or("", String::as_str) == author.confirmed
        })
    }

    /// Wakes one object.
    pub(crate) fn wake(&self, key: &ObjectKey) {
        self.wake_named(&key.name, &key.namespace);
    }

    /// Wakes one object by its name.
    pub(crate) fn wake_named(&self, name: &str, namespace: &str) {
        let reference =
            if namespace.is_empty() { ObjectRef::new(name) } else { ObjectRef::new(name).within(namespace) };
        // The receiver is gone only when nobody leads any more.
        let _ = self.queue.unbounded_send(reference);
    }

    /// Wakes the objects that are like that.
    pub(crate) fn wake_where(&self, mut is: impl FnMut(&K) -> bool) {
        for object in self.cache.state() {
            if object.0.as_ref().is_ok_and(&mut is) {
                let _ = self.queue.unbounded_send(ObjectRef::from_obj(object.as_ref()));
            }
        }
    }

    /// Wakes every object of a namespace, those that cannot be decoded among them.
    pub(crate) fn wake_namespace(&self, name: &str) {
        for object in self.cache.state() {
            if object.namespace().as_deref() == Some(name) {
                let _ = self.queue.unbounded_send(ObjectRef::from_obj(object.as_ref()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use kube::runtime::{reflector, watcher::Event};
    use serde_json::json;

    use super::*;
    use crate::api::RoleBinding;

    /// A scrape counts every object of the cache anew.
    #[test]
    fn ten_thousand_objects_are_counted_by_their_reason_within_a_scrape() {
        let (cache, mut writer) = reflector::store::<Guarded<RoleBinding>>();
        let ready = |reason: &str| {
            json!({"conditions": [{"type": "Ready", "status": "True", "reason": reason, "message": "",
                "lastTransitionTime": "2026-01-01T00:00:00Z"}]})
        };
        for number in 0..10_000 {
            let status = if number % 4 == 0 { json!(null) } else { ready("InSync") };
            let spec = json!({"organizationRef": {"name": "example"}, "principal": {"email": "ada@example.com"},
                "role": "Operator", "scope": {"organization": {}}});
            let spec = if number == 1 { json!(7) } else { spec };
            let object: Guarded<RoleBinding> = serde_json::from_value(json!({
                "apiVersion": "access.roster.dev/v1alpha1", "kind": "RoleBinding",
                "metadata": {"name": format!("b-{number}"), "namespace": "team", "uid": format!("{number}")},
                "spec": spec, "status": status,
            }))
            .unwrap();
            writer.apply_watcher_event(&Event::Apply(object));
        }
        let (shelf, _wakes) = Shelf::new(cache);
        let began = Instant::now();
        let counted = shelf.reasons("InvalidSpec");
        let took = began.elapsed();
        eprintln!("10,000 objects were counted in {took:?}");
        assert_eq!((counted[""], counted["InSync"], counted["InvalidSpec"]), (2500, 7499, 1));
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
}
