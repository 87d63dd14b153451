//! A stage in one thread: the server in memory, the simulator's router, and the operator between them, on one clock that stands
//! while anybody has something to do.

mod declare;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use http::Request;
use jiff::{SignedDuration, Timestamp};
use kube::Client;
use roster::{
    access::Catalogue,
    controller::{self, LeaseSettings, Outside, Settings},
    simulator::{
        RequestRecord, Simulator,
        world::{Actor, Command, Membership},
    },
    telemetry::Metrics,
};
use serde_json::{Value, json};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::{
    chance::Chance,
    memory::{Clock, Memory},
    shadow::Shadows,
    way::{Changes, Picture, Strangers, outside},
};
pub(crate) use declare::{binding_spec, member_spec, user_spec};

/// Where everything of the tests is.
pub(crate) const TEAM: &str = "team";
pub(crate) const SYSTEM: &str = "roster-system";
/// The user that the operator is, in what was asked.
pub(crate) const OPERATOR: &str = "operator";
/// The organization of the example.
pub(crate) const ORGANIZATION: &str = "9bb441c4-edef-46ac-8a41-c49e44a3fd9a";
/// The longest that a request is on its way, in milliseconds, there and back alike.
pub(crate) const WAY: u64 = 40;

/// The clock, which begins on the same day in each test.
pub(crate) fn clock() -> impl Fn() -> Timestamp + Clone + Send + Sync + 'static {
    let began = Instant::now();
    let day: Timestamp = "2026-01-05T08:00:00Z".parse().unwrap();
    move || day + SignedDuration::try_from(began.elapsed()).unwrap()
}

/// Everything, with an operator that runs or does not.
pub(crate) struct Stage {
    pub(crate) memory: Memory,
    pub(crate) simulator: Simulator,
    /// The time of everybody's stamps.
    pub(crate) clock: Clock,
    /// How many seconds the operator's clock is ahead of that.
    skew: Arc<AtomicI64>,
    admin: Client,
    outside: Outside,
    chance: Chance,
    /// What the operator changed at the vendor.
    pub(crate) changes: Changes,
    /// Other organizations of the vendor.
    pub(crate) strangers: Strangers,
    /// Simulators that do the same but for one knob.
    pub(crate) shadows: Shadows,
    operator: Option<JoinHandle<()>>,
    starts: u32,
    /// How many times as long as otherwise a lease holds, and how many times as seldom it is renewed.
    pub(crate) patience: u32,
}

impl Stage {
    /// An organization with its Secret and delegation, connected under the name `o`, and an operator that runs.
    pub(crate) async fn new(seed: u64) -> Self {
        let mut stage = Self::idle(seed).await;
        stage.start();
        stage
    }

    /// The same with a person who is declared, and ready.
    pub(crate) async fn with_user(seed: u64, name: &str) -> Self {
        let stage = Self::new(seed).await;
        stage.ready("confluentorganizations", "o").await;
        stage.user(name).await;
        stage.ready("confluentusers", name).await;
        stage
    }

    /// The same without an operator.
    pub(crate) async fn idle(seed: u64) -> Self {
        let (chance, clock) = (Chance::new(seed), clock());
        let memory = Memory::new(Arc::new(clock.clone()));
        let simulator = Simulator::example(seed, Arc::new(clock.clone()));
        let (changes, strangers, shadows) = (Changes::default(), Strangers::default(), Shadows::default());
        let skew = Arc::new(AtomicI64::new(0));
        let (ahead, right) = (Arc::clone(&skew), clock.clone());
        let own = move || right() + SignedDuration::from_secs(ahead.load(Ordering::Relaxed));
        let outside = outside(&simulator, own, &chance, &changes, (&strangers, &shadows), seed);
        let admin = memory.client("admin", Chance::new(0), 0);
        let stage = Self {
            memory,
            simulator,
            clock: Arc::new(clock),
            skew,
            admin,
            outside,
            chance,
            changes,
            strangers,
            shadows,
            operator: None,
            starts: 0,
            patience: 1,
        };
        for name in [SYSTEM, TEAM] {
            stage.create("namespaces", "", json!({"metadata": {"name": name}})).await;
        }
        let key = stage.simulator.operator_key().unwrap();
        let data = json!({"key": key.key, "secret": key.secret});
        stage.create("secrets", SYSTEM, json!({"metadata": {"name": "o"}, "stringData": data})).await;
        stage.create("confluentorganizations", "", organization()).await;
        stage
    }

