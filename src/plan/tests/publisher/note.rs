//! What a note on a publisher's user proves, case by case.

use super::*;
use crate::plan::publisher::{Noted, NotedOn};

const ADA: &str = "ada@example.com";

/// What an object answers for by its record, by what it notes in its status, and by the same in the annotation.
fn answered(
    portal: &Portal,
    recorded: Option<PublisherRole>,
    role: PublisherRole,
) -> (Option<PublisherRole>, Option<PublisherRole>) {
    let on = NotedOn { created: now(), recorded, delegations_known: true };
    let by = |by_annotation| Noted { role, by_annotation }.answered(on, &desired(ADA, Owner), &portal.facts());
    (by(false), by(true))
}

#[test]
fn a_note_is_worth_a_declaration_and_the_operators_own_word_more() {
    let (mine, owner) = (recent(ADA, Contributor), recent(ADA, Owner));
    let group = Member { kind: MemberKind::Group, ..mine.clone() };
    let (all, some) = (&PublisherRole::ALL[..], &[Contributor][..]);
    let (none, contributor) = (None, Some(Contributor));
    // The listing, the roles delegated, what is recorded and noted; what is answered for by the status, and by the annotation.
    let cases = [
        (Some(mine.clone()), all, none, Contributor, contributor, contributor),
        (Some(mine.clone()), &[][..], none, Contributor, contributor, none),
        (Some(member(ADA, Contributor)), all, none, Contributor, contributor, none),
        (None, all, none, Contributor, none, none),
        // More than what is noted is somebody else's doing, and so is a user of another kind.
        (Some(owner.clone()), all, none, Contributor, none, none),
        (Some(group), all, none, Contributor, none, none),
        // Less may be what an edit left of it.
        (Some(mine.clone()), all, none, Owner, Some(Owner), Some(Owner)),
        (Some(mine.clone()), some, none, Owner, Some(Owner), none),
        // What is recorded explains it all, or leaves more to be explained.
        (Some(mine), all, contributor, Owner, contributor, contributor),
        (Some(owner.clone()), some, contributor, Owner, Some(Owner), contributor),
        (Some(owner), all, contributor, Contributor, contributor, contributor),
        (None, all, contributor, Owner, contributor, contributor),
    ];
    for (number, (held, roles, recorded, noted, status, annotation)) in cases.into_iter().enumerate() {
        let mut portal = Portal::of(roll(held));
        portal.delegations[0].rules[0].roles = roles.to_vec();
        assert_eq!(answered(&portal, recorded, noted), (status, annotation), "case {number}");
    }
}

#[test]
fn a_note_is_doubted_where_its_role_is_not_delegated_or_nobody_knows() {
    let portal = Portal::of(roll([recent(ADA, Contributor)]));
    let denying = Portal { delegations: Vec::new(), ..Portal::of(roll([])) };
    for (portal, delegations_known, doubted) in [(&portal, true, false), (&portal, false, true), (&denying, true, true)]
    {
        let on = NotedOn { created: now(), recorded: None, delegations_known };
        let is = |by_annotation| {
            Noted { role: Contributor, by_annotation }.is_doubted(on, &desired(ADA, Owner), &portal.facts())
        };
        assert_eq!((is(false), is(true)), (false, doubted));
    }
    // An observer answers for nothing more.
    let facts = MemberFacts { observing: true, ..portal.facts() };
    let on = NotedOn { created: now(), recorded: None, delegations_known: true };
    let noted = Noted { role: Contributor, by_annotation: false };
    assert_eq!(noted.answered(on, &desired(ADA, Contributor), &facts), None);
}

#[test]
fn that_a_note_proves_nothing_is_told_whether_or_not_she_is_there() {
    let says = |held: Option<Member>, deleting| {
        let portal = Portal { delegations: Vec::new(), ..Portal::of(roll(held)) };
        let object = MemberObject::among(now(), deleting, None, &desired(ADA, Contributor), [], &portal.facts());
        let object = MemberObject { doubted: true, delegations_known: true, ..object };
        let decision = decide(&object, &desired(ADA, Contributor), &portal.facts()).decision;
        assert!(decision.steps.is_empty(), "{decision:?}");
        (decision.ready.message, decision.validated)
    };
    for deleting in [false, true] {
        let (there, not) = (says(Some(recent(ADA, Contributor)), deleting), says(None, deleting));
        assert_eq!(there, not);
        assert!(there.0.contains("a note alone proves nothing") && there.0.contains("whoever keeps the publisher"));
    }
}
