//! The one HTTP client of every adapter: credential, deadline, request id, and retries only where nothing can be done
//! twice. IO, through a [`Transport`].
//!
//! A read is tried again after 429, 5xx and broken connections. A write is tried once: what certainly did not happen is
//! `Unavailable` or `Throttled`, what may have happened is `Ambiguous`. After a 401, which certainly did nothing, either
//! is tried once more with a new token where the credential is one that gets tokens.
//!
//! Every attempt first waits for its turn in the credential's pace; the time of that is not the call's. A page of a listing that
//! is refused for its rate is asked for again and again, for a quarter of an hour: where the vendor takes fewer requests than a
//! listing has pages, one that began anew at each refusal would never be complete.

mod authorization;
mod call;
mod credential;
mod endpoint;
mod observe;
mod pace;
mod refusal;
mod retry;
#[cfg(test)]
mod tests;
mod token;

use std::{error::Error, fmt, sync::Arc, time::Duration};

use ::http::{HeaderValue, Request, Response, StatusCode, header};
use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout};
use tracing::{Instrument, Span};

pub use authorization::Authorization;
pub use call::{Call, Reply};
pub use credential::{Credential, CredentialError};
pub use endpoint::{Endpoint, EndpointError};
pub use observe::{Attempt, Observer};
pub use pace::{Pace, Paces, Purpose};
pub use retry::{LONGEST_PAUSE, Rate, Settings};
pub use token::{Audience, ClientCredentials, TokenSource};

use self::{
    authorization::Authorized,
    credential::Eraser,
    pace::{TooLong, Turn},
};
use crate::telemetry::PassId;

use super::{BackendError, ErrorKind, error::Refused, transport::Transport, transport::TransportError};

/// How long a listing's page is asked for again while it is refused for its rate.
const LONGEST_REFUSED: Duration = Duration::from_mins(15);

const USER_AGENT: &str = concat!("roster/", env!("CARGO_PKG_VERSION"));

/// A client for one endpoint with one credential. Clones share their transport and their counters.
#[derive(Clone)]
pub struct HttpClient {
    inner: Arc<Inner>,
}

struct Inner {
    transport: Box<dyn Transport>,
    endpoint: Endpoint,
    authorization: Authorization,
    settings: Settings,
    observer: Option<Arc<dyn Observer>>,
    ids: retry::Draw,
    jitter: retry::Draw,
}

/// An attempt that did not succeed.
struct Failure {
    error: BackendError,
    transient: bool,
}

impl HttpClient {
    /// A client over that transport.
    pub fn new(
        transport: impl Transport,
        endpoint: Endpoint,
        credential: impl Into<Authorization>,
        settings: Settings,
    ) -> Self {
        Self::observed(transport, endpoint, credential, settings, None)
    }

    /// The same, with an observer that is told of every attempt.
    pub fn observed(
        transport: impl Transport,
        endpoint: Endpoint,
        credential: impl Into<Authorization>,
        settings: Settings,
        observer: Option<Arc<dyn Observer>>,
    ) -> Self {
        let (ids, jitter) = (retry::Draw::new(settings.seed), retry::Draw::new(!settings.seed));
        let (transport, authorization) = (Box::new(transport), credential.into());
        Self { inner: Arc::new(Inner { transport, endpoint, authorization, settings, observer, ids, jitter }) }
    }

    /// Where requests go.
    pub fn endpoint(&self) -> &Endpoint {
        &self.inner.endpoint
    }

    /// The id of the key, or of the client, that we authenticate with.
    pub fn key_id(&self) -> &str {
        self.inner.authorization.id()
    }

    /// Whether requests for that purpose have to wait for the vendor's rate now.
    pub fn is_used_up(&self, purpose: Purpose) -> bool {
        self.inner.settings.pace.is_used_up(purpose)
    }

    /// Makes a call; anything but a status of success is an error.
    pub async fn send(&self, call: Call) -> Result<Reply, BackendError> {
        let request_id = self.request_id();
        let (operation, method, path) = (call.operation, &call.method, call.template);
        let status = tracing::field::Empty;
        let span = tracing::info_span!(
            "call", otel.kind = "client", otel.status_code = status, operation, %method, path, request_id, status
        );
        self.send_as(call, &request_id).instrument(span).await
    }

