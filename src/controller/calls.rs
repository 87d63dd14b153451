//! Counts remote calls. No IO.

use crate::{
    backend::{Attempt, Observer},
    telemetry::{Metrics, metrics::CallOutcome},
};

/// The observer of a client.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    metrics: Metrics,
}

impl Calls {
    pub(crate) fn new(metrics: Metrics) -> Self {
        Self { metrics }
    }
}

impl Observer for Calls {
    fn attempted(&self, attempt: &Attempt) {
        self.metrics.called(attempt.operation, outcome(attempt.status), attempt.elapsed);
    }
}

fn outcome(status: Option<u16>) -> CallOutcome {
    match status {
        // 304 says that what we have is what there is.
        Some(200..=299 | 304) => CallOutcome::Ok,
        Some(401) => CallOutcome::CredentialsRejected,
        Some(402) => CallOutcome::QuotaExceeded,
        Some(403) => CallOutcome::Forbidden,
        Some(404) => CallOutcome::NotFound,
        Some(409 | 412) => CallOutcome::Conflict,
        Some(429) => CallOutcome::Throttled,
        Some(400..=499) => CallOutcome::Invalid,
        Some(_) => CallOutcome::Ambiguous,
        None => CallOutcome::Unavailable,
    }
}
