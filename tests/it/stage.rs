//! A stage for stories: one control plane with the operator under its own rights, and for each story a simulated
//! organization, a namespace and an object that connects the two.
//!
//! Everything goes through real interfaces: kubectl's API server, the operator's service account, the vendor's HTTP.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::needless_pass_by_value,
    reason = "helpers of tests fail and speak as tests do, and take what `json!` makes"
)]
#![allow(dead_code, reason = "each story uses what it needs")]

use std::{
    io::Write,
    path::PathBuf,
    process::{Output, Stdio},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use kube::{Client, Config, config::Kubeconfig};
use roster::{
    access::Crn,
    cli::{
        controlplane::{ControlPlane, Options},
        generate,
    },
    controller::{self, LeaseSettings, Outside, Settings},
    simulator::{
        RequestRecord, Serving, Simulator,
        world::{Actor, Command, Founding, World, example},
    },
    telemetry::Metrics,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::tools;

/// How long anything may take on a busy machine. What a process that was killed left unanswered is doubted for two minutes.
pub(crate) const PATIENCE: Duration = Duration::from_mins(4);
/// The organization's id in the example, which every story replaces by its own.
pub(crate) const EXAMPLE: &str = "9bb441c4-edef-46ac-8a41-c49e44a3fd9a";

/// The control plane that stories share.
pub(crate) struct Theatre {
    pub(crate) plane: ControlPlane,
    pub(crate) runtime: Runtime,
    /// A client of the administrator.
    pub(crate) admin: Client,
}

impl Theatre {
    /// A control plane with CRDs and rights, and no operator.
    pub(crate) fn empty() -> Self {
        tools::prepare();
        let mut options = Options::new(env!("CARGO_BIN_EXE_roster"));
        options.controller_manager = true;
        let plane = ControlPlane::start(&options, |progress| eprintln!("{progress}")).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let admin = runtime.block_on(client(plane.admin_kubeconfig().to_owned()));
        let theatre = Self { plane, runtime, admin };
        let crds: Vec<String> = generate::crd_files().unwrap().into_iter().map(|(_, text)| text).collect();
        theatre.done(&["apply", "--server-side", "-f", "-"], &crds.join("---\n"));
        // A CRD that has no condition at all yet is an error to `kubectl wait`, not a reason to wait.
        let wait = ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"];
        let established = || theatre.kubectl(&wait, "");
        eventually("the CRDs are established", &mut || established().status.success(), &mut || {
            String::from_utf8_lossy(&established().stderr).into_owned()
        });
        let files = concat!(env!("CARGO_MANIFEST_DIR"), "/charts/roster/files");
        // Not the folder, which holds more than manifests; the namespace first.
        for file in ["identity", "clusterrole", "credentials-role", "lease-role"] {
            theatre.done(&["apply", "--server-side", "-f", &format!("{files}/{file}.yaml")], "");
        }
        theatre
    }

    /// The one that stories share, with an operator.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Theatre> = OnceLock::new();
        SHARED.get_or_init(|| {
            let theatre = Self::empty();
            theatre.runtime.spawn(theatre.operator("shared", std::future::pending()));
            theatre
        })
    }

    /// The operator under its service account, until `shutdown` ends.
    pub(crate) fn operator<F: Future<Output = ()> + Send + 'static>(
        &self,
        identity: &str,
        shutdown: F,
    ) -> impl Future<Output = ()> + Send + use<F> {
        let client = self.runtime.block_on(client(self.operator_kubeconfig()));
        let settings = settings(identity);
        async move {
            controller::run(client, settings, Metrics::new("test"), shutdown).await.unwrap();
        }
    }

    /// A kubeconfig of the operator's service account.
    pub(crate) fn operator_kubeconfig(&self) -> PathBuf {
        let token = self.done(&["create", "token", "roster", "-n", "roster-system", "--duration=2h"], "");
        self.plane.kubeconfig_for_token("operator", &token).unwrap()
    }

    pub(crate) fn kubectl(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.plane.kubectl_command();
        command.args(["--request-timeout=60s"]).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// What a kubectl that must succeed printed.
    pub(crate) fn done(&self, arguments: &[&str], input: &str) -> String {
        let output = self.kubectl(arguments, input);
        assert!(output.status.success(), "{arguments:?}: {}\n{input}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The operator's writes to our kinds so far, as `verb plural[/subresource] namespace/name`, from the audit log.
    pub(crate) fn writes_to_our_kinds(&self, namespace: &str) -> Vec<String> {
        let log = std::fs::read_to_string(self.plane.audit_log()).unwrap();
        log.lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|event| event["user"]["username"] == "system:serviceaccount:roster-system:roster")
            .filter(|event| event["objectRef"]["apiGroup"] == "access.roster.dev")
            .filter(|event| ["create", "update", "patch", "delete"].iter().any(|verb| event["verb"] == *verb))
            .filter(|event| event["objectRef"]["namespace"].as_str().unwrap_or_default() == namespace)
            .map(|event| {
                let part = |key: &str| event["objectRef"][key].as_str().unwrap_or_default().to_owned();
                format!(
                    "{} {}/{} {}",
                    event["verb"].as_str().unwrap(),
                    part("resource"),
                    part("subresource"),
                    part("name")
                )
            })
            .collect()
    }
}

async fn client(kubeconfig: PathBuf) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
    Client::try_from(
        Config::from_custom_kubeconfig(kubeconfig, &kube::config::KubeConfigOptions::default()).await.unwrap(),
    )
    .unwrap()
}

/// The operator's settings in tests, with a Lease that changes hands quickly.
pub(crate) fn settings(identity: &str) -> Settings {
    let mut lease = LeaseSettings::new("roster-system", "roster", identity);
    lease.lease_duration = Duration::from_secs(6);
    lease.renew_deadline = Duration::from_secs(4);
    lease.retry_period = Duration::from_millis(500);
    Settings {
        catalogue: Arc::new(roster::access::Catalogue::embedded().clone()),
        credentials_namespace: "roster-system".to_owned(),
        http_hosts: Vec::new(),
        lease,
        listen: None,
        concurrency: 16,
        instance: identity.to_owned(),
        outside: Outside::real(),
    }
}

/// One story's organization, connected under one name that is also its namespace and its Secret.
pub(crate) struct Stage {
    pub(crate) theatre: &'static Theatre,
    pub(crate) simulator: Simulator,
    pub(crate) serving: Option<Serving>,
    pub(crate) name: String,
    pub(crate) organization_id: String,
}

impl Stage {
    /// The example's people, clusters and key, with a delegation that lets the namespace do anything.
    pub(crate) fn new(name: &str) -> Self {
        Self::of(Theatre::shared(), name)
    }

    /// The same on another theatre.
    pub(crate) fn of(theatre: &'static Theatre, name: &str) -> Self {
        let stage = Self::unconnected(theatre, name);
        stage.theatre.done(&["apply", "--server-side", "-f", "-"], &stage.organization(|_| {}).to_string());
        stage
    }

    /// Simulator, Secret and namespace, without the organization's object.
    pub(crate) fn unconnected(theatre: &'static Theatre, name: &str) -> Self {
        Self::since_yesterday(theatre, name, &[])
    }

    /// The same after more was done in the portals, all of it a day ago.
    pub(crate) fn since_yesterday(theatre: &'static Theatre, name: &str, more: &[Command]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let organization_id = format!("00000000-0000-4000-8000-{number:012}");
        let simulator = simulator(&organization_id, u64::from(number), more);
        Self::over(theatre, name, simulator, organization_id)
    }

    /// The same with a simulator that is there.
    pub(crate) fn over(theatre: &'static Theatre, name: &str, simulator: Simulator, organization_id: String) -> Self {
        let listener = theatre.runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let serving = theatre.runtime.block_on(async { simulator.serve(listener) }).unwrap();
        let stage = Self { theatre, simulator, serving: Some(serving), name: name.to_owned(), organization_id };
        theatre.done(&["create", "namespace", name], "");
        stage.set_credential();
        stage
    }

    /// Puts the operator's key into the Secret.
    pub(crate) fn set_credential(&self) {
        let credential = self.simulator.operator_key().unwrap();
        self.put_secret(&credential.key, &credential.secret);
    }

    pub(crate) fn put_secret(&self, key: &str, secret: &str) {
        self.put_secret_named(&self.name, key, secret);
    }

    pub(crate) fn put_secret_named(&self, name: &str, key: &str, secret: &str) {
        let object = json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": name, "namespace": "roster-system"},
            "stringData": {"key": key, "secret": secret}});
        self.theatre.done(&["apply", "--server-side", "--force-conflicts", "-f", "-"], &object.to_string());
    }

    /// The organization's object, edited.
    pub(crate) fn organization(&self, edit: impl FnOnce(&mut Value)) -> Value {
        let url = self.serving.as_ref().unwrap().url();
        let mut object = json!({
            "apiVersion": "access.roster.dev/v1alpha1",
            "kind": "ConfluentOrganization",
            "metadata": {"name": self.name},
            "spec": {
                "organizationId": self.organization_id,
                "resyncInterval": "10m",
                // Stories that are not about the budget remove as they like.
                "protection": {"removalBudget": {"percent": 100}},
                "backend": {"confluentCloud": {"endpoint": url, "auth": {"apiKey": {"secretRef": {"name": self.name}}}}},
                "delegations": [{
                    "name": "story",
                    "namespaces": {"names": [self.name]},
                    "invite": {"emailDomains": ["*"]},
                    "grant": [{"roles": ["*"], "within": [{"organization": {}}],
                        "principals": {"kinds": ["User", "ServiceAccount", "IdentityPool", "GroupMapping"], "declaredIn": "Anywhere"}}],
                }],
            },
        });
        edit(&mut object);
        object
    }

    /// A `ConfluentUser` with more spec.
    pub(crate) fn user(&self, name: &str, email: &str, more: Value) -> Value {
        self.object("ConfluentUser", name, json!({"email": email}), more)
    }

    /// A `RoleBinding` with more spec.
    pub(crate) fn binding(&self, name: &str, principal: Value, role: &str, scope: Value, more: Value) -> Value {
        self.object("RoleBinding", name, json!({"principal": principal, "role": role, "scope": scope}), more)
    }

    fn object(&self, kind: &str, name: &str, spec: Value, more: Value) -> Value {
        let mut spec = spec;
        spec["organizationRef"] = json!({"name": self.name});
        if let Value::Object(more) = more {
            for (key, value) in more {
                spec[key] = value;
            }
        }
        json!({"apiVersion": "access.roster.dev/v1alpha1", "kind": kind,
            "metadata": {"name": name, "namespace": self.name}, "spec": spec})
    }

    /// Applies objects with kubectl, server side.
    pub(crate) fn apply(&self, objects: &[Value]) {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        self.theatre.done(&["apply", "--server-side", "--force-conflicts", "-f", "-"], &list.to_string());
    }

    /// Deletes one object without waiting.
    pub(crate) fn delete(&self, kind: &str, name: &str) {
        self.theatre.done(&["delete", kind, name, "-n", &self.name, "--wait=false"], "");
    }

    /// An object as it is now; `None` where it is gone.
    pub(crate) fn get(&self, kind: &str, name: &str) -> Option<Value> {
        let group = "/apis/access.roster.dev/v1alpha1";
        let path = match kind {
            "corg" => format!("{group}/confluentorganizations/{name}"),
            "cuser" => format!("{group}/namespaces/{}/confluentusers/{name}", self.name),
            "publ" => format!("{group}/publishers/{name}"),
            "pubuser" => format!("{group}/namespaces/{}/publisherusers/{name}", self.name),
            "arb" => format!("{group}/namespaces/{}/accessrolebindings/{name}", self.name),
            other => panic!("no kind `{other}`"),
        };
        let request = http::Request::get(path).body(Vec::new()).unwrap();
        match self.theatre.runtime.block_on(self.theatre.admin.request::<Value>(request)) {
            Ok(object) => Some(object),
            Err(kube::Error::Api(status)) if status.is_not_found() => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// Waits until `Ready` has that status and reason for the current generation; gives the object.
    pub(crate) fn settled(&self, kind: &str, name: &str, status: &str, reason: &str) -> Value {
        let mut last = Value::Null;
        let mut found = None;
        eventually(
            &format!("{kind} {name} is Ready={status} {reason}"),
            &mut || {
                let Some(object) = self.get(kind, name) else {
                    last = json!("gone");
                    return false;
                };
                let current = object["status"]["observedGeneration"] == object["metadata"]["generation"];
                let ready = condition(&object, "Ready");
                last = object["status"].clone();
                let there = current && ready["status"] == status && ready["reason"] == reason;
                if there {
                    found = Some(object);
                }
                there
            },
            &mut || self.tell(),
        );
        found.unwrap_or(last)
    }

    /// Waits until an object is gone.
    pub(crate) fn gone(&self, kind: &str, name: &str) {
        eventually(&format!("{kind} {name} is gone"), &mut || self.get(kind, name).is_none(), &mut || self.tell());
    }

    /// What there is to know when a story fails.
    fn tell(&self) -> String {
        let access = self.theatre.kubectl(&["get", "access", "-n", &self.name, "-o", "wide"], "");
        let requests: Vec<String> = self.requests().iter().rev().take(15).map(|it| format!("{it:?}")).collect();
        format!(
            "{}\nremote: {:?}\nlast requests: {requests:#?}",
            String::from_utf8_lossy(&access.stdout),
            self.remote()
        )
    }

    /// Everything held in the simulated organization, as `who role place`, sorted.
    pub(crate) fn remote(&self) -> Vec<String> {
        let mut all = self.simulator.inspect(|world, at| {
            let contents = world.contents(at);
            let name = |id: &str| {
                let user = contents.users.iter().find(|user| user.id == id).map(|user| user.email.clone());
                user.unwrap_or_else(|| id.to_owned())
            };
            let place = |crn: &str| crn.parse::<Crn>().map_or_else(|_| crn.to_owned(), |crn| crn.scope.describe());
            contents
                .bindings
                .iter()
                .map(|it| format!("{} {} {}", name(it.principal.as_str()), it.role, place(&it.crn)))
                .collect::<Vec<String>>()
        });
        all.sort();
        all
    }

    /// Whether somebody with that address is in the organization, invited or not.
    pub(crate) fn is_member(&self, email: &str) -> bool {
        self.simulator.inspect(|world, at| world.contents(at).users.iter().any(|user| user.email == email))
    }

    /// Does something in the portal.
    pub(crate) fn portal(&self, command: &Command) {
        self.simulator.act(&Actor::Portal, command).unwrap();
    }

    /// Has the operator list the organization again, now: its credential is written anew with another line end.
    pub(crate) fn relist(&self) {
        let credential = self.simulator.operator_key().unwrap();
        let now = Timestamp::now().as_nanosecond();
        let lists = self.lists();
        // A line break at the end does not belong to the secret, but it is another Secret to look at.
        let breaks = "\n".repeat(usize::try_from(now % 97).unwrap() + 1);
        self.put_secret(&credential.key, &format!("{}{breaks}", credential.secret));
        eventually("the organization is listed again", &mut || self.lists() > lists, &mut || self.tell());
        self.settled("corg", &self.name, "True", "InSync");
    }

    fn lists(&self) -> usize {
        self.requests().iter().filter(|it| it.method == "GET" && it.path == "/iam/v2/users").count()
    }

    /// Requests that reached the simulator.
    pub(crate) fn requests(&self) -> Vec<RequestRecord> {
        self.simulator.requests()
    }

    /// Requests that change something, as `METHOD path status`.
    pub(crate) fn remote_writes(&self) -> Vec<String> {
        let writes = self.requests().into_iter().filter(|it| it.method != "GET");
        writes.map(|it| format!("{} {} {:?}", it.method, it.path, it.status)).collect()
    }
}

fn simulator(organization_id: &str, seed: u64, more: &[Command]) -> Simulator {
    let (founding, commands) = example(seed, Timestamp::now() - jiff::SignedDuration::from_hours(24));
    let commands: Vec<&Command> = commands.iter().chain(more).collect();
    let text = serde_json::to_string(&(founding, commands)).unwrap().replace(EXAMPLE, organization_id);
    let (founding, commands): (Founding, Vec<Command>) = serde_json::from_str(&text).unwrap();
    let mut world = World::founded(&founding);
    for command in &commands {
        world.apply(&Actor::Portal, command, founding.at).unwrap();
    }
    Simulator::new(world, Arc::new(Timestamp::now))
}

/// One condition of an object.
pub(crate) fn condition(object: &Value, kind: &str) -> Value {
    let all = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|condition| condition["type"] == kind).unwrap_or_default()
}

/// The sentence of `Ready`.
pub(crate) fn message(object: &Value) -> String {
    condition(object, "Ready")["message"].as_str().unwrap_or_default().to_owned()
}

/// Looks again until it holds, and tells what there is to know when it does not.
pub(crate) fn eventually(what: &str, holds: &mut dyn FnMut() -> bool, tell: &mut dyn FnMut() -> String) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}\n{}", tell());
        thread::sleep(Duration::from_millis(50));
    }
}
