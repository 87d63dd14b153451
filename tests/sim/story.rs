//! Stories of the whole operator in one thread, with exact counts.

use std::{collections::BTreeMap, time::Duration};

use roster::simulator::world::Command;
use tokio::time::sleep;

use crate::stage::{Stage, address, condition};

fn counted<const N: usize>(counts: [(&str, usize); N]) -> BTreeMap<String, usize> {
    counts.into_iter().map(|(what, count)| (what.to_owned(), count)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_person_and_a_binding_become_ready_and_their_deletion_revokes() {
    let stage = Stage::new(1).await;
    stage.ready("confluentorganizations", "o").await;
    let before = stage.held();
    stage.user("ada").await;
    stage.binding("ada-reads", "ada", "MetricsViewer").await;
    stage.ready("confluentusers", "ada").await;
    let binding = stage.ready("accessrolebindings", "ada-reads").await;
    assert_eq!(condition(&binding, "Granted")["reason"], "InvitationPending");
    let made = [("POST /iam/v2/invitations", 1), ("POST /iam/v2/role-bindings", 1)];
    assert_eq!(stage.remote_writes(), counted(made));

    let accept = Command::AcceptInvitation { email: address("ada"), full_name: "Ada".to_owned() };
    stage.portal(&accept);
    stage
        .until("the access is in force", |stage| {
            let binding = stage.get("accessrolebindings", "ada-reads").unwrap();
            condition(&binding, "Granted")["status"] == "True"
        })
        .await;

    stage.delete("accessrolebindings", "ada-reads").await;
    stage.gone("accessrolebindings", "ada-reads").await;
    stage.delete("confluentusers", "ada").await;
    stage.gone("confluentusers", "ada").await;
    assert_eq!(stage.held(), before);
    let all = [
        ("DELETE /iam/v2/role-bindings", 1),
        ("DELETE /iam/v2/users", 1),
        ("POST /iam/v2/invitations", 1),
        ("POST /iam/v2/role-bindings", 1),
    ];
    assert_eq!(stage.remote_writes(), counted(all));
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_stamped_by_the_clock_that_all_else_is() {
    let stage = Stage::new(4).await;
    sleep(Duration::from_hours(1)).await;
    let lease = stage.memory.peek("/apis/coordination.k8s.io/v1/namespaces/roster-system/leases/roster").unwrap();
    let at = |name: &str| lease["spec"][name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let age = |name: &str| (stage.clock)().duration_since(at(name)).as_secs();
    assert!((0..60).contains(&age("renewTime")), "{lease}");
    assert!((3_540..=3_600).contains(&age("acquireTime")), "{lease}");
}

#[tokio::test(start_paused = true)]
async fn each_object_costs_two_writes_and_after_quiet_and_a_restart_nothing_is_written() {
    let mut stage = Stage::new(2).await;
    stage.ready("confluentorganizations", "o").await;
    let people = ["ada", "bob", "eve"];
    for user in people {
        stage.user(user).await;
        stage.ready("confluentusers", user).await;
    }
    for user in people {
        stage.binding(&format!("{user}-reads"), user, "MetricsViewer").await;
    }
    for user in people {
        stage.ready("accessrolebindings", &format!("{user}-reads")).await;
    }
    // The organization's status says what the next listing shows.
    sleep(Duration::from_mins(15)).await;
    let (remote, local) = (stage.remote_writes(), stage.local_writes());
    assert_eq!(remote, counted([("POST /iam/v2/invitations", 3), ("POST /iam/v2/role-bindings", 3)]));
    for user in people {
        let name = format!("{user}-reads");
        assert_eq!(local[&format!("patch accessrolebindings {name}")], 1, "{local:#?}");
        assert_eq!(local[&format!("patch accessrolebindings/status {name}")], 1, "{local:#?}");
    }
    sleep(Duration::from_hours(1)).await;
    assert_eq!((stage.remote_writes(), stage.local_writes()), (remote.clone(), local.clone()));
    stage.crash().await;
    stage.start();
    sleep(Duration::from_hours(1)).await;
    assert_eq!((stage.remote_writes(), stage.local_writes()), (remote, local));
}

#[tokio::test(start_paused = true)]
async fn two_objects_for_one_grant_make_it_once() {
    let stage = Stage::with_user(3, "ada").await;
    for name in ["one", "other"] {
        stage.binding(name, "ada", "MetricsViewer").await;
    }
    for name in ["one", "other"] {
        stage.ready("accessrolebindings", name).await;
    }
    let made = [("POST /iam/v2/invitations", 1), ("POST /iam/v2/role-bindings", 1)];
    assert_eq!(stage.remote_writes(), counted(made));
}
