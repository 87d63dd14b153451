//! One call and its answer, as values. PURE.

use ::http::{HeaderMap, Method};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use crate::backend::{BackendError, ErrorKind};

/// A request, before it has an address, a credential and a deadline.
#[derive(Clone, Debug)]
pub struct Call {
    pub(super) operation: &'static str,
    pub(super) method: Method,
    pub(super) template: &'static str,
    pub(super) arguments: Vec<String>,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Bytes>,
}

impl Call {
    /// A call of that name (`list users`), verb and path template (`/iam/v2/users/{id}`).
    pub fn new(operation: &'static str, method: Method, template: &'static str) -> Self {
        Self { operation, method, template, arguments: Vec::new(), query: Vec::new(), body: None }
    }

    /// A read.
    pub fn get(operation: &'static str, template: &'static str) -> Self {
        Self::new(operation, Method::GET, template)
    }

    /// What the next `{…}` of the template stands for.
    #[must_use]
    pub fn argument(mut self, value: impl Into<String>) -> Self {
        self.arguments.push(value.into());
        self
    }

    /// One more member of the query.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// A JSON body.
    pub fn json(mut self, body: &impl Serialize) -> Result<Self, BackendError> {
        let bytes = serde_json::to_vec(body).map_err(|_| {
            BackendError::new(ErrorKind::Invalid, self.operation, "the request cannot be put into JSON")
        })?;
        self.body = Some(bytes.into());
        Ok(self)
    }

    /// What is being done, for errors.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// Whether it can change nothing, and so can be repeated.
    pub(super) fn is_read(&self) -> bool {
        self.method.is_safe()
    }
}

/// An answer with a status of success.
#[derive(Debug)]
pub struct Reply {
    pub(super) operation: &'static str,
    pub(super) read: bool,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) request_id: String,
}

impl Reply {
    /// The answer's headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body as that type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, BackendError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // serde's own text quotes what it read, which could be anything: only the place and the kind are told.
            let place = format!("{:?} at line {} column {}", error.classify(), error.line(), error.column());
            self.unreadable(&format!("the answer is not the JSON that was expected ({place})"))
        })
    }

    /// Whether an answer without anything to read is one of the API at all: empty, or a JSON object. A proxy's page
    /// under status 200 is not.
    pub fn acknowledged(&self) -> Result<(), BackendError> {
        if self.body.trim_ascii().is_empty() { Ok(()) } else { self.json::<serde_json::Map<_, _>>().map(drop) }
    }

    /// The error for an answer that cannot be used: after a write it leaves open what happened.
    pub fn unreadable(&self, public: &str) -> BackendError {
        let kind = if self.read { ErrorKind::Malformed } else { ErrorKind::Ambiguous };
        let mut error = BackendError::new(kind, self.operation, public);
        error.request_id = Some(self.request_id.clone());
        error
    }
}
