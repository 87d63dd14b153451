//! Grants that make no sense, or name what is not there (yet).

use roster::{
    access::PrincipalId,
    simulator::world::{ClusterType, Command},
};
use serde_json::{Value, json};

use super::{Told, email, environment, everything, topic};
use crate::stage::{EXAMPLE, Stage, Theatre, condition};

struct Case {
    name: &'static str,
    principal: Value,
    role: &'static str,
    scope: Value,
    reason: &'static str,
    words: &'static [&'static str],
}

fn cases() -> Vec<Case> {
    let mary = || email("mary@example.com");
    let production = || environment("env-prod01");
    let case = |name, principal, role, scope, reason, words| Case { name, principal, role, scope, reason, words };
    vec![
        case(
            "role",
            mary(),
            "DeveloperReed",
            topic("env-prod01", "lkc-orders", "orders"),
            "RoleUnknown",
            &["the role `DeveloperReed` does not exist", "the nearest names are `DeveloperRead`"],
        ),
        case(
            "place",
            mary(),
            "DeveloperRead",
            production(),
            "RoleNotAllowedAtScope",
            &[
                "`DeveloperRead` cannot be bound to environment env-prod01",
                "it is bound to topic, group",
                "name one with `spec.scope.resource`",
            ],
        ),
        case(
            "basic",
            mary(),
            "DeveloperRead",
            topic("env-dev001", "lkc-scratc", "orders"),
            "ClusterTypeUnsupported",
            &["the cluster `lkc-scratc` is Basic", "use a Standard", "or bind CloudClusterAdmin"],
        ),
        case(
            "environment",
            mary(),
            "Operator",
            environment("env-later"),
            "ScopeNotFound",
            &["the environment `env-later` does not exist", "correct `spec.scope`"],
        ),
        case(
            "cluster",
            mary(),
            "DeveloperRead",
            topic("env-prod01", "lkc-later", "orders"),
            "ScopeNotFound",
            &["the cluster `lkc-later` in `env-prod01` does not exist", "correct `spec.scope`"],
        ),
        case(
            "user",
            json!({"userRef": {"name": "nina"}}),
            "Operator",
            production(),
            "PrincipalNotFound",
            &[
                "the ConfluentUser `nina` does not exist in namespace `refused-grants`",
                "create it, or correct `spec.principal.userRef`",
            ],
        ),
        case(
            "person",
            email("zoe@example.com"),
            "Operator",
            production(),
            "PrincipalNotFound",
            &["nobody in the organization has the e-mail `zoe@example.com`", "declare a ConfluentUser"],
        ),
        case(
            "account",
            json!({"serviceAccount": {"displayName": "later-etl"}}),
            "Operator",
            production(),
            "PrincipalNotFound",
            &["no service account is called `later-etl`", "create it, or correct the name"],
        ),
        case(
            "id",
            json!({"id": "sa-later1"}),
            "Operator",
            production(),
            "PrincipalNotFound",
            &["no principal of the organization has the id `sa-later1`", "correct `spec.principal`"],
        ),
    ]
}

#[test]
fn what_cannot_be_granted_says_why_and_is_granted_once_it_can() {
    let stage = Stage::new("refused-grants");
    let before = everything(&stage);
    let object = |it: &Case| stage.binding(it.name, it.principal.clone(), it.role, it.scope.clone(), json!({}));
    stage.apply(&cases().iter().map(object).collect::<Vec<_>>());
    for case in cases() {
        let refused = Told::invalid("arb", case.name, case.reason, case.words).by(&stage);
        assert_ne!(condition(&refused, "Granted")["status"], "True", "{}", case.name);
        assert_eq!(refused["metadata"]["finalizers"], Value::Null, "{}", case.name);
    }
    assert_eq!(everything(&stage), before);

    let named = |name: &str| (Some(name.to_owned()), name.to_owned());
    let (id, display_name) = named("env-later");
    stage.portal(&Command::CreateEnvironment { display_name, id });
    let (id, display_name) = named("lkc-later");
    let kind = ClusterType::Standard;
    stage.portal(&Command::CreateCluster { environment: "env-prod01".to_owned(), display_name, kind, id });
    stage.portal(&Command::ChangeCluster { cluster: "lkc-scratc".to_owned(), kind });
    let (email, full_name) = ("zoe@example.com".to_owned(), "Zoe".to_owned());
    stage.portal(&Command::JoinUser { email, full_name, id: None });
    for (name, id) in [("later-etl", None), ("later", Some("sa-later1".to_owned()))] {
        let (display_name, description) = (name.to_owned(), String::new());
        stage.portal(&Command::CreateServiceAccount { display_name, description, id });
    }
    let mary = super::email("mary@example.com");
    stage.apply(&[
        stage.user("nina", "nina@example.com", json!({})),
        stage.binding("role", mary.clone(), "DeveloperRead", topic("env-prod01", "lkc-orders", "orders"), json!({})),
        stage.binding("place", mary, "DeveloperRead", topic("env-prod01", "lkc-orders", "bills"), json!({})),
    ]);
    stage.relist();
    for case in cases() {
        let granted = stage.settled("arb", case.name, "True", "InSync");
        assert_eq!(condition(&granted, "Granted")["status"], "True", "{}", case.name);
        assert_eq!(condition(&granted, "Validated")["status"], "True", "{}", case.name);
    }
}

