//! A person's whole life: absent, invited, expired and re-invited, active, removed. PURE.

use jiff::Timestamp;

use crate::access::{
    Email, Grant, PrincipalId,
    catalogue::AccountOperation,
    delegation::{self, Namespace},
    listing::{AuthType, Invitation, User},
};

use super::{
    Decision, Fact, Reason, Removal, Step,
    facts::{Adoption, Facts, pre_exists},
    person::Person,
};

/// How soon it is looked again whether a listing shows what it may have to, in seconds.
const AGAIN: i64 = 10;

/// What becomes of the account when the object is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserDeletion {
    /// Deleted, once nothing hangs on it.
    DeleteIfUnused,
    /// Deleted, with whatever hangs on it.
    Delete,
    /// Kept.
    Retain,
}

/// What a `ConfluentUser` declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredUser {
    /// Who.
    pub email: Email,
    /// The name to show, where one is declared.
    pub full_name: Option<String>,
    /// How they sign in; the organization's default when absent.
    pub auth_type: Option<AuthType>,
    /// How often an invitation is sent in all.
    pub max_attempts: usize,
    /// Whether a member who was there before is taken over.
    pub adoption: Adoption,
    /// What deletion does.
    pub deletion: UserDeletion,
}

/// The object around the declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and none excludes another")]
pub struct UserObject {
    /// Its `creationTimestamp`.
    pub created: Timestamp,
    /// It is being deleted.
    pub deleting: bool,
    /// Other live objects of the same organization with the same e-mail, as `namespace/name`.
    pub sharers: Vec<String>,
    /// Live bindings that other objects declare for this person, as `namespace/name`.
    pub declared_bindings: Vec<String>,
    /// What bindings that are being deleted answer for, each as `namespace/name`.
    pub going: Vec<(String, Grant)>,
    /// The account that it stood for, as its status says.
    pub recorded: Option<PrincipalId>,
    /// Whoever it stands for is missing from one listing, and from no other yet.
    pub unproved: bool,
    /// Something that they were granted may be there and not be listed yet.
    pub hidden: bool,
    /// How often an invitation was sent, as recorded.
    pub attempts: usize,
    /// Its spec says that nothing remote is to be changed.
    pub suspended: bool,
}

/// Decides about one person.
pub fn decide(object: &UserObject, desired: &DesiredUser, facts: &Facts<'_>) -> Decision {
    match (object.deleting, facts.observing) {
        (true, true) => Decision::unrevoked("organization"),
        (true, false) => end(object, desired, facts),
        (false, true) => live(object, desired, facts).observed("organization"),
        (false, false) if object.suspended => live(object, desired, facts).suspended(),
        (false, false) => live(object, desired, facts),
    }
}

fn live(object: &UserObject, desired: &DesiredUser, facts: &Facts<'_>) -> Decision {
    let email = &desired.email;
    if let Err(denial) = delegation::may_invite(facts.delegations, facts.namespace, email) {
        return Decision::invalid(
            Reason::DelegationDenied,
            format!("`{email}`: {denial}; the organization's owner can add it to `spec.delegations`"),
        );
    }
    if let Some(user) = moved(object, desired, facts) {
        let next = format!(
            "delete this object, with `deletionPolicy: Retain`, and declare a ConfluentUser for `{}`, or have the vendor \
             give the account its address back",
            user.email
        );
        return renamed(desired, user, &next, facts).owning();
    }
    match facts.inventory.person(email, facts.now) {
        Person::Absent => invite(desired, facts, format!("`{email}` is being invited")),
        Person::Expired(_) => reinvite(object, desired, facts),
        Person::Invited(invitation) => invited(invitation, facts),
        Person::Active(user) => active(object, desired, user, facts),
    }
}

/// The account that the object stood for, where it has another address now.
pub fn moved<'a>(object: &UserObject, desired: &DesiredUser, facts: &Facts<'a>) -> Option<&'a User> {
    facts.inventory.user(object.recorded.as_ref()?).filter(|user| user.email != desired.email)
}

