//! A process that begins says of nothing something else than the one before it, and then the same again.

use std::time::Duration;

use roster::simulator::{Fault, world::Command};
use serde_json::json;
use tokio::time::sleep;

use crate::stage::{ORGANIZATION, Stage, address, condition};

const BINDINGS: &str = "/iam/v2/role-bindings";

/// All is said, and another process writes nothing.
async fn says_the_same(stage: &mut Stage) {
    sleep(Duration::from_mins(15)).await;
    let writes = stage.local_writes();
    stage.crash().await;
    stage.start();
    sleep(Duration::from_mins(15)).await;
    assert_eq!(stage.local_writes(), writes, "{}", stage.tell());
}

/// A member, in an organization where one person administers besides: were she to, she could not cease to.
async fn with_few(seed: u64) -> Stage {
    let stage = Stage::with_user(seed, "ada").await;
    let binding = stage.a_binding_of("linus@example.com").unwrap();
    stage.portal(&Command::Revoke { binding });
    stage.portal(&Command::AcceptInvitation { email: address("ada"), full_name: String::new() });
    stage
}

/// What is there, held by a guard and recorded by nobody, since an edit and a withdrawn delegation came before the answer.
#[tokio::test(start_paused = true)]
async fn what_was_set_out_on_and_is_held_is_told_of_its_person_alike_after_a_restart() {
    let mut stage = with_few(80).await;
    stage.simulator.inject(Fault::hang("POST", BINDINGS));
    stage.binding("ada-leads", "ada", "OrganizationAdmin").await;
    let leads = format!("{} OrganizationAdmin the organization", address("ada"));
    stage.until("she is one", |stage| stage.held().contains(&leads)).await;
    stage.delegate(&["Operator"]).await;
    let edit = json!({"role": "MetricsViewer", "scope": {"organization": null, "environment": "env-prod01"}});
    stage.edit("accessrolebindings", "ada-leads", json!({"spec": edit})).await;
    stage
        .until("its removal is held", |stage| {
            let object = stage.get("accessrolebindings", "ada-leads").unwrap();
            condition(&object, "Ready")["reason"] == "LastOrganizationAdmin"
        })
        .await;
    says_the_same(&mut stage).await;
}

/// What is there by an edit that nobody recorded, while the end of what was there before is held, and whose time is over.
#[tokio::test(start_paused = true)]
async fn what_was_made_beside_something_held_is_told_of_its_person_alike_after_a_restart() {
    let mut stage = with_few(83).await;
    stage.binding("ada-leads", "ada", "OrganizationAdmin").await;
    stage.ready("accessrolebindings", "ada-leads").await;
    let until = ((stage.clock)() + Duration::from_mins(1)).to_string();
    let scope = json!({"organization": null, "environment": "env-prod01"});
    let edit = json!({"role": "MetricsViewer", "scope": scope, "validity": {"notAfter": until}});
    stage.edit("accessrolebindings", "ada-leads", json!({"spec": edit})).await;
    sleep(Duration::from_mins(5)).await;
    says_the_same(&mut stage).await;
    let user = stage.get("confluentusers", "ada").unwrap();
    assert_eq!(user["status"]["access"]["undeclared"], 0, "{user:#}");
}

/// An observer records nothing, so that only a look at each of two objects tells that they declare the same.
#[tokio::test(start_paused = true)]
async fn what_two_objects_declare_and_is_only_observed_is_told_alike_after_a_restart() {
    let mut stage = Stage::with_user(81, "ada").await;
    stage.portal(&Command::AcceptInvitation { email: address("ada"), full_name: String::new() });
    let principal = format!("User:{}", stage.id_of(&address("ada")).unwrap());
    let crn = format!("crn://confluent.cloud/organization={ORGANIZATION}/environment=env-prod01");
    stage.portal(&Command::Grant { principal, role: "Operator".to_owned(), crn });
    stage.edit("confluentorganizations", "o", json!({"spec": {"management": "Observe"}})).await;
    for name in ["ada-works", "ada-works-too"] {
        stage.binding(name, "ada", "Operator").await;
        stage.ready("accessrolebindings", name).await;
    }
    says_the_same(&mut stage).await;
    let said = stage.get("accessrolebindings", "ada-works").unwrap();
    assert_eq!(condition(&said, "Granted")["status"], "True", "{said:#}");
}

