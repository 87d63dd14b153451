//! The loop's writes to the API server: finalizer and status of our own kinds, and nothing else. IO.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{
    ResourceExt,
    api::{GetParams, Patch, PatchParams},
    core::error_boundary::InvalidObject,
};
use serde_json::json;
use tokio::time::Instant;

use crate::{
    api::{FINALIZER, common::Conditions},
    plan::{Fact, Finding, Reason},
    status::{self, ConditionType, Report},
};

use super::{
    context::Context,
    key::ObjectKey,
    managed::{Managed, has_finalizer},
    memory::apart,
    object::Error,
};

/// Our field manager.
pub(crate) const MANAGER: &str = "roster";
/// One call to the API server. The client's own retries could wait for minutes inside a reconcile.
pub(crate) const CALL: Duration = Duration::from_secs(15);

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

/// Puts our finalizer on, with a uid test, so that a re-created object never gets it by mistake. `false` where the object
/// is gone or is not the one that was decided about.
pub(crate) async fn add_finalizer<K: Managed>(object: &K, generation: i64, context: &Context) -> Result<bool, Error> {
    let mut finalizers = object.finalizers().to_vec();
    finalizers.push(FINALIZER.to_owned());
    let patch = json!([
        {"op": "test", "path": "/metadata/uid", "value": object.uid()},
        {"op": "test", "path": "/metadata/resourceVersion", "value": object.resource_version()},
        {"op": "add", "path": "/metadata/finalizers", "value": finalizers},
    ]);
    leading(&object.name_any(), context)?;
    match json_patch(object, &patch, context).await {
        Ok(meta) => {
            context.memory.finalized(object.uid().unwrap_or_default());
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

/// Writes a status that differs from the one on the object; `false` where there was nothing to write.
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
    let operation = "write the status of";
    let mut written = json!(status);
    apart::<K>(&mut written);
    let body = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "metadata": {"name": key.name, "uid": key.uid},
        "status": written,
    });
    leading(&key.name, context)?;
    match apply_status::<K>(object.meta(), &body, context).await {
        Ok(()) => {
            context.memory.remember(object, status, now);
            Ok(true)
        }
        // Deleted meanwhile, or re-created under another uid.
        Err(kube::Error::Api(answer)) if answer.is_not_found() || answer.is_conflict() => Ok(false),
        Err(error) => Err(failed(operation, object)(error)),
    }
}

async fn apply_status<K: Managed>(
    meta: &ObjectMeta,
    body: &serde_json::Value,
    context: &Context,
) -> Result<(), kube::Error> {
    let name = meta.name.as_deref().unwrap_or_default();
    let api = K::api(&context.client, meta.namespace.as_deref());
    // The body of the answer is not looked at, so that an object we cannot decode can be told so.
    let request = kube::core::Request::new(api.resource_url())
        .patch_subresource("status", name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(body))
        .map_err(kube::Error::BuildRequest)?;
    within(context.client.request_text(request)).await.map(|_| ())
}

/// Tells an object that cannot be decoded that it cannot, and what to do. The rest of its status stays: with it goes what
/// the object answers for.
pub(crate) async fn undecodable<K: Managed>(invalid: &InvalidObject, context: &Context) -> Result<(), Error> {
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
    let request = kube::core::Request::new(api.resource_url()).get(&name, &GetParams::default());
    let request = request.map_err(|source| failed("read")(kube::Error::BuildRequest(source)))?;
    let object: serde_json::Value = match within(context.client.request(request)).await {
        Ok(object) => object,
        Err(kube::Error::Api(answer)) if answer.is_not_found() => return Ok(()),
        Err(error) => return Err(failed("read")(error)),
    };
    let finding = Finding::new(Reason::InvalidSpec, message);
    let validated = [(ConditionType::Validated, Fact::new(false, Reason::InvalidSpec, message))];
    let generation = meta.generation.unwrap_or_default();
    let report = Report { ready: &finding, facts: &validated, generation };
    let before: Conditions = serde_json::from_value(object["status"]["conditions"].clone()).unwrap_or_default();
    let conditions = Conditions::written(status::conditions(&before.read(), &report, context.settings.outside.now()));
    if object["status"]["observedGeneration"] == generation && before == conditions {
        return Ok(());
    }
    let mut status = object["status"].clone();
    apart::<K>(&mut status);
    status["observedGeneration"] = generation.into();
    status["conditions"] = json!(conditions);
    let body = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "metadata": {"name": name, "uid": meta.uid},
        "status": status,
    });
    leading(&name, context)?;
    match apply_status::<K>(meta, &body, context).await {
        Err(kube::Error::Api(answer)) if answer.is_not_found() || answer.is_conflict() => Ok(()),
        applied => applied.map_err(failed("write the status of")),
    }
}
