//! What Roster refuses or waits for: each is told in the status and in an event, changes nothing remote, and heals when
//! its cause goes.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod adoption;
mod budget;
mod connection;
mod delegation;
mod grants;
mod guards;
mod identity;
mod limits;
mod people;
mod principal;
mod remains;
mod shared;

use serde_json::{Value, json};

use crate::stage::{Stage, Theatre, condition, eventually, message};

/// What an object has to say of itself.
#[derive(Clone, Copy)]
pub(crate) struct Told<'a> {
    /// The kind's short name.
    kind: &'a str,
    name: &'a str,
    reason: &'a str,
    /// What the sentence must hold.
    words: &'a [&'a str],
    /// Whether the declared state itself is what does not hold up.
    invalid: bool,
}

impl<'a> Told<'a> {
    /// A declaration that does not hold up.
    pub(crate) fn invalid(kind: &'a str, name: &'a str, reason: &'a str, words: &'a [&'a str]) -> Self {
        Self { kind, name, reason, words, invalid: true }
    }

    /// A declaration that is fine and cannot be carried out.
    pub(crate) fn held(kind: &'a str, name: &'a str, reason: &'a str, words: &'a [&'a str]) -> Self {
        Self { kind, name, reason, words, invalid: false }
    }

    /// Waits for `Ready=False` with the reason, and holds the sentence, `Validated` and the event to it.
    pub(crate) fn by(self, stage: &Stage) -> Value {
        let object = stage.settled(self.kind, self.name, "False", self.reason);
        let sentence = message(&object);
        for part in self.words {
            assert!(sentence.contains(part), "{}: `{part}` is not in: {sentence}", self.name);
        }
        let validated = condition(&object, "Validated");
        if self.invalid {
            assert_eq!(validated["status"], "False", "{}: {validated}", self.name);
            assert_eq!(validated["reason"], self.reason);
        }
        let note = event(stage, self.kind, self.name, self.reason);
        for part in self.words {
            assert!(note.contains(part), "{}: `{part}` is not in the event: {note}", self.name);
        }
        object
    }
}

/// Waits for the event with that reason about that object; gives its note.
pub(crate) fn event(stage: &Stage, kind: &str, name: &str, reason: &str) -> String {
    let namespace = if ["corg", "publ"].contains(&kind) { "default" } else { &stage.name };
    let path = format!("/apis/events.k8s.io/v1/namespaces/{namespace}/events");
    let mut found = None;
    eventually(
        &format!("an event {reason} about {kind} {name}"),
        &mut || {
            let request = http::Request::get(&path).body(Vec::new()).unwrap();
            let events: Value = stage.theatre.runtime.block_on(stage.theatre.admin.request(request)).unwrap();
            let all = events["items"].as_array().unwrap();
            let one = all.iter().find(|event| event["regarding"]["name"] == name && event["reason"] == reason);
            found = one.map(|event| event["note"].as_str().unwrap_or_default().to_owned());
            found.is_some()
        },
        &mut String::new,
    );
    found.unwrap_or_default()
}

/// A stage whose organization is edited before it is connected.
pub(crate) fn connected(name: &str, edit: impl FnOnce(&mut Value)) -> Stage {
    let stage = Stage::unconnected(Theatre::shared(), name);
    stage.apply(&[stage.organization(edit)]);
    stage.settled("corg", name, "True", "InSync");
    stage
}

/// Lists as often as the schema admits, so that the lane sees by itself what the portal does.
pub(crate) fn often(object: &mut Value) {
    object["spec"]["resyncInterval"] = json!("10s");
}

/// The same organization as it is seen from another namespace. Its objects must name the organization: see [`of`].
fn neighbour(stage: &Stage, namespace: &str) -> Stage {
    stage.theatre.done(&["create", "namespace", namespace], "");
    Stage {
        theatre: stage.theatre,
        simulator: stage.simulator.clone(),
        serving: None,
        name: namespace.to_owned(),
        organization_id: stage.organization_id.clone(),
    }
}

/// What an object in a neighbour's namespace says besides.
fn of(stage: &Stage) -> Value {
    json!({"organizationRef": {"name": stage.name}})
}

/// Everybody and everything in the organization.
pub(crate) fn everything(stage: &Stage) -> Vec<String> {
    let mut all = stage.remote();
    all.extend(stage.simulator.inspect(|world, at| {
        world.contents(at).users.iter().map(|user| format!("{} {}", user.id, user.email)).collect::<Vec<_>>()
    }));
    all
}

/// Waits until a grant is held, or is not.
pub(crate) fn remote(stage: &Stage, grant: &str, held: bool) {
    eventually(&format!("{grant}: {held}"), &mut || stage.remote().iter().any(|it| it == grant) == held, &mut || {
        format!("{:?}", stage.remote())
    });
}

/// The vendor's id of a grant, `who role place`.
pub(crate) fn binding_id(stage: &Stage, principal: &str, role: &str) -> String {
    stage.simulator.inspect(|world, at| {
        let contents = world.contents(at);
        let found = contents.bindings.iter().find(|it| it.principal.as_str() == principal && it.role == role);
        found.map(|it| it.id.clone()).unwrap()
    })
}

/// The place in this organization, for the portal.
pub(crate) fn crn(stage: &Stage, place: &str) -> String {
    format!("crn://confluent.cloud/organization={}{place}", stage.organization_id)
}

pub(crate) fn environment(id: &str) -> Value {
    json!({"environment": id})
}

fn topic(environment: &str, cluster: &str, name: &str) -> Value {
    json!({"environment": environment, "cluster": cluster, "resource": {"type": "Topic", "name": name}})
}

pub(crate) fn email(address: &str) -> Value {
    json!({"email": address})
}

pub(crate) fn organization() -> Value {
    json!({"organization": {}})
}
