//! One user of a publisher: added, adopted, moved between the two roles in one write, removed with its object and when its
//! time is over. PURE.
//!
//! Whose a user is follows from the object and from when the user was added, and not from a record: so an owner who was there
//! before the object, and a contributor who was there before and shall become an owner, are taken over only where the
//! object spells `adoption: Adopt`. After the write the two could not be told apart. What is recorded is the role that an
//! object answers for, by which a delegation that is withdrawn is judged.

mod advice;
mod drift;
mod end;
pub mod guard;
mod note;
mod object;
mod roll;
mod step;
mod withdrawn;

use jiff::Timestamp;

use crate::access::{
    delegation::Namespace,
    publisher::{
        HeldRole, Member, MemberKey, MemberKind, NewMember, PublisherRole,
        delegation::{self, Denial, MemberRequest, PublisherDelegation},
    },
};

use self::{
    end::{end, lapsed},
    withdrawn::{is_replaced, revoke, withdrawn},
};
use super::{
    Adoption, Class, Decision, Fact, Finding, Reason,
    life::{Life, is_left_alone},
    permit::MemberRemoval,
    user::known_of,
};

pub use advice::{advice, publisher_advice};
pub use drift::drift;
pub use guard::{MemberGuardFacts, MemberProtection};
pub use note::{Noted, NotedOn};
pub use object::{Contradiction, MemberObject, Other};
pub use roll::{MemberCounts, Roll};
pub use step::{MemberStep, MemberWritten};

/// What becomes of the user when the object is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberDeletion {
    /// Removed from the publisher.
    Delete,
    /// Kept.
    Retain,
}

/// What an object says about the mail of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mailbox {
    /// Somebody reads it.
    Monitored,
    /// Nobody does.
    Unmonitored,
}

/// What a `PublisherUser` declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredMember {
    /// Who.
    pub key: MemberKey,
    /// What it is.
    pub kind: MemberKind,
    /// What it shall be able to do.
    pub role: PublisherRole,
    /// The name to show, where one is declared.
    pub friendly_name: Option<String>,
    /// Whether somebody who was there before is taken over; by role when not spelled.
    pub adoption: Option<Adoption>,
    /// What deletion does.
    pub deletion: MemberDeletion,
    /// What is said about the mail of the address.
    pub mailbox: Option<Mailbox>,
}

/// Facts about the publisher.
#[derive(Clone, Copy, Debug)]
pub struct MemberFacts<'a> {
    /// Everybody on it.
    pub roll: &'a Roll,
    /// Whom the operator acts as; `None` where it cannot tell.
    pub own: Option<&'a MemberKey>,
    /// The operator's own role; `None` where it cannot tell.
    pub own_role: Option<PublisherRole>,
    /// What namespaces may declare.
    pub delegations: &'a [PublisherDelegation],
    /// The object's namespace.
    pub namespace: &'a Namespace,
    /// Nothing remote is changed: the publisher is only observed.
    pub observing: bool,
}

/// A decision about a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberDecision {
    /// What to do and say.
    pub decision: Decision<MemberStep>,
    /// The role that the object answers for from now on.
    pub record: Option<PublisherRole>,
}

/// Decides about one user.
pub fn decide(object: &MemberObject, desired: &DesiredMember, facts: &MemberFacts<'_>) -> MemberDecision {
    let (deleting, suspended, observing) = (object.deleting, object.suspended, facts.observing);
    let life = Life { deleting, suspended, observing, realm: "publisher" };
    let doubting = |decision: Decision<MemberStep>| {
        if object.doubted && object.delegations_known { decision.doubting("publisher") } else { decision }
    };
    if object.deleting {
        let decision = doubting(life.unrevoked().unwrap_or_else(|| end(object, desired, facts)));
        return MemberDecision { decision, record: object.recorded };
    }
    let withdrawn = withdrawn(object, desired, facts);
    let revoking = withdrawn.as_ref().and_then(|denial| revoke(object, desired, denial, facts));
    let withdrawing = revoking.is_some();
    let decided = revoking.unwrap_or_else(|| {
        let lost = withdrawn.filter(|_| !is_replaced(object, desired, facts));
        let bare = lost.map(|_| MemberObject { recorded: None, ..object.clone() });
        in_time(bare.as_ref().unwrap_or(object), desired, facts)
    });
    // An observer answers for nothing that it did not answer for before.
    let mut record = if facts.observing { object.recorded } else { decided.record };
    let mut decision = decided.decision;
    if object.unproved && record.is_none() && object.recorded.is_some() {
        decision = decision.looking_again(Reason::Progressing, &format!("`{}`", desired.key));
        record = object.recorded;
    }
    MemberDecision { decision: doubting(life.restrained(decision, withdrawing)), record }
}

