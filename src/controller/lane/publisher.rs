//! A marketplace publisher as a lane sees it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    access::publisher::{Member, MemberKey, Members, PublisherRole, VisiblePublisher},
    backend::{BackendError, ErrorKind, PublisherBackend, Purpose},
    plan::{
        Guarded, Held, Permit, Reason,
        permit::MemberRemoval,
        publisher::{MemberGuardFacts, MemberProtection, MemberStep, MemberWritten, Roll, guard},
    },
};

use super::{
    super::key::Kind,
    listing::{hash, sum},
    organization::not_an_addition,
    realm::{Again, Concerned, Realm},
    sweep::Claim,
};

/// One publisher, and who we are there.
pub(crate) struct Publisher {
    /// The publisher as the portal shows it to us.
    pub(crate) seen: VisiblePublisher,
    /// All publishers that the portal shows to us.
    pub(crate) visible: Vec<VisiblePublisher>,
    /// The application that we act as.
    pub(crate) own: MemberKey,
    /// The portal names itself a simulator.
    pub(crate) simulated: bool,
    pub(crate) backend: Arc<dyn PublisherBackend>,
}

impl Publisher {
    /// What the operator may do there: as the last listing has it, or as it was when the operator connected.
    pub(crate) fn own_role(&self, roll: Option<&Roll>) -> Option<PublisherRole> {
        let listed = roll.and_then(|roll| roll.member(&self.own));
        listed.map_or(self.seen.own_role, |member| member.role.known())
    }
}

impl Realm for Publisher {
    type Listing = Members;
    type Picture = Roll;
    type Step = MemberStep;
    type Removal = MemberRemoval;
    type Written = MemberWritten;
    type Granted = (MemberKey, PublisherRole);
    type Protection = MemberProtection;
    /// All users, read now: who owns a publisher cannot be asked for alone.
    type Around = Roll;

    const KIND: Kind = Kind::Publisher;
    const NOUN: &'static str = "publisher";
    const SHORT: &'static str = "publ";
    const NOT_FOUND: Reason = Reason::PublisherNotFound;
    const NOT_READY: Reason = Reason::PublisherNotReady;
    const MEND_CREDENTIAL: &'static str =
        "put a valid application id (`key`) and client secret (`secret`) into the publisher's Secret";
    const MEND_LISTING: &'static str = "the operator's identity has no role on it any more; add it in the portal as an owner, and it goes on by itself";
    const CONTENTS: &'static str = "users";

    fn fingerprint(listing: &Members) -> u64 {
        hash(sum(listing.0.iter().map(|member| Member { version: None, ..member.clone() })))
    }

    fn size(listing: &Members) -> usize {
        listing.0.len()
    }

    fn picture(listing: Members) -> Roll {
        Roll::new(listing)
    }

    fn parts(picture: &Roll) -> Vec<(&'static str, usize)> {
        vec![(Self::CONTENTS, picture.members().count())]
    }

    /// All users are one list, and one without anybody is no listing.
    fn is_headless(_: &Roll) -> bool {
        false
    }

    /// Whoever is there is an owner or a contributor, as far as we know roles.
    fn parts_told(counts: &HashMap<String, u32>) -> Vec<(&'static str, usize)> {
        let told = |name: &str| counts.get(name).map_or(0, |count| *count as usize);
        vec![(Self::CONTENTS, told("owners") + told("contributors") + told("invited"))]
    }

    fn apply(picture: &mut Roll, written: &MemberWritten) {
        picture.apply(written);
    }

    fn shows(picture: &Roll, written: &MemberWritten) -> bool {
        picture.shows(written)
    }

    /// The portal keeps one user for each address and refuses another.
    fn is_made(_: &Roll, _: &MemberStep, _: Timestamp) -> bool {
        false
    }

    fn removal(step: &MemberStep) -> Option<&MemberRemoval> {
        match step {
            MemberStep::Remove(removal) => Some(removal),
            MemberStep::Add(_) | MemberStep::Promote(_) => None,
        }
    }

    fn claim(_: &MemberRemoval, _: &Roll) -> Option<Claim> {
        None
    }

    fn marks(_: &Roll) -> HashSet<String> {
        HashSet::new()
    }

    /// A user of a publisher is its one role and nothing else.
    fn takes_more_along(_: &MemberRemoval) -> bool {
        false
    }

    fn canonical(removal: &MemberRemoval) -> String {
        let (what, member) = match removal {
            MemberRemoval::Member(member) => ("user", member),
            MemberRemoval::Ownership(member) => ("ownership of", member),
        };
        let added = member.added_at.map_or_else(String::new, |at| at.to_string());
        format!("{what} {} {} {added}", member.key, member.role)
    }

    fn weight(_: &MemberRemoval, _: &Roll) -> u32 {
        1
    }

    fn told(step: &MemberStep) -> (&'static str, String) {
        (step.event(), step.done())
    }

