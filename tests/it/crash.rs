//! The operator killed in the middle of its writes, restarted, doubled, frozen and told to end: nothing is done twice,
//! nothing is forgotten, and a restart writes nothing.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{collections::BTreeSet, thread, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use roster::{
    cli::controlplane::{Program, Signal},
    simulator::{Fault, RequestRecord},
};
use serde_json::{Value, json};

use crate::{
    publishers::Fair,
    replica::{House, Replica},
    stage::{Stage, condition, eventually},
};

const GRANTS: &str = "/iam/v2/role-bindings";
const INVITATIONS: &str = "/iam/v2/invitations";

/// Requests of that method whose path begins like that.
fn asked(stage: &Stage, method: &str, path: &str) -> Vec<RequestRecord> {
    stage.requests().into_iter().filter(|it| it.method == method && it.path.starts_with(path)).collect()
}

fn count(stage: &Stage, method: &str, path: &str) -> usize {
    asked(stage, method, path).len()
}

/// How many were answered as done. On a busy machine a replica may lose its Lease in the middle of a request, which it
/// breaks off then, and the simulator never carries out.
fn carried_out(stage: &Stage, method: &str, path: &str) -> usize {
    asked(stage, method, path).iter().filter(|it| it.status.is_some_and(|status| status < 300)).count()
}

/// Waits until a request hangs: the world has changed, and nobody was told.
fn hangs(stage: &Stage, method: &str, path: &str) {
    let unanswered = || asked(stage, method, path).iter().any(|it| it.status.is_none());
    eventually(&format!("{method} {path} hangs"), &mut || unanswered(), &mut || format!("{:?}", stage.requests()));
}

fn linus_operates(stage: &Stage, name: &str) -> Value {
    let scope = json!({"environment": "env-prod01"});
    let mut binding = stage.binding(name, json!({"email": "linus@example.com"}), "Operator", scope, json!({}));
    // The advice would come half a minute later, and be a write of its own.
    let suppress = "ContainedBinding: he administers the organization, and that is to end";
    binding["metadata"]["annotations"] = json!({"access.roster.dev/suppress": suppress});
    binding
}

fn mary_administers(stage: &Stage, name: &str) -> Value {
    let principal = json!({"email": "mary@example.com"});
    stage.binding(name, principal, "OrganizationAdmin", json!({"organization": {}}), json!({}))
}

