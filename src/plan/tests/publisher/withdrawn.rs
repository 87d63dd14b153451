//! What becomes of a publisher's user whose delegation is withdrawn, case by case.

use super::*;
use crate::{
    access::validity::Outside,
    plan::{
        Finding,
        publisher::{MemberDecision, guard::MemberProtection},
    },
};

const ADA: &str = "ada@example.com";
const GONE: &str = "remove `ada@example.com` from the publisher";
const LESS: &str = "make `ada@example.com` a contributor";

/// A publisher that holds that, where these roles are delegated.
fn under(held: Option<Member>, roles: &[PublisherRole]) -> Portal {
    let mut portal = Portal::of(roll(held));
    portal.delegations[0].rules[0].roles = roles.to_vec();
    portal
}

/// An object that answers for a role, edited.
fn holds(recorded: PublisherRole, edit: impl FnOnce(&mut MemberObject)) -> MemberObject {
    let bare = Portal::of(roll([]));
    let mut object = MemberObject::among(now(), false, None, &desired(ADA, recorded), [], &bare.facts());
    object.recorded = Some(recorded);
    object.finalized = true;
    object.delegations_known = true;
    edit(&mut object);
    object
}

fn said(portal: &Portal, object: &MemberObject, desired: &DesiredMember) -> MemberDecision {
    decide(object, desired, &portal.facts())
}

fn refuse(role: PublisherRole) -> DesiredMember {
    spelled(Adoption::Refuse, desired(ADA, role))
}

fn retain(role: PublisherRole) -> DesiredMember {
    DesiredMember { deletion: MemberDeletion::Retain, ..desired(ADA, role) }
}

fn contributor(edit: impl FnOnce(&mut MemberObject)) -> MemberObject {
    holds(Contributor, edit)
}

#[test]
fn a_user_goes_with_the_delegation_whatever_the_object_says() {
    let (made, adopted) = (recent(ADA, Contributor), member(ADA, Contributor));
    let nothing = || under(Some(made.clone()), &[]);
    let wanted = || desired(ADA, Contributor);
    let unread = Finding::new(Reason::InvalidSpec, "no time");
    let less = |held| under(Some(held), &[Contributor]);
    let owner = || holds(Owner, |_| {});
    let over = Some(Outside::Over(now()));
    let cases = [
        ("all of it", nothing(), contributor(|_| {}), wanted(), GONE),
        ("the role", less(recent(ADA, Owner)), owner(), desired(ADA, Owner), GONE),
        ("one taken over", under(Some(adopted.clone()), &[]), contributor(|_| {}), wanted(), GONE),
        ("left alone now", under(Some(adopted), &[]), contributor(|_| {}), refuse(Contributor), GONE),
        ("to be kept", nothing(), contributor(|_| {}), retain(Contributor), GONE),
        ("suspended", nothing(), contributor(|it| it.suspended = true), wanted(), GONE),
        ("unreadable", nothing(), contributor(|it| it.unreadable = Some(unread)), wanted(), GONE),
        // Where less is still delegated and declared, it becomes that in one write, asleep or not.
        ("less", less(recent(ADA, Owner)), owner(), wanted(), LESS),
        ("less, asleep", less(recent(ADA, Owner)), holds(Owner, |it| it.suspended = true), wanted(), LESS),
        ("less, left alone", less(member(ADA, Owner)), owner(), refuse(Contributor), LESS),
        ("less, too late", less(recent(ADA, Owner)), holds(Owner, |it| it.outside = over), wanted(), GONE),
    ];
    for (name, portal, object, desired, step) in cases {
        let MemberDecision { decision, record } = said(&portal, &object, &desired);
        assert_eq!(steps(&decision).join(", "), step, "{name}: {decision:?}");
        assert!(decision.overdue.is_some() && decision.owns, "{name}");
        let validated = &decision.validated;
        assert_eq!((validated.holds, validated.finding.reason), (Some(false), Reason::DelegationDenied), "{name}");
        assert_eq!((decision.ready.reason, record), (Reason::Progressing, object.recorded), "{name}");
    }
    assert_eq!(
        said(&nothing(), &contributor(|_| {}), &wanted()).decision.ready.message,
        "`ada@example.com`: the delegation `all` may not add anybody as Contributor; whoever keeps the publisher can add it \
         to `spec.delegations`; `ada@example.com` is being removed from the publisher"
    );
}

