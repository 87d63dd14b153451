//! The catalogue under test: what it holds, what it answers, and what a patch does to it.

use std::collections::BTreeSet;

use super::{word::ClusterType, *};

const KSQL: &str = "environment=e/cloud-cluster=c/ksql=k";

fn catalogue() -> &'static Catalogue {
    Catalogue::try_embedded().unwrap()
}

fn role(name: &str) -> &'static Role {
    catalogue().role(name).unwrap()
}

#[test]
fn the_page_has_nineteen_roles_and_four_are_administrative() {
    let page = Catalogue::of_the_page().unwrap();
    assert_eq!(page.roles().len(), 19);
    assert!(page.roles().windows(2).all(|pair| pair[0].name < pair[1].name));
    let administrative: Vec<_> =
        page.roles().iter().filter(|role| role.administrative).map(|role| role.name.as_str()).collect();
    assert_eq!(administrative, ["AccountAdmin", "CloudClusterAdmin", "EnvironmentAdmin", "OrganizationAdmin"]);
    assert!(catalogue().is_administrative("SomethingNew"));
    assert!(catalogue().roles().len() > 19);
}

#[test]
fn every_entry_can_come_into_play() {
    for role in catalogue().roles() {
        for permission in &role.may {
            let foreign: Vec<_> = permission.bound_to.iter().filter(|place| !role.at.contains(place)).collect();
            assert!(foreign.is_empty(), "{}: {foreign:?}", permission.id);
        }
        for id in
            [&role.may.iter().map(|it| &it.id).collect::<Vec<_>>(), &role.cannot.iter().map(|it| &it.id).collect()]
        {
            assert!(id.iter().all(|id| id.starts_with(&format!("{}.", role.name))), "{id:?}");
        }
    }
}

/// What a role both gives and denies at a place that both are about, and why that is no contradiction.
const BOTH: [(&str, &str, &str); 8] = [
    (
        "CloudClusterAdmin.cluster",
        "CloudClusterAdmin.no-other-places",
        "one is about its cluster, the other about others",
    ),
    (
        "CloudClusterAdmin.kafka-access",
        "CloudClusterAdmin.no-roles-on-basic",
        "Basic clusters are told apart by their type",
    ),
    ("EnvironmentAdmin.environment", "EnvironmentAdmin.no-other-environments", "its environment, and the others"),
    (
        "EnvironmentAdmin.kafka-access",
        "EnvironmentAdmin.no-roles-on-basic",
        "Basic clusters are told apart by their type",
    ),
    ("OrganizationAdmin.access", "OrganizationAdmin.no-own-removal", "it is about one binding, its own"),
    ("OrganizationAdmin.access", "OrganizationAdmin.no-roles-on-basic", "Basic clusters are told apart by their type"),
    (
        "OrganizationAdmin.kafka-access",
        "OrganizationAdmin.no-roles-on-basic",
        "Basic clusters are told apart by their type",
    ),
    ("ResourceKeyAdmin.keys", "ResourceKeyAdmin.no-own-keys", "it reaches the keys of others, and denies its own"),
];

#[test]
fn no_role_gives_what_it_denies_without_a_reason() {
    let mut found = BTreeSet::new();
    for role in catalogue().roles() {
        for (permission, denial) in role.may.iter().flat_map(|it| role.cannot.iter().map(move |no| (it, no))) {
            let both = |resource: &Resource| denial.operations.iter().any(|it| permission.allows(*resource, *it));
            if denial.on.iter().any(both) {
                found.insert((permission.id.as_str(), denial.id.as_str()));
            }
        }
    }
    let known: BTreeSet<(&str, &str)> = BOTH.iter().map(|(may, cannot, _)| (*may, *cannot)).collect();
    assert_eq!(found, known);
    assert!(BOTH.iter().all(|(.., reason)| !reason.is_empty()));
}

#[test]
fn a_wrong_name_finds_its_neighbours() {
    assert_eq!(catalogue().nearest("DeveloperReed")[0], "DeveloperRead");
    assert_eq!(catalogue().nearest("organizationadmin")[0], "OrganizationAdmin");
    assert!(catalogue().nearest("ClusterAdmin").contains(&"CloudClusterAdmin"));
    assert!(catalogue().nearest("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz").is_empty());
    assert!(!catalogue().nearest("CCloudRoleBindingAdmin").contains(&"CCloudRoleBindingAdmin"));
}

