//! What can happen, as data; whoever plays it does nothing where it makes no sense.

pub(crate) mod wide;

use roster::simulator::{
    Effect, Envelope, Fault, Knobs, Lag, Paging, RateLimit,
    world::{
        AuthType, Command,
        publisher::{PublisherCommand, PublisherPrincipal, PublisherRole},
    },
};
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use crate::{
    memory::Trouble,
    stage::{Stage, TEAM, address, binding_spec, member_spec, user_spec},
    way::PUBLISHER,
};

const ORGANIZATIONS: &str = "confluentorganizations";
const USERS: &str = "confluentusers";
pub(crate) const BINDINGS: &str = "accessrolebindings";
const MEMBERS: &str = "publisherusers";
/// Where those are whose address was changed.
pub(crate) const ELSEWHERE: &str = "@elsewhere";

/// A request to the vendor goes wrong, before it is carried out, after it, or in what is answered: in words, and how.
pub(crate) fn faults() -> Vec<(&'static str, Fault)> {
    let (users, invitations, bindings) = ("/iam/v2/users", "/iam/v2/invitations", "/iam/v2/role-bindings");
    let error = |status| Effect::Status { status, envelope: Envelope::Failure, retry_after: None };
    let later = Effect::Status { status: 429, envelope: Envelope::Empty, retry_after: Some(7) };
    vec![
        ("a grant is refused with 503", Fault::status("POST", bindings, 503)),
        ("a grant is made and answered with 500", Fault::new("POST", bindings, error(500)).after_execution()),
        ("a grant is made and never answered", Fault::hang("POST", bindings)),
        ("an invitation is sent and never answered", Fault::hang("POST", invitations)),
        ("a removal is made and never answered", Fault::hang("DELETE", bindings)),
        ("a removal is made and answered with 502", Fault::new("DELETE", bindings, error(502)).after_execution()),
        ("people are missing on a page", Fault::gap(users)),
        ("bindings are missing on a page", Fault::gap(bindings)),
        ("people are twice on a page", Fault::new("GET", users, Effect::Twice)),
        ("bindings are twice on a page", Fault::new("GET", bindings, Effect::Twice)),
        (
            "the next page has expired",
            Fault { query: Some("page_token".to_owned()), ..Fault::status("GET", "/iam/v2/", 400) },
        ),
        ("people are listed as none", Fault::empty_list(users)),
        ("bindings are listed as none", Fault::empty_list(bindings)),
        ("a listing is cut", Fault::new("GET", bindings, Effect::Truncated).after_execution()),
        ("a listing is a proxy's page", Fault::new("GET", users, Effect::Html)),
        ("a listing is refused with 504", Fault::status("GET", invitations, 504)),
        ("writes are refused with 429", Fault::status("POST", "/iam/v2/", 429).times(2)),
        ("all is refused with 429 for a while", Fault::new("GET", "/iam/v2/", later)),
        ("a removal is refused with 403", Fault::status("DELETE", bindings, 403)),
        ("a removal is refused with 404", Fault::status("DELETE", bindings, 404)),
        ("a removal is refused with 409", Fault::status("DELETE", bindings, 409)),
        ("a removal is made and answered with 403", Fault::new("DELETE", bindings, error(403)).after_execution()),
        ("a removal is made and answered with 404", Fault::new("DELETE", bindings, error(404)).after_execution()),
        ("a removal is made and answered with 409", Fault::new("DELETE", bindings, error(409)).after_execution()),
    ]
}

/// When a binding is in force, in seconds from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Window {
    Always,
    From(i64),
    Until(i64),
}

