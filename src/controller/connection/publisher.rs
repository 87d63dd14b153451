//! The connection of a `Publisher`.

use std::sync::Arc;

use kube::ResourceExt;

use crate::{
    access::publisher::{MemberKey, VisiblePublisher},
    api::{
        Publisher as Object,
        publisher::{ClientSecretAuth, PortalBackend},
    },
    backend::{Audience, ClientCredentials, Endpoint, HttpClient, Portal, PublisherBackend, TokenSource, Transport},
    plan::{Finding, Reason},
};

use super::{
    super::{
        calls::Calls,
        context::Context,
        key::Kind,
        lane::{Lane, Parts, Publisher},
        ledger::StatusLedger,
    },
    Pair, Unusable, client_settings, endpoint, identify, read_pair,
};

/// Most publishers that a sentence names.
const NAMED: usize = 10;

/// The lane to use, made anew when endpoint or credential changed.
pub(crate) async fn connect(publisher: &Object, context: &Context) -> Result<(Arc<Lane<Publisher>>, u64), Finding> {
    let declared = &publisher.spec.publisher_id;
    if let Some(older) = older_twin(publisher, context) {
        return Err(Finding::new(
            Reason::DuplicatePublisher,
            format!(
                "the Publisher `{older}` is older and connects to the same publisher `{declared}`: delete this object, and \
                 let its dependents name `{older}`"
            ),
        ));
    }
    let Some(portal) = &publisher.spec.backend.portal else {
        return Err(Finding::new(Reason::InvalidSpec, "`spec.backend` must name one backend: `portal`"));
    };
    let Some(auth) = &portal.auth.client_secret else {
        let message = "`spec.backend.portal.auth` must name one way: `clientSecret`";
        return Err(Finding::new(Reason::InvalidSpec, message));
    };
    let portal_endpoint = endpoint("spec.backend.portal.endpoint", &portal.endpoint, context)?;
    let field = "spec.backend.portal.auth.clientSecret.tokenEndpoint";
    let token_endpoint = endpoint(field, &auth.token_endpoint, context)?;
    let before = context.publishers.lane(&publisher.name_any());
    let (pair, credentials) = match (credentials(auth, context).await, &before) {
        // A Secret that cannot be read just now is no news about what is in it.
        (Err(Unusable::Unread(_)), Some((lane, fingerprint))) => return Ok((Arc::clone(lane), *fingerprint)),
        (Err(Unusable::Unread(finding) | Unusable::Missing(finding)), _) => return Err(finding),
        (Ok(read), _) => read,
    };
    let audience = (&auth.token_endpoint, &auth.scope, &auth.resource);
    let fingerprint = pair.fingerprint((&portal.endpoint, &portal.api_version, audience, declared));
    if let Some((lane, _)) = before.filter(|(_, made_from)| *made_from == fingerprint) {
        return Ok((lane, fingerprint));
    }
    let source = token_source(&token_endpoint, credentials.clone(), publisher, context)?;
    let lane = open(publisher, portal, &portal_endpoint, &credentials, source, context).await?;
    Ok((lane, fingerprint))
}

/// One publisher, one lane: the oldest object has it.
fn older_twin(publisher: &Object, context: &Context) -> Option<String> {
    let age = |it: &Object| (it.metadata.creation_timestamp.clone().map(|time| time.0), it.uid());
    let elder = |other: &Object| {
        let twin = other.uid() != publisher.uid()
            && other.spec.publisher_id == publisher.spec.publisher_id
            && age(other) < age(publisher);
        twin.then(|| (age(other), other.name_any()))
    };
    context.wake.publishers.select(elder).into_iter().min().map(|(_, name)| name)
}

async fn credentials(auth: &ClientSecretAuth, context: &Context) -> Result<(Pair, ClientCredentials), Unusable> {
    let pair = read_pair::<Publisher>(&auth.secret_ref.name, context).await?;
    let credentials = ClientCredentials::new(&pair.key, &pair.secret.clone().into(), audience(auth));
    let credentials = credentials.map_err(|error| {
        Unusable::missing(format!("the Secret `{}`: {}", pair.name, crate::telemetry::chain(&error)))
    })?;
    Ok((pair, credentials))
}

/// What a token is asked for; the schema admits at most one of both.
fn audience(auth: &ClientSecretAuth) -> Audience {
    match (&auth.resource, &auth.scope) {
        (Some(resource), _) => Audience::Resource(resource.clone()),
        (None, Some(scope)) => Audience::Scope(scope.clone()),
        (None, None) => Audience::default(),
    }
}

