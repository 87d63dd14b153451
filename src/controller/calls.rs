//! Counts remote calls, and keeps what the vendor says about our rate. No IO.

use std::time::Duration;

use crate::{
    backend::{Attempt, Observer, Purpose},
    telemetry::{
        Metrics,
        metrics::{self, Budget, CallOutcome, RemoteCall, Status, Verb},
    },
};

use super::key::Kind;

/// The observer of a client.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    metrics: Metrics,
    budget: Budget,
}

impl Calls {
    /// For a client of the realm that the object of that kind and name connects.
    pub(crate) fn new(metrics: Metrics, kind: Kind, realm: &str) -> Self {
        let budget = metrics.budget(kind.label(), realm.to_owned());
        Self { metrics, budget }
    }
}

impl Observer for Calls {
    fn attempted(&self, attempt: &Attempt) {
        let Attempt { operation, rate, elapsed: took, .. } = *attempt;
        let (verb, status) = (verb(attempt.method.as_str()), class(attempt.status));
        let outcome = outcome(attempt.status, attempt.method.is_safe());
        self.metrics.called(&RemoteCall { operation, verb, status, outcome, took });
        self.budget.said(rate.limit, rate.remaining, rate.reset);
    }

    fn waited(&self, purpose: Purpose, time: Duration) {
        let purpose = match purpose {
            Purpose::Change => metrics::Purpose::Change,
            Purpose::Upkeep => metrics::Purpose::Upkeep,
        };
        self.metrics.throttled(purpose, time);
    }
}

fn verb(method: &str) -> Verb {
    match method {
        "GET" => Verb::Get,
        "POST" => Verb::Post,
        "PUT" => Verb::Put,
        "PATCH" => Verb::Patch,
        "DELETE" => Verb::Delete,
        _ => Verb::Other,
    }
}

fn class(status: Option<u16>) -> Status {
    match status {
        None => Status::None,
        Some(0..=299) => Status::Success,
        Some(300..=399) => Status::Redirect,
        Some(400..=499) => Status::Refused,
        Some(500..) => Status::Failed,
    }
}

fn outcome(status: Option<u16>, read: bool) -> CallOutcome {
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
        // A read that failed changed nothing.
        Some(_) if !read => CallOutcome::Ambiguous,
        Some(_) | None => CallOutcome::Unavailable,
    }
}