#[test]
fn killed_between_a_remote_write_and_its_record_it_repeats_nothing_and_forgets_nothing() {
    let house = House::enter();
    let stage = |name| Stage::of(house.theatre, name);
    let (grant, admin, revoke, invite) =
        (stage("crash-grant"), stage("crash-admin"), stage("crash-revoke"), stage("crash-invite"));
    let first = house.leader("crash-first");
    revoke.apply(&[linus_operates(&revoke, "linus")]);
    revoke.settled("arb", "linus", "True", "InSync");
    // Each of these changes the organization and is never answered.
    grant.simulator.inject(Fault::hang("POST", GRANTS));
    admin.simulator.inject(Fault::hang("POST", GRANTS));
    revoke.simulator.inject(Fault::hang("DELETE", GRANTS));
    invite.simulator.inject(Fault::hang("POST", INVITATIONS));
    grant.apply(&[linus_operates(&grant, "linus")]);
    admin.apply(&[mary_administers(&admin, "mary")]);
    revoke.delete("arb", "linus");
    invite.apply(&[invite.user("eve", "eve@partner.example", json!({}))]);
    hangs(&grant, "POST", GRANTS);
    hangs(&admin, "POST", GRANTS);
    hangs(&revoke, "DELETE", GRANTS);
    hangs(&invite, "POST", INVITATIONS);
    first.kill();

    let second = house.leader("crash-second");
    let linus = grant.settled("arb", "linus", "True", "InSync");
    assert_eq!(condition(&linus, "Granted")["status"], "True");
    assert_eq!(count(&grant, "POST", GRANTS), 1);
    assert_eq!(grant.remote().iter().filter(|it| it.starts_with("linus@example.com Operator")).count(), 1);
    // An administrative grant, which is never taken over unasked, is known as our own.
    admin.settled("arb", "mary", "True", "InSync");
    assert_eq!(count(&admin, "POST", GRANTS), 1);
    revoke.gone("arb", "linus");
    assert_eq!(count(&revoke, "DELETE", GRANTS), 1);
    assert!(!revoke.remote().iter().any(|it| it.starts_with("linus@example.com Operator")), "{:?}", revoke.remote());
    invite.settled("cuser", "eve", "True", "InvitationPending");
    assert_eq!(count(&invite, "POST", INVITATIONS), 1);

    // Everything is as declared: another start, after a kill or an orderly end, writes nothing anywhere.
    second.kill();
    let stages = [&grant, &admin, &revoke, &invite];
    for name in ["crash-third", "crash-fourth"] {
        let remote = stages.map(|stage| stage.remote_writes().len());
        let lists = stages.map(|stage| count(stage, "GET", "/iam/v2/users"));
        let replica = house.leader(name);
        for (stage, before) in stages.iter().zip(lists) {
            let listed = || count(stage, "GET", "/iam/v2/users") > before;
            eventually(&format!("{} is listed", stage.name), &mut || listed(), &mut || replica.said());
        }
        // What would be written would be written now.
        thread::sleep(Duration::from_secs(1));
        assert!(replica.page("/metrics").contains("\nroster_leader 1\n"), "{}", replica.page("/metrics"));
        // An organization of another story, whose API server went away, may come to rest later.
        let written = replica.writes(&house).into_iter().filter(|it| !it.ends_with(" api-outage"));
        assert_eq!(written.collect::<Vec<_>>(), Vec::<String>::new(), "{}", replica.said());
        assert_eq!(stages.map(|stage| stage.remote_writes().len()), remote);
        replica.terminate();
        assert!(replica.ended().success());
        assert_eq!(house.holder(), "");
    }

    let last = house.leader("crash-last");
    admin.delete("arb", "mary");
    admin.gone("arb", "mary");
    assert!(
        !admin.remote().iter().any(|it| it.starts_with("mary@example.com OrganizationAdmin")),
        "{:?}",
        admin.remote()
    );
    // Its organization's too: when an administrator went is written down first, for whoever comes next.
    let own = |it: &String| it.ends_with(" mary") || it == "patch confluentorganizations/status crash-admin";
    assert!(last.writes(&house).iter().all(own), "{:?}", last.writes(&house));
}

