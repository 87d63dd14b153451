//! People, invitations, service accounts, keys and places: how they come and go.

use super::*;

#[test]
fn single_sign_on_brings_people_in_at_once_and_others_wait() {
    let mut bench = Bench::new();
    let ada = bench.invite("ada@example.com").unwrap();
    assert_eq!((ada.status(bench.now), ada.auth_type), (InvitationStatus::Accepted, AuthType::Sso));
    assert_eq!(bench.user("ada@example.com").membership, Membership::Member);

    let bob = bench.invite("bob@partner.example").unwrap();
    assert_eq!((bob.status(bench.now), bob.auth_type), (InvitationStatus::Sent, AuthType::Sso));
    assert_eq!(bob.expires_at.duration_since(bob.created_at), SignedDuration::from_hours(7 * 24));
    let actor = principal("sa-roster");
    let view = bench.world.view(&actor, bench.now);
    assert_eq!(view.user(&bob.user), Err(Refusal::NotFound(Kind::User)));
    bench.grant("sa-roster", &bob.user, "MetricsViewer", "").unwrap();

    bench.portal(&accept("BOB@partner.example")).unwrap();
    assert_eq!(bench.user("bob@partner.example").full_name, "Bob");
    assert_eq!(bench.world.view(&actor, bench.now).user(&bob.user).unwrap().id, bob.user);
}

#[test]
fn who_is_there_or_asked_is_not_asked_again() {
    let mut bench = Bench::new();
    assert_eq!(bench.invite("Mary@Example.com").unwrap_err(), Refusal::AlreadyMember);
    bench.invite("bob@partner.example").unwrap();
    assert_eq!(bench.invite("bob@partner.example").unwrap_err(), Refusal::AlreadyInvited);
    assert!(matches!(bench.invite("bob").unwrap_err(), Refusal::Invalid(_)));
    bench.world.rules.quotas.pending_invitations = 1;
    assert_eq!(bench.invite("eve@partner.example").unwrap_err(), Refusal::QuotaExceeded("invitations_per_org"));
}

#[test]
fn an_invitation_lapses_after_seven_days_and_a_new_one_brings_a_new_id() {
    for (reuses, same) in [(false, false), (true, true)] {
        let mut bench = Bench::with(|rules| rules.reinvite_reuses_user = reuses);
        let first = bench.invite("bob@partner.example").unwrap();
        bench.days(7);
        assert_eq!(first.status(bench.now), InvitationStatus::Expired);
        assert_eq!(bench.portal(&accept("bob@partner.example")), Err(Refusal::InvitationClosed));
        let second = bench.invite("bob@partner.example").unwrap();
        assert_eq!(first.user == second.user, same);
        // The first can be withdrawn; what it brought goes, unless the second brings it again.
        bench.act("sa-roster", &Command::DeleteInvitation { invitation: first.id }).unwrap();
        assert_eq!(bench.world.users.contains_key(&first.user), same);
        bench.portal(&accept("bob@partner.example")).unwrap();
        assert_eq!(bench.world.users[&second.user].membership, Membership::Member);
    }
}

#[test]
fn who_is_given_another_address_keeps_the_id_and_what_is_held() {
    let mut bench = Bench::new();
    let ada = bench.invite("ada@example.com").unwrap().user;
    bench.grant("sa-roster", &ada, "MetricsViewer", "").unwrap();
    let change = |email: &str| Command::ChangeUser {
        user: ada.clone(),
        email: Some(email.to_owned()),
        auth_type: Some(AuthType::Local),
    };
    assert_eq!(bench.act("sa-roster", &change("ada@partner.example")), Err(Refusal::Forbidden));
    assert_eq!(bench.portal(&change("MARY@example.com")), Err(Refusal::AlreadyMember));
    bench.portal(&change("ada@partner.example")).unwrap();
    let user = bench.user("ada@partner.example").clone();
    assert_eq!((user.id, user.auth_type), (ada.clone(), AuthType::Local));
    assert!(bench.world.held.contains_key(&PrincipalId::new(&ada)));
    assert_ne!(bench.invite("ada@example.com").unwrap().user, ada, "the former address is free");
}

#[test]
fn who_is_deactivated_is_listed_no_more_and_keeps_what_is_held() {
    let mut bench = Bench::new();
    let ada = bench.invite("ada@example.com").unwrap().user;
    bench.grant("sa-roster", &ada, "MetricsViewer", "").unwrap();
    let active = |active| Command::ActivateUser { user: ada.clone(), active };
    assert_eq!(bench.portal(&active(true)), Err(Refusal::NotFound(Kind::User)));
    bench.portal(&active(false)).unwrap();
    let actor = principal("sa-roster");
    assert_eq!(bench.world.view(&actor, bench.now).user(&ada), Err(Refusal::NotFound(Kind::User)));
    assert!(bench.world.held.contains_key(&PrincipalId::new(&ada)));
    bench.portal(&active(true)).unwrap();
    assert_eq!(bench.world.view(&actor, bench.now).user(&ada).unwrap().id, ada);
}

