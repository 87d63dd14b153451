//! What can happen next.

use roster::simulator::{Effect, Envelope, Fault, world::Command};
use serde_json::json;

use crate::{
    chance::Chance,
    stage::{Stage, address},
};

/// The people that there can be.
pub(super) const PEOPLE: [&str; 3] = ["ada", "bob", "eve"];
/// The roles that there can be.
pub(super) const ROLES: [&str; 3] = ["MetricsViewer", "Operator", "OrganizationAdmin"];

/// How many ways there are in which a request goes wrong.
const FAULTS: u64 = 8;

/// A request goes wrong, before it is carried out, after it, or in what is answered.
fn fault(which: u64) -> Fault {
    let (users, invitations, bindings) = ("/iam/v2/users", "/iam/v2/invitations", "/iam/v2/role-bindings");
    let error = |status| Effect::Status { status, envelope: Envelope::Failure, retry_after: None };
    match which {
        0 => Fault::status("POST", bindings, 503),
        1 => Fault::new("POST", bindings, error(500)).after_execution(),
        2 => Fault::hang("POST", bindings),
        3 => Fault::hang("POST", invitations),
        4 => Fault::hang("DELETE", bindings),
        5 => Fault::empty_list(users),
        6 => Fault::new("GET", bindings, Effect::Truncated).after_execution(),
        _ => Fault::status("POST", "/iam/v2/", 429).times(2),
    }
}

/// One thing that somebody does.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Somebody declares a person.
    DeclareUser(&'static str),
    /// Somebody declares that a person has a role.
    DeclareBinding(&'static str, &'static str),
    /// Somebody edits the role of a binding.
    EditBinding(String, &'static str),
    /// Somebody withdraws an object.
    Withdraw(&'static str, String),
    /// Somebody deletes an object and declares it again at once.
    Replace(&'static str),
    /// A person accepts.
    Accept(&'static str),
    /// Somebody takes a role away in the portal.
    Revoke(String),
    /// Somebody deletes a person in the portal.
    DeleteUser(String),
    /// A request to the vendor goes wrong in that way.
    Fail(u64),
    /// The operator dies and is started again.
    Crash,
    /// The API server forgets what was.
    Compact,
}

impl Step {
    /// A step that makes sense now.
    pub(super) fn draw(chance: &Chance, stage: &Stage) -> Self {
        loop {
            if let Some(step) = Self::perhaps(chance, stage) {
                return step;
            }
        }
    }

    fn perhaps(chance: &Chance, stage: &Stage) -> Option<Self> {
        let (person, role, named) = (*chance.pick(&PEOPLE), *chance.pick(&ROLES), *chance.pick(&ROLES));
        let alive = |plural: &str, name: &str| {
            stage.get(plural, name).map(|object| object["metadata"]["deletionTimestamp"].is_null())
        };
        let binding = format!("{person}-{}", named.to_lowercase());
        // Two objects for one grant are a story of their own.
        let taken = |role: &str| {
            stage
                .memory
                .all()
                .into_iter()
                .any(|it| it["spec"]["principal"]["userRef"]["name"] == person && it["spec"]["role"] == role)
        };
        Some(match chance.below(15) {
            0..=2 if alive("confluentusers", person).is_none() => Self::DeclareUser(person),
            3..=5 if alive("accessrolebindings", &binding).is_none() && !taken(named) => {
                Self::DeclareBinding(person, named)
            }
            6 if alive("accessrolebindings", &binding) == Some(true) && !taken(role) => {
                Self::EditBinding(binding, role)
            }
            7 if alive("accessrolebindings", &binding) == Some(true) => Self::Withdraw("accessrolebindings", binding),
            8 if alive("confluentusers", person) == Some(true) => Self::Withdraw("confluentusers", person.to_owned()),
            9 if alive("confluentusers", person) == Some(true) => Self::Replace(person),
            10 => Self::Accept(person),
            11 => Self::Revoke(stage.a_binding_of(&address(person))?),
            12 if chance.below(3) == 0 => Self::DeleteUser(stage.id_of(&address(person))?),
            12 => Self::Fail(chance.below(FAULTS)),
            13 => Self::Crash,
            14 if chance.below(2) == 0 => Self::Compact,
            _ => return None,
        })
    }

    pub(super) async fn play(&self, stage: &mut Stage, chance: &Chance) {
        match self {
            Self::DeclareUser(name) => stage.user(name).await,
            Self::DeclareBinding(user, role) => {
                stage.binding(&format!("{user}-{}", role.to_lowercase()), user, role).await;
            }
            Self::EditBinding(name, role) => {
                // A merge patch: what is not wanted any more has to be said.
                let scope = match *role {
                    "OrganizationAdmin" => json!({"organization": {}, "environment": null}),
                    _ => json!({"environment": "env-prod01", "organization": null}),
                };
                stage.edit("accessrolebindings", name, json!({"spec": {"role": role, "scope": scope}})).await;
            }
            Self::Withdraw(plural, name) => stage.delete(plural, name).await,
            Self::Replace(name) => {
                stage.delete("confluentusers", name).await;
                if stage.get("confluentusers", name).is_none() {
                    stage.user(name).await;
                }
            }
            Self::Accept(name) => {
                let accept = Command::AcceptInvitation { email: address(name), full_name: String::new() };
                // Where nobody is invited, nobody accepts.
                let _ = stage.simulator.portal(&accept);
            }
            Self::Revoke(binding) => {
                let _ = stage.simulator.portal(&Command::Revoke { binding: binding.clone() });
            }
            Self::DeleteUser(user) => {
                let _ = stage.simulator.portal(&Command::DeleteUser { user: user.clone() });
            }
            Self::Fail(which) => stage.simulator.inject(fault(*which)),
            Self::Crash => {
                stage.crash().await;
                tokio::time::sleep(chance.pause(3_000)).await;
                stage.start();
            }
            Self::Compact => stage.memory.compact(),
        }
    }
}
