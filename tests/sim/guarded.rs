//! The last administrators and the last owner, on every path that would take them away: each is held with its reason, the vendor is
//! not even asked, and it goes on by itself when there is another.

use std::time::Duration;

use futures::future::LocalBoxFuture;
use jiff::SignedDuration;
use roster::simulator::world::{
    Command,
    publisher::{PublisherCommand, PublisherPrincipal, PublisherRole},
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    stage::{ORGANIZATION, Stage, TEAM, address, condition, member_spec},
    way::{PUBLISHER, Picture},
};

const BINDINGS: &str = "accessrolebindings";
const MEMBERS: &str = "publisherusers";
const ORGANIZATIONS: &str = "confluentorganizations";
const USERS: &str = "confluentusers";
const LINUS: &str = "linus@example.com OrganizationAdmin the organization";
const GRACE: &str = "grace@example.com owner contoso";

/// One way to lose it.
struct Path {
    name: &'static str,
    /// What is said so, by kind and name.
    told: &'static [(&'static str, &'static str)],
    /// What somebody does.
    play: for<'a> fn(&'a Stage) -> LocalBoxFuture<'a, ()>,
}

/// Two people administer the organization, and two are the fewest that may; `it` declares one of them.
async fn administered(seed: u64) -> Stage {
    let stage = Stage::new(seed).await;
    stage.ready(ORGANIZATIONS, "o").await;
    let spec = json!({"organizationRef": {"name": "o"}, "principal": {"email": "linus@example.com"},
        "role": "OrganizationAdmin", "scope": {"organization": {}}, "adoption": "Adopt"});
    stage.create(BINDINGS, TEAM, json!({"metadata": {"name": "it"}, "spec": spec})).await;
    stage.ready(BINDINGS, "it").await;
    stage
}

/// He is declared himself, to be deleted with all that he has.
async fn declare_linus(stage: &Stage) {
    let spec = json!({"organizationRef": {"name": "o"}, "email": "linus@example.com", "deletionPolicy": "Delete"});
    stage.create(USERS, TEAM, json!({"metadata": {"name": "linus"}, "spec": spec})).await;
    stage.ready(USERS, "linus").await;
}

fn soon(stage: &Stage) -> Value {
    let end = (stage.clock)() + SignedDuration::from_mins(2);
    json!({"spec": {"validity": {"notAfter": format!("{end:.0}")}}})
}

/// Each path to the organization. What is mended there is only ever granted, so drift is none of them.
const OF_ADMINISTRATORS: &[Path] = &[
    Path {
        name: "the binding is deleted",
        told: &[(BINDINGS, "it")],
        play: |stage| Box::pin(stage.delete(BINDINGS, "it")),
    },
    Path {
        name: "the person is deleted",
        told: &[(USERS, "linus")],
        play: |stage| {
            Box::pin(async move {
                declare_linus(stage).await;
                stage.delete(USERS, "linus").await;
            })
        },
    },
    Path {
        name: "the namespace is deleted",
        told: &[(BINDINGS, "it"), (USERS, "linus")],
        play: |stage| {
            Box::pin(async move {
                declare_linus(stage).await;
                stage.delete("namespaces", TEAM).await;
            })
        },
    },
    Path {
        name: "the role is edited",
        told: &[(BINDINGS, "it")],
        play: |stage| Box::pin(stage.edit(BINDINGS, "it", json!({"spec": {"role": "MetricsViewer"}}))),
    },
    Path {
        name: "the principal is edited",
        told: &[(BINDINGS, "it")],
        play: |stage| {
            // Not a person, and so nobody who counts.
            let account = json!({"email": null, "serviceAccount": {"id": "sa-ordetl"}});
            Box::pin(stage.edit(BINDINGS, "it", json!({"spec": {"principal": account}})))
        },
    },
    Path {
        name: "the time is over",
        told: &[(BINDINGS, "it")],
        play: |stage| Box::pin(stage.edit(BINDINGS, "it", soon(stage))),
    },
    Path {
        name: "the delegation is withdrawn",
        told: &[(BINDINGS, "it")],
        play: |stage| Box::pin(stage.delegate(&["MetricsViewer"])),
    },
];