    /// An id that no other call has; it begins with that of the pass that the call is part of.
    fn request_id(&self) -> String {
        let drawn = self.inner.ids.next();
        PassId::current()
            .map_or_else(|| format!("roster-{drawn:016x}"), |pass| format!("roster-{pass}-{:08x}", drawn >> 32))
    }

    async fn send_as(&self, call: Call, request_id: &str) -> Result<Reply, BackendError> {
        let mut deadline = Instant::now() + self.inner.settings.overall;
        let (mut number, mut renewed, mut refused) = (1, false, None);
        loop {
            let authorized = self.authorize(call.operation).await?;
            let asked = Instant::now();
            let turn = self.turn(&call).await?;
            deadline += asked.elapsed();
            let failure = match self.attempt(&call, &authorized, request_id, (number, turn), deadline).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            if failure.error.status() == Some(401) && !renewed && self.inner.authorization.discard(&authorized) {
                renewed = true;
                continue;
            }
            let now = Instant::now();
            if is_sat_out(&call, &failure) && now.duration_since(*refused.get_or_insert(now)) < LONGEST_REFUSED {
                // The pace knows how long to wait.
                deadline = now + self.inner.settings.overall;
                continue;
            }
            let Some(pause) = self.pause_before_next(&call, &failure, number, deadline) else {
                return Err(failure.error);
            };
            sleep(pause).await;
            number += 1;
        }
    }

    /// How long to wait before the next attempt; `None` where there is to be none. A wait that the deadline would cut
    /// short is not begun.
    fn pause_before_next(&self, call: &Call, failure: &Failure, number: u32, deadline: Instant) -> Option<Duration> {
        let settings = &self.inner.settings;
        if !(call.is_read() && failure.transient && number < settings.attempts) {
            return None;
        }
        let own = settings.pause_after(number, self.inner.jitter.next());
        let pause = failure.error.retry_after.map_or(own, |asked| asked.max(own));
        (pause < deadline.saturating_duration_since(Instant::now())).then_some(pause)
    }

    /// What the next attempt proves who we are with. Getting it has the time of one attempt, so that some is left.
    async fn authorize(&self, operation: &'static str) -> Result<Authorized, BackendError> {
        let limit = self.inner.settings.attempt;
        timeout(limit, self.inner.authorization.authorize(operation)).await.unwrap_or_else(|_| {
            let public = format!("no token came within {} s", limit.as_secs());
            Err(BackendError::new(ErrorKind::Unavailable, operation, public))
        })
    }

    /// Leave for one attempt. A wait that would be long is told as the vendor's refusal would be, and nothing is sent.
    async fn turn(&self, call: &Call) -> Result<Turn, BackendError> {
        let (purpose, asked) = (Purpose::current(), Instant::now());
        let turn = self.inner.settings.pace.turn(purpose, call.is_read()).await;
        let waited = asked.elapsed();
        if let Some(observer) = self.inner.observer.as_ref().filter(|_| waited.as_millis() > 0) {
            observer.waited(purpose, waited);
        }
        turn.map_err(|TooLong(left)| {
            let mut error = BackendError::new(ErrorKind::Throttled, call.operation, "no more requests for now");
            error.retry_after = Some(left);
            error
        })
    }

    async fn attempt(
        &self,
        call: &Call,
        authorized: &Authorized,
        id: &str,
        (number, turn): (u32, Turn),
        deadline: Instant,
    ) -> Result<Reply, Failure> {
        let eraser = &authorized.eraser;
        let request = self.request(call, authorized, id).map_err(|error| Failure { error, transient: false })?;
        let started = Instant::now();
        let limit = self.inner.settings.attempt.min(deadline.saturating_duration_since(started));
        let outcome = timeout(limit, self.inner.transport.send(request)).await;
        let answer = outcome.as_ref().ok().and_then(|sent| sent.as_ref().ok());
        let status = answer.map(|answer| answer.status().as_u16());
        let rate = answer.map(|answer| Rate::read(answer.headers())).unwrap_or_default();
        let told = Attempt::new(call, status, rate, started.elapsed());
        let request_id = answer.map(|answer| refusal::request_id(answer.headers(), id, eraser));
        let span = Span::current();
        span.record("status", status);
        span.record("otel.status_code", if status.is_some_and(|status| status < 400) { "OK" } else { "ERROR" });
        told.log(request_id.as_deref().unwrap_or(id), number);
        if let Some(observer) = &self.inner.observer {
            observer.attempted(&told);
        }
        match &outcome {
            Ok(Ok(answer)) => turn.answered(answer.status() == StatusCode::TOO_MANY_REQUESTS, rate),
            Ok(Err(error)) if !error.sent => turn.unsent(),
            Ok(Err(_)) | Err(_) => drop(turn),
        }
        match outcome {
            Ok(Ok(answer)) => judge(call, answer, &rate, request_id.unwrap_or_default(), eraser),
            Ok(Err(error)) => Err(self.broken(call, id, &error, eraser)),
            Err(_) => Err(self.late(call, id, limit)),
        }
    }

