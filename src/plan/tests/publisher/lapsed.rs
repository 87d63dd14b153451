//! What a user's time does to it, case by case.

use super::*;
use crate::access::validity::Outside;

fn hours(count: i64) -> Timestamp {
    now() + SignedDuration::from_hours(count)
}

#[test]
fn a_user_is_removed_when_its_time_is_over_and_not_before_it_came() {
    let ada = "ada@example.com";
    let (before, after) = (Outside::NotYet(hours(1)), Outside::Over(hours(-1)));
    let added = |at| Member { added_at: Some(at), ..member(ada, Contributor) };
    let remove = "remove `ada@example.com` from the publisher";
    // Its time, the finalizer, what the portal holds; the reason, the step, what `Granted` says.
    let cases = [
        (before, false, None, Reason::NotYetValid, None, false),
        (before, false, Some(added(hours(-2))), Reason::NotYetValid, None, true),
        (before, true, Some(added(hours(-2))), Reason::Progressing, Some(remove), true),
        (after, true, None, Reason::Expired, None, false),
        (after, true, Some(added(hours(-2))), Reason::Progressing, Some(remove), true),
        (after, false, Some(added(hours(-2))), Reason::Progressing, Some(remove), true),
        // Somebody else's doing.
        (after, true, Some(added(hours(0))), Reason::Expired, None, true),
        // An owner who was there is taken over only where that is spelled.
        (after, false, Some(member(ada, Owner)), Reason::AdoptionRequired, None, true),
    ];
    for (outside, finalized, held, reason, step, granted) in cases {
        let portal = Portal::of(roll(held.clone()));
        let desired = desired(ada, Contributor);
        let among = MemberObject::among(now(), false, None, &desired, [], &portal.facts());
        let object = MemberObject { outside: Some(outside), finalized, ..among };
        let decision = decide(&object, &desired, &portal.facts()).decision;
        let told = (decision.ready.reason, steps(&decision), decision.special.as_ref().and_then(|it| it.holds));
        let expected = (reason, step.map(str::to_owned).into_iter().collect(), Some(granted));
        assert_eq!(told, expected, "{outside} {finalized} {held:?}");
        assert_eq!(decision.overdue.is_some(), step.is_some());
    }
}

#[test]
fn a_user_stays_while_another_object_is_in_its_time() {
    let ada = "ada@example.com";
    let portal = Portal::of(roll([member(ada, Contributor)]));
    let desired = desired(ada, Contributor);
    let other = Other {
        name: "team/other".to_owned(),
        created: now(),
        namespace: &portal.namespace,
        desired: desired.clone(),
        recorded: None,
        delegations_known: true,
    };
    let among = MemberObject::among(now(), false, None, &desired, [other], &portal.facts());
    let object = MemberObject { outside: Some(Outside::Over(hours(-1))), finalized: true, ..among };
    let decision = decide(&object, &desired, &portal.facts()).decision;
    assert_eq!((decision.ready.reason, decision.steps.len()), (Reason::Expired, 0));
    assert!(decision.ready.message.contains("declared by `team/other` too"), "{}", decision.ready.message);
}

#[test]
fn the_operators_own_entry_and_denied_ones_stay_after_their_time() {
    let portal = Portal::of(roll([]));
    let own = application("app-op", Owner);
    let declared = DesiredMember {
        key: own.key.clone(),
        kind: own.kind.clone(),
        adoption: Some(Adoption::Adopt),
        ..desired("a@example.com", Owner)
    };
    let judged = |portal: &Portal, desired: &DesiredMember| {
        let among = MemberObject::among(now(), false, None, desired, [], &portal.facts());
        let object = MemberObject { outside: Some(Outside::Over(hours(-1))), finalized: true, ..among };
        let decision = decide(&object, desired, &portal.facts()).decision;
        assert!(decision.steps.is_empty());
        decision.ready.reason
    };
    assert_eq!(judged(&portal, &declared), Reason::OwnPublisherRole);
    let mut closed = Portal::of(roll([member("ada@example.com", Contributor)]));
    closed.delegations.clear();
    assert_eq!(judged(&closed, &desired("ada@example.com", Contributor)), Reason::DelegationDenied);
}

#[test]
fn a_restrained_user_is_left_as_the_portal_has_it() {
    let ada = "ada@example.com";
    let cases = [
        (None, Contributor, "would add `ada@example.com` as Contributor", false, false),
        (Some(recent(ada, Contributor)), Owner, "would make `ada@example.com` an owner", false, true),
        (Some(recent(ada, Contributor)), Contributor, "`ada@example.com` is Contributor of the publisher", true, true),
    ];
    for (held, role, words, granted, owns) in cases {
        let portal = Portal::of(roll(held));
        let desired = desired(ada, role);
        let judged = |deleting, suspended, observing| {
            let facts = MemberFacts { observing, ..portal.facts() };
            let among = MemberObject::among(now(), deleting, None, &desired, [], &facts);
            decide(&MemberObject { suspended, ..among }, &desired, &facts).decision
        };
        for (suspended, reason, owns) in [(true, Reason::Suspended, owns), (false, Reason::Observed, false)] {
            let decision = judged(false, suspended, !suspended);
            assert_eq!((decision.ready.reason, decision.steps.len(), decision.owns), (reason, 0, owns));
            assert!(decision.ready.message.ends_with(words), "{}", decision.ready.message);
            assert_eq!(decision.special.and_then(|fact| fact.holds), Some(granted));
        }
        assert!(judged(true, false, true).released);
        assert_eq!(judged(true, true, false).steps.len(), usize::from(owns));
    }
}

#[test]
fn whom_one_listing_lacks_is_neither_let_go_nor_forgotten() {
    let (portal, desired) = (Portal::of(roll([])), desired("ada@example.com", Contributor));
    let among = |deleting| MemberObject::among(now(), deleting, Some(Contributor), &desired, [], &portal.facts());
    let over = MemberObject { outside: Some(Outside::Over(hours(-1))), finalized: true, ..among(false) };
    for object in [among(true), over] {
        let missing = MemberObject { unproved: true, ..object.clone() };
        let waits = decide(&missing, &desired, &portal.facts());
        assert!(waits.decision.looks_again && !waits.decision.released, "{waits:?}");
        assert_eq!((waits.record, waits.decision.steps.len()), (Some(Contributor), 0));
        let gone = decide(&object, &desired, &portal.facts());
        assert!(gone.decision.released || gone.record.is_none(), "{gone:?}");
    }
    // A delegation that is withdrawn as well.
    let withdrawn = MemberFacts { delegations: &[], ..portal.facts() };
    let object = MemberObject { unproved: true, delegations_known: true, ..among(false) };
    let waits = decide(&object, &desired, &withdrawn);
    assert!(waits.decision.looks_again && waits.record == Some(Contributor), "{waits:?}");
}