#[test]
fn a_user_stays_where_nothing_was_withdrawn_and_in_doubt() {
    let nothing = || under(Some(recent(ADA, Contributor)), &[]);
    let wanted = || desired(ADA, Contributor);
    let shared = |it: &mut MemberObject| it.sharers = vec!["beside/ada".to_owned()];
    let edited = under(Some(recent(ADA, Contributor)), &[Contributor]);
    let cases = [
        ("an edit asks for more", edited, contributor(|_| {}), desired(ADA, Owner)),
        ("somebody gave more by hand", under(Some(recent(ADA, Owner)), &[]), contributor(|_| {}), wanted()),
        ("it is gone", under(None, &[]), contributor(|_| {}), wanted()),
        ("others keep it", nothing(), contributor(shared), wanted()),
        ("nothing is recorded", nothing(), contributor(|it| it.recorded = None), wanted()),
        ("nobody knows the delegations", nothing(), contributor(|it| it.delegations_known = false), wanted()),
    ];
    for (name, portal, object, desired) in cases {
        let decision = said(&portal, &object, &desired).decision;
        assert!(decision.steps.is_empty() && decision.overdue.is_none(), "{name}: {decision:?}");
        assert_eq!(decision.ready.reason, Reason::DelegationDenied, "{name}");
    }
    // Only observed, and the operator's own entry.
    let mut portal = nothing();
    let facts = MemberFacts { observing: true, ..portal.facts() };
    let observed = decide(&contributor(|_| {}), &wanted(), &facts);
    assert_eq!((observed.decision.steps.len(), observed.record), (0, Some(Contributor)));
    portal.own = Some(key(ADA));
    let own = said(&portal, &contributor(|_| {}), &wanted()).decision;
    assert_eq!((own.ready.reason, own.steps.len()), (Reason::OwnPublisherRole, 0));
}

#[test]
fn what_is_answered_for_is_recorded_until_it_is_gone() {
    let open = |held| under(held, &PublisherRole::ALL);
    let fresh = || holds(Contributor, |it| it.recorded = None);
    let record = |portal: &Portal, object: &MemberObject, role| said(portal, object, &desired(ADA, role)).record;
    assert_eq!(record(&open(None), &fresh(), Contributor), None, "it is not made yet");
    assert_eq!(record(&open(Some(recent(ADA, Contributor))), &fresh(), Contributor), Some(Contributor));
    let invited = Member { invited: true, ..recent(ADA, Contributor) };
    assert_eq!(record(&open(Some(invited)), &fresh(), Contributor), Some(Contributor));
    // Until the new role is there, the old one is answered for; so is what an edit asked for in vain.
    let owner = holds(Owner, |_| {});
    assert_eq!(record(&open(Some(recent(ADA, Owner))), &owner, Contributor), Some(Owner));
    assert_eq!(record(&open(Some(recent(ADA, Contributor))), &owner, Contributor), Some(Contributor));
    let mine = contributor(|_| {});
    let denied = under(Some(recent(ADA, Contributor)), &[Contributor]);
    let decided = said(&denied, &mine, &desired(ADA, Owner));
    assert_eq!((decided.decision.ready.reason, decided.record), (Reason::DelegationDenied, Some(Contributor)));
    assert_eq!((decided.decision.owns, decided.decision.special.and_then(|it| it.holds)), (true, Some(true)));
    // Gone, kept by others, and given by others.
    assert_eq!(record(&under(None, &[]), &mine, Contributor), None);
    assert_eq!(record(&under(Some(recent(ADA, Owner)), &[]), &mine, Contributor), None);
    let shared = holds(Contributor, |it| it.sharers = vec!["b/ada".to_owned()]);
    assert_eq!(record(&under(Some(recent(ADA, Contributor)), &[]), &shared, Contributor), None);
    let expired = holds(Contributor, |it| it.outside = Some(Outside::Over(now())));
    assert_eq!(record(&open(None), &expired, Contributor), None);
    let left = said(&open(Some(recent(ADA, Contributor))), &expired, &desired(ADA, Contributor));
    assert_eq!((steps(&left.decision).join(", ").as_str(), left.record), (GONE, Some(Contributor)));
}