#[test]
fn a_replica_that_is_frozen_or_killed_is_succeeded_and_writes_no_more() {
    let house = House::enter();
    let stage = Stage::of(house.theatre, "replicas");
    let first = house.leader("replica-first");
    let second = house.replica("replica-second");
    stage.settled("corg", "replicas", "True", "InSync");
    // Slow enough to be caught in the middle of a dozen, when nothing but grants is under way any more.
    stage.simulator.update(|knobs| knobs.latency_ms = 3000).unwrap();
    let mut grants = Vec::new();
    for who in ["grace", "linus"] {
        for role in ["Operator", "MetricsViewer", "EnvironmentAdmin"] {
            for place in ["env-prod01", "env-dev001"] {
                let (name, email) = (format!("{who}-{role}-{place}").to_lowercase(), format!("{who}@example.com"));
                let scope = json!({"environment": place});
                grants.push(stage.binding(&name, json!({"email": email}), role, scope, json!({})));
            }
        }
    }
    stage.apply(&grants);
    let held = || {
        let finalizers = first.writes(&house).iter().filter(|it| it.starts_with("patch accessrolebindings/ ")).count();
        finalizers == grants.len() && count(&stage, "POST", GRANTS) > 0
    };
    eventually("all are held, and a grant is under way", &mut || held(), &mut || first.said());
    assert_eq!(second.writes(&house), Vec::<String>::new());
    first.pause();
    let asked_by_first = count(&stage, "POST", GRANTS);
    assert!(asked_by_first < grants.len(), "the first was too quick");
    stage.simulator.update(|knobs| knobs.latency_ms = 300).unwrap();

    second.leads(&house);
    // Only now: the API server records a request when it has answered it, also one of a replica that is frozen.
    let written_by_first = first.writes(&house);
    for grant in &grants {
        stage.settled("arb", grant["metadata"]["name"].as_str().unwrap(), "True", "InSync");
    }
    assert_eq!(carried_out(&stage, "POST", GRANTS), grants.len());
    // The first wakes up with steps in its queue, and leaves them.
    first.resume();
    eventually("it steps down", &mut || first.said().contains("stepping down"), &mut || first.said());
    stage.apply(&[linus_operates(&stage, "shared")]);
    stage.settled("arb", "shared", "True", "Shared");
    assert_eq!(carried_out(&stage, "POST", GRANTS), grants.len());
    assert_eq!(first.writes(&house), written_by_first);

    // Killed, the second is succeeded by the first, which goes on with what is new.
    second.kill();
    first.leads(&house);
    stage.apply(&[mary_administers(&stage, "mary")]);
    stage.settled("arb", "mary", "True", "InSync");
    assert_eq!(carried_out(&stage, "POST", GRANTS), grants.len() + 1);

    // Asked to end in the middle of a write, it lets that end first; a successor leads at once and repeats nothing.
    stage.simulator.update(|knobs| knobs.latency_ms = 1500).unwrap();
    stage.delete("arb", "mary");
    hangs(&stage, "DELETE", GRANTS);
    first.terminate();
    assert!(first.ended().success());
    assert_eq!(asked(&stage, "DELETE", GRANTS)[0].status, Some(200));
    assert_eq!(house.holder(), "");
    stage.simulator.update(|knobs| knobs.latency_ms = 0).unwrap();
    let _third = house.leader("replica-third");
    stage.gone("arb", "mary");
    assert_eq!(carried_out(&stage, "DELETE", GRANTS), 1);
}

#[test]
fn an_api_server_that_goes_away_costs_no_second_create() {
    let house = House::enter();
    let stage = Stage::of(house.theatre, "api-outage");
    let operator = house.leader("outlives");
    stage.settled("corg", "api-outage", "True", "InSync");
    stage.simulator.update(|knobs| knobs.latency_ms = 500).unwrap();
    stage.apply(&[linus_operates(&stage, "linus"), stage.user("eve", "eve@partner.example", json!({}))]);
    hangs(&stage, "POST", GRANTS);
    house.theatre.plane.signal(Program::KubeApiserver, Signal::Kill).unwrap();
    let answered = || asked(&stage, "POST", GRANTS).iter().all(|it| it.status.is_some());
    eventually("the grant is made meanwhile", &mut || answered(), &mut || operator.said());
    house.theatre.plane.start_again(Program::KubeApiserver).unwrap();
    stage.settled("arb", "linus", "True", "InSync");
    stage.settled("cuser", "eve", "True", "InvitationPending");
    // What was broken off when the right to write ended, before the vendor carried it out, is asked for again; what was
    // carried out is not.
    let made = [GRANTS, INVITATIONS].map(|path| carried_out(&stage, "POST", path));
    assert_eq!(made, [1, 1], "{:?}", stage.remote_writes());
    assert_eq!(stage.remote().iter().filter(|it| it.starts_with("linus@example.com Operator")).count(), 1);
    let invitations = stage.simulator.inspect(|world, at| world.contents(at).invitations.len());
    assert_eq!(invitations, 1);
}

