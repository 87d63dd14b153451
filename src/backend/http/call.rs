//! One call and its answer, as values. PURE.

use std::{borrow::Cow, fmt};

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use crate::backend::{BackendError, ErrorKind};

/// A request, before it has an address, a credential and a deadline.
#[derive(Clone)]
pub struct Call {
    pub(super) operation: &'static str,
    pub(super) method: Method,
    pub(super) template: &'static str,
    pub(super) arguments: Vec<String>,
    pub(super) query: Vec<(Cow<'static, str>, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    harmless: bool,
}

impl Call {
    /// A call of that name (`list users`), verb and path template (`/iam/v2/users/{id}`).
    pub fn new(operation: &'static str, method: Method, template: &'static str) -> Self {
        let (harmless, headers) = (method.is_safe(), HeaderMap::new());
        Self { operation, method, template, arguments: Vec::new(), query: Vec::new(), headers, body: None, harmless }
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
    pub fn query(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// One more header. Text that no header can hold is [`ErrorKind::Invalid`].
    pub fn header(mut self, name: HeaderName, value: &str) -> Result<Self, BackendError> {
        let value = HeaderValue::from_str(value).map_err(|_| {
            let public = format!("the value for `{name}` holds a character that cannot be sent");
            BackendError::new(ErrorKind::Invalid, self.operation, public)
        })?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// A JSON body.
    pub fn json(self, body: &impl Serialize) -> Result<Self, BackendError> {
        let bytes = serde_json::to_vec(body).map_err(|_| {
            BackendError::new(ErrorKind::Invalid, self.operation, "the request cannot be put into JSON")
        })?;
        Ok(self.with_body("application/json", bytes))
    }

    /// The body of a form.
    #[must_use]
    pub(super) fn form(self, pairs: &[(&str, &str)]) -> Self {
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.with_body("application/x-www-form-urlencoded", text.into_bytes())
    }

    fn with_body(mut self, kind: &'static str, bytes: Vec<u8>) -> Self {
        self.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        self.body = Some(bytes.into());
        self
    }

    /// Says of a verb that could change something that here it does not: it may be repeated as a read may.
    #[must_use]
    pub(super) fn harmless(mut self) -> Self {
        self.harmless = true;
        self
    }

    /// What is being done, for errors.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// Whether it can change nothing, and so can be repeated.
    pub(super) fn is_read(&self) -> bool {
        self.harmless
    }

    /// Whether `304 Not Modified` is an answer to it.
    pub(super) fn is_conditional_read(&self) -> bool {
        self.harmless && self.headers.contains_key(header::IF_NONE_MATCH)
    }
}

/// Neither arguments, which name people, nor the body, which can hold a secret.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, method, template, .. } = self;
        f.debug_struct("Call")
            .field("operation", operation)
            .field("method", method)
            .field("template", template)
            .finish_non_exhaustive()
    }
}

/// An answer with a status of success, or `304` to a call with `If-None-Match`. `Debug` shows no body.
pub struct Reply {
    pub(super) operation: &'static str,
    pub(super) read: bool,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) request_id: String,
}

impl Reply {
    /// Whether what the call named by `If-None-Match` is still so; there is no body then.
    pub fn is_unchanged(&self) -> bool {
        self.status == StatusCode::NOT_MODIFIED
    }

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

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, status, request_id, .. } = self;
        f.debug_struct("Reply")
            .field("operation", operation)
            .field("status", status)
            .field("request_id", request_id)
            .finish_non_exhaustive()
    }
}
