//! Organizations that cannot be connected, and what their objects say meanwhile.

use serde_json::{Value, json};

use super::{Told, email, environment, event, everything};
use crate::stage::{Stage, Theatre, condition};

fn grant(stage: &Stage, name: &str, role: &str) -> Value {
    stage.binding(name, email("mary@example.com"), role, environment("env-dev001"), json!({}))
}

fn delete_organization(stage: &Stage, name: &str) {
    stage.theatre.done(&["delete", "corg", name, "--wait=false"], "");
}

#[test]
fn a_refused_key_is_told_by_the_organization_and_by_what_has_work() {
    let stage = Stage::new("bad-key");
    stage.apply(&[grant(&stage, "fine", "Operator"), grant(&stage, "going", "MetricsViewer")]);
    let fine = stage.settled("arb", "fine", "True", "InSync");
    stage.settled("arb", "going", "True", "InSync");
    let before = everything(&stage);
    stage.put_secret("WRONGWRONGWRONG1", "not-the-secret");
    let words = ["could not", "the credential was refused (401)", "put a valid Cloud API key (not a cluster's)"];
    let organization = Told::held("corg", "bad-key", "CredentialsRejected", &words).by(&stage);
    assert_eq!(condition(&organization, "Stalled")["status"], "True");
    assert_eq!(condition(&organization, "CredentialsValid")["status"], "False");
    stage.apply(&[grant(&stage, "new", "DataSteward"), stage.user("ada", "ada@example.com", json!({}))]);
    stage.delete("arb", "going");
    Told::held("arb", "new", "CredentialsRejected", &words).by(&stage);
    Told::held("cuser", "ada", "CredentialsRejected", &words).by(&stage);
    Told::held("arb", "going", "CredentialsRejected", &["Nothing can be revoked until that is mended"]).by(&stage);
    let still = stage.get("arb", "fine").unwrap();
    assert_eq!(still["metadata"]["resourceVersion"], fine["metadata"]["resourceVersion"], "nothing to say of it");
    assert_eq!(everything(&stage), before);

    stage.set_credential();
    stage.settled("corg", "bad-key", "True", "InSync");
    stage.settled("arb", "new", "True", "InSync");
    stage.settled("cuser", "ada", "True", "NoRoles");
    stage.gone("arb", "going");
}

#[test]
fn without_the_secret_objects_wait_and_can_be_let_go_one_by_one() {
    let stage = Stage::new("no-secret");
    stage.apply(&[grant(&stage, "kept", "Operator"), grant(&stage, "let-go", "MetricsViewer")]);
    for name in ["kept", "let-go"] {
        stage.settled("arb", name, "True", "InSync");
    }
    let before = everything(&stage);
    stage.theatre.done(&["delete", "secret", "no-secret", "-n", "roster-system"], "");
    let words = ["the Secret `roster-system/no-secret` does not exist", "create it with the keys `key` and `secret`"];
    Told::held("corg", "no-secret", "CredentialsMissing", &words).by(&stage);
    for name in ["kept", "let-go"] {
        stage.delete("arb", name);
        let uid = stage.get("arb", name).unwrap()["metadata"]["uid"].as_str().unwrap().to_owned();
        let release = format!("access.roster.dev/release={uid}");
        let words = [words[0], "Nothing can be revoked until that is mended", &release];
        Told::held("arb", name, "CredentialsMissing", &words).by(&stage);
    }
    let annotate = |name: &str, uid: &str| {
        let annotation = format!("access.roster.dev/release={uid}");
        stage.theatre.done(&["annotate", "accessrolebinding", name, "-n", &stage.name, "--overwrite", &annotation], "");
    };
    let uid = stage.get("arb", "let-go").unwrap()["metadata"]["uid"].as_str().unwrap().to_owned();
    // Another object's uid lets nothing go.
    annotate("kept", &uid);
    annotate("let-go", &uid);
    stage.gone("arb", "let-go");
    let note = event(&stage, "arb", "let-go", "Released");
    assert!(note.contains("let go without revoking anything"), "{note}");
    assert!(stage.get("arb", "kept").is_some());
    assert_eq!(everything(&stage), before);

    stage.put_secret("", "");
    Told::held("corg", "no-secret", "CredentialsMissing", &[]).by(&stage);
    stage.set_credential();
    stage.settled("corg", "no-secret", "True", "InSync");
    stage.gone("arb", "kept");
    let left: Vec<String> = stage.remote().into_iter().filter(|it| it.ends_with("env-dev001")).collect();
    assert_eq!(left, ["mary@example.com MetricsViewer environment env-dev001"]);
}