#[test]
fn granting_follows_role_and_containment() {
    let environment = Scope::environment("env-1").unwrap();
    let cluster = Scope::cluster("env-1", "lkc-1").unwrap();
    let organization = Scope::organization();
    let cases = [
        ("OrganizationAdmin", &organization, "OrganizationAdmin", &organization, true),
        ("EnvironmentAdmin", &environment, "CloudClusterAdmin", &cluster, true),
        ("CloudClusterAdmin", &cluster, "EnvironmentAdmin", &environment, false),
        ("AccountAdmin", &organization, "Operator", &organization, false),
    ];
    for (held, within, wanted, scope, expected) in cases {
        assert_eq!(role(wanted).may_be_granted_by([(held, within)], scope), expected, "{held} grants {wanted}");
    }
}

#[test]
fn inviting_and_deleting_are_judged_apart() {
    let may = |held: &[&str], operation| catalogue().may_operate(held.iter().copied(), operation);
    assert!(may(&["EnvironmentAdmin"], AccountOperation::InviteUser));
    assert!(!may(&["EnvironmentAdmin"], AccountOperation::DeleteUser));
    assert!(may(&["AccountAdmin"], AccountOperation::DeleteUser));
    assert!(!may(&["Operator", "Unheard"], AccountOperation::InviteUser));
    // Changing a person is for the two that hold it, however it is known.
    let alter: Vec<&str> = catalogue()
        .roles()
        .iter()
        .map(|role| role.name.as_str())
        .filter(|name| may(&[name], AccountOperation::AlterUser))
        .collect();
    assert_eq!(alter, ["AccountAdmin", "OrganizationAdmin"]);
}

#[test]
fn what_a_role_gives_depends_on_where_it_is_bound() {
    use Operation::{Delete, Describe, Invoke, Pause, Read, Run, Stop};
    const TOPIC: &str = "environment=e/cloud-cluster=c/kafka=c/topic=t";
    const POOL: &str = "environment=e/flink-region=aws.us-east-1/compute-pool=p";
    let cases: [(&str, &str, Resource, &[Operation]); 9] = [
        ("DeveloperRead", TOPIC, Resource::Topic, &[Describe, Read]),
        ("DeveloperRead", TOPIC, Resource::Model, &[Describe, Invoke]),
        ("DeveloperRead", TOPIC, Resource::Lineage, &[]),
        ("FlinkDeveloper", "environment=e", Resource::Statement, &[Describe, Delete, Run, Stop]),
        ("FlinkDeveloper", POOL, Resource::Workspace, &[]),
        ("FlinkDeveloper", POOL, Resource::ComputePool, &[Describe]),
        ("Operator", "environment=e", Resource::Connector, &[Describe]),
        (
            "ConnectManager",
            "environment=e/cloud-cluster=c",
            Resource::Connector,
            &[Describe, Pause, Operation::Resume, Operation::Restart],
        ),
        ("Novelty", "environment=e", Resource::Topic, &[]),
    ];
    for (name, place, resource, expected) in cases {
        let bound: Scope = place.parse().unwrap();
        let given: BTreeSet<Operation> =
            catalogue().permissions(name, &bound).filter_map(|it| it.gives.get(&resource)).flatten().copied().collect();
        assert_eq!(given, expected.iter().copied().collect(), "{name} at {place} on {resource}");
        if let Some(role) = catalogue().role(name) {
            assert_eq!(role.operations_at(&bound, resource), given);
        }
    }
}

#[test]
fn a_permission_reaches_as_far_as_it_says() {
    let scope = |text: &str| text.parse::<Scope>().unwrap();
    let reaches = |role_name: &str, id: &str, bound: &str, place: &str| {
        let permission = role(role_name).may.iter().find(|it| it.id == id).unwrap();
        permission.reaches(&scope(bound), &scope(place))
    };
    assert!(reaches("KsqlAdmin", "KsqlAdmin.around", KSQL, "environment=e"));
    assert!(!reaches("KsqlAdmin", "KsqlAdmin.around", KSQL, "environment=other"));
    assert!(!reaches("KsqlAdmin", "KsqlAdmin.list", KSQL, "environment=e"));
    assert!(reaches("FlinkAdmin", "FlinkAdmin.accounts", "environment=e", "service-account=sa-1"));
    assert!(reaches(
        "DataSteward",
        "DataSteward.topics",
        "environment=e",
        "environment=e/cloud-cluster=c/kafka=c/topic=t"
    ));
}

