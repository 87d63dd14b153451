//! Objects without a server that keeps them, and what is done to them and in the portal.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use roster::{
    access::{Email, Scope, validity::Validity},
    plan::{
        Adoption,
        binding::{BindingObject, DeclaredPrincipal, DesiredBinding},
        user::{DesiredUser, UserDeletion, UserObject},
    },
    simulator::world::{Actor, Command},
};

use crate::{
    drive::step::{Step, Window},
    stage::address,
};

use super::{Pure, delegations};

/// A person's object.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) object: UserObject,
    pub(super) desired: DesiredUser,
}

/// A binding's object.
#[derive(Clone)]
pub(super) struct Bound {
    pub(super) object: BindingObject,
    pub(super) who: String,
    role: String,
}

fn email(name: &str) -> Email {
    Email::parse(&address(name)).unwrap()
}

impl Bound {
    /// What it declares, with who is declared.
    pub(super) fn desired(&self, users: &BTreeMap<String, Person>) -> DesiredBinding {
        let declared = users.get(&self.who).is_some_and(|it| !it.object.deleting);
        let missing = || DeclaredPrincipal::MissingUser(self.who.clone());
        let principal = if declared { DeclaredPrincipal::Email(email(&self.who)) } else { missing() };
        let everywhere = self.role == "OrganizationAdmin";
        let scope = if everywhere { Scope::organization() } else { Scope::environment("env-prod01").unwrap() };
        DesiredBinding { principal, role: self.role.clone(), scope, adoption: None, retain: false }
    }
}

impl Pure {
    /// What somebody does, as far as it is no accident of an operator's.
    pub(super) fn play(&mut self, step: &Step) {
        match step {
            Step::DeclareUser(name) | Step::Replace(name) => {
                if let (Step::Replace(_), Some(person)) = (step, self.users.get_mut(*name)) {
                    person.object.deleting = true;
                    self.settle();
                }
                self.declare_user(name);
            }
            Step::DeclareBinding(user, role, window) => self.declare_binding(user, role, *window),
            Step::EditBinding(name, role) => {
                let taken = self.bindings.values().any(|it| name.starts_with(&it.who) && it.role == *role);
                if let Some(bound) = self.bindings.get_mut(name).filter(|it| !it.object.deleting && !taken) {
                    (*role).clone_into(&mut bound.role);
                    bound.object.touched = true;
                }
            }
            Step::Withdraw("confluentusers", name) => {
                if let Some(person) = self.users.get_mut(name) {
                    person.object.deleting = true;
                }
            }
            Step::Withdraw(_, name) => {
                if let Some(bound) = self.bindings.get_mut(name) {
                    bound.object.deleting = true;
                }
            }
            Step::Suspend(name, suspend) => {
                if let Some(bound) = self.bindings.get_mut(name) {
                    bound.object.suspended = *suspend;
                }
            }
            Step::Observe(observe) => self.observing = *observe,
            Step::Delegate(delegate) => self.delegations = if *delegate { delegations() } else { Vec::new() },
            Step::Accept(name) => {
                self.portal(&Command::AcceptInvitation { email: address(name), full_name: String::new() });
            }
            Step::Revoke(name) => {
                let held = self.id_of(name).and_then(|id| {
                    let bindings = self.world.contents(self.now).bindings;
                    bindings.into_iter().find(|it| it.principal.as_str() == id).map(|it| it.id.clone())
                });
                if let Some(binding) = held {
                    self.portal(&Command::Revoke { binding });
                }
            }
            Step::DeleteUser(name) => {
                if let Some(user) = self.id_of(name) {
                    self.portal(&Command::DeleteUser { user });
                }
            }
            Step::DeleteNamespace => {
                self.users.values_mut().for_each(|it| it.object.deleting = true);
                self.bindings.values_mut().for_each(|it| it.object.deleting = true);
            }
            _ => {}
        }
    }

    fn id_of(&self, name: &str) -> Option<String> {
        let users = self.world.contents(self.now).users;
        users.into_iter().find(|it| it.email == address(name)).map(|it| it.id.clone())
    }

    fn portal(&mut self, command: &Command) {
        let done = self.world.apply(&Actor::Portal, command, self.now).is_ok();
        self.note(&done);
    }

    fn declare_user(&mut self, name: &str) {
        let object = UserObject {
            created: self.now,
            deleting: false,
            sharers: Vec::new(),
            declared_bindings: Vec::new(),
            going: Vec::new(),
            recorded: None,
            unproved: false,
            hidden: false,
            attempts: 0,
            suspended: false,
        };
        let desired = DesiredUser {
            email: email(name),
            full_name: None,
            auth_type: None,
            max_attempts: 3,
            adoption: Adoption::Adopt,
            deletion: UserDeletion::DeleteIfUnused,
        };
        self.users.entry(name.to_owned()).or_insert(Person { object, desired });
    }

    fn declare_binding(&mut self, user: &str, role: &str, window: Window) {
        if self.bindings.values().any(|it| it.who == user && it.role == role) {
            return;
        }
        let at = |seconds| Some(self.now + SignedDuration::from_secs(seconds));
        let validity = match window {
            Window::Always => Validity::default(),
            Window::From(seconds) => Validity { not_before: at(seconds), not_after: None },
            Window::Until(seconds) => Validity { not_before: None, not_after: at(seconds) },
        };
        let object = BindingObject {
            created: self.now,
            deleting: false,
            touched: true,
            recorded: None,
            made: Vec::new(),
            unproved: Vec::new(),
            doubted: false,
            meaning: None,
            declared_here: true,
            validity,
            suspended: false,
            delegations_known: true,
        };
        let (who, role) = (user.to_owned(), role.to_owned());
        let name = format!("{user}-{}", role.to_lowercase());
        self.bindings.entry(name).or_insert(Bound { object, who, role });
    }
}
