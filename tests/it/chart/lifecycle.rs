//! Install, upgrade, uninstall and install again by Helm itself, with live objects: nothing is revoked, nothing is lost.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use serde_json::{Value, json};

use super::{helm::Helm, installed::Installed};
use crate::stage::Stage;

/// What the release owns, as `kind name`.
fn owned(installed: &Installed) -> Vec<String> {
    let kinds = "deployment,service,serviceaccount,role,rolebinding,clusterrole,clusterrolebinding,\
        validatingadmissionpolicy,validatingadmissionpolicybinding,statefulset,secret";
    let all = installed.get(&[kinds, "-A", "-l", "app.kubernetes.io/name=roster"]);
    let items = all["items"].as_array().unwrap();
    items.iter().map(|it| format!("{} {}", it["kind"], it["metadata"]["name"])).collect()
}

fn definitions(installed: &Installed) -> Vec<Value> {
    let all = installed.get(&["crd", "-l", "app.kubernetes.io/name=roster"]);
    all["items"].as_array().unwrap().iter().map(|it| it["metadata"]["uid"].clone()).collect()
}

/// The manifest that the notes tell to apply.
fn proposed(notes: &str) -> String {
    let (_, rest) = notes.split_once("<<'END'\n").unwrap();
    let (manifest, _) = rest.split_once("\n  END").unwrap();
    manifest.lines().map(|line| line.strip_prefix("  ").unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

fn person(stage: &Stage) {
    let scope = json!({"environment": "env-prod01"});
    stage.apply(&[
        stage.user("ada", "ada@example.com", json!({})),
        stage.binding("ada-operates", json!({"userRef": {"name": "ada"}}), "Operator", scope, json!({})),
    ]);
    stage.settled("arb", "ada-operates", "True", "InSync");
}

fn goes_through(first: Helm, second: Helm) {
    let installed = Installed::empty();
    let notes = installed.helm(first, "install", &["--create-namespace", "--set", "simulator.enabled=true"]);
    assert!(notes.contains("kubectl get access -A") && notes.contains("revokes nothing"), "{notes}");
    installed.theatre.done(&["apply", "--dry-run=server", "-f", "-"], &proposed(&notes));
    let secret = || installed.get(&["secret", "roster-simulator-key", "-n", "roster-system"])["data"].clone();
    let (before, drawn) = (definitions(&installed), secret());
    assert!(before.len() >= 3);
    let operator = installed.operator();
    let stage = installed.stage("chart-lifecycle");
    person(&stage);
    let (writes, remote) = (stage.remote_writes(), stage.remote());

    // An upgrade brings the definitions back to what they are, and keeps what was drawn.
    let crd = "crd/confluentusers.access.roster.dev";
    let alter = r#"[{"op": "replace", "path": "/spec/names/shortNames", "value": ["stale"]}]"#;
    installed.theatre.done(&["patch", crd, "--type=json", "--patch", alter], "");
    let more = ["--set", "simulator.enabled=true,replicas=2,operator.log=debug"];
    let forced = ["--force-conflicts"];
    let more = if first == Helm::Four { [&more[..], &forced].concat() } else { more.to_vec() };
    installed.helm(first, "upgrade", &more);
    assert_eq!(installed.get(&[crd])["spec"]["names"]["shortNames"], json!(["cuser"]));
    assert_eq!(installed.get(&["deployment", "roster", "-n", "roster-system"])["spec"]["replicas"], 2);
    assert_eq!(secret(), drawn);
    stage.settled("arb", "ada-operates", "True", "InSync");
    // Her status follows the binding's.
    let ada = stage.settled("cuser", "ada", "True", "InSync");
    operator.end();

    // Uninstalled: what it owned is gone, but for the definitions; the objects are as they were, and so is the access.
    installed.helm(first, "uninstall", &[]);
    assert_eq!(owned(&installed), [""; 0]);
    assert_eq!(definitions(&installed), before);
    let left = stage.get("cuser", "ada").unwrap();
    assert_eq!(
        (&left["spec"], &left["status"], &left["metadata"]["uid"]),
        (&ada["spec"], &ada["status"], &ada["metadata"]["uid"])
    );
    assert_eq!(left["metadata"]["finalizers"], json!(["access.roster.dev/cleanup"]));
    assert_eq!(stage.remote(), remote);

    // The other Helm goes on where the first one ended.
    installed.helm(second, "install", &[]);
    assert_eq!(definitions(&installed), before);
    let operator = installed.operator();
    stage.relist();
    stage.settled("arb", "ada-operates", "True", "InSync");
    assert_eq!(stage.remote_writes(), writes, "nothing was written but what the person took");
    for (kind, name) in [("arb", "ada-operates"), ("cuser", "ada")] {
        stage.delete(kind, name);
        stage.gone(kind, name);
    }
    assert!(!stage.is_member("ada@example.com"));
    operator.end();
}

#[test]
fn helm_four_then_three() {
    goes_through(Helm::Four, Helm::Three);
}

#[test]
fn helm_three_then_four() {
    goes_through(Helm::Three, Helm::Four);
}