#[test]
fn the_elder_of_two_objects_has_the_organization() {
    let stage = Stage::new("elder");
    stage.settled("corg", "elder", "True", "InSync");
    // `creationTimestamp` counts in seconds.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let younger = stage.organization(|object| object["metadata"]["name"] = json!("younger"));
    let mut hers = grant(&stage, "hers", "Operator");
    hers["spec"]["organizationRef"]["name"] = json!("younger");
    stage.apply(&[younger, hers]);
    let next = "delete this object, and let its dependents name `elder`";
    let words = ["the ConfluentOrganization `elder` is older and connects to the same organization", next];
    Told::invalid("corg", "younger", "DuplicateOrganization", &words).by(&stage);
    Told::held("arb", "hers", "DuplicateOrganization", &words).by(&stage);
    assert_eq!(stage.remote_writes(), [""; 0]);

    delete_organization(&stage, "elder");
    stage.gone("corg", "elder");
    stage.settled("corg", "younger", "True", "InSync");
    stage.settled("arb", "hers", "True", "InSync");
}

#[test]
fn a_key_of_another_organization_is_not_used() {
    let stage = Stage::unconnected(Theatre::shared(), "mismatch");
    let declared = "11111111-2222-4333-8444-555555555555";
    let wrong = stage.organization(|object| object["spec"]["organizationId"] = json!(declared));
    stage.apply(&[wrong, grant(&stage, "it", "Operator")]);
    let belongs = format!("the credential belongs to the organization `{}` (`Example Trading`)", stage.organization_id);
    let wants = format!("`spec.organizationId` is `{declared}`");
    let words = [belongs.as_str(), &wants, "use a key of the declared organization"];
    let organization = Told::invalid("corg", "mismatch", "OrganizationMismatch", &words).by(&stage);
    assert_eq!(condition(&organization, "CredentialsValid")["status"], "False");
    Told::held("arb", "it", "OrganizationMismatch", &words).by(&stage);
    assert_eq!(stage.remote_writes(), [""; 0]);
    // The id cannot be edited: the object is replaced. It was never connected, so it goes at once.
    delete_organization(&stage, "mismatch");
    stage.gone("corg", "mismatch");
    stage.apply(&[stage.organization(|_| {})]);
    stage.settled("arb", "it", "True", "InSync");
}

#[test]
fn plain_http_to_a_stranger_is_not_used() {
    let stage = Stage::unconnected(Theatre::shared(), "plain-http");
    let wrong = stage.organization(|object| {
        object["spec"]["backend"]["confluentCloud"]["endpoint"] = json!("http://example.invalid");
    });
    stage.apply(&[wrong, grant(&stage, "it", "Operator")]);
    let words = ["is plain http to `example.invalid`", "use https", "`--allow-http-host example.invalid`"];
    Told::invalid("corg", "plain-http", "EndpointNotAllowed", &words).by(&stage);
    Told::held("arb", "it", "EndpointNotAllowed", &words).by(&stage);
    stage.apply(&[stage.organization(|_| {})]);
    stage.settled("corg", "plain-http", "True", "InSync");
    stage.settled("arb", "it", "True", "InSync");
}

#[test]
fn an_organization_stays_while_objects_refer_to_it() {
    let stage = Stage::new("dependents");
    stage.apply(&[grant(&stage, "it", "Operator"), stage.user("ada", "ada@example.com", json!({}))]);
    stage.settled("arb", "it", "True", "InSync");
    stage.settled("cuser", "ada", "True", "NoRoles");
    delete_organization(&stage, "dependents");
    let words = ["2 objects refer to this organization", "delete them, and this object goes by itself"];
    Told::held("corg", "dependents", "DependentsExist", &words).by(&stage);
    stage.delete("arb", "it");
    stage.delete("cuser", "ada");
    stage.gone("corg", "dependents");
    assert!(!stage.is_member("ada@example.com"));
    assert!(!stage.remote().iter().any(|it| it.ends_with("env-dev001")), "{:?}", stage.remote());
}

#[test]
fn an_object_waits_for_its_organization() {
    let stage = Stage::unconnected(Theatre::shared(), "absent");
    stage.apply(&[grant(&stage, "it", "Operator"), stage.user("ada", "ada@example.com", json!({}))]);
    let words = ["the ConfluentOrganization `absent` does not exist", "create it, or correct `spec.organizationRef`"];
    Told::held("arb", "it", "OrganizationNotFound", &words).by(&stage);
    Told::held("cuser", "ada", "OrganizationNotFound", &words).by(&stage);
    stage.apply(&[stage.organization(|_| {})]);
    stage.settled("arb", "it", "True", "InSync");
    stage.settled("cuser", "ada", "True", "NoRoles");
}
