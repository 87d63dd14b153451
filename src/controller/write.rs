//! The loop's writes to the API server: finalizer and status of our own kinds, and nothing else. IO.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{
    ResourceExt,
    api::{GetParams, Patch, PatchParams},
};
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use crate::{
    api::{FINALIZER, GRANTING, common::Conditions},
    plan::{Fact, Finding, Reason},
    status::{self, ConditionType, Report},
};

use super::{
    context::Context,
    guarded::Undecodable,
    key::ObjectKey,
    managed::{Managed, has_finalizer},
    memory::apart,
    object::Error,
};

/// Our field manager.
pub(crate) const MANAGER: &str = "roster";
/// One call to the API server. The client's own retries could wait for minutes inside a reconcile.
pub(crate) const CALL: Duration = Duration::from_secs(15);
/// How often a status is written over another version before it is left for later.
const TRIES: usize = 5;

/// Runs one call under our own deadline.
pub(crate) async fn within<T>(call: impl Future<Output = Result<T, kube::Error>>) -> Result<T, kube::Error> {
    match tokio::time::timeout(CALL, call).await {
        Ok(result) => result,
        Err(elapsed) => Err(kube::Error::Service(Box::new(elapsed))),
    }
}

fn failed(operation: &'static str, object: &impl ResourceExt) -> impl FnOnce(kube::Error) -> Error {
    let object = object.name_any();
    move |source| Error::Kubernetes { operation, object, source: Box::new(source) }
}

/// Asked right before each write: a replica that was frozen wakes up in the middle of one.
fn leading(name: &str, context: &Context) -> Result<(), Error> {
    if context.leadership.may_write() { Ok(()) } else { Err(Error::Deposed(name.to_owned())) }
}

/// Puts our finalizer on, and with it the note of what is set out on, with a uid test, so that a re-created object never gets
/// it by mistake. `false` where the object is gone or is not the one that was decided about.
pub(crate) async fn add_finalizer<K: Managed>(
    object: &K,
    generation: i64,
    note: Option<&str>,
    context: &Context,
) -> Result<bool, Error> {
    let mut finalizers = object.finalizers().to_vec();
    finalizers.push(FINALIZER.to_owned());
    let mut annotations = object.annotations().clone();
    annotations.extend(note.map(|note| (GRANTING.to_owned(), note.to_owned())));
    let mut patch = json!([
        {"op": "test", "path": "/metadata/uid", "value": object.uid()},
        {"op": "test", "path": "/metadata/resourceVersion", "value": object.resource_version()},
        {"op": "add", "path": "/metadata/finalizers", "value": finalizers},
    ]);
    if let (Some(_), Some(patch)) = (note, patch.as_array_mut()) {
        patch.push(json!({"op": "add", "path": "/metadata/annotations", "value": annotations}));
    }
    leading(&object.name_any(), context)?;
    match json_patch(object, &patch, context).await {
        Ok(meta) => {
            context.memory.finalized(object.uid().unwrap_or_default());
            context.memory.passed(object, meta.resource_version.as_deref().unwrap_or_default());
            Ok(meta.generation == Some(generation) && meta.deletion_timestamp.is_none())
        }
        Err(error) if stale(&error) => Ok(false),
        Err(error) => Err(failed("add the finalizer to", object)(error)),
    }
}

/// Takes our finalizer off and leaves those of others.
pub(crate) async fn remove_finalizer<K: Managed>(object: &K, context: &Context) -> Result<(), Error> {
    let api = K::api(&context.client, object.namespace().as_deref());
    let read = within(api.get_metadata_opt(&object.name_any())).await.map_err(failed("read", object))?;
    let Some(current) = read.filter(|current| current.uid() == object.uid() && has_finalizer(current)) else {
        return Ok(());
    };
    let left: Vec<&String> = current.finalizers().iter().filter(|one| *one != FINALIZER).collect();
    let patch = json!([
        {"op": "test", "path": "/metadata/uid", "value": current.uid()},
        {"op": "test", "path": "/metadata/finalizers", "value": current.finalizers()},
        {"op": "replace", "path": "/metadata/finalizers", "value": left},
    ]);
    leading(&object.name_any(), context)?;
    match json_patch(object, &patch, context).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        Err(error) => Err(failed("remove the finalizer of", object)(error)),
    }
}

