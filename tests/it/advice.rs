//! Advice in status: told once all is as declared, an event when it is new, silent where the object says why, gone when its cause is.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use roster::simulator::world::Command;
use serde_json::{Value, json};

use crate::{
    refusals::event,
    stage::{Stage, eventually},
};

fn rules(object: &Value) -> Vec<String> {
    let warnings = object["status"]["warnings"].as_array().cloned().unwrap_or_default();
    warnings.iter().map(|it| it["rule"].as_str().unwrap().to_owned()).collect()
}

fn topic(kind: &str, name: &str) -> Value {
    json!({"environment": "env-prod01", "cluster": "lkc-orders", "resource": {"type": kind, "name": name}})
}

#[test]
fn what_is_worth_knowing_stands_in_status_and_holds_nothing_up() {
    let stage = Stage::new("advice");
    let mary = json!({"email": "mary@example.com"});
    let environment = json!({"environment": "env-prod01"});
    let reads = stage.binding("reads", mary.clone(), "DeveloperRead", topic("Topic", "orders"), json!({}));
    let mut metrics = stage.binding("metrics", mary.clone(), "MetricsViewer", environment, json!({}));
    stage.apply(&[
        reads.clone(),
        metrics.clone(),
        stage.user("nina", "nina@example.com", json!({"deletionPolicy": "Delete"})),
        stage.binding("operates", mary.clone(), "Operator", json!({"environment": "env-dev001"}), json!({})),
    ]);
    let settled = |name: &str| stage.settled("arb", name, "True", "InSync");
    // What the principal holds besides may be on its way at first: the advice comes by itself a little later.
    let told = || rules(&settled("reads")) == ["ConsumeWithoutGroup"];
    eventually("a topic without a group is told of", &mut || told(), &mut || settled("reads").to_string());
    assert!(event(&stage, "arb", "reads", "ConsumeWithoutGroup").contains("`mary@example.com` may read topic orders"));
    // A note is no event, and what is merely worth knowing wakes nobody.
    assert_eq!(rules(&settled("operates")), ["KeysOutliveBinding"]);
    assert_eq!(rules(&settled("metrics")), ["MetricsViewerForPerson"]);
    let nina = stage.settled("cuser", "nina", "True", "NoRoles");
    assert_eq!(rules(&nina), ["DeletionTakesKeys"]);

    // With a reason an object has it silent; without one it has not.
    for (reason, told) in [("", 1), ("she builds the exporter", 0)] {
        metrics["metadata"]["annotations"] =
            json!({"access.roster.dev/suppress": format!("MetricsViewerForPerson: {reason}")});
        stage.apply(&[metrics.clone()]);
        let now = || rules(&settled("metrics")).len();
        eventually("the advice is silent", &mut || now() == told, &mut || settled("metrics").to_string());
    }

    // The group comes, and the advice goes when the topic's binding is looked at again.
    stage.apply(&[stage.binding("group", mary, "DeveloperRead", topic("Group", "orders-app"), json!({}))]);
    settled("group");
    stage.relist();
    let mut touched = reads;
    touched["metadata"]["annotations"] = json!({"touched": "yes"});
    stage.apply(&[touched]);
    eventually("the advice is gone", &mut || rules(&settled("reads")).is_empty(), &mut || settled("reads").to_string());

    // Of the organization's two administrators one is left.
    let organization = || stage.settled("corg", &stage.name, "True", "InSync");
    assert_eq!(rules(&organization()), Vec::<String>::new());
    let linus = stage.simulator.inspect(|world, at| {
        let contents = world.contents(at);
        let person = contents.users.iter().find(|it| it.email.as_str() == "linus@example.com").unwrap().id.clone();
        contents.bindings.iter().find(|it| it.principal.as_str() == person).unwrap().id.clone()
    });
    stage.portal(&Command::Revoke { binding: linus });
    stage.relist();
    let told = || rules(&organization()) == ["SingleOrganizationAdmin"];
    eventually("one administrator is told of", &mut || told(), &mut || organization().to_string());
}
