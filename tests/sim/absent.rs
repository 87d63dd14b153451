//! Whoever one listing does not show, and the next one does: a page was lost, or somebody acted between two pages.

use std::time::Duration;

use roster::simulator::{Fault, Paging, world::Command};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    stage::{ORGANIZATION, Stage, TEAM, address, binding_spec, member_spec, user_spec},
    way::PUBLISHER,
};

const BINDINGS: &str = "accessrolebindings";
const MEMBERS: &str = "publisherusers";
const USERS: &str = "confluentusers";
const LISTED_USERS: &str = "/iam/v2/users";
const LISTED_BINDINGS: &str = "/iam/v2/role-bindings";

/// Each of these is a page for itself, so that each is missing once.
const PAGES: u32 = 6;

/// An object that nothing repairs, so that what is missing from a listing stays missing until the next.
async fn suspended(stage: &Stage, plural: &str, mut spec: Value) {
    stage.create(plural, TEAM, json!({"metadata": {"name": "it"}, "spec": spec.clone()})).await;
    stage.ready(plural, "it").await;
    spec["suspend"] = json!(true);
    stage.edit(plural, "it", json!({"spec": spec})).await;
    stage.ready(plural, "it").await;
}

/// The next listing is complete but for one page.
async fn lose(stage: &Stage, path: &str, page: u32) {
    let one = |knobs: &mut roster::simulator::Knobs| {
        (knobs.page_size, knobs.publisher_page_size) = (Some(1), Some(1));
    };
    stage.simulator.update(one).unwrap();
    stage.simulator.inject(Fault::gap(path).after(page));
    let struck = |stage: &Stage| stage.simulator.knobs().faults.iter().all(|fault| fault.times == Some(0));
    let since = tokio::time::Instant::now();
    while !struck(stage) && since.elapsed() < Duration::from_mins(15) {
        sleep(Duration::from_millis(250)).await;
    }
    sleep(Duration::from_secs(1)).await;
    stage.simulator.update(|knobs| knobs.faults.clear()).unwrap();
}

fn of_ada(stage: &Stage) -> Vec<String> {
    stage.held().into_iter().filter(|it| it.contains(&address("ada"))).collect()
}

