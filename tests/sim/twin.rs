//! One script on the API server in memory and on a real one, compared step by step: what the simulation stands on is true.

mod normal;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use http::{Method, Request, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use roster::cli::controlplane::{ControlPlane, Options};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{chance::Chance, memory::Memory};

/// One request of the script.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    say: String,
    get: Option<String>,
    watch: Option<String>,
    post: Option<String>,
    put: Option<String>,
    json: Option<String>,
    merge: Option<String>,
    apply: Option<String>,
    delete: Option<String>,
    #[serde(default)]
    body: Value,
    /// Metadata alone is asked for.
    #[serde(default)]
    partial: bool,
    /// The version that a watch goes on from.
    from: Option<String>,
    /// The name under which later steps find the answer.
    keep: Option<String>,
    /// The step is repeated until this is the code.
    until: Option<u16>,
    /// The server in memory forgets what was before; the real one has never known that version.
    #[serde(default)]
    compact: bool,
    /// What a controller does with it meanwhile is waited for.
    #[serde(default)]
    settle: bool,
}

impl Step {
    fn asks(&self) -> (Method, &str, &'static str) {
        let json = "application/json";
        let ways = [
            (&self.get, Method::GET, json),
            (&self.watch, Method::GET, json),
            (&self.post, Method::POST, json),
            (&self.put, Method::PUT, json),
            (&self.json, Method::PATCH, "application/json-patch+json"),
            (&self.merge, Method::PATCH, "application/merge-patch+json"),
            (&self.apply, Method::PATCH, "application/apply-patch+yaml"),
            (&self.delete, Method::DELETE, json),
        ];
        let way = ways.into_iter().find_map(|(path, method, kind)| Some((method, path.as_deref()?, kind)));
        way.unwrap()
    }
}

/// A server under the script.
struct Stage {
    client: Client,
    memory: Option<Memory>,
    /// What was kept, by what stands for it.
    kept: BTreeMap<String, String>,
}

impl Stage {
    fn new(client: Client, memory: Option<Memory>) -> Self {
        let users = "/apis/access.roster.dev/v1alpha1/namespaces/twin/confluentusers";
        let words = [("$users", users), ("$v", "access.roster.dev/v1alpha1")];
        let kept = words.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
        Self { client, memory, kept }
    }

    /// The longest names first, so that `$v` is not found in `$version`.
    fn fill(&self, text: &str) -> String {
        let mut names: Vec<(&String, &String)> = self.kept.iter().collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        names.into_iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    async fn ask(&self, step: &Step) -> (u16, Value) {
        let (method, path, kind) = step.asks();
        let mut path = self.fill(path);
        if let Some(from) = &step.from {
            path = format!("{path}?watch=true&timeoutSeconds=1&resourceVersion={}", self.fill(from));
        }
        let listing = step.get.as_deref() == Some("$users");
        let accepts = match (step.partial, listing) {
            (false, _) => "application/json",
            (true, true) => "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
            (true, false) => "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
        };
        let body = if step.body.is_null() { String::new() } else { self.fill(&step.body.to_string()) };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, kind)
            .header(header::ACCEPT, accepts)
            .header(header::USER_AGENT, "unknown/1")
            .body(kube::client::Body::from(body.into_bytes()))
            .unwrap();
        let answer = self.client.send(request).await.unwrap();
        let code = answer.status().as_u16();
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(text.to_vec()).unwrap();
        if step.watch.is_some() {
            let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            return (code, json!(lines));
        }
        (code, serde_json::from_str(&text).unwrap_or_else(|_| json!(text)))
    }

    async fn play(&mut self, step: &Step) -> (u16, Value) {
        if let Some(memory) = self.memory.as_ref().filter(|_| step.compact) {
            memory.compact();
        }
        if step.settle && self.memory.is_none() {
            // A controller tells the namespace what it waits for, and then asks ever more seldom.
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        let mut answer = self.ask(step).await;
        for _ in 0..600 {
            if step.until.is_none_or(|code| code == answer.0) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            answer = self.ask(step).await;
        }
        if let Some(name) = &step.keep {
            let about = &answer.1["metadata"];
            for (word, field) in [("uid", "uid"), ("version", "resourceVersion"), ("continue", "continue")] {
                let value = about[field].as_str().unwrap_or_default().to_owned();
                self.kept.insert(format!("${name}.{word}"), value);
            }
        }
        answer
    }
}

/// A real API server with our kinds.
async fn real() -> (ControlPlane, Client) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let plane = tokio::task::spawn_blocking(|| {
        let mut options = Options::new(env!("CARGO_BIN_EXE_roster"));
        options.controller_manager = true;
        ControlPlane::start(&options, |progress| eprintln!("{progress}")).unwrap()
    });
    let plane = plane.await.unwrap();
    let kubeconfig = Kubeconfig::read_from(plane.admin_kubeconfig()).unwrap();
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    let client = Client::try_from(config).unwrap();
    let crds = kube::Api::all(client.clone());
    for (_, crd) in roster::api::crds() {
        crds.create(&kube::api::PostParams::default(), &crd).await.unwrap();
        let name = crd.metadata.name.unwrap();
        let established = kube::runtime::conditions::is_crd_established();
        kube::runtime::wait::await_condition(crds.clone(), &name, established).await.unwrap();
    }
    (plane, client)
}

#[tokio::test]
async fn the_server_in_memory_answers_as_a_real_one() {
    let script: Vec<Step> = serde_yaml::from_str(include_str!("twin/script.yaml")).unwrap();
    assert!(script.len() >= 30);
    let memory = Memory::new(Arc::new(Timestamp::now));
    let mut ours = Stage::new(memory.client("twin", Chance::new(0), 0), Some(memory));
    let (_plane, client) = real().await;
    let mut theirs = Stage::new(client, None);
    let (mut our_names, mut their_names) = (normal::Names::default(), normal::Names::default());
    let mut differences = Vec::new();
    for (number, step) in script.iter().enumerate() {
        let (mine, real) = (ours.play(step).await, theirs.play(step).await);
        let mine = (mine.0, our_names.normal(mine.1));
        let real = (real.0, their_names.normal(real.1));
        if mine != real {
            let told = normal::differences(&mine.1, &real.1).join("\n");
            differences.push(format!("{}. {}: {} and {}\n{told}", number + 1, step.say, mine.0, real.0));
        }
    }
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
}