    /// What an operator of that name, with such ways out, is started with.
    pub(crate) fn settings(identity: &str, outside: Outside) -> Settings {
        // Patient, since each renewal is two requests of a virtual hour that should cost little.
        let mut lease = LeaseSettings::new(SYSTEM, "roster", identity);
        (lease.lease_duration, lease.renew_deadline) = (Duration::from_mins(1), Duration::from_secs(40));
        lease.retry_period = Duration::from_secs(10);
        Settings {
            catalogue: Arc::new(Catalogue::embedded().clone()),
            credentials_namespace: SYSTEM.to_owned(),
            http_hosts: Vec::new(),
            lease,
            listen: None,
            concurrency: 4,
            instance: identity.to_owned(),
            outside,
        }
    }

    /// Starts the operator, as another process than any before.
    pub(crate) fn start(&mut self) {
        self.starts += 1;
        let mut settings = Self::settings(&format!("roster-{}", self.starts), self.outside.clone());
        settings.lease.lease_duration *= self.patience;
        settings.lease.renew_deadline *= self.patience;
        settings.lease.retry_period *= self.patience;
        let client = self.memory.client(OPERATOR, self.chance.clone(), WAY);
        self.operator = Some(tokio::spawn(async move {
            let run = controller::run(client, settings, Metrics::new("test"), std::future::pending());
            Box::pin(run).await.unwrap();
        }));
    }

    /// Ends the operator wherever it is, as a power cut does: what is on its way may arrive or not.
    pub(crate) async fn crash(&mut self) {
        if let Some(operator) = self.operator.take() {
            operator.abort();
            let ended = operator.await;
            assert!(ended.is_err_and(|error| error.is_cancelled()), "the operator ended by itself");
        }
    }

    /// Takes the lease of whoever is dead away, so that the next one need not wait until it lapses.
    pub(crate) async fn free(&self) {
        let path = format!("/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/roster");
        let freed = self.send("DELETE", &path, &json!({})).await;
        assert!(freed.is_ok() || self.memory.peek(&path).is_none(), "{freed:?}");
    }

    /// The operator's clock jumps: from now on it is so many seconds ahead, or behind.
    pub(crate) fn jump(&self, seconds: i64) {
        self.skew.store(seconds, Ordering::Relaxed);
    }

    /// One request of somebody who may do everything.
    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value, kube::Error> {
        let request =
            Request::builder().method(method).uri(path).header("content-type", "application/merge-patch+json");
        self.admin.request(request.body(body.to_string().into_bytes()).unwrap()).await
    }

    /// Makes an object.
    pub(crate) async fn create(&self, plural: &str, namespace: &str, mut object: Value) {
        let (path, version, kind) = place(plural, namespace);
        object["apiVersion"] = json!(version);
        object["kind"] = json!(kind);
        let made = self.send("POST", &path, &object).await;
        assert!(made.is_ok(), "{object}: {made:?}");
    }

    /// Edits an object.
    pub(crate) async fn edit(&self, plural: &str, name: &str, patch: Value) {
        let path = format!("{}/{name}", place(plural, TEAM).0);
        let edited = self.send("PATCH", &path, &patch).await;
        assert!(edited.is_ok(), "{patch}: {edited:?}");
    }

    /// Makes something of an object that no schema admits.
    pub(crate) fn damage(&self, plural: &str, name: &str, pointer: &str, value: Value) {
        self.memory.damage(&format!("{}/{name}", place(plural, TEAM).0), pointer, value);
    }

