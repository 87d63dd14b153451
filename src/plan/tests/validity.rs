//! What a grant's time does to it, case by case.

use super::{
    binding::{desired, mary, metrics, object, recorded, said, said_with},
    *,
};
use crate::{
    access::Validity,
    plan::{
        Finding, Reason, Removal, Step,
        binding::{BindingObject, DesiredBinding, claims, stands_for},
    },
};

fn hours(count: i64) -> Timestamp {
    now() + SignedDuration::from_hours(count)
}

fn future() -> Validity {
    Validity { not_before: Some(hours(1)), not_after: Some(hours(2)) }
}

fn present() -> Validity {
    Validity { not_before: Some(hours(-1)), not_after: Some(hours(1)) }
}

fn past() -> Validity {
    Validity { not_before: None, not_after: Some(hours(-1)) }
}

fn in_time(validity: Validity) -> BindingObject {
    BindingObject { validity, created: hours(-2), ..object() }
}

fn wanted() -> DesiredBinding {
    desired(mary(), "MetricsViewer", Scope::environment("env-1").unwrap())
}

/// The listing without the grant.
fn without() -> Listing {
    let mut listing = listing();
    listing.bindings.truncate(3);
    listing
}

/// The listing with the grant as made at that time.
fn made(at: Option<Timestamp>) -> Listing {
    let mut listing = listing();
    listing.bindings[3].created_at = at;
    listing
}

#[test]
fn a_grant_is_made_in_its_time_and_revoked_after_it() {
    let has = |validity| BindingObject { recorded: Some(recorded(metrics())), ..in_time(validity) };
    let revoke = Step::Remove(Removal::Binding(listing().bindings[3].clone()));
    let make = Step::Grant(metrics());
    let hour = Some(3_601);
    let cases = [
        ("before", in_time(future()), without(), None, Reason::NotYetValid, false, hour),
        ("at last", in_time(present()), without(), Some(make), Reason::Progressing, false, hour),
        ("in time", has(present()), listing(), None, Reason::InSync, true, hour),
        ("after", has(past()), listing(), Some(revoke.clone()), Reason::Progressing, true, None),
        ("long after", in_time(past()), without(), None, Reason::Expired, false, None),
        // The status was lost, and the manifest says it all.
        ("rebuilt", in_time(past()), listing(), Some(revoke.clone()), Reason::Progressing, true, None),
        // An edit put it off.
        ("put off", has(future()), listing(), Some(revoke), Reason::Progressing, true, hour),
        // Before its time it has made nothing, so this is another's.
        ("not its own", in_time(future()), listing(), None, Reason::NotYetValid, true, hour),
        ("another's since", in_time(past()), made(Some(hours(0))), None, Reason::Expired, true, None),
    ];
    for (name, object, listing, step, reason, granted, recheck) in cases {
        let decided = said(listing, &object, &Ok(wanted()));
        let decision = &decided.decision;
        assert_eq!(decision.ready.reason, reason, "{name}: {decided:?}");
        assert_eq!(decision.steps, step.into_iter().collect::<Vec<_>>(), "{name}");
        assert_eq!(decision.special.as_ref().and_then(|fact| fact.holds), Some(granted), "{name}");
        assert_eq!(decision.recheck_seconds, recheck, "{name}");
        assert_eq!(decided.next, object.validity.next(now()), "{name}");
        assert_eq!(decision.overdue.is_some(), matches!(decision.steps.as_slice(), [Step::Remove(_)]), "{name}");
    }
}

#[test]
fn what_is_over_is_forgotten_and_what_never_was_needs_no_finalizer() {
    let had = BindingObject { recorded: Some(recorded(metrics())), ..in_time(past()) };
    let revoking = said(listing(), &had, &Ok(wanted()));
    assert!(!revoking.lets_go && revoking.decision.owns && revoking.declares == [metrics()], "{revoking:?}");
    let revoked = said(without(), &had, &Ok(wanted()));
    assert!(revoked.lets_go && revoked.declares.is_empty(), "{revoked:?}");
    assert!(!said(without(), &in_time(future()), &Ok(wanted())).decision.owns);
}

