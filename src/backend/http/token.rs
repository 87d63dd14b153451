//! Bearer tokens of the client credentials flow (RFC 6749, 4.4): got when one is needed, kept until shortly before they
//! end, one request at a time. IO, through a client of the token endpoint's own.

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ::http::{HeaderValue, Method};
use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use tokio::time::Instant;

use super::{
    Authorization, Call, CredentialError, Endpoint, HttpClient, Observer, Settings,
    authorization::Authorized,
    credential::{Eraser, sendable},
};
use crate::backend::{BackendError, ErrorKind, Transport};

const OPERATION: &str = "get a token";
/// How long before its end a token is replaced: longer than a call takes with all its attempts (90 s).
const MARGIN: Duration = Duration::from_mins(2);
/// How long a token is kept whose answer does not say how long it is good for (RFC 6749, 5.1, leaves it open).
const UNTOLD: Duration = Duration::from_mins(5);
/// No token is kept for longer, whatever its answer says.
const LONGEST: Duration = Duration::from_hours(24);

/// What a token is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// `scope`, of version 2 of Microsoft's endpoint (`.../oauth2/v2.0/token`).
    Scope(String),
    /// `resource`, of version 1 (`.../oauth2/token`).
    Resource(String),
}

impl Default for Audience {
    /// What the Cloud Partner Portal's own API was, as a scope.
    fn default() -> Self {
        Self::Scope("https://cloudpartner.azure.com/.default".to_owned())
    }
}

/// A client's id and secret, and what it asks tokens for. `Debug` shows neither.
#[derive(Clone)]
pub struct ClientCredentials {
    client: String,
    secret: SecretString,
    audience: Audience,
}

impl ClientCredentials {
    /// A client with its secret. Blanks around them are dropped, as with [`super::Credential`]; what is empty or holds a
    /// control character is refused under the name that it has in a Secret: `clientId`, `clientSecret`, `scope`, `resource`.
    pub fn new(client_id: &str, secret: &SecretString, audience: Audience) -> Result<Self, CredentialError> {
        let client = sendable("clientId", client_id)?.to_owned();
        let secret = sendable("clientSecret", secret.expose_secret())?.to_owned().into();
        let audience = match audience {
            Audience::Scope(text) => Audience::Scope(sendable("scope", &text)?.to_owned()),
            Audience::Resource(text) => Audience::Resource(sendable("resource", &text)?.to_owned()),
        };
        Ok(Self { client, secret, audience })
    }

    /// The client's id, which is no secret: it is the application id that the portal may list among its users.
    pub fn client_id(&self) -> &str {
        &self.client
    }

    /// The request for a token. The one place that takes the secret out.
    fn call(&self) -> Call {
        let (name, value) = match &self.audience {
            Audience::Scope(scope) => ("scope", scope),
            Audience::Resource(resource) => ("resource", resource),
        };
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client),
            ("client_secret", self.secret.expose_secret()),
            (name, value),
        ];
        // Two tokens in place of one do no harm.
        Call::new(OPERATION, Method::POST, "").form(&form).harmless()
    }

    /// What to take out of every text: the secret, as it is and as the form has it.
    pub(super) fn eraser(&self) -> Eraser {
        let encoded: String = form_urlencoded::byte_serialize(self.secret.expose_secret().as_bytes()).collect();
        Eraser(vec![self.secret.clone(), encoded.into()])
    }
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCredentials([redacted])")
    }
}

/// Where tokens come from. Clones share the token that is there.
#[derive(Clone)]
pub struct TokenSource {
    inner: Arc<Inner>,
}

struct Inner {
    http: HttpClient,
    credentials: ClientCredentials,
    token: Mutex<Option<Token>>,
    /// Held by whoever asks for a token; the last failure to get one.
    flight: tokio::sync::Mutex<Option<Failed>>,
}

#[derive(Clone)]
struct Token {
    /// `Bearer …`, sensitive.
    header: HeaderValue,
    text: SecretString,
    /// When to get another.
    until: Instant,
}

/// A failure to get a token, for those who waited while it was made.
struct Failed {
    at: Instant,
    kind: ErrorKind,
    public: String,
    request_id: Option<String>,
    retry_after: Option<Duration>,
}

impl TokenSource {
    /// A source that asks that endpoint, whole address included (`https://login.microsoftonline.com/<tenant>/oauth2/v2.0/token`),
    /// over a transport of its own, since it is another host than the API's.
    pub fn new(
        transport: impl Transport,
        endpoint: Endpoint,
        credentials: ClientCredentials,
        settings: Settings,
        observer: Option<Arc<dyn Observer>>,
    ) -> Self {
        let authorization = Authorization::in_body(credentials.clone());
        let http = HttpClient::observed(transport, endpoint, authorization, settings, observer);
        let (token, flight) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { inner: Arc::new(Inner { http, credentials, token, flight }) }
    }

