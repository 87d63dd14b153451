//! From an organization's object to a lane: endpoint, credential, client, identity. IO: it reads one Secret and asks the
//! vendor who we are.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, ResourceExt};

use crate::{
    api::{ConfluentOrganization, organization::ConfluentCloudBackend},
    backend::{
        AccessBackend, BackendError, ConfluentCloud, Credential, Endpoint, ErrorKind, HttpClient, Settings,
        SocketTransport,
    },
    plan::{Finding, Reason},
};

use super::{
    calls::Calls,
    context::Context,
    lane::{Lane, Organization, Parts},
    write,
};

/// How long a backend may take to say who we are: this is asked within a reconcile, which must live to tell the answer.
const IDENTIFY: Duration = Duration::from_secs(20);

/// The lane to use, made anew when endpoint or credential changed.
pub(super) async fn connect(
    organization: &ConfluentOrganization,
    context: &Context,
) -> Result<(Arc<Lane<Organization>>, u64), Finding> {
    if let Some(older) = older_twin(organization, context) {
        return Err(Finding::new(
            Reason::DuplicateOrganization,
            format!(
                "the ConfluentOrganization `{older}` is older and connects to the same organization `{}`: delete this \
                 object, and let its dependents name `{older}`",
                organization.spec.organization_id
            ),
        ));
    }
    let Some(cloud) = &organization.spec.backend.confluent_cloud else {
        return Err(Finding::new(Reason::InvalidSpec, "`spec.backend` must name one backend: `confluentCloud`"));
    };
    let endpoint = endpoint(cloud, context)?;
    let before = context.organizations.lane(&organization.name_any());
    let credential = match (credential(cloud, context).await, &before) {
        // A Secret that cannot be read just now is no news about what is in it.
        (Err(Unusable::Unread(_)), Some((lane, fingerprint))) => return Ok((Arc::clone(lane), *fingerprint)),
        (Err(Unusable::Unread(finding) | Unusable::Missing(finding)), _) => return Err(finding),
        (Ok(credential), _) => credential,
    };
    let fingerprint = credential.fingerprint(&cloud.endpoint, &organization.spec.organization_id);
    if let Some((lane, _)) = before.filter(|(_, made_from)| *made_from == fingerprint) {
        return Ok((lane, fingerprint));
    }
    let lane = open(organization, &endpoint, &credential, context).await?;
    Ok((lane, fingerprint))
}

/// One organization, one lane: the oldest object has it.
fn older_twin(organization: &ConfluentOrganization, context: &Context) -> Option<String> {
    let age = |it: &ConfluentOrganization| (it.metadata.creation_timestamp.clone().map(|time| time.0), it.uid());
    let elder = |other: &ConfluentOrganization| {
        let twin = other.uid() != organization.uid()
            && other.spec.organization_id == organization.spec.organization_id
            && age(other) < age(organization);
        twin.then(|| (age(other), other.name_any()))
    };
    context.wake.organizations.select(elder).into_iter().min().map(|(_, name)| name)
}

