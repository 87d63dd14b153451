//! What a guard holds back.

use super::*;

pub(super) fn stories() -> Vec<Story> {
    vec![
        Story { name: "the last administrators", reasons: &[LastOrganizationAdmin], play: || Box::pin(last()) },
        Story { name: "the operator's own role", reasons: &[OwnOrganizationAdmin], play: || Box::pin(own()) },
        Story {
            name: "administrators who are wanted, and a removal to confirm",
            reasons: &[RequiredOrganizationAdmin, ConfirmationRequired],
            play: || Box::pin(wanted()),
        },
        Story { name: "a removal too many", reasons: &[RemovalBudgetExceeded], play: || Box::pin(too_many()) },
        Story { name: "an account in use", reasons: &[AccessRemains], play: || Box::pin(in_use()) },
    ]
}

async fn last() -> Stage {
    let stage = connected().await;
    administrator(&stage, "linus").await;
    stage.delete(BINDINGS, "linus").await;
    given(&stage, LastOrganizationAdmin).await;
    stage
}

async fn own() -> Stage {
    let stage = connected().await;
    let (own, adopts) = (json!({"serviceAccount": {"id": "sa-roster"}}), json!({"adoption": "Adopt"}));
    declare(&stage, "own", own, "OrganizationAdmin", json!({"organization": {}}), adopts).await;
    stage.ready(BINDINGS, "own").await;
    stage.delete(BINDINGS, "own").await;
    given(&stage, OwnOrganizationAdmin).await;
    stage
}

async fn wanted() -> Stage {
    let stage = connected().await;
    let required = json!(["linus@example.com"]);
    protect(&stage, json!({"minimumOrganizationAdmins": 1, "requiredOrganizationAdmins": required})).await;
    administrator(&stage, "linus").await;
    stage.delete(BINDINGS, "linus").await;
    given(&stage, RequiredOrganizationAdmin).await;
    protect(&stage, json!({"requiredOrganizationAdmins": [], "confirmRemoval": "Administrative"})).await;
    given(&stage, ConfirmationRequired).await;
    stage
}

async fn too_many() -> Stage {
    let stage = connected().await;
    protect(&stage, json!({"removalBudget": {"count": 0, "percent": 0}})).await;
    mary(&stage, "it", "Operator", Value::Null).await;
    stage.ready(BINDINGS, "it").await;
    stage.delete(BINDINGS, "it").await;
    given(&stage, RemovalBudgetExceeded).await;
    stage
}

async fn in_use() -> Stage {
    let stage = connected().await;
    let spec = json!({"organizationRef": {"name": "o"}, "email": "mary@example.com"});
    stage.perhaps_create(USERS, "mary", spec).await;
    stage.ready(USERS, "mary").await;
    stage.delete(USERS, "mary").await;
    given(&stage, AccessRemains).await;
    stage
}