    pub(super) fn credentials(&self) -> &ClientCredentials {
        &self.inner.credentials
    }

    /// A token that is good for a while yet: the one that is there, or a new one. Boxed, since getting one is a call of the
    /// same client that waits for it.
    pub(super) fn authorize(&self) -> BoxFuture<'_, Result<Authorized, BackendError>> {
        Box::pin(async move {
            if let Some(token) = self.kept() {
                return Ok(self.authorized(token));
            }
            let began = Instant::now();
            let mut flight = self.inner.flight.lock().await;
            if let Some(token) = self.kept() {
                return Ok(self.authorized(token));
            }
            if let Some(failed) = flight.as_ref().filter(|failed| failed.at > began) {
                return Err(failed.told());
            }
            let fetched = self.fetch().await;
            *flight = fetched.as_ref().err().map(Failed::of);
            fetched.map(|token| self.authorized(token))
        })
    }

    /// Forgets the token that an attempt was made with, unless another has taken its place.
    pub(super) fn discard(&self, header: &HeaderValue) {
        let mut token = self.inner.token.lock().unwrap_or_else(PoisonError::into_inner);
        if token.as_ref().is_some_and(|token| token.header == header) {
            *token = None;
        }
    }

    fn kept(&self) -> Option<Token> {
        let token = self.inner.token.lock().unwrap_or_else(PoisonError::into_inner);
        token.clone().filter(|token| Instant::now() < token.until)
    }

    async fn fetch(&self) -> Result<Token, BackendError> {
        let asked = Instant::now();
        let reply = self.inner.http.send(self.inner.credentials.call()).await.map_err(refused)?;
        let grant: Grant = reply.json()?;
        let token =
            grant.read(asked).ok_or_else(|| reply.unreadable("the answer has no bearer token that can be sent"))?;
        *self.inner.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(token)
    }

    fn authorized(&self, token: Token) -> Authorized {
        let mut eraser = self.inner.credentials.eraser();
        eraser.0.push(token.text);
        Authorized { header: Some(token.header), eraser }
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource").field("endpoint", self.inner.http.endpoint()).finish_non_exhaustive()
    }
}

impl Failed {
    fn of(error: &BackendError) -> Self {
        Self {
            at: Instant::now(),
            kind: error.kind,
            public: error.public.clone(),
            request_id: error.request_id.clone(),
            retry_after: error.retry_after,
        }
    }

    fn told(&self) -> BackendError {
        let mut error = BackendError::new(self.kind, OPERATION, self.public.clone());
        error.request_id.clone_from(&self.request_id);
        error.retry_after = self.retry_after;
        error
    }
}

/// A refusal of the token endpoint as one of the call that needed the token, which was never made: nothing that it says is
/// about what that call is about. A 404 above all is no word on who is there.
fn refused(mut error: BackendError) -> BackendError {
    error.kind = match error.kind {
        ErrorKind::CredentialsRejected | ErrorKind::Forbidden => ErrorKind::CredentialsRejected,
        ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::Invalid => ErrorKind::Invalid,
        ErrorKind::QuotaExceeded | ErrorKind::Throttled => ErrorKind::Throttled,
        ErrorKind::Unavailable | ErrorKind::Ambiguous => ErrorKind::Unavailable,
        ErrorKind::Malformed => ErrorKind::Malformed,
    };
    error.refused = None;
    error
}

/// The answer of a token endpoint, as far as it is used.
#[derive(Deserialize)]
struct Grant {
    access_token: String,
    token_type: Option<String>,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<Duration>,
}

impl Grant {
    fn read(self, asked: Instant) -> Option<Token> {
        let bearer = self.token_type.as_deref().is_none_or(|kind| kind.eq_ignore_ascii_case("Bearer"));
        let text: SecretString = Some(self.access_token).filter(|text| bearer && !text.is_empty())?.into();
        let mut header = HeaderValue::from_str(&format!("Bearer {}", text.expose_secret())).ok()?;
        header.set_sensitive(true);
        let lifetime = self.expires_in.unwrap_or(UNTOLD).min(LONGEST);
        Some(Token { header, text, until: asked + lifetime.saturating_sub(MARGIN.min(lifetime / 2)) })
    }
}

/// Version 1 of Microsoft's endpoint writes the number as a string.
fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Text(String),
        Other(serde::de::IgnoredAny),
    }
    Ok(match Option::<Either>::deserialize(from)? {
        Some(Either::Number(count)) => Some(Duration::from_secs(count)),
        Some(Either::Text(text)) => text.trim().parse().ok().map(Duration::from_secs),
        Some(Either::Other(_)) | None => None,
    })
}
