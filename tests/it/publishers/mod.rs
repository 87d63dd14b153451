//! The users of a marketplace publisher, by the steps of Microsoft's page, on the real API server and the simulated portal.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod connection;
mod guards;
mod limits;
mod users;
mod withdrawn;

use std::collections::BTreeMap;

use roster::simulator::world::{
    Command,
    publisher::{PublisherCommand, PublisherPrincipal, PublisherRole, operator_application, publisher},
};
use serde_json::{Value, json};

use crate::{
    refusals::Told,
    stage::{Stage, Theatre, eventually},
};

/// One story's publisher, with the operator's application and grace as its owners.
pub(crate) struct Fair {
    pub(crate) stage: Stage,
}

impl Fair {
    /// Connected, with a delegation that lets the namespace add anybody.
    pub(crate) fn open(name: &str) -> Self {
        Self::open_with(name, |_| {})
    }

    /// The same with an edited object.
    pub(crate) fn open_with(name: &str, edit: impl FnOnce(&mut Value)) -> Self {
        let fair = Self::closed(name);
        fair.stage.apply(&[fair.publisher(edit)]);
        fair.stage.settled("publ", name, "True", "InSync");
        fair
    }

    /// Simulator, Secret and namespace, without the publisher's object.
    fn closed(name: &str) -> Self {
        Self::since_yesterday(name, &[])
    }

    /// The same after more was done in the portal, all of it a day ago.
    fn since_yesterday(name: &str, more: &[PublisherCommand]) -> Self {
        let mut commands = vec![operator_application()];
        commands.extend(publisher(name, &format!("The {name}"), "grace@example.com"));
        commands.extend(more.iter().cloned().map(Command::Publisher));
        let stage = Stage::since_yesterday(Theatre::shared(), name, &commands);
        let fair = Self { stage };
        fair.set_credential("");
        fair
    }

    /// Beside the organization of a stage that is there.
    pub(crate) fn beside(stage: Stage) -> Self {
        stage.simulator.add_publisher(&stage.name, "A publisher", "grace@example.com").unwrap();
        let fair = Self { stage };
        fair.set_credential("");
        fair
    }

    /// Puts the operator's client secret into the Secret, with something behind it that does not belong to it.
    pub(crate) fn set_credential(&self, blanks: &str) {
        let credential = self.stage.simulator.operator_application().unwrap();
        let secret = format!("{}{blanks}", credential.client_secret);
        self.stage.put_secret_named(&self.secret(), &credential.client_id, &secret);
    }

    pub(crate) fn secret(&self) -> String {
        format!("{}-portal", self.stage.name)
    }

    pub(crate) fn publisher(&self, edit: impl FnOnce(&mut Value)) -> Value {
        let (name, url) = (&self.stage.name, self.stage.serving.as_ref().unwrap().url());
        let tenant = self.stage.simulator.operator_application().unwrap().tenant;
        let mut object = json!({
            "apiVersion": "access.roster.dev/v1alpha1", "kind": "Publisher", "metadata": {"name": name},
            "spec": {
                "publisherId": name,
                "backend": {"portal": {"endpoint": url, "auth": {"clientSecret": {
                    "secretRef": {"name": self.secret()}, "tokenEndpoint": format!("{url}/{tenant}/oauth2/v2.0/token")}}}},
                "delegations": [{"name": "story", "namespaces": {"names": [name]},
                    "add": [{"roles": ["*"], "emailDomains": ["*"], "tenants": ["*"]}]}],
            },
        });
        edit(&mut object);
        object
    }

    /// A `PublisherUser` with more spec.
    pub(crate) fn user(&self, name: &str, email: &str, role: &str, more: Value) -> Value {
        let mut spec = json!({"email": email, "role": role});
        merge(&mut spec, more);
        self.object(name, spec)
    }

    pub(crate) fn object(&self, name: &str, mut spec: Value) -> Value {
        spec["publisherRef"] = json!({"name": self.stage.name});
        json!({"apiVersion": "access.roster.dev/v1alpha1", "kind": "PublisherUser",
            "metadata": {"name": name, "namespace": self.stage.name}, "spec": spec})
    }

    /// Everybody on the publisher, by key, as `role state`.
    fn remote(&self) -> BTreeMap<String, String> {
        self.stage.simulator.inspect(|world, at| {
            let all = world.contents(at).publishers;
            let own = all.iter().find(|it| it.publisher.id == self.stage.name).unwrap();
            let told = |word: Value| word.as_str().unwrap().to_owned();
            let line = |role: PublisherRole, state: Value| format!("{} {}", role.as_str(), told(state));
            own.users.iter().map(|it| (it.who.key(), line(it.role, serde_json::to_value(it.state).unwrap()))).collect()
        })
    }

    pub(crate) fn role_of(&self, key: &str) -> Option<String> {
        self.remote().get(key).cloned()
    }

    /// Does something in the portal.
    fn portal(&self, command: PublisherCommand) {
        self.stage.portal(&Command::Publisher(command));
    }

    /// Gives a person another role in the portal.
    fn change_by_hand(&self, email: &str, role: PublisherRole) {
        let (publisher, who) = (self.stage.name.clone(), PublisherPrincipal::User { email: email.to_owned() });
        self.portal(PublisherCommand::ChangeUser { publisher, who, role, friendly_name: None, version: None });
    }

    /// Writes that reached the portal, as `METHOD key status`; tokens are none.
    pub(crate) fn writes(&self) -> Vec<String> {
        let writes = self.stage.requests().into_iter().filter(|it| it.path.starts_with("/api/") && it.method != "GET");
        let key = |path: &str| path.rsplit('/').next().unwrap_or_default().replace("%40", "@");
        writes.map(|it| format!("{} {} {}", it.method, key(&it.path), it.status.unwrap_or_default())).collect()
    }

    /// Has the operator list the publisher again, now.
    fn relist(&self) {
        let lists = || self.stage.requests().iter().filter(|it| it.path.ends_with("/users")).count();
        let before = lists();
        let now = jiff::Timestamp::now().as_nanosecond();
        self.set_credential(&"\n".repeat(usize::try_from(now % 97).unwrap() + 1));
        eventually("the publisher is listed again", &mut || lists() > before, &mut String::new);
        self.stage.settled("publ", &self.stage.name, "True", "InSync");
    }
}

fn merge(spec: &mut Value, more: Value) {
    if let Value::Object(more) = more {
        for (key, value) in more {
            spec[key] = value;
        }
    }
}

/// The rules of the advice in an object's status.
fn advice(object: &Value) -> Vec<String> {
    let all = object["status"]["warnings"].as_array().cloned().unwrap_or_default();
    all.iter().map(|it| it["rule"].as_str().unwrap().to_owned()).collect()
}