    fn forbidden(_: &MemberStep) -> (Reason, &'static str) {
        let words = "the operator's identity may not change this publisher's users: make it an owner in the portal, or \
                     do it by hand there";
        (Reason::MissingOwner, words)
    }

    fn granted(step: &MemberStep) -> Option<Self::Granted> {
        match step {
            MemberStep::Add(new) => Some((new.key.clone(), new.role)),
            MemberStep::Promote(member) => Some((member.key.clone(), PublisherRole::Owner)),
            MemberStep::Remove(_) => None,
        }
    }

    fn is_ended((key, role): &Self::Granted, written: &MemberWritten) -> bool {
        match written {
            MemberWritten::Added(_) | MemberWritten::Promoted(_) => false,
            MemberWritten::Removed { removal, left } => {
                removal.member().key == *key && (left.is_none() || *role == PublisherRole::Owner)
            }
        }
    }

    fn concerns(written: &MemberWritten) -> Concerned {
        Concerned { principal: None, administrators: written.changes_owners() }
    }

    fn is_used_up(&self, purpose: Purpose) -> bool {
        self.backend.is_used_up(purpose)
    }

    async fn list(&self) -> Result<Members, BackendError> {
        self.backend.list().await
    }

    async fn make(&self, step: &MemberStep) -> Result<MemberWritten, BackendError> {
        let (made, wanted) = match step {
            MemberStep::Add(member) => (self.backend.add(member.clone()).await.map(MemberWritten::Added), member.role),
            MemberStep::Promote(member) => {
                (self.backend.promote(member.clone()).await.map(MemberWritten::Promoted), PublisherRole::Owner)
            }
            MemberStep::Remove(_) => return Err(not_an_addition()),
        };
        let error = match made {
            // After doubt, read: an answer that never came may have been a yes.
            Err(error) if error.kind == ErrorKind::Ambiguous => error,
            certain => return certain,
        };
        let (key, written): (_, fn(Member) -> MemberWritten) = match step {
            MemberStep::Add(member) => (&member.key, MemberWritten::Added),
            MemberStep::Promote(member) => (&member.key, MemberWritten::Promoted),
            MemberStep::Remove(_) => return Err(error),
        };
        match self.backend.find(key.clone()).await {
            Ok(Some(member)) if member.role == wanted => Ok(written(member)),
            Ok(_) | Err(_) => Err(error),
        }
    }

    async fn look_around(&self) -> Result<Roll, BackendError> {
        self.backend.list().await.map(Roll::new)
    }

    async fn look_again(&self, removal: &MemberRemoval) -> Result<Again<MemberRemoval>, BackendError> {
        let found = self.backend.find(removal.member().key.clone()).await?;
        Ok(match (removal, found) {
            (MemberRemoval::Member(_), Some(member)) => Again::There(MemberRemoval::Member(member)),
            (MemberRemoval::Ownership(_), Some(member)) if member.role == PublisherRole::Owner => {
                Again::There(MemberRemoval::Ownership(member))
            }
            (MemberRemoval::Member(_), None) | (MemberRemoval::Ownership(_), _) => Again::Gone,
        })
    }

    async fn look_under(&self, _: &MemberRemoval) -> Result<Option<Roll>, BackendError> {
        Ok(None)
    }

    /// The portal's answer about one user is never older than a write that it answered.
    fn outdates(removal: &MemberRemoval, written: &MemberWritten) -> bool {
        written.key() == &removal.member().key
    }

    fn pass(
        &self,
        removal: MemberRemoval,
        _: &Roll,
        around: &Roll,
        protection: &MemberProtection,
        confirmed: &str,
    ) -> Result<Guarded<MemberRemoval>, Held> {
        guard::pass(removal, MemberGuardFacts { roll: around, own: Some(&self.own), protection, confirmed })
    }

    fn ends_administration(removal: &MemberRemoval, around: &Roll) -> bool {
        around.member(&removal.member().key).is_some_and(|member| member.role == PublisherRole::Owner)
    }

    fn would_end_administration(removal: &MemberRemoval, _: &Roll) -> bool {
        removal.member().role == PublisherRole::Owner
    }

    async fn remove(&self, permit: Permit<MemberRemoval>) -> Result<MemberWritten, BackendError> {
        let removal = permit.removal().clone();
        let left = self.backend.remove(permit).await?;
        Ok(MemberWritten::Removed { removal, left })
    }

    fn supposed(removal: &MemberRemoval) -> MemberWritten {
        let contributor = Member { role: PublisherRole::Contributor.into(), ..removal.member().clone() };
        let left = matches!(removal, MemberRemoval::Ownership(_)).then_some(contributor);
        MemberWritten::Removed { removal: removal.clone(), left }
    }

    fn passed(around: &mut Roll, written: &MemberWritten) {
        if matches!(written, MemberWritten::Removed { .. }) {
            around.apply(written);
        }
    }

    fn survivors(_: &Roll, _: &MemberWritten) -> Option<String> {
        None
    }
}
