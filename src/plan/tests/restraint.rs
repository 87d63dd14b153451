//! What a suspended object, and one of an organization that is only observed, comes to.

use super::{
    binding::{desired, mary, metrics, object, recorded, said_with},
    *,
};
use crate::{
    access::Validity,
    plan::{
        Adoption, Decision, Reason,
        binding::{BindingObject, DesiredBinding, stands_for},
        user::{self, DesiredUser, UserDeletion, UserObject},
    },
};

/// What was said: the reason, the sentence, what `Granted` or `InvitationAccepted` says, whether a finalizer is needed.
fn told(decision: &Decision) -> (Reason, &str, Option<bool>, bool) {
    assert!(decision.steps.is_empty() && decision.overdue.is_none(), "{decision:?}");
    let special = decision.special.as_ref().and_then(|fact| fact.holds);
    (decision.ready.reason, &decision.ready.message, special, decision.owns)
}

fn wanted(role: &str) -> DesiredBinding {
    let scope = if role == "DeveloperRead" { topic() } else { Scope::environment("env-1").unwrap() };
    desired(mary(), role, scope)
}

fn past() -> Validity {
    Validity { not_before: None, not_after: Some(before()) }
}

#[test]
fn a_restrained_binding_says_what_would_be_done() {
    let has = || BindingObject { recorded: Some(recorded(metrics())), ..object() };
    let replaces =
        "would grant Operator on environment env-1 for u-mary, then revoke MetricsViewer on environment env-1";
    let cases = [
        (object(), "DeveloperRead", "would grant DeveloperRead on", Some(false), false),
        (object(), "MetricsViewer", "is in force", Some(true), true),
        (has(), "Operator", replaces, Some(false), false),
        (has(), "Nonsense", "would not go on, as ", Some(true), true),
        (BindingObject { validity: past(), ..has() }, "MetricsViewer", "would revoke MetricsViewer", Some(true), true),
    ];
    for (object, role, words, granted, owns) in cases {
        let mut setting = Setting::of(listing());
        let suspended = BindingObject { suspended: true, ..object.clone() };
        let decided = said_with(&setting, &suspended, &Ok(wanted(role)), &[]);
        let (reason, message, special, owned) = told(&decided.decision);
        assert_eq!((reason, special, owned), (Reason::Suspended, granted, owns), "{role}");
        assert!(message.starts_with("nothing is changed, as `spec.suspend` is true: "), "{message}");
        assert!(message.contains(words), "{message}");

        setting.observing = true;
        let decided = said_with(&setting, &object, &Ok(wanted(role)), &[]);
        let (reason, message, special, owned) = told(&decided.decision);
        assert_eq!((reason, special, owned), (Reason::Observed, granted, false), "{role}");
        assert!(message.contains("`management: Observe`") && message.contains(words), "{message}");
        assert_eq!((decided.record, decided.lets_go), (None, false));
    }
}

#[test]
fn deletion_goes_by_the_policy_of_a_suspended_object_and_revokes_nothing_where_all_is_observed() {
    let had = BindingObject { deleting: true, suspended: true, recorded: Some(recorded(metrics())), ..object() };
    let mut setting = Setting::of(listing());
    let wanted = Ok(wanted("MetricsViewer"));
    assert_eq!(said_with(&setting, &had, &wanted, &[]).decision.steps.len(), 1);
    let kept = wanted.clone().map(|it| DesiredBinding { retain: true, ..it });
    assert!(said_with(&setting, &had, &kept, &[]).decision.released);
    setting.observing = true;
    let let_go = said_with(&setting, &had, &wanted, &[]).decision;
    assert!(let_go.released && let_go.steps.is_empty(), "{let_go:?}");
}

#[test]
fn a_suspended_object_keeps_what_it_answers_for_beyond_its_time() {
    let setting = Setting::of(listing());
    let had = BindingObject { recorded: Some(recorded(metrics())), validity: past(), ..object() };
    let suspended = BindingObject { suspended: true, ..had.clone() };
    let wanted = Ok(wanted("MetricsViewer"));
    assert_eq!(stands_for(&suspended, &wanted, &setting.facts(), &|_| false), [metrics()]);
    assert!(stands_for(&had, &wanted, &setting.facts(), &|_| false).is_empty());
    let fresh = BindingObject { recorded: None, ..suspended };
    assert!(stands_for(&fresh, &wanted, &setting.facts(), &|_| false).is_empty());
}

#[test]
fn a_restrained_person_is_neither_invited_nor_removed() {
    let desired = |address: &str| DesiredUser {
        email: email(address),
        full_name: Some("Mary".to_owned()),
        auth_type: None,
        max_attempts: 2,
        adoption: Adoption::Adopt,
        deletion: UserDeletion::Delete,
    };
    let object = |deleting, suspended| UserObject {
        created: now(),
        deleting,
        sharers: Vec::new(),
        declared_bindings: Vec::new(),
        going: Vec::new(),
        recorded: None,
        unproved: false,
        hidden: false,
        attempts: 0,
        suspended,
    };
    let mut setting = Setting::of(listing());
    let cases = [
        ("ada@example.com", "would invite `ada@example.com`", false, false),
        ("mary@example.com", "would set the full name of `u-mary` to `Mary`", true, true),
    ];
    for (address, words, member, owns) in cases {
        let decision = user::decide(&object(false, true), &desired(address), &setting.facts());
        let (reason, message, special, owned) = told(&decision);
        assert_eq!((reason, special, owned), (Reason::Suspended, Some(member), owns), "{address}");
        assert!(message.ends_with(words), "{message}");
    }
    assert_eq!(user::decide(&object(true, true), &desired("mary@example.com"), &setting.facts()).steps.len(), 1);
    setting.observing = true;
    let decision = user::decide(&object(false, false), &desired("ada@example.com"), &setting.facts());
    assert_eq!(told(&decision).0, Reason::Observed);
    assert!(user::decide(&object(true, false), &desired("mary@example.com"), &setting.facts()).released);
}
