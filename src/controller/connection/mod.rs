//! From a connecting object to a lane: endpoint, credential, client, identity. IO: it reads one Secret and asks the vendor
//! who we are.

mod organization;
mod publisher;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use k8s_openapi::api::core::v1::Secret;
use kube::Api;

use crate::{
    backend::{BackendError, Endpoint, ErrorKind, Settings},
    plan::{Finding, Reason},
};

use super::{context::Context, lane::Realm, write};
pub(super) use {organization::connect as to_organization, publisher::connect as to_publisher};

/// How long a backend may take to say who we are: this is asked within a reconcile, which must live to tell the answer.
const IDENTIFY: Duration = Duration::from_secs(20);

/// An endpoint that may be used: https, or plain http where nobody listens in.
fn endpoint(field: &str, text: &str, context: &Context) -> Result<Endpoint, Finding> {
    let endpoint = Endpoint::parse(text).map_err(|error| {
        Finding::new(Reason::InvalidSpec, format!("`{field}`: {}", crate::telemetry::chain(&error)))
    })?;
    let allowed = endpoint.is_https()
        || endpoint.is_loopback()
        || context.settings.http_hosts.iter().any(|host| host == endpoint.host());
    if allowed {
        return Ok(endpoint);
    }
    Err(Finding::new(
        Reason::EndpointNotAllowed,
        format!(
            "`{field}` is plain http to `{0}`, which would show the credential to the network: use https, or start the \
             operator with `--allow-http-host {0}`",
            endpoint.host()
        ),
    ))
}

/// Why there is no key to use.
enum Unusable {
    /// The API server did not say what the Secret holds; it is asked again.
    Unread(Finding),
    /// The Secret, or what it should hold, is not there.
    Missing(Finding),
}

impl Unusable {
    fn missing(message: impl Into<String>) -> Self {
        Self::Missing(Finding::new(Reason::CredentialsMissing, message))
    }
}

/// What a Secret holds under `key` and `secret`.
struct Pair {
    /// Names the Secret in sentences.
    name: String,
    key: String,
    secret: String,
}

impl Pair {
    /// Tells apart what a lane was made from; it is kept in memory only.
    fn fingerprint(&self, connection: impl Hash) -> u64 {
        hash((&self.key, &self.secret, connection))
    }
}

/// Reads a Secret of the credentials namespace.
async fn read_pair<R: Realm>(name: &str, context: &Context) -> Result<Pair, Unusable> {
    let namespace = &context.settings.credentials_namespace;
    let api: Api<Secret> = Api::namespaced(context.client.clone(), namespace);
    let secret = write::within(api.get_opt(name)).await.map_err(|error| {
        let cause = crate::telemetry::chain(&error);
        let message = format!("the Secret `{namespace}/{name}` cannot be read, and is tried again: {cause}");
        Unusable::Unread(Finding::new(R::NOT_READY, message))
    })?;
    let name = format!("{namespace}/{name}");
    let secret = secret.ok_or_else(|| {
        Unusable::missing(format!("the Secret `{name}` does not exist: create it with the keys `key` and `secret`"))
    })?;
    let text = |key: &str| {
        let bytes = secret.data.as_ref().and_then(|data| data.get(key));
        let text = bytes.and_then(|bytes| String::from_utf8(bytes.0.clone()).ok());
        text.filter(|text| !text.trim().is_empty())
            .ok_or_else(|| Unusable::missing(format!("the Secret `{name}` has no text under `{key}`")))
    };
    let (key, secret) = (text("key")?, text("secret")?);
    Ok(Pair { name, key, secret })
}

pub(super) fn hash(item: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    item.hash(&mut hasher);
    hasher.finish()
}

/// A client's settings; the seed tells the request ids of two processes apart, and the pace is that of all clients with the key.
fn client_settings(endpoint: &Endpoint, key_id: &str, context: &Context) -> Settings {
    let pace = context.paces.of(endpoint, key_id);
    Settings { pace, ..Settings::new(context.settings.outside.seed(&context.settings.instance)) }
}

/// Asks who we are, and says what stands against it.
async fn identify<T, R: Realm>(
    asked: impl Future<Output = Result<T, BackendError>>,
    endpoint: &Endpoint,
) -> Result<T, Finding> {
    let identity = tokio::time::timeout(IDENTIFY, asked).await.unwrap_or_else(|_| {
        let public = format!("`{endpoint}` gave no answer within {} s", IDENTIFY.as_secs());
        Err(BackendError::new(ErrorKind::Unavailable, "identify the operator", public))
    });
    identity.map_err(|error| refused::<R>(&error))
}

fn refused<R: Realm>(error: &BackendError) -> Finding {
    let again = "it is tried again by itself".to_owned();
    let (reason, advice) = match error.kind {
        ErrorKind::CredentialsRejected => {
            (Reason::CredentialsRejected, format!("{}; it is read again as soon as it changes", R::MEND_CREDENTIAL))
        }
        ErrorKind::Throttled => (Reason::Throttled, again),
        ErrorKind::Forbidden
        | ErrorKind::NotFound
        | ErrorKind::Conflict
        | ErrorKind::Invalid
        | ErrorKind::QuotaExceeded
        | ErrorKind::Unavailable
        | ErrorKind::Ambiguous
        | ErrorKind::Malformed => (Reason::BackendUnavailable, again),
    };
    Finding::new(reason, format!("could not {}: {}; {advice}", error.operation, error.public.trim_end_matches('.')))
}
