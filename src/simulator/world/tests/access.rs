//! Role bindings: who may make, see and remove which, and what is guarded.

use super::*;

const CLUSTER: &str = "/environment=env-prod01/cloud-cluster=lkc-orders";

#[test]
fn the_first_user_administers_and_the_example_has_its_names() {
    let bench = Bench::new();
    let administrators: Vec<&str> = bench.world.administrators().iter().map(|user| user.email.as_str()).collect();
    assert_eq!(administrators.len(), 2);
    assert!(administrators.contains(&"grace@example.com") && administrators.contains(&"linus@example.com"));
    assert!(bench.world.cloud_key_of(OPERATOR).is_some());
    assert_eq!(bench.listed("sa-roster", "/*").unwrap(), ["MetricsViewer@environment=env-prod01 of u-mary01"]);
    assert_eq!(bench.listed("sa-roster", "").unwrap().len(), 3);
}

#[test]
fn grants_are_judged_and_refused_in_the_vendors_words() {
    let mut bench = Bench::new();
    bench.grant("sa-roster", "u-mary01", "EnvironmentAdmin", "/environment=env-prod01").unwrap();
    let topic = format!("{CLUSTER}/kafka=lkc-orders/topic=orders");
    let scratch = "/environment=env-dev001/cloud-cluster=lkc-scratc";
    let cases = [
        ("sa-roster", "sa-ordetl", "Sorcerer", "", "Invalid role name : Sorcerer"),
        (
            "sa-roster",
            "sa-ordetl",
            "OrganizationAdmin",
            "/environment=env-prod01",
            "Role OrganizationAdmin must be bound at scope organization, but was bound at environment",
        ),
        ("sa-roster", "sa-ordetl", "MetricsViewer", "/planet=mars", "crn_pattern is not valid"),
        ("sa-roster", "sa-nobody", "MetricsViewer", "", "Forbidden Access"),
        ("sa-roster", "sa-ordetl", "MetricsViewer", "/environment=env-nowhere", "Forbidden Access"),
        ("sa-roster", "sa-ordetl", "MetricsViewer", "/environment=env-dev001/cloud-cluster=lkc-orders", "Forbidden"),
        ("sa-ordetl", "sa-ordetl", "MetricsViewer", "", "Forbidden Access"),
        ("u-mary01", "sa-ordetl", "MetricsViewer", "", "Forbidden Access"),
        ("u-mary01", "sa-ordetl", "MetricsViewer", "/environment=env-dev001", "Forbidden Access"),
    ];
    for (who, holder, role, place, part) in cases {
        let refusal = bench.grant(who, holder, role, place).unwrap_err().to_string();
        assert!(refusal.contains(part), "{who} grants {role} on {place}: {refusal}");
    }
    bench.grant("u-mary01", "sa-ordetl", "DeveloperRead", &topic).unwrap();
    let in_basic = format!("{scratch}/kafka=lkc-scratc/topic=orders");
    let refusal = bench.grant("sa-roster", "sa-ordetl", "DeveloperRead", &in_basic).unwrap_err();
    assert!(matches!(refusal, Refusal::BasicCluster { .. }));
    bench.grant("sa-roster", "sa-ordetl", "CloudClusterAdmin", scratch).unwrap();
    bench.portal(&Command::ChangeCluster { cluster: "lkc-scratc".to_owned(), kind: ClusterType::Standard }).unwrap();
    bench.grant("sa-roster", "sa-ordetl", "DeveloperRead", &in_basic).unwrap();
}

#[test]
fn a_principal_and_an_organization_are_named_as_the_vendor_does() {
    let mut bench = Bench::new();
    let command = |principal: &str, organization: &str| Command::Grant {
        principal: principal.to_owned(),
        role: "MetricsViewer".to_owned(),
        crn: format!("crn://confluent.cloud/organization={organization}"),
    };
    assert!(matches!(bench.act("sa-roster", &command("u-mary01", ORGANIZATION)), Err(Refusal::Invalid(_))));
    assert!(matches!(bench.act("sa-roster", &command("User:", ORGANIZATION)), Err(Refusal::Invalid(_))));
    assert_eq!(bench.act("sa-roster", &command("User:u-mary01", "elsewhere")), Err(Refusal::Forbidden));
}

#[test]
fn a_second_equal_binding_is_answered_by_rule() {
    for mode in [DuplicateGrant::Conflict409, DuplicateGrant::SameId201, DuplicateGrant::NewId201] {
        let mut bench = Bench::with(|rules| rules.duplicate_grant = mode);
        let first = bench.grant("sa-roster", "u-mary01", "Operator", CLUSTER).unwrap();
        let second = bench.grant("sa-roster", "u-mary01", "Operator", CLUSTER);
        match mode {
            DuplicateGrant::Conflict409 => assert_eq!(second, Err(Refusal::DuplicateBinding(first.id))),
            DuplicateGrant::SameId201 => assert_eq!(second.unwrap(), first),
            DuplicateGrant::NewId201 => assert_ne!(second.unwrap().id, first.id),
        }
    }
}

