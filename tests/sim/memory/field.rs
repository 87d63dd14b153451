//! Who owns which field: what an update takes over, and what is told in `managedFields`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::path::{self, Fields};

/// One manager of an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Manager {
    pub(super) name: String,
    pub(super) applies: bool,
    pub(super) subresource: String,
    pub(super) at: Timestamp,
    pub(super) fields: Fields,
}

impl Manager {
    pub(super) fn is(&self, other: &Who<'_>) -> bool {
        self.name == other.name && self.applies == other.applies && self.subresource == other.subresource
    }
}

/// Who writes, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Who<'a> {
    pub(super) name: &'a str,
    pub(super) applies: bool,
    pub(super) subresource: &'a str,
    pub(super) at: Timestamp,
}

impl Who<'_> {
    pub(super) fn owning(&self, fields: Fields) -> Manager {
        let (name, subresource) = (self.name.to_owned(), self.subresource.to_owned());
        Manager { name, applies: self.applies, subresource, at: self.at, fields }
    }
}

/// The managers after somebody changed an object: what differs is theirs, what is gone is nobody's.
pub(super) fn updated(before: &[Manager], schema: &Value, old: &Value, new: &Value, who: &Who<'_>) -> Vec<Manager> {
    let now = path::fields(schema, new);
    let differs = |path: &&path::Path| {
        let value = |whole| path::at(schema, whole, path).map(|(_, value)| value);
        match (value(old), value(new)) {
            // An item of a list is there or not; what is in it is told by its own fields.
            (Some(_), Some(_)) if path.last().is_some_and(|step| !step.starts_with("f:")) => false,
            (old, new) => old != new,
        }
    };
    let mine: Fields = now.iter().filter(differs).cloned().collect();
    let mut after = before.to_vec();
    for manager in &mut after {
        let theirs = !manager.is(who);
        manager.fields.retain(|path| now.contains(path) && !(theirs && mine.contains(path)));
    }
    if !mine.is_empty() {
        match after.iter_mut().find(|manager| manager.is(who)) {
            Some(manager) => {
                manager.fields.extend(mine);
                manager.at = who.at;
            }
            None => after.push(who.owning(mine)),
        }
    }
    after.retain(|manager| !manager.fields.is_empty());
    after
}

/// The managers as an object shows them: who applies first, and then by time and name.
pub(super) fn shown(managers: &[Manager], api_version: &str) -> Value {
    let mut sorted: Vec<&Manager> = managers.iter().collect();
    sorted
        .sort_by(|a, b| (!a.applies, a.at, &a.name, &a.subresource).cmp(&(!b.applies, b.at, &b.name, &b.subresource)));
    let entry = |manager: &Manager| {
        let mut entry = json!({
            "manager": manager.name,
            "operation": if manager.applies { "Apply" } else { "Update" },
            "apiVersion": api_version,
            "time": seconds(manager.at),
            "fieldsType": "FieldsV1",
            "fieldsV1": path::shown(&manager.fields),
        });
        if !manager.subresource.is_empty() {
            entry["subresource"] = json!(manager.subresource);
        }
        entry
    };
    sorted.into_iter().map(entry).collect()
}

/// A moment as metadata has it: whole seconds.
pub(super) fn seconds(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap().to_string()
}
