//! A transport for tests that answers from a function and keeps what it was asked. PURE but for virtual time.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use ::http::{HeaderMap, Method, Request, Response};
use bytes::Bytes;
use futures::future::BoxFuture;
use reqwest::Url;

use super::{Credential, Endpoint, HttpClient, Settings, Transport, TransportError};

/// Planted as the secret of every client made here; no text may hold it.
pub(super) const CANARY: &str = "canary-secret/+==";
/// The key's id.
pub(super) const KEY: &str = "CANARYKEY0123456";

/// What becomes of one request.
#[derive(Clone)]
pub(super) enum Outcome {
    /// An answer: status, headers, body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// No connection.
    Unsent,
    /// A connection that breaks after the request was written.
    Broken,
    /// No answer, ever.
    Silence,
}

/// An answer without headers.
pub(super) fn answer(status: u16, body: impl Into<String>) -> Outcome {
    Outcome::Answer(status, Vec::new(), body.into())
}

/// An answer with one header.
pub(super) fn with(status: u16, name: &'static str, value: &str, body: &str) -> Outcome {
    Outcome::Answer(status, vec![(name, value.to_owned())], body.to_owned())
}

/// One request as the transport got it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Seen {
    /// `GET /path?name=value&…`, decoded.
    pub(super) fn line(&self) -> String {
        let query: Vec<String> = self.url.query_pairs().map(|(name, value)| format!("{name}={value}")).collect();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        format!("{} {}{query}", self.method, self.url.path())
    }

    /// The value of one member of the query.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// Everything that was asked.
pub(super) type Record = Arc<Mutex<Vec<Seen>>>;

/// A client whose server is that function of the request and of how many came before.
pub(super) fn client(serve: impl Fn(usize, &Seen) -> Outcome + Send + Sync + 'static) -> (HttpClient, Record) {
    let (transport, record) = transport(serve);
    (HttpClient::new(transport, endpoint(), credential(), Settings::new(7)), record)
}

/// The transport alone.
pub(super) fn transport(serve: impl Fn(usize, &Seen) -> Outcome + Send + Sync + 'static) -> (impl Transport, Record) {
    let record = Record::default();
    let kept = Arc::clone(&record);
    let transport = move |request: Request<Bytes>| -> BoxFuture<'static, Result<Response<Bytes>, TransportError>> {
        let (parts, body) = request.into_parts();
        let seen = Seen {
            method: parts.method,
            url: Url::parse(&parts.uri.to_string()).unwrap(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        };
        let mut record = kept.lock().unwrap();
        let outcome = serve(record.len(), &seen);
        record.push(seen);
        Box::pin(carry_out(outcome))
    };
    (transport, record)
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::parse("https://api.confluent.test").unwrap()
}

pub(super) fn credential() -> Credential {
    Credential::api_key(KEY, &CANARY.into()).unwrap()
}

async fn carry_out(outcome: Outcome) -> Result<Response<Bytes>, TransportError> {
    tokio::time::sleep(Duration::from_millis(1)).await;
    match outcome {
        Outcome::Answer(status, headers, body) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            Ok(response.body(body.into()).unwrap())
        }
        Outcome::Unsent => Err(TransportError::unsent(format!("refused while sending {CANARY}"))),
        Outcome::Broken => Err(TransportError::broken(format!("reset while sending {CANARY}"))),
        Outcome::Silence => std::future::pending().await,
    }
}
