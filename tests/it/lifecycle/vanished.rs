//! Principals and places that go while bindings name them: each is told, nothing is taken away or made for nobody, and then
//! nothing is written any more.

use roster::{access::PrincipalId, simulator::world::Command};
use serde_json::{Value, json};

use crate::{
    refusals::{Told, connected, email, environment, often},
    stage::{Stage, condition},
};

fn operator(stage: &Stage, name: &str, principal: Value, place: Value) -> Value {
    stage.binding(name, principal, "Operator", place, json!({}))
}

/// Two more listings cause no write of any kind.
fn quiet(stage: &Stage) {
    let remote = stage.remote_writes();
    let local = stage.theatre.writes_to_our_kinds(&stage.name);
    stage.relist();
    stage.relist();
    assert_eq!(stage.remote_writes(), remote);
    assert_eq!(stage.theatre.writes_to_our_kinds(&stage.name), local);
}

fn deletes(stage: &Stage) -> usize {
    stage.remote_writes().iter().filter(|it| it.starts_with("DELETE")).count()
}

#[test]
fn a_person_whom_nobody_declares_and_a_service_account_that_go_leave_bindings_that_wait() {
    let stage = connected("vanished", often);
    let account = json!({"serviceAccount": {"displayName": "orders-etl"}});
    stage.apply(&[
        operator(&stage, "mary", email("mary@example.com"), environment("env-dev001")),
        operator(&stage, "by-id", json!({"id": "u-mary01"}), environment("env-prod01")),
        operator(&stage, "etl", account, environment("env-prod01")),
    ]);
    for name in ["mary", "by-id", "etl"] {
        stage.settled("arb", name, "True", "InSync");
    }
    stage.relist();
    stage.portal(&Command::DeleteUser { user: "u-mary01".to_owned() });
    stage.portal(&Command::DeleteServiceAccount { service_account: "sa-ordetl".to_owned() });
    let words = ["nobody in the organization has the e-mail `mary@example.com`: declare a ConfluentUser"];
    let mary = Told::invalid("arb", "mary", "PrincipalNotFound", &words).by(&stage);
    assert_eq!(condition(&mary, "Granted")["status"], "False");
    Told::invalid("arb", "by-id", "PrincipalNotFound", &["no principal of the organization has the id"]).by(&stage);
    Told::invalid("arb", "etl", "PrincipalNotFound", &["no service account is called `orders-etl`"]).by(&stage);
    quiet(&stage);
    assert_eq!(deletes(&stage), 0);

    // Whoever comes back under the same address is the same person; a name may be somebody else's by now.
    let (email, full_name, id) = ("mary@example.com".to_owned(), String::new(), Some("u-mary02".to_owned()));
    stage.portal(&Command::JoinUser { email, full_name, id });
    let (display_name, description) = ("orders-etl".to_owned(), String::new());
    stage.portal(&Command::CreateServiceAccount { display_name, description, id: Some("sa-newetl".to_owned()) });
    let mary = stage.settled("arb", "mary", "True", "InSync");
    assert_eq!(mary["status"]["grant"]["principalId"], "u-mary02");
    Told::invalid("arb", "etl", "PrincipalChanged", &["`sa-newetl`", "touch this object's spec"]).by(&stage);
    quiet(&stage);
    // What is gone already lets its object go.
    for name in ["mary", "by-id", "etl"] {
        stage.delete("arb", name);
        stage.gone("arb", name);
    }
    assert_eq!(deletes(&stage), 1, "{:?}", stage.remote_writes());
}

#[test]
fn pools_and_mappings_that_go_are_refused_by_the_vendor_and_told() {
    let stage = connected("vanished-pool", often);
    for id in ["pool-1", "group-1"] {
        stage.portal(&Command::AddPrincipal { principal: PrincipalId::new(id) });
    }
    stage.apply(&[
        operator(&stage, "pool", json!({"id": "pool-1"}), environment("env-prod01")),
        operator(&stage, "group", json!({"id": "group-1"}), environment("env-prod01")),
    ]);
    for name in ["pool", "group"] {
        stage.settled("arb", name, "True", "InSync");
    }
    stage.relist();
    for id in ["pool-1", "group-1"] {
        stage.portal(&Command::DeletePrincipal { principal: PrincipalId::new(id) });
    }
    // Neither is in any listing, so the vendor's answer tells.
    for name in ["pool", "group"] {
        let words = ["the vendor answers 403", "a principal or place that does not exist"];
        let object = Told::held("arb", name, "BackendRefused", &words).by(&stage);
        assert_eq!(condition(&object, "Granted")["status"], "False");
    }
    for name in ["pool", "group"] {
        stage.delete("arb", name);
        stage.gone("arb", name);
    }
    assert_eq!(deletes(&stage), 0);
}

#[test]
fn a_place_that_goes_leaves_bindings_that_wait_and_a_ksql_cluster_one_that_is_made_again() {
    let stage = connected("vanished-place", often);
    let cluster = json!({"environment": "env-prod01", "cluster": "lkc-orders"});
    let ksql = json!({"environment": "env-prod01", "cluster": "lkc-paymnt",
        "resource": {"type": "KsqlCluster", "name": "sales"}});
    stage.apply(&[
        operator(&stage, "environment", email("mary@example.com"), environment("env-dev001")),
        operator(&stage, "cluster", email("mary@example.com"), cluster),
        stage.binding("ksql", email("mary@example.com"), "KsqlAdmin", ksql, json!({})),
    ]);
    for name in ["environment", "cluster", "ksql"] {
        stage.settled("arb", name, "True", "InSync");
    }
    stage.relist();
    stage.portal(&Command::DeleteEnvironment { environment: "env-dev001".to_owned() });
    stage.portal(&Command::DeleteCluster { cluster: "lkc-orders".to_owned() });
    stage.portal(&Command::DeleteKsqlCluster { cluster: "lkc-paymnt".to_owned(), name: "sales".to_owned() });
    let next = "it is looked for at every listing";
    for (name, place) in [("environment", "env-dev001"), ("cluster", "lkc-orders")] {
        let object = Told::invalid("arb", name, "ScopeNotFound", &[place, next]).by(&stage);
        assert_eq!(condition(&object, "Granted")["status"], "False");
    }
    // ksqlDB clusters are in no listing: the binding is missed, and made again.
    let history = || stage.get("arb", "ksql").unwrap()["status"]["drift"].clone();
    crate::stage::eventually("it is missed", &mut || history()[0]["change"] == "Removed", &mut || {
        history().to_string()
    });
    stage.settled("arb", "ksql", "True", "InSync");
    quiet(&stage);
    for name in ["environment", "cluster"] {
        stage.delete("arb", name);
        stage.gone("arb", name);
    }
    assert_eq!(deletes(&stage), 0);
}
