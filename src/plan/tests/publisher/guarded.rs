//! The guards of a publisher: never the last owner, never our own entry.

use super::*;
use crate::{
    access::publisher::HeldRole,
    plan::publisher::{MemberGuardFacts, MemberProtection, MemberWritten, guard::pass},
};

#[test]
fn one_of_two_owners_may_go_and_the_last_may_not() {
    let (grace, mary) = (member("grace@example.com", Owner), member("mary@example.com", Contributor));
    let mut portal = Portal::of(roll([mary.clone()]));
    let both = [MemberRemoval::Member(grace.clone()), MemberRemoval::Ownership(grace.clone())];
    for removal in &both {
        assert_eq!(portal.judged(removal.clone(), 1), Ok(()));
        assert_eq!(portal.judged(removal.clone(), 2), Err(Reason::LastOwner));
    }
    // A minimum of none is one all the same.
    let linus = MemberRemoval::Ownership(member("linus@example.com", Owner));
    portal.roll.apply(&MemberWritten::Removed { removal: linus, left: Some(member("linus@example.com", Contributor)) });
    for removal in both {
        assert_eq!(portal.judged(removal.clone(), 0), Err(Reason::LastOwner));
    }
    assert_eq!(portal.judged(MemberRemoval::Member(mary), 5), Ok(()), "whoever owns nothing may go at any time");
    // A listing that does not show the owner is no reason to take it for a contributor, nor is one that is older.
    let unlisted = Portal::of(Roll::default());
    assert_eq!(unlisted.judged(MemberRemoval::Member(grace.clone()), 1), Err(Reason::LastOwner));
    let contributor = Member { role: Contributor.into(), ..grace };
    assert_eq!(portal.judged(MemberRemoval::Member(contributor), 1), Err(Reason::LastOwner));
}

#[test]
fn invited_owners_and_we_do_not_count() {
    let grace = || MemberRemoval::Member(member("grace@example.com", Owner));
    let invited = Member { invited: true, ..member("linus@example.com", Owner) };
    let all = Members(vec![member("grace@example.com", Owner), invited.clone(), application("app-op", Owner)]);
    let portal = Portal::of(Roll::new(all));
    assert_eq!(portal.judged(grace(), 1), Err(Reason::LastOwner));
    assert_eq!(portal.judged(MemberRemoval::Member(invited), 1), Ok(()));
    // Whom we act as is not known: one of the two that would remain may be us.
    let mut blind = Portal::of(roll([]));
    blind.own = None;
    assert_eq!(blind.judged(grace(), 2), Err(Reason::LastOwner));
    assert_eq!(blind.judged(grace(), 1), Ok(()));
    // An application of somebody else's is an owner like any other.
    let all = Members(vec![member("grace@example.com", Owner), application("app-1", Owner)]);
    assert_eq!(Portal::of(Roll::new(all)).judged(grace(), 1), Ok(()));
}

#[test]
fn a_held_removal_says_how_many_would_remain() {
    let mut portal = Portal::of(roll([]));
    let linus = MemberRemoval::Member(member("linus@example.com", Owner));
    portal.roll.apply(&MemberWritten::Removed { removal: linus, left: None });
    let facts = MemberGuardFacts {
        roll: &portal.roll,
        own: portal.own.as_ref(),
        protection: &MemberProtection::default(),
        confirmed: "",
    };
    let held = pass(MemberRemoval::Member(member("grace@example.com", Owner)), facts).unwrap_err();
    assert_eq!(
        held.message,
        "without `grace@example.com` the publisher would have 0 effective owners besides the operator, and its minimum \
         is 1: make another user who is there an owner first"
    );
}

#[test]
fn what_is_not_understood_is_never_taken_away() {
    let grace = member("grace@example.com", Owner);
    for strange in [
        Member { role: HeldRole::Other("curator".to_owned()), ..grace.clone() },
        Member { kind: MemberKind::Other("robot".to_owned()), ..grace.clone() },
    ] {
        let roll = Roll::new(Members(vec![grace.clone(), member("ada@example.com", Owner), strange.clone()]));
        let facts =
            MemberGuardFacts { roll: &roll, own: None, protection: &MemberProtection::default(), confirmed: "" };
        let held = pass(MemberRemoval::Member(strange), facts).unwrap_err();
        assert_eq!(held.reason, Reason::MemberMismatch, "{}", held.message);
    }
}