/// An observer puts no finalizer on, so that nobody is told of an object's end: it stands for nothing from then on all the same.
#[tokio::test(start_paused = true)]
async fn what_was_declared_by_an_object_that_is_gone_without_a_word_is_told_as_undeclared() {
    let mut stage = Stage::with_user(82, "ada").await;
    let principal = format!("User:{}", stage.id_of(&address("ada")).unwrap());
    let crn = format!("crn://confluent.cloud/organization={ORGANIZATION}/environment=env-prod01");
    stage.portal(&Command::Grant { principal, role: "Operator".to_owned(), crn });
    let unmanaged = json!({"policy": "Report", "within": [{"environment": "env-prod01"}]});
    let spec = json!({"management": "Observe", "unmanaged": unmanaged});
    stage.edit("confluentorganizations", "o", json!({"spec": spec})).await;
    stage.binding("ada-works", "ada", "Operator").await;
    stage.ready("accessrolebindings", "ada-works").await;
    stage.delete("accessrolebindings", "ada-works").await;
    stage.gone("accessrolebindings", "ada-works").await;
    says_the_same(&mut stage).await;
    let user = stage.get("confluentusers", "ada").unwrap();
    assert_eq!(user["status"]["access"]["undeclared"], 1, "{user:#}");
    let told = stage.get("confluentorganizations", "o").unwrap()["status"]["unmanaged"].take();
    assert!(told["entries"].to_string().contains(&address("ada")), "{told:#}");
}

/// An object is edited to what another one has, and the end of what it had is held: it answers for the new grant before it is rid of the
/// old one, or the other one's end would leave it to nobody.
#[tokio::test(start_paused = true)]
async fn what_another_object_left_to_one_that_cannot_end_its_own_is_that_ones() {
    let mut stage = with_few(84).await;
    for (name, role) in [("ada-leads", "OrganizationAdmin"), ("ada-reads", "MetricsViewer")] {
        stage.binding(name, "ada", role).await;
        stage.ready("accessrolebindings", name).await;
    }
    let edit = json!({"role": "MetricsViewer", "scope": {"organization": null, "environment": "env-prod01"}});
    stage.edit("accessrolebindings", "ada-leads", json!({"spec": edit})).await;
    let reason = |stage: &Stage| {
        let object = stage.get("accessrolebindings", "ada-leads").unwrap_or_default();
        condition(&object, "Ready")["reason"].as_str().unwrap_or_default().to_owned()
    };
    stage.until("the end of her role is held", |stage| reason(stage) == "LastOrganizationAdmin").await;
    stage.delete("accessrolebindings", "ada-reads").await;
    stage.gone("accessrolebindings", "ada-reads").await;
    sleep(Duration::from_mins(5)).await;
    stage.crash().await;
    stage.start();
    let nobody = json!({"spec": {"principal": {"userRef": {"name": "nobody"}}}});
    stage.edit("accessrolebindings", "ada-leads", nobody).await;
    stage.until("it means nobody", |stage| reason(stage) == "PrincipalNotFound").await;
    let hers = |stage: &Stage| stage.held().iter().filter(|it| it.starts_with(&address("ada"))).count();
    assert_eq!(hers(&stage), 2);
    let (principal, role) = ("User:u-mary01".to_owned(), "OrganizationAdmin".to_owned());
    stage.portal(&Command::Grant {
        principal,
        role,
        crn: format!("crn://confluent.cloud/organization={ORGANIZATION}"),
    });
    stage.delete("accessrolebindings", "ada-leads").await;
    stage.gone("accessrolebindings", "ada-leads").await;
    assert_eq!(hers(&stage), 0, "{:?}", stage.held());
}
