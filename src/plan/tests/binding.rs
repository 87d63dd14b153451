//! One grant, case by case.

use super::*;
use crate::access::Validity;
use crate::plan::{
    Adoption, Finding, Reason, Removal, Step,
    binding::{
        BindingDecision, BindingObject, DeclaredPrincipal, DesiredBinding, Meaning, Recorded, Sharers, decide,
        stands_for,
    },
};

pub(super) fn desired(principal: DeclaredPrincipal, role: &str, scope: Scope) -> DesiredBinding {
    DesiredBinding { principal, role: role.to_owned(), scope, adoption: None, retain: false }
}

pub(super) fn mary() -> DeclaredPrincipal {
    DeclaredPrincipal::Email(email("mary@example.com"))
}

pub(super) fn object() -> BindingObject {
    BindingObject {
        created: now(),
        deleting: false,
        touched: true,
        recorded: None,
        made: Vec::new(),
        unproved: Vec::new(),
        doubted: false,
        meaning: None,
        declared_here: true,
        validity: Validity::default(),
        suspended: false,
        delegations_known: true,
    }
}

pub(super) fn recorded(grant: Grant) -> Recorded {
    Recorded { grant, label: "mary@example.com".to_owned() }
}

pub(super) fn said(
    listing: Listing,
    object: &BindingObject,
    desired: &Result<DesiredBinding, Finding>,
) -> BindingDecision {
    said_with(&Setting::of(listing), object, desired, &[])
}

pub(super) fn said_with(
    setting: &Setting,
    object: &BindingObject,
    desired: &Result<DesiredBinding, Finding>,
    shared: &[Grant],
) -> BindingDecision {
    let others = |grant: &Grant| if shared.contains(grant) { vec!["other/it".to_owned()] } else { Vec::new() };
    decide(object, desired, &setting.facts(), Sharers { known: &others, all: &others, answered: &|_| false })
}

pub(super) fn metrics() -> Grant {
    grant("u-mary", "MetricsViewer", Scope::environment("env-1").unwrap())
}

#[test]
fn a_grant_is_made_once_and_an_ordinary_one_is_adopted() {
    let made = said(listing(), &object(), &Ok(desired(mary(), "DeveloperRead", topic())));
    assert_eq!(made.decision.steps, [Step::Grant(grant("u-mary", "DeveloperRead", topic()))]);
    let scope = Scope::environment("env-1").unwrap();
    let adopted = said(listing(), &object(), &Ok(desired(mary(), "MetricsViewer", scope)));
    assert_eq!((adopted.decision.ready.reason, adopted.decision.steps.len()), (Reason::InSync, 0));
    assert_eq!(adopted.record.unwrap().grant, metrics());
}

#[test]
fn an_administrative_grant_that_was_there_is_taken_over_only_where_it_is_spelled() {
    let linus = || DeclaredPrincipal::Email(email("linus@example.com"));
    let silent = desired(linus(), "OrganizationAdmin", Scope::organization());
    let refused = said(listing(), &object(), &Ok(silent.clone()));
    assert_eq!(
        (refused.decision.ready.reason, refused.record, refused.decision.owns),
        (Reason::AdoptionRequired, None, false)
    );
    let deleted = said(listing(), &BindingObject { deleting: true, ..object() }, &Ok(silent.clone()));
    assert!(deleted.decision.released && deleted.decision.steps.is_empty(), "{deleted:?}");
    let spelled = DesiredBinding { adoption: Some(Adoption::Adopt), ..silent.clone() };
    assert_eq!(said(listing(), &object(), &Ok(spelled)).decision.ready.reason, Reason::InSync);
    // One that was made after the object is our own half-finished create.
    let mut young = listing();
    young.bindings[1].created_at = Some(now() + SignedDuration::from_secs(2));
    assert_eq!(said(young, &object(), &Ok(silent.clone())).decision.ready.reason, Reason::InSync);
    let mut undated = listing();
    undated.bindings[1].created_at = None;
    assert_eq!(said(undated, &object(), &Ok(silent.clone())).decision.ready.reason, Reason::AdoptionRequired);
    // What another object answers for was not there before us, also where this one says `Refuse`.
    let (setting, none) = (Setting::of(listing()), |_: &Grant| Vec::new());
    let sharers = Sharers { known: &none, all: &none, answered: &|grant| grant.role == "OrganizationAdmin" };
    for adoption in [None, Some(Adoption::Refuse)] {
        let declared = Ok(DesiredBinding { adoption, ..silent.clone() });
        let decided = decide(&object(), &declared, &setting.facts(), sharers);
        assert_eq!((decided.decision.ready.reason, decided.record.is_some()), (Reason::InSync, true));
        assert_eq!(stands_for(&object(), &declared, &setting.facts(), sharers.answered).len(), 1);
        assert!(stands_for(&object(), &declared, &setting.facts(), &|_| false).is_empty());
        // It ends nothing that it never had.
        let deleted = decide(&BindingObject { deleting: true, ..object() }, &declared, &setting.facts(), sharers);
        assert!(deleted.decision.released && deleted.decision.steps.is_empty(), "{deleted:?}");
    }
}

