//! What the verbs that write do: create, update, patch.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Value, json};

use super::{
    answer::Refusal,
    apply,
    field::{self, Who},
    path::{self, Fields},
    resource::{Resource, Target, by_plural, place},
    rule::{finalizers, judge, own, transitions},
    schema,
    store::{Kept, State, Stored},
};

/// A patch in one of the forms that are known.
pub(super) enum Patch {
    Json(json_patch::Patch),
    Merge(Value),
    Apply { declared: Value, force: bool },
}

impl Patch {
    pub(super) fn read(kind: &str, body: Value, force: bool) -> Result<Self, Refusal> {
        let bad = |error: serde_json::Error| Refusal::new(400, "BadRequest", error.to_string());
        match kind {
            "application/json-patch+json" => serde_json::from_value(body).map(Self::Json).map_err(bad),
            "application/merge-patch+json" => Ok(Self::Merge(body)),
            "application/apply-patch+yaml" => Ok(Self::Apply { declared: body, force }),
            other => Err(Refusal::unknown(other)),
        }
    }
}

impl State {
    pub(super) fn create(
        &mut self,
        resource: &'static Resource,
        namespace: &str,
        object: Value,
        manager: &str,
    ) -> Result<Value, Refusal> {
        let at = self.now();
        let who = Who { name: manager, applies: false, subresource: "", at };
        self.make(resource, namespace, object, &who)
    }