async fn json_patch<K: Managed>(
    object: &K,
    patch: &serde_json::Value,
    context: &Context,
) -> Result<ObjectMeta, kube::Error> {
    let api = K::api(&context.client, object.namespace().as_deref());
    let patch: json_patch::Patch = serde_json::from_value(patch.clone()).map_err(kube::Error::SerdeError)?;
    let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    let patched = within(api.patch_metadata(&object.name_any(), &params, &Patch::Json::<()>(patch))).await?;
    Ok(patched.metadata)
}

/// The object went away or changed since it was read: whoever changed it causes the next look.
fn stale(error: &kube::Error) -> bool {
    let kube::Error::Api(status) = error else {
        return false;
    };
    status.is_not_found() || status.is_conflict() || status.is_invalid() || status.code == 422
}

/// Whether the object is still the one that was decided about, by a live read: the cache may be behind.
pub(crate) async fn is_current<K: Managed>(object: &K, context: &Context) -> Result<bool, Error> {
    let api = K::api(&context.client, object.namespace().as_deref());
    let read = within(api.get_metadata_opt(&object.name_any())).await.map_err(failed("read", object))?;
    Ok(read.is_some_and(|current| {
        current.uid() == object.uid()
            && current.metadata.generation == object.meta().generation
            && current.metadata.deletion_timestamp.is_some() == object.meta().deletion_timestamp.is_some()
    }))
}

/// Writes a status that differs from the one on the object; `false` where there was nothing to write, or where the object is
/// gone or was edited, which causes the next look.
pub(crate) async fn status<K: Managed>(
    object: &K,
    key: &ObjectKey,
    status: &K::Status,
    context: &Context,
) -> Result<bool, Error> {
    if object.status() == Some(status) {
        context.memory.confirmed(object);
        return Ok(false);
    }
    let now = Instant::now();
    if context.memory.wrote(object, status, now) {
        return Ok(false);
    }
    let mut written = json!(status);
    apart::<K>(&mut written);
    let mut version = context.memory.version(object);
    for _ in 0..TRIES {
        leading(&key.name, context)?;
        let applied = apply_status::<K>(object.meta(), &version, &written, context).await;
        match applied.map_err(failed("write the status of", object))? {
            Applied::Written(version) => {
                context.memory.remember(object, status, now);
                context.memory.passed(object, &version);
                return Ok(true);
            }
            Applied::Gone => return Ok(false),
            Applied::Outdated => {}
        }
        // Somebody wrote something of it, or it is another object of that name.
        let api = K::api(&context.client, object.namespace().as_deref());
        let read = within(api.get_metadata_opt(&key.name)).await.map_err(failed("read", object))?;
        let same = |it: &ObjectMeta| it.uid == object.uid() && it.generation == object.meta().generation;
        let Some(current) = read.map(|current| current.metadata).filter(same) else { return Ok(false) };
        version = current.resource_version.unwrap_or_default();
    }
    Err(Error::Contended(key.name.clone()))
}

/// What became of a status that was to be written over one version of an object.
enum Applied {
    /// The object has this version by it.
    Written(String),
    /// The object has another version by now, or is another one.
    Outdated,
    /// There is no object of that name.
    Gone,
}

