//! What follows from what is declared.

use jiff::SignedDuration;
use roster::simulator::Fault;

use super::*;
use crate::stage::{address, user_spec};

pub(super) fn stories() -> Vec<Story> {
    vec![
        Story {
            name: "somebody comes in, and two objects declare one grant",
            reasons: &[
                InSync,
                InvitationPending,
                NoRoles,
                Shared,
                Valid,
                CredentialsAccepted,
                PermissionsHeld,
                InventoryRead,
                Simulator,
                Progressing,
            ],
            play: || Box::pin(comes_in()),
        },
        Story {
            name: "what makes no sense, or is not there",
            reasons: &[
                RoleUnknown,
                RoleNotAllowedAtScope,
                RoleNotForPrincipal,
                ClusterTypeUnsupported,
                ScopeNotFound,
                PrincipalNotFound,
                OrganizationNotFound,
                PublisherNotFound,
                AdoptionRequired,
            ],
            play: || Box::pin(makes_no_sense()),
        },
        Story {
            name: "grants that wait, run out and stand still",
            reasons: &[NotYetValid, Expired, Suspended, Observed],
            play: || Box::pin(at_times()),
        },
        Story { name: "a delegation is withdrawn", reasons: &[DelegationDenied], play: || Box::pin(withdrawn()) },
        Story { name: "a name means somebody else", reasons: &[PrincipalChanged], play: || Box::pin(changed()) },
        Story { name: "nobody accepts", reasons: &[InvitationExpired], play: || Box::pin(lapses()) },
        Story { name: "a delegation cannot be read", reasons: &[InvalidSpec], play: || Box::pin(invalid()) },
    ]
}

async fn comes_in() -> Stage {
    let stage = connected().await;
    stage.user("ada").await;
    stage.ready(USERS, "ada").await;
    stage.portal(&Command::AcceptInvitation { email: address("ada"), full_name: String::new() });
    given(&stage, NoRoles).await;
    for name in ["one", "other"] {
        mary(&stage, name, "Operator", Value::Null).await;
    }
    given(&stage, Shared).await;
    // What takes its time is told.
    stage.simulator.inject(Fault::hang("POST", "/iam/v2/role-bindings"));
    mary(&stage, "slowly", "DataSteward", Value::Null).await;
    given(&stage, Progressing).await;
    stage
}

async fn makes_no_sense() -> Stage {
    let stage = connected().await;
    let topic = |environment: &str, cluster: &str| {
        let resource = json!({"type": "Topic", "name": "orders"});
        json!({"environment": environment, "cluster": cluster, "resource": resource})
    };
    let cases = [
        (email("mary"), "DeveloperReed", topic("env-prod01", "lkc-orders"), RoleUnknown),
        (email("mary"), "DeveloperRead", environment(), RoleNotAllowedAtScope),
        (email("mary"), "UsmAgent", environment(), RoleNotForPrincipal),
        (email("mary"), "DeveloperRead", topic("env-dev001", "lkc-scratc"), ClusterTypeUnsupported),
        (email("mary"), "Operator", json!({"environment": "env-later"}), ScopeNotFound),
        (email("zoe"), "Operator", environment(), PrincipalNotFound),
        (email("linus"), "OrganizationAdmin", json!({"organization": {}}), AdoptionRequired),
    ];
    for (index, (principal, role, scope, reason)) in cases.into_iter().enumerate() {
        declare(&stage, &format!("case-{index}"), principal, role, scope, Value::Null).await;
        given(&stage, reason).await;
    }
    let mut spec = user_spec("ada");
    spec["organizationRef"]["name"] = json!("elsewhere");
    stage.perhaps_create(USERS, "ada", spec).await;
    given(&stage, OrganizationNotFound).await;
    stage.perhaps_create(MEMBERS, "eve", crate::stage::member_spec("eve", "Owner")).await;
    given(&stage, PublisherNotFound).await;
    stage
}

async fn at_times() -> Stage {
    let stage = connected().await;
    let soon = ((stage.clock)() + SignedDuration::from_mins(2)).to_string();
    mary(&stage, "later", "Operator", json!({"validity": {"notBefore": soon}})).await;
    mary(&stage, "shortly", "DataSteward", json!({"validity": {"notAfter": soon}})).await;
    given(&stage, NotYetValid).await;
    given(&stage, Expired).await;
    mary(&stage, "still", "DataDiscovery", json!({"suspend": true})).await;
    given(&stage, Suspended).await;
    stage.edit(ORGANIZATIONS, "o", json!({"spec": {"management": "Observe"}})).await;
    given(&stage, Observed).await;
    stage
}

async fn withdrawn() -> Stage {
    let stage = connected().await;
    mary(&stage, "it", "Operator", Value::Null).await;
    stage.ready(BINDINGS, "it").await;
    stage.edit(ORGANIZATIONS, "o", json!({"spec": {"delegations": []}})).await;
    given(&stage, DelegationDenied).await;
    stage
}

async fn changed() -> Stage {
    let stage = connected().await;
    let named = json!({"serviceAccount": {"displayName": "orders-etl"}});
    declare(&stage, "it", named, "Operator", environment(), Value::Null).await;
    stage.ready(BINDINGS, "it").await;
    let (service_account, display_name) = ("sa-ordetl".to_owned(), Some("retired".to_owned()));
    stage.portal(&Command::UpdateServiceAccount { service_account, display_name, description: None });
    let (display_name, description) = ("orders-etl".to_owned(), String::new());
    stage.portal(&Command::CreateServiceAccount { display_name, description, id: None });
    given(&stage, PrincipalChanged).await;
    stage
}

async fn lapses() -> Stage {
    let stage = connected().await;
    let mut spec = user_spec("ada");
    spec["invitation"] = json!({"maxAttempts": 1});
    stage.perhaps_create(USERS, "ada", spec).await;
    stage.ready(USERS, "ada").await;
    stage.portal(&Command::AdvanceClock { seconds: 8 * 24 * 3600 });
    given(&stage, InvitationExpired).await;
    stage
}

async fn invalid() -> Stage {
    let stage = connected().await;
    let mut delegations = crate::stage::delegations();
    // The schema takes a cluster without its environment's, and cannot know that it makes no place.
    delegations[0]["grant"][0]["within"] = json!([{"crn": "crn://confluent.cloud/organization=o/cloud-cluster=lkc-1"}]);
    stage.edit(ORGANIZATIONS, "o", json!({"spec": {"delegations": delegations}})).await;
    given(&stage, InvalidSpec).await;
    stage
}