#[test]
fn bindings_are_seen_within_an_administrative_role_and_not_by_account_administrators() {
    let mut bench = Bench::new();
    bench.grant("sa-roster", "sa-ordetl", "Operator", "/environment=env-dev001").unwrap();
    let (mary, ordetl) = ("u-mary01", "sa-ordetl");
    assert_eq!(bench.listed(mary, "/*"), Err(Refusal::Forbidden));
    bench.grant("sa-roster", mary, "AccountAdmin", "").unwrap();
    assert_eq!(bench.listed(mary, "/*"), Err(Refusal::Forbidden));
    bench.grant("sa-roster", mary, "EnvironmentAdmin", "/environment=env-dev001").unwrap();
    assert_eq!(
        bench.listed(mary, "/*").unwrap(),
        ["EnvironmentAdmin@environment=env-dev001 of u-mary01", "Operator@environment=env-dev001 of sa-ordetl"]
    );
    // What is at the organization is not hers to see, and so the list is empty instead of refused.
    assert!(bench.listed(mary, "").unwrap().is_empty());
    let actor = principal(ordetl);
    let view = bench.world.view(&actor, bench.now);
    assert_eq!(view.users(Slice::all()).unwrap_err(), Refusal::Forbidden);
    assert_eq!(view.environments(Slice::all()).items.len(), 1);
    assert_eq!(view.environment("env-prod01").unwrap_err(), Refusal::NotFound(Kind::Environment));
    assert_eq!(view.cluster("env-prod01", "lkc-orders").unwrap_err(), Refusal::Forbidden);
}

#[test]
fn a_pattern_means_the_place_or_what_is_inside_it() {
    let mut bench = Bench::new();
    bench.grant("sa-roster", "u-mary01", "Operator", CLUSTER).unwrap();
    for name in ["orders", "orders-*"] {
        let topic = format!("{CLUSTER}/kafka=lkc-orders/topic={name}");
        bench.grant("sa-roster", "sa-ordetl", "DeveloperRead", &topic).unwrap();
    }
    let count = |bench: &Bench, pattern: &str| bench.listed("sa-roster", pattern).unwrap().len();
    let topics = format!("{CLUSTER}/kafka=lkc-orders/topic=orders*");
    let cases = [("", 3), ("/*", 4), (CLUSTER, 1), (&format!("{CLUSTER}/*"), 2), (&topics, 0)];
    for (pattern, expected) in cases {
        assert_eq!(count(&bench, pattern), expected, "{pattern}");
    }
    bench.world.rules.nested_includes_scope = true;
    bench.world.rules.trailing_star_is_prefix = true;
    for (pattern, expected) in [("/*", 7), (&format!("{CLUSTER}/*"), 3), (&topics, 2)] {
        assert_eq!(count(&bench, pattern), expected, "{pattern}");
    }
}

#[test]
fn nobody_removes_their_own_administration_nor_the_last_ones() {
    let mut bench = Bench::new();
    let of = |bench: &Bench, holder: &str| {
        let all = bench.world.bindings.values();
        let mut theirs = all.filter(|b| b.role == "OrganizationAdmin" && b.principal.as_str() == holder);
        theirs.next().unwrap().id.clone()
    };
    let grace = bench.user("grace@example.com").id.clone();
    let (own, linus, hers) = (of(&bench, "sa-roster"), of(&bench, "u-linus1"), of(&bench, &grace));
    assert_eq!(bench.revoke("sa-roster", &own), Err(Refusal::OwnOrganizationAdmin));
    let delete = |id: &str| Command::DeleteUser { user: id.to_owned() };
    assert_eq!(bench.act("u-linus1", &delete("u-linus1")), Err(Refusal::OwnOrganizationAdmin));
    let itself = Command::DeleteServiceAccount { service_account: "sa-roster".to_owned() };
    assert_eq!(bench.act("sa-roster", &itself), Err(Refusal::OwnOrganizationAdmin));
    bench.revoke("sa-roster", &linus).unwrap();
    // An invited person does not count as an administrator, and neither does a service account.
    let bob = bench.invite("bob@partner.example").unwrap();
    bench.grant("sa-roster", &bob.user, "OrganizationAdmin", "").unwrap();
    assert_eq!(bench.revoke("sa-roster", &hers), Err(Refusal::LastOrganizationAdmin));
    assert_eq!(bench.portal(&delete(&grace)), Err(Refusal::LastOrganizationAdmin));
    bench.world.rules.guard_last_admin = false;
    bench.world.rules.guard_own_admin = false;
    bench.revoke("sa-roster", &hers).unwrap();
    bench.revoke("sa-roster", &own).unwrap();
    assert!(bench.world.administrators().is_empty());
}