    fn request(&self, call: &Call, authorized: &Authorized, id: &str) -> Result<Request<Bytes>, BackendError> {
        let refuse = |what: &str| BackendError::new(ErrorKind::Invalid, call.operation, what);
        let url = self
            .inner
            .endpoint
            .at(call.template, &call.arguments, &call.query)
            .ok_or_else(|| refuse("an id is empty or holds a path"))?;
        let mut builder = Request::builder()
            .method(call.method.clone())
            .uri(url.as_str())
            .header(header::USER_AGENT, HeaderValue::from_static(USER_AGENT))
            .header(header::ACCEPT, HeaderValue::from_static("application/json"))
            .header("x-request-id", id);
        if let Some(value) = &authorized.header {
            builder = builder.header(header::AUTHORIZATION, value);
        }
        for (name, value) in &call.headers {
            builder = builder.header(name, value);
        }
        builder.body(call.body.clone().unwrap_or_default()).map_err(|_| refuse("the request cannot be written"))
    }

    /// No answer: whether the request can have arrived decides what is known.
    fn broken(&self, call: &Call, id: &str, cause: &TransportError, eraser: &Eraser) -> Failure {
        let host = self.inner.endpoint.host();
        let (kind, public) = match (cause.sent, call.is_read()) {
            (false, _) => (ErrorKind::Unavailable, format!("no connection to `{host}` could be made")),
            (true, true) => (ErrorKind::Unavailable, format!("the connection to `{host}` broke")),
            (true, false) => {
                let public = format!("the connection to `{host}` broke, so it is not known whether this was done");
                (ErrorKind::Ambiguous, public)
            }
        };
        let mut error = BackendError::new(kind, call.operation, public);
        error.request_id = Some(id.to_owned());
        error.source = Some(Box::new(Cause(eraser.erase_from(&chain(cause)))));
        Failure { error, transient: true }
    }

    fn late(&self, call: &Call, id: &str, limit: Duration) -> Failure {
        let host = self.inner.endpoint.host();
        let (kind, doubt) = if call.is_read() {
            (ErrorKind::Unavailable, "")
        } else {
            (ErrorKind::Ambiguous, ", so it is not known whether this was done")
        };
        let public = format!("`{host}` gave no answer within {} s{doubt}", limit.as_secs());
        let mut error = BackendError::new(kind, call.operation, public);
        error.request_id = Some(id.to_owned());
        Failure { error, transient: true }
    }
}

/// Whether what was refused is waited for, however often that is: nobody waits for it, and it is a part of something whole.
fn is_sat_out(call: &Call, failure: &Failure) -> bool {
    call.is_read() && failure.error.kind == ErrorKind::Throttled && Purpose::current() == Purpose::Upkeep
}

fn judge(call: &Call, answer: Response<Bytes>, rate: &Rate, id: String, eraser: &Eraser) -> Result<Reply, Failure> {
    let (parts, body) = answer.into_parts();
    let unchanged = parts.status == StatusCode::NOT_MODIFIED && call.is_conditional_read();
    if parts.status.is_success() || unchanged {
        let (operation, read, status) = (call.operation, call.is_read(), parts.status);
        return Ok(Reply { operation, read, status, headers: parts.headers, body, request_id: id });
    }
    let judged = refusal::judge(call.is_read(), parts.status, &parts.headers, &body, eraser);
    let mut error = BackendError::new(judged.kind, call.operation, judged.public);
    error.request_id = Some(id);
    error.retry_after = refusal::wait(parts.status, rate);
    error.refused = Some(Box::new(Refused { status: parts.status.as_u16(), code: judged.code }));
    Err(Failure { error, transient: judged.transient })
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").field("endpoint", &self.inner.endpoint).finish_non_exhaustive()
    }
}

/// A transport's causes as text, for the log: the transport may be anyone's, so its text is erased first.
#[derive(Debug)]
struct Cause(String);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Cause {}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
