//! What stands against a new form of an object, and what Kubernetes' own kinds come with.

use std::{collections::BTreeMap, sync::LazyLock};

use base64::{Engine, prelude::BASE64_STANDARD};
use kube_cel::CompiledSchema;
use roster::cli::lint;
use serde_json::{Value, json};

use super::{
    answer::Refusal,
    resource::{Resource, all},
};

/// What the schema and its rules say.
pub(super) fn judge(resource: &Resource, name: &str, object: &Value) -> Result<(), Refusal> {
    // The fields of metadata that the server fills in are none of a manifest's.
    let mut manifest = object.clone();
    manifest["metadata"] = json!({"name": object["metadata"]["name"]});
    let problems = lint::schema::judge(&manifest);
    if problems.is_empty() {
        return Ok(());
    }
    let told = |path: String| if path.is_empty() { "<nil>".to_owned() } else { path };
    let problems: Vec<(String, String)> = problems.into_iter().map(|it| (told(it.path), it.message)).collect();
    Err(Refusal::invalid(resource, name, &problems))
}

/// The rules of each of our kinds, ready to compare two objects by.
static RULES: LazyLock<BTreeMap<&'static str, CompiledSchema>> = LazyLock::new(|| {
    let own = all().filter_map(|resource| Some((&*resource.plural, resource.schema.as_ref()?)));
    own.map(|(plural, schema)| (plural, kube_cel::compile_schema(schema))).collect()
});

/// The rules that compare an object with the one before, which `judge` leaves out.
pub(super) fn transitions(resource: &Resource, name: &str, old: &Value, new: &Value) -> Result<(), Refusal> {
    let Some(rules) = RULES.get(&*resource.plural) else { return Ok(()) };
    let Err(broken) = kube_cel::validate_compiled(rules, new, Some(old)) else { return Ok(()) };
    let problems: Vec<(String, String)> = broken.into_iter().map(|it| (it.field_path, it.message)).collect();
    Err(Refusal::invalid(resource, name, &problems))
}

/// An object that is going takes no new finalizer.
pub(super) fn finalizers(resource: &Resource, name: &str, old: &Value, about: &Value) -> Result<(), Refusal> {
    if old["metadata"]["deletionTimestamp"].is_null() {
        return Ok(());
    }
    let had = old["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
    let new: Vec<Value> =
        about["finalizers"].as_array().into_iter().flatten().filter(|it| !had.contains(it)).cloned().collect();
    if new.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = new.iter().map(Value::to_string).collect();
    let why = format!(
        "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
        named.join(", ")
    );
    Err(Refusal::invalid(resource, name, &[("metadata.finalizers".to_owned(), why)]))
}

/// What Kubernetes' own kinds come with.
pub(super) fn own(resource: &Resource, object: &mut Value) {
    match resource.plural.as_str() {
        "namespaces" => {
            let name = object["metadata"]["name"].clone();
            object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
            object["spec"] = json!({"finalizers": ["kubernetes"]});
            if object["status"]["phase"].is_null() {
                object["status"] = json!({"phase": "Active"});
            }
        }
        "secrets" => {
            let texts = object.as_object_mut().unwrap().remove("stringData");
            for (key, text) in texts.as_ref().and_then(Value::as_object).into_iter().flatten() {
                object["data"][key] = json!(BASE64_STANDARD.encode(text.as_str().unwrap_or_default()));
            }
            if object["type"].is_null() {
                object["type"] = json!("Opaque");
            }
        }
        "events" => object["deprecatedSource"] = json!({}),
        _ => {}
    }
}
