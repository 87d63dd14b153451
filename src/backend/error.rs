//! What can go wrong with a call to a vendor, in kinds to branch on.

use std::{fmt, time::Duration};

/// What kind of failure it was. The kind decides what happens next; the text never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// 401, or a 403 that says the key is invalid: the credential itself is refused.
    CredentialsRejected,
    /// 403: no right, or no such thing; the vendor does not tell which.
    Forbidden,
    /// 404.
    NotFound,
    /// 409: it is already there. 412: it changed since it was read.
    Conflict,
    /// 400 or 422: the request will not succeed as it is.
    Invalid,
    /// 402, or a 400 that speaks of a limit.
    QuotaExceeded,
    /// 429.
    Throttled,
    /// Certainly not executed: no connection could be made, or a read failed.
    Unavailable,
    /// A write without a definite answer (timeout, reset, 5xx): it may have happened; read before anything else.
    Ambiguous,
    /// An answer that we cannot read.
    Malformed,
}

/// A failed call.
#[derive(Debug)]
pub struct BackendError {
    /// What to branch on.
    pub kind: ErrorKind,
    /// What was being done, in lower case: `list role bindings`.
    pub operation: &'static str,
    /// Fit for a status: the vendor's words where they help, shortened; never a credential.
    pub public: String,
    /// The vendor's request id, for a support case.
    pub request_id: Option<String>,
    /// When the vendor wants to be asked again.
    pub retry_after: Option<Duration>,
    /// The status of the answer and the word in it, in lower case, for the adapter that knows what they mean: `None` and
    /// empty where no answer refused the call itself.
    pub(in crate::backend) status: Option<u16>,
    /// See `status`.
    pub(in crate::backend) code: String,
    /// For the log alone.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl BackendError {
    /// An error of that kind, with nothing but a public text.
    pub fn new(kind: ErrorKind, operation: &'static str, public: impl Into<String>) -> Self {
        Self {
            kind,
            operation,
            public: public.into(),
            request_id: None,
            retry_after: None,
            status: None,
            code: String::new(),
            source: None,
        }
    }
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.public)?;
        if let Some(id) = &self.request_id {
            write!(f, " (request `{id}`)")?;
        }
        Ok(())
    }
}

impl std::error::Error for BackendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}
