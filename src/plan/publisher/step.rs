//! What is written at a publisher: one step fully decided, and what became of it. PURE.

use std::fmt;

use crate::{
    access::publisher::{Member, MemberKey, NewMember, PublisherRole},
    plan::permit::MemberRemoval,
};

/// One remote write at a publisher: whoever makes it has no choices left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberStep {
    /// Add a user.
    Add(NewMember),
    /// Make a contributor an owner.
    Promote(Member),
    /// Remove a user, or its ownership, if the guards let it.
    Remove(MemberRemoval),
}

/// One write of ours, as the roll sees it.
#[expect(clippy::large_enum_variant, reason = "few are kept at a time, and each holds whole users")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberWritten {
    /// A user was added.
    Added(Member),
    /// A contributor was made an owner.
    Promoted(Member),
    /// Something was removed.
    Removed {
        /// What.
        removal: MemberRemoval,
        /// The user as it is now; `None` where it is none any more.
        left: Option<Member>,
    },
}

impl MemberStep {
    /// Whom it is about.
    pub fn key(&self) -> &MemberKey {
        match self {
            Self::Add(new) => &new.key,
            Self::Promote(member) => &member.key,
            Self::Remove(removal) => &removal.member().key,
        }
    }

    /// The event that tells of this step when it is done.
    pub fn event(&self) -> &'static str {
        match self {
            Self::Add(_) => "Added",
            Self::Promote(_) => "Promoted",
            Self::Remove(MemberRemoval::Ownership(_)) => "Demoted",
            Self::Remove(MemberRemoval::Member(_)) => "Removed",
        }
    }

    /// What was done, for its event.
    pub fn done(&self) -> String {
        let text = self.to_string();
        let (verb, rest) = text.split_once(' ').unwrap_or((text.as_str(), ""));
        let past = match verb {
            "add" => "added",
            "make" => "made",
            "remove" => "removed",
            other => other,
        };
        format!("{past} {rest}")
    }
}

impl fmt::Display for MemberStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add(new) => write!(f, "add `{}` as {}", new.key, new.role),
            Self::Promote(member) => write!(f, "make `{}` an owner", member.key),
            Self::Remove(MemberRemoval::Ownership(member)) => write!(f, "make `{}` a contributor", member.key),
            Self::Remove(MemberRemoval::Member(member)) => write!(f, "remove `{}` from the publisher", member.key),
        }
    }
}

impl MemberWritten {
    /// Whom it was about.
    pub fn key(&self) -> &MemberKey {
        match self {
            Self::Added(member) | Self::Promoted(member) => &member.key,
            Self::Removed { removal, .. } => &removal.member().key,
        }
    }

    /// Whether another removal may pass the guards now, or one fewer may.
    pub fn changes_owners(&self) -> bool {
        match self {
            Self::Added(member) | Self::Promoted(member) => member.role == PublisherRole::Owner,
            Self::Removed { removal, .. } => removal.member().role == PublisherRole::Owner,
        }
    }
}