#[test]
fn roles_that_give_something_are_found() {
    let giving = |at| -> Vec<&str> {
        catalogue().giving(Resource::Topic, Operation::Read, at).map(|role| role.name.as_str()).collect()
    };
    assert_eq!(giving(Key::Topic), ["DeveloperRead", "ResourceOwner"]);
    assert_eq!(giving(Key::CloudCluster), ["CloudClusterAdmin"]);
}

#[test]
fn resources_are_required_optional_or_refused() {
    let cases = [
        ("DeveloperRead", Named::Required),
        ("Assigner", Named::Required),
        ("FlinkDeveloper", Named::Optional),
        ("CloudClusterAdmin", Named::Never),
    ];
    for (name, expected) in cases {
        assert_eq!(role(name).resource(), expected, "{name}");
    }
}

/// Of whom, on what: the operations of the row, those that it omits, and those that it adds.
type Row<'a> = (&'a [&'a str], Resource, &'a [Operation], &'a [Operation], &'a [Operation]);

/// The page's table of what each does to accounts, beside what the roles' own texts give.
#[test]
fn the_table_of_account_administrators_comes_out_with_two_exceptions() {
    use Operation::{Alter, AlterAccess, Create, Delete, Describe, DescribeAccess, Invite};
    let page = Catalogue::of_the_page().unwrap();
    let stated = |names: &[&str], resource| -> BTreeSet<Operation> {
        let roles = names.iter().filter_map(|name| page.role(name));
        let permissions = roles.flat_map(|role| &role.may).filter(|it| it.sure == Sure::Stated);
        permissions.filter_map(|it| it.gives.get(&resource)).flatten().copied().collect()
    };
    let set = |operations: &[Operation]| operations.iter().copied().collect::<BTreeSet<_>>();
    let (account, cluster) = (ACCOUNT_ADMIN, "CloudClusterAdmin");
    // Of both, what the row says; its own text gives more to AccountAdmin (omitted), and neither row carries all that the
    // combined row says (added).
    let rows: [Row; 6] = [
        (&[account], Resource::User, &[Create, Delete], &[Describe, Invite], &[]),
        (&[account], Resource::ServiceAccount, &[Alter, Create, Delete], &[Describe], &[]),
        (&[cluster], Resource::User, &[AlterAccess, Create, Describe, Invite], &[], &[]),
        (&[cluster], Resource::ServiceAccount, &[AlterAccess, Describe, DescribeAccess], &[], &[]),
        (
            &[account, cluster],
            Resource::User,
            &[Alter, AlterAccess, Create, Delete, Describe, DescribeAccess, Invite],
            &[],
            &[Alter, DescribeAccess],
        ),
        (
            &[account, cluster],
            Resource::ServiceAccount,
            &[Alter, AlterAccess, Create, Delete, Describe, DescribeAccess],
            &[],
            &[],
        ),
    ];
    for (roles, resource, row, omitted, added) in rows {
        let mut ours = stated(roles, resource);
        assert!(set(omitted).is_subset(&ours) && set(added).is_disjoint(&ours), "{roles:?} on {resource}: {ours:?}");
        ours.retain(|operation| !omitted.contains(operation));
        ours.extend(added);
        assert_eq!(ours, set(row), "{roles:?} on {resource}");
    }
}

#[test]
fn both_readings_can_be_seen() {
    let page = Catalogue::of_the_page().unwrap();
    let told: Vec<String> = catalogue().differences(&page).iter().map(ToString::to_string).collect();
    let wanted = [
        "`Operator` has no `Operator.connectors` any more: Describe, Pause, Resume on connector (Within)",
        "`ConnectManager` is a new role: bound to cluster, connector, granted by OrganizationAdmin, EnvironmentAdmin, CloudClusterAdmin",
        "`topic` carries roles on Standard, Enterprise, Dedicated, Freight clusters instead of Standard, Enterprise, Dedicated clusters",
    ];
    for sentence in wanted {
        assert!(told.iter().any(|it| it == sentence), "{sentence}\n{}", told.join("\n"));
    }
    assert_eq!(
        page.clusters_for(Key::Topic).unwrap(),
        [ClusterType::Standard, ClusterType::Enterprise, ClusterType::Dedicated]
    );
    assert!(page.corrections().iter().all(|it| !it.applied) && catalogue().corrections().iter().all(|it| it.applied));
}