    /// Deletes an object, without waiting for its end.
    pub(crate) async fn delete(&self, plural: &str, name: &str) {
        let path = format!("{}/{name}", place(plural, TEAM).0);
        let deleted = self.send("DELETE", &path, &json!({})).await;
        assert!(deleted.is_ok(), "{name}: {deleted:?}");
    }

    /// An object as it is.
    pub(crate) fn get(&self, plural: &str, name: &str) -> Option<Value> {
        self.memory.peek(&format!("{}/{name}", place(plural, TEAM).0))
    }

    /// Declares a person.
    pub(crate) async fn user(&self, name: &str) {
        let object = json!({"metadata": {"name": name}, "spec": user_spec(name)});
        self.create("confluentusers", TEAM, object).await;
    }

    /// Declares a binding of a declared person.
    pub(crate) async fn binding(&self, name: &str, user: &str, role: &str) {
        let spec = binding_spec(user, role);
        self.create("accessrolebindings", TEAM, json!({"metadata": {"name": name}, "spec": spec})).await;
    }

    /// Lets the namespace grant these roles and no others.
    pub(crate) async fn delegate(&self, roles: &[&str]) {
        let mut delegations = organization()["spec"]["delegations"].clone();
        delegations[0]["grant"][0]["roles"] = json!(roles);
        self.edit("confluentorganizations", "o", json!({"spec": {"delegations": delegations}})).await;
    }

    /// Waits until it holds, for as long as somebody would.
    pub(crate) async fn until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let since = Instant::now();
        while !holds(self) {
            assert!(since.elapsed() < Duration::from_mins(30), "not within half an hour: {what}\n{}", self.tell());
            sleep(Duration::from_millis(250)).await;
        }
    }

    /// Waits until an object is as declared, in its present generation.
    pub(crate) async fn ready(&self, plural: &str, name: &str) -> Value {
        self.until(&format!("{plural} {name} is ready"), |stage| {
            stage.get(plural, name).is_some_and(|object| {
                object["status"]["observedGeneration"] == object["metadata"]["generation"]
                    && condition(&object, "Ready")["status"] == "True"
            })
        })
        .await;
        self.get(plural, name).unwrap()
    }

    /// Waits until an object is gone.
    pub(crate) async fn gone(&self, plural: &str, name: &str) {
        self.until(&format!("{plural} {name} is gone"), |stage| stage.get(plural, name).is_none()).await;
    }

    /// Does something in the portal.
    pub(crate) fn portal(&self, command: &Command) {
        self.act(&Actor::Portal, command);
    }

    /// Does something as somebody else.
    pub(crate) fn act(&self, actor: &Actor, command: &Command) {
        self.simulator.act(actor, command).unwrap();
        self.shadows.act(actor, command);
    }

    /// Everything held in the organization, as `who role place`, sorted.
    pub(crate) fn held(&self) -> Vec<String> {
        Picture::of(&self.simulator).held
    }

    /// The id of a person with that address, invited or not.
    pub(crate) fn id_of(&self, email: &str) -> Option<String> {
        self.ids_of(email).into_iter().next()
    }

    /// All of them: who is deactivated, and so the last, may have a successor with the same address.
    pub(crate) fn ids_of(&self, email: &str) -> Vec<String> {
        self.simulator.inspect(|world, at| {
            let mut users = world.contents(at).users;
            users.retain(|user| user.email == email);
            users.sort_by_key(|user| user.membership == Membership::Deactivated);
            users.iter().map(|user| user.id.clone()).collect()
        })
    }

    /// The id of a binding that a person with that address has.
    pub(crate) fn a_binding_of(&self, email: &str) -> Option<String> {
        let holder = self.id_of(email)?;
        self.simulator.inspect(|world, at| {
            let bindings = world.contents(at).bindings;
            bindings.iter().find(|it| it.principal.as_str() == holder).map(|it| it.id.clone())
        })
    }

    /// Requests to the vendor that change something, with how often each was made; ids are left out.
    pub(crate) fn remote_writes(&self) -> BTreeMap<String, usize> {
        // A token changes nothing.
        let writes = |it: &&RequestRecord| it.method != "GET" && !it.path.ends_with("/token");
        count(self.simulator.requests().iter().filter(writes).map(told))
    }

    /// What the operator wrote to our kinds, with how often.
    pub(crate) fn local_writes(&self) -> BTreeMap<String, usize> {
        let asked = self.memory.asked().into_iter().filter(|it| it.user == OPERATOR && (200..300).contains(&it.code));
        let writes = asked.filter(|it| !matches!(it.verb, "get" | "list" | "watch"));
        let ours = writes.filter(|it| !matches!(&*it.resource, "leases" | "events"));
        count(ours.map(|it| format!("{} {} {}", it.verb, it.resource, it.name)))
    }

    /// What there is to know when something fails.
    pub(crate) fn tell(&self) -> String {
        let statuses = self.memory.all().into_iter().filter(|object| !object["spec"]["organizationRef"].is_null());
        let statuses: Vec<String> = statuses
            .map(|it| format!("{} {}: {}", it["kind"], it["metadata"]["name"], condition(&it, "Ready")))
            .collect();
        let requests = self.simulator.requests();
        let last: Vec<String> = requests.iter().rev().take(12).map(|it| format!("{it:?}")).collect();
        format!("{statuses:#?}\nremote: {:#?}\nlast: {last:#?}", self.held())
    }
}

