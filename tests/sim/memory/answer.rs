//! What is answered: objects, lists, and refusals in the API server's shape.

use serde_json::{Value, json};

use super::resource::Resource;

/// A refusal, with its code.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal(pub(super) u16, pub(super) Value);

impl Refusal {
    pub(super) fn new(code: u16, reason: &str, message: impl Into<String>) -> Self {
        Self(
            code,
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": message.into(), "reason": reason, "code": code}),
        )
    }

    /// The same with those details.
    pub(super) fn with(self, details: Value) -> Self {
        let Self(code, mut status) = self;
        status["details"] = details;
        Self(code, status)
    }

    pub(super) fn about(self, resource: &Resource, name: &str) -> Self {
        let mut details = json!({"name": name, "kind": resource.plural});
        if !resource.group.is_empty() {
            details["group"] = json!(resource.group);
        }
        self.with(details)
    }

    pub(super) fn not_found(resource: &Resource, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} \"{name}\" not found", resource.qualified())).about(resource, name)
    }

    pub(super) fn exists(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource.qualified());
        Self::new(409, "AlreadyExists", message).about(resource, name)
    }

    pub(super) fn conflict(resource: &Resource, name: &str, why: &str) -> Self {
        let what = resource.qualified();
        let message = format!("Operation cannot be fulfilled on {what} \"{name}\": {why}");
        Self::new(409, "Conflict", message).about(resource, name)
    }

    pub(super) fn modified(resource: &Resource, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(resource, name, why)
    }

    pub(super) fn forbidden(resource: &Resource, name: &str, why: &str) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {why}", resource.qualified());
        Self::new(403, "Forbidden", message).about(resource, name)
    }

    /// The schema or a rule of metadata is broken; each problem with its field.
    pub(super) fn invalid(resource: &Resource, name: &str, problems: &[(String, String)]) -> Self {
        let told: Vec<String> = problems.iter().map(|(field, why)| format!("{field}: {why}")).collect();
        let told = if let [one] = told.as_slice() { one.clone() } else { format!("[{}]", told.join(", ")) };
        let kind = if resource.group.is_empty() {
            resource.kind.clone()
        } else {
            format!("{}.{}", resource.kind, resource.group)
        };
        let mut refusal = Self::new(422, "Invalid", format!("{kind} \"{name}\" is invalid: {told}"));
        refusal = refusal.about(resource, name);
        refusal.1["details"]["kind"] = json!(resource.kind);
        refusal
    }

    /// A version that is no longer kept.
    pub(super) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// Something that this server does not do.
    pub(super) fn unknown(what: &str) -> Self {
        Self::new(501, "NotImplemented", format!("the server in memory does not know {what}"))
    }
}

/// What an object of which only metadata was asked for comes to.
pub(super) fn metadata(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}

/// That something was removed.
pub(super) fn removed(resource: &Resource, name: &str, uid: &Value) -> Value {
    let mut details = json!({"name": name, "kind": resource.plural, "uid": uid});
    if !resource.group.is_empty() {
        details["group"] = json!(resource.group);
    }
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}