/// Neither the account nor whoever has the address now is touched: nobody but a person can tell which of the two is meant.
fn renamed(desired: &DesiredUser, user: &User, next: &str, facts: &Facts<'_>) -> Decision {
    let (email, User { id, email: address, .. }) = (&desired.email, user);
    let other = match facts.inventory.person(email, facts.now) {
        Person::Active(other) => format!("`{}` has", other.id),
        Person::Invited(_) | Person::Expired(_) => "somebody else is invited at".to_owned(),
        Person::Absent => "nobody has".to_owned(),
    };
    let message = format!(
        "`{email}` was `{id}`, whose address is `{address}` now, and {other} `{email}`: {next}; until then nobody is invited \
         and nobody removed"
    );
    Decision::invalid(Reason::PrincipalChanged, message)
}

fn invite(desired: &DesiredUser, facts: &Facts<'_>, message: String) -> Decision {
    if !facts.may_operate(AccountOperation::InviteUser) {
        return missing_account_admin(desired, "invite");
    }
    let step = Step::Invite { email: desired.email.clone(), auth_type: desired.auth_type };
    let not_yet = Fact::new(false, Reason::Progressing, format!("`{}` is not a member yet", desired.email));
    Decision::say(Reason::Progressing, message).with_steps(vec![step]).with_special(not_yet).owning()
}

fn reinvite(object: &UserObject, desired: &DesiredUser, facts: &Facts<'_>) -> Decision {
    let email = &desired.email;
    let sent = object.attempts.max(facts.inventory.invitation_count(email));
    if sent < desired.max_attempts {
        let message =
            format!("the invitation of `{email}` lapsed; sending number {} of {}", sent + 1, desired.max_attempts);
        return invite(desired, facts, message);
    }
    let message = format!(
        "`{email}` let {sent} of {} invitations lapse: ask the person, then raise `spec.invitation.maxAttempts`",
        desired.max_attempts
    );
    Decision::say(Reason::InvitationExpired, message.clone())
        .with_special(Fact::new(false, Reason::InvitationExpired, message))
        .owning()
}

fn invited(invitation: &Invitation, facts: &Facts<'_>) -> Decision {
    let until = invitation.expires_at.map_or_else(String::new, |at| format!(" until {at:.0}"));
    let message = format!("`{}` is invited and has not accepted yet; the invitation holds{until}", invitation.email);
    let mut decision = Decision::say(Reason::InvitationPending, message.clone())
        .with_special(Fact::new(false, Reason::InvitationPending, message))
        .owning();
    decision.recheck_seconds = invitation.expires_at.map(|at| at.duration_since(facts.now).as_secs() + 1);
    decision
}

fn active(object: &UserObject, desired: &DesiredUser, user: &User, facts: &Facts<'_>) -> Decision {
    let email = &desired.email;
    let accepted = Fact::new(true, Reason::InSync, format!("`{email}` is a member"));
    if desired.adoption == Adoption::Refuse && pre_exists(user.created_at, object.created) {
        let message = format!(
            "`{email}` was a member before this object, which says `adoption: Refuse`: set `adoption: Adopt` to take the \
             account over; it is untouched"
        );
        return Decision::invalid(Reason::AdoptionRequired, message).with_special(accepted);
    }
    if let Some(name) = desired.full_name.as_ref().filter(|name| **name != user.full_name) {
        if !facts.may_operate(AccountOperation::AlterUser) {
            return missing_account_admin(desired, "change the full name of").with_special(accepted).owning();
        }
        let step = Step::Rename { user: user.id.clone(), full_name: name.clone() };
        let message = format!("the full name of `{email}` is being set");
        return Decision::say(Reason::Progressing, message).with_steps(vec![step]).with_special(accepted).owning();
    }
    let roles = facts.inventory.bindings_of(&user.id).count();
    let (reason, message) = match (roles, object.sharers.as_slice()) {
        (_, [_, ..]) => (
            Reason::Shared,
            format!(
                "`{email}` is a member; declared by {} too, the account goes with the last",
                known_of(&object.sharers, facts.namespace)
            ),
        ),
        (0, []) => (Reason::NoRoles, format!("`{email}` is a member and holds no role in this organization yet")),
        (count, []) => (Reason::InSync, format!("`{email}` is a member and holds {}", counted(count, "role"))),
    };
    Decision::say(reason, message).with_special(accepted).owning()
}