/// The address of a person who has to be invited.
pub(crate) fn address(name: &str) -> String {
    format!("{name}@partner.example")
}

/// The team may declare everything.
pub(crate) fn delegations() -> Value {
    let grant = json!([{"roles": ["*"], "within": [{"organization": {}}],
        "principals": {"kinds": ["User", "ServiceAccount"], "declaredIn": "Anywhere"}}]);
    let invite = json!({"emailDomains": ["*"]});
    json!([{"name": "all", "namespaces": {"names": [TEAM]}, "invite": invite, "grant": grant}])
}

fn organization() -> Value {
    let auth = json!({"apiKey": {"secretRef": {"name": "o"}}});
    json!({"metadata": {"name": "o"}, "spec": {"organizationId": ORGANIZATION, "delegations": delegations(),
        "protection": {"minimumOrganizationAdmins": 2},
        "backend": {"confluentCloud": {"endpoint": "https://simulator.example", "auth": auth}}}})
}

/// The path of a collection, and what its objects are.
fn place(plural: &str, namespace: &str) -> (String, &'static str, &'static str) {
    let ours = "/apis/access.roster.dev/v1alpha1";
    let (root, version, kind) = match plural {
        "namespaces" => ("/api/v1", "v1", "Namespace"),
        "secrets" => ("/api/v1", "v1", "Secret"),
        "confluentorganizations" => (ours, "access.roster.dev/v1alpha1", "ConfluentOrganization"),
        "confluentusers" => (ours, "access.roster.dev/v1alpha1", "ConfluentUser"),
        "accessrolebindings" => (ours, "access.roster.dev/v1alpha1", "RoleBinding"),
        "publishers" => (ours, "access.roster.dev/v1alpha1", "Publisher"),
        "publisherusers" => (ours, "access.roster.dev/v1alpha1", "PublisherUser"),
        other => unreachable!("no resource `{other}`"),
    };
    if namespace.is_empty() || matches!(plural, "namespaces" | "confluentorganizations" | "publishers") {
        return (format!("{root}/{plural}"), version, kind);
    }
    (format!("{root}/namespaces/{namespace}/{plural}"), version, kind)
}

fn told(request: &RequestRecord) -> String {
    let collection: Vec<&str> = request.path.split('/').take(4).collect();
    format!("{} {}", request.method, collection.join("/"))
}

fn count(all: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for one in all {
        *counts.entry(one).or_default() += 1;
    }
    counts
}

/// One condition of an object.
pub(crate) fn condition(object: &Value, kind: &str) -> Value {
    let all = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|condition| condition["type"] == kind).unwrap_or_default()
}
