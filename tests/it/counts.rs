//! How often anything is written, counted in the audit log of the API server and in the simulator's log.
//!
//! Leases and Events are apart from all numbers here. What follows a change of `status.access` is told from the rest by
//! the history of the objects: the API server hands out each of their versions.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{collections::BTreeMap, thread, time::Duration};

use serde_json::{Value, json};

use crate::{
    replica::{OPERATOR, requests},
    stage::{Stage, eventually},
};

const USERS: usize = 20;
/// Neither gives what the other does, so that no advice comes when the objects are older.
const ROLES: [&str; 2] = ["Operator", "DataDiscovery"];
const PATH: &str = "/apis/access.roster.dev/v1alpha1";

/// Each version that an object of a kind had since a moment, by name, oldest first.
fn histories(stage: &Stage, plural: &str, since: &str) -> BTreeMap<String, Vec<Value>> {
    let path = format!("{PATH}/namespaces/{}/{plural}?watch=1&resourceVersion={since}&timeoutSeconds=2", stage.name);
    let text = stage.theatre.done(&["get", "--raw", &path], "");
    let mut histories: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for event in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
        let mut event = event.unwrap();
        assert_ne!(event["type"], "ERROR", "{event}");
        let object = event["object"].take();
        histories.entry(object["metadata"]["name"].as_str().unwrap().to_owned()).or_default().push(object);
    }
    histories
}

/// A moment from which can be watched: an API server that begins to watch a kind itself knows none before that.
fn moment(stage: &Stage, plural: &str) -> String {
    let path = format!("{PATH}/namespaces/{}/{plural}", stage.name);
    let mut since = String::new();
    let mut known = || {
        let list: Value = serde_json::from_str(&stage.theatre.done(&["get", "--raw", &path], "")).unwrap();
        list["metadata"]["resourceVersion"].as_str().unwrap().clone_into(&mut since);
        let watch = format!("{path}?watch=1&resourceVersion={since}&timeoutSeconds=1");
        !stage.theatre.done(&["get", "--raw", &watch], "").contains(r#""type":"ERROR""#)
    };
    eventually("there is a moment to watch from", &mut known, &mut String::new);
    since
}

/// Every request of the operator that wrote anything of the story: objects, status and Events.
fn writes(stage: &Stage) -> usize {
    let writes = |event: &Value| ["create", "update", "patch", "delete"].iter().any(|verb| event["verb"] == *verb);
    let ours = |event: &Value| {
        let name = event["objectRef"]["name"].as_str().unwrap_or_default();
        event["objectRef"]["namespace"] == *stage.name
            || name == stage.name
            || name.starts_with(&format!("{}.", stage.name))
    };
    let all = requests(stage.theatre);
    all.iter().filter(|event| event["user"]["username"] == OPERATOR && writes(event) && ours(event)).count()
}

/// The remote requests as `METHOD path`, with how often each was made.
fn remote(stage: &Stage, from: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for request in stage.requests().into_iter().skip(from) {
        *counts.entry(format!("{} {}", request.method, request.path)).or_default() += 1;
    }
    counts
}

fn lists(stage: &Stage) -> usize {
    remote(stage, 0).get("GET /iam/v2/users").copied().unwrap_or_default()
}

#[test]
fn a_batch_is_made_with_one_create_a_grant_and_two_writes_an_object_and_then_nothing_is_written() {
    let stage = Stage::new("counts");
    stage.apply(&[stage.organization(|object| object["spec"]["resyncInterval"] = json!("10s"))]);
    stage.settled("corg", "counts", "True", "InSync");
    let (users_since, bindings_since) = (moment(&stage, "confluentusers"), moment(&stage, "accessrolebindings"));

    let mut objects = Vec::new();
    for number in 0..USERS {
        let name = format!("user-{number}");
        objects.push(stage.user(&name, &format!("{name}@example.com"), json!({})));
        for role in ROLES {
            let scope = json!({"environment": "env-prod01"});
            let called = format!("{name}-{}", role.to_lowercase());
            objects.push(stage.binding(&called, json!({"userRef": {"name": name}}), role, scope, json!({})));
        }
    }
    stage.apply(&objects);
    for object in &objects {
        let kind = if object["kind"] == "RoleBinding" { "arb" } else { "cuser" };
        stage.settled(kind, object["metadata"]["name"].as_str().unwrap(), "True", "InSync");
    }

    // Remote: one create for each, and nothing else.
    let made = remote(&stage, 0);
    let made: Vec<(&str, usize)> = made
        .iter()
        .filter(|(call, _)| !call.starts_with("GET "))
        .map(|(call, count)| (call.as_str(), *count))
        .collect();
    assert_eq!(made, [("POST /iam/v2/invitations", USERS), ("POST /iam/v2/role-bindings", USERS * ROLES.len())]);

    // Local: a finalizer and a status for each binding, and nothing else.
    let writes_to = |name: &str| {
        let all = stage.theatre.writes_to_our_kinds("counts").into_iter();
        all.filter(|it| it.ends_with(&format!(" {name}"))).collect::<Vec<String>>()
    };
    let mut most = 0;
    for (name, versions) in &histories(&stage, "accessrolebindings", &bindings_since) {
        let made = [format!("patch accessrolebindings/ {name}"), format!("patch accessrolebindings/status {name}")];
        assert_eq!(writes_to(name), made, "{versions:#?}");
        most = most.max(made.len());
    }
    // The same for people, beside what follows a change of what they hold.
    let users = histories(&stage, "confluentusers", &users_since);
    assert_eq!(users.len(), USERS);
    for (name, versions) in &users {
        let changes = |part: &dyn Fn(&Value) -> Value| {
            versions.windows(2).filter(|pair| part(&pair[0]) != part(&pair[1])).count()
        };
        let access = changes(&|version| version["status"]["access"].clone());
        let written = writes_to(name);
        // The first status says what the person holds as well.
        assert!(
            written.len() <= 2 + access.saturating_sub(1),
            "{name}: {access} changes of access, {written:#?}\n{versions:#?}"
        );
        assert_eq!(written.len(), versions.len() - 1, "a write that changes nothing: {written:#?}");
        most = most.max(written.len());
    }
    assert!(most <= 2 + ROLES.len(), "{most}");

    // Nothing changes any more: a listing for each interval, and no write of any kind.
    let next = lists(&stage) + 1;
    let listed = |count: usize| {
        eventually(&format!("listing {count}"), &mut || lists(&stage) >= count, &mut || {
            format!("{:?}", remote(&stage, 0))
        });
        // A listing takes some moments, and what it leads to as well.
        thread::sleep(Duration::from_secs(2));
    };
    listed(next);
    let (before, from) = (writes(&stage), stage.requests().len());
    listed(next + 3);
    assert_eq!(writes(&stage), before);
    let calls = remote(&stage, from);
    assert_eq!(calls["GET /iam/v2/users"], 3);
    assert!(calls.iter().all(|(call, count)| call.starts_with("GET ") && count % 3 == 0), "{calls:?}");
    assert_eq!(calls.values().sum::<usize>(), 3 * 9, "{calls:?}");
}
