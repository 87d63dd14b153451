//! A delegation that is withdrawn takes along what was given under it, through the same guards; and an owner goes only where a
//! person confirmed it.

use super::*;
use crate::stage::condition;

const GRACE: &str = "grace@example.com";

fn address(name: &str) -> String {
    format!("{name}@example.com")
}

/// Changes the spec of an object as its keeper would.
fn patch(fair: &Fair, name: &str, spec: &Value) {
    let change = json!({"spec": spec}).to_string();
    fair.stage.theatre.done(&["patch", "pubuser", name, "-n", &fair.stage.name, "--type=merge", "-p", &change], "");
}

fn granted_role(fair: &Fair, name: &str) -> Value {
    fair.stage.get("pubuser", name).unwrap()["status"]["grantedRole"].clone()
}

#[test]
fn users_go_with_the_delegation_under_which_they_were_added() {
    let fair = Fair::open("publisher-withdrawn");
    let stage = &fair.stage;
    let names = ["ada", "hedy", "kept", "asleep"];
    stage.apply(&names.map(|name| {
        let (role, policy) =
            (if name == "hedy" { "Owner" } else { "Contributor" }, if name == "kept" { "Retain" } else { "Delete" });
        fair.user(name, &address(name), role, json!({"deletionPolicy": policy}))
    }));
    for name in names {
        stage.settled("pubuser", name, "True", "InSync");
    }
    assert_eq!((granted_role(&fair, "ada"), granted_role(&fair, "hedy")), (json!("Contributor"), json!("Owner")));
    patch(&fair, "asleep", &json!({"suspend": true}));
    stage.settled("pubuser", "asleep", "True", "Suspended");
    // Contributors alone: who asked for more in vain keeps what there was, and an owner goes.
    stage.apply(&[fair.publisher(|it| it["spec"]["delegations"][0]["add"][0]["roles"] = json!(["Contributor"]))]);
    patch(&fair, "ada", &json!({"role": "Owner"}));
    let denied = stage.settled("pubuser", "ada", "False", "DelegationDenied");
    assert_eq!(condition(&denied, "Granted")["status"], "True");
    assert_eq!(fair.role_of(&address("ada")).unwrap(), "contributor active");
    stage.settled("pubuser", "hedy", "False", "DelegationDenied");
    assert_eq!(fair.role_of(&address("hedy")), None);
    assert_eq!(fair.remote().len(), 5, "{:?}", fair.remote());
    // Nothing at all: whatever the objects say of themselves.
    stage.apply(&[fair.publisher(|it| it["spec"]["delegations"] = json!([]))]);
    eventually("all are gone", &mut || fair.remote().len() == 2, &mut || format!("{:?}", fair.remote()));
    for name in names {
        eventually("it answers for nothing", &mut || granted_role(&fair, name).is_null(), &mut || {
            stage.get("pubuser", name).unwrap().to_string()
        });
    }
    let told = stage.settled("pubuser", "kept", "False", "DelegationDenied");
    assert_eq!(told["status"].get("role"), None, "{told}");
    // What is delegated again is given again, and what was deleted meanwhile goes without a write.
    let writes = fair.writes().len();
    stage.delete("pubuser", "hedy");
    stage.gone("pubuser", "hedy");
    assert_eq!(fair.writes().len(), writes);
    stage.apply(&[fair.publisher(|_| {})]);
    stage.settled("pubuser", "kept", "True", "InSync");
    assert_eq!(fair.role_of(&address("kept")).unwrap(), "contributor active");
}

#[test]
fn who_may_be_less_becomes_that_and_who_is_deleted_after_an_edit_in_vain_goes() {
    let fair = Fair::open("publisher-lessened");
    let stage = &fair.stage;
    stage.apply(&["ada", "hedy"].map(|name| fair.user(name, &address(name), "Owner", json!({}))));
    stage.apply(&[fair.user("joan", &address("joan"), "Contributor", json!({}))]);
    for name in ["ada", "hedy", "joan"] {
        stage.settled("pubuser", name, "True", "InSync");
    }
    patch(&fair, "hedy", &json!({"role": "Contributor", "suspend": true}));
    stage.settled("pubuser", "hedy", "True", "Suspended");
    assert_eq!(fair.role_of(&address("hedy")).unwrap(), "owner active");
    let writes = fair.writes().len();
    stage.apply(&[fair.publisher(|it| it["spec"]["delegations"][0]["add"][0]["roles"] = json!(["Contributor"]))]);
    let less = || fair.role_of(&address("hedy")).unwrap_or_default() == "contributor active";
    eventually("hedy is a contributor", &mut || less(), &mut || format!("{:?}", fair.remote()));
    stage.settled("pubuser", "ada", "False", "DelegationDenied");
    assert_eq!(fair.role_of(&address("ada")), None);
    assert_eq!(fair.writes()[writes..].iter().filter(|it| it.contains("hedy")).count(), 1, "{:?}", fair.writes());
    patch(&fair, "joan", &json!({"role": "Owner"}));
    stage.settled("pubuser", "joan", "False", "DelegationDenied");
    stage.delete("pubuser", "joan");
    stage.gone("pubuser", "joan");
    assert_eq!(fair.role_of(&address("joan")), None);
}