#[test]
fn drift_is_what_the_object_its_time_and_its_delegation_did_not_ask_for() {
    use crate::plan::{drift::Change, publisher::drift};
    let all = &PublisherRole::ALL[..];
    let over = |it: &mut MemberObject| it.outside = Some(Outside::Over(now()));
    let asleep = |it: &mut MemberObject| it.suspended = true;
    let (mine, owner) = (|| recent(ADA, Contributor), || recent(ADA, Owner));
    // The listing, the roles delegated, the object with what it records and what it declares; what somebody did.
    let cases = [
        (Some(mine()), all, holds(Contributor, |_| {}), Contributor, None),
        (None, all, holds(Contributor, |_| {}), Contributor, Some(Change::Removed)),
        (None, all, holds(Contributor, asleep), Contributor, Some(Change::Removed)),
        (Some(owner()), all, holds(Contributor, |_| {}), Contributor, Some(Change::Promoted)),
        (Some(mine()), all, holds(Owner, |_| {}), Owner, Some(Change::Demoted)),
        // What was asked for: an edit, before and after it is carried out, an end, and a withdrawal.
        (Some(mine()), all, holds(Contributor, |_| {}), Owner, None),
        (Some(owner()), all, holds(Contributor, |_| {}), Owner, None),
        (Some(owner()), all, holds(Owner, |_| {}), Contributor, None),
        (Some(mine()), all, holds(Owner, |_| {}), Contributor, None),
        (None, all, holds(Contributor, over), Contributor, None),
        (Some(owner()), all, holds(Contributor, over), Contributor, None),
        (None, &[][..], holds(Contributor, |_| {}), Contributor, None),
        (Some(mine()), &[][..], holds(Contributor, |_| {}), Contributor, None),
    ];
    for (number, (held, roles, object, role, change)) in cases.into_iter().enumerate() {
        let (portal, desired) = (under(held.clone(), roles), desired(ADA, role));
        let decided = said(&portal, &object, &desired);
        let found = drift(object.recorded.unwrap(), &decided, &desired, held.as_ref());
        assert_eq!(found.as_ref().map(|it| it.change), change, "case {number}: {decided:?}");
        assert!(found.is_none_or(|it| it.by.is_none()), "the portal keeps no record of who did what");
    }
}

#[test]
fn a_deleted_object_takes_along_what_it_had_before_an_edit_or_a_withdrawal() {
    let adopted = spelled(Adoption::Refuse, desired(ADA, Contributor));
    // The roles delegated, what is declared, whether it had the role; the step.
    let cases = [
        (vec![Contributor], desired(ADA, Owner), true, GONE),
        (vec![Contributor], desired(ADA, Owner), false, ""),
        (vec![], desired(ADA, Contributor), true, GONE),
        (vec![], desired(ADA, Contributor), false, ""),
        (vec![], retain(Contributor), true, GONE),
        (vec![Contributor], retain(Contributor), true, ""),
        (vec![], adopted, true, GONE),
    ];
    for (roles, desired, had, step) in cases {
        let portal = under(Some(recent(ADA, Contributor)), &roles);
        let object = holds(Contributor, |it| {
            it.deleting = true;
            it.recorded = it.recorded.filter(|_| had);
        });
        let decision = said(&portal, &object, &desired).decision;
        assert_eq!(steps(&decision).join(", "), step, "{roles:?}: {desired:?}, {had}");
        assert_eq!(decision.released, step.is_empty(), "{roles:?}: {desired:?}, {had}");
    }
    // What somebody gave by hand is not the object's, and neither is what was there before and is not taken over.
    let portal = under(Some(member(ADA, Owner)), &[]);
    let deleted = holds(Contributor, |it| it.deleting = true);
    assert!(said(&portal, &deleted, &desired(ADA, Contributor)).decision.released);
    let portal = under(Some(member(ADA, Contributor)), &[Contributor]);
    let never_had = holds(Contributor, |it| (it.deleting, it.recorded) = (true, None));
    let refuse = spelled(Adoption::Refuse, desired(ADA, Contributor));
    assert!(said(&portal, &never_had, &refuse).decision.released);
}