#[test]
fn withdrawing_an_invitation_takes_its_user_along_and_an_accepted_one_stays() {
    let mut bench = Bench::new();
    let bob = bench.invite("bob@partner.example").unwrap();
    bench.grant("sa-roster", &bob.user, "MetricsViewer", "").unwrap();
    bench.act("sa-roster", &Command::DeleteInvitation { invitation: bob.id }).unwrap();
    assert!(!bench.world.held.contains_key(&PrincipalId::new(&bob.user)));
    assert_eq!(bench.grant("sa-roster", &bob.user, "MetricsViewer", ""), Err(Refusal::Forbidden));

    let ada = bench.invite("ada@example.com").unwrap();
    let withdraw = Command::DeleteInvitation { invitation: ada.id.clone() };
    assert_eq!(bench.act("sa-roster", &withdraw), Err(Refusal::InvitationAccepted));
    bench.act("sa-roster", &Command::DeleteUser { user: ada.user }).unwrap();
    assert_eq!(bench.world.invitations[&ada.id].status(bench.now), InvitationStatus::Deactivated);
    assert_ne!(bench.invite("ada@example.com").unwrap().id, ada.id);
}

#[test]
fn only_an_administrator_invites_past_single_sign_on() {
    let mut bench = Bench::new();
    bench.grant("sa-roster", "u-mary01", "AccountAdmin", "").unwrap();
    let invite = |auth_type| Command::InviteUser { email: "bob@partner.example".to_owned(), auth_type };
    assert_eq!(bench.act("u-mary01", &invite(Some(AuthType::Local))), Err(Refusal::Forbidden));
    bench.act("sa-roster", &invite(Some(AuthType::Local))).unwrap();

    let mut plain = Bench::with(|rules| rules.sso_domains.clear());
    assert!(matches!(plain.act("sa-roster", &invite(Some(AuthType::Sso))), Err(Refusal::Invalid(_))));
    assert_eq!(plain.invite("ada@example.com").unwrap().auth_type, AuthType::Local);
}

#[test]
fn keys_and_bindings_go_with_their_owner() {
    for (linger, left) in [(false, 0), (true, 1)] {
        let mut bench = Bench::with(|rules| rules.orphans_linger = linger);
        bench.grant("sa-roster", "sa-ordetl", "MetricsViewer", "").unwrap();
        let owner = PrincipalId::new("sa-ordetl");
        let resource = KeyResource::Cluster { environment: "env-prod01".to_owned(), id: "lkc-orders".to_owned() };
        bench.act("sa-roster", &key(&owner, resource)).unwrap();
        bench.act("sa-roster", &Command::DeleteServiceAccount { service_account: owner.to_string() }).unwrap();
        assert!(bench.world.api_keys.values().all(|key| key.owner != owner));
        assert_eq!(bench.world.bindings.values().filter(|b| b.principal == owner).count(), left);
    }
}

#[test]
fn a_place_takes_its_bindings_and_keys_along() {
    let mut bench = Bench::new();
    let topic = "/environment=env-prod01/cloud-cluster=lkc-orders/kafka=lkc-orders/topic=orders-*";
    let ksql = "/environment=env-prod01/cloud-cluster=lkc-orders/ksql=joins";
    bench.grant("sa-roster", "sa-ordetl", "DeveloperRead", topic).unwrap();
    bench.grant("sa-roster", "sa-ordetl", "KsqlAdmin", ksql).unwrap();
    let inside = "/environment=env-prod01/cloud-cluster=lkc-orders/*";
    assert_eq!(bench.listed("sa-roster", inside).unwrap().len(), 2);
    bench.portal(&Command::DeleteKsqlCluster { cluster: "lkc-orders".to_owned(), name: "joins".to_owned() }).unwrap();
    assert_eq!(bench.listed("sa-roster", inside).unwrap().len(), 1);
    bench.act("sa-roster", &Command::DeleteCluster { cluster: "lkc-orders".to_owned() }).unwrap();
    assert!(bench.listed("sa-roster", inside).unwrap().is_empty());
    bench.act("sa-roster", &Command::DeleteEnvironment { environment: "env-prod01".to_owned() }).unwrap();
    assert!(bench.world.clusters.keys().eq(["lkc-scratc"]));
    assert!(bench.listed("sa-roster", "/*").unwrap().is_empty());
}

#[test]
fn service_accounts_have_names_of_their_own() {
    let mut bench = Bench::new();
    let create = |name: &str| Command::CreateServiceAccount {
        display_name: name.to_owned(),
        description: String::new(),
        id: None,
    };
    assert_eq!(bench.act("sa-roster", &create("orders-etl")), Err(Refusal::NameTaken));
    assert!(matches!(bench.act("sa-roster", &create("")), Err(Refusal::Invalid(_))));
    bench.act("sa-roster", &create("billing")).unwrap();
    let rename = |name: &str| Command::UpdateServiceAccount {
        service_account: "sa-ordetl".to_owned(),
        display_name: Some(name.to_owned()),
        description: None,
    };
    assert_eq!(bench.act("sa-roster", &rename("billing")), Err(Refusal::NameTaken));
    bench.act("sa-roster", &rename("orders-etl")).unwrap();
}

