//! What happens in the themes of their own.

use roster::simulator::world::{Command, KeySecret};
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use crate::{
    drive::history::wide::Themes,
    stage::{ORGANIZATION, SYSTEM, Stage, TEAM, address, binding_spec},
};

use super::{BINDINGS, ORGANIZATIONS, Window, alive, perhaps, windowed};

const CONFIRM: &str = "access.roster.dev/confirm-removal";

/// One thing that somebody does.
#[derive(Clone, Debug)]
pub(crate) enum Wide {
    /// Somebody declares under that name what another object declares already.
    DeclareToo(String, &'static str, &'static str, Window),
    /// Somebody edits the role of a binding, whoever else declares that.
    EditAnyhow(String, &'static str),
    /// Git has a binding under another name: the new one is applied, and the old one pruned so much later.
    Rename(String, Duration),
    /// Somebody grants a role in the portal.
    Grant(&'static str, &'static str),
    /// Nobody does anything for so long.
    Wait(Duration),
    /// Somebody confirms on an object that an administrator is to go.
    Confirm(&'static str, String),
    /// Somebody edits whom a binding means.
    Repoint(String, &'static str),
    /// The namespace may declare all users of the publisher, or none.
    DelegatePublisher(bool),
    /// Something becomes of the organization's Secret.
    Secret(Secrecy),
}

/// What becomes of a Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secrecy {
    /// There is nothing in it.
    Emptied,
    /// It holds a key that was never one.
    Wrong,
    /// The vendor has another key by now, and it does not.
    Revoked,
    /// It is as it should be.
    Right,
}

impl Secrecy {
    /// All of them; what is right as often as what is not.
    pub(crate) const ALL: [Self; 6] =
        [Self::Emptied, Self::Wrong, Self::Revoked, Self::Right, Self::Right, Self::Right];
}

/// The other of the two names that an object can have.
pub(crate) fn other_name(name: &str) -> String {
    name.strip_suffix("-too").map_or_else(|| format!("{name}-too"), str::to_owned)
}

impl Wide {
    pub(crate) async fn play(&self, stage: &Stage) {
        match self {
            Self::DeclareToo(name, person, role, window) => {
                let spec = windowed(stage, binding_spec(person, role), *window);
                stage.perhaps_create(BINDINGS, name, spec).await;
            }
            Self::EditAnyhow(name, role) => {
                if alive(stage, BINDINGS, name) {
                    super::edit_role(stage, name, role).await;
                }
            }
            Self::Rename(name, pause) => rename(stage, name, *pause).await,
            Self::Grant(person, role) => {
                if let Some(id) = stage.id_of(&address(person)) {
                    let place = if *role == "OrganizationAdmin" { "" } else { "/environment=env-prod01" };
                    let crn = format!("crn://confluent.cloud/organization={ORGANIZATION}{place}");
                    let (principal, role) = (format!("User:{id}"), (*role).to_owned());
                    perhaps(stage, &Command::Grant { principal, role, crn });
                }
            }
            Self::Wait(pause) => sleep(*pause).await,
            Self::Confirm(plural, name) => {
                let confirms = json!({"metadata": {"annotations": {CONFIRM: "OrganizationAdmin"}}});
                stage.perhaps_edit(plural, name, confirms).await;
            }
            Self::Repoint(name, person) => {
                if alive(stage, BINDINGS, name) {
                    stage.edit(BINDINGS, name, json!({"spec": {"principal": {"userRef": {"name": person}}}})).await;
                }
            }
            Self::DelegatePublisher(delegate) => {
                let all = json!({"name": "all", "namespaces": {"names": [TEAM]},
                    "add": [{"roles": ["*"], "emailDomains": ["*"], "tenants": ["*"]}]});
                let delegations = if *delegate { json!([all]) } else { json!([]) };
                stage.edit("publishers", "p", json!({"spec": {"delegations": delegations}})).await;
            }
            Self::Secret(secrecy) => secrecy.play(stage).await,
        }
    }
}

async fn rename(stage: &Stage, name: &str, pause: Duration) {
    if !alive(stage, BINDINGS, name) {
        return;
    }
    let Some(object) = stage.get(BINDINGS, name) else { return };
    stage.perhaps_create(BINDINGS, &other_name(name), object["spec"].clone()).await;
    sleep(pause).await;
    stage.perhaps_delete(BINDINGS, name).await;
}

impl Secrecy {
    async fn play(self, stage: &Stage) {
        let data = match self {
            Self::Emptied => json!({"data": {"key": null, "secret": null}}),
            Self::Wrong => json!({"data": {"key": "V1JPTkdXUk9OR1dST05HMQ==", "secret": "bm90LXRoZS1zZWNyZXQ="}}),
            Self::Revoked => {
                let at = stage.simulator.now().as_second();
                let (id, secret) = (format!("KEY{at:013}"), KeySecret::new(format!("secret-{at}")));
                perhaps(stage, &Command::PlantApiKey { service_account: "sa-roster".to_owned(), id, secret });
                return;
            }
            Self::Right => {
                let key = stage.simulator.operator_key().unwrap();
                json!({"stringData": {"key": key.key, "secret": key.secret}})
            }
        };
        stage.send("PATCH", &format!("/api/v1/namespaces/{SYSTEM}/secrets/o"), &data).await.unwrap();
    }
}

/// Makes of the organization what the themes are about.
pub(crate) async fn begin(themes: Themes, stage: &Stage) {
    let mut spec = json!({});
    if let Some(unmanaged) = themes.hand {
        let within =
            if unmanaged.everywhere { json!({"organization": {}}) } else { json!({"environment": "env-prod01"}) };
        let policy = if unmanaged.removes { "Remove" } else { "Report" };
        spec["unmanaged"] = json!({"policy": policy, "within": [within], "after": "1m"});
    }
    if themes.confirm {
        spec["protection"] = json!({"confirmRemoval": "Administrative"});
    }
    if spec != Value::Object(serde_json::Map::new()) {
        stage.edit(ORGANIZATIONS, "o", json!({"spec": spec})).await;
    }
}

/// Makes good what would keep everything from coming to rest.
pub(crate) async fn end(themes: Themes, stage: &Stage) {
    if themes.secret {
        Secrecy::Right.play(stage).await;
    }
}
