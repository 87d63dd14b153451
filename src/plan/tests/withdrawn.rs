//! What becomes of a grant whose delegation is withdrawn, case by case.

use super::{
    binding::{desired, mary, metrics, object, recorded, said_with},
    *,
};
use crate::{
    access::{Validity, listing::AuditRecord},
    plan::{
        Finding, Reason, Removal, Step,
        binding::{BindingObject, DesiredBinding, could_be_granted, may_have_made, stands_for},
    },
};

fn holds() -> BindingObject {
    BindingObject { recorded: Some(recorded(metrics())), created: now() - SignedDuration::from_hours(3), ..object() }
}

fn wanted() -> DesiredBinding {
    desired(mary(), "MetricsViewer", Scope::environment("env-1").unwrap())
}

fn nonsense() -> DesiredBinding {
    DesiredBinding { role: "NoSuchRole".to_owned(), ..wanted() }
}

/// The one rule of the delegation that admits everything, edited.
fn under(edit: impl FnOnce(&mut Delegation)) -> Setting {
    let mut setting = Setting::of(listing());
    edit(&mut setting.delegations[0]);
    setting
}

fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

#[test]
fn a_grant_goes_with_its_delegation_and_with_nothing_else() {
    let revoke = || vec![Step::Remove(Removal::Binding(listing().bindings[3].clone()))];
    let role = |it: &mut Delegation| it.grants[0].roles = vec!["DataSteward".to_owned()];
    let scope = |it: &mut Delegation| it.grants[0].within = vec![Scope::environment("env-2").unwrap()];
    let kind = |it: &mut Delegation| it.grants[0].kinds = vec![PrincipalKind::ServiceAccount];
    let namespace = |it: &mut Delegation| it.namespaces = Namespaces::Names(vec!["other".to_owned()]);
    let short = |it: &mut Delegation| it.grants[0].max_duration = Some(hours(2));
    let long = |it: &mut Delegation| it.grants[0].max_duration = Some(hours(4));
    let here = |it: &mut Delegation| it.grants[0].declared_in = DeclaredIn::SameNamespace;
    let over = Validity { not_before: None, not_after: Some(now() - hours(1)) };
    let shifted = Validity { not_before: Some(now() + hours(1)), not_after: Some(now() + hours(2)) };
    let suspended = |validity| BindingObject { suspended: true, validity, ..holds() };
    let elsewhere = BindingObject { declared_here: false, ..holds() };
    let unread = BindingObject { delegations_known: false, ..holds() };
    let cannot = || Err(Finding::new(Reason::OrganizationNotReady, "it cannot be read"));
    let cases = vec![
        ("the namespace", under(namespace), holds(), Ok(wanted()), true),
        ("the role", under(role), holds(), Ok(wanted()), true),
        ("the place", under(scope), holds(), Ok(wanted()), true),
        ("the kind", under(kind), holds(), Ok(wanted()), true),
        ("all of it", Setting { delegations: Vec::new(), ..under(|_| {}) }, holds(), Ok(wanted()), true),
        ("and an edit made it nonsense", under(role), holds(), Ok(nonsense()), true),
        ("and it is suspended", under(role), suspended(Validity::default()), Ok(wanted()), true),
        ("and it is to be kept", under(role), holds(), Ok(DesiredBinding { retain: true, ..wanted() }), true),
        // The time that is delegated ends also what an edit, or `suspend`, would keep.
        ("the end was edited away", under(short), holds(), Ok(wanted()), true),
        ("the end was edited away early", under(long), holds(), Ok(wanted()), false),
        ("suspended over its end", under(short), suspended(over), Ok(wanted()), true),
        ("suspended and put off", under(short), suspended(shifted), Ok(wanted()), true),
        ("suspended in time", under(long), suspended(over), Ok(wanted()), false),
        // Nothing was withdrawn.
        ("an edit made it nonsense", under(|_| {}), holds(), Ok(nonsense()), false),
        ("the person's object is gone", under(here), elsewhere, Ok(wanted()), false),
        // Doubt.
        ("nobody knows the delegations", under(role), unread, cannot(), false),
        ("it is only observed", Setting { observing: true, ..under(role) }, holds(), Ok(wanted()), false),
    ];
    for (name, setting, object, desired, goes) in cases {
        let decided = said_with(&setting, &object, &desired, &[]);
        let steps = if goes { revoke() } else { Vec::new() };
        assert_eq!(decided.decision.steps, steps, "{name}: {decided:?}");
        assert!(!decided.lets_go, "{name}");
        // Two that lost it do not keep it for each other.
        let stands = stands_for(&object, &desired, &setting.facts(), &|_| false);
        assert!(!goes || stands.is_empty(), "{name}: {stands:?}");
        if goes {
            let validated = &decided.decision.validated;
            assert_eq!((validated.holds, validated.finding.reason), (Some(false), Reason::DelegationDenied), "{name}");
            assert_eq!(decided.decision.ready.reason, Reason::Progressing, "{name}");
            assert!(decided.decision.owns, "{name}: the finalizer stays until it is gone");
        }
    }
}

#[test]
fn what_others_keep_stays_when_one_loses_its_delegation() {
    let setting = under(|it| it.grants[0].roles.clear());
    let decided = said_with(&setting, &holds(), &Ok(wanted()), &[metrics()]);
    assert_eq!((decided.decision.steps.len(), decided.lets_go), (0, true));
    assert_eq!(decided.decision.ready.reason, Reason::DelegationDenied);
}

