//! Law 1 in small: no removal leaves fewer than the minimum of effective administrators.

use proptest::prelude::*;

use super::*;
use crate::plan::{GuardFacts, Reason, Removal, guard};

fn admins(setting: &Setting) -> Vec<Binding> {
    setting.inventory.bindings().filter(|it| Inventory::is_organization_admin(it)).cloned().collect()
}

/// What the guards say to a removal: `Ok` or the reason.
fn judged(setting: &Setting, removal: Removal) -> Result<(), Reason> {
    judged_with(setting, removal, "")
}

/// The same where the object confirms the removal of those roles.
fn judged_with(setting: &Setting, removal: Removal, confirmed: &str) -> Result<(), Reason> {
    let admins = admins(setting);
    let facts = GuardFacts {
        inventory: &setting.inventory,
        catalogue: Catalogue::embedded(),
        admins: &admins,
        own: setting.own.as_ref(),
        protection: &setting.protection,
        confirmed,
    };
    guard::pass(removal, facts).map(|_| ()).map_err(|held| held.reason)
}

fn account(id: &str, address: &str) -> Removal {
    Removal::Account { user: PrincipalId::new(id), email: email(address) }
}

fn revoke(id: &str) -> Removal {
    Removal::Binding(organization_admin(id))
}

#[test]
fn one_of_two_may_go_and_the_last_may_not() {
    let mut setting = Setting::of(listing());
    assert_eq!(judged(&setting, revoke("u-grace")), Ok(()));
    assert_eq!(judged(&setting, account("u-grace", "grace@example.com")), Ok(()));
    setting.protection.minimum_organization_admins = 2;
    assert_eq!(judged(&setting, revoke("u-grace")), Err(Reason::LastOrganizationAdmin));
    setting.protection.minimum_organization_admins = 1;
    setting.inventory.apply(&crate::plan::Written::Removed(revoke("u-linus")));
    assert_eq!(judged(&setting, revoke("u-grace")), Err(Reason::LastOrganizationAdmin));
    assert_eq!(judged(&setting, account("u-grace", "grace@example.com")), Err(Reason::LastOrganizationAdmin));
    // Whoever administers nothing may go at any time.
    assert_eq!(judged(&setting, account("u-mary", "mary@example.com")), Ok(()));
}

/// Prefixes may be added without notice: an id of no known kind may be the last person's.
#[test]
fn whose_id_is_of_no_known_kind_is_guarded_and_counts_as_a_person_where_they_are_one() {
    let mut listing = listing();
    for user in &mut listing.users {
        user.id = PrincipalId::new(user.id.as_str().replace("u-", "usr-"));
    }
    for binding in &mut listing.bindings {
        binding.principal = PrincipalId::new(binding.principal.as_str().replace("u-", "usr-"));
    }
    let mut setting = Setting::of(listing);
    assert_eq!(judged(&setting, revoke("usr-grace")), Ok(()));
    setting.protection.minimum_organization_admins = 2;
    assert_eq!(judged(&setting, revoke("usr-grace")), Err(Reason::LastOrganizationAdmin));
}

/// A list that was read just now and lags behind does not show who became an administrator a moment ago.
#[test]
fn whoever_is_known_to_administer_is_judged_as_that_though_the_list_of_administrators_does_not_show_them() {
    let setting = Setting::of(listing());
    let lagging: Vec<Binding> = admins(&setting).into_iter().filter(|it| it.principal.as_str() != "u-linus").collect();
    let protection = Protection { minimum_organization_admins: 2, ..Protection::default() };
    let facts = GuardFacts {
        inventory: &setting.inventory,
        catalogue: Catalogue::embedded(),
        admins: &lagging,
        own: setting.own.as_ref(),
        protection: &protection,
        confirmed: "",
    };
    for removal in [revoke("u-linus"), account("u-linus", "linus@example.com")] {
        let held = guard::pass(removal, facts).map(|_| ()).map_err(|held| held.reason);
        assert_eq!(held, Err(Reason::LastOrganizationAdmin));
    }
}

#[test]
fn pending_people_and_service_accounts_do_not_count() {
    let mut listing = listing();
    listing.invitations = vec![invitation("u-linus", "linus@example.com", InvitationStatus::Pending)];
    let mut setting = Setting::of(listing);
    assert_eq!(judged(&setting, revoke("u-grace")), Err(Reason::LastOrganizationAdmin));
    // The pending one may have accepted by now, and the other is enough.
    assert_eq!(judged(&setting, revoke("u-linus")), Ok(()));
    setting.protection.minimum_organization_admins = 2;
    assert_eq!(judged(&setting, revoke("u-linus")), Err(Reason::LastOrganizationAdmin));
    let (id, user) = ("i-1".to_owned(), Some(PrincipalId::new("u-linus")));
    let invitation = Removal::Invitation { id, user, email: email("linus@example.com") };
    assert_eq!(judged(&setting, invitation), Ok(()), "the vendor refuses to withdraw what was accepted");
}