#[test]
fn an_override_adds_widens_and_narrows() {
    let patch = "
version: 1
granular:
- {resources: [connector], clusters: [Basic, Standard]}
roles:
- name: MetricsViewer
  at: [organization]
- name: DeveloperWrite
  may:
  - {id: DeveloperWrite.group, resources: [group], do: [Read]}
- name: ResourceOwner
  without: [ResourceOwner.keys]
- name: TopicGardener
  summary: alters topics
  at: [topic]
  administrative: false
  grantedBy: [OrganizationAdmin]
  may:
  - {id: TopicGardener.alter, resources: [topic], do: [Alter]}
";
    let patched = catalogue().patched(patch).unwrap();
    let told: Vec<String> = patched.differences(catalogue()).iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "`DeveloperWrite` has `DeveloperWrite.group` as well: Read on group (Within)",
            "`MetricsViewer` is bound to organization, registered cluster of Unified Stream Manager instead of organization, \
             environment, cluster, registered cluster of Unified Stream Manager",
            "`ResourceOwner` has no `ResourceOwner.keys` any more: Describe, Create, Alter, Delete on resource-key (OwnAbove)",
            "`TopicGardener` is a new role: bound to topic, granted by OrganizationAdmin",
            "`connector` carries roles on Basic, Standard clusters instead of Standard, Enterprise, Dedicated, Freight clusters",
        ]
    );
    assert_eq!(patched.role("TopicGardener").unwrap().source, "override");
    assert!(patched.differences(&patched).is_empty());
    assert!(catalogue().patched("version: 1\n").unwrap().differences(catalogue()).is_empty());
}

#[test]
fn a_broken_override_says_what_and_where() {
    let cases = [
        ("roles: []", "it lacks `version: 1`"),
        ("version: 2", "its version is 2, and this program reads 1 at line 1"),
        ("version: 1\nroles: [", "line 3"),
        ("version: 1\nrolls: []", "unknown field `rolls`, expected one of"),
        ("version: 1\nroles:\n- name: Operator\n  at: [planet]", "`planet` is no kind of place"),
        ("version: 1\nroles:\n- name: Operator\n  at: [planet]", "at line 4"),
        (
            "version: 1\nroles:\n- name: Operator\n  may:\n  - {id: O.x, resources: [topic], do: [Dance]}",
            "`Dance` is no operation: write `All` or one of Describe, Read,",
        ),
        (
            "version: 1\nroles:\n- name: Operator\n  may:\n  - {id: O.x, resources: [topic], do: [Pause]}",
            "`O.x` says `Pause`, which none of its `resources` knows at line 5",
        ),
        (
            "version: 1\nroles:\n- name: Operator\n  may:\n  - {id: O.x, resources: [topic, connector], do: [Pause]}",
            "`O.x` says nothing that is done to `topic`, which knows Describe, Read,",
        ),
        (
            "version: 1\nroles:\n- name: New\n  at: [topic]",
            "the role `New` is new, and lacks `summary`, `grantedBy`, `administrative` at line 3",
        ),
        (
            "version: 1\nroles:\n- name: Operator\n  without: [O.x]",
            "`without` names `O.x`, and the role `Operator` has no such entry at line 4",
        ),
        (
            "version: 1\nroles:\n- name: Operator\n  grantedBy: [Nobody]",
            "the role `Operator` is granted by `Nobody`, which is no role here at line 3",
        ),
        (
            "version: 1\nroles:\n- name: Operator\n  caveats:\n  - {id: Assigner.assign, says: x}",
            "`Assigner.assign` is there twice at line 5",
        ),
        (
            "version: 1\nroles:\n- name: Operator\n  caveats:\n  - {id: O.x, says: x, source: hearsay}",
            "`hearsay` is not among the catalogue's sources at line 5",
        ),
        ("", "it lacks `version: 1`"),
    ];
    for (text, part) in cases {
        let said = catalogue().patched(text).unwrap_err().to_string();
        assert!(said.contains(part), "{text}\n{said}");
    }
}