    /// A new object, created or declared.
    fn make(
        &mut self,
        resource: &'static Resource,
        namespace: &str,
        mut object: Value,
        who: &Who<'_>,
    ) -> Result<Value, Refusal> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        if resource.namespaced {
            self.admits(resource, namespace, &name)?;
            object["metadata"]["namespace"] = json!(namespace);
        }
        let place = place(resource, namespace, &name);
        if self.objects.contains_key(&place) {
            return Err(Refusal::exists(resource, &name));
        }
        schema::without_nulls(&mut object);
        let mut declared = object.clone();
        if let Some(schema) = &resource.schema {
            object.as_object_mut().unwrap().remove("status");
            schema::prune(schema, &mut object, true);
            declared = object.clone();
            schema::complete(schema, &mut object);
            object.as_object_mut().unwrap().remove("status");
            judge(resource, &name, &object)?;
        }
        let mut about = json!({"name": name, "uid": self.next_uid(), "creationTimestamp": field::seconds(who.at)});
        let given = &object["metadata"];
        for field in ["namespace", "labels", "annotations", "finalizers", "ownerReferences"] {
            if !given[field].is_null() {
                about[field] = given[field].clone();
            }
        }
        if resource.schema.is_some() {
            about["generation"] = json!(1);
        }
        object["metadata"] = about;
        object["apiVersion"] = json!(resource.api_version());
        object["kind"] = json!(resource.kind);
        own(resource, &mut object);
        // Who declares has what is declared; who creates has the defaults too.
        let mut owned = path::fields(&resource.whole, if who.applies { &declared } else { &object });
        if resource.plural == "namespaces" {
            owned.retain(|path| path[0] == "f:metadata");
        }
        Ok(self.put(&place, Kept { object, managers: vec![who.owning(owned)] }).shown().clone())
    }

    /// Whether a namespace is there to take something new.
    fn admits(&self, resource: &Resource, namespace: &str, name: &str) -> Result<(), Refusal> {
        let namespaces = by_plural("namespaces");
        let Some(kept) = self.objects.get(&place(namespaces, "", namespace)) else {
            return Err(Refusal::not_found(namespaces, namespace));
        };
        if kept.object["metadata"]["deletionTimestamp"].is_null() {
            return Ok(());
        }
        let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
        let mut refusal = Refusal::forbidden(resource, name, &why);
        let cause = json!({"reason": "NamespaceTerminating", "message": format!("namespace {namespace} is being terminated"),
            "field": "metadata.namespace"});
        refusal.1["details"]["causes"] = json!([cause]);
        Err(refusal)
    }

    pub(super) fn update(&mut self, target: &Target, object: Value, who: &Who<'_>) -> Result<Value, Refusal> {
        let kept = self.kept(target)?;
        let given = object["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        if given.is_empty() && target.resource.schema.is_some() {
            let what = target.resource.qualified();
            let why = "metadata.resourceVersion: must be specified for an update";
            let said = format!("{what} \"{}\" is invalid: {why}", target.name);
            return Err(Refusal::new(422, "Invalid", said).about(target.resource, &target.name));
        }
        let (given, found) = (&object["metadata"]["uid"], &kept.object["metadata"]["uid"]);
        if let Some(uid) = given.as_str().filter(|_| given != found) {
            let (resource, found) = (target.resource, found.as_str().unwrap_or_default());
            let key = format!("/registry/{}/{}{}", resource.group, resource.plural, target.key());
            let why = format!(
                "StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition \
                 failed: UID in precondition: {uid}, UID in object meta: {found}"
            );
            return Err(Refusal::conflict(resource, &target.name, &why));
        }
        self.replace(target, &kept, object, who)
    }

    pub(super) fn patch(&mut self, target: &Target, patch: Patch, who: &Who<'_>) -> Result<(u16, Value), Refusal> {
        let who = Who { applies: matches!(patch, Patch::Apply { .. }), ..*who };
        let kept = match (self.kept(target), &patch) {
            (Ok(kept), _) => kept,
            (Err(_), Patch::Apply { declared, .. }) if target.subresource.is_empty() => {
                if let Some(uid) = declared["metadata"]["uid"].as_str() {
                    let why = format!(
                        "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
                    );
                    return Err(Refusal::conflict(target.resource, &target.name, &why));
                }
                let made = self.make(target.resource, &target.namespace, declared.clone(), &who)?;
                return Ok((201, made));
            }
            (Err(refusal), _) => return Err(refusal),
        };
        let mut object = kept.shown().clone();
        match patch {
            Patch::Json(patch) => {
                json_patch::patch(&mut object, &patch).map_err(|error| {
                    tracing::debug!(%error, "a patch does not fit");
                    let said = "the server rejected our request due to an error in our request";
                    Refusal::new(422, "Invalid", said).with(json!({}))
                })?;
            }
            Patch::Merge(patch) => json_patch::merge(&mut object, &patch),
            Patch::Apply { declared, force } => {
                return Ok((200, self.apply(target, &kept, declared, &who, force)?));
            }
        }
        Ok((200, self.replace(target, &kept, object, &who)?))
    }

    fn kept(&self, target: &Target) -> Result<Arc<Stored>, Refusal> {
        if !matches!(target.subresource.as_str(), "" | "status") {
            return Err(Refusal::unknown(&target.subresource));
        }
        let kept = self.objects.get(&target.place()).map(Arc::clone);
        kept.ok_or_else(|| Refusal::not_found(target.resource, &target.name))
    }

    /// An object in place of the one before.
    fn replace(&mut self, target: &Target, kept: &Stored, object: Value, who: &Who<'_>) -> Result<Value, Refusal> {
        let object = prepared(target, kept, object)?;
        let schema = &target.resource.whole;
        let mut old = kept.object.clone();
        schema::complete(target.resource.schema.as_ref().unwrap_or(&Value::Null), &mut old);
        let managers = field::updated(&kept.managers, schema, &old, &object, who);
        Ok(self.settle(target, kept, Kept { object, managers }))
    }

    fn apply(
        &mut self,
        target: &Target,
        kept: &Stored,
        mut declared: Value,
        who: &Who<'_>,
        force: bool,
    ) -> Result<Value, Refusal> {
        schema::without_nulls(&mut declared);
        let about = declared["metadata"].take();
        if let Some(schema) = &target.resource.schema {
            schema::prune(schema, &mut declared, true);
        }
        // What a subresource does not take is not declared through it.
        if target.subresource == "status" {
            declared = json!({"status": declared["status"]});
        } else if let (Some(fields), Some(_)) = (declared.as_object_mut(), &target.resource.schema) {
            fields.remove("status");
        }
        declared["metadata"] = about;
        let schema = &target.resource.whole;
        let applied = apply::applied(schema, &kept.object, &kept.managers, &declared, who, force);
        let (object, managers) = applied.map_err(|conflicts| conflicting(&conflicts))?;
        let object = prepared(target, kept, object)?;
        Ok(self.settle(target, kept, Kept { object, managers }))
    }

    /// Keeps what changed, and lets go what was only waiting for its last finalizer.
    fn settle(&mut self, target: &Target, before: &Stored, after: Kept) -> Value {
        let place = target.place();
        if before.object == after.object && timeless(before) == timeless(&after) {
            return before.shown().clone();
        }
        let about = &after.object["metadata"];
        let going = !about["deletionTimestamp"].is_null() && about["finalizers"].is_null();
        if going && target.resource.plural != "namespaces" {
            // Nothing is written: the answer is the object without its finalizer, and whoever watches sees it with it.
            let mut answer = after;
            answer.object["metadata"]["resourceVersion"] = before.object["metadata"]["resourceVersion"].clone();
            self.take_out(&place);
            return answer.shown(target.resource);
        }
        self.put(&place, after).shown().clone()
    }
}