fn listings(stage: &Stage) -> usize {
    let first = |it: &&roster::simulator::RequestRecord| it.method == "GET" && it.path == "/iam/v2/invitations";
    stage.simulator.requests().iter().filter(first).count()
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_one_listing_lacks_is_revoked_with_its_object_all_the_same() {
    for page in 0..PAGES {
        let stage = Stage::with_user(1, "ada").await;
        suspended(&stage, BINDINGS, binding_spec("ada", "MetricsViewer")).await;
        lose(&stage, LISTED_BINDINGS, page).await;
        let before = listings(&stage);
        stage.delete(BINDINGS, "it").await;
        stage.gone(BINDINGS, "it").await;
        assert_eq!(of_ada(&stage), [""; 0], "without page {page}: {}", stage.tell());
        assert!(listings(&stage) <= before + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_one_listing_lacks_is_not_forgotten_for_another() {
    for page in 0..PAGES {
        let stage = Stage::with_user(2, "ada").await;
        suspended(&stage, BINDINGS, binding_spec("ada", "MetricsViewer")).await;
        lose(&stage, LISTED_BINDINGS, page).await;
        stage.edit(BINDINGS, "it", json!({"spec": {"suspend": false, "role": "Operator"}})).await;
        stage.ready(BINDINGS, "it").await;
        sleep(Duration::from_mins(1)).await;
        let wanted = format!("{} Operator environment env-prod01", address("ada"));
        assert_eq!(of_ada(&stage), [wanted], "without page {page}: {}", stage.tell());
    }
}

#[tokio::test(start_paused = true)]
async fn whom_one_listing_lacks_is_removed_with_their_object_all_the_same() {
    for page in 0..PAGES {
        let stage = Stage::new(3).await;
        let join = Command::JoinUser { email: address("ada"), full_name: String::new(), id: None };
        stage.portal(&join);
        suspended(&stage, USERS, user_spec("ada")).await;
        lose(&stage, LISTED_USERS, page).await;
        stage.delete(USERS, "it").await;
        stage.gone(USERS, "it").await;
        assert_eq!(stage.id_of(&address("ada")), None, "without page {page}: {}", stage.tell());
    }
}

#[tokio::test(start_paused = true)]
async fn whom_one_listing_of_a_publisher_lacks_is_removed_with_their_object_all_the_same() {
    for page in 0..PAGES {
        let stage = Stage::new(4).await;
        stage.publisher().await;
        stage.ready("publishers", "p").await;
        suspended(&stage, MEMBERS, member_spec("ada", "Contributor")).await;
        lose(&stage, &format!("/api/publishers/{PUBLISHER}/users"), page).await;
        stage.delete(MEMBERS, "it").await;
        stage.gone(MEMBERS, "it").await;
        assert_eq!(of_ada(&stage), [""; 0], "without page {page}: {}", stage.tell());
    }
}

/// Something is revoked in the portal between two pages, and whatever is next in the list is skipped.
#[tokio::test(start_paused = true)]
async fn a_grant_that_somebody_elses_end_hides_from_a_listing_is_revoked_with_its_object_all_the_same() {
    let stage = Stage::with_user(5, "ada").await;
    for (role, place) in
        [("Operator", "prod01"), ("DataSteward", "prod01"), ("Operator", "dev001"), ("DataSteward", "dev001")]
    {
        let crn = format!("crn://confluent.cloud/organization={ORGANIZATION}/environment=env-{place}");
        stage.portal(&Command::Grant { principal: "User:u-mary01".to_owned(), role: role.to_owned(), crn });
    }
    suspended(&stage, BINDINGS, binding_spec("ada", "MetricsViewer")).await;
    let paging = |knobs: &mut roster::simulator::Knobs| {
        (knobs.page_size, knobs.paging, knobs.latency_ms) = (Some(1), Paging::ByCount, 1_000);
    };
    stage.simulator.update(paging).unwrap();
    let own = stage.a_binding_of(&address("ada")).unwrap();
    let mut nested = stage.simulator.inspect(|world, at| {
        let nested = world.contents(at).bindings.into_iter().filter(|it| it.role != "OrganizationAdmin");
        nested.map(|it| it.id.clone()).collect::<Vec<_>>()
    });
    nested.sort();
    let place = nested.iter().position(|id| *id == own).unwrap();
    assert!(place > 0, "another one has to be listed before it, which is the seed's doing");
    let pages = |stage: &Stage| {
        let is_nested = |it: &&roster::simulator::RequestRecord| it.path == LISTED_BINDINGS && it.query.contains('*');
        stage.simulator.requests().iter().filter(is_nested).count()
    };
    let before = pages(&stage);
    stage.until("its page is being read", |stage| pages(stage) == before + place + 1).await;
    stage.portal(&Command::Revoke { binding: nested[0].clone() });
    sleep(Duration::from_secs(30)).await;
    stage.delete(BINDINGS, "it").await;
    stage.gone(BINDINGS, "it").await;
    assert_eq!(of_ada(&stage), [""; 0], "{}", stage.tell());
}

/// What stays by its object's word is not swept later because one listing did not show it when its object, or another one, went.
#[tokio::test(start_paused = true)]
async fn what_stays_is_remembered_though_a_listing_lacks_it() {
    for (page, late) in (0..PAGES).flat_map(|page| [(page, false), (page, true)]) {
        let stage = Stage::with_user(6, "ada").await;
        let remove = json!({"policy": "Remove", "within": [{"environment": "env-prod01"}], "after": "1m"});
        stage.edit("confluentorganizations", "o", json!({"spec": {"unmanaged": remove, "resyncInterval": "5m"}})).await;
        // The example has a grant there that nobody declares; until it is gone, others than listings read bindings.
        stage
            .until("what nobody ever declared is swept", |stage| stage.a_binding_of("mary@example.com").is_none())
            .await;
        let retained = |role| {
            let mut spec = binding_spec("ada", role);
            spec["deletionPolicy"] = json!("Retain");
            spec
        };
        suspended(&stage, BINDINGS, retained("MetricsViewer")).await;
        let other = json!({"metadata": {"name": "other"}, "spec": retained("Operator")});
        stage.create(BINDINGS, TEAM, other).await;
        stage.ready(BINDINGS, "other").await;
        if late {
            stage.delete(BINDINGS, "it").await;
            stage.gone(BINDINGS, "it").await;
        }
        lose(&stage, LISTED_BINDINGS, page).await;
        for name in if late { vec!["other"] } else { vec!["it", "other"] } {
            stage.delete(BINDINGS, name).await;
            stage.gone(BINDINGS, name).await;
        }
        sleep(Duration::from_mins(30)).await;
        assert_eq!(of_ada(&stage).len(), 2, "without page {page}, late: {late}: {}", stage.tell());
    }
}
