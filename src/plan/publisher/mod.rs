//! One user of a publisher: added, adopted, moved between the two roles in one write, removed with its object and when its
//! time is over. PURE.
//!
//! What happens follows from the object and from when the user was added, never from a record: so an owner who was there
//! before the object, and a contributor who was there before and shall become an owner, are taken over only where the
//! object spells `adoption: Adopt`. After the write the two could not be told apart.

mod advice;
mod end;
pub mod guard;
mod roll;
mod step;

use jiff::Timestamp;

use crate::access::{
    delegation::Namespace,
    publisher::{
        HeldRole, Member, MemberKey, MemberKind, NewMember, PublisherRole,
        delegation::{self, Denial, MemberRequest, PublisherDelegation},
    },
    validity::Outside,
};

use self::end::{end, lapsed};
use super::{Adoption, Decision, Fact, Finding, Reason, facts::pre_exists, permit::MemberRemoval, user::list};

pub use advice::{advice, publisher_advice};
pub use guard::{MemberGuardFacts, MemberProtection};
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

/// The object around the declaration. [`MemberObject::among`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberObject {
    /// Its `creationTimestamp`.
    pub created: Timestamp,
    /// It is being deleted.
    pub deleting: bool,
    /// Other live objects that stand for the same user, as `namespace/name`; in whichever role.
    pub sharers: Vec<String>,
    /// One that may declare the same user and says something else of it.
    pub contradicted: Option<Contradiction>,
    /// Its time has not come, or is over.
    pub outside: Option<Outside>,
    /// It carries our finalizer, and so was in its time before.
    pub finalized: bool,
    /// Its spec says that nothing remote is to be changed.
    pub suspended: bool,
}

/// What another object says of the same user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The object, as `namespace/name`.
    pub by: String,
    /// The role that it declares.
    pub role: PublisherRole,
    /// What it takes the user for.
    pub kind: MemberKind,
}

/// Another live object of the same publisher.
#[derive(Clone, Debug)]
pub struct Other<'a> {
    /// As `namespace/name`.
    pub name: String,
    /// Its `creationTimestamp`.
    pub created: Timestamp,
    /// Its namespace.
    pub namespace: &'a Namespace,
    /// What it declares.
    pub desired: DesiredMember,
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

impl MemberObject {
    /// An object in its time, among others in theirs. One that no delegation permits neither keeps nor contradicts anything: else whoever may
    /// write into any namespace could.
    pub fn among<'a>(
        created: Timestamp,
        deleting: bool,
        desired: &DesiredMember,
        others: impl IntoIterator<Item = Other<'a>>,
        facts: &MemberFacts<'_>,
    ) -> Self {
        let mut others: Vec<Other<'_>> = others
            .into_iter()
            .filter(|other| other.desired.key == desired.key)
            .filter(|other| permitted(&other.desired, facts.delegations, other.namespace).is_ok())
            .collect();
        others.sort_by(|one, other| one.name.cmp(&other.name));
        let differs = |other: &&Other<'_>| other.desired.role != desired.role || other.desired.kind != desired.kind;
        let contradicted = others.iter().find(differs).map(|other| Contradiction {
            by: other.name.clone(),
            role: other.desired.role,
            kind: other.desired.kind.clone(),
        });
        let member = facts.roll.member(&desired.key);
        let stands = |other: &Other<'_>| member.is_none_or(|it| ours(other.created, &other.desired, it).is_ok());
        let sharers = others.into_iter().filter(stands).map(|other| other.name).collect();
        Self { created, deleting, sharers, contradicted, outside: None, finalized: false, suspended: false }
    }
}

/// Decides about one user.
pub fn decide(object: &MemberObject, desired: &DesiredMember, facts: &MemberFacts<'_>) -> Decision<MemberStep> {
    if object.deleting {
        let observing = facts.observing.then(|| Decision::unrevoked("publisher"));
        return observing.unwrap_or_else(|| end(object, desired, facts));
    }
    let decision = match object.outside {
        Some(outside) => lapsed(object, desired, outside, facts),
        None => live(object, desired, facts),
    };
    match (facts.observing, object.suspended) {
        (true, _) => decision.observed("publisher"),
        (false, true) => decision.suspended(),
        (false, false) => decision,
    }
}

fn live(object: &MemberObject, desired: &DesiredMember, facts: &MemberFacts<'_>) -> Decision<MemberStep> {
    let key = &desired.key;
    if let Err(denial) = permitted(desired, facts.delegations, facts.namespace) {
        return denied(key, &denial);
    }
    let member = facts.roll.member(key);
    let ours = member.map(|member| ours(object.created, desired, member));
    if let Some(contradiction) = &object.contradicted {
        let mut decision = Decision::invalid(Reason::ContradictingRoles, contradiction.said(desired));
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
            return settled(object, desired, member).with_special(special);
        }
    };
    let message = format!("`{key}` is {} and is being made {}", member.role, desired.role);
    under_way(step, message, facts).with_special(special)
}

fn settled(object: &MemberObject, desired: &DesiredMember, member: &Member) -> Decision<MemberStep> {
    let (key, role) = (&desired.key, desired.role);
    let decision = if member.invited {
        let message = format!("`{key}` is invited as {role}, which takes effect once they accept");
        Decision::say(Reason::InvitationPending, message)
    } else if object.sharers.is_empty() {
        Decision::say(Reason::InSync, format!("`{key}` is {role} of the publisher"))
    } else {
        let others = list(&object.sharers);
        let message =
            format!("`{key}` is {role} of the publisher; {others} declare the same user, who goes with the last");
        Decision::say(Reason::Shared, message)
    };
    decision.owning()
}

/// Says nothing of what the portal holds: the namespace has no business with it.
fn denied(key: &MemberKey, denial: &Denial) -> Decision<MemberStep> {
    let next = "whoever keeps the publisher can add it to `spec.delegations`";
    Decision::invalid(Reason::DelegationDenied, format!("`{key}`: {denial}; {next}"))
}

/// Whether a namespace may declare that user.
fn permitted(
    desired: &DesiredMember,
    delegations: &[PublisherDelegation],
    namespace: &Namespace,
) -> Result<(), Denial> {
    let request = MemberRequest { key: &desired.key, kind: &desired.kind, role: desired.role };
    delegation::may_add(delegations, namespace, request)
}

/// Whether an object stands for the user that the portal holds under its key, or why it leaves that user alone.
fn ours(created: Timestamp, desired: &DesiredMember, member: &Member) -> Result<(), Finding> {
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
    let takes_over = match desired.adoption {
        Some(Adoption::Adopt) => true,
        Some(Adoption::Refuse) => false,
        None => !administrative,
    };
    if takes_over || !pre_exists(member.added_at, created) {
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

impl Contradiction {
    fn said(&self, desired: &DesiredMember) -> String {
        let (here, there) = if self.role == desired.role {
            (kind(&desired.kind), kind(&self.kind))
        } else {
            (desired.role.to_string(), self.role.to_string())
        };
        format!(
            "this object declares `{}` as {here}, and `{}` as {there}: make both say the same, or delete one; until then \
             nothing is changed",
            desired.key, self.by
        )
    }
}

fn kind(kind: &MemberKind) -> String {
    match kind {
        MemberKind::User => "a person".to_owned(),
        MemberKind::Group => "a group".to_owned(),
        MemberKind::ServicePrincipal(it) => format!("the application `{}` of the tenant `{}`", it.object, it.tenant),
        MemberKind::Other(word) => format!("`{word}`, which Roster does not know"),
    }
}
