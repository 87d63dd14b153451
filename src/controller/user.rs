//! `ConfluentUser` in the loop: what is observed, and how the decision becomes a status.

use std::time::Duration;

use jiff::Timestamp;
use kube::{Api, Client, ResourceExt};

use crate::{
    access::{
        Advice, Grant, PrincipalId,
        advice::{Person as Known, person},
        effective::{self, Held},
        listing::{AuthType, User},
    },
    api::{
        ConfluentUser, ConfluentUserStatus,
        common::Conditions,
        convert,
        user::{AccessList, AuthType as DeclaredAuthType, InvitationStatus, UserDeletionPolicy},
    },
    plan::{Class, Decision, Finding, Inventory, Reason, Removal, Written, person::Person, user},
    status::ConditionType,
};

use super::{
    context::Context,
    drift,
    ground::{Ground, lane_or_wait},
    intent::{self, Intent},
    key::Kind,
    lane::{Organization, View},
    managed::{Managed, Plan, has_finalizer, key_of, new_advice},
    neighbour,
};

/// Most entries of a list in a status.
const SHOWN: usize = 20;

/// What was observed of one person's object.
pub(crate) struct UserFacts {
    ground: Ground,
    sharers: Vec<String>,
    recheck: Duration,
}

impl Managed for ConfluentUser {
    type Status = ConfluentUserStatus;
    type Facts = UserFacts;
    type Realm = Organization;

    const KIND: Kind = Kind::User;
    const SPECIAL: Option<ConditionType> = Some(ConditionType::InvitationAccepted);

    fn api(client: &Client, namespace: Option<&str>) -> Api<Self> {
        Api::namespaced(client.clone(), namespace.unwrap_or("default"))
    }

    async fn observe(&self, context: &Context) -> UserFacts {
        context.declared.fill(&context.wake.bindings);
        context.wake.bindings_of(self, &context.memory);
        if self.status.as_ref().is_none_or(|status| status.observed_generation < 0) {
            context.wake.bindings_of_a_new(self);
            // One that is being deleted leaves the account to this one, also where its removal waits already.
            context.wake.users_like(self);
        }
        let organization = self.connection();
        let ground = Ground::observe(self, organization, context);
        let sharers = sharers(self, &ground, context);
        UserFacts { sharers, recheck: context.wake.resync(organization), ground }
    }

    fn plan(&self, facts: &UserFacts, context: &Context, now: Timestamp) -> Plan<Self> {
        let mut status = self.status.clone().unwrap_or_default();
        let lane = match lane_or_wait(self, &facts.ground.link, facts.ground.observing, &status) {
            Ok(lane) => lane,
            Err(plan) => return *plan,
        };
        let view = lane.view();
        let attempts = status.invitation.as_ref().map_or(0, |invitation| invitation.attempts);
        let (mut drift, mut inherits, mut listed, mut hidden) = (None, false, false, false);
        let uid = self.uid().unwrap_or_default();
        let decision = match (convert::desired_user(&self.spec), view.picture()) {
            (Ok(desired), Some(inventory)) => {
                let person = inventory.person(&desired.email, now);
                let id = person.id().cloned();
                let sent = u32::try_from(inventory.invitation_count(&desired.email)).unwrap_or(u32::MAX);
                let deleting = self.metadata.deletion_timestamp.is_some();
                let hangs_on = id.as_ref().filter(|_| deleting);
                let object = user::UserObject {
                    created: self.metadata.creation_timestamp.as_ref().map_or(now, |time| time.0),
                    deleting,
                    sharers: facts.sharers.clone(),
                    declared_bindings: hangs_on
                        .map(|id| neighbour::standing_for(self, id, &facts.ground, &view, context, now))
                        .unwrap_or_default(),
                    going: hangs_on.map(|id| neighbour::going_of(self, id, context)).unwrap_or_default(),
                    recorded: status.user_id.as_deref().map(PrincipalId::new),
                    unproved: deleting && is_unproved(&uid, desired.email.as_str(), person, &view),
                    hidden: hangs_on
                        .is_some_and(|id| intent::may_hold_more(self.connection(), id, &view, context, now)),
                    attempts: attempts as usize,
                    suspended: self.spec.suspend,
                };
                let looked_at = facts.ground.facts(&view, inventory, now);
                let decision = user::decide(&object, &desired, &looked_at);
                let denied = decision.validated.finding.reason == Reason::DelegationDenied;
                let moved = user::moved(&object, &desired, &looked_at).is_some();
                if !denied && !moved {
                    drift = drift::of_user(self, id.as_ref(), inventory, &view);
                }
                let lately = deleting && intent::lately(self, &view, now);
                inherits = lately && may_be_there(&uid, status.user_id.as_deref(), person, &view);
                listed = !matches!(person, Person::Absent);
                hidden = object.hidden;
                if denied {
                    // With whom it has no business, of that one it tells nothing but whom it stood for before.
                    (status.invitation, status.access) = (None, None);
                    status.user_id = status.user_id.filter(|_| has_finalizer(self));
                } else if !moved {
                    let before = status.access.take().unwrap_or_default();
                    status.access = id.as_ref().map(|id| access(id, inventory, self.connection(), &before, context));
                    status.invitation = invitation(person, sent.max(attempts));
                    status.user_id = id.map(|id| id.as_str().to_owned());
                }
                decision
            }
            (Err(finding), _) => invalid(self, finding),
            (Ok(_), None) => invalid(self, Finding::new(Reason::OrganizationNotReady, "there is no listing yet")),
        };
        let advice = if decision.ready.reason.class() == Class::Refused { Vec::new() } else { advice(self, &view) };
        status.warnings = convert::warnings(&self.metadata, advice);
        let (ended, along) = (view.ended(&uid), view.along(&decision.steps));
        drop(view);
        if listed {
            lane.shows(&uid, "");
        }
        if let Some(key) = key_of(self).filter(|_| decision.looks_again) {
            lane.look_twice(&key, "");
        }
        if hidden {
            lane.look_for_news();
        }
        if let Some(drift) = &drift {
            status.drift = drift::with(&status.drift, drift, now);
        }
        let drift = drift.map(|it| it.sentence(&format!("`{}`", self.spec.email)));
        let advice = new_advice(self.status.as_ref().map(|status| status.warnings.as_slice()), &status.warnings);
        let intent = Intent { inherited: inherits, ..Intent::default() };
        Plan { lane: Some(lane), ended, along, advice, drift, intent, ..Plan::say(decision, status, facts.recheck) }
    }

