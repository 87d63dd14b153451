//! What tenants try, with the chart's roles and policies in place and a token of their own: each attempt ends where the
//! table says, with a sentence, and none of it reaches the remote side.
//!
//! The attempts are data, in `abuse/attempts.yaml`.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod policies;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::stage::{Stage, eventually, message};

/// The refusal of the API server before anything of ours is asked.
const RIGHTS: &str = "is forbidden: User ";
/// The refusal of a policy of the chart.
const POLICY: &str = "ValidatingAdmissionPolicy";

/// Who refuses an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum By {
    Rights,
    Schema,
    Policy,
    Reconcile,
}

/// One attempt; the file says how it is to be read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Attempt {
    threat: String,
    does: String,
    #[serde(rename = "RoleBinding")]
    binding: Option<Value>,
    #[serde(rename = "ConfluentUser")]
    user: Option<Value>,
    #[serde(rename = "PublisherUser")]
    member: Option<Value>,
    #[serde(default)]
    metadata: Value,
    status: Option<Value>,
    kubectl: Option<Vec<String>>,
    input: Option<Value>,
    refused: By,
    says: String,
}

fn attempts(stage: &Stage, table: &str, other: &str) -> Vec<Attempt> {
    let uid = stage.get("corg", &stage.name).unwrap()["metadata"]["uid"].as_str().unwrap().to_owned();
    let text = table.replace("$ORG", &stage.name).replace("$OTHER", other);
    let text = text.replace("$ID", &stage.organization_id).replace("$UID", &uid);
    serde_yaml::from_str(&text.replace("$LONG", &"x".repeat(2_000)).replace("$HUGE", &"x".repeat(300_000))).unwrap()
}

/// The table's delegation, the one of the team beside, and one for namespaces with a label.
fn delegate(stage: &Stage, other: &str) {
    let people = json!({"kinds": ["User"], "declaredIn": "SameNamespace"});
    let prefix = json!({"type": "Topic", "name": "orders-", "patternType": "Prefixed"});
    let topics = json!({"environment": "env-prod01", "cluster": "lkc-orders", "resource": prefix});
    let grants = json!([
        {"roles": ["DeveloperRead", "DeveloperWrite"], "within": [topics], "principals": people},
        {"roles": ["MetricsViewer"], "within": [{"environment": "env-prod01"}], "principals": people, "maxDuration": "24h"},
    ]);
    let any = json!([{"roles": ["*"], "within": [{"organization": {}}], "principals": people}]);
    let domains = json!({"emailDomains": ["example.com"]});
    stage.apply(&[stage.organization(|object| {
        object["spec"]["delegations"] = json!([
            {"name": "team", "namespaces": {"names": [stage.name]}, "invite": domains, "grant": grants},
            {"name": "other", "namespaces": {"names": [other]}, "invite": domains, "grant": any},
            {"name": "trusted", "namespaces": {"matchLabels": {"team": "trusted"}}, "invite": domains, "grant": any},
        ]);
    })]);
}

/// A service account of the stage's namespace with the chart's role `edit` in it; gives its kubeconfig.
fn tenant(stage: &Stage) -> PathBuf {
    let namespace = ["-n", stage.name.as_str()];
    let run = |arguments: &[&str]| stage.theatre.done(&[arguments, &namespace].concat(), "");
    run(&["create", "serviceaccount", "tenant"]);
    let account = format!("--serviceaccount={}:tenant", stage.name);
    run(&["create", "rolebinding", "tenant", "--clusterrole=roster-edit", &account]);
    let token = run(&["create", "token", "tenant"]);
    stage.theatre.plane.kubeconfig_for_token(&stage.name, &token).unwrap()
}