#[test]
fn the_operators_own_access_and_required_people_stay() {
    let mut setting = Setting::of(listing());
    assert_eq!(judged(&setting, revoke("sa-op")), Err(Reason::OwnOrganizationAdmin));
    setting.protection.required_organization_admins = vec![email("linus@example.com")];
    assert_eq!(judged(&setting, revoke("u-linus")), Err(Reason::RequiredOrganizationAdmin));
    assert_eq!(judged(&setting, account("u-linus", "linus@example.com")), Err(Reason::RequiredOrganizationAdmin));
    setting.own = Some(PrincipalId::new("u-grace"));
    assert_eq!(judged(&setting, account("u-grace", "grace@example.com")), Err(Reason::OwnOrganizationAdmin));
}

#[test]
fn an_operator_that_acts_as_a_person_is_no_administrator_who_remains() {
    let mut setting = Setting::of(listing());
    assert_eq!(judged(&setting, revoke("u-linus")), Ok(()), "grace remains");
    setting.own = Some(PrincipalId::new("u-grace"));
    assert_eq!(judged(&setting, revoke("u-linus")), Err(Reason::LastOrganizationAdmin));
}

#[test]
fn an_administrative_grant_waits_for_its_confirmation_where_the_owner_wants_one() {
    let mut listing = listing();
    let environment = Scope::environment("env-1").unwrap();
    let granted = binding("u-mary", "EnvironmentAdmin", environment.clone());
    listing.bindings.extend([granted.clone(), binding("u-linus", "EnvironmentAdmin", environment.clone())]);
    let mut setting = Setting::of(listing);
    let revoke_environment = || Removal::Binding(granted.clone());
    assert_eq!(judged(&setting, revoke_environment()), Ok(()), "nobody is asked by default");
    setting.protection.confirm_administrative = true;
    let required = Err(Reason::ConfirmationRequired);
    let unknown = Removal::Binding(binding("u-mary", "TopicGardener", environment.clone()));
    let viewer = Removal::Binding(binding("u-mary", "MetricsViewer", environment));
    let mary = || account("u-mary", "mary@example.com");
    let linus = || account("u-linus", "linus@example.com");
    let cases = [
        (revoke_environment(), "", required),
        (revoke_environment(), "OrganizationAdmin", required),
        (revoke_environment(), "environmentadmin", required),
        (revoke_environment(), "EnvironmentAdmin", Ok(())),
        (revoke("u-linus"), "", required),
        (revoke("u-linus"), "OrganizationAdmin", Ok(())),
        // What nobody knows counts as administrative.
        (unknown, "", required),
        (viewer, "", Ok(())),
        // An account ends all that it holds.
        (mary(), "", required),
        (mary(), "EnvironmentAdmin", Ok(())),
        (linus(), "EnvironmentAdmin", required),
        (linus(), "EnvironmentAdmin, OrganizationAdmin", Ok(())),
    ];
    for (removal, confirmed, expected) in cases {
        assert_eq!(judged_with(&setting, removal.clone(), confirmed), expected, "{removal:?} with `{confirmed}`");
    }
    // A confirmation overrules no other guard.
    assert_eq!(judged_with(&setting, revoke("sa-op"), "OrganizationAdmin"), Err(Reason::OwnOrganizationAdmin));
}

#[test]
fn doubt_holds() {
    // Nobody is seen to administer: then we may not see, since every organization has one.
    let mut blind = listing();
    blind.bindings.retain(|it| it.role != "OrganizationAdmin");
    let setting = Setting::of(blind);
    assert_eq!(judged(&setting, account("u-mary", "mary@example.com")), Err(Reason::LastOrganizationAdmin));
    // Whom we act as is not known: one of the two may be us.
    let mut setting = Setting::of(listing());
    setting.own = None;
    assert_eq!(judged(&setting, revoke("u-grace")), Err(Reason::LastOrganizationAdmin));
}

proptest! {
    /// Any run of removals, each passed by the guards and then made, leaves the minimum.
    #[test]
    fn no_run_of_removals_leaves_fewer_than_the_minimum(
        people in 1_usize..6,
        pending in 0_usize..3,
        minimum in 1_usize..4,
        attempts in prop::collection::vec((0_usize..9, any::<bool>()), 0..20),
    ) {
        let mut listing = listing();
        listing.users = Vec::new();
        listing.bindings = vec![organization_admin("sa-op")];
        let address = |index: usize| format!("p{index}@example.com");
        for index in 0..people + pending {
            let id = format!("u-{index}");
            listing.bindings.push(organization_admin(&id));
            if index < people {
                listing.users.push(user(&id, &address(index)));
            } else {
                listing.invitations.push(invitation(&id, &address(index), InvitationStatus::Pending));
            }
        }
        let mut setting = Setting::of(listing);
        setting.protection.minimum_organization_admins = minimum;
        // Counted here by what was put in, so that a mistake of the guard's own count cannot hide.
        let effective = |setting: &Setting| {
            let left = admins(setting);
            (0..people).filter(|index| left.iter().any(|it| it.principal.as_str() == format!("u-{index}"))).count()
        };
        let at_first = effective(&setting);
        for (index, whole_account) in attempts {
            let id = format!("u-{index}");
            let removal = if whole_account { account(&id, &address(index)) } else { revoke(&id) };
            if judged(&setting, removal.clone()).is_ok() {
                setting.inventory.apply(&crate::plan::Written::Removed(removal));
            }
            prop_assert!(effective(&setting) >= minimum.min(at_first));
        }
    }
}
