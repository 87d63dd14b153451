//! A person's life, case by case.

use super::*;
use crate::{
    access::listing::Listing,
    plan::{
        Adoption, Decision, Reason, Removal, Step,
        user::{DesiredUser, UserDeletion, UserObject, decide},
    },
};

fn desired(address: &str) -> DesiredUser {
    DesiredUser {
        email: email(address),
        full_name: None,
        auth_type: None,
        max_attempts: 2,
        adoption: Adoption::Adopt,
        deletion: UserDeletion::DeleteIfUnused,
    }
}

fn object() -> UserObject {
    UserObject {
        created: now(),
        deleting: false,
        sharers: Vec::new(),
        declared_bindings: Vec::new(),
        going: Vec::new(),
        recorded: None,
        unproved: false,
        hidden: false,
        attempts: 0,
        suspended: false,
    }
}

fn deleting() -> UserObject {
    UserObject { deleting: true, ..object() }
}

fn said(listing: Listing, object: &UserObject, desired: &DesiredUser) -> Decision {
    decide(object, desired, &Setting::of(listing).facts())
}

fn with_invitation(status: InvitationStatus) -> Listing {
    Listing { invitations: vec![invitation("u-eve", "eve@example.com", status)], ..listing() }
}

#[test]
fn a_stranger_is_invited_and_a_member_is_adopted() {
    let decision = said(listing(), &object(), &desired("eve@example.com"));
    assert_eq!(decision.steps, [Step::Invite { email: email("eve@example.com"), auth_type: None }]);
    assert!(decision.owns);
    let decision = said(listing(), &object(), &desired("mary@example.com"));
    assert_eq!((decision.ready.reason, decision.steps.len()), (Reason::InSync, 0));
    let mut idle = listing();
    idle.users.push(user("u-new", "new@example.com"));
    assert_eq!(said(idle, &object(), &desired("new@example.com")).ready.reason, Reason::NoRoles);
}

#[test]
fn whom_no_delegation_admits_is_neither_invited_nor_removed() {
    let mut setting = Setting::of(listing());
    setting.delegations = Vec::new();
    let live = decide(&object(), &desired("eve@example.com"), &setting.facts());
    assert_eq!((live.ready.reason, live.steps.len(), live.owns), (Reason::DelegationDenied, 0, false));
    let whole = DesiredUser { deletion: UserDeletion::Delete, ..desired("mary@example.com") };
    let ending = decide(&deleting(), &whole, &setting.facts());
    assert!(ending.released && ending.steps.is_empty());
}

#[test]
fn invitations_wait_and_are_sent_again_until_the_attempts_are_used_up() {
    let pending = said(with_invitation(InvitationStatus::Pending), &object(), &desired("eve@example.com"));
    assert_eq!((pending.ready.reason, pending.steps.len()), (Reason::InvitationPending, 0));
    assert!(pending.recheck_seconds.is_some_and(|seconds| seconds > 0));
    let expired = || with_invitation(InvitationStatus::Expired);
    let again = said(expired(), &object(), &desired("eve@example.com"));
    assert_eq!(again.steps.len(), 1);
    let used_up = UserObject { attempts: 2, ..object() };
    let stalled = said(expired(), &used_up, &desired("eve@example.com"));
    assert_eq!((stalled.ready.reason, stalled.steps.len()), (Reason::InvitationExpired, 0));
}

#[test]
fn a_listed_user_whom_an_expired_invitation_names_is_not_a_member() {
    let mut listing = with_invitation(InvitationStatus::Expired);
    listing.users.push(user("u-eve", "eve@example.com"));
    let decision = said(listing, &object(), &desired("eve@example.com"));
    assert!(matches!(decision.steps.as_slice(), [Step::Invite { .. }]), "{decision:?}");
}

/// Each time the vendor takes up the same user again, or makes another.
#[test]
fn who_accepts_a_second_invitation_after_the_first_lapsed_is_a_member() {
    let later = now() - SignedDuration::from_hours(1);
    for first in ["u-eve", "u-former"] {
        let lapsed = Invitation {
            user: Some(PrincipalId::new(first)),
            ..invitation("1", "eve@example.com", InvitationStatus::Expired)
        };
        let second = Invitation {
            id: "i-2".to_owned(),
            created_at: Some(later),
            ..invitation("u-eve", "eve@example.com", InvitationStatus::Accepted)
        };
        let invited = Listing { invitations: vec![lapsed.clone(), second.clone()], ..listing() };
        let mut joined = invited.clone();
        joined.users.push(user("u-eve", "eve@example.com"));
        let decision = said(joined, &object(), &desired("eve@example.com"));
        assert_eq!((decision.ready.reason, decision.steps.len()), (Reason::NoRoles, 0), "{first}");
        // Whoever accepted and is not listed is no open case that could be withdrawn.
        let unlisted = UserObject { unproved: true, ..deleting() };
        let decision = said(invited, &unlisted, &desired("eve@example.com"));
        assert!(decision.looks_again && decision.steps.is_empty(), "{decision:?}");
        // Of one that lapsed after another was accepted nothing is better known than before.
        let reversed =
            [Invitation { created_at: Some(later), ..lapsed }, Invitation { created_at: Some(before()), ..second }];
        let again = Listing { invitations: reversed.to_vec(), ..listing() };
        let patient = DesiredUser { max_attempts: 3, ..desired("eve@example.com") };
        assert_eq!(said(again, &object(), &patient).steps.len(), 1);
    }
}

