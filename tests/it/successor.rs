//! A write of the operator that arrives late, at a real API server, when another object has the name.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures::future::BoxFuture;
use http::{Method, Request, Response};
use kube::{
    Client, Config,
    client::Body,
    config::{KubeConfigOptions, Kubeconfig},
};
use roster::{controller, telemetry::Metrics};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::{
    replica::{House, requests},
    stage::{Stage, condition, eventually, settings},
};

type Answer = BoxFuture<'static, Result<Response<Body>, kube::Error>>;

/// Keeps the first patch of one path until it may go on.
#[derive(Clone, Default)]
struct Gate {
    reached: Arc<AtomicBool>,
    open: Arc<Notify>,
}

impl Gate {
    /// A client of the operator whose patches of that path pass the gate.
    fn client(&self, house: &House, path: String) -> Client {
        let kubeconfig = Kubeconfig::read_from(house.theatre.operator_kubeconfig()).unwrap();
        let gate = self.clone();
        house.theatre.runtime.block_on(async move {
            let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
            let (inner, namespace) = (Client::try_from(config).unwrap(), "default");
            let pass = move |request| gate.clone().pass(path.clone(), request, inner.clone());
            Client::new(tower::service_fn(pass), namespace)
        })
    }

    fn pass(self, path: String, request: Request<Body>, inner: Client) -> Answer {
        Box::pin(async move {
            let kept = *request.method() == Method::PATCH && request.uri().path() == path;
            if kept && !self.reached.swap(true, Ordering::SeqCst) {
                self.open.notified().await;
            }
            inner.send(request).await
        })
    }
}

/// What the operator's writes of one object's status were answered with.
fn answers(house: &House, name: &str) -> Vec<u64> {
    let all = requests(house.theatre).into_iter();
    let ours = all.filter(|it| it["verb"] == "patch" && it["objectRef"]["name"] == name);
    let status = ours.filter(|it| it["objectRef"]["subresource"] == "status");
    status.filter_map(|it| it["responseStatus"]["code"].as_u64()).collect()
}

fn binding(stage: &Stage, more: Value) -> Value {
    let scope = json!({"environment": "env-prod01"});
    stage.binding("late", json!({"email": "linus@example.com"}), "MetricsViewer", scope, more)
}

#[test]
fn a_status_that_comes_late_does_not_land_on_a_successor() {
    let house = House::enter();
    let stage = Stage::of(house.theatre, "successor");
    let gate = Gate::default();
    let client = gate.client(
        &house,
        "/apis/access.roster.dev/v1alpha1/namespaces/successor/accessrolebindings/late/status".to_owned(),
    );
    let settings = settings("successor");
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let operator = house.theatre.runtime.spawn(async move {
        let shutdown = async { ended.await.unwrap_or_default() };
        Box::pin(controller::run(client, settings, Metrics::new("test"), shutdown)).await.unwrap();
    });
    stage.apply(&[binding(&stage, json!({}))]);
    let reached = || gate.reached.load(Ordering::SeqCst);
    eventually("the status is on its way", &mut || reached(), &mut String::new);
    let first = stage.get("arb", "late").unwrap();

    // Somebody lets go of it by force, and declares something else under its name.
    house.theatre.done(
        &["patch", "arb", "late", "-n", "successor", "--type=merge", "-p", r#"{"metadata":{"finalizers":null}}"#],
        "",
    );
    stage.delete("arb", "late");
    stage.gone("arb", "late");
    stage.apply(&[binding(&stage, json!({"suspend": true}))]);
    let second = stage.get("arb", "late").unwrap();
    assert_ne!(first["metadata"]["uid"], second["metadata"]["uid"]);
    assert_eq!(second["status"]["observedGeneration"], -1);
    gate.open.notify_one();

    let told = stage.settled("arb", "late", "True", "Suspended");
    assert_eq!(told["metadata"]["uid"], second["metadata"]["uid"]);
    assert_eq!(condition(&told, "Ready")["observedGeneration"], 1);
    let codes = || answers(&house, "late");
    eventually("both are in the audit log", &mut || codes().len() == 2, &mut || format!("{:?}", codes()));
    assert_eq!(codes(), [409, 200]);
    end.send(()).unwrap();
    house.theatre.runtime.block_on(operator).unwrap();
}