#[test]
fn an_edit_makes_before_it_breaks() {
    let edited = BindingObject { recorded: Some(recorded(metrics())), ..object() };
    let wanted = Ok(desired(mary(), "Operator", Scope::environment("env-1").unwrap()));
    let first = said(listing(), &edited, &wanted);
    let (made, old) = (grant("u-mary", "Operator", Scope::environment("env-1").unwrap()), &listing().bindings[3]);
    assert_eq!(first.decision.steps, [Step::Grant(made.clone()), Step::Remove(Removal::Binding(old.clone()))]);
    let mut both = listing();
    both.bindings.push(binding("u-mary", "Operator", made.scope.clone()));
    let second = said(both.clone(), &edited, &wanted);
    assert_eq!(second.decision.steps, [Step::Remove(Removal::Binding(old.clone()))]);
    assert_eq!(second.record, None, "the old grant is remembered until it is gone");
    // What somebody else declares is not broken.
    let shared = said_with(&Setting::of(both), &edited, &wanted, &[metrics()]);
    assert_eq!((shared.decision.steps.len(), shared.record.unwrap().grant), (0, made));
}

#[test]
fn deletion_revokes_what_is_ours_and_nothing_that_others_declare() {
    let ours = BindingObject { deleting: true, recorded: Some(recorded(metrics())), ..object() };
    let wanted = || Ok(desired(mary(), "MetricsViewer", Scope::environment("env-1").unwrap()));
    let revoked = said(listing(), &ours, &wanted());
    assert_eq!(revoked.decision.steps, [Step::Remove(Removal::Binding(listing().bindings[3].clone()))]);
    assert!(said_with(&Setting::of(listing()), &ours, &wanted(), &[metrics()]).decision.released);
    let kept = wanted().map(|it| DesiredBinding { retain: true, ..it });
    assert!(said(listing(), &ours, &kept).decision.released);
    let mut gone = listing();
    gone.bindings.truncate(3);
    assert!(said(gone, &ours, &wanted()).decision.released);
    // An object that became invalid keeps its grant, and revokes it when it is deleted.
    let invalid: Result<DesiredBinding, Finding> = Err(Finding::new(Reason::InvalidSpec, "broken"));
    let still = said(listing(), &BindingObject { deleting: false, ..ours.clone() }, &invalid);
    assert_eq!((still.decision.ready.reason, still.decision.steps.len()), (Reason::InvalidSpec, 0));
    assert_eq!(said(listing(), &ours, &invalid).decision.steps.len(), 1);
}

#[test]
fn a_name_that_starts_to_mean_somebody_else_holds_until_the_spec_is_touched() {
    let moved = Recorded { grant: grant("sa-old", "MetricsViewer", Scope::organization()), label: "etl".to_owned() };
    let resting = BindingObject { touched: false, recorded: Some(moved), ..object() };
    let named = DeclaredPrincipal::ServiceAccountNamed("etl".to_owned());
    let wanted = Ok(desired(named, "MetricsViewer", Scope::organization()));
    let held = said(listing(), &resting, &wanted);
    assert_eq!((held.decision.ready.reason, held.decision.steps.len()), (Reason::PrincipalChanged, 0));
    let touched = BindingObject { touched: true, ..resting };
    assert_eq!(said(listing(), &touched, &wanted).decision.steps.len(), 1);
    // A new id for the same e-mail is the same person, invited again.
    let again = Recorded {
        grant: grant("u-former", "MetricsViewer", Scope::organization()),
        label: "mary@example.com".to_owned(),
    };
    let resting = BindingObject { touched: false, recorded: Some(again), ..object() };
    let followed = said(listing(), &resting, &Ok(desired(mary(), "MetricsViewer", Scope::organization())));
    assert_eq!(followed.decision.steps, [Step::Grant(grant("u-mary", "MetricsViewer", Scope::organization()))]);
}

