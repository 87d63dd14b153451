//! What follows from how the organization is reached, and as whom.

use roster::simulator::Fault;

use super::*;
use crate::stage::SYSTEM;

const ENDPOINT: &str = "https://simulator.example";

pub(super) fn stories() -> Vec<Story> {
    vec![
        Story { name: "no connection yet", reasons: &[OrganizationNotReady], play: || Box::pin(not_ready()) },
        Story { name: "a refused key", reasons: &[CredentialsRejected], play: || Box::pin(rejected()) },
        Story { name: "no Secret", reasons: &[CredentialsMissing], play: || Box::pin(missing()) },
        Story {
            name: "another organization's key, a second object, and plain http",
            reasons: &[OrganizationMismatch, DuplicateOrganization, EndpointNotAllowed],
            play: || Box::pin(others()),
        },
        Story { name: "dependents", reasons: &[DependentsExist, Revoking], play: || Box::pin(dependents()) },
        Story {
            name: "an identity that may do little",
            reasons: &[MissingAccountAdmin, GranterNotAllowed],
            play: || Box::pin(little()),
        },
        Story { name: "an identity that may do nothing", reasons: &[RolesUnreadable], play: || Box::pin(nothing()) },
    ]
}

async fn not_ready() -> Stage {
    let mut stage = Stage::idle(1).await;
    mary(&stage, "it", "Operator", Value::Null).await;
    stage.simulator.inject(Fault::hang("GET", "/org/v2/organizations").always());
    stage.start();
    given(&stage, OrganizationNotReady).await;
    stage
}

async fn rejected() -> Stage {
    let stage = connected().await;
    let path = format!("/api/v1/namespaces/{SYSTEM}/secrets/o");
    let wrong = json!({"data": {"key": "V1JPTkdXUk9OR1dST05HMQ==", "secret": "bm90LXRoZS1zZWNyZXQ="}});
    stage.send("PATCH", &path, &wrong).await.unwrap();
    given(&stage, CredentialsRejected).await;
    stage
}

async fn missing() -> Stage {
    let stage = connected().await;
    stage.send("DELETE", &format!("/api/v1/namespaces/{SYSTEM}/secrets/o"), &json!({})).await.unwrap();
    given(&stage, CredentialsMissing).await;
    stage
}

/// A second object for an organization.
async fn second(stage: &Stage, name: &str, id: &str, endpoint: &str) {
    let auth = json!({"apiKey": {"secretRef": {"name": "o"}}});
    let spec = json!({"organizationId": id, "backend": {"confluentCloud": {"endpoint": endpoint, "auth": auth}}});
    stage.create(ORGANIZATIONS, "", json!({"metadata": {"name": name}, "spec": spec})).await;
}

async fn others() -> Stage {
    let stage = connected().await;
    second(&stage, "younger", "9bb441c4-edef-46ac-8a41-c49e44a3fd9a", ENDPOINT).await;
    given(&stage, DuplicateOrganization).await;
    second(&stage, "other", "11111111-2222-4333-8444-555555555555", ENDPOINT).await;
    given(&stage, OrganizationMismatch).await;
    second(&stage, "plain", "21111111-2222-4333-8444-555555555555", "http://example.invalid").await;
    given(&stage, EndpointNotAllowed).await;
    stage
}

async fn dependents() -> Stage {
    let stage = connected().await;
    mary(&stage, "it", "Operator", Value::Null).await;
    stage.ready(BINDINGS, "it").await;
    stage.delete(ORGANIZATIONS, "o").await;
    given(&stage, DependentsExist).await;
    stage.simulator.inject(Fault::hang("DELETE", "/iam/v2/role-bindings"));
    stage.delete(BINDINGS, "it").await;
    given(&stage, Revoking).await;
    stage
}

async fn little() -> Stage {
    let stage = connected().await;
    stage.user("ada").await;
    stage.ready(USERS, "ada").await;
    demote(&stage, &[("EnvironmentAdmin", "/environment=env-prod01")]);
    // The next listing shows what is left of it.
    given(&stage, MissingAccountAdmin).await;
    declare(&stage, "billing", email("mary"), "BillingAdmin", json!({"organization": {}}), Value::Null).await;
    given(&stage, GranterNotAllowed).await;
    stage
}

async fn nothing() -> Stage {
    let stage = connected().await;
    demote(&stage, &[("Operator", "/environment=env-prod01")]);
    given(&stage, RolesUnreadable).await;
    stage
}