/// As much of an answer as is looked at, so that an object we cannot decode can be told so.
#[derive(Deserialize)]
struct Answer {
    metadata: Versioned,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Versioned {
    #[serde(default)]
    resource_version: String,
}

/// Applies a status to that version of an object and to no other. The version says which object is meant, since no two
/// objects ever have the same one: the uid does not, as the API server takes a status whatever uid comes with it.
async fn apply_status<K: Managed>(
    meta: &ObjectMeta,
    version: &str,
    status: &serde_json::Value,
    context: &Context,
) -> Result<Applied, kube::Error> {
    if version.is_empty() {
        return Ok(Applied::Outdated);
    }
    let name = meta.name.as_deref().unwrap_or_default();
    let body = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "metadata": {"name": name, "uid": meta.uid, "resourceVersion": version},
        "status": status,
    });
    let api = K::api(&context.client, meta.namespace.as_deref());
    let request = kube::core::Request::new(api.resource_url())
        .patch_subresource("status", name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(&body))
        .map_err(kube::Error::BuildRequest)?;
    match within(context.client.request::<Answer>(request)).await {
        Ok(answer) => Ok(Applied::Written(answer.metadata.resource_version)),
        Err(kube::Error::Api(answer)) if answer.is_conflict() => Ok(Applied::Outdated),
        Err(kube::Error::Api(answer)) if answer.is_not_found() => Ok(Applied::Gone),
        Err(error) => Err(error),
    }
}

/// Tells an object that cannot be decoded that it cannot, and what to do. The rest of its status stays: with it goes what
/// the object answers for.
pub(crate) async fn undecodable<K: Managed>(invalid: &Undecodable, context: &Context) -> Result<(), Error> {
    let name = invalid.metadata.name.clone().unwrap_or_default();
    let uid = invalid.metadata.uid.clone().unwrap_or_default();
    let message = format!("the object cannot be read as a {}: {}; correct that field", K::KIND.as_str(), invalid.error);
    if !context.memory.news(&uid, &message) {
        return Ok(());
    }
    tracing::warn!(kind = K::KIND.as_str(), object = %name, error = %invalid.error, "an object cannot be decoded");
    let told = tell_undecodable::<K>(&invalid.metadata, &message, context).await;
    // Where it was not told after all, it is news again.
    told.inspect_err(|_| context.memory.forget(&uid))
}

async fn tell_undecodable<K: Managed>(meta: &ObjectMeta, message: &str, context: &Context) -> Result<(), Error> {
    let name = meta.name.clone().unwrap_or_default();
    let failed = |operation: &'static str| {
        let object = name.clone();
        move |source: kube::Error| Error::Kubernetes { operation, object, source: Box::new(source) }
    };
    let api = K::api(&context.client, meta.namespace.as_deref());
    for _ in 0..TRIES {
        let request = kube::core::Request::new(api.resource_url()).get(&name, &GetParams::default());
        let request = request.map_err(|source| failed("read")(kube::Error::BuildRequest(source)))?;
        let object: serde_json::Value = match within(context.client.request(request)).await {
            Ok(object) => object,
            Err(kube::Error::Api(answer)) if answer.is_not_found() => return Ok(()),
            Err(error) => return Err(failed("read")(error)),
        };
        if object["metadata"]["uid"].as_str() != meta.uid.as_deref() {
            return Ok(());
        }
        let Some(status) = told_undecodable::<K>(&object["status"], meta, message, context) else { return Ok(()) };
        leading(&name, context)?;
        let version = object["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        let applied = apply_status::<K>(meta, version, &status, context).await;
        match applied.map_err(failed("write the status of"))? {
            Applied::Written(_) | Applied::Gone => return Ok(()),
            Applied::Outdated => {}
        }
    }
    Err(Error::Contended(name))
}

/// The status that says that the object cannot be decoded; `None` where it says so already.
fn told_undecodable<K: Managed>(
    before: &serde_json::Value,
    meta: &ObjectMeta,
    message: &str,
    context: &Context,
) -> Option<serde_json::Value> {
    let finding = Finding::new(Reason::InvalidSpec, message);
    let validated = [(ConditionType::Validated, Fact::new(false, Reason::InvalidSpec, message))];
    let generation = meta.generation.unwrap_or_default();
    let report = Report { ready: &finding, facts: &validated, generation };
    let said: Conditions = serde_json::from_value(before["conditions"].clone()).unwrap_or_default();
    let conditions = Conditions::written(status::conditions(&said.read(), &report, context.settings.outside.now()));
    if before["observedGeneration"] == generation && said == conditions {
        return None;
    }
    let mut status = before.clone();
    apart::<K>(&mut status);
    status["observedGeneration"] = generation.into();
    status["conditions"] = json!(conditions);
    Some(status)
}