#[test]
fn a_role_that_only_the_vendor_knows_is_kept_and_declared_where_that_is_allowed() {
    let (id, role) = ("u-nova01", "NoveltyViewer");
    let crn = format!("crn://confluent.cloud/organization={EXAMPLE}/environment=env-prod01");
    let more = [
        Command::JoinUser { email: "nova@example.com".to_owned(), full_name: String::new(), id: Some(id.to_owned()) },
        Command::PlantBinding { principal: PrincipalId::new(id), role: role.to_owned(), crn },
    ];
    let stage = Stage::since_yesterday(Theatre::shared(), "unknown-role", &more);
    let allowing = |allow: bool| stage.organization(|object| object["spec"]["allowUnknownRoles"] = json!(allow));
    stage.apply(&[allowing(false)]);
    stage.settled("corg", "unknown-role", "True", "InSync");
    let before = everything(&stage);
    assert!(before.contains(&format!("nova@example.com {role} environment env-prod01")), "{before:?}");
    let declared = |name, who, role, more| stage.binding(name, email(who), role, environment("env-prod01"), more);

    stage.apply(&[declared("nova", "nova@example.com", role, json!({}))]);
    let words = ["the role `NoveltyViewer` does not exist", "`spec.allowUnknownRoles` admits it"];
    Told::invalid("arb", "nova", "RoleUnknown", &words).by(&stage);

    // Nobody knows what it gives, so it counts as administrative.
    stage.apply(&[allowing(true)]);
    let words = [role, "is administrative and was there before this object", "set `adoption: Adopt`"];
    Told::invalid("arb", "nova", "AdoptionRequired", &words).by(&stage);
    stage.apply(&[declared(
        "nova",
        "nova@example.com",
        role,
        json!({"adoption": "Adopt", "deletionPolicy": "Retain"}),
    )]);
    let granted = stage.settled("arb", "nova", "True", "InSync");
    assert_eq!(condition(&granted, "Granted")["status"], "True");

    // One that the vendor does not know either is the vendor's to refuse.
    stage.apply(&[declared("typo", "mary@example.com", "NoveltyVewer", json!({}))]);
    Told::held("arb", "typo", "BackendRefused", &["NoveltyVewer"]).by(&stage);
    stage.delete("arb", "nova");
    stage.gone("arb", "nova");
    assert_eq!(everything(&stage), before, "nothing was changed");
}

#[test]
fn another_role_is_made_before_the_old_one_ends() {
    let stage = Stage::new("edited-role");
    let binding = |role| stage.binding("it", email("mary@example.com"), role, environment("env-dev001"), json!({}));
    stage.apply(&[binding("Operator")]);
    stage.settled("arb", "it", "True", "InSync");
    stage.simulator.clear_requests();
    stage.apply(&[binding("DataSteward")]);
    super::remote(&stage, "mary@example.com Operator environment env-dev001", false);
    stage.settled("arb", "it", "True", "InSync");
    let verbs: Vec<String> =
        stage.remote_writes().iter().map(|it| it.split(' ').next().unwrap_or_default().to_owned()).collect();
    assert_eq!(verbs, ["POST", "DELETE"]);
    super::remote(&stage, "mary@example.com DataSteward environment env-dev001", true);
}
