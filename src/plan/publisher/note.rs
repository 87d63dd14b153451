//! What is noted on an object that it set out to make of its user, and what that proves. PURE.

use jiff::Timestamp;

use crate::{access::publisher::PublisherRole, plan::facts::pre_exists};

use super::{DesiredMember, MemberFacts, covers, permitted};

/// What an object notes that it set out to make of its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted {
    /// The role.
    pub role: PublisherRole,
    /// It is from the annotation, which anybody who may edit the object can write.
    pub by_annotation: bool,
}

/// The object that a note is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotedOn {
    /// Its `creationTimestamp`.
    pub created: Timestamp,
    /// The role that it answers for by what is recorded.
    pub recorded: Option<PublisherRole>,
    /// What its namespace may declare can be told.
    pub delegations_known: bool,
}

impl Noted {
    /// The role that an object answers for, with what it may have made and nobody recorded yet. What its status notes is the
    /// operator's own word. What an annotation notes is worth as much as a declaration: it reaches neither who was there before
    /// the object, nor what is not delegated. Where what is recorded explains all that the portal holds, no note is needed.
    pub fn answered(self, on: NotedOn, desired: &DesiredMember, facts: &MemberFacts<'_>) -> Option<PublisherRole> {
        let explains =
            |role: PublisherRole| facts.roll.member(&desired.key).filter(|member| covers(role, desired, member));
        if facts.observing || on.recorded.and_then(explains).is_some() {
            return on.recorded;
        }
        let believed = explains(self.role).is_some_and(|member| {
            !self.by_annotation || (!self.is_doubted(on, desired, facts) && !pre_exists(member.added_at, on.created))
        });
        on.recorded.max(believed.then_some(self.role))
    }

    /// Whether the object could not be given what an annotation notes, so that the note proves nothing.
    pub fn is_doubted(self, on: NotedOn, desired: &DesiredMember, facts: &MemberFacts<'_>) -> bool {
        let admitted = || permitted(desired, self.role, facts.delegations, facts.namespace).is_ok();
        self.by_annotation && !(on.delegations_known && admitted())
    }
}
