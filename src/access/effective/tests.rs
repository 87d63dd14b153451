//! What gives a right, and what would.

use super::*;
use crate::access::{Crn, Key};

const ORGANIZATION: &str = "9bb441c4-edef-46ac-8a41-c49e44a3fd9a";

fn place(path: &str) -> Scope {
    Crn::within(ORGANIZATION, path).unwrap().scope
}

fn binding(who: &str, role: &str, scope: Scope) -> Binding {
    let (id, principal, role) = (String::new(), PrincipalId::new(who), role.to_owned());
    Binding { id, principal, role, crn: String::new(), scope: Some(scope), created_at: None }
}

fn need(operation: Operation, resource: Resource, place: &Scope, whose: Whose) -> Need {
    Need { operation, resource, place: place.clone(), whose }
}

#[test]
fn the_union_of_what_is_held_gives_and_says_by_what() {
    let cluster = place("environment=env-1/cloud-cluster=lkc-1");
    let orders = cluster.clone().child_matching(Key::Topic, "orders-", crate::access::Pattern::Prefixed).unwrap();
    let topic = cluster.clone().child(Key::Topic, "orders-eu").unwrap();
    let bindings = [
        binding("u-1", "DeveloperRead", orders),
        binding("u-2", "DeveloperWrite", topic.clone()),
        binding("group-1", "CloudClusterAdmin", cluster.clone()),
    ];
    let catalogue = Catalogue::embedded();
    let ada = held(&PrincipalId::new("u-1"), &[], &bindings, None);
    let read = need(Operation::Read, Resource::Topic, &topic, Whose::Anybodys);
    let by = given(catalogue, &ada, &read);
    assert_eq!(by.iter().map(|it| it.permission.id.as_str()).collect::<Vec<_>>(), ["DeveloperRead.read"]);
    for (operation, at) in [(Operation::Write, &topic), (Operation::Read, &cluster)] {
        let wanted = need(operation, Resource::Topic, at, Whose::Anybodys);
        assert_eq!(given(catalogue, &ada, &wanted), [], "{operation}");
    }
    // A member of the group has what its mapping binds, by that chain.
    let group = [(PrincipalId::new("group-1"), "platform".to_owned())];
    let mapped = held(&PrincipalId::new("u-1"), &group, &bindings, None);
    let write = need(Operation::Write, Resource::Topic, &topic, Whose::Anybodys);
    let by = given(catalogue, &mapped, &write);
    assert!(by.iter().all(|it| it.held.through == Through::Mapping("platform".to_owned())) && !by.is_empty());
    let sso = held(&PrincipalId::new("u-9"), &[], &bindings, Some(catalogue));
    assert_eq!(sso.iter().map(|it| it.role.as_str()).collect::<Vec<_>>(), ["DataDiscovery", "FlinkDeveloper"]);
}

#[test]
fn what_holds_in_a_part_only_is_told_apart_and_what_cannot_be_read_gives_nothing() {
    let cluster = place("environment=env-1/cloud-cluster=lkc-1");
    let orders = cluster.clone().child_matching(Key::Topic, "orders-", crate::access::Pattern::Prefixed).unwrap();
    let unread = Binding {
        scope: None,
        crn: "crn://later".to_owned(),
        ..binding("u-1", "OrganizationAdmin", Scope::organization())
    };
    let bindings = [binding("u-1", "DeveloperRead", orders), unread.clone(), unread];
    let catalogue = Catalogue::embedded();
    let ada = held(&PrincipalId::new("u-1"), &[], &bindings, None);
    let words: Vec<String> = ada.iter().map(ToString::to_string).collect();
    let twice = "OrganizationAdmin on crn://later";
    assert_eq!(words, ["DeveloperRead on topic orders-* in lkc-1", twice, twice]);
    let topics = cluster.clone().child_matching(Key::Topic, "", crate::access::Pattern::All).unwrap();
    let cases = [(&cluster, 1), (&topics, 1), (&place("environment=env-2"), 0)];
    for (at, expected) in cases {
        let wanted = need(Operation::Read, Resource::Topic, at, Whose::Anybodys);
        let found = (given(catalogue, &ada, &wanted).len(), partly(catalogue, &ada, &wanted).len());
        assert_eq!(found, (0, expected), "{at}");
    }
    let all = need(Operation::Read, Resource::Topic, &ada[0].scope().unwrap().clone(), Whose::Anybodys);
    assert_eq!((given(catalogue, &ada, &all).len(), partly(catalogue, &ada, &all).len()), (1, 0));
}

