//! What a deletion does: at once, or when the last finalizer is gone; and what the controller of namespaces does after it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    answer::{Refusal, removed},
    field,
    resource::{Place, Target, by_plural, place},
    store::{Kept, State},
};

impl State {
    pub(super) fn delete(&mut self, target: &Target, options: &Value) -> Result<Value, Refusal> {
        let place = target.place();
        let kept = self
            .objects
            .get(&place)
            .map(Arc::clone)
            .ok_or_else(|| Refusal::not_found(target.resource, &target.name))?;
        let about = &kept.object["metadata"];
        let asked = &options["preconditions"];
        let ways = [("uid", "UID", "deleted and then recreated"), ("resourceVersion", "ResourceVersion", "modified")];
        for (field, told, perhaps) in ways {
            if !asked[field].is_null() && asked[field] != about[field] {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let (wanted, found) = (text(&asked[field]), text(&about[field]));
                let (kind, group) = (&target.resource.kind, &target.resource.group);
                let said = format!(
                    "Operation cannot be fulfilled on {kind}.{group} \"{}\": the {told} in the precondition ({wanted}) does \
                     not match the {told} in record ({found}). The object might have been {perhaps}",
                    target.name
                );
                let mut refusal = Refusal::new(409, "Conflict", said).about(target.resource, &target.name);
                refusal.1["details"]["kind"] = json!(kind);
                return Err(refusal);
            }
        }
        let namespace = target.resource.plural == "namespaces";
        if about["finalizers"].is_null() && !namespace {
            let uid = about["uid"].clone();
            self.take_out(&place);
            return Ok(removed(target.resource, &target.name, &uid));
        }
        if !about["deletionTimestamp"].is_null() {
            return Ok(kept.shown().clone());
        }
        let mut going = Kept::clone(&kept);
        going.object["metadata"]["deletionTimestamp"] = json!(field::seconds(self.now()));
        if namespace {
            going.object["status"]["phase"] = json!("Terminating");
        } else {
            going.object["metadata"]["deletionGracePeriodSeconds"] = json!(0);
            if let Some(generation) = going.object["metadata"]["generation"].as_u64() {
                going.object["metadata"]["generation"] = json!(generation + 1);
            }
        }
        let stored = self.put(&place, going);
        if namespace {
            self.empty(&target.name);
        }
        Ok(stored.shown().clone())
    }

    /// Takes an object out, and the namespace that only waited for it.
    pub(super) fn take_out(&mut self, place: &Place) {
        self.take(place);
        if let Some((namespace, _)) = place.1.split_once('/').filter(|(namespace, _)| !namespace.is_empty()) {
            self.end_namespace(namespace);
        }
    }

    /// What the controller of namespaces does: everything in one that ends is deleted.
    fn empty(&mut self, namespace: &str) {
        let inside = format!("{namespace}/");
        let all: Vec<Place> = self.objects.keys().filter(|place| place.1.starts_with(&inside)).cloned().collect();
        for (plural, key) in all {
            let name = key[inside.len()..].to_owned();
            let (namespace, subresource) = (namespace.to_owned(), String::new());
            let target = Target { resource: by_plural(plural), namespace, name, subresource };
            let _ = self.delete(&target, &Value::Null);
        }
        self.end_namespace(namespace);
    }

    fn end_namespace(&mut self, namespace: &str) {
        let place = place(by_plural("namespaces"), "", namespace);
        let going = self.objects.get(&place).is_some_and(|it| !it.object["metadata"]["deletionTimestamp"].is_null());
        let inside = format!("{namespace}/");
        if going && !self.objects.keys().any(|it| it.1.starts_with(&inside)) {
            self.take(&place);
        }
    }
}