/// Waits until each object says why it is held, and then for as long as anything could happen.
async fn held(stage: &Stage, path: &Path, reason: &str) {
    for (plural, name) in path.told {
        let said = |stage: &Stage| condition(&stage.get(plural, name).unwrap_or_default(), "Ready")["reason"] == reason;
        stage.until(&format!("{}: {plural} {name} is held", path.name), said).await;
    }
    sleep(Duration::from_mins(45)).await;
    for (plural, name) in path.told {
        let object = stage.get(plural, name).unwrap();
        assert_eq!(condition(&object, "Ready")["reason"], reason, "{}: {object:#}", path.name);
        assert_eq!(condition(&object, "Stalled")["status"], "True", "{}: {object:#}", path.name);
    }
}

/// What the vendor was asked to take away, or to change, whatever it answered; `what` is in the path.
fn asked(stage: &Stage, methods: &[&str], what: &str) -> Vec<String> {
    let requests = stage.simulator.requests().into_iter();
    let writes = requests.filter(|it| methods.contains(&it.method.as_str()) && it.path.contains(what));
    writes.map(|it| format!("{} {}", it.method, it.path)).collect()
}

fn grant_mary(stage: &Stage) {
    let (principal, role) = ("User:u-mary01".to_owned(), "OrganizationAdmin".to_owned());
    let crn = format!("crn://confluent.cloud/organization={ORGANIZATION}");
    stage.portal(&Command::Grant { principal, role, crn });
}

#[tokio::test(start_paused = true)]
async fn the_last_administrators_stay_on_every_path_until_there_is_another() {
    for (seed, path) in (100..).zip(OF_ADMINISTRATORS) {
        let stage = administered(seed).await;
        (path.play)(&stage).await;
        held(&stage, path, "LastOrganizationAdmin").await;
        assert!(stage.held().contains(&LINUS.to_owned()), "{}: {:?}", path.name, stage.held());
        assert_eq!(asked(&stage, &["DELETE"], "/iam/v2/"), [""; 0], "{}", path.name);
        grant_mary(&stage);
        stage.until(path.name, |stage| !stage.held().contains(&LINUS.to_owned())).await;
        assert_eq!(Picture::of(&stage.simulator).administrators, 2, "{}", path.name);
    }
}

/// Nobody declares any of them. One at a time each may go; together they may not.
#[tokio::test(start_paused = true)]
async fn a_sweep_of_what_nobody_declares_leaves_as_many_administrators_as_there_must_be() {
    for (minimum, kept) in [(2, 2), (1, 1)] {
        let stage = Stage::new(110).await;
        let remove = json!({"policy": "Remove", "within": [{"organization": {}}], "after": "1m"});
        let spec = json!({"unmanaged": remove, "resyncInterval": "1m",
            "protection": {"minimumOrganizationAdmins": minimum}});
        stage.edit(ORGANIZATIONS, "o", json!({"spec": spec})).await;
        let told = |stage: &Stage| stage.get(ORGANIZATIONS, "o").unwrap()["status"]["unmanaged"].take();
        let why = |entry: &Value| entry.as_str().unwrap().ends_with("(kept: LastOrganizationAdmin)");
        let all = |entries: &Value| entries.as_array().is_some_and(|all| all.len() == kept && all.iter().all(why));
        stage.until("only they are left, with why", |stage| all(&told(stage)["entries"])).await;
        sleep(Duration::from_mins(45)).await;
        assert!(all(&told(&stage)["entries"]), "{:#}", told(&stage));
        assert_eq!(Picture::of(&stage.simulator).administrators, kept);
        // The example has one more grant that nobody declares.
        assert_eq!(asked(&stage, &["DELETE"], "/iam/v2/").len(), 1 + 2 - kept);
        grant_mary(&stage);
        stage.until("one of three goes", |stage| asked(stage, &["DELETE"], "/iam/v2/").len() == 4 - kept).await;
        sleep(Duration::from_mins(10)).await;
        assert_eq!(Picture::of(&stage.simulator).administrators, kept);
    }
}

/// A publisher with one owner besides the operator, whom an object declares.
async fn owned(seed: u64) -> Stage {
    let stage = Stage::new(seed).await;
    stage.publisher().await;
    stage.ready("publishers", "p").await;
    let spec =
        json!({"publisherRef": {"name": "p"}, "email": "grace@example.com", "role": "Owner", "adoption": "Adopt"});
    stage.create(MEMBERS, TEAM, json!({"metadata": {"name": "grace"}, "spec": spec})).await;
    stage.ready(MEMBERS, "grace").await;
    stage
}