/// What is decided by the user's own time.
fn in_time(object: &MemberObject, desired: &DesiredMember, facts: &MemberFacts<'_>) -> MemberDecision {
    if let Some(outside) = object.outside {
        return lapsed(object, desired, outside, facts);
    }
    if let Some(Finding { reason, message }) = &object.unreadable {
        let decision = Decision::invalid(*reason, message.clone()).with_recorded(object, desired, facts);
        return MemberDecision { decision, record: object.recorded };
    }
    let mut decision = live(object, desired, facts);
    let record = if decision.ready.reason.class() == Class::Settled { Some(desired.role) } else { object.recorded };
    decision.owns |= object.recorded.is_some();
    MemberDecision { decision, record }
}

fn live(object: &MemberObject, desired: &DesiredMember, facts: &MemberFacts<'_>) -> Decision<MemberStep> {
    let key = &desired.key;
    if let Err(denial) = permitted(desired, desired.role, facts.delegations, facts.namespace) {
        return denied(key, &denial).with_recorded(object, desired, facts);
    }
    let member = facts.roll.member(key);
    let known = object.recorded.max(object.elsewhere);
    let ours = member.map(|member| ours(object.created, known, desired, member));
    if let Some(contradiction) = &object.contradicted {
        let mut decision = Decision::invalid(Reason::ContradictingRoles, contradiction.said(desired, facts.namespace));
        decision.owns = matches!(ours, Some(Ok(())));
        return decision.with_special(granted(desired, member));
    }
    match (member, ours) {
        (Some(_), Some(Err(finding))) => {
            Decision::invalid(finding.reason, finding.message).with_special(granted(desired, member))
        }
        (Some(member), _) => there(object, desired, member, facts),
        (None, _) => {
            let step = MemberStep::Add(NewMember {
                key: key.clone(),
                kind: desired.kind.clone(),
                role: desired.role,
                friendly_name: desired.friendly_name.clone(),
            });
            under_way(step, format!("`{key}` is being added as {}", desired.role), facts)
                .with_special(granted(desired, None))
        }
    }
}

fn there(
    object: &MemberObject,
    desired: &DesiredMember,
    member: &Member,
    facts: &MemberFacts<'_>,
) -> Decision<MemberStep> {
    let key = &desired.key;
    let special = granted(desired, Some(member));
    let step = match (member.role.known().unwrap_or(desired.role), desired.role) {
        (PublisherRole::Contributor, PublisherRole::Owner) => MemberStep::Promote(member.clone()),
        (PublisherRole::Owner, PublisherRole::Contributor) => {
            let removal = MemberRemoval::Ownership(member.clone());
            if facts.own == Some(key) {
                return held(&removal).with_special(special);
            }
            MemberStep::Remove(removal)
        }
        (PublisherRole::Contributor, PublisherRole::Contributor) | (PublisherRole::Owner, PublisherRole::Owner) => {
            return settled(object, desired, member, facts).with_special(special);
        }
    };
    let message = format!("`{key}` is {} and is being made {}", member.role, desired.role);
    under_way(step, message, facts).with_special(special)
}

fn settled(
    object: &MemberObject,
    desired: &DesiredMember,
    member: &Member,
    facts: &MemberFacts<'_>,
) -> Decision<MemberStep> {
    let (key, role) = (&desired.key, desired.role);
    let decision = if member.invited {
        let message = format!("`{key}` is invited as {role}, which takes effect once they accept");
        Decision::say(Reason::InvitationPending, message)
    } else if object.sharers.is_empty() {
        Decision::say(Reason::InSync, format!("`{key}` is {role} of the publisher"))
    } else {
        let others = known_of(&object.sharers, facts.namespace);
        let message =
            format!("`{key}` is {role} of the publisher; declared by {others} too, the user goes with the last");
        Decision::say(Reason::Shared, message)
    };
    decision.owning()
}

impl Decision<MemberStep> {
    /// A declaration that does not hold up leaves the object what it had before.
    fn with_recorded(mut self, object: &MemberObject, desired: &DesiredMember, facts: &MemberFacts<'_>) -> Self {
        self.special = object.recorded.map(|role| {
            let recorded = DesiredMember { role, ..desired.clone() };
            granted(&recorded, facts.roll.member(&desired.key))
        });
        self.owns = object.recorded.is_some();
        self
    }
}

/// Says nothing of what the portal holds: the namespace has no business with it.
fn denied(key: &MemberKey, denial: &Denial) -> Decision<MemberStep> {
    let finding = denied_finding(key, denial);
    Decision::invalid(finding.reason, finding.message)
}