#[test]
fn whom_one_listing_lacks_is_not_let_go() {
    let unlisted = UserObject { unproved: true, ..deleting() };
    let waits = said(listing(), &unlisted, &desired("eve@example.com"));
    assert!(waits.looks_again && !waits.released && waits.ready.reason == Reason::Revoking, "{waits:?}");
    assert!(said(listing(), &deleting(), &desired("eve@example.com")).released);
    let retained = DesiredUser { deletion: UserDeletion::Retain, ..desired("eve@example.com") };
    assert!(said(listing(), &unlisted, &retained).released);
}

#[test]
fn an_address_that_went_over_to_somebody_else_holds_with_who_has_which() {
    let object = UserObject { recorded: Some(PrincipalId::new("u-ada")), ..object() };
    let mut listing = listing();
    listing.users.push(user("u-ada", "ada.new@example.com"));
    let nobody = listing.clone();
    listing.users.push(user("u-eve", "ada@example.com"));
    let invited = Listing {
        invitations: vec![invitation("u-eve", "ada@example.com", InvitationStatus::Pending)],
        ..nobody.clone()
    };
    for (listing, who) in [(nobody, "nobody has"), (listing, "`u-eve` has"), (invited, "somebody else is invited at")] {
        for (deleting, next) in
            [(false, "declare a ConfluentUser for `ada.new@example.com`"), (true, "`deletionPolicy: Retain`")]
        {
            let held = said(listing.clone(), &UserObject { deleting, ..object.clone() }, &desired("ada@example.com"));
            assert_eq!((held.ready.reason, held.steps.len(), held.released), (Reason::PrincipalChanged, 0, false));
            let message = &held.ready.message;
            assert!(
                [who, next, "`u-ada`, whose address is `ada.new@example.com`"].iter().all(|it| message.contains(it)),
                "{message}"
            );
        }
        let going = UserObject { deleting: true, ..object.clone() };
        let retained = DesiredUser { deletion: UserDeletion::Retain, ..desired("ada@example.com") };
        assert!(said(listing, &going, &retained).released);
    }
}

#[test]
fn an_account_that_came_with_its_object_goes_with_it_though_no_delegation_admits_it_any_more() {
    let mut setting = Setting::of(listing());
    setting.delegations = Vec::new();
    let young = |user: User| User { created_at: Some(now()), ..user };
    let cases = [
        (vec![young(user("u-eve", "eve@example.com"))], Some("u-eve"), true, "eve"),
        (vec![user("u-eve", "eve@example.com")], Some("u-eve"), false, "was there before this object"),
        (vec![young(user("u-eve", "eve@example.com"))], None, false, "never stood for"),
        (vec![young(user("u-eve", "eve@example.com"))], Some("u-other"), false, "was there before this object"),
    ];
    for (users, recorded, goes, says) in cases {
        setting.inventory = Inventory::new(Listing { users, ..listing() });
        let object = UserObject { recorded: recorded.map(PrincipalId::new), ..deleting() };
        let decision = decide(&object, &desired("eve@example.com"), &setting.facts());
        assert_eq!((decision.steps.len(), decision.released), (usize::from(goes), !goes), "{decision:?}");
        assert!(decision.ready.message.contains(says), "{decision:?}");
    }
}

#[test]
fn adoption_can_be_refused_and_then_nothing_is_touched() {
    let refusing = DesiredUser { adoption: Adoption::Refuse, ..desired("mary@example.com") };
    let decision = said(listing(), &object(), &refusing);
    assert_eq!((decision.ready.reason, decision.owns), (Reason::AdoptionRequired, false));
    assert!(said(listing(), &deleting(), &refusing).released);
}

#[test]
fn an_account_goes_when_nothing_hangs_on_it_and_not_before() {
    let mary = desired("mary@example.com");
    let held = said(listing(), &deleting(), &mary);
    assert_eq!((held.ready.reason, held.steps.len(), held.released), (Reason::AccessRemains, 0, false));
    assert!(held.ready.message.contains("MetricsViewer on environment env-1"), "{}", held.ready.message);
    let mut bare = listing();
    bare.bindings.retain(|it| it.principal != PrincipalId::new("u-mary"));
    let account = Step::Remove(Removal::Account { user: PrincipalId::new("u-mary"), email: email("mary@example.com") });
    assert_eq!(said(bare.clone(), &deleting(), &mary).steps, std::slice::from_ref(&account));
    // A key that would die with the account holds it.
    bare.api_keys = Some(vec![key_of("u-mary")]);
    assert_eq!(said(bare, &deleting(), &mary).ready.reason, Reason::AccessRemains);
    let all_of_it = DesiredUser { deletion: UserDeletion::Delete, ..mary.clone() };
    assert_eq!(said(listing(), &deleting(), &all_of_it).steps, [account]);
    let kept = DesiredUser { deletion: UserDeletion::Retain, ..mary };
    assert!(said(listing(), &deleting(), &kept).released);
}

