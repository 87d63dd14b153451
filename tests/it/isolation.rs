//! What is broken delays nobody else, what is down comes back, and what is deleted goes: in any order, all at once.

use std::net::{Ipv4Addr, TcpListener};

use roster::simulator::{Effect, Fault};
use serde_json::{Value, json};

use crate::stage::{Stage, condition, eventually};

fn linus(stage: &Stage, name: &str, role: &str) -> Value {
    stage.binding(name, json!({"email": "linus@example.com"}), role, json!({"environment": "env-prod01"}), json!({}))
}

fn grants_asked_for(stage: &Stage) -> usize {
    stage.requests().iter().filter(|it| it.method == "POST" && it.path == "/iam/v2/role-bindings").count()
}

/// The operator's writes to one object.
fn writes(stage: &Stage, name: &str) -> Vec<String> {
    let all = stage.theatre.writes_to_our_kinds(&stage.name);
    all.into_iter().filter(|it| it.ends_with(&format!(" {name}"))).collect()
}

#[test]
fn a_broken_object_and_broken_organizations_delay_nobody() {
    let hanging = Stage::unconnected(crate::stage::Theatre::shared(), "isolated-hanging");
    hanging.simulator.inject(Fault::new("GET", "/", Effect::Hang).always());
    hanging.apply(&[hanging.organization(|_| {}), linus(&hanging, "waits", "Operator")]);
    let closed = Stage::unconnected(hanging.theatre, "isolated-closed");
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let endpoint = json!(format!("http://127.0.0.1:{port}"));
    let unreachable = closed.organization(|object| object["spec"]["backend"]["confluentCloud"]["endpoint"] = endpoint);
    closed.apply(&[unreachable, linus(&closed, "waits", "Operator")]);
    let good = Stage::new("isolated-good");
    good.apply(&[linus(&good, "broken", "Operatr")]);
    good.settled("arb", "broken", "False", "RoleUnknown");
    closed.settled("corg", "isolated-closed", "False", "BackendUnavailable");

    // Beside all of these a new grant is made as ever.
    good.apply(&[linus(&good, "fine", "Operator")]);
    good.settled("arb", "fine", "True", "InSync");
    assert_eq!(grants_asked_for(&good), 1);
    assert_eq!(writes(&good, "fine"), ["patch accessrolebindings/ fine", "patch accessrolebindings/status fine"]);
    // What cannot be decided is written once, and nothing remote is anybody's to answer for.
    assert_eq!(writes(&good, "broken"), ["patch accessrolebindings/status broken"]);
    closed.settled("arb", "waits", "False", "BackendUnavailable");
    // The one that hangs says so as well, and lives once it is answered.
    hanging.settled("corg", "isolated-hanging", "False", "BackendUnavailable");
    hanging.simulator.update(|knobs| knobs.faults.clear()).unwrap();
    hanging.settled("arb", "waits", "True", "InSync");
    assert_eq!(grants_asked_for(&hanging), 1);
}

#[test]
fn an_outage_of_the_vendor_rewrites_nothing_that_was_fine_and_heals() {
    let mut stage = Stage::new("outage");
    let often = |object: &mut Value| object["spec"]["resyncInterval"] = json!("10s");
    let organization = stage.organization(often);
    stage.apply(&[organization, linus(&stage, "before", "Operator")]);
    stage.settled("arb", "before", "True", "InSync");
    let before = writes(&stage, "before");

    let serving = stage.serving.take().unwrap();
    let address = serving.address();
    stage.theatre.runtime.block_on(serving.stop());
    stage.apply(&[linus(&stage, "during", "MetricsViewer")]);
    let during = stage.settled("arb", "during", "False", "BackendUnavailable");
    assert_eq!(condition(&during, "Granted")["status"], "False");
    let fresh = |wanted: &str| {
        let read = || condition(&stage.get("corg", "outage").unwrap(), "InventoryFresh");
        eventually(&format!("InventoryFresh={wanted}"), &mut || read()["status"] == wanted, &mut || read().to_string());
    };
    fresh("False");
    let corg = stage.get("corg", "outage").unwrap();
    assert_eq!(condition(&corg, "Ready")["status"], "True");

    let bound = stage.theatre.runtime.block_on(tokio::net::TcpListener::bind(address)).unwrap();
    let serving = stage.theatre.runtime.block_on(async { stage.simulator.serve(bound) }).unwrap();
    stage.settled("arb", "during", "True", "InSync");
    fresh("True");
    assert_eq!(writes(&stage, "before"), before);
    assert_eq!(grants_asked_for(&stage), 2);
    stage.serving = Some(serving);
}