const TOLD_OF_GRACE: &[(&str, &str)] = &[(MEMBERS, "grace")];

const OF_OWNERS: &[Path] = &[
    Path { name: "the object is deleted", told: TOLD_OF_GRACE, play: |stage| Box::pin(stage.delete(MEMBERS, "grace")) },
    Path {
        name: "the namespace is deleted",
        told: TOLD_OF_GRACE,
        play: |stage| Box::pin(stage.delete("namespaces", TEAM)),
    },
    Path {
        name: "the role is edited",
        told: TOLD_OF_GRACE,
        play: |stage| Box::pin(stage.edit(MEMBERS, "grace", json!({"spec": {"role": "Contributor"}}))),
    },
    Path {
        name: "the time is over",
        told: TOLD_OF_GRACE,
        play: |stage| Box::pin(stage.edit(MEMBERS, "grace", soon(stage))),
    },
    Path {
        name: "the delegation is withdrawn",
        told: TOLD_OF_GRACE,
        play: |stage| {
            let add = json!([{"roles": ["Contributor"], "emailDomains": ["*"]}]);
            let delegation = json!([{"name": "all", "namespaces": {"names": [TEAM]}, "add": add}]);
            Box::pin(stage.edit("publishers", "p", json!({"spec": {"delegations": delegation}})))
        },
    },
];

fn user(email: String) -> PublisherPrincipal {
    PublisherPrincipal::User { email }
}

/// Somebody else becomes an owner in the portal, and is there at once.
fn add_owner(stage: &Stage, email: &str) {
    let (publisher, who, role) = (PUBLISHER.to_owned(), user(email.to_owned()), PublisherRole::Owner);
    stage.portal(&Command::Publisher(PublisherCommand::AddUser { publisher, who, role, friendly_name: None }));
}

#[tokio::test(start_paused = true)]
async fn the_last_owner_stays_on_every_path_until_there_is_another() {
    for (seed, path) in (120..).zip(OF_OWNERS) {
        let stage = owned(seed).await;
        (path.play)(&stage).await;
        held(&stage, path, "LastOwner").await;
        assert!(stage.held().contains(&GRACE.to_owned()), "{}: {:?}", path.name, stage.held());
        assert_eq!(asked(&stage, &["DELETE", "PUT"], "/users/"), [""; 0], "{}", path.name);
        add_owner(&stage, "hedy@example.com");
        stage.until(path.name, |stage| !stage.held().contains(&GRACE.to_owned())).await;
        assert_eq!(Picture::of(&stage.simulator).owners, 1, "{}", path.name);
    }
}

/// Declared as a contributor, made an owner by hand, and then the only one: what mends it would leave nobody.
#[tokio::test(start_paused = true)]
async fn an_owner_who_was_promoted_by_hand_is_not_made_a_contributor_again_where_nobody_else_is_left() {
    let stage = Stage::new(130).await;
    stage.publisher().await;
    stage.ready("publishers", "p").await;
    stage.create(MEMBERS, TEAM, json!({"metadata": {"name": "ada"}, "spec": member_spec("ada", "Contributor")})).await;
    stage.ready(MEMBERS, "ada").await;
    let publisher = || PUBLISHER.to_owned();
    let (who, role) = (user(address("ada")), PublisherRole::Owner);
    let promote =
        PublisherCommand::ChangeUser { publisher: publisher(), who, role, friendly_name: None, version: None };
    let remove =
        PublisherCommand::RemoveUser { publisher: publisher(), user: "grace@example.com".to_owned(), version: None };
    for command in [promote, remove] {
        stage.portal(&Command::Publisher(command));
    }
    let path = Path { name: "drift is mended", told: &[(MEMBERS, "ada")], play: |_| Box::pin(std::future::ready(())) };
    held(&stage, &path, "LastOwner").await;
    let as_owner = format!("{} owner {PUBLISHER}", address("ada"));
    assert!(stage.held().contains(&as_owner), "{:?}", stage.held());
    // She was added, and nothing else.
    assert_eq!(asked(&stage, &["DELETE", "PUT"], "/users/").len(), 1);
    add_owner(&stage, "hedy@example.com");
    stage.until("it is mended", |stage| !stage.held().contains(&as_owner)).await;
    assert!(stage.held().contains(&format!("{} contributor {PUBLISHER}", address("ada"))), "{:?}", stage.held());
    assert_eq!(Picture::of(&stage.simulator).owners, 1);
}
