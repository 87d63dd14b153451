//! The guards of a publisher: rules that may hold a removal back, judged at the moment it is made. PURE.
//!
//! Passing them, and only that, gives a [`Guarded`] removal, which the budget's leave makes a permit.

use crate::{
    access::publisher::{Member, MemberKey, PublisherRole},
    plan::{Guarded, Held, Reason, permit::MemberRemoval},
};

use super::Roll;

/// What the publisher's keeper protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberProtection {
    /// Fewest effective owners that may remain; at least 1.
    pub minimum_owners: usize,
    /// An ownership is ended only where a person confirmed it.
    pub confirm_owners: bool,
}

impl Default for MemberProtection {
    fn default() -> Self {
        Self { minimum_owners: 1, confirm_owners: false }
    }
}

/// What a guard looks at.
#[derive(Clone, Copy, Debug)]
pub struct MemberGuardFacts<'a> {
    /// Everybody on the publisher, read for this removal.
    pub roll: &'a Roll,
    /// Whom the operator acts as; `None` where it cannot tell.
    pub own: Option<&'a MemberKey>,
    /// The keeper's rules.
    pub protection: &'a MemberProtection,
    /// The roles whose removal the object confirms, with commas between them.
    pub confirmed: &'a str,
}

/// Lets one removal pass, or says which guard holds it.
pub fn pass(removal: MemberRemoval, facts: MemberGuardFacts<'_>) -> Result<Guarded<MemberRemoval>, Held> {
    if facts.own == Some(&removal.member().key) {
        return Err(own_entry(&removal));
    }
    understood(&removal)?;
    enough_remain(&removal, facts)?;
    confirmed(&removal, facts)?;
    Ok(Guarded::new(removal))
}

/// What is said to a removal of the operator's own entry, which nothing allows.
pub(super) fn own_entry(removal: &MemberRemoval) -> Held {
    let key = &removal.member().key;
    let what = match removal {
        MemberRemoval::Member(_) => {
            format!("`{key}` is what the operator itself acts as, and it does not remove itself")
        }
        MemberRemoval::Ownership(_) => {
            format!("`{key}` is what the operator itself acts as, and it does not give up its own role")
        }
    };
    let next = "another owner must do it in the portal, and `deletionPolicy: Retain` lets the object go";
    Held { reason: Reason::OwnPublisherRole, message: format!("{what}: {next}") }
}

/// Of what we do not understand, nothing is taken away.
fn understood(removal: &MemberRemoval) -> Result<(), Held> {
    let member = removal.member();
    if member.is_understood() {
        return Ok(());
    }
    let message = format!(
        "the portal holds `{}` as something that Roster does not know, or in a role that it does not know, and so leaves it \
         alone: change or remove the user in the portal",
        member.key
    );
    Err(Held { reason: Reason::MemberMismatch, message })
}

fn enough_remain(removal: &MemberRemoval, facts: MemberGuardFacts<'_>) -> Result<(), Held> {
    let key = &removal.member().key;
    // What was read of the user alone, and what the listing says of it: either is enough to count it as an owner.
    let listed = facts.roll.member(key);
    if !removal.member().is_effective_owner() && !listed.is_some_and(Member::is_effective_owner) {
        return Ok(());
    }
    let others = effective_owners(facts).filter(|owner| owner.key != *key).count();
    // Where we do not know whom we act as, one of them may be us, and our own identity does not count.
    let remaining = others.saturating_sub(usize::from(facts.own.is_none()));
    let minimum = facts.protection.minimum_owners.max(1);
    if remaining >= minimum {
        return Ok(());
    }
    let without = match removal {
        MemberRemoval::Member(_) => format!("without `{key}`"),
        MemberRemoval::Ownership(_) => format!("with `{key}` as a contributor"),
    };
    Err(Held {
        reason: Reason::LastOwner,
        message: format!(
            "{without} the publisher would have {remaining} effective owners besides the operator, and its minimum is \
             {minimum}: make another user who is there an owner first"
        ),
    })
}

/// Whether a person confirmed that an ownership ends, also of somebody who is invited. Either of what was read of the user
/// alone and of what the listing says is enough to take it for one.
fn confirmed(removal: &MemberRemoval, facts: MemberGuardFacts<'_>) -> Result<(), Held> {
    let member = removal.member();
    let owns = |member: &Member| member.role == PublisherRole::Owner;
    let ends_one = owns(member) || facts.roll.member(&member.key).is_some_and(owns);
    let owner = PublisherRole::Owner.as_str();
    if !facts.protection.confirm_owners || !ends_one || facts.confirmed.split(',').any(|role| role.trim() == owner) {
        return Ok(());
    }
    Err(Held {
        reason: Reason::ConfirmationRequired,
        message: format!(
            "`{owner}` of `{}` is administrative, and the publisher's `protection.confirmRemoval` wants its removal \
             confirmed: annotate this object with `access.roster.dev/confirm-removal={owner}`, and it goes on by itself",
            member.key
        ),
    })
}

/// Owners who are there; not invited ones, not the operator itself.
pub fn effective_owners(facts: MemberGuardFacts<'_>) -> impl Iterator<Item = &Member> {
    facts.roll.members().filter(move |member| member.is_effective_owner() && facts.own != Some(&member.key))
}
