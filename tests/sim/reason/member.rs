//! What follows from a publisher and its users.

use roster::simulator::{
    Fault,
    world::publisher::{
        OPERATOR_APPLICATION, OPERATOR_OBJECT, OPERATOR_TENANT, PublisherCommand, PublisherPrincipal, PublisherRole,
    },
};

use super::*;
use crate::{stage::member_spec, way::PUBLISHER};

pub(super) fn stories() -> Vec<Story> {
    vec![
        Story { name: "no connection to it yet", reasons: &[PublisherNotReady], play: || Box::pin(not_ready()) },
        Story {
            name: "a publisher that is not ours, and one that two objects name",
            reasons: &[PublisherNotVisible, DuplicatePublisher],
            play: || Box::pin(not_ours()),
        },
        Story { name: "a mere contributor", reasons: &[MissingOwner], play: || Box::pin(contributes()) },
        Story {
            name: "users that are something else",
            reasons: &[ContradictingRoles, MemberMismatch],
            play: || Box::pin(something_else()),
        },
        Story {
            name: "the last owner, and the operator's own entry",
            reasons: &[LastOwner, OwnPublisherRole],
            play: || Box::pin(guarded()),
        },
    ]
}

async fn published() -> Stage {
    let stage = connected().await;
    stage.publisher().await;
    stage.ready("publishers", "p").await;
    stage
}

/// Declares a user.
async fn declare(stage: &Stage, name: &str, spec: Value) {
    stage.create(MEMBERS, TEAM, json!({"metadata": {"name": name}, "spec": spec})).await;
}

fn operator() -> PublisherPrincipal {
    PublisherPrincipal::ServicePrincipal {
        application_id: OPERATOR_APPLICATION.to_owned(),
        tenant_id: OPERATOR_TENANT.to_owned(),
        object_id: OPERATOR_OBJECT.to_owned(),
    }
}

async fn not_ready() -> Stage {
    let mut stage = Stage::idle(1).await;
    stage.publisher().await;
    declare(&stage, "eve", member_spec("eve", "Contributor")).await;
    stage.simulator.inject(Fault::hang("GET", "/api/publishers").always());
    stage.start();
    given(&stage, PublisherNotReady).await;
    stage
}

async fn not_ours() -> Stage {
    let stage = published().await;
    for (name, id, reason) in [("foreign", "fabrikam", PublisherNotVisible), ("younger", PUBLISHER, DuplicatePublisher)]
    {
        let mut spec = stage.get("publishers", "p").unwrap()["spec"].take();
        spec["publisherId"] = json!(id);
        stage.create("publishers", "", json!({"metadata": {"name": name}, "spec": spec})).await;
        given(&stage, reason).await;
    }
    stage
}

async fn contributes() -> Stage {
    let stage = published().await;
    let (publisher, role) = (PUBLISHER.to_owned(), PublisherRole::Contributor);
    let change = PublisherCommand::ChangeUser { publisher, who: operator(), role, friendly_name: None, version: None };
    stage.portal(&Command::Publisher(change));
    declare(&stage, "eve", member_spec("eve", "Contributor")).await;
    given(&stage, MissingOwner).await;
    stage
}

async fn something_else() -> Stage {
    let stage = published().await;
    declare(&stage, "one", member_spec("eve", "Contributor")).await;
    declare(&stage, "other", member_spec("eve", "Owner")).await;
    given(&stage, ContradictingRoles).await;
    // The portal holds a person.
    let group = json!({"publisherRef": {"name": "p"}, "email": "grace@example.com", "role": "Owner", "type": "Group",
        "adoption": "Adopt"});
    declare(&stage, "grace", group).await;
    given(&stage, MemberMismatch).await;
    stage
}

async fn guarded() -> Stage {
    let stage = published().await;
    let grace =
        json!({"publisherRef": {"name": "p"}, "email": "grace@example.com", "role": "Owner", "adoption": "Adopt"});
    declare(&stage, "grace", grace).await;
    stage.ready(MEMBERS, "grace").await;
    stage.delete(MEMBERS, "grace").await;
    given(&stage, LastOwner).await;
    let own = json!({"applicationId": OPERATOR_APPLICATION, "tenantId": OPERATOR_TENANT, "objectId": OPERATOR_OBJECT});
    let spec =
        json!({"publisherRef": {"name": "p"}, "servicePrincipal": own, "role": "Contributor", "adoption": "Adopt"});
    declare(&stage, "own", spec).await;
    given(&stage, OwnPublisherRole).await;
    stage
}
