//! What is counted, and how it is printed for Prometheus. Holds counters and no IO; a label's value comes from an enum or is written in the
//! source, so that no object, person or error text can make a series.

use std::{sync::Arc, time::Duration};

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};

/// Bounds for remote calls, in seconds: from a near cache to the longest deadline.
const CALL_SECONDS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// Every metric of the process. Clones share their numbers.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Registry>,
    reconciles: Family<ReconcileLabels, Counter>,
    remote_calls: Family<CallLabels, Counter>,
    remote_call_seconds: Family<OperationLabels, Histogram, fn() -> Histogram>,
    leader: Gauge,
    lane_queue: Gauge,
}

/// Names that are in the label values.
macro_rules! label {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl EncodeLabelValue for $name {
            fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
                EncodeLabelValue::encode(&match self { $(Self::$variant => $text,)+ }, encoder)
            }
        }
    };
}

label! {
    /// Which kind of object.
    Kind {
        /// `ConfluentOrganization`.
        ConfluentOrganization = "ConfluentOrganization",
        /// `ConfluentUser`.
        ConfluentUser = "ConfluentUser",
        /// `RoleBinding`.
        RoleBinding = "RoleBinding",
        /// `Publisher`.
        Publisher = "Publisher",
        /// `PublisherUser`.
        PublisherUser = "PublisherUser",
    }
}

label! {
    /// How a reconcile ended.
    Reconciled {
        /// Nothing was to be done.
        Unchanged = "unchanged",
        /// Something was written or submitted.
        Changed = "changed",
        /// Something else has to happen first.
        Waiting = "waiting",
        /// A guard or a rule holds a step back.
        Held = "held",
        /// What is declared makes no sense, or may not be.
        Invalid = "invalid",
        /// It failed.
        Failed = "failed",
    }
}

label! {
    /// How a remote call ended.
    CallOutcome {
        /// With the answer asked for.
        Ok = "ok",
        /// The credential was refused.
        CredentialsRejected = "credentials_rejected",
        /// No right, or no such thing.
        Forbidden = "forbidden",
        /// No such thing.
        NotFound = "not_found",
        /// It is already there.
        Conflict = "conflict",
        /// It will not succeed as it is.
        Invalid = "invalid",
        /// A limit was reached.
        QuotaExceeded = "quota_exceeded",
        /// Too many requests.
        Throttled = "throttled",
        /// It certainly did not happen.
        Unavailable = "unavailable",
        /// It may have happened.
        Ambiguous = "ambiguous",
        /// The answer could not be read.
        Malformed = "malformed",
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReconcileLabels {
    kind: Kind,
    result: Reconciled,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    operation: &'static str,
    outcome: CallOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

impl Metrics {
    /// All at zero, for a build of that version.
    pub fn new(version: &'static str) -> Self {
        let reconciles = Family::default();
        let remote_calls = Family::default();
        let histogram: fn() -> Histogram = || Histogram::new(CALL_SECONDS);
        let remote_call_seconds = Family::new_with_constructor(histogram);
        let (leader, lane_queue) = (Gauge::default(), Gauge::default());

        // The printer appends `_total`, `_info`, the unit, and the full stop after the help text.
        let mut registry = Registry::with_prefix("roster");
        registry.register("reconciles", "Reconciles by kind of object and how they ended", reconciles.clone());
        registry.register("remote_calls", "Calls to access backends by how they ended", remote_calls.clone());
        let help = "How long calls to access backends took, with every retry in them";
        registry.register_with_unit("remote_call_duration", help, Unit::Seconds, remote_call_seconds.clone());
        registry.register("leader", "1 while this replica may write, else 0", leader.clone());
        let help = "Objects whose steps wait in the lanes of all organizations";
        registry.register_with_unit("lane_queue", help, Unit::Other("objects".to_owned()), lane_queue.clone());
        registry.register("build", "The version that runs", Info::new(BuildLabels { version }));
        Self { registry: Arc::new(registry), reconciles, remote_calls, remote_call_seconds, leader, lane_queue }
    }

    /// Counts a reconcile.
    pub fn reconciled(&self, kind: Kind, result: Reconciled) {
        self.reconciles.get_or_create(&ReconcileLabels { kind, result }).inc();
    }

    /// Counts a call to a backend. The operation is the name that errors give it: `list role bindings`.
    pub fn called(&self, operation: &'static str, outcome: CallOutcome, took: Duration) {
        self.remote_calls.get_or_create(&CallLabels { operation, outcome }).inc();
        self.remote_call_seconds.get_or_create(&OperationLabels { operation }).observe(took.as_secs_f64());
    }

    /// Says whether this replica may write.
    pub fn set_leader(&self, leader: bool) {
        self.leader.set(i64::from(leader));
    }

    /// Adds objects to the lanes' queue, or takes them off.
    pub fn lane_queue_changed(&self, by: i64) {
        self.lane_queue.inc_by(by);
    }

    /// Everything in the `OpenMetrics` text format.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        if text::encode(&mut text, &self.registry).is_err() {
            // Writing into a string does not fail. Half of a page would read as counters that vanished; none reads as a failed scrape.
            text.clear();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_names_units_help_and_closed_labels() {
        let metrics = Metrics::new("1.2.3");
        let shared = metrics.clone();
        shared.reconciled(Kind::RoleBinding, Reconciled::Held);
        shared.called("list role bindings", CallOutcome::Throttled, Duration::from_millis(30));
        shared.set_leader(true);
        shared.lane_queue_changed(3);
        shared.lane_queue_changed(-1);
        let page = metrics.encode();
        for line in [
            "# HELP roster_reconciles Reconciles by kind of object and how they ended.",
            "roster_reconciles_total{kind=\"RoleBinding\",result=\"held\"} 1",
            "roster_remote_calls_total{operation=\"list role bindings\",outcome=\"throttled\"} 1",
            "# UNIT roster_remote_call_duration_seconds seconds",
            "roster_remote_call_duration_seconds_bucket{le=\"0.025\",operation=\"list role bindings\"} 0",
            "roster_remote_call_duration_seconds_bucket{le=\"0.05\",operation=\"list role bindings\"} 1",
            "roster_leader 1",
            "roster_lane_queue_objects 2",
            "roster_build_info{version=\"1.2.3\"} 1",
            "# EOF",
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
        let named = page.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(named.filter(|line| !line.starts_with("roster_")).count(), 0);
    }
}