    fn connection(&self) -> &str {
        &self.spec.organization_ref.name
    }

    fn status(&self) -> Option<&ConfluentUserStatus> {
        self.status.as_ref()
    }

    fn observed_generation(status: &ConfluentUserStatus) -> i64 {
        status.observed_generation
    }

    fn conditions(status: &ConfluentUserStatus) -> &Conditions {
        &status.conditions
    }

    fn with(mut status: ConfluentUserStatus, generation: i64, conditions: Conditions) -> ConfluentUserStatus {
        status.observed_generation = generation;
        status.conditions = conditions;
        status
    }
}

/// Whether a person who is not listed may be there all the same: a former process may have sent an invitation that the listing
/// does not show yet. Not where this one removed them.
fn may_be_there(uid: &str, id: Option<&str>, person: Person<'_>, view: &View<'_, Organization>) -> bool {
    let ended = |written: &Written| match written {
        Written::Removed(Removal::Account { user, .. }) => Some(user.as_str()) == id,
        Written::Removed(Removal::Invitation { user, .. }) => user.as_ref().map(PrincipalId::as_str) == id,
        Written::Removed(Removal::Binding(_)) | Written::Granted(_) | Written::Invited(_) | Written::Renamed { .. } => {
            false
        }
    };
    matches!(person, Person::Absent) && view.may_lag() && !view.has_shown(uid, "") && !view.own_writes().any(ended)
}

/// Whether somebody is missing from the last listing whom no write of ours ended, and from no second one.
fn is_unproved(uid: &str, who: &str, person: Person<'_>, view: &View<'_, Organization>) -> bool {
    let ended = |written: &Written| match written {
        Written::Removed(Removal::Account { email, .. } | Removal::Invitation { email, .. }) => email.as_str() == who,
        Written::Removed(Removal::Binding(_)) | Written::Granted(_) | Written::Invited(_) | Written::Renamed { .. } => {
            false
        }
    };
    matches!(person, Person::Absent) && !view.own_writes().any(ended) && !view.lacks_twice(uid, "")
}

