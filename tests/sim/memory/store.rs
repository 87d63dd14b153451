//! What is kept: objects, the versions they went through, and the changes that watches tell.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Deref,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    Asked, Clock,
    field::{self, Manager},
    resource::{Place, Resource, by_plural},
    schema,
};

/// What nobody here watches.
const UNWATCHED: [&str; 2] = ["leases", "events"];

/// An object as it is kept: its managers apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kept {
    pub(super) object: Value,
    pub(super) managers: Vec<Manager>,
}

impl Kept {
    /// As it is shown.
    pub(super) fn shown(&self, resource: &Resource) -> Value {
        let mut object = self.object.clone();
        if let Some(schema) = &resource.schema {
            schema::complete(schema, &mut object);
        }
        if !self.managers.is_empty() {
            object["metadata"]["managedFields"] = field::shown(&self.managers, &resource.api_version());
        }
        object
    }
}

/// An object that is in its place and changes no more; how it is shown is found out once.
#[derive(Debug)]
pub(super) struct Stored {
    kept: Kept,
    resource: &'static Resource,
    shown: OnceLock<Value>,
}

impl Stored {
    fn new(kept: Kept, place: &Place) -> Arc<Self> {
        Arc::new(Self { kept, resource: by_plural(place.0), shown: OnceLock::new() })
    }

    /// As it is shown.
    pub(super) fn shown(&self) -> &Value {
        self.shown.get_or_init(|| self.kept.shown(self.resource))
    }
}

impl Deref for Stored {
    type Target = Kept;

    fn deref(&self) -> &Kept {
        &self.kept
    }
}

/// One change, with what was there before and after it.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) version: u64,
    pub(super) place: Place,
    pub(super) before: Option<Arc<Stored>>,
    pub(super) after: Option<Arc<Stored>>,
    /// What watches are told of it, whole and of its metadata alone: the same to each of them.
    pub(super) told: [OnceLock<Bytes>; 2],
}

pub(super) struct State {
    pub(super) clock: Clock,
    pub(super) version: u64,
    /// Changes up to this version are forgotten.
    pub(super) compacted: u64,
    pub(super) objects: BTreeMap<Place, Arc<Stored>>,
    pub(super) log: Vec<Change>,
    pub(super) asked: Vec<Asked>,
    /// Counts what watches are woken for.
    pub(super) told: u64,
    /// How often all watches were broken off.
    pub(super) breaks: u64,
    /// The reasons that conditions have given.
    pub(super) reasons: BTreeSet<String>,
    uids: u64,
}

impl State {
    pub(super) fn new(clock: Clock) -> Self {
        let (objects, log, asked) = (BTreeMap::new(), Vec::new(), Vec::new());
        let (told, breaks, reasons) = (0, 0, BTreeSet::new());
        let mut state = Self { clock, version: 0, compacted: 0, objects, log, asked, told, breaks, reasons, uids: 0 };
        let default = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}});
        // It is there before anybody can ask, and nothing stands against it.
        let _ = state.create(by_plural("namespaces"), "", default, "memory");
        state
    }

    pub(super) fn now(&self) -> jiff::Timestamp {
        (self.clock)()
    }

    pub(super) fn next_uid(&mut self) -> String {
        self.uids += 1;
        format!("00000000-0000-4000-a000-{:012x}", self.uids)
    }

    pub(super) fn read(&self, place: &Place) -> Option<&Value> {
        Some(self.objects.get(place)?.shown())
    }

    fn advance(&mut self, place: &Place) {
        self.version += 1;
        if !UNWATCHED.contains(&place.0) {
            self.told += 1;
        }
    }

    /// Puts an object in place, under a new version, and gives it as it is shown.
    pub(super) fn put(&mut self, place: &Place, mut kept: Kept) -> Arc<Stored> {
        self.advance(place);
        kept.object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        for condition in kept.object["status"]["conditions"].as_array().into_iter().flatten() {
            let reason = condition["reason"].as_str().unwrap_or_default();
            if !self.reasons.contains(reason) {
                self.reasons.insert(reason.to_owned());
            }
        }
        let stored = Stored::new(kept, place);
        let before = self.objects.insert(place.clone(), Arc::clone(&stored));
        self.note(place, before, Some(Arc::clone(&stored)));
        stored
    }

    /// Takes an object away.
    pub(super) fn take(&mut self, place: &Place) {
        if let Some(before) = self.objects.remove(place) {
            self.advance(place);
            self.note(place, Some(before), None);
        }
    }

    fn note(&mut self, place: &Place, before: Option<Arc<Stored>>, after: Option<Arc<Stored>>) {
        let told = [OnceLock::new(), OnceLock::new()];
        self.log.push(Change { version: self.version, place: place.clone(), before, after, told });
    }

    /// The objects of a resource as they were at that version; `None` where that is forgotten.
    pub(super) fn as_of(&self, plural: &str, version: u64) -> Option<BTreeMap<Place, Arc<Stored>>> {
        if version < self.compacted {
            return None;
        }
        let own = |place: &Place| place.0 == plural;
        let kept = self.objects.iter().filter(|(place, _)| own(place));
        let mut objects: BTreeMap<Place, Arc<Stored>> = kept.map(|(place, it)| (place.clone(), it.clone())).collect();
        for change in self.log.iter().rev().take_while(|it| it.version > version).filter(|it| own(&it.place)) {
            match &change.before {
                Some(before) => objects.insert(change.place.clone(), Arc::clone(before)),
                None => objects.remove(&change.place),
            };
        }
        Some(objects)
    }
}