#[test]
fn the_least_grant_comes_first_and_gives_what_is_needed() {
    let catalogue = Catalogue::embedded();
    let topic = place("environment=env-1/cloud-cluster=lkc-1/kafka=lkc-1/topic=orders-eu");
    let cases = [
        (Operation::Read, "DeveloperRead"),
        (Operation::Write, "DeveloperWrite"),
        // Whoever only looks needs no role that changes something.
        (Operation::Describe, "DeveloperRead"),
    ];
    for (operation, role) in cases {
        let wanted = need(operation, Resource::Topic, &topic, Whose::Anybodys);
        let all = remedies(catalogue, &wanted);
        assert_eq!((all[0].role.name.as_str(), &all[0].scope), (role, &topic));
        for remedy in all {
            let who = PrincipalId::new("u-1");
            let bindings = [binding("u-1", &remedy.role.name, remedy.scope.clone())];
            assert!(!given(catalogue, &held(&who, &[], &bindings, None), &wanted).is_empty(), "{}", remedy.role.name);
        }
    }
}

#[test]
fn whose_a_thing_is_counts_where_the_catalogue_says_so() {
    let catalogue = Catalogue::embedded();
    let cluster = place("environment=env-1/cloud-cluster=lkc-1");
    let operator = [binding("u-1", "Operator", cluster.clone())];
    let operator = held(&PrincipalId::new("u-1"), &[], &operator, None);
    let keys = |operation, whose| need(operation, Resource::ResourceKey, &cluster, whose);
    assert!(!given(catalogue, &operator, &keys(Operation::Create, Whose::Own)).is_empty());
    assert!(given(catalogue, &operator, &keys(Operation::Create, Whose::Others)).is_empty());
    assert!(!given(catalogue, &operator, &keys(Operation::Describe, Whose::Others)).is_empty());
    // Who owns a topic makes keys of their own for its cluster, and not for another.
    let topic = cluster.clone().child(Key::Topic, "orders").unwrap();
    let owner = [binding("u-1", "ResourceOwner", topic)];
    let owner = held(&PrincipalId::new("u-1"), &[], &owner, None);
    let elsewhere = place("environment=env-1/cloud-cluster=lkc-2");
    for (at, whose, expected) in [
        (&cluster, Whose::Own, true),
        (&cluster, Whose::Others, false),
        (&elsewhere, Whose::Own, false),
        (&place("environment=env-1"), Whose::Own, false),
    ] {
        let wanted = need(Operation::Create, Resource::ResourceKey, at, whose);
        assert_eq!(!given(catalogue, &owner, &wanted).is_empty(), expected, "{at} {whose:?}");
    }
}

#[test]
fn what_nobody_says_is_neither_given_nor_missing() {
    let catalogue = Catalogue::embedded();
    let environment = place("environment=env-1");
    let topic = place("environment=env-1/cloud-cluster=lkc-1/kafka=lkc-1/topic=orders");
    let bindings =
        [binding("u-1", "DataDiscovery", environment.clone()), binding("u-1", "DeveloperRead", topic.clone())];
    let ada = held(&PrincipalId::new("u-1"), &[], &bindings, None);
    let cases: [(Operation, Resource, &[&str]); 7] = [
        (Operation::Read, Resource::Lineage, &["DataDiscovery.lineage"]),
        (Operation::Read, Resource::Subject, &["DataDiscovery.schema-registry"]),
        // What it is expressly not for, and what is about access, is no open question.
        (Operation::Write, Resource::Subject, &[]),
        (Operation::AlterAccess, Resource::Subject, &[]),
        (Operation::Invoke, Resource::Model, &["DeveloperRead.which-models"]),
        (Operation::Delete, Resource::Model, &[]),
        (Operation::Write, Resource::Topic, &[]),
    ];
    for (operation, resource, expected) in cases {
        let wanted = need(operation, resource, &environment, Whose::Anybodys);
        let ids: Vec<&str> = unsaid(catalogue, &ada, &wanted).iter().map(|it| it.gap.id.as_str()).collect();
        assert_eq!(ids, expected, "{operation} {resource}");
        assert_eq!((given(catalogue, &ada, &wanted).len(), partly(catalogue, &ada, &wanted).len()), (0, 0));
    }
    let elsewhere = need(Operation::Read, Resource::Lineage, &place("environment=env-2"), Whose::Anybodys);
    assert_eq!(unsaid(catalogue, &ada, &elsewhere), []);
}

#[test]
fn a_role_that_changes_less_is_proposed_first_and_doubt_is_marked() {
    let catalogue = Catalogue::embedded();
    let first = |operation, resource, at: &str| {
        let at = if at.is_empty() { Scope::organization() } else { place(at) };
        let all = remedies(catalogue, &need(operation, resource, &at, Whose::Anybodys));
        (all[0].role.name.clone(), all[0].sure)
    };
    let connector = "environment=env-1/cloud-cluster=lkc-1/connector=sink";
    let cases = [
        (Operation::Describe, Resource::Organization, "", "Operator", Sure::Stated),
        (Operation::Pause, Resource::Connector, connector, "ConnectManager", Sure::Unverified),
        (Operation::Read, Resource::Metrics, "environment=env-1", "MetricsViewer", Sure::Stated),
    ];
    for (operation, resource, at, role, sure) in cases {
        assert_eq!(first(operation, resource, at), (role.to_owned(), sure), "{operation} {resource}");
    }
}
