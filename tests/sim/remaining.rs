//! Who still counts at the moment itself: an administrator whom the last listing knew may be gone, and one whom a predecessor removed may
//! still be shown.

use std::time::Duration;

use roster::simulator::{Lag, world::Command};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    stage::{ORGANIZATION, Stage, TEAM, condition},
    way::Picture,
};

const BINDINGS: &str = "accessrolebindings";
const ORGANIZATIONS: &str = "confluentorganizations";

/// Somebody is made an administrator in the portal.
fn promote(stage: &Stage, id: &str) {
    let crn = format!("crn://confluent.cloud/organization={ORGANIZATION}");
    let (principal, role) = (format!("User:{id}"), "OrganizationAdmin".to_owned());
    stage.portal(&Command::Grant { principal, role, crn });
}

/// An object declares that one of them administers.
async fn adopt(stage: &Stage, name: &str, email: &str) {
    let spec = json!({"organizationRef": {"name": "o"}, "principal": {"email": email},
        "role": "OrganizationAdmin", "scope": {"organization": {}}, "adoption": "Adopt"});
    stage.create(BINDINGS, TEAM, json!({"metadata": {"name": name}, "spec": spec})).await;
    stage.ready(BINDINGS, name).await;
}

fn reason(stage: &Stage, name: &str) -> Value {
    condition(&stage.get(BINDINGS, name).unwrap_or_default(), "Ready")["reason"].take()
}

fn administrators(stage: &Stage) -> usize {
    Picture::of(&stage.simulator).administrators
}

fn activate(stage: &Stage, email: &str, active: bool) {
    stage.portal(&Command::ActivateUser { user: stage.id_of(email).unwrap(), active });
}

#[tokio::test(start_paused = true)]
async fn whoever_was_deactivated_since_the_last_listing_is_nobody_who_remains() {
    let stage = Stage::new(140).await;
    stage.ready(ORGANIZATIONS, "o").await;
    promote(&stage, "u-mary01");
    adopt(&stage, "linus", "linus@example.com").await;
    sleep(Duration::from_mins(11)).await;
    assert_eq!(administrators(&stage), 3);
    activate(&stage, "grace@example.com", false);
    stage.delete(BINDINGS, "linus").await;
    stage.until("it is held", |stage| reason(stage, "linus") == "LastOrganizationAdmin").await;
    sleep(Duration::from_mins(30)).await;
    assert_eq!((administrators(&stage), reason(&stage, "linus")), (2, json!("LastOrganizationAdmin")));
    activate(&stage, "grace@example.com", true);
    stage.gone(BINDINGS, "linus").await;
    assert_eq!(administrators(&stage), 2);
}

#[tokio::test(start_paused = true)]
async fn a_successor_waits_for_what_was_removed_uncounted_before_it_counts_who_remains() {
    let mut stage = Stage::idle(141).await;
    stage.patience = 10;
    stage.start();
    stage.ready(ORGANIZATIONS, "o").await;
    // Nothing is counted for the budget, and so nothing had to be written down of it.
    let spec = json!({"protection": {"removalBudget": {"percent": 100}}});
    stage.edit(ORGANIZATIONS, "o", json!({"spec": spec})).await;
    promote(&stage, "u-mary01");
    for (name, email) in [("linus", "linus@example.com"), ("mary", "mary@example.com")] {
        adopt(&stage, name, email).await;
    }
    stage.simulator.update(|knobs| knobs.lag = Lag::Seconds(110)).unwrap();
    sleep(Duration::from_mins(3)).await;
    stage.delete(BINDINGS, "linus").await;
    stage.until("the first one went", |stage| administrators(stage) == 2).await;
    stage.crash().await;
    stage.free().await;
    // Its clock is another's, and tells nothing of how long ago that was.
    stage.jump(3_600);
    stage.delete(BINDINGS, "mary").await;
    stage.start();
    stage.until("the second one is held", |stage| reason(stage, "mary") == "LastOrganizationAdmin").await;
    sleep(Duration::from_mins(30)).await;
    assert_eq!((administrators(&stage), reason(&stage, "mary")), (2, json!("LastOrganizationAdmin")));
}