#[test]
fn an_account_waits_for_the_bindings_that_are_on_their_way_out_and_is_held_by_all_else() {
    let mary = desired("mary@example.com");
    let grant = |role: &str| {
        let (principal, scope) = (PrincipalId::new("u-mary"), Scope::environment("env-1").unwrap());
        ("team/mary-watches".to_owned(), Grant { principal, role: role.to_owned(), scope })
    };
    let going = UserObject { going: vec![grant("MetricsViewer")], ..deleting() };
    let waits = said(listing(), &going, &mary);
    assert_eq!((waits.ready.reason, waits.steps.len(), waits.released), (Reason::Revoking, 0, false));
    assert!(waits.ready.message.ends_with("being deleted: `team/mary-watches`"), "{}", waits.ready.message);
    let others = UserObject { going: vec![grant("Operator")], ..deleting() };
    assert_eq!(said(listing(), &others, &mary).ready.reason, Reason::AccessRemains, "they answer for something else");
    let keyed = Listing { api_keys: Some(vec![key_of("u-mary")]), ..listing() };
    let held = said(keyed, &going, &mary);
    assert_eq!(held.ready.reason, Reason::AccessRemains);
    assert!(!held.ready.message.contains("MetricsViewer"), "{}", held.ready.message);
}

#[test]
fn nobody_is_removed_while_what_they_hold_may_not_be_listed_yet() {
    let all_of_it = DesiredUser { deletion: UserDeletion::Delete, ..desired("mary@example.com") };
    let hidden = UserObject { hidden: true, ..deleting() };
    for (listing, wanted) in
        [(listing(), all_of_it), (with_invitation(InvitationStatus::Pending), desired("eve@example.com"))]
    {
        let waits = said(listing.clone(), &hidden, &wanted);
        assert_eq!((waits.ready.reason, waits.steps.len(), waits.released), (Reason::Revoking, 0, false));
        assert!(waits.owns && waits.recheck_seconds.is_some());
        assert!(!said(listing, &deleting(), &wanted).steps.is_empty());
    }
}

#[test]
fn shared_people_go_with_the_last_object() {
    let shared = UserObject { sharers: vec!["other/mary".to_owned()], ..deleting() };
    let decision = said(listing(), &shared, &desired("mary@example.com"));
    assert!(decision.released && decision.steps.is_empty());
}

#[test]
fn an_identity_that_sees_only_a_part_never_takes_an_account_for_unused() {
    let mut listing = listing();
    listing.bindings.retain(|it| it.principal.as_str() != "sa-op" && it.principal.as_str() != "u-mary");
    listing.bindings.push(binding("sa-op", "AccountAdmin", Scope::organization()));
    let decision = said(listing, &deleting(), &desired("mary@example.com"));
    assert_eq!((decision.ready.reason, decision.steps.len()), (Reason::AccessRemains, 0));
}

#[test]
fn inviting_and_removing_are_judged_apart() {
    let cases = [("EnvironmentAdmin", true, false), ("AccountAdmin", true, true), ("Operator", false, false)];
    for (role, invites, removes) in cases {
        let mut listing = listing();
        let scope =
            if role == "EnvironmentAdmin" { Scope::environment("env-1").unwrap() } else { Scope::organization() };
        listing.bindings = vec![organization_admin("u-grace"), binding("sa-op", role, scope)];
        let invited = said(listing.clone(), &object(), &desired("eve@example.com"));
        assert_eq!(invited.ready.reason != Reason::MissingAccountAdmin, invites, "{role} invites");
        let whole = DesiredUser { deletion: UserDeletion::Delete, ..desired("mary@example.com") };
        let removed = said(listing, &deleting(), &whole);
        assert_eq!(removed.ready.reason != Reason::MissingAccountAdmin, removes, "{role} removes");
    }
}

#[test]
fn a_namespace_is_told_its_own_sharers_by_name_and_others_by_number() {
    let namespace =
        crate::access::delegation::Namespace { name: "team".to_owned(), labels: std::collections::BTreeMap::new() };
    let told = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|it| (*it).to_owned()).collect();
        crate::plan::user::known_of(&names, &namespace)
    };
    assert_eq!(told(&["team/a", "team/b"]), "`team/a`, `team/b`");
    assert_eq!(told(&["other/a"]), "1 object of another namespace");
    assert_eq!(told(&["other/a", "team/a", "third/a"]), "`team/a` and 2 objects of other namespaces");
}