/// The address of somebody else, or an account of the same name.
#[test]
fn a_new_id_is_the_same_person_only_while_the_former_one_has_no_other_address() {
    let held = |name: &str, principal: DeclaredPrincipal, id: &str, listing: Listing| {
        let before = Recorded { grant: grant(id, "MetricsViewer", Scope::organization()), label: name.to_owned() };
        let resting = BindingObject { touched: false, recorded: Some(before), ..object() };
        let decision =
            said(listing, &resting, &Ok(desired(principal, "MetricsViewer", Scope::organization()))).decision;
        (decision.ready.reason, decision.steps.len())
    };
    let changed = (Reason::PrincipalChanged, 0);
    let mut renamed = listing();
    renamed.users.push(user("u-former", "mary.new@example.com"));
    assert_eq!(held("mary@example.com", mary(), "u-former", renamed), changed);
    let mut twice = listing();
    twice.users.insert(0, user("u-former", "mary@example.com"));
    assert_eq!(held("mary@example.com", mary(), "u-former", twice), (Reason::Progressing, 1));
    let mut named = listing();
    named.service_accounts[1].display_name = "etl@example.com".to_owned();
    let account = DeclaredPrincipal::ServiceAccountNamed("etl@example.com".to_owned());
    assert_eq!(held("etl@example.com", account, "sa-former", named), changed);
}

#[test]
fn whose_address_was_changed_keeps_the_grant_and_is_named_with_the_new_one() {
    let mut renamed = listing();
    for user in renamed.users.iter_mut().filter(|it| it.id.as_str() == "u-mary") {
        user.email = email("mary.new@example.com");
    }
    let resting = BindingObject { recorded: Some(recorded(metrics())), ..object() };
    let wanted = || Ok(desired(mary(), "MetricsViewer", Scope::environment("env-1").unwrap()));
    let told = said(renamed.clone(), &resting, &wanted()).decision;
    assert_eq!((told.ready.reason, told.steps.len()), (Reason::PrincipalNotFound, 0));
    assert!(told.ready.message.contains("has `mary.new@example.com` now"), "{}", told.ready.message);
    let unmade = said(renamed, &object(), &wanted()).decision;
    assert!(unmade.ready.message.contains("declare a ConfluentUser"), "{}", unmade.ready.message);
}

#[test]
fn what_one_listing_lacks_is_neither_let_go_nor_forgotten() {
    let mut lacking = listing();
    lacking.bindings.truncate(3);
    let operator = || Ok(desired(mary(), "Operator", Scope::environment("env-1").unwrap()));
    let same = || Ok(desired(mary(), "MetricsViewer", Scope::environment("env-1").unwrap()));
    let mut other = lacking.clone();
    other.bindings.push(binding("u-mary", "Operator", Scope::environment("env-1").unwrap()));
    let past = Validity { not_before: None, not_after: Some(before()) };
    let had = BindingObject { recorded: Some(recorded(metrics())), unproved: vec![metrics()], ..object() };
    let deleted = BindingObject { deleting: true, ..had.clone() };
    let made = BindingObject { recorded: None, made: vec![metrics()], ..deleted.clone() };
    let over = BindingObject { validity: past, ..had.clone() };
    let cases = [(&deleted, same()), (&made, same()), (&over, same()), (&had, operator())];
    for (object, wanted) in cases {
        let waits = said(other.clone(), object, &wanted);
        assert!(waits.decision.looks_again && !waits.decision.released && !waits.lets_go, "{waits:?}");
        assert_eq!((waits.record, waits.decision.steps.len()), (None, 0));
        // Once a second listing lacks it too, or where somebody else keeps it, that is the end.
        let proved = said(other.clone(), &BindingObject { unproved: Vec::new(), ..object.clone() }, &wanted);
        let shared = said_with(&Setting::of(other.clone()), object, &wanted, &[metrics()]);
        for ended in [proved, shared] {
            assert!(ended.decision.released || ended.lets_go || ended.record.is_some(), "{ended:?}");
            assert!(!ended.decision.looks_again);
        }
    }
    // What replaces it, and what makes it again, waits for nothing; and what is kept, or only observed, is let go as ever.
    for wanted in [same(), operator()] {
        let steps = said(lacking.clone(), &had, &wanted).decision;
        assert!(matches!(steps.steps.as_slice(), [Step::Grant(_)]) && !steps.looks_again, "{steps:?}");
    }
    let kept = same().map(|it| DesiredBinding { retain: true, ..it });
    assert!(said(lacking.clone(), &deleted, &kept).decision.released);
    let watched = Setting { observing: true, ..Setting::of(lacking.clone()) };
    assert!(said_with(&watched, &deleted, &same(), &[]).decision.released);
    assert!(!said_with(&watched, &over, &same(), &[]).decision.looks_again);
    // A delegation that is withdrawn ends what it can see, and remembers what it cannot.
    let none = Setting { delegations: Vec::new(), ..Setting::of(lacking) };
    let withdrawn = said_with(&none, &had, &same(), &[]);
    assert!(withdrawn.decision.looks_again && !withdrawn.lets_go, "{withdrawn:?}");
    assert_eq!(withdrawn.decision.validated.finding.reason, Reason::DelegationDenied);
}