fn endpoint(cloud: &ConfluentCloudBackend, context: &Context) -> Result<Endpoint, Finding> {
    let field = "spec.backend.confluentCloud.endpoint";
    let endpoint = Endpoint::parse(&cloud.endpoint).map_err(|error| {
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

/// A key as the Secret holds it.
struct ReadCredential {
    credential: Credential,
    digest: u64,
}

impl ReadCredential {
    /// Tells apart what a lane was made from; it is kept in memory only.
    fn fingerprint(&self, endpoint: &str, organization: &str) -> u64 {
        hash((self.digest, endpoint, organization))
    }
}

fn hash(item: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    item.hash(&mut hasher);
    hasher.finish()
}

async fn credential(cloud: &ConfluentCloudBackend, context: &Context) -> Result<ReadCredential, Unusable> {
    let missing = |message: String| Unusable::Missing(Finding::new(Reason::CredentialsMissing, message));
    let namespace = &context.settings.credentials_namespace;
    let Some(auth) = &cloud.auth.api_key else {
        let message = "`spec.backend.confluentCloud.auth` must name one way: `apiKey`";
        return Err(Unusable::Missing(Finding::new(Reason::InvalidSpec, message)));
    };
    let name = &auth.secret_ref.name;
    let api: Api<Secret> = Api::namespaced(context.client.clone(), namespace);
    let secret = write::within(api.get_opt(name)).await.map_err(|error| {
        let cause = crate::telemetry::chain(&error);
        let message = format!("the Secret `{namespace}/{name}` cannot be read, and is tried again: {cause}");
        Unusable::Unread(Finding::new(Reason::OrganizationNotReady, message))
    })?;
    let secret = secret.ok_or_else(|| {
        missing(format!("the Secret `{namespace}/{name}` does not exist: create it with the keys `key` and `secret`"))
    })?;
    let text = |key: &str| {
        let bytes = secret.data.as_ref().and_then(|data| data.get(key));
        let text = bytes.and_then(|bytes| String::from_utf8(bytes.0.clone()).ok());
        text.filter(|text| !text.trim().is_empty())
            .ok_or_else(|| missing(format!("the Secret `{namespace}/{name}` has no text under `{key}`")))
    };
    let (key, secret_text) = (text("key")?, text("secret")?);
    let digest = hash((&key, &secret_text));
    let credential = Credential::api_key(&key, &secret_text.into())
        .map_err(|error| missing(format!("the Secret `{namespace}/{name}`: {}", crate::telemetry::chain(&error))))?;
    Ok(ReadCredential { credential, digest })
}

/// Makes the client, asks who we are, and starts a lane where that is the declared organization.
async fn open(
    organization: &ConfluentOrganization,
    endpoint: &Endpoint,
    credential: &ReadCredential,
    context: &Context,
) -> Result<Arc<Lane<Organization>>, Finding> {
    let unavailable = |text: String| Finding::new(Reason::BackendUnavailable, text);
    let transport = SocketTransport::new(endpoint)
        .map_err(|error| unavailable(format!("`{endpoint}` cannot be used: {}", crate::telemetry::chain(&error))))?;
    let observer = Calls::new(context.metrics.clone());
    let settings = Settings::new(hash((std::process::id(), Timestamp::now(), &context.settings.instance)));
    let credential = credential.credential.clone();
    let http = HttpClient::observed(transport, endpoint.clone(), credential, settings, Some(Arc::new(observer)));
    let declared = &organization.spec.organization_id;
    let backend: Arc<dyn AccessBackend> = Arc::new(ConfluentCloud::new(http, declared));
    let identity = tokio::time::timeout(IDENTIFY, backend.identify()).await.unwrap_or_else(|_| {
        let public = format!("`{endpoint}` gave no answer within {} s", IDENTIFY.as_secs());
        Err(BackendError::new(ErrorKind::Unavailable, "identify the operator", public))
    });
    let identity = identity.map_err(|error| refused(&error))?;
    if !identity.organization.eq_ignore_ascii_case(declared) {
        return Err(Finding::new(
            Reason::OrganizationMismatch,
            format!(
                "the credential belongs to the organization `{}` (`{}`), and `spec.organizationId` is `{declared}`: correct \
                 it, or use a key of the declared organization",
                identity.organization, identity.display_name
            ),
        ));
    }
    let name = organization.name_any();
    let (wake, resync) = (Arc::clone(&context.wake), Arc::clone(&context.wake));
    let (protected, listed) = (name.clone(), name.clone());
    Ok(Lane::start(Parts {
        name,
        realm: Organization { identity, backend },
        wake: Arc::<super::wake::Waker>::clone(&context.wake),
        leadership: context.leadership.clone(),
        metrics: context.metrics.clone(),
        protection: Box::new(move || wake.protection(&protected)),
        resync: Box::new(move || resync.resync(&listed)),
    }))
}

fn refused(error: &BackendError) -> Finding {
    let (reason, advice) = match error.kind {
        ErrorKind::CredentialsRejected => (
            Reason::CredentialsRejected,
            "put a valid Cloud API key (not a cluster's) into the Secret; it is read again as soon as it changes",
        ),
        ErrorKind::Throttled => (Reason::Throttled, "it is tried again by itself"),
        ErrorKind::Forbidden
        | ErrorKind::NotFound
        | ErrorKind::Conflict
        | ErrorKind::Invalid
        | ErrorKind::QuotaExceeded
        | ErrorKind::Unavailable
        | ErrorKind::Ambiguous
        | ErrorKind::Malformed => (Reason::BackendUnavailable, "it is tried again by itself"),
    };
    Finding::new(reason, format!("could not {}: {}; {advice}", error.operation, error.public.trim_end_matches('.')))
}
