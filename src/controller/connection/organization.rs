//! The connection of a `ConfluentOrganization`.

use std::sync::Arc;

use kube::ResourceExt;

use crate::{
    api::{
        ConfluentOrganization,
        organization::{AuditLogSource, ConfluentCloudBackend},
    },
    backend::{AccessBackend, ConfluentCloud, Credential, Endpoint, HttpClient},
    plan::{Finding, Reason},
};

use super::{
    super::{
        calls::Calls,
        context::Context,
        fence::Fence,
        key::Kind,
        lane::{Lane, Organization, Parts},
        ledger::StatusLedger,
    },
    Pair, Unusable, client_settings, endpoint, identify, read_pair,
};

/// The lane to use, made anew when endpoint or credential changed.
pub(crate) async fn connect(
    organization: &ConfluentOrganization,
    context: &Context,
) -> Result<(Arc<Lane<Organization>>, u64), Finding> {
    let declared = &organization.spec.organization_id;
    if let Some(older) = older_twin(organization, context) {
        return Err(Finding::new(
            Reason::DuplicateOrganization,
            format!(
                "the ConfluentOrganization `{older}` is older and connects to the same organization `{declared}`: delete \
                 this object, and let its dependents name `{older}`"
            ),
        ));
    }
    let Some(cloud) = &organization.spec.backend.confluent_cloud else {
        return Err(Finding::new(Reason::InvalidSpec, "`spec.backend` must name one backend: `confluentCloud`"));
    };
    let endpoint = endpoint("spec.backend.confluentCloud.endpoint", &cloud.endpoint, context)?;
    let before = context.organizations.lane(&organization.name_any());
    let (pair, credential) = match (credential(cloud, context).await, &before) {
        // A Secret that cannot be read just now is no news about what is in it.
        (Err(Unusable::Unread(_)), Some((lane, fingerprint))) => return Ok((Arc::clone(lane), *fingerprint)),
        (Err(Unusable::Unread(finding) | Unusable::Missing(finding)), _) => return Err(finding),
        (Ok(read), _) => read,
    };
    let fingerprint = pair.fingerprint((&cloud.endpoint, declared, cloud.audit_log == AuditLogSource::Served));
    if let Some((lane, _)) = before.filter(|(_, made_from)| *made_from == fingerprint) {
        return Ok((lane, fingerprint));
    }
    let lane = open(organization, &endpoint, credential, context).await?;
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

async fn credential(cloud: &ConfluentCloudBackend, context: &Context) -> Result<(Pair, Credential), Unusable> {
    let Some(auth) = &cloud.auth.api_key else {
        let message = "`spec.backend.confluentCloud.auth` must name one way: `apiKey`";
        return Err(Unusable::Missing(Finding::new(Reason::InvalidSpec, message)));
    };
    let pair = read_pair::<Organization>(&auth.secret_ref.name, context).await?;
    let credential = Credential::api_key(&pair.key, &pair.secret.clone().into()).map_err(|error| {
        Unusable::missing(format!("the Secret `{}`: {}", pair.name, crate::telemetry::chain(&error)))
    })?;
    Ok((pair, credential))
}

/// Makes the client, asks who we are, and starts a lane where that is the declared organization.
async fn open(
    organization: &ConfluentOrganization,
    endpoint: &Endpoint,
    credential: Credential,
    context: &Context,
) -> Result<Arc<Lane<Organization>>, Finding> {
    let unavailable = |text: String| Finding::new(Reason::BackendUnavailable, text);
    let transport =
        context.settings.outside.transport(endpoint).map_err(|error| {
            unavailable(format!("`{endpoint}` cannot be used: {}", crate::telemetry::chain(&error)))
        })?;
    let observer = Arc::new(Calls::new(context.metrics.clone(), Kind::Organization, &organization.name_any()));
    let settings = client_settings(endpoint, credential.key_id(), context);
    let http = HttpClient::observed(transport, endpoint.clone(), credential, settings, Some(observer));
    let declared = &organization.spec.organization_id;
    let cloud = ConfluentCloud::new(http, declared);
    let source = organization.spec.backend.confluent_cloud.as_ref().map(|it| it.audit_log);
    let audited = source == Some(AuditLogSource::Served);
    let backend: Arc<dyn AccessBackend> = Arc::new(if audited { cloud.with_audit_log() } else { cloud });
    let identity = identify::<_, Organization>(backend.identify(), endpoint).await?;
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
    let (protected, listed, limited) = (name.clone(), name.clone(), name.clone());
    let limits = Arc::clone(&context.wake);
    Ok(Lane::start(Parts {
        name,
        realm: Organization { identity, backend, catalogue: Arc::clone(&context.settings.catalogue) },
        wake: Arc::<super::super::wake::Waker>::clone(&context.wake),
        leadership: context.leadership.clone(),
        protection: Box::new(move || wake.protection(&protected)),
        resync: Box::new(move || resync.resync(&listed)),
        limits: Box::new(move || limits.limits(&limited)),
        ledger: Box::new(StatusLedger::new(organization, &context.client)),
        caches: Some(Box::new(Fence::new(&context.client, &context.wake))),
        outside: context.settings.outside.clone(),
    }))
}