/// One thing that somebody does.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Somebody declares a person.
    DeclareUser(&'static str),
    /// Somebody declares that a person has a role.
    DeclareBinding(&'static str, &'static str, Window),
    /// Somebody edits the role of a binding.
    EditBinding(String, &'static str),
    /// Somebody withdraws an object.
    Withdraw(&'static str, String),
    /// Somebody deletes an object and declares it again at once.
    Replace(&'static str),
    /// A person accepts.
    Accept(&'static str),
    /// Somebody takes a role away in the portal.
    Revoke(&'static str),
    /// Somebody deletes a person in the portal.
    DeleteUser(&'static str),
    /// A person's address is changed at the vendor, or changed back.
    ChangeAddress(&'static str),
    /// A person signs in otherwise from now on.
    SignIn(&'static str, AuthType),
    /// A person is deactivated, or let in again.
    Activate(&'static str, bool),
    /// Pages hold so many, and begin there.
    Pages(u32, Paging),
    /// The operator's clock is so many seconds ahead.
    Jump(i64),
    /// A request to the vendor goes wrong in that way.
    Fail(usize),
    /// The operator dies, and is started again so many milliseconds later.
    Crash(u64),
    /// Something goes wrong with the API server.
    Trouble(Trouble),
    /// Watches tell again.
    Tell,
    /// Listings lag so many seconds behind.
    Lag(u32),
    /// So many requests go through in ten seconds; all where it is none.
    Limit(u32),
    /// Somebody suspends a binding, or no longer.
    Suspend(String, bool),
    /// The organization is only observed, or no longer.
    Observe(bool),
    /// The namespace may declare everything, or nothing.
    Delegate(bool),
    /// Somebody says yes to the removals that are held.
    Acknowledge,
    /// The team's namespace is deleted.
    DeleteNamespace,
    /// It is made again.
    MakeNamespace,
    /// Somebody declares a user of the publisher.
    DeclareMember(&'static str, &'static str),
    /// Somebody edits the role of one.
    EditMember(&'static str, &'static str),
    /// Somebody removes a user of the publisher in the portal.
    RemoveMember(&'static str),
    /// Somebody makes one something else in the portal.
    ChangeMember(&'static str, PublisherRole),
    /// What is in themes of their own.
    Wide(wide::Wide),
}

/// Whether an object is there and stays.
fn alive(stage: &Stage, plural: &str, name: &str) -> bool {
    stage.get(plural, name).is_some_and(|object| object["metadata"]["deletionTimestamp"].is_null())
}

/// Whether another object is for that grant: these are a story of their own.
fn taken(stage: &Stage, person: &str, role: &str) -> bool {
    let same = |it: &Value| it["spec"]["principal"]["userRef"]["name"] == person && it["spec"]["role"] == role;
    stage.memory.all().iter().any(same)
}

impl Step {
    pub(crate) async fn play(&self, stage: &mut Stage) {
        match self {
            Self::DeclareUser(name) => stage.perhaps_create(USERS, name, user_spec(name)).await,
            Self::DeclareBinding(user, role, window) => declare(stage, user, role, *window).await,
            Self::EditBinding(name, role) => {
                let person = name.split('-').next().unwrap_or_default();
                if alive(stage, BINDINGS, name) && !taken(stage, person, role) {
                    edit_role(stage, name, role).await;
                }
            }
            Self::Withdraw(plural, name) => stage.perhaps_delete(plural, name).await,
            Self::Replace(name) => {
                stage.perhaps_delete(USERS, name).await;
                stage.perhaps_create(USERS, name, user_spec(name)).await;
            }
            Self::Accept(name) => {
                perhaps(stage, &Command::AcceptInvitation { email: address(name), full_name: String::new() });
            }
            Self::Revoke(name) => {
                if let Some(binding) = stage.a_binding_of(&address(name)) {
                    perhaps(stage, &Command::Revoke { binding });
                }
            }
            Self::DeleteUser(name) => {
                if let Some(user) = stage.id_of(&address(name)) {
                    perhaps(stage, &Command::DeleteUser { user });
                }
            }
            Self::Fail(which) => stage.simulator.inject(faults().swap_remove(*which).1),
            Self::Crash(pause) => {
                stage.crash().await;
                sleep(Duration::from_millis(*pause)).await;
                stage.free().await;
                stage.start();
            }
            Self::Trouble(trouble) => stage.memory.trouble(*trouble),
            Self::Tell => stage.memory.tell(),
            Self::Suspend(name, suspend) => {
                stage.perhaps_edit(BINDINGS, name, json!({"spec": {"suspend": suspend}})).await;
            }
            Self::DeleteNamespace => stage.perhaps_delete("namespaces", TEAM).await,
            Self::MakeNamespace => stage.perhaps_create("namespaces", TEAM, Value::Null).await,
            Self::DeclareMember(name, role) => stage.perhaps_create(MEMBERS, name, member_spec(name, role)).await,
            Self::EditMember(name, role) => {
                stage.perhaps_edit(MEMBERS, name, json!({"spec": {"role": role}})).await;
            }
            Self::Wide(step) => step.play(stage).await,
            other => other.play_elsewhere(stage).await,
        }
    }

    /// What is done to connections, and at the publisher's.
    async fn play_elsewhere(&self, stage: &Stage) {
        match self {
            Self::Lag(seconds) => {
                let lag = if *seconds == 0 { Lag::None } else { Lag::Seconds(*seconds) };
                stage.simulator.update(|knobs| knobs.lag = lag).unwrap();
            }
            Self::Limit(limit) => {
                // A vendor tells of its rate, or names the time when it refuses, or both, or neither.
                let (headers, retry_after) = (limit % 2 == 0, limit % 4 < 2);
                let rate = RateLimit { limit: *limit, window: 10, retry_after, headers };
                stage.simulator.update(|knobs| knobs.rate_limit = (*limit > 0).then_some(rate)).unwrap();
            }
            Self::ChangeAddress(name) => {
                let both = [address(name), elsewhere(name)];
                let other = both.iter().zip(both.iter().rev()).find_map(|(now, then)| Some((stage.id_of(now)?, then)));
                if let Some((user, email)) = other {
                    perhaps(stage, &Command::ChangeUser { user, email: Some(email.clone()), auth_type: None });
                }
            }
            Self::SignIn(name, auth_type) => {
                if let Some(user) = stage.id_of(&address(name)) {
                    perhaps(stage, &Command::ChangeUser { user, email: None, auth_type: Some(*auth_type) });
                }
            }
            Self::Activate(name, active) => {
                for user in stage.ids_of(&address(name)) {
                    perhaps(stage, &Command::ActivateUser { user, active: *active });
                }
            }
            Self::Pages(size, paging) => {
                let turn = |knobs: &mut Knobs| (knobs.page_size, knobs.paging) = (Some(*size), *paging);
                stage.simulator.update(turn).unwrap();
            }
            Self::Jump(seconds) => stage.jump(*seconds),
            Self::Observe(observe) => {
                let management = if *observe { "Observe" } else { "Full" };
                stage.edit(ORGANIZATIONS, "o", json!({"spec": {"management": management}})).await;
            }
            Self::Delegate(delegate) => {
                let all = if *delegate { crate::stage::delegations() } else { json!([]) };
                stage.edit(ORGANIZATIONS, "o", json!({"spec": {"delegations": all}})).await;
            }
            Self::Acknowledge => {
                let held = stage.get(ORGANIZATIONS, "o").unwrap()["status"]["heldRemovals"].take();
                if !held["digest"].is_null() {
                    let yes = json!({"access.roster.dev/acknowledge": held["digest"]});
                    stage.edit(ORGANIZATIONS, "o", json!({"metadata": {"annotations": yes}})).await;
                }
            }
            Self::RemoveMember(name) => {
                let (publisher, user) = (PUBLISHER.to_owned(), address(name));
                let remove = PublisherCommand::RemoveUser { publisher, user, version: None };
                perhaps(stage, &Command::Publisher(remove));
            }
            Self::ChangeMember(name, role) => {
                let (publisher, who) = (PUBLISHER.to_owned(), PublisherPrincipal::User { email: address(name) });
                let (role, friendly_name, version) = (*role, None, None);
                let change = PublisherCommand::ChangeUser { publisher, who, role, friendly_name, version };
                perhaps(stage, &Command::Publisher(change));
            }
            other => unreachable!("{other:?} is played elsewhere"),
        }
    }
}

/// The address that a person may have instead.
fn elsewhere(name: &str) -> String {
    address(name).replace("@partner", ELSEWHERE)
}

/// Declares a binding, where no other object is for that grant.
async fn declare(stage: &Stage, user: &str, role: &str, window: Window) {
    if taken(stage, user, role) {
        return;
    }
    let spec = windowed(stage, binding_spec(user, role), window);
    stage.perhaps_create(BINDINGS, &format!("{user}-{}", role.to_lowercase()), spec).await;
}

async fn edit_role(stage: &Stage, name: &str, role: &str) {
    // A merge patch: what is not wanted any more has to be said.
    let scope = match role {
        "OrganizationAdmin" => json!({"organization": {}, "environment": null}),
        _ => json!({"environment": "env-prod01", "organization": null}),
    };
    stage.edit(BINDINGS, name, json!({"spec": {"role": role, "scope": scope}})).await;
}

/// What is declared of a binding, in force then.
fn windowed(stage: &Stage, mut spec: Value, window: Window) -> Value {
    let at = |seconds| ((stage.clock)() + jiff::SignedDuration::from_secs(seconds)).to_string();
    match window {
        Window::Always => {}
        Window::From(seconds) => spec["validity"] = json!({"notBefore": at(seconds)}),
        Window::Until(seconds) => spec["validity"] = json!({"notAfter": at(seconds)}),
    }
    spec
}

/// Where nobody is there, nothing is done to them.
fn perhaps(stage: &Stage, command: &Command) {
    let _ = stage.simulator.portal(command);
}