fn transport(endpoint: &Endpoint, context: &Context) -> Result<Box<dyn Transport>, Finding> {
    context.settings.outside.transport(endpoint).map_err(|error| {
        let cause = crate::telemetry::chain(&error);
        Finding::new(Reason::BackendUnavailable, format!("`{endpoint}` cannot be used: {cause}"))
    })
}

fn token_source(
    endpoint: &Endpoint,
    credentials: ClientCredentials,
    publisher: &Object,
    context: &Context,
) -> Result<TokenSource, Finding> {
    let observer = Arc::new(Calls::new(context.metrics.clone(), Kind::Publisher, &publisher.name_any()));
    let settings = client_settings(endpoint, credentials.client_id(), context);
    let transport = transport(endpoint, context)?;
    Ok(TokenSource::new(transport, endpoint.clone(), credentials, settings, Some(observer)))
}

/// Makes the client, asks on which publishers we have a role, and starts a lane where the declared one is among them.
async fn open(
    publisher: &Object,
    portal: &PortalBackend,
    endpoint: &Endpoint,
    credentials: &ClientCredentials,
    source: TokenSource,
    context: &Context,
) -> Result<Arc<Lane<Publisher>>, Finding> {
    let observer = Arc::new(Calls::new(context.metrics.clone(), Kind::Publisher, &publisher.name_any()));
    let settings = client_settings(endpoint, credentials.client_id(), context);
    let http = HttpClient::observed(transport(endpoint, context)?, endpoint.clone(), source, settings, Some(observer));
    let declared = &publisher.spec.publisher_id;
    let backend: Arc<dyn PublisherBackend> =
        Arc::new(Portal::new(http, declared).with_api_version(&portal.api_version));
    let identity = identify::<_, Publisher>(backend.identify(), endpoint).await?;
    let Some(seen) = identity.publishers.iter().find(|seen| seen.id.eq_ignore_ascii_case(declared)) else {
        return Err(not_visible(declared, &identity.publishers));
    };
    let name = publisher.name_any();
    let (wake, resync) = (Arc::clone(&context.wake), Arc::clone(&context.wake));
    let (protected, listed, limited) = (name.clone(), name.clone(), name.clone());
    let limits = Arc::clone(&context.wake);
    Ok(Lane::start(Parts {
        name,
        realm: Publisher {
            seen: seen.clone(),
            visible: identity.publishers.clone(),
            own: MemberKey::Application(credentials.client_id().to_lowercase()),
            simulated: identity.simulated,
            backend,
        },
        wake: Arc::<super::super::wake::Waker>::clone(&context.wake),
        leadership: context.leadership.clone(),
        protection: Box::new(move || wake.member_protection(&protected)),
        resync: Box::new(move || resync.publisher_resync(&listed)),
        limits: Box::new(move || limits.member_limits(&limited)),
        ledger: Box::new(StatusLedger::new(publisher, &context.client)),
        caches: None,
        outside: context.settings.outside.clone(),
    }))
}

fn not_visible(declared: &str, visible: &[VisiblePublisher]) -> Finding {
    let names: Vec<String> = visible.iter().take(NAMED).map(|seen| format!("`{}`", seen.id)).collect();
    let more = visible.len().saturating_sub(NAMED);
    let seen = match (names.is_empty(), more) {
        (true, _) => "it has a role on none".to_owned(),
        (false, 0) => format!("it has one on {}", names.join(", ")),
        (false, more) => format!("it has one on {} and {more} more", names.join(", ")),
    };
    Finding::new(
        Reason::PublisherNotVisible,
        format!(
            "the operator's identity has no role on the publisher `{declared}`, and {seen}: correct `spec.publisherId`, or \
             have an owner add the identity in the portal"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_asked_for_the_portal_unless_told_otherwise() {
        let text = |text: &str| Some(text.to_owned());
        let auth = ClientSecretAuth::default();
        assert_eq!(audience(&auth), Audience::Scope("https://cloudpartner.azure.com/.default".to_owned()));
        let resource = ClientSecretAuth { resource: text("https://p"), ..auth.clone() };
        assert_eq!(audience(&resource), Audience::Resource("https://p".to_owned()));
        let scope = ClientSecretAuth { scope: text("api://p/.default"), ..auth };
        assert_eq!(audience(&scope), Audience::Scope("api://p/.default".to_owned()));
    }
}