/// The managers of an object, whatever the time is at which each wrote last.
fn timeless(kept: &Kept) -> BTreeSet<(&str, bool, &str, &Fields)> {
    kept.managers.iter().map(|it| (&*it.name, it.applies, &*it.subresource, &it.fields)).collect()
}

/// What a new form of an object comes to: what its part of it may not change stays, and what it may is judged.
fn prepared(target: &Target, kept: &Kept, mut object: Value) -> Result<Value, Refusal> {
    let (resource, name) = (target.resource, target.name.as_str());
    let old = &kept.object;
    schema::without_nulls(&mut object);
    let about = object["metadata"].take();
    let version = &about["resourceVersion"];
    if version.as_str().is_some_and(|it| !it.is_empty()) && *version != old["metadata"]["resourceVersion"] {
        return Err(Refusal::modified(resource, name));
    }
    // A status is taken whatever uid comes with it: the metadata of the answer is that of the object.
    if target.subresource.is_empty() && !about["uid"].is_null() && about["uid"] != old["metadata"]["uid"] {
        let problem = ("metadata.uid".to_owned(), "field is immutable".to_owned());
        return Err(Refusal::invalid(resource, name, &[problem]));
    }
    let mut new = old["metadata"].clone();
    if target.subresource.is_empty() {
        finalizers(resource, name, old, &about)?;
        for field in ["labels", "annotations", "finalizers", "ownerReferences"] {
            let fields = new.as_object_mut().unwrap();
            let empty = about[field].as_array().is_some_and(Vec::is_empty);
            if about[field].is_null() || empty {
                fields.remove(field)
            } else {
                fields.insert(field.to_owned(), about[field].clone())
            };
        }
    }
    object["metadata"] = new;
    if let Some(schema) = &resource.schema {
        schema::prune(schema, &mut object, true);
        let status = object["status"].take();
        object.as_object_mut().unwrap().remove("status");
        if target.subresource == "status" {
            object = old.clone();
            object["status"] = status;
        } else if !old["status"].is_null() {
            object["status"] = old["status"].clone();
        }
        schema::complete(schema, &mut object);
        schema::without_nulls(&mut object);
        let same = |field: &str| object[field] == old[field];
        // No rule is about the status: what was admitted once need not be judged at each word of it, and what was wrong already,
        // and is not touched, stands against nothing.
        if !["apiVersion", "kind", "spec"].into_iter().all(same) {
            judge(resource, name, &object)?;
            transitions(resource, name, old, &object)?;
        }
        if !same("spec") {
            object["metadata"]["generation"] = json!(old["metadata"]["generation"].as_u64().unwrap_or_default() + 1);
        }
    }
    own(resource, &mut object);
    Ok(object)
}

fn conflicting(conflicts: &[(String, String)]) -> Refusal {
    let cause = |(manager, field): &(String, String)| {
        let said = format!("conflict with \"{manager}\"");
        json!({"reason": "FieldManagerConflict", "message": said, "field": field})
    };
    let causes: Vec<Value> = conflicts.iter().map(cause).collect();
    let said = match conflicts {
        [(manager, field)] => format!("Apply failed with 1 conflict: conflict with \"{manager}\": {field}"),
        all => {
            let told = all.iter().fold(String::new(), |text, (_, field)| format!("{text}\n- {field}"));
            format!("Apply failed with {} conflicts: conflicts with \"{}\":{told}", all.len(), all[0].0)
        }
    };
    Refusal::new(409, "Conflict", said).with(json!({"causes": causes}))
}