#[test]
fn what_is_revoked_is_answered_for_no_more_and_what_is_admitted_is_made() {
    let mut setting = under(|it| it.grants[0].roles = vec!["DataSteward".to_owned()]);
    let mut without = listing();
    without.bindings.truncate(3);
    setting.inventory = Inventory::new(without);
    let denied = said_with(&setting, &holds(), &Ok(wanted()), &[]);
    assert_eq!((denied.decision.ready.reason, denied.lets_go), (Reason::DelegationDenied, true));
    assert_eq!((denied.declares, denied.decision.owns), (Vec::new(), false));
    let edited = DesiredBinding { role: "DataSteward".to_owned(), ..wanted() };
    let made = said_with(&setting, &holds(), &Ok(edited), &[]);
    let grant = grant("u-mary", "DataSteward", Scope::environment("env-1").unwrap());
    assert_eq!(made.decision.steps, [Step::Grant(grant)]);
}

#[test]
fn a_deleted_object_keeps_nothing_that_was_withdrawn() {
    let retained = DesiredBinding { retain: true, ..wanted() };
    let object = BindingObject { deleting: true, ..holds() };
    let kept = said_with(&under(|_| {}), &object, &Ok(retained.clone()), &[]);
    assert_eq!((kept.decision.steps.len(), kept.decision.released), (0, true));
    let withdrawn = under(|it| it.grants[0].roles.clear());
    let ended = said_with(&withdrawn, &object, &Ok(retained), &[]);
    assert_eq!(ended.decision.steps, [Step::Remove(Removal::Binding(listing().bindings[3].clone()))]);
    assert!(!ended.decision.released);
}

#[test]
fn what_was_made_and_is_not_recorded_goes_with_its_delegation_too() {
    let made = BindingObject { recorded: None, made: vec![metrics()], ..holds() };
    let withdrawn = || under(|it| it.grants[0].roles.clear());
    let revoke = vec![Step::Remove(Removal::Binding(listing().bindings[3].clone()))];
    for object in [made.clone(), BindingObject { deleting: true, ..made.clone() }] {
        let retained = DesiredBinding { retain: true, ..wanted() };
        for desired in [wanted(), retained] {
            assert_eq!(said_with(&withdrawn(), &object, &Ok(desired.clone()), &[]).decision.steps, revoke);
            let shared = said_with(&withdrawn(), &object, &Ok(desired), &[metrics()]);
            assert_eq!(shared.decision.steps, [], "others keep it");
        }
    }
    assert_eq!(said_with(&under(|_| {}), &made, &Ok(nonsense()), &[]).decision.steps, [], "nothing is withdrawn");
    let unread = BindingObject { delegations_known: false, ..made };
    assert_eq!(said_with(&withdrawn(), &unread, &Ok(wanted()), &[]).decision.steps, [], "nobody knows");
}

#[test]
fn a_note_is_believed_by_who_can_have_written_it() {
    let young = |by: Option<&str>| {
        let mut listing = listing();
        listing.bindings[3].created_at = Some(now());
        let id = listing.bindings[3].id.clone();
        let record = |actor: &str| AuditRecord { at: now(), actor: PrincipalId::new(actor), subject: id };
        listing.audit.extend(by.map(record));
        listing
    };
    let setting = |listing, admitted: bool| {
        let mut setting = Setting::of(listing);
        if !admitted {
            setting.delegations.clear();
        }
        setting
    };
    let object = BindingObject { recorded: None, ..holds() };
    // The listing, whether it is admitted; whether it is ours by the status, and by the annotation.
    let cases = [
        (young(None), true, true, true),
        (young(None), false, true, false),
        (young(Some("sa-op")), false, true, false),
        (young(Some("u-grace")), false, false, false),
        (listing(), true, false, false),
        (listing(), false, false, false),
    ];
    for (number, (listing, admitted, status, annotation)) in cases.into_iter().enumerate() {
        let setting = setting(listing, admitted);
        let made = |by_annotation| may_have_made(&metrics(), by_annotation, &object, &setting.facts());
        assert_eq!((made(false), made(true)), (status, annotation), "case {number}");
        assert_eq!(could_be_granted(&metrics(), &object, &setting.facts()), admitted, "case {number}");
    }
}

#[test]
fn a_note_that_proves_nothing_is_told_whether_or_not_what_it_names_is_there() {
    let says = |listing| {
        let setting = Setting { delegations: Vec::new(), ..Setting::of(listing) };
        let object = BindingObject { recorded: None, doubted: true, ..holds() };
        let live = said_with(&setting, &object, &Ok(wanted()), &[]).decision;
        let deleted = said_with(&setting, &BindingObject { deleting: true, ..object }, &Ok(wanted()), &[]).decision;
        assert_eq!((live.steps.len(), deleted.steps.len(), deleted.released), (0, 0, true));
        let words = [live.ready.message, live.validated.finding.message, deleted.ready.message];
        assert!(words.iter().all(|it| it.contains("a note alone proves nothing")), "{words:?}");
        words
    };
    let mut without = listing();
    without.bindings.truncate(3);
    assert_eq!(says(listing()), says(without));
}
