//! What becomes of access when its object is deleted and says nothing of it: what the connection says.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::stage::{Stage, TEAM, address, binding_spec, member_spec};

const BINDINGS: &str = "accessrolebindings";
const MEMBERS: &str = "publisherusers";
const ORGANIZATIONS: &str = "confluentorganizations";
const USERS: &str = "confluentusers";

/// What an object says itself, what its connection says, and whether the access stays.
const CASES: [(Option<&str>, Option<&str>, bool); 5] = [
    (None, Some("Retain"), true),
    (Some("Delete"), Some("Retain"), false),
    (None, None, false),
    (None, Some("Delete"), false),
    (Some("Retain"), Some("Delete"), true),
];

fn saying(mut spec: Value, policy: Option<&str>) -> Value {
    if let Some(policy) = policy {
        spec["deletionPolicy"] = json!(policy);
    }
    spec
}

fn holds(stage: &Stage, what: &str) -> bool {
    stage.held().iter().any(|it| it.starts_with(&format!("{} {what}", address("ada"))))
}

#[tokio::test(start_paused = true)]
async fn a_deleted_binding_that_says_nothing_of_it_keeps_its_grant_where_the_organization_says_retain() {
    for (own, organization, stays) in CASES {
        let stage = Stage::with_user(91, "ada").await;
        stage.edit(ORGANIZATIONS, "o", json!({"spec": saying(json!({}), organization)})).await;
        let spec = saying(binding_spec("ada", "MetricsViewer"), own);
        stage.create(BINDINGS, TEAM, json!({"metadata": {"name": "it"}, "spec": spec})).await;
        stage.ready(BINDINGS, "it").await;
        stage.delete(BINDINGS, "it").await;
        stage.gone(BINDINGS, "it").await;
        sleep(Duration::from_mins(30)).await;
        let removed = stage.remote_writes().get("DELETE /iam/v2/role-bindings").copied().unwrap_or_default();
        let case = format!("{own:?} under {organization:?}");
        assert_eq!((holds(&stage, "MetricsViewer"), removed), (stays, usize::from(!stays)), "{case}");
    }
}

/// It is nobody's then, and `unmanaged: Remove` takes what nobody declares; but not what was left behind with a word.
#[tokio::test(start_paused = true)]
async fn what_stays_by_the_organizations_word_is_not_swept_as_undeclared() {
    for (own, organization, stays) in CASES {
        let stage = Stage::with_user(92, "ada").await;
        let remove = json!({"policy": "Remove", "within": [{"environment": "env-prod01"}], "after": "1m"});
        // The example has a grant there that nobody declares, and it is to be the only one that is swept.
        let spec = saying(json!({"unmanaged": remove, "resyncInterval": "1m"}), organization);
        stage.edit(ORGANIZATIONS, "o", json!({"spec": spec})).await;
        let spec = saying(binding_spec("ada", "MetricsViewer"), own);
        stage.create(BINDINGS, TEAM, json!({"metadata": {"name": "it"}, "spec": spec})).await;
        stage.ready(BINDINGS, "it").await;
        stage.delete(BINDINGS, "it").await;
        stage.gone(BINDINGS, "it").await;
        stage.until("what nobody ever declared is swept", |stage| !holds_mary(stage)).await;
        sleep(Duration::from_mins(30)).await;
        assert_eq!(holds(&stage, "MetricsViewer"), stays, "{own:?} under {organization:?}");
        let removed = stage.remote_writes().get("DELETE /iam/v2/role-bindings").copied().unwrap_or_default();
        assert_eq!(removed, 1 + usize::from(!stays), "{own:?} under {organization:?}");
    }
}

fn holds_mary(stage: &Stage) -> bool {
    stage.held().iter().any(|it| it.starts_with("mary@example.com MetricsViewer"))
}

/// A person has a policy of their own kind, and inherits none: an account that nothing hangs on goes.
#[tokio::test(start_paused = true)]
async fn a_deleted_person_goes_by_their_own_policy_whatever_the_organization_says() {
    for (own, stays) in [(None, false), (Some("Delete"), false), (Some("Retain"), true)] {
        let stage = Stage::new(93).await;
        stage.edit(ORGANIZATIONS, "o", json!({"spec": {"deletionPolicy": "Retain"}})).await;
        let spec = saying(crate::stage::user_spec("ada"), own);
        stage.create(USERS, TEAM, json!({"metadata": {"name": "ada"}, "spec": spec})).await;
        stage.ready(USERS, "ada").await;
        stage.delete(USERS, "ada").await;
        stage.gone(USERS, "ada").await;
        sleep(Duration::from_mins(30)).await;
        assert_eq!(stage.id_of(&address("ada")).is_some(), stays, "{own:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_publisher_user_who_says_nothing_of_it_stays_where_the_publisher_says_retain() {
    for (own, publisher, stays) in CASES {
        let stage = Stage::new(94).await;
        stage.publisher().await;
        stage.ready("publishers", "p").await;
        stage.edit("publishers", "p", json!({"spec": saying(json!({}), publisher)})).await;
        let spec = saying(member_spec("ada", "Contributor"), own);
        stage.create(MEMBERS, TEAM, json!({"metadata": {"name": "ada"}, "spec": spec})).await;
        stage.ready(MEMBERS, "ada").await;
        stage.delete(MEMBERS, "ada").await;
        stage.gone(MEMBERS, "ada").await;
        sleep(Duration::from_mins(30)).await;
        assert_eq!(holds(&stage, "contributor"), stays, "{own:?} under {publisher:?}");
    }
}
