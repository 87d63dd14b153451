//! What cannot be known, or cannot be done yet: it is said, it holds nobody else up, and nothing is removed on it.

use std::time::Duration;

use roster::{
    access::PrincipalId,
    simulator::{
        Fault, Simulator,
        world::{Command, World, example},
    },
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::stage::{ORGANIZATION, SYSTEM, Stage, TEAM, address, condition, member_spec};

const BINDINGS: &str = "accessrolebindings";
const REVOKED: &str = "DELETE /iam/v2/role-bindings";

fn ready(stage: &Stage, plural: &str, name: &str) -> (String, String) {
    let ready = condition(&stage.get(plural, name).unwrap(), "Ready");
    let text = |field: &str| ready[field].as_str().unwrap_or_default().to_owned();
    (text("reason"), text("message"))
}

async fn says(stage: &Stage, plural: &str, name: &str, reason: &str) {
    let what = format!("{plural} {name} says {reason}");
    stage.until(&what, |stage| ready(stage, plural, name).0 == reason).await;
}

/// How many events of that reason there are about an object.
fn events(stage: &Stage, name: &str, reason: &str) -> usize {
    let is = |it: &&Value| it["kind"] == "Event" && it["reason"] == reason && it["regarding"]["name"] == name;
    stage.memory.all().iter().filter(is).count()
}

fn revoked(stage: &Stage) -> usize {
    stage.remote_writes().get(REVOKED).copied().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn an_expiry_that_a_guard_holds_is_shouted_about_and_again_after_a_restart() {
    let mut stage = Stage::new(1).await;
    stage.ready("confluentorganizations", "o").await;
    let until = ((stage.clock)() + Duration::from_mins(10)).to_string();
    let spec = json!({"organizationRef": {"name": "o"}, "principal": {"email": "linus@example.com"}, "adoption": "Adopt",
        "role": "OrganizationAdmin", "scope": {"organization": {}}, "validity": {"notAfter": until}});
    stage.create(BINDINGS, TEAM, json!({"metadata": {"name": "linus"}, "spec": spec})).await;
    stage.ready(BINDINGS, "linus").await;
    let shouted = |stage: &Stage| events(stage, "linus", "LastOrganizationAdmin");
    for starts in 1..=2 {
        stage.until("it is shouted about", |stage| shouted(stage) == starts).await;
        says(&stage, BINDINGS, "linus", "LastOrganizationAdmin").await;
        let object = stage.get(BINDINGS, "linus").unwrap();
        assert_eq!(condition(&object, "Stalled")["status"], "True");
        assert_eq!(condition(&object, "Granted")["status"], "True", "it is still in force: {object}");
        sleep(Duration::from_hours(1)).await;
        assert_eq!(shouted(&stage), starts, "once for each start");
        let writes = stage.local_writes();
        stage.crash().await;
        stage.start();
        sleep(Duration::from_mins(5)).await;
        assert_eq!(stage.local_writes(), writes, "it was said on the object already");
    }
    stage.edit("confluentorganizations", "o", json!({"spec": {"protection": {"minimumOrganizationAdmins": 1}}})).await;
    says(&stage, BINDINGS, "linus", "Expired").await;
    assert_eq!(revoked(&stage), 1);
}

/// Another organization of the vendor, where everybody has the same names and nobody holds what is declared.
fn stranger(stage: &Stage) -> Simulator {
    let (mut founding, commands) = example(77, (stage.clock)());
    founding.organization = Some("11111111-2222-4333-8444-555555555555".to_owned());
    "Other Trading".clone_into(&mut founding.display_name);
    let simulator = Simulator::new(World::founded(&founding), stage.clock.clone());
    for command in &commands {
        // Some of it is there from the founding on.
        let _ = simulator.portal(command);
    }
    let key = simulator.operator_key().unwrap();
    stage.strangers.add(&key.key, &key.secret, simulator.clone());
    simulator
}

/// Puts a key of that organization into the Secret.
async fn use_key_of(stage: &Stage, simulator: &Simulator) {
    let key = simulator.operator_key().unwrap();
    let data = json!({"stringData": {"key": key.key, "secret": key.secret}});
    stage.send("PATCH", &format!("/api/v1/namespaces/{SYSTEM}/secrets/o"), &data).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_key_of_another_organization_changes_nothing_in_either_and_all_goes_on_with_the_right_one() {
    for restarts in [false, true] {
        let mut stage = Stage::with_user(2, "ada").await;
        stage.binding("ada-reads", "ada", "MetricsViewer").await;
        stage.binding("ada-works", "ada", "Operator").await;
        for name in ["ada-reads", "ada-works"] {
            stage.ready(BINDINGS, name).await;
        }
        let (held, writes) = (stage.held(), stage.remote_writes());
        let other = stranger(&stage);
        use_key_of(&stage, &other).await;
        if restarts {
            stage.crash().await;
            stage.start();
        }
        says(&stage, "confluentorganizations", "o", "OrganizationMismatch").await;
        let message = ready(&stage, "confluentorganizations", "o").1;
        let both = [ORGANIZATION, "11111111-2222-4333-8444-555555555555", "Other Trading"];
        assert!(both.iter().all(|it| message.contains(it)), "whose was expected, and whose answered: {message}");
        // Whoever has work says so; what was fine stays as it is.
        stage.binding("ada-develops", "ada", "DataSteward").await;
        stage.delete(BINDINGS, "ada-works").await;
        for name in ["ada-develops", "ada-works"] {
            says(&stage, BINDINGS, name, "OrganizationMismatch").await;
        }
        sleep(Duration::from_hours(1)).await;
        assert_eq!(ready(&stage, BINDINGS, "ada-reads").0, "InvitationPending");
        assert_eq!((stage.held(), stage.remote_writes()), (held, writes));
        let asked = other.requests();
        assert!(asked.iter().all(|it| it.method == "GET"), "{asked:?}");

        let own = stage.simulator.clone();
        use_key_of(&stage, &own).await;
        stage.ready(BINDINGS, "ada-develops").await;
        stage.gone(BINDINGS, "ada-works").await;
        let ada: Vec<String> = stage.held().into_iter().filter(|it| it.contains(&address("ada"))).collect();
        let holds = |role: &str| format!("{} {role} environment env-prod01", address("ada"));
        assert_eq!(ada, [holds("DataSteward"), holds("MetricsViewer")]);
        assert_eq!(revoked(&stage), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_cannot_be_decoded_keeps_what_it_has_and_stops_nobody() {
    for restarts in [false, true] {
        let mut stage = Stage::with_user(3, "ada").await;
        for name in ["broken", "twin"] {
            stage.binding(name, "ada", "MetricsViewer").await;
            stage.ready(BINDINGS, name).await;
        }
        let principal = stage.get(BINDINGS, "broken").unwrap()["spec"]["principal"].clone();
        stage.damage(BINDINGS, "broken", "/spec/principal", json!(7));
        if restarts {
            stage.crash().await;
            stage.start();
        }
        says(&stage, BINDINGS, "broken", "InvalidSpec").await;
        stage.binding("other", "ada", "Operator").await;
        stage.ready(BINDINGS, "other").await;
        stage.delete(BINDINGS, "other").await;
        stage.gone(BINDINGS, "other").await;
        stage.delete(BINDINGS, "twin").await;
        stage.gone(BINDINGS, "twin").await;
        let holds = format!("{} MetricsViewer environment env-prod01", address("ada"));
        assert!(stage.held().contains(&holds), "what its status answers for stays: {}", stage.tell());
        assert_eq!(revoked(&stage), 1, "the other one's");

        stage.damage(BINDINGS, "broken", "/spec/principal", principal);
        stage.ready(BINDINGS, "broken").await;
        stage.delete(BINDINGS, "broken").await;
        stage.gone(BINDINGS, "broken").await;
        assert!(!stage.held().contains(&holds));
        assert_eq!(stage.remote_writes()["POST /iam/v2/role-bindings"], 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_in_the_middle_of_a_sweep_removes_the_rest_once_and_within_the_budget() {
    let mut stage = Stage::with_user(4, "ada").await;
    stage.binding("ada-reads", "ada", "MetricsViewer").await;
    stage.ready(BINDINGS, "ada-reads").await;
    let roles = ["Operator", "FlinkDeveloper", "DataSteward", "DataDiscovery"];
    for role in roles {
        let crn = format!("crn://confluent.cloud/organization={ORGANIZATION}/environment=env-prod01");
        stage.portal(&Command::Grant { principal: "User:u-mary01".to_owned(), role: role.to_owned(), crn });
    }
    // The example's own, and these.
    let undeclared = roles.len() + 1;
    let mary = |stage: &Stage| stage.held().iter().filter(|it| it.starts_with("mary@")).count();
    assert_eq!(mary(&stage), undeclared);
    let protection =
        json!({"minimumOrganizationAdmins": 2, "removalBudget": {"count": 4, "percent": 0, "window": "6h"}});
    let unmanaged = json!({"policy": "Remove", "within": [{"environment": "env-prod01"}], "after": "10m"});
    let spec = json!({"spec": {"protection": protection, "unmanaged": unmanaged}});
    stage.edit("confluentorganizations", "o", spec).await;
    // The third removal is made, and nobody hears of it.
    stage.simulator.inject(Fault::hang("DELETE", "/iam/v2/role-bindings").after(2));
    stage.until("it is in the middle", |stage| mary(stage) == undeclared - 3).await;
    stage.crash().await;
    // Somebody declares one of the two that are left, meanwhile.
    let left = stage.held().into_iter().find(|it| it.starts_with("mary@")).unwrap();
    let role = left.split(' ').nth(1).unwrap();
    let spec = json!({"organizationRef": {"name": "o"}, "principal": {"email": "mary@example.com"}, "role": role,
        "scope": {"environment": "env-prod01"}});
    stage.create(BINDINGS, TEAM, json!({"metadata": {"name": "mary"}, "spec": spec})).await;
    stage.start();
    stage.until("the last one is gone", |stage| mary(stage) == 1).await;
    sleep(Duration::from_hours(1)).await;
    assert_eq!((mary(&stage), revoked(&stage)), (1, 4), "{}", stage.tell());
    assert!(stage.held().contains(&left), "what is declared stays");
    assert_eq!(ready(&stage, BINDINGS, "mary").0, "InSync");
    assert_eq!(ready(&stage, BINDINGS, "ada-reads").0, "InvitationPending");
    // What the first process counted is not forgotten.
    let crn = format!("crn://confluent.cloud/organization={ORGANIZATION}/environment=env-prod01");
    stage.portal(&Command::Grant { principal: "User:u-mary01".to_owned(), role: "FlinkAdmin".to_owned(), crn });
    sleep(Duration::from_hours(1)).await;
    let organization = stage.get("confluentorganizations", "o").unwrap();
    assert_eq!(condition(&organization, "RemovalsHeld")["status"], "True", "{organization:#}");
    assert_eq!(revoked(&stage), 4);
}

#[tokio::test(start_paused = true)]
async fn while_a_publisher_cannot_be_read_its_users_stay_and_what_is_deleted_waits() {
    for restarts in [false, true] {
        let mut stage = Stage::new(5).await;
        stage.publisher().await;
        stage.ready("publishers", "p").await;
        for name in ["ada", "bob"] {
            let spec = member_spec(name, "Contributor");
            stage.create("publisherusers", TEAM, json!({"metadata": {"name": name}, "spec": spec})).await;
            stage.ready("publisherusers", name).await;
        }
        let held = stage.held();
        let delegations = stage.get("publishers", "p").unwrap()["spec"]["delegations"].clone();
        stage.damage("publishers", "p", "/spec/delegations", json!(7));
        if restarts {
            stage.crash().await;
            stage.start();
        }
        says(&stage, "publishers", "p", "InvalidSpec").await;
        let spec = member_spec("eve", "Contributor");
        stage.create("publisherusers", TEAM, json!({"metadata": {"name": "eve"}, "spec": spec})).await;
        stage.delete("publisherusers", "bob").await;
        for name in ["eve", "bob"] {
            says(&stage, "publisherusers", name, "PublisherNotReady").await;
            let message = ready(&stage, "publisherusers", name).1;
            assert!(message.contains("`p`") || message.contains("publisher's object cannot be read"), "{message}");
        }
        sleep(Duration::from_hours(1)).await;
        assert_eq!(stage.held(), held, "neither added nor removed");
        assert_eq!(condition(&stage.get("publisherusers", "ada").unwrap(), "Ready")["status"], "True");
        // The organization beside it is none the worse.
        stage.user("ann").await;
        stage.ready("confluentusers", "ann").await;

        stage.damage("publishers", "p", "/spec/delegations", delegations);
        stage.ready("publisherusers", "eve").await;
        stage.gone("publisherusers", "bob").await;
        let contributors: Vec<String> = stage.held().into_iter().filter(|it| it.contains(" contributor ")).collect();
        assert_eq!(contributors.len(), 2, "ada and eve: {contributors:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_fails_lets_nothing_go_that_the_budget_holds() {
    let stage = Stage::new(9).await;
    stage.ready("confluentorganizations", "o").await;
    let crn = format!("crn://confluent.cloud/organization={ORGANIZATION}/environment=env-prod01");
    for number in 0..12 {
        let (principal, role) = (PrincipalId::new(format!("u-other{number}")), "Operator".to_owned());
        stage.portal(&Command::PlantBinding { principal, role, crn: crn.clone() });
    }
    let protection =
        json!({"minimumOrganizationAdmins": 2, "removalBudget": {"count": 4, "percent": 0, "window": "1h"}});
    let unmanaged = json!({"policy": "Remove", "within": [{"environment": "env-prod01"}], "after": "10m"});
    stage
        .edit("confluentorganizations", "o", json!({"spec": {"protection": protection, "unmanaged": unmanaged}}))
        .await;
    stage.until("what fits is gone", |stage| revoked(stage) == 4).await;
    let held =
        |stage: &Stage| stage.get("confluentorganizations", "o").unwrap()["status"]["heldRemovals"]["total"].clone();
    // Longer than the window: what is held is still more than would go unasked.
    sleep(Duration::from_hours(2)).await;
    assert_eq!((revoked(&stage), held(&stage)), (4, json!(9)), "{}", stage.tell());
    for _ in 0..3 {
        stage.simulator.inject(Fault::status("GET", "/iam/v2/users", 504).times(40));
        sleep(Duration::from_mins(30)).await;
    }
    sleep(Duration::from_hours(2)).await;
    assert_eq!((revoked(&stage), held(&stage)), (4, json!(9)), "{}", stage.tell());
}
