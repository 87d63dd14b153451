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
    /// What the answer that refused this very call said; boxed, since an error is moved through every `Result`.
    pub(in crate::backend) refused: Option<Box<Refused>>,
    /// For the log alone.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// For the adapter that knows what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::backend) struct Refused {
    pub(in crate::backend) status: u16,
    /// The word to branch on, in lower case; empty where the body has none.
    pub(in crate::backend) code: String,
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
            refused: None,
            source: None,
        }
    }

    /// The status under which this very call was refused.
    pub(in crate::backend) fn status(&self) -> Option<u16> {
        self.refused.as_ref().map(|refused| refused.status)
    }

    /// Whether it was refused under that status and with that word, in lower case.
    pub(in crate::backend) fn is(&self, status: u16, code: &str) -> bool {
        self.refused.as_ref().is_some_and(|refused| refused.status == status && refused.code == code)
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