#[test]
fn a_listing_that_is_suddenly_without_bindings_is_told_and_nothing_is_made_or_removed_on_it() {
    let stage = Stage::new("short-listing");
    stage.apply(&[
        stage.organization(|object| object["spec"]["resyncInterval"] = json!("10s")),
        linus(&stage, "stays", "Operator"),
        linus(&stage, "goes", "MetricsViewer"),
    ]);
    stage.settled("arb", "stays", "True", "InSync");
    stage.settled("arb", "goes", "True", "InSync");
    let before = stage.remote_writes().len();
    // Both lists of the next listing; the one after it shows all.
    stage.simulator.inject(Fault::empty_list("/iam/v2/role-bindings").times(2));
    let fresh = || condition(&stage.get("corg", "short-listing").unwrap(), "InventoryFresh");
    let doubted = || fresh()["status"] == "False" && fresh()["reason"] == "InventoryInDoubt";
    eventually("the listing is doubted", &mut || doubted(), &mut || fresh().to_string());
    eventually("it is fresh again", &mut || fresh()["status"] == "True", &mut || fresh().to_string());
    assert_eq!(stage.remote_writes().len(), before);
    stage.delete("arb", "goes");
    stage.gone("arb", "goes");
    assert!(!stage.remote().iter().any(|it| it.starts_with("linus@example.com MetricsViewer")));
    stage.settled("arb", "stays", "True", "InSync");
}

#[test]
fn objects_deleted_in_any_order_end_with_the_access_gone_and_the_organization_last() {
    const ORDERS: [[&str; 3]; 6] = [
        ["cuser", "arb", "corg"],
        ["cuser", "corg", "arb"],
        ["arb", "cuser", "corg"],
        ["arb", "corg", "cuser"],
        ["corg", "cuser", "arb"],
        ["corg", "arb", "cuser"],
    ];
    let stages: Vec<Stage> = (0..ORDERS.len()).map(|number| Stage::new(&format!("prune-{number}"))).collect();
    for stage in &stages {
        let scope = json!({"environment": "env-prod01"});
        let ada = json!({"userRef": {"name": "ada"}});
        stage.apply(&[
            stage.user("ada", "ada@example.com", json!({})),
            stage.binding("ada", ada, "Operator", scope, json!({})),
        ]);
    }
    for (stage, order) in stages.iter().zip(ORDERS) {
        stage.settled("arb", "ada", "True", "InSync");
        stage.settled("cuser", "ada", "True", "InSync");
        for kind in order {
            stage.delete(kind, if kind == "corg" { &stage.name } else { "ada" });
        }
    }
    for stage in &stages {
        nothing_is_left(stage);
    }
}

fn nothing_is_left(stage: &Stage) {
    stage.gone("corg", &stage.name);
    // The organization went last.
    assert!(stage.get("arb", "ada").is_none() && stage.get("cuser", "ada").is_none());
    assert!(!stage.remote().iter().any(|held| held.starts_with("ada@")), "{:?}", stage.remote());
    assert!(!stage.is_member("ada@example.com"));
    let removals = stage.remote_writes().iter().filter(|it| it.starts_with("DELETE ")).count();
    assert!(removals <= 2, "{:?}", stage.remote_writes());
}

#[test]
fn everything_is_pruned_at_once_with_its_namespace() {
    let stage = Stage::new("prune-all");
    let scope = json!({"environment": "env-prod01"});
    let objects = [
        stage.user("ada", "ada@example.com", json!({})),
        stage.binding("ada", json!({"userRef": {"name": "ada"}}), "Operator", scope, json!({})),
    ];
    stage.apply(&objects);
    stage.settled("arb", "ada", "True", "InSync");
    let organization = stage.organization(|_| {});
    let all = json!({"apiVersion": "v1", "kind": "List", "items": [&organization, &objects[0], &objects[1]]});
    stage.theatre.done(&["delete", "--wait=false", "-f", "-"], &all.to_string());
    stage.theatre.done(&["delete", "namespace", "prune-all", "--wait=false"], "");
    nothing_is_left(&stage);
    let namespace = || stage.theatre.done(&["get", "namespace", "prune-all", "--ignore-not-found"], "");
    eventually("the namespace is gone", &mut || namespace().is_empty(), &mut || namespace());
}
