//! One look at one object, followed from the reconcile to the remote calls that come of it: its id is in every log line of both, goes to
//! the vendor, and binds the spans of both into one trace. No IO.

use std::fmt;

use opentelemetry::Context;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

tokio::task_local! {
    /// The pass that the running future belongs to.
    static CURRENT: PassId;
}

/// The id of a pass: sixteen hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PassId(u64);

impl PassId {
    /// The id with that number.
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    /// The pass that the running future belongs to, if any.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|id| *id).ok()
    }

    /// Runs a future as the whole of this pass, in that span.
    pub fn run<F: Future>(self, span: Span, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future.instrument(span))
    }
}

impl fmt::Display for PassId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for PassId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A pass as whoever goes on with it later needs it. It keeps no span open: a reconcile ends long before its steps may.
#[derive(Clone, Debug)]
pub struct Pass {
    /// Its id.
    pub id: PassId,
    /// The span in which it was taken along; without one where nothing is traced.
    parent: Context,
}

impl Pass {
    /// The running pass, to go on with later; that of number zero outside of one.
    pub fn here() -> Self {
        Self { id: PassId::current().unwrap_or(PassId(0)), parent: Span::current().context() }
    }

    /// Runs a future that goes on with the pass, in a span of its own, which must be new.
    pub fn follow<F: Future>(&self, span: Span, future: F) -> impl Future<Output = F::Output> {
        // An error says that nothing is traced.
        let _ = span.set_parent(self.parent.clone());
        self.id.run(span, future)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_pass_reaches_what_runs_in_it_and_nothing_else() {
        assert_eq!(PassId::current(), None);
        let id = PassId::new(0xab);
        let taken = id.run(Span::none(), async { Pass::here() }).await;
        assert_eq!((taken.id, taken.id.to_string().as_str()), (id, "00000000000000ab"));
        assert_eq!(taken.follow(Span::none(), async { PassId::current() }).await, Some(id));
        assert_eq!(PassId::current(), None);
    }
}