/// What is worth knowing about the person.
fn advice(user: &ConfluentUser, view: &View<'_, Organization>) -> Vec<Advice> {
    let spec = &user.spec;
    let auth_type = spec.auth_type.map(|it| match it {
        DeclaredAuthType::Sso => AuthType::Sso,
        DeclaredAuthType::Local => AuthType::Local,
    });
    let sso = |it: &User| it.auth_type == Some(AuthType::Sso) && it.email.as_str() != spec.email;
    // Who signs in through the provider does not matter to anybody else.
    let others_by_sso =
        auth_type == Some(AuthType::Local) && view.picture().is_some_and(|inventory| inventory.users().any(sso));
    let deleted_with_everything = spec.deletion_policy == UserDeletionPolicy::Delete;
    person(Known { email: &spec.email, auth_type, deleted_with_everything, others_by_sso })
}

/// An object that cannot be understood never stood for anybody, so deleting it lets it go.
fn invalid(object: &ConfluentUser, finding: Finding) -> Decision {
    if object.metadata.deletion_timestamp.is_some() {
        return Decision::release(format!("it never stood for anybody: {}", finding.message));
    }
    Decision::invalid(finding.reason, finding.message)
}

fn invitation(person: Person<'_>, attempts: u32) -> Option<InvitationStatus> {
    match person {
        Person::Invited(invitation) | Person::Expired(invitation) => Some(InvitationStatus {
            id: invitation.id.clone(),
            attempts,
            expires_at: invitation.expires_at.map(|at| at.to_string()),
        }),
        Person::Absent | Person::Active(_) => None,
    }
}

/// Other live objects of the same organization with the same e-mail. One that no delegation admits keeps nobody: else whoever may
/// write into any namespace could.
fn sharers(user: &ConfluentUser, ground: &Ground, context: &Context) -> Vec<String> {
    let mut names = context.wake.users.select(|other| {
        let shares = other.spec.email == user.spec.email
            && other.connection() == user.connection()
            && other.uid() != user.uid()
            && other.metadata.deletion_timestamp.is_none();
        let namespace = other.namespace().unwrap_or_default();
        let stands = shares && ground.may_invite(&namespace, &other.spec.email, context);
        stands.then(|| format!("{namespace}/{}", other.name_any()))
    });
    names.extend(context.wake.users.broken(|other| {
        other.is_live()
            && other.says("/spec/email", &user.spec.email)
            && other.says("/spec/organizationRef/name", user.connection())
    }));
    names.sort();
    names
}

/// What the person holds by bindings of their own, with what no object declares marked. Where that is not known yet, what was
/// said before a restart stays.
fn access(
    id: &PrincipalId,
    inventory: &Inventory,
    organization: &str,
    before: &AccessList,
    context: &Context,
) -> AccessList {
    let declared = |it: &Held| {
        let grant =
            it.scope().map(|scope| Grant { principal: id.clone(), role: it.role.clone(), scope: scope.clone() });
        let known = grant.map_or(Some(false), |grant| {
            context.standing(organization, &grant).knows(organization, &grant, |key| context.wake.exists(key))
        });
        known.unwrap_or_else(|| !before.entries.contains(&format!("{it}{UNDECLARED}")))
    };
    listed(&effective::held(id, &[], inventory.bindings_of(id), None), declared)
}

/// What marks a grant in that list.
const UNDECLARED: &str = " (declared by no object)";

/// The list of a status: capped, with the total before that.
fn listed(held: &[Held], declared: impl Fn(&Held) -> bool) -> AccessList {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let mark = |it: &Held| if declared(it) { "" } else { UNDECLARED };
    let mut entries: Vec<String> = held.iter().map(|it| format!("{it}{}", mark(it))).collect();
    let undeclared = held.iter().filter(|it| !declared(it)).count();
    entries.sort();
    entries.truncate(SHOWN);
    AccessList { total: count(held.len()), undeclared: count(undeclared), entries }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{
        Scope,
        effective::{At, Through},
    };

    #[test]
    fn all_that_is_held_is_counted_and_twenty_are_shown() {
        let held = |role: &str, at: At| Held { role: role.to_owned(), at, through: Through::Binding };
        let environment = |number: usize| At::Place(Scope::environment(&format!("env-{number:02}")).unwrap());
        let mut all: Vec<Held> = (0..30).map(|number| held("Operator", environment(number))).collect();
        all.push(held("Later", At::Unread("crn://later".to_owned())));
        let list = listed(&all, |it| it.scope().is_some());
        assert_eq!((list.total, list.undeclared, list.entries.len()), (31, 1, SHOWN));
        assert_eq!(list.entries[0], "Later on crn://later (declared by no object)");
        assert_eq!(list.entries[1], "Operator on environment env-00");
    }
}
