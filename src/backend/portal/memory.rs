//! The users that were read last, each with its version, so that reading one that did not change costs no body. PURE.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::access::publisher::{Member, MemberKey};

/// How many users are remembered; the one that was not asked for the longest goes first. A publisher has some dozens.
pub(super) const MOST: usize = 1000;

/// Users by key. What is in it is only ever used under a `304`, which says that it is still so.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    members: HashMap<MemberKey, (u64, Member)>,
    /// Counts uses.
    now: u64,
}

impl Memory {
    /// The user as it was with its version.
    pub(super) fn get(&self, key: &MemberKey) -> Option<Member> {
        let mut kept = self.lock();
        kept.now += 1;
        let now = kept.now;
        kept.members.get_mut(key).map(|(used, member)| {
            *used = now;
            member.clone()
        })
    }

    /// Remembers a user with a version, and forgets one without: there is nothing to ask for it by.
    pub(super) fn keep(&self, member: &Member) {
        let mut kept = self.lock();
        if member.version.is_none() {
            kept.members.remove(&member.key);
            return;
        }
        kept.now += 1;
        let now = kept.now;
        kept.members.insert(member.key.clone(), (now, member.clone()));
        if kept.members.len() > MOST {
            let oldest = kept.members.iter().min_by_key(|(_, (used, _))| *used).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                kept.members.remove(&oldest);
            }
        }
    }

    pub(super) fn forget(&self, key: &MemberKey) {
        self.lock().members.remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{
        Email,
        publisher::{MemberKind, PublisherRole},
    };

    fn member(number: usize, version: Option<&str>) -> Member {
        Member {
            key: MemberKey::Email(Email::from_remote(&format!("u{number}@example.com"))),
            kind: MemberKind::User,
            role: PublisherRole::Owner.into(),
            account: None,
            friendly_name: None,
            invited: false,
            added_at: None,
            version: version.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn the_least_used_goes_first_and_what_has_no_version_is_not_kept() {
        let memory = Memory::default();
        for number in 0..MOST {
            memory.keep(&member(number, Some("1")));
        }
        assert!(memory.get(&member(0, None).key).is_some());
        memory.keep(&member(MOST, Some("1")));
        let there = |number| memory.get(&member(number, None).key).is_some();
        assert_eq!([there(0), there(1), there(2), there(MOST)], [true, false, true, true]);
        memory.keep(&member(0, None));
        memory.forget(&member(2, None).key);
        assert_eq!([there(0), there(2)], [false, false]);
    }
}