#[test]
fn a_grant_stays_while_one_of_its_objects_is_in_force() {
    let had = BindingObject { recorded: Some(recorded(metrics())), ..in_time(past()) };
    let shared = said_with(&Setting::of(listing()), &had, &Ok(wanted()), &[metrics()]);
    let decision = &shared.decision;
    assert_eq!((decision.ready.reason, decision.steps.len(), shared.lets_go), (Reason::Expired, 0, true));
    assert!(
        decision.ready.message.contains("stays: declared by 1 object of another namespace too"),
        "{}",
        decision.ready.message
    );
    assert_eq!(decision.special.as_ref().unwrap().holds, Some(true));
    // Which ones do: a person is needed for what will be granted too.
    let setting = Setting::of(listing());
    let cases = [(past(), 0, 0), (present(), 1, 1), (future(), 0, 1)];
    for (validity, keeps, needs) in cases {
        let other = in_time(validity);
        assert_eq!(stands_for(&other, &Ok(wanted()), &setting.facts(), &|_| false).len(), keeps, "{validity:?}");
        assert_eq!(claims(&other, &Ok(wanted()), &setting.facts(), &|_| false).len(), needs, "{validity:?}");
    }
}

#[test]
fn the_end_comes_for_what_became_invalid_too() {
    let invalid: Result<DesiredBinding, Finding> = Err(Finding::new(Reason::InvalidSpec, "broken"));
    let had = |validity| BindingObject { recorded: Some(recorded(metrics())), ..in_time(validity) };
    let cases = [
        (present(), listing(), Reason::InvalidSpec, 0),
        (past(), listing(), Reason::Progressing, 1),
        (past(), without(), Reason::Expired, 0),
        (future(), without(), Reason::InvalidSpec, 0),
    ];
    for (validity, listing, reason, steps) in cases {
        let decision = said(listing, &had(validity), &invalid).decision;
        assert_eq!((decision.ready.reason, decision.steps.len()), (reason, steps), "{validity:?}");
    }
    // The object was edited and the old grant not yet replaced: that one ends as well.
    let old = grant("u-mary", "Operator", Scope::organization());
    let mut both = listing();
    both.bindings.push(binding("u-mary", "Operator", Scope::organization()));
    let edited = BindingObject { recorded: Some(recorded(old)), ..in_time(past()) };
    assert_eq!(said(both, &edited, &Ok(wanted())).decision.steps.len(), 2);
}

#[test]
fn an_administrative_grant_that_was_there_is_not_ended_unasked() {
    let linus = crate::plan::binding::DeclaredPrincipal::Email(email("linus@example.com"));
    let silent = desired(linus, "OrganizationAdmin", Scope::organization());
    let refused = said(listing(), &in_time(past()), &Ok(silent.clone())).decision;
    assert_eq!((refused.ready.reason, refused.steps.len()), (Reason::AdoptionRequired, 0));
    let spelled = DesiredBinding { adoption: Some(crate::plan::Adoption::Adopt), ..silent };
    assert_eq!(said(listing(), &in_time(past()), &Ok(spelled)).decision.steps.len(), 1);
}

#[test]
fn deletion_outside_of_its_time_takes_nothing_of_others() {
    let deleting = |validity| BindingObject { deleting: true, ..in_time(validity) };
    let cases = [
        (future(), listing(), 0),
        (present(), listing(), 1),
        (past(), listing(), 1),
        (past(), made(Some(hours(0))), 0),
    ];
    for (validity, listing, steps) in cases {
        let decision = said(listing, &deleting(validity), &Ok(wanted())).decision;
        assert_eq!((decision.steps.len(), decision.released), (steps, steps == 0), "{validity:?}");
    }
}

#[test]
fn a_delegation_may_bound_the_time() {
    let mut setting = Setting::of(without());
    setting.delegations[0].grants[0].max_duration = Some(SignedDuration::from_hours(3));
    let judged = |validity: Validity| {
        let decided = said_with(&setting, &in_time(validity), &Ok(wanted()), &[]);
        (decided.decision.ready.reason, decided.decision.ready.message)
    };
    let until = |count| Validity { not_before: None, not_after: Some(hours(count)) };
    // The object is two hours old.
    assert_eq!(judged(until(1)).0, Reason::Progressing);
    for validity in [until(2), Validity::default()] {
        let (reason, message) = judged(validity);
        assert_eq!(reason, Reason::DelegationDenied);
        let words = "for at most 3h: set `spec.validity.notAfter` to 2026-01-01T13:00:00Z or earlier";
        assert!(message.contains(words), "{message}");
    }
    assert_eq!(judged(Validity { not_before: Some(hours(5)), not_after: Some(hours(8)) }).0, Reason::NotYetValid);
}