fn denied_finding(key: &MemberKey, denial: &Denial) -> Finding {
    let next = "whoever keeps the publisher can add it to `spec.delegations`";
    Finding::new(Reason::DelegationDenied, format!("`{key}`: {denial}; {next}"))
}

/// Whether a namespace may declare that user in that role.
fn permitted(
    desired: &DesiredMember,
    role: PublisherRole,
    delegations: &[PublisherDelegation],
    namespace: &Namespace,
) -> Result<(), Denial> {
    delegation::may_add(delegations, namespace, MemberRequest { key: &desired.key, kind: &desired.kind, role })
}

/// Whether what the portal holds is no more than an object answers for.
fn covers(recorded: PublisherRole, desired: &DesiredMember, member: &Member) -> bool {
    member.kind == desired.kind && member.role.known().is_some_and(|held| held <= recorded)
}

/// Whether an object stands for the user that the portal holds under its key, or why it leaves that user alone. What our objects
/// answer for (`known`) was not there before us; to make more of somebody than that is to take it over, and what an object says
/// it leaves alone it leaves alone.
fn ours(
    created: Timestamp,
    known: Option<PublisherRole>,
    desired: &DesiredMember,
    member: &Member,
) -> Result<(), Finding> {
    let key = &desired.key;
    if let HeldRole::Other(word) = &member.role {
        return Err(Finding::new(Reason::MemberMismatch, unknown_role(key, word)));
    }
    if member.kind != desired.kind {
        let message = format!(
            "the portal holds `{key}` as {}, and this object declares {}: declare what the portal holds, or remove it \
             there; it is untouched",
            kind(&member.kind),
            kind(&desired.kind)
        );
        return Err(Finding::new(Reason::MemberMismatch, message));
    }
    let administrative = member.role == PublisherRole::Owner || desired.role.is_administrative();
    let refuses = desired.adoption == Some(Adoption::Refuse);
    let is_known = !refuses && known.is_some_and(|role| desired.role <= role && covers(role, desired, member));
    if is_known || !is_left_alone(desired.adoption, administrative, member.added_at, created) {
        return Ok(());
    }
    let why = if desired.adoption.is_none() { ", and owners are taken over only where that is spelled" } else { "" };
    let message = format!(
        "`{key}` was {} before this object{why}: set `adoption: Adopt` to take the user over as {}; until then the access \
         is untouched",
        member.role, desired.role
    );
    Err(Finding::new(Reason::AdoptionRequired, message))
}

/// What `Granted` says.
fn granted(desired: &DesiredMember, member: Option<&Member>) -> Fact {
    let (key, role) = (&desired.key, desired.role);
    match member {
        Some(member) if member.role.known().is_none_or(|held| held < role) => {
            Fact::new(false, Reason::Progressing, format!("`{key}` is {} and not {role}", member.role))
        }
        Some(member) if member.invited => {
            Fact::new(false, Reason::InvitationPending, format!("`{key}` has not accepted the invitation yet"))
        }
        Some(member) => Fact::new(true, Reason::InSync, format!("`{key}` is {} of the publisher", member.role)),
        None => Fact::new(false, Reason::Progressing, format!("`{key}` is no user of the publisher")),
    }
}

fn under_way(step: MemberStep, message: String, facts: &MemberFacts<'_>) -> Decision<MemberStep> {
    Decision::say(Reason::Progressing, message + caveat(facts)).with_steps(vec![step]).owning()
}

/// Whether a portal lets contributors change users is not documented, so it is tried and not refused beforehand.
fn caveat(facts: &MemberFacts<'_>) -> &'static str {
    match facts.own_role {
        Some(PublisherRole::Contributor) => {
            "; the operator's identity is Contributor, whom the portal may not let do so"
        }
        Some(PublisherRole::Owner) | None => "",
    }
}

fn held(removal: &MemberRemoval) -> Decision<MemberStep> {
    let held = guard::own_entry(removal);
    Decision::say(held.reason, held.message).owning()
}

/// A role that we do not know may give more than an owner has, or nothing.
fn unknown_role(key: &MemberKey, word: &str) -> String {
    format!(
        "the portal gives `{key}` the role `{word}`, which Roster does not know: give Owner or Contributor in the portal, or \
         remove the user there; it is untouched"
    )
}

fn kind(kind: &MemberKind) -> String {
    match kind {
        MemberKind::User => "a person".to_owned(),
        MemberKind::Group => "a group".to_owned(),
        MemberKind::ServicePrincipal(it) => format!("the application `{}` of the tenant `{}`", it.object, it.tenant),
        MemberKind::Other(word) => format!("`{word}`, which Roster does not know"),
    }
}
