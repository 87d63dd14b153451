//! The object around a publisher's user, and what others say of the same one. PURE.

use jiff::Timestamp;

use crate::{
    access::{
        delegation::Namespace,
        publisher::{MemberKind, PublisherRole},
        validity::Outside,
    },
    plan::{Finding, user::known_of},
};

use super::{DesiredMember, MemberFacts, covers, kind, ours, permitted};

/// The object around the declaration. [`MemberObject::among`] makes one.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact about the object, and none excludes another")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberObject {
    /// Its `creationTimestamp`.
    pub created: Timestamp,
    /// It is being deleted.
    pub deleting: bool,
    /// The role that it answers for, as its status and the lane have it, and by what is noted on it.
    pub recorded: Option<PublisherRole>,
    /// What others answer for, also ones that are about to be gone: an object that is renamed, or a second one, goes on with it.
    pub elsewhere: Option<PublisherRole>,
    /// What it answers for is missing from one listing, and from no other yet.
    pub unproved: bool,
    /// An annotation notes what the object could not be given, and so proves nothing.
    pub doubted: bool,
    /// Other live objects that stand for the same user, as `namespace/name`; in whichever role.
    pub sharers: Vec<String>,
    /// One that may declare the same user and says something else of it.
    pub contradicted: Option<Contradiction>,
    /// Why its spec cannot be read as a whole. That ends nothing that it had.
    pub unreadable: Option<Finding>,
    /// Its time has not come, or is over.
    pub outside: Option<Outside>,
    /// It carries our finalizer, and so was in its time before.
    pub finalized: bool,
    /// Its spec says that nothing remote is to be changed.
    pub suspended: bool,
    /// The publisher's delegations and the namespace can be read, so that what they do not admit is withdrawn.
    pub delegations_known: bool,
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
    /// The role that it answers for, by its status or by what is noted on it.
    pub recorded: Option<PublisherRole>,
    /// What its namespace may declare can be told.
    pub delegations_known: bool,
}

impl MemberObject {
    /// An object in its time, among others in theirs. One that no delegation permits neither keeps nor contradicts anything: else whoever may
    /// write into any namespace could.
    pub fn among<'a>(
        created: Timestamp,
        deleting: bool,
        recorded: Option<PublisherRole>,
        desired: &DesiredMember,
        others: impl IntoIterator<Item = Other<'a>>,
        facts: &MemberFacts<'_>,
    ) -> Self {
        let mut others: Vec<Other<'_>> = others
            .into_iter()
            .filter(|other| other.desired.key == desired.key)
            .filter(|other| other.is_permitted(facts) || other.keeps(facts))
            .collect();
        others.sort_by(|one, other| one.name.cmp(&other.name));
        let differs = |other: &&Other<'_>| other.desired.role != desired.role || other.desired.kind != desired.kind;
        let contradicts = |other: &&Other<'_>| differs(other) && other.is_permitted(facts);
        let contradicted = others.iter().find(contradicts).map(|other| Contradiction {
            by: other.name.clone(),
            role: other.desired.role,
            kind: other.desired.kind.clone(),
        });
        let member = facts.roll.member(&desired.key);
        let declared =
            |other: &Other<'_>| member.is_none_or(|it| ours(other.created, recorded, &other.desired, it).is_ok());
        let stands = |other: &Other<'_>| other.keeps(facts) || declared(other);
        let sharers = others.into_iter().filter(stands).map(|other| other.name).collect();
        Self {
            created,
            deleting,
            recorded,
            elsewhere: None,
            unproved: false,
            doubted: false,
            sharers,
            contradicted,
            unreadable: None,
            outside: None,
            finalized: false,
            suspended: false,
            delegations_known: false,
        }
    }
}

impl Other<'_> {
    fn is_permitted(&self, facts: &MemberFacts<'_>) -> bool {
        permitted(&self.desired, self.desired.role, facts.delegations, self.namespace).is_ok()
    }

    /// It has what it answers for, and keeps it: an edit that is not admitted ends nothing.
    fn keeps(&self, facts: &MemberFacts<'_>) -> bool {
        let Some(recorded) = self.recorded else { return false };
        let admitted = || permitted(&self.desired, recorded, facts.delegations, self.namespace).is_ok();
        let there = facts.roll.member(&self.desired.key);
        there.is_some_and(|member| covers(recorded, &self.desired, member)) && (!self.delegations_known || admitted())
    }
}

impl Contradiction {
    pub(super) fn said(&self, desired: &DesiredMember, namespace: &Namespace) -> String {
        let (here, there) = if self.role == desired.role {
            (kind(&desired.kind), kind(&self.kind))
        } else {
            (desired.role.to_string(), self.role.to_string())
        };
        format!(
            "this object declares `{}` as {here}, and {} as {there}: make both say the same, or delete one; until then \
             nothing is changed",
            desired.key,
            known_of(std::slice::from_ref(&self.by), namespace)
        )
    }
}