#[test]
fn an_object_that_cannot_be_read_says_so_once_keeps_its_grant_and_delays_nobody() {
    let house = House::enter();
    let stage = Stage::of(house.theatre, "unreadable");
    let operator = house.leader("reads");
    stage.apply(&[linus_operates(&stage, "edited")]);
    stage.settled("arb", "edited", "True", "InSync");
    let crd = "crd/accessrolebindings.access.roster.dev";
    let strict = stage.theatre.done(&["get", crd, "-o", "json"], "");
    let path = "/spec/versions/0/schema/openAPIV3Schema/properties/spec";
    // Field selectors need their fields; everything else may be anything.
    let anything = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {
        "role": {"type": "string"},
        "organizationRef": {"type": "object", "properties": {"name": {"type": "string"}}},
    }});
    let loosened = json!([{"op": "replace", "path": path, "value": anything}]).to_string();
    stage.theatre.done(&["patch", crd, "--type=json", "-p", &loosened], "");

    let mut number = linus_operates(&stage, "number");
    number["spec"]["principal"] = json!(7);
    let mut lacking = linus_operates(&stage, "lacking");
    lacking["spec"].as_object_mut().unwrap().remove("role");
    let mut edited = linus_operates(&stage, "edited");
    edited["spec"]["principal"] = json!(["linus@example.com"]);
    let taken = || stage.theatre.kubectl(&["apply", "--server-side", "-f", "-"], &number.to_string());
    eventually("the schema is loosened", &mut || taken().status.success(), &mut || format!("{:?}", taken()));
    stage.apply(&[lacking, edited, mary_administers(&stage, "fine")]);
    for name in ["number", "lacking", "edited"] {
        stage.settled("arb", name, "False", "InvalidSpec");
    }
    stage.settled("arb", "fine", "True", "InSync");
    assert_eq!(stage.get("arb", "edited").unwrap()["status"]["grant"]["role"], "Operator");
    assert!(stage.remote().iter().any(|it| it.starts_with("linus@example.com Operator")), "{:?}", stage.remote());

    // Another start has nothing to add.
    operator.terminate();
    assert!(operator.ended().success());
    let next = house.leader("reads-again");
    let told = || next.said().matches("cannot be decoded").count() == 3;
    eventually("all three are looked at", &mut || told(), &mut || next.said());
    thread::sleep(Duration::from_secs(1));
    // The organization's totals follow the listing of the start; they are counted apart.
    let written = next.writes(&house).into_iter().filter(|it| !it.starts_with("patch confluentorganizations/status "));
    assert_eq!(written.collect::<Vec<String>>(), Vec::<String>::new());
    // Corrected, it is the same grant as before.
    stage.apply(&[linus_operates(&stage, "edited")]);
    stage.settled("arb", "edited", "True", "InSync");
    assert_eq!(carried_out(&stage, "POST", GRANTS), 2);

    stage.theatre.done(&["delete", "arb", "number", "lacking", "-n", "unreadable"], "");
    let mut strict: Value = serde_json::from_str(&strict).unwrap();
    let spec = strict.pointer_mut(path).unwrap().take();
    let again = json!([{"op": "replace", "path": path, "value": spec}]).to_string();
    stage.theatre.done(&["patch", crd, "--type=json", "-p", &again], "");
}

