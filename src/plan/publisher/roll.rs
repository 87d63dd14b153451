//! The roll: the last complete listing of a publisher's users, plus our own writes that it does not show yet. PURE.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::access::publisher::{Member, MemberKey, MemberKind, Members, PublisherRole};

use super::MemberWritten;

/// Everybody on a publisher, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roll {
    members: BTreeMap<MemberKey, Member>,
}

/// How much there is of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemberCounts {
    /// Owners who are there.
    pub owners: usize,
    /// Contributors who are there.
    pub contributors: usize,
    /// Groups and aliases, of either role.
    pub groups: usize,
    /// Applications, of either role.
    pub applications: usize,
    /// Those of either role who are invited and not there yet.
    pub invited: usize,
}

impl Roll {
    /// Indexes a complete listing.
    pub fn new(members: Members) -> Self {
        Self { members: members.0.into_iter().map(|member| (member.key.clone(), member)).collect() }
    }

    /// Takes one of our own writes in.
    pub fn apply(&mut self, written: &MemberWritten) {
        match written {
            MemberWritten::Added(member)
            | MemberWritten::Promoted(member)
            | MemberWritten::Removed { left: Some(member), .. } => self.put(member),
            MemberWritten::Removed { removal, left: None } => _ = self.members.remove(&removal.member().key),
        }
    }

    /// Whether a listing already shows the write, so that it need not be repeated. Writes are asked about in their order,
    /// each after those before it that the listing did not show were applied.
    pub fn shows(&self, written: &MemberWritten) -> bool {
        let listed = self.member(written.key());
        match written {
            MemberWritten::Added(member) => listed.is_some_and(|listed| !is_older(listed, member)),
            MemberWritten::Promoted(_) => listed.is_none_or(|listed| listed.role == PublisherRole::Owner),
            MemberWritten::Removed { left: Some(_), .. } => {
                listed.is_none_or(|listed| listed.role == PublisherRole::Contributor)
            }
            // Somebody who was added again since is another entry.
            MemberWritten::Removed { removal, left: None } => {
                listed.is_none_or(|listed| is_older(removal.member(), listed))
            }
        }
    }

    /// One user.
    pub fn member(&self, key: &MemberKey) -> Option<&Member> {
        self.members.get(key)
    }

    /// Every user, by key.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// How much there is of each.
    pub fn counts(&self) -> MemberCounts {
        let count = |is: fn(&Member) -> bool| self.members().filter(|member| is(member)).count();
        MemberCounts {
            owners: count(Member::is_effective_owner),
            contributors: count(|member| member.role == PublisherRole::Contributor && !member.invited),
            groups: count(|member| member.kind == MemberKind::Group),
            applications: count(|member| matches!(member.kind, MemberKind::ServicePrincipal(_))),
            invited: count(|member| member.invited),
        }
    }

    /// Whether somebody among the users outlives any one person.
    pub fn has_group(&self) -> bool {
        self.members().any(|member| member.kind == MemberKind::Group)
    }

    fn put(&mut self, member: &Member) {
        self.members.insert(member.key.clone(), member.clone());
    }
}

/// Whether one entry was added before the other, where both say when; to the second, since a listing may round.
fn is_older(one: &Member, other: &Member) -> bool {
    let second = |member: &Member| member.added_at.map(Timestamp::as_second);
    matches!((second(one), second(other)), (Some(one), Some(other)) if one < other)
}