#[test]
fn a_planted_key_is_the_one_that_its_owner_has() {
    let mut bench = Bench::new();
    let first = bench.world.cloud_key_of(OPERATOR).unwrap().clone();
    let plant = |account: &str, id: &str| Command::PlantApiKey {
        service_account: account.to_owned(),
        id: id.to_owned(),
        secret: KeySecret::new("given".to_owned()),
    };
    assert_eq!(bench.act("sa-roster", &plant("sa-roster", "GIVEN")), Err(Refusal::Forbidden));
    assert_eq!(bench.portal(&plant("sa-ordetl", &first.id)), Err(Refusal::IdTaken(first.id.clone())));
    assert!(matches!(bench.portal(&plant("sa-absent", "GIVEN")), Err(Refusal::NotFound(_))));
    for _ in 0..2 {
        bench.portal(&plant("sa-roster", "GIVEN")).unwrap();
        assert_eq!(bench.world.authenticate("GIVEN", "given"), Some(PrincipalId::new("sa-roster")));
        assert_eq!(bench.world.authenticate(&first.id, first.secret.reveal()), None);
        assert_eq!(bench.world.cloud_key_of(OPERATOR).unwrap().id, "GIVEN");
    }
}

#[test]
fn a_cloud_key_opens_the_api_and_a_key_of_a_cluster_does_not() {
    let mut bench = Bench::new();
    let operator = bench.world.cloud_key_of(OPERATOR).unwrap().clone();
    assert_eq!(bench.world.authenticate(&operator.id, operator.secret.reveal()), Some(PrincipalId::new("sa-roster")));
    assert_eq!(bench.world.authenticate(&operator.id, "wrong"), None);
    let resource = KeyResource::Cluster { environment: "env-prod01".to_owned(), id: "lkc-orders".to_owned() };
    let Answer::ApiKey(other) = bench.act("sa-roster", &key(&PrincipalId::new("sa-ordetl"), resource)).unwrap() else {
        panic!()
    };
    assert_eq!(bench.world.authenticate(&other.id, other.secret.reveal()), None);
    bench.act("sa-roster", &Command::DeleteApiKey { key: operator.id.clone() }).unwrap();
    assert_eq!(bench.world.authenticate(&operator.id, operator.secret.reveal()), None);
}

#[test]
fn the_portal_alone_does_what_no_api_offers() {
    let mut bench = Bench::new();
    assert_eq!(bench.act("u-linus1", &accept("bob@partner.example")), Err(Refusal::Forbidden));
    assert_eq!(bench.portal(&accept("nobody@partner.example")), Err(Refusal::NotFound(Kind::Invitation)));
    let join = |id: &str| Command::JoinUser {
        email: "new@example.com".to_owned(),
        full_name: String::new(),
        id: Some(id.to_owned()),
    };
    assert_eq!(bench.portal(&join("u-mary01")), Err(Refusal::IdTaken("u-mary01".to_owned())));
    assert!(matches!(bench.portal(&join("u mary")), Err(Refusal::Invalid(_))));
    bench.portal(&Command::AdvanceClock { seconds: 60 }).unwrap();
    assert_eq!(bench.world.ahead(), SignedDuration::from_secs(60));
}

#[test]
fn pools_and_mappings_hold_roles_while_they_are_there() {
    let mut bench = Bench::new();
    let (pool, person) = (PrincipalId::new("pool-ci0001"), PrincipalId::new("u-mary01"));
    assert_eq!(bench.grant("sa-roster", "pool-ci0001", "MetricsViewer", ""), Err(Refusal::Forbidden));
    assert!(matches!(bench.portal(&Command::AddPrincipal { principal: person }), Err(Refusal::Invalid(_))));
    bench.portal(&Command::AddPrincipal { principal: pool.clone() }).unwrap();
    bench.grant("sa-roster", "pool-ci0001", "MetricsViewer", "").unwrap();
    bench.portal(&Command::DeletePrincipal { principal: pool.clone() }).unwrap();
    assert!(!bench.world.held.contains_key(&pool));
    assert_eq!(bench.portal(&Command::DeletePrincipal { principal: pool }), Err(Refusal::NotFound(Kind::Principal)));
}

fn accept(email: &str) -> Command {
    Command::AcceptInvitation { email: email.to_owned(), full_name: "Bob".to_owned() }
}

fn key(owner: &PrincipalId, resource: KeyResource) -> Command {
    Command::CreateApiKey { owner: owner.clone(), resource, display_name: String::new(), description: String::new() }
}