#[test]
fn no_secret_is_told_anywhere_and_every_right_is_used() {
    let house = House::enter();
    let fair = Fair::beside(Stage::of(house.theatre, "canary"));
    let stage = &fair.stage;
    let operator = Replica::start(house.theatre, "talkative", "trace");
    operator.leads(&house);
    stage.apply(&[fair.publisher(|_| {}), fair.user("ada", "ada@example.com", "Contributor", json!({}))]);
    stage.settled("pubuser", "ada", "True", "InSync");
    stage.apply(&[stage.user("eve", "eve@partner.example", json!({})), linus_operates(stage, "linus")]);
    stage.settled("arb", "linus", "True", "InSync");
    stage.settled("cuser", "eve", "True", "InvitationPending");
    // A key that is refused is spoken of most.
    let (good, bad) = (stage.simulator.operator_key().unwrap(), "wrong-canary-secret-0123456789");
    stage.put_secret(&good.key, bad);
    stage.settled("corg", "canary", "False", "CredentialsRejected");
    stage.set_credential();
    stage.settled("corg", "canary", "True", "InSync");
    let application = stage.simulator.operator_application().unwrap();
    stage.put_secret_named(&fair.secret(), &application.client_id, bad);
    stage.settled("publ", "canary", "False", "CredentialsRejected");
    fair.set_credential("");
    stage.settled("publ", "canary", "True", "InSync");
    let all = [("arb", "linus"), ("cuser", "eve"), ("pubuser", "ada"), ("corg", "canary"), ("publ", "canary")];
    for (kind, name) in all {
        stage.delete(kind, name);
        stage.gone(kind, name);
    }
    let metrics = operator.page("/metrics");
    operator.terminate();
    // An API server that has just started refuses for a moment what it will permit, so other replicas' requests say nothing.
    let refused = |request: &&Value| request["responseStatus"]["code"] == 403;
    assert_eq!(operator.requests(&house).iter().find(refused), None);
    let token = operator.token.clone();
    let log = operator.log.clone();
    assert!(operator.ended().success());

    let told = |arguments: &[&str]| stage.theatre.done(arguments, "");
    let places = [
        ("log", std::fs::read_to_string(log).unwrap()),
        ("metrics", metrics),
        ("events", told(&["get", "events.events.k8s.io", "-A", "-o", "json"])),
        ("objects", told(&["get", "access", "-A", "-o", "json"])),
        ("leases", told(&["get", "leases", "-A", "-o", "json"])),
        ("audit log", std::fs::read_to_string(stage.theatre.plane.audit_log()).unwrap()),
    ];
    let basic = |secret: &str| STANDARD.encode(format!("{}:{secret}", good.key));
    let secrets = [
        good.secret.clone(),
        STANDARD.encode(&good.secret),
        basic(&good.secret),
        bad.to_owned(),
        STANDARD.encode(bad),
        basic(bad),
        token,
        application.client_secret.clone(),
        // As a form has it; it holds `+` and `/`.
        application.client_secret.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"),
        "Bearer ".to_owned(),
    ];
    for (place, text) in &places {
        assert!(!text.is_empty(), "{place}");
        for (number, secret) in secrets.iter().enumerate() {
            let line = text.lines().find(|line| line.contains(secret.as_str()));
            assert!(line.is_none(), "secret {number} is in the {place}: {line:?}");
        }
    }
    rights(&house);
}

/// Each right was used, but for those with a reason.
fn rights(house: &House) {
    const UNUSED: [(&str, &str, &str); 1] =
        [("events", "patch", "only an event that is repeated within minutes is patched into a series")];
    let part = |request: &Value, key: &str| request["objectRef"][key].as_str().unwrap_or_default().to_owned();
    let mut used = BTreeSet::new();
    for request in &house.requests() {
        let subresource = part(request, "subresource");
        let slash = if subresource.is_empty() { "" } else { "/" };
        let resource = format!("{}{slash}{subresource}", part(request, "resource"));
        used.insert((part(request, "apiGroup"), resource, request["verb"].as_str().unwrap().to_owned()));
    }
    let roles = ["get", "clusterrole/roster", "role/roster-credentials", "role/roster-lease", "-n", "roster-system"];
    let roles = house.theatre.done(&[&roles[..], &["-o", "json"]].concat(), "");
    let roles: Value = serde_json::from_str(&roles).unwrap();
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let mut unused = Vec::new();
    for rule in roles["items"].as_array().unwrap().iter().flat_map(|role| role["rules"].as_array().unwrap()) {
        for group in texts(&rule["apiGroups"]) {
            for resource in texts(&rule["resources"]) {
                for verb in texts(&rule["verbs"]) {
                    let reasoned = UNUSED.iter().any(|(named, without, _)| *named == resource && *without == verb);
                    let right = (group.clone(), resource.clone(), verb);
                    if !reasoned && !used.contains(&right) {
                        unused.push(right);
                    }
                }
            }
        }
    }
    assert!(unused.is_empty(), "granted and never used: {unused:?}\nused: {used:#?}");
}
