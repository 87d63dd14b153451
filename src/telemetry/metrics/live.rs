//! What is not counted as it happens but looked up when the page is asked for: it is right at that moment, costs nothing in
//! between, and what is gone leaves no series behind. No IO.
//!
//! `realm` is the name of a `ConfluentOrganization` or `Publisher`, the one label that is not a closed set. It is bounded all
//! the same: these objects are cluster-scoped, so that administrators alone make them, there is one per connection, each
//! with a lane of its own, and it names no person. Its series end with the connection.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeLabelSet, EncodeMetric},
    metrics::{MetricType, gauge::ConstGauge},
    registry::Unit,
};

use super::{Kind, Standing};

/// Whoever can tell how things stand now. It is asked at each scrape, and must not wait for anything.
pub trait Source: Send + Sync {
    /// How things stand now.
    fn look(&self) -> Snapshot;
}

/// How things stand at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// How many objects have the same to say.
    pub objects: Vec<Objects>,
    /// What is connected.
    pub realms: Vec<Realm>,
}

/// Objects of a kind with the same reason in `Ready`.
#[derive(Clone, Copy, Debug)]
pub struct Objects {
    /// Their kind.
    pub kind: Kind,
    /// The reason.
    pub reason: &'static str,
    /// What follows from the reason.
    pub state: Standing,
    /// How many.
    pub count: u64,
}

/// One connection and its lane.
#[derive(Clone, Debug)]
pub struct Realm {
    /// The kind of the object that connects it.
    pub kind: Kind,
    /// The name of that object.
    pub name: String,
    /// Objects whose steps wait or are under way.
    pub queue: u64,
    /// Objects with a removal that a guard holds, by the guard's reason.
    pub held: Vec<(&'static str, u64)>,
    /// How old the last complete listing is; the connection, where there is none yet.
    pub inventory_age: Duration,
    /// How often it is to be listed.
    pub resync: Duration,
}

/// What a vendor last said about its rate, to one client. The series of it end with the last clone.
#[derive(Clone, Debug)]
pub struct Budget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    kind: Kind,
    realm: String,
    said: Mutex<Option<Said>>,
}

#[derive(Clone, Copy, Debug)]
struct Said {
    limit: u64,
    remaining: u64,
    /// The end of the vendor's window: then the whole limit is there again.
    until: Instant,
}

/// How long a window is taken to be where the vendor does not say.
const WINDOW: Duration = Duration::from_mins(1);

impl Budget {
    /// Notes what an answer said. An answer that says nothing changes nothing.
    pub fn said(&self, limit: Option<u64>, remaining: Option<u64>, reset: Option<Duration>) {
        let Some(remaining) = remaining else { return };
        let until = Instant::now() + reset.unwrap_or(WINDOW);
        let said = Said { limit: limit.unwrap_or(remaining), remaining, until };
        *lock(&self.shared.said) = Some(said);
    }
}

impl Shared {
    fn budget(&self, now: Instant) -> Option<(u64, u64)> {
        let said = (*lock(&self.said))?;
        Some((said.limit, if now < said.until { said.remaining } else { said.limit }))
    }
}

/// The collector: holds on to nobody whom it asks.
#[derive(Clone, Default)]
pub(super) struct Live {
    source: Arc<Mutex<Option<Weak<dyn Source>>>>,
    budgets: Arc<Mutex<Vec<Weak<Shared>>>>,
}

impl Live {
    pub(super) fn ask(&self, source: Weak<dyn Source>) {
        *lock(&self.source) = Some(source);
    }

    pub(super) fn budget(&self, kind: Kind, realm: String) -> Budget {
        let shared = Arc::new(Shared { kind, realm, said: Mutex::default() });
        let mut budgets = lock(&self.budgets);
        budgets.retain(|budget| budget.strong_count() > 0);
        budgets.push(Arc::downgrade(&shared));
        Budget { shared }
    }