#[test]
fn two_that_lost_it_do_not_keep_a_user_for_each_other_and_one_that_has_it_does() {
    let mut portal = under(Some(recent(ADA, Contributor)), &[Contributor]);
    let beside = Namespace { name: "beside".to_owned(), ..Namespace::default() };
    let other = |role, recorded, known| Other {
        name: "beside/ada".to_owned(),
        created: now(),
        namespace: &beside,
        desired: desired(ADA, role),
        recorded,
        delegations_known: known,
    };
    let sharers = |portal: &Portal, other: Other<'_>| {
        let among = MemberObject::among(now(), true, None, &desired(ADA, Contributor), [other], &portal.facts());
        (among.sharers.len(), among.contradicted.is_some())
    };
    // An edit that is not admitted neither ends nor contradicts anything.
    assert_eq!(sharers(&portal, other(Owner, Some(Contributor), true)), (1, false));
    assert_eq!(sharers(&portal, other(Owner, None, true)), (0, false));
    portal.delegations.clear();
    assert_eq!(sharers(&portal, other(Contributor, Some(Contributor), true)), (0, false));
    // In doubt it keeps what it has.
    assert_eq!(sharers(&portal, other(Contributor, Some(Contributor), false)), (1, false));
}

#[test]
fn an_owner_goes_only_where_a_person_confirmed_it() {
    let protection = MemberProtection { confirm_owners: true, ..MemberProtection::default() };
    let (grace, ada) = (member("grace@example.com", Owner), member(ADA, Contributor));
    let portal = Portal::of(roll([ada.clone()]));
    let judged = |removal, confirmed| {
        let facts =
            MemberGuardFacts { roll: &portal.roll, own: portal.own.as_ref(), protection: &protection, confirmed };
        pass(removal, facts).map(|_| ()).map_err(|held| (held.reason, held.message))
    };
    for removal in [MemberRemoval::Member(grace.clone()), MemberRemoval::Ownership(grace.clone())] {
        let (reason, message) = judged(removal.clone(), "").unwrap_err();
        assert_eq!(reason, Reason::ConfirmationRequired);
        assert_eq!(
            message,
            "`Owner` of `grace@example.com` is administrative, and the publisher's `protection.confirmRemoval` wants its \
             removal confirmed: annotate this object with `access.roster.dev/confirm-removal=Owner`, and it goes on by itself"
        );
        assert!(judged(removal.clone(), "owner").is_err() && judged(removal.clone(), "Contributor").is_err());
        assert_eq!(judged(removal, "OrganizationAdmin, Owner"), Ok(()));
    }
    // An older look at the user does not make it a contributor.
    let was = Member { role: Contributor.into(), ..grace };
    assert_eq!(judged(MemberRemoval::Member(was), "").unwrap_err().0, Reason::ConfirmationRequired);
    let invited = Member { invited: true, ..member("linus@example.com", Owner) };
    assert_eq!(judged(MemberRemoval::Member(invited), "").unwrap_err().0, Reason::ConfirmationRequired);
    assert_eq!(judged(MemberRemoval::Member(ada), ""), Ok(()));
}

#[test]
fn objects_of_other_namespaces_are_counted_and_not_named() {
    let namespace = Namespace { name: "team".to_owned(), ..Namespace::default() };
    let mut portal = under(Some(recent(ADA, Contributor)), &PublisherRole::ALL);
    portal.namespace = namespace;
    let names = ["beside/ada", "payments/ada", "team/same"];
    let others = |role| names.map(|name| (name, desired(ADA, role)));
    let words = |deleting, others: &[(&str, DesiredMember)]| portal.said(deleting, &desired(ADA, Contributor), others);
    let told = "declared by `team/same` and 2 objects of other namespaces too";
    assert_eq!(
        words(false, &others(Contributor)).ready.message,
        format!("`{ADA}` is Contributor of the publisher; {told}, the user goes with the last")
    );
    assert_eq!(words(true, &others(Contributor)).ready.message, format!("`{ADA}` stays on the publisher: {told}"));
    let torn = words(false, &others(Owner)).ready.message;
    assert!(torn.contains("as Contributor, and 1 object of another namespace as Owner: make both"), "{torn}");
}
