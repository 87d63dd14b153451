//! What is told about each attempt: to metrics through [`Observer`], to the log as one event. Never a body, a header or
//! a query.

use std::time::Duration;

use ::http::Method;

use super::{call::Call, pace::Purpose, retry::Rate};

/// Told of every attempt, from whatever task makes it; it must not block.
pub trait Observer: Send + Sync + 'static {
    /// One attempt is over.
    fn attempted(&self, attempt: &Attempt);

    /// A request waited that long for its turn, and then went or was given up.
    fn waited(&self, _: Purpose, _: Duration) {}
}

/// One attempt. The members are from closed sets, fit for labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// `list users`
    pub operation: &'static str,
    /// The verb.
    pub method: Method,
    /// The path template, with `{id}` where an id stood.
    pub template: &'static str,
    /// The status; `None` where no answer came.
    pub status: Option<u16>,
    /// What the server said about its rate.
    pub rate: Rate,
    /// How long it took.
    pub elapsed: Duration,
}

impl Attempt {
    pub(super) fn new(call: &Call, status: Option<u16>, rate: Rate, elapsed: Duration) -> Self {
        let (operation, method, template) = (call.operation, call.method.clone(), call.template);
        Self { operation, method, template, status, rate, elapsed }
    }

    pub(super) fn log(&self, request_id: &str, number: u32) {
        let Self { operation, method, template, status, elapsed, .. } = self;
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(operation, %method, path = template, status, request_id, number, elapsed_ms, "backend attempt");
    }
}