fn end(object: &UserObject, desired: &DesiredUser, facts: &Facts<'_>) -> Decision {
    let email = &desired.email;
    if desired.deletion == UserDeletion::Retain {
        return Decision::release(format!("`{email}` is kept, as `deletionPolicy: Retain` says"));
    }
    if !object.sharers.is_empty() {
        return Decision::release(format!(
            "`{email}` is kept: declared by {} too",
            known_of(&object.sharers, facts.namespace)
        ));
    }
    if let Err(denial) = delegation::may_invite(facts.delegations, facts.namespace, email)
        && !stood_for(object, desired, facts)
    {
        let why = match object.recorded {
            Some(_) => "and the account was there before this object: whoever keeps the organization can remove it",
            None => "so this object never stood for the account",
        };
        return Decision::release(format!("`{email}` is kept: {denial}, {why}"));
    }
    if let Some(user) = moved(object, desired, facts) {
        let next = "set `deletionPolicy: Retain` to let this object go with the account kept, or have the vendor give the \
                    account its address back to remove it";
        return renamed(desired, user, next, facts).owning();
    }
    match facts.inventory.person(email, facts.now) {
        Person::Absent => {
            let gone = Decision::release(format!("`{email}` is not a member"));
            if object.unproved { gone.looking_again(Reason::Revoking, &format!("`{email}`")) } else { gone }
        }
        Person::Invited(invitation) | Person::Expired(invitation) => withdraw(object, desired, invitation, facts),
        Person::Active(user) if desired.adoption == Adoption::Refuse && pre_exists(user.created_at, object.created) => {
            Decision::release(format!(
                "`{email}` is kept: the account was there before, and `adoption: Refuse` left it alone"
            ))
        }
        Person::Active(user) => remove(object, desired, user, facts),
    }
}

/// Whether an account that the namespace may not declare any more came with the object, by its status and by its age.
fn stood_for(object: &UserObject, desired: &DesiredUser, facts: &Facts<'_>) -> bool {
    let Some(recorded) = &object.recorded else { return false };
    let (user, since) = match facts.inventory.person(&desired.email, facts.now) {
        Person::Absent => return object.unproved,
        Person::Active(user) => (Some(&user.id), user.created_at),
        Person::Invited(invitation) | Person::Expired(invitation) => (invitation.user.as_ref(), invitation.created_at),
    };
    user == Some(recorded) && !pre_exists(since, object.created)
}

fn withdraw(object: &UserObject, desired: &DesiredUser, invitation: &Invitation, facts: &Facts<'_>) -> Decision {
    if let Some(held) = invitation.user.as_ref().and_then(|id| still_used(object, desired, id, facts)) {
        return held;
    }
    if object.hidden {
        return hidden(desired);
    }
    let removal = Removal::Invitation {
        id: invitation.id.clone(),
        user: invitation.user.clone(),
        email: invitation.email.clone(),
    };
    taking_away(desired, facts, removal, "withdraw the invitation of")
}

/// Whoever goes may be one of those of whom a number has to remain, and no look at the vendor tells that yet.
fn hidden(desired: &DesiredUser) -> Decision {
    let message = format!(
        "`{}` is removed once a listing shows what they were granted lately, or shows that it is not there",
        desired.email
    );
    Decision { recheck_seconds: Some(AGAIN), ..Decision::say(Reason::Revoking, message).owning() }
}

fn remove(object: &UserObject, desired: &DesiredUser, user: &User, facts: &Facts<'_>) -> Decision {
    if let Some(held) = still_used(object, desired, &user.id, facts) {
        return held;
    }
    if object.hidden {
        return hidden(desired);
    }
    let removal = Removal::Account { user: user.id.clone(), email: user.email.clone() };
    taking_away(desired, facts, removal, "delete the account of")
}

