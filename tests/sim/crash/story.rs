//! The ordinary work of the operator, story by story.

use std::time::Duration;

use futures::future::LocalBoxFuture;
use jiff::SignedDuration;
use roster::simulator::world::Command;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::stage::{Stage, TEAM, address};

/// Something that people do. It waits for nothing that an operator which dies may leave out.
type Act = for<'a> fn(&'a Stage) -> LocalBoxFuture<'a, ()>;

/// What people do, one thing after the other, each when all is quiet.
pub(super) struct Story {
    pub(super) name: &'static str,
    /// What was there before, undisturbed.
    pub(super) before: &'static [Act],
    pub(super) acts: &'static [Act],
}

const ADA: &[Act] = &[|stage| Box::pin(declare_ada(stage)), |stage| Box::pin(accept(stage))];

pub(super) const ALL: &[Story] = &[
    Story { name: "somebody comes, with two bindings", before: &[], acts: ADA },
    Story {
        name: "a role is edited",
        before: ADA,
        acts: &[|stage| Box::pin(stage.edit(BINDINGS, "ada-reads", json!({"spec": {"role": "DataSteward"}})))],
    },
    Story {
        name: "a binding is renamed",
        before: ADA,
        acts: &[|stage| {
            Box::pin(async {
                stage.binding("ada-runs", "ada", "Operator").await;
                stage.delete(BINDINGS, "ada-operates").await;
            })
        }],
    },
    Story {
        name: "all is deleted at once",
        before: ADA,
        acts: &[|stage| {
            Box::pin(async {
                let path = format!("/api/v1/namespaces/{TEAM}");
                stage.send("DELETE", &path, &json!({})).await.unwrap();
            })
        }],
    },
    Story { name: "a binding runs out", before: ADA, acts: &[|stage| Box::pin(runs_out(stage))] },
    Story {
        name: "what is there is taken over, and given up",
        before: &[|_| Box::pin(sleep(Duration::from_mins(10)))],
        acts: &[
            |stage| Box::pin(take_over(stage)),
            |stage| Box::pin(stage.delete(BINDINGS, "mary")),
            |stage| Box::pin(stage.delete(BINDINGS, "linus")),
        ],
    },
    Story {
        name: "more is removed than the budget has room for",
        before: &[
            |stage| Box::pin(declare_ada(stage)),
            |stage| Box::pin(accept(stage)),
            |stage| {
                Box::pin(stage.edit(
                    ORGANIZATIONS,
                    "o",
                    json!({"spec": {"protection": {"removalBudget": {"count": 1, "percent": 0}}}}),
                ))
            },
        ],
        acts: &[
            |stage| Box::pin(stage.delete(BINDINGS, "ada-reads")),
            |stage| {
                Box::pin(async {
                    stage.delete(BINDINGS, "ada-operates").await;
                    stage.delete(USERS, "ada").await;
                })
            },
            |stage| Box::pin(acknowledge(stage)),
            // The account comes last, and is one more.
            |stage| Box::pin(acknowledge(stage)),
        ],
    },
    Story {
        name: "an invitation runs out",
        before: &[|stage| Box::pin(declare_ada(stage))],
        acts: &[
            |stage| Box::pin(async { stage.portal(&Command::AdvanceClock { seconds: 8 * 24 * 3600 }) }),
            |stage| Box::pin(accept(stage)),
        ],
    },
    Story {
        name: "a delegation is withdrawn",
        before: ADA,
        acts: &[|stage| Box::pin(stage.edit(ORGANIZATIONS, "o", json!({"spec": {"delegations": []}})))],
    },
    Story {
        name: "somebody administers for a while",
        before: ADA,
        acts: &[
            |stage| Box::pin(stage.binding("ada-administers", "ada", "OrganizationAdmin")),
            |stage| Box::pin(stage.delete(BINDINGS, "ada-administers")),
        ],
    },
    Story {
        name: "a publisher's user comes, rises, falls and goes",
        before: &[|stage| Box::pin(stage.publisher())],
        acts: &[
            |stage| Box::pin(publisher_user(stage)),
            |stage| Box::pin(stage.edit(PUBLISHER_USERS, "eve", json!({"spec": {"role": "Owner"}}))),
            |stage| Box::pin(stage.edit(PUBLISHER_USERS, "eve", json!({"spec": {"role": "Contributor"}}))),
            |stage| Box::pin(stage.delete(PUBLISHER_USERS, "eve")),
        ],
    },
];

const ORGANIZATIONS: &str = "confluentorganizations";
const USERS: &str = "confluentusers";
const BINDINGS: &str = "accessrolebindings";
const PUBLISHER_USERS: &str = "publisherusers";

async fn declare_ada(stage: &Stage) {
    stage.user("ada").await;
    for (name, role) in [("ada-reads", "MetricsViewer"), ("ada-operates", "Operator")] {
        stage.binding(name, "ada", role).await;
    }
}

/// Ada comes in, when she is invited.
async fn accept(stage: &Stage) {
    let accept = Command::AcceptInvitation { email: address("ada"), full_name: String::new() };
    until(stage, "ada is invited", |stage| stage.simulator.portal(&accept).is_ok()).await;
}

/// Waits as the stage does, and looks less often: to look costs more than all else.
async fn until(stage: &Stage, what: &str, holds: impl Fn(&Stage) -> bool) {
    let since = Instant::now();
    while !holds(stage) {
        assert!(since.elapsed() < Duration::from_mins(30), "not within half an hour: {what}\n{}", stage.tell());
        sleep(Duration::from_secs(3)).await;
    }
}

fn of_address(email: &str, role: &str, scope: &Value) -> Value {
    json!({"organizationRef": {"name": "o"}, "principal": {"email": email}, "role": role, "scope": scope})
}

async fn runs_out(stage: &Stage) {
    let end = (stage.clock)() + SignedDuration::from_mins(3);
    let mut spec = of_address("mary@example.com", "Operator", &json!({"environment": "env-prod01"}));
    spec["validity"] = json!({"notAfter": end.to_string()});
    stage.create(BINDINGS, TEAM, json!({"metadata": {"name": "mary"}, "spec": spec})).await;
    until(stage, "it has run out", |stage| (stage.clock)() > end).await;
}

async fn take_over(stage: &Stage) {
    let spec = of_address("mary@example.com", "MetricsViewer", &json!({"environment": "env-prod01"}));
    stage.create(BINDINGS, TEAM, json!({"metadata": {"name": "mary"}, "spec": spec})).await;
    let mut spec = of_address("linus@example.com", "OrganizationAdmin", &json!({"organization": {}}));
    (spec["adoption"], spec["deletionPolicy"]) = (json!("Adopt"), json!("Retain"));
    stage.create(BINDINGS, TEAM, json!({"metadata": {"name": "linus"}, "spec": spec})).await;
}

/// Says yes to what is held, when it is told.
async fn acknowledge(stage: &Stage) {
    let held = |stage: &Stage| stage.get(ORGANIZATIONS, "o").unwrap()["status"]["heldRemovals"].take();
    until(stage, "one is held", |stage| held(stage)["total"] == 1).await;
    let yes = json!({"access.roster.dev/acknowledge": held(stage)["digest"]});
    stage.edit(ORGANIZATIONS, "o", json!({"metadata": {"annotations": yes}})).await;
}

async fn publisher_user(stage: &Stage) {
    let spec = json!({"publisherRef": {"name": "p"}, "email": "eve@example.com", "role": "Contributor", "mailbox": "Monitored"});
    stage.create(PUBLISHER_USERS, TEAM, json!({"metadata": {"name": "eve"}, "spec": spec})).await;
}