#[test]
fn what_is_withdrawn_waits_for_another_owner_and_for_the_budget() {
    let budget = json!({"removalBudget": {"count": 1, "percent": 0}});
    let fair = Fair::open_with("publisher-withheld", |it| it["spec"]["protection"] = budget.clone());
    let stage = &fair.stage;
    let names = ["ada", "hedy"];
    stage.apply(&names.map(|name| fair.user(name, &address(name), "Contributor", json!({}))));
    stage.apply(&[fair.user("grace", GRACE, "Owner", json!({"adoption": "Adopt"}))]);
    for name in ["ada", "hedy", "grace"] {
        stage.settled("pubuser", name, "True", "InSync");
    }
    stage.apply(&[fair.publisher(|it| {
        it["spec"]["protection"] = budget.clone();
        it["spec"]["delegations"][0]["add"][0]["roles"] = json!(["Contributor"]);
    })]);
    Told::invalid("pubuser", "grace", "LastOwner", &["0 effective owners besides the operator"]).by(stage);
    assert_eq!(fair.role_of(GRACE).unwrap(), "owner active");
    let (publisher, role) = (stage.name.clone(), PublisherRole::Owner);
    let who = PublisherPrincipal::User { email: "olga@example.com".to_owned() };
    fair.portal(PublisherCommand::AddUser { publisher, who, role, friendly_name: None });
    fair.relist();
    eventually("grace is gone", &mut || fair.role_of(GRACE).is_none(), &mut || format!("{:?}", fair.remote()));
    // Her removal was the budget's worth.
    stage.apply(&[fair.publisher(|it| {
        it["spec"]["protection"] = budget;
        it["spec"]["delegations"] = json!([]);
    })]);
    let held = || stage.get("publ", &stage.name).unwrap()["status"]["heldRemovals"].clone();
    eventually("two are held", &mut || held()["total"] == 2, &mut || held().to_string());
    Told::held("pubuser", "ada", "RemovalBudgetExceeded", &["remove `ada@example.com`"]).by(stage);
    assert!(names.iter().all(|name| fair.role_of(&address(name)).is_some()), "{:?}", fair.remote());
    // What is delegated again is not taken away when room is made.
    stage.apply(&[fair.publisher(|_| {})]);
    for name in names {
        stage.settled("pubuser", name, "True", "InSync");
    }
    assert!(names.iter().all(|name| fair.role_of(&address(name)).is_some()), "{:?}", fair.remote());
}

#[test]
fn an_owner_goes_once_a_person_confirms_it() {
    let strict = json!({"confirmRemoval": "Administrative"});
    let fair = Fair::open_with("publisher-confirmed", |it| it["spec"]["protection"] = strict);
    let stage = &fair.stage;
    stage.apply(&["ada", "hedy"].map(|name| fair.user(name, &address(name), "Owner", json!({}))));
    stage.apply(&[fair.user("joan", &address("joan"), "Contributor", json!({}))]);
    for name in ["ada", "hedy", "joan"] {
        stage.settled("pubuser", name, "True", "InSync");
    }
    let writes = fair.writes().len();
    stage.delete("pubuser", "ada");
    patch(&fair, "hedy", &json!({"role": "Contributor"}));
    let words = ["`Owner` of `ada@example.com` is administrative", "access.roster.dev/confirm-removal=Owner"];
    Told::invalid("pubuser", "ada", "ConfirmationRequired", &words).by(stage);
    Told::invalid("pubuser", "hedy", "ConfirmationRequired", &["`Owner` of `hedy@example.com`"]).by(stage);
    let confirm = |name: &str, role: &str| {
        let annotation = format!("access.roster.dev/confirm-removal={role}");
        stage.theatre.done(&["annotate", "pubuser", name, "-n", &stage.name, "--overwrite", &annotation], "");
    };
    confirm("hedy", "Contributor");
    stage.delete("pubuser", "joan");
    stage.gone("pubuser", "joan");
    Told::invalid("pubuser", "hedy", "ConfirmationRequired", &["`Owner` of `hedy@example.com`"]).by(stage);
    assert_eq!(fair.writes().len(), writes + 1, "joan alone: {:?}", fair.writes());
    for name in ["ada", "hedy"] {
        assert_eq!(fair.role_of(&address(name)).unwrap(), "owner active");
        confirm(name, "Owner");
    }
    stage.gone("pubuser", "ada");
    stage.settled("pubuser", "hedy", "True", "InSync");
    assert_eq!(fair.role_of(&address("hedy")).unwrap(), "contributor active");
}

#[test]
fn objects_of_other_namespaces_are_counted_and_not_named() {
    let fair =
        Fair::open_with("publisher-beside", |it| it["spec"]["delegations"][0]["namespaces"] = json!({"all": {}}));
    let (stage, other) = (&fair.stage, "publisher-secret-team");
    stage.theatre.done(&["create", "namespace", other], "");
    let ada = |role: &str| {
        let mut theirs = fair.user("their-ada", &address("ada"), role, json!({}));
        theirs["metadata"]["namespace"] = json!(other);
        theirs
    };
    stage.apply(&[fair.user("ada", &address("ada"), "Contributor", json!({})), ada("Contributor")]);
    let shared = stage.settled("pubuser", "ada", "True", "Shared");
    assert!(crate::stage::message(&shared).contains("1 object of another namespace"), "{shared}");
    stage.apply(&[ada("Owner")]);
    let torn = stage.settled("pubuser", "ada", "False", "ContradictingRoles");
    assert!(crate::stage::message(&torn).contains("1 object of another namespace as Owner"), "{torn}");
    for object in [shared, torn] {
        let told = object["status"].to_string();
        assert!(!told.contains(other) && !told.contains("their-ada"), "{told}");
    }
    stage.theatre.done(&["delete", "namespace", other, "--wait=false"], "");
}