fn taking_away(desired: &DesiredUser, facts: &Facts<'_>, removal: Removal, verb: &str) -> Decision {
    if !facts.may_operate(AccountOperation::DeleteUser) {
        return missing_account_admin(desired, verb).owning();
    }
    let message = format!("`{}` is being removed from the organization", desired.email);
    Decision::say(Reason::Revoking, message).with_steps(vec![Step::Remove(removal)]).owning()
}

/// What holds the account under `DeleteIfUnused`, if anything does.
fn still_used(object: &UserObject, desired: &DesiredUser, id: &PrincipalId, facts: &Facts<'_>) -> Option<Decision> {
    if desired.deletion != UserDeletion::DeleteIfUnused {
        return None;
    }
    let mut left: Vec<String> = object.declared_bindings.iter().map(|name| format!("RoleBinding `{name}`")).collect();
    let mut going: Vec<String> = Vec::new();
    if left.is_empty() {
        for binding in facts.inventory.bindings_of(id) {
            let answers = |grant: &Grant| grant.role == binding.role && Some(&grant.scope) == binding.scope.as_ref();
            match (object.going.iter().find(|(_, grant)| answers(grant)), &binding.scope) {
                (Some((name, _)), _) => going.push(name.clone()),
                (None, Some(scope)) => left.push(format!("{} on {}", binding.role, scope.describe())),
                (None, None) => left.push(format!("{} on `{}`", binding.role, binding.crn)),
            }
        }
        left.sort();
        going.sort();
    }
    let keys = facts.inventory.api_keys_of(id).unwrap_or_default();
    left.extend(keys.iter().map(|key| format!("API key `{}` for {}", key.id, key.resource)));
    if left.is_empty() && facts.own_roles().is_some() && !facts.sees_everything() {
        left.push("whatever the operator's identity cannot see, as it is not OrganizationAdmin".to_owned());
    }
    if left.is_empty() {
        let message = || {
            let names = known_of(&going, facts.namespace);
            format!("`{}` is removed after the bindings that are being deleted: {names}", desired.email)
        };
        return (!going.is_empty()).then(|| Decision::say(Reason::Revoking, message()).owning());
    }
    let message = format!(
        "the account of `{}` is kept because {} left: {}. Remove them, or set `deletionPolicy: Delete` to delete the \
         account with all of it, or `Retain` to keep it",
        desired.email,
        if left.len() == 1 { "this is" } else { "these are" },
        list_plain(&left)
    );
    Some(Decision::say(Reason::AccessRemains, message).owning())
}

fn missing_account_admin(desired: &DesiredUser, verb: &str) -> Decision {
    Decision::invalid(
        Reason::MissingAccountAdmin,
        format!(
            "the operator's identity may not {verb} `{}`: grant it AccountAdmin, or do it by hand in the portal",
            desired.email
        ),
    )
}

/// Other objects that declare the same thing, as a namespace may know of them: its own by name, others by number.
pub(super) fn known_of(names: &[String], namespace: &Namespace) -> String {
    let own = |name: &&String| name.split_once('/').is_some_and(|(of, _)| of == namespace.name);
    let (own, others): (Vec<&String>, Vec<&String>) = names.iter().partition(own);
    let told = (!own.is_empty()).then(|| list(&own.into_iter().cloned().collect::<Vec<_>>()));
    let counted = match others.len() {
        0 => None,
        1 => Some("1 object of another namespace".to_owned()),
        count => Some(format!("{count} objects of other namespaces")),
    };
    told.into_iter().chain(counted).collect::<Vec<_>>().join(" and ")
}

/// Names in backquotes, at most five.
pub(super) fn list(names: &[String]) -> String {
    list_plain(&names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>())
}

fn list_plain(items: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut text = items.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if items.len() > SHOWN {
        text = format!("{text} and {} more", items.len() - SHOWN);
    }
    text
}

/// "1 role", "2 roles".
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
