//! What is counted, and how it is printed for Prometheus. Holds counters and no IO; a label's value comes from an enum or is written in the
//! source, so that no object, person or error text can make a series. The one exception is argued in `live`.

mod label;
mod live;

use std::{
    sync::{Arc, Weak, atomic::AtomicU64},
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};

use self::live::Live;
pub use self::{
    label::{CallOutcome, Kind, Purpose, Reconciled, Standing, Status, Verb},
    live::{Budget, Objects, Realm, Snapshot, Source},
};

/// Bounds for remote calls, in seconds: from a near cache to the longest deadline.
const CALL_SECONDS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// Bounds for what is told to an object, in seconds: the API server's times are whole seconds.
const LAG_SECONDS: [f64; 9] = [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0];

/// Every metric of the process. Clones share their numbers.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Registry>,
    reconciles: Family<ReconcileLabels, Counter>,
    remote_calls: Family<CallLabels, Counter>,
    remote_call_seconds: Family<OperationLabels, Histogram, fn() -> Histogram>,
    rate_throttled: Family<PurposeLabels, Counter<f64, AtomicU64>>,
    event_lag: Family<KindLabels, Histogram, fn() -> Histogram>,
    leader: Gauge,
    live: Live,
}

/// One remote call, for [`Metrics::called`].
#[derive(Clone, Copy, Debug)]
pub struct RemoteCall {
    /// The name that errors give it: `list role bindings`.
    pub operation: &'static str,
    /// Its verb.
    pub verb: Verb,
    /// The class of its answer's status.
    pub status: Status,
    /// How it ended.
    pub outcome: CallOutcome,
    /// How long it took.
    pub took: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReconcileLabels {
    kind: Kind,
    result: Reconciled,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    operation: &'static str,
    verb: Verb,
    status: Status,
    outcome: CallOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PurposeLabels {
    purpose: Purpose,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: Kind,
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
        let lags: fn() -> Histogram = || Histogram::new(LAG_SECONDS);
        let event_lag = Family::new_with_constructor(lags);
        let (leader, live) = (Gauge::default(), Live::default());

        // The printer appends `_total`, `_info`, the unit, and the full stop after the help text.
        let mut registry = Registry::with_prefix("roster");
        registry.register("reconciles", "Reconciles by kind of object and how they ended", reconciles.clone());
        registry.register(
            "remote_calls",
            "Calls to access backends, each attempt for itself, by verb, class of status and how they ended",
            remote_calls.clone(),
        );
        let help = "How long calls to access backends took, each attempt for itself";
        registry.register_with_unit("remote_call_duration", help, Unit::Seconds, remote_call_seconds.clone());
        let rate_throttled = Family::default();
        let help =
            "How long calls to access backends waited for the rate that the vendor allows, by what they were for";
        registry.register_with_unit("rate_throttled", help, Unit::Seconds, rate_throttled.clone());
        registry.register("leader", "1 while this replica may write, else 0", leader.clone());
        let help = "From the change of an object to the status that speaks of it";
        registry.register_with_unit("event_lag", help, Unit::Seconds, event_lag.clone());
        registry.register("build", "The version that runs", Info::new(BuildLabels { version }));
        registry.register_collector(Box::new(live.clone()));
        let registry = Arc::new(registry);
        Self { registry, reconciles, remote_calls, remote_call_seconds, rate_throttled, event_lag, leader, live }
    }

    /// Counts a reconcile.
    pub fn reconciled(&self, kind: Kind, result: Reconciled) {
        self.reconciles.get_or_create(&ReconcileLabels { kind, result }).inc();
    }

    /// Counts a call to a backend.
    pub fn called(&self, call: &RemoteCall) {
        let RemoteCall { operation, verb, status, outcome, took } = *call;
        self.remote_calls.get_or_create(&CallLabels { operation, verb, status, outcome }).inc();
        self.remote_call_seconds.get_or_create(&OperationLabels { operation }).observe(took.as_secs_f64());
    }

    /// Counts the time that a call waited for the vendor's rate.
    pub fn throttled(&self, purpose: Purpose, by: Duration) {
        self.rate_throttled.get_or_create(&PurposeLabels { purpose }).inc_by(by.as_secs_f64());
    }

    /// Notes how long an object's change waited for the status that speaks of it.
    pub fn lagged(&self, kind: Kind, by: Duration) {
        self.event_lag.get_or_create(&KindLabels { kind }).observe(by.as_secs_f64());
    }

    /// Has somebody asked at each scrape how things stand, in place of whoever was asked before, for as long as they live.
    pub fn ask(&self, source: Weak<dyn Source>) {
        self.live.ask(source);
    }

    /// Where a new client of that realm says what is left of its rate.
    pub fn budget(&self, kind: Kind, realm: String) -> Budget {
        self.live.budget(kind, realm)
    }

    /// Says whether this replica may write.
    pub fn set_leader(&self, leader: bool) {
        self.leader.set(i64::from(leader));
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
        shared.called(&RemoteCall {
            operation: "list role bindings",
            verb: Verb::Get,
            status: Status::Refused,
            outcome: CallOutcome::Throttled,
            took: Duration::from_millis(30),
        });
        shared.throttled(Purpose::Upkeep, Duration::from_millis(1500));
        shared.lagged(Kind::ConfluentUser, Duration::from_secs(4));
        shared.set_leader(true);
        let page = metrics.encode();
        for line in [
            "# HELP roster_reconciles Reconciles by kind of object and how they ended.",
            "roster_reconciles_total{kind=\"RoleBinding\",result=\"held\"} 1",
            "roster_remote_calls_total{operation=\"list role bindings\",verb=\"GET\",status=\"4xx\",outcome=\"throttled\"} 1",
            "roster_event_lag_seconds_bucket{le=\"5.0\",kind=\"ConfluentUser\"} 1",
            "# UNIT roster_remote_call_duration_seconds seconds",
            "roster_remote_call_duration_seconds_bucket{le=\"0.025\",operation=\"list role bindings\"} 0",
            "roster_remote_call_duration_seconds_bucket{le=\"0.05\",operation=\"list role bindings\"} 1",
            "roster_rate_throttled_seconds_total{purpose=\"upkeep\"} 1.5",
            "roster_leader 1",
            "roster_build_info{version=\"1.2.3\"} 1",
            "# EOF",
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
        let named = page.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(named.filter(|line| !line.starts_with("roster_")).count(), 0);
    }
}