#[test]
fn a_new_administrator_is_written_down_and_told_to_every_administrator() {
    let mut bench = Bench::new();
    let (audited, told) = (bench.world.audit().len(), bench.world.outbox().len());
    bench.grant("sa-roster", "u-mary01", "OrganizationAdmin", "").unwrap();
    let methods: Vec<&str> = bench.world.audit().skip(audited).map(|entry| entry.method.as_str()).collect();
    assert_eq!(methods, ["CreateRoleBinding", "BindRoleForPrincipal"]);
    assert_eq!(bench.world.audit().last().unwrap().actor, "sa-roster");
    let mails: Vec<_> = bench.world.outbox().skip(told).collect();
    assert_eq!(mails.len(), 3);
    assert_eq!(mails[0].subject, "mary@example.com (u-mary01) was granted the OrganizationAdmin role");
}

#[test]
fn a_hidden_binding_and_an_absent_one_are_the_same() {
    let mut bench = Bench::new();
    let hidden = bench.grant("sa-roster", "u-mary01", "Operator", CLUSTER).unwrap().id;
    let actor = principal("sa-ordetl");
    let view = bench.world.view(&actor, bench.now);
    assert_eq!(view.binding(&hidden), Err(Refusal::BindingHidden));
    assert_eq!(view.binding("rb-absent"), Err(Refusal::BindingHidden));
    assert_eq!(bench.revoke("sa-ordetl", &hidden), Err(Refusal::BindingHidden));
    assert_eq!(bench.revoke("sa-roster", "rb-absent"), Err(Refusal::BindingHidden));
}

#[test]
fn what_nobody_knows_can_be_planted_listed_and_removed() {
    let mut bench = Bench::new();
    let crn = format!("crn://confluent.cloud/organization={ORGANIZATION}/planet=mars");
    let plant = Command::PlantBinding { principal: PrincipalId::new("u-gone01"), role: "Sorcerer".to_owned(), crn };
    let Answer::Binding(planted) = bench.portal(&plant).unwrap() else { panic!() };
    assert_eq!(planted.scope, None);
    let pattern = format!("crn://confluent.cloud/organization={ORGANIZATION}/*");
    let filter = BindingFilter { crn_pattern: &pattern, principal: Some("User:u-gone01"), role: Some("Sorcerer") };
    let actor = principal("sa-roster");
    let page = bench.world.view(&actor, bench.now).bindings(filter, Slice::all()).unwrap();
    assert_eq!(page.items, [&planted]);
    bench.revoke("sa-roster", &planted.id).unwrap();
}

#[test]
fn keys_are_managed_by_who_may_and_a_rule_hides_ones_own() {
    let mut bench = Bench::new();
    let cluster = KeyResource::Cluster { environment: "env-prod01".to_owned(), id: "lkc-orders".to_owned() };
    let key = |owner: &str, resource: &KeyResource| Command::CreateApiKey {
        owner: PrincipalId::new(owner),
        resource: resource.clone(),
        display_name: String::new(),
        description: String::new(),
    };
    assert_eq!(bench.act("u-mary01", &key("sa-ordetl", &cluster)), Err(Refusal::Forbidden));
    bench.grant("sa-roster", "u-mary01", "ResourceKeyAdmin", "").unwrap();
    bench.act("u-mary01", &key("sa-ordetl", &cluster)).unwrap();
    assert_eq!(bench.act("u-mary01", &key("u-mary01", &cluster)), Err(Refusal::Forbidden));
    assert_eq!(bench.act("u-mary01", &key("sa-ordetl", &KeyResource::Cloud)), Err(Refusal::Forbidden));
    let own = bench.world.cloud_key_of(OPERATOR).unwrap().id.clone();
    let mary = principal("u-mary01");
    let hers = bench.world.view(&mary, bench.now);
    assert_eq!(hers.api_keys(KeyFilter::default(), Slice::all()).items.len(), 1);
    assert_eq!(hers.api_key(&own), Err(Refusal::Forbidden));
    let operator = principal("sa-roster");
    assert!(bench.world.view(&operator, bench.now).api_key(&own).is_ok());
    bench.world.rules.key_reads_itself = false;
    assert_eq!(bench.world.view(&operator, bench.now).api_key(&own), Err(Refusal::Forbidden));
}

#[test]
fn pages_end_and_miss_nothing() {
    let bench = Bench::new();
    let actor = principal("sa-roster");
    let view = bench.world.view(&actor, bench.now);
    let mut seen = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = view.users(Slice { after: after.as_deref(), skip: 0, size: 2 }).unwrap();
        seen.extend(page.items.iter().map(|user| user.id.clone()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(seen.iter().eq(bench.world.users.keys()));
}