    /// The newest client of each realm that was told anything.
    fn budgets(&self) -> Vec<(RealmLabels, u64, u64)> {
        let now = Instant::now();
        let alive: Vec<Arc<Shared>> = lock(&self.budgets).iter().filter_map(Weak::upgrade).collect();
        let mut all: Vec<(RealmLabels, u64, u64)> = Vec::new();
        for shared in alive.iter().rev() {
            let labels = RealmLabels { kind: shared.kind, realm: shared.realm.clone() };
            let Some((limit, remaining)) = shared.budget(now) else { continue };
            if !all.iter().any(|(known, ..)| *known == labels) {
                all.push((labels, limit, remaining));
            }
        }
        all
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ObjectLabels {
    kind: Kind,
    reason: &'static str,
    state: Standing,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RealmLabels {
    kind: Kind,
    realm: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HeldLabels {
    kind: Kind,
    realm: String,
    reason: &'static str,
}

impl Collector for Live {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let source = lock(&self.source).as_ref().and_then(Weak::upgrade);
        let Snapshot { objects, realms } = source.map(|source| source.look()).unwrap_or_default();
        let mut page = Page { encoder };
        let labels = |it: &Realm| RealmLabels { kind: it.kind, realm: it.name.clone() };

        let help = "Objects by kind and by the reason of Ready; the state follows from the reason";
        let counted = objects.iter().map(|Objects { kind, reason, state, count }| {
            (ObjectLabels { kind: *kind, reason, state: *state }, *count)
        });
        page.gauges("objects", help, None, counted)?;

        let unit = Unit::Other("objects".to_owned());
        let help = "Objects whose steps wait or are under way in the lane of a realm";
        page.gauges("lane_queue", help, Some(&unit), realms.iter().map(|it| (labels(it), it.queue)))?;

        let help = "Objects with a removal that a guard holds, by the guard's reason";
        let removals = realms.iter().flat_map(|it| {
            let labels = |reason| HeldLabels { kind: it.kind, realm: it.name.clone(), reason };
            it.held.iter().map(move |(reason, count)| (labels(reason), *count))
        });
        page.gauges("held_removals", help, None, removals)?;

        let help = "Age of the last complete listing of a realm, or of the connection where there is none yet";
        let ages = realms.iter().map(|it| (labels(it), it.inventory_age.as_secs_f64()));
        page.gauges("inventory_age", help, Some(&Unit::Seconds), ages)?;
        let help = "How often a realm is to be listed";
        let periods = realms.iter().map(|it| (labels(it), it.resync.as_secs_f64()));
        page.gauges("inventory_resync", help, Some(&Unit::Seconds), periods)?;

        let (unit, budgets) = (Unit::Other("requests".to_owned()), self.budgets());
        let help = "Requests that the vendor still takes in its present window, as it last said";
        let left = budgets.iter().map(|(labels, _, remaining)| (labels.clone(), *remaining));
        page.gauges("rate_budget_remaining", help, Some(&unit), left)?;
        let help = "Requests that the vendor takes in a window, as it last said";
        let whole = budgets.iter().map(|(labels, limit, _)| (labels.clone(), *limit));
        page.gauges("rate_budget_limit", help, Some(&unit), whole)
    }
}

struct Page<'a> {
    encoder: DescriptorEncoder<'a>,
}

impl Page<'_> {
    fn gauges<L: EncodeLabelSet, V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        values: impl Iterator<Item = (L, V)>,
    ) -> fmt::Result {
        // The registry puts the full stop after its own help texts alone.
        let help = format!("{help}.");
        let mut metric = self.encoder.encode_descriptor(name, &help, unit, MetricType::Gauge)?;
        for (labels, value) in values {
            ConstGauge::new(value).encode(metric.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{super::Metrics, *};

    struct Fixed(Snapshot);

    impl Source for Fixed {
        fn look(&self) -> Snapshot {
            self.0.clone()
        }
    }

    fn snapshot() -> Snapshot {
        let (kind, name) = (Kind::ConfluentOrganization, "example".to_owned());
        let (inventory_age, resync) = (Duration::from_millis(1500), Duration::from_mins(10));
        let realm = Realm { kind, name, queue: 3, held: vec![("LastOrganizationAdmin", 2)], inventory_age, resync };
        let objects = Objects { kind: Kind::RoleBinding, reason: "InSync", state: Standing::Settled, count: 10_000 };
        Snapshot { objects: vec![objects], realms: vec![realm] }
    }

    #[test]
    fn what_is_looked_up_ends_with_whom_it_is_asked_of() {
        let metrics = Metrics::new("1");
        let source: Arc<dyn Source> = Arc::new(Fixed(snapshot()));
        metrics.ask(Arc::downgrade(&source));
        let page = metrics.encode();
        for line in [
            "roster_objects{kind=\"RoleBinding\",reason=\"InSync\",state=\"settled\"} 10000",
            "roster_lane_queue_objects{kind=\"ConfluentOrganization\",realm=\"example\"} 3",
            "roster_held_removals{kind=\"ConfluentOrganization\",realm=\"example\",reason=\"LastOrganizationAdmin\"} 2",
            "roster_inventory_age_seconds{kind=\"ConfluentOrganization\",realm=\"example\"} 1.5",
            "roster_inventory_resync_seconds{kind=\"ConfluentOrganization\",realm=\"example\"} 600.0",
            "# TYPE roster_objects gauge",
            "# UNIT roster_inventory_age_seconds seconds",
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
        drop(source);
        let page = metrics.encode();
        assert!(!page.contains("\nroster_objects{") && !page.contains("realm="), "{page}");
        assert!(page.contains("# TYPE roster_objects gauge") && page.ends_with("# EOF\n"), "{page}");
    }

    #[test]
    fn a_budget_is_the_newest_clients_and_ends_with_it() {
        let metrics = Metrics::new("1");
        let labels = "{kind=\"ConfluentOrganization\",realm=\"example\"}";
        let shows = |name: &str, value: &str| {
            let line = format!("roster_rate_budget_{name}_requests{labels} {value}");
            let page = metrics.encode();
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        };
        let budget = || metrics.budget(Kind::ConfluentOrganization, "example".to_owned());
        let old = budget();
        assert!(!metrics.encode().contains("realm="));
        old.said(Some(60), Some(7), None);
        old.said(None, None, None);
        shows("remaining", "7");
        shows("limit", "60");
        // A client that has heard nothing yet has nothing to say.
        let new = budget();
        shows("remaining", "7");
        new.said(Some(60), Some(50), Some(Duration::from_secs(9)));
        shows("remaining", "50");
        // The window is over: all of it is there again.
        new.said(Some(60), Some(0), Some(Duration::ZERO));
        shows("remaining", "60");
        drop((old, new));
        assert!(!metrics.encode().contains("realm="));
    }
}