#[test]
fn what_an_edit_settled_stays_settled_until_the_next() {
    let former = Recorded {
        grant: grant("u-former", "MetricsViewer", Scope::organization()),
        label: "former@example.com".to_owned(),
    };
    let wanted = Ok(desired(mary(), "MetricsViewer", Scope::organization()));
    let meant =
        |id: &str, label: &str| Some(Meaning::Settled { principal: PrincipalId::new(id), label: label.to_owned() });
    let mary_herself = meant("u-mary", "mary@example.com");
    // The spec was edited from somebody else to Mary, and the status was written before her grant was made.
    let edited = BindingObject { recorded: Some(former.clone()), ..object() };
    let said_first = said(listing(), &edited, &wanted);
    assert_eq!(said_first.meaning, mary_herself);
    let cases = [
        (mary_herself.clone(), Reason::Progressing, mary_herself.clone()),
        (Some(Meaning::Open), Reason::Progressing, mary_herself),
        (meant("u-other", "other@example.com"), Reason::PrincipalChanged, meant("u-other", "other@example.com")),
        (None, Reason::PrincipalChanged, meant("u-former", "former@example.com")),
    ];
    for (meaning, reason, kept) in cases {
        let resting =
            BindingObject { touched: false, recorded: Some(former.clone()), meaning: meaning.clone(), ..object() };
        let said = said(listing(), &resting, &wanted);
        assert_eq!((said.decision.ready.reason, &said.meaning), (reason, &kept), "{meaning:?}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_before_a_remote_call_is_wasted() {
    let basic = Scope::cluster("env-1", "lkc-basic").unwrap().child(Key::Topic, "t").unwrap();
    let nowhere = Scope::cluster("env-1", "lkc-none").unwrap();
    let stranger = DeclaredPrincipal::Email(email("nobody@example.com"));
    let missing = DeclaredPrincipal::MissingUser("ada".to_owned());
    let cases = [
        (mary(), "DeveloperReed", topic(), Reason::RoleUnknown),
        (mary(), "DeveloperRead", Scope::organization(), Reason::RoleNotAllowedAtScope),
        (mary(), "DeveloperRead", basic, Reason::ClusterTypeUnsupported),
        (mary(), "CloudClusterAdmin", nowhere, Reason::ScopeNotFound),
        (stranger, "Operator", Scope::organization(), Reason::PrincipalNotFound),
        (missing, "Operator", Scope::organization(), Reason::PrincipalNotFound),
        (DeclaredPrincipal::Id(PrincipalId::new("x-1")), "Operator", Scope::organization(), Reason::DelegationDenied),
    ];
    for (principal, role, scope, reason) in cases {
        let decided = said(listing(), &object(), &Ok(desired(principal, role, scope)));
        assert_eq!(decided.decision.ready.reason, reason, "{role}");
        assert_eq!(decided.decision.validated.holds, Some(false));
        assert!(decided.decision.steps.is_empty() && !decided.decision.owns);
    }
}

#[test]
fn a_role_that_only_the_vendor_knows_is_left_to_it_where_the_organization_allows_that() {
    let scope = || Scope::environment("env-1").unwrap();
    let mut listing = listing();
    listing.bindings.push(binding("u-linus", "Novelty", scope()));
    let mut setting = Setting::of(listing);
    let judged = |setting: &Setting, who: &str, adoption| {
        let principal = DeclaredPrincipal::Email(email(who));
        let desired = DesiredBinding { adoption, ..desired(principal, "Novelty", scope()) };
        let decision = said_with(setting, &object(), &Ok(desired), &[]).decision;
        (decision.ready.reason, decision.steps.len())
    };
    assert_eq!(judged(&setting, "mary@example.com", None), (Reason::RoleUnknown, 0));
    setting.allow_unknown_roles = true;
    assert_eq!(judged(&setting, "mary@example.com", None), (Reason::Progressing, 1));
    // It counts as administrative: what is there is taken over only where that is spelled.
    assert_eq!(judged(&setting, "linus@example.com", None), (Reason::AdoptionRequired, 0));
    assert_eq!(judged(&setting, "linus@example.com", Some(Adoption::Adopt)), (Reason::InSync, 0));
}

#[test]
fn an_administrators_patch_reaches_the_plan() {
    let patch = "version: 1\nroles: [{name: DeveloperRead, at: [environment], principals: [ServiceAccount]}]";
    let patched = Catalogue::embedded().patched(patch).unwrap();
    let setting = Setting::of(listing());
    let judged = |principal, scope| {
        let facts = Facts { catalogue: &patched, ..setting.facts() };
        let none = |_: &Grant| Vec::new();
        let desired = Ok(desired(principal, "DeveloperRead", scope));
        decide(&object(), &desired, &facts, Sharers { known: &none, all: &none, answered: &|_| false }).decision.ready
    };
    let etl = || DeclaredPrincipal::ServiceAccountNamed("etl".to_owned());
    let environment = || Scope::environment("env-1").unwrap();
    assert_eq!(judged(etl(), environment()).reason, Reason::Progressing);
    assert_eq!(judged(etl(), topic()).reason, Reason::RoleNotAllowedAtScope);
    let refused = judged(mary(), environment());
    assert_eq!(refused.reason, Reason::RoleNotForPrincipal);
    assert_eq!(refused.message, "`DeveloperRead` cannot be held by a user: it is for a service account");
}

#[test]
fn the_operators_own_reach_is_judged() {
    let mut listing = listing();
    listing.bindings.retain(|it| it.principal.as_str() != "sa-op");
    listing.bindings.push(binding("sa-op", "CloudClusterAdmin", Scope::cluster("env-1", "lkc-1").unwrap()));
    let inside = said(listing.clone(), &object(), &Ok(desired(mary(), "DeveloperRead", topic())));
    assert_eq!(inside.decision.steps.len(), 1);
    let outside = said(listing, &object(), &Ok(desired(mary(), "Operator", Scope::organization())));
    assert_eq!(outside.decision.ready.reason, Reason::GranterNotAllowed);
}

#[test]
fn a_pending_persons_grant_is_made_at_once_and_is_not_in_force() {
    let mut listing = listing();
    listing.invitations = vec![invitation("u-eve", "eve@example.com", InvitationStatus::Pending)];
    let eve = || desired(DeclaredPrincipal::Email(email("eve@example.com")), "DeveloperRead", topic());
    assert_eq!(said(listing.clone(), &object(), &Ok(eve())).decision.steps.len(), 1);
    listing.bindings.push(binding("u-eve", "DeveloperRead", topic()));
    let pending = said(listing, &object(), &Ok(eve())).decision;
    assert_eq!((pending.ready.reason, pending.special.unwrap().holds), (Reason::InvitationPending, Some(false)));
}

#[test]
fn a_denied_object_stands_for_nothing() {
    let mut setting = Setting::of(listing());
    let wanted = Ok(desired(mary(), "MetricsViewer", Scope::environment("env-1").unwrap()));
    assert_eq!(stands_for(&object(), &wanted, &setting.facts(), &|_| false), [metrics()]);
    setting.delegations.clear();
    assert!(stands_for(&object(), &wanted, &setting.facts(), &|_| false).is_empty());
}