fn kubectl(stage: &Stage, tenant: &Path, arguments: &[&str], input: &str) -> Result<String, String> {
    let arguments = [&["--kubeconfig", tenant.to_str().unwrap()], arguments].concat();
    let output = stage.theatre.kubectl(&arguments, input);
    let text = |bytes| String::from_utf8(bytes).unwrap().trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

fn topic(name: &str) -> Value {
    json!({"environment": "env-prod01", "cluster": "lkc-orders", "resource": {"type": "Topic", "name": name}})
}

fn reads(stage: &Stage, name: &str, more: Value) -> Value {
    stage.binding(name, json!({"userRef": {"name": "mary"}}), "DeveloperRead", topic("orders-a"), more)
}

/// A user of a publisher that need not be there.
fn contributor(stage: &Stage, name: &str, more: &Value) -> Value {
    let mut object = json!({"apiVersion": "access.roster.dev/v1alpha1", "kind": "PublisherUser",
        "metadata": {"name": name, "namespace": stage.name},
        "spec": {"publisherRef": {"name": stage.name}, "email": format!("{name}@example.com"), "role": "Contributor"}});
    for (key, value) in more.as_object().into_iter().flatten() {
        object["spec"][key] = value.clone();
    }
    object
}

/// Makes the attempts of a table; gives what is wrong with how they ended.
fn refusals(stage: &Stage, tenant: &Path, table: &str, other: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (number, attempt) in attempts(stage, table, other).iter().enumerate() {
        if let Some(how) = attempt.made(stage, tenant, number) {
            let Attempt { threat, does, refused, says, .. } = attempt;
            wrong.push(format!("{threat} {does}: not {refused:?} `{says}`, but {how}"));
        }
    }
    wrong
}

impl Attempt {
    /// The object that is tried, if it is not a command.
    fn object(&self, stage: &Stage, name: &str) -> Option<Value> {
        let mut object = match (&self.binding, &self.user, &self.member) {
            (Some(change), _, _) => reads(stage, name, change.clone()),
            (None, Some(change), _) => stage.user(name, "eve@example.com", change.clone()),
            (None, None, Some(change)) => contributor(stage, name, change),
            (None, None, None) => return None,
        };
        for (key, value) in self.metadata.as_object().into_iter().flatten() {
            object["metadata"][key] = value.clone();
        }
        if let Some(status) = &self.status {
            object["status"] = status.clone();
        }
        Some(object)
    }

    /// Tries it; gives what is wrong with how it ended.
    fn made(&self, stage: &Stage, tenant: &Path, number: usize) -> Option<String> {
        let object = self.object(stage, &format!("attempt-{number}"));
        let command = self.kubectl.clone().unwrap_or_default();
        let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        if object.is_some() {
            arguments = vec!["create", "--validate=strict", "-o", "name", "-f", "-"];
        } else if self.input.is_none() && !arguments.iter().any(|it| ["-n", "-A"].contains(it)) {
            arguments.extend(["-n", &stage.name]);
        }
        let input = object.or_else(|| self.input.clone()).map(|it| it.to_string()).unwrap_or_default();
        let answer = kubectl(stage, tenant, &arguments, &input);
        let said = match (self.refused, answer) {
            (By::Reconcile, Ok(name)) => return self.told(stage, tenant, &name),
            (By::Reconcile, Err(said)) => return Some(format!("refused before it got to reconcile: {said}")),
            (_, Ok(said)) => return Some(format!("it succeeds: {said}")),
            (_, Err(said)) => said,
        };
        let by = if said.contains(POLICY) {
            By::Policy
        } else if said.contains(RIGHTS) {
            By::Rights
        } else {
            By::Schema
        };
        (by != self.refused || !said.contains(&self.says)).then(|| format!("{by:?}: {said}"))
    }

    /// Waits for the operator's answer about what was created, and deletes it again as the tenant.
    fn told(&self, stage: &Stage, tenant: &Path, created: &str) -> Option<String> {
        let (kind, name) = created.split_once('/').unwrap();
        let kind = if kind.starts_with("confluentuser") { "cuser" } else { "arb" };
        let mut sentence = String::new();
        let answered = |object: &Value| object["status"]["observedGeneration"] == object["metadata"]["generation"];
        eventually(
            &format!("{created} is answered: {}", self.does),
            &mut || {
                let object = stage.get(kind, name).unwrap();
                sentence = message(&object);
                answered(&object) && !sentence.contains("first time")
            },
            &mut String::new,
        );
        let finalizers = stage.get(kind, name).unwrap()["metadata"]["finalizers"].clone();
        kubectl(stage, tenant, &["delete", kind, name, "-n", &stage.name, "--wait=false"], "").unwrap();
        stage.gone(kind, name);
        let wrong = !sentence.contains(&self.says) || !finalizers.is_null();
        wrong.then(|| format!("finalizers {finalizers}, and it said: {sentence}"))
    }
}

#[test]
fn whatever_a_tenant_tries_is_refused_with_a_sentence_and_reaches_nothing() {
    let (stage, other) = (crate::chart::installed("abuse"), "abuse-other");
    stage.theatre.done(&["create", "namespace", other], "");
    delegate(&stage, other);
    let tenant = tenant(&stage);
    // What each team may have: it is there, and it is what the attempts are about.
    let mut theirs = stage.user("linus", "linus@example.com", json!({}));
    theirs["metadata"]["namespace"] = json!(other);
    let mut grant = stage.binding("theirs", json!({"userRef": {"name": "linus"}}), "Operator", topic("x"), json!({}));
    grant["spec"]["scope"] = json!({"environment": "env-prod01"});
    grant["metadata"]["namespace"] = json!(other);
    stage.apply(&[theirs, grant]);
    // One who is refused, and stands for nobody all the same.
    let stranger = stage.user("stranger", "eve@partner.example", json!({}));
    for object in [stage.user("mary", "mary@example.com", json!({})), stranger, reads(&stage, "good", json!({}))] {
        kubectl(&stage, &tenant, &["create", "-f", "-"], &object.to_string()).unwrap();
    }
    stage.settled("arb", "good", "True", "InSync");
    let held = "linus@example.com Operator environment env-prod01".to_owned();
    eventually("the other team has its grant", &mut || stage.remote().contains(&held), &mut String::new);
    let (writes, remote) = (stage.remote_writes(), stage.remote());

    let table = include_str!("abuse/attempts.yaml");
    assert!(attempts(&stage, table, other).len() >= 40);
    let wrong = refusals(&stage, &tenant, table, other);
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(stage.remote_writes(), writes, "nothing that was tried wrote anything");
    assert_eq!(stage.remote(), remote);
    stage.settled("arb", "good", "True", "InSync");
}

#[test]
fn what_a_tenant_does_to_an_object_does_not_keep_what_the_owner_withdrew() {
    let (stage, other) = (crate::chart::installed("abuse-withdrawn"), "abuse-withdrawn-other");
    delegate(&stage, other);
    let tenant = tenant(&stage);
    let does = |arguments: &[&str], input: &Value| {
        kubectl(&stage, &tenant, &[arguments, &["-n", &stage.name]].concat(), &input.to_string()).unwrap()
    };
    let before = stage.remote();
    does(&["create", "-f", "-"], &stage.user("mary", "mary@example.com", json!({})));
    // The same grant twice, one to be kept, one that an edit makes nonsense, and one suspended.
    let names = ["one", "same", "kept", "edited", "asleep"];
    for name in names {
        let place = topic(if name == "same" { "orders-one".to_owned() } else { format!("orders-{name}") }.as_str());
        let policy = if name == "kept" { "Retain" } else { "Delete" };
        let object = reads(&stage, name, json!({"scope": place, "deletionPolicy": policy}));
        does(&["create", "-f", "-"], &object);
    }
    let had = before.len() + 4;
    eventually("all is granted", &mut || stage.remote().len() == had, &mut || format!("{:?}", stage.remote()));
    let patch = |name: &str, spec: Value| {
        let patch = format!("--patch={}", json!({"spec": spec}));
        does(&["patch", "arb", name, "--type=merge", &patch], &Value::Null);
    };
    for name in ["one", "kept", "edited", "asleep"] {
        stage.settled("arb", name, "True", if name == "one" { "Shared" } else { "InSync" });
    }
    patch("edited", json!({"role": "NoSuchRole"}));
    patch("asleep", json!({"suspend": true}));
    stage.settled("arb", "edited", "False", "RoleUnknown");
    stage.settled("arb", "asleep", "True", "Suspended");
    assert_eq!(stage.remote().len(), had, "an edit ends nothing");

    stage.apply(&[stage.organization(|object| object["spec"]["delegations"] = json!([]))]);
    let left = || stage.remote();
    eventually("all of it is revoked", &mut || left() == before, &mut || format!("{:?}", left()));
    for name in ["one", "same", "kept"] {
        let object = stage.settled("arb", name, "False", "DelegationDenied");
        let owed = || stage.get("arb", name).unwrap()["status"]["grant"].clone();
        eventually("it answers for nothing", &mut || owed().is_null(), &mut || format!("{object:#}"));
    }
}
