//! What somebody can really do: the union of what their bindings give, each permission with the chain that gives it. PURE.
//!
//! A role takes nothing away from another, so there is no order among them. What could, an ACL that denies, is not seen here,
//! and an answer about Kafka's data says so.

use std::{cmp::Reverse, collections::BTreeSet, fmt};

use super::{
    Catalogue, PrincipalId, Scope,
    catalogue::{Gap, Operation, Permission, Reach, Resource, Role, Sure},
    listing::Binding,
};

/// How somebody comes to hold a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Through {
    /// By a binding of their own.
    Binding,
    /// By a group mapping, which acts in sessions by single sign-on and not for API keys.
    Mapping(String),
}

/// Where a role is held.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// A place that we can read.
    Place(Scope),
    /// A CRN of a form that we do not know: it is counted and shown, and no answer rests on it.
    Unread(String),
}

/// A role that somebody holds somewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// The role.
    pub role: String,
    /// Where.
    pub at: At,
    /// How they come to it.
    pub through: Through,
}

impl Held {
    /// The place, where it is one that we can read.
    pub fn scope(&self) -> Option<&Scope> {
        match &self.at {
            At::Place(scope) => Some(scope),
            At::Unread(_) => None,
        }
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            At::Place(scope) => write!(f, "{} on {}", self.role, scope.describe()),
            At::Unread(crn) => write!(f, "{} on {crn}", self.role),
        }
    }
}

/// Whose the thing is that somebody wants to do something to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// It does not matter, or is not known.
    Anybodys,
    /// Their own.
    Own,
    /// Somebody else's.
    Others,
}

/// One right that something needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// What is to be done.
    pub operation: Operation,
    /// To what kind of thing.
    pub resource: Resource,
    /// Where it is: the thing itself where it has a CRN, else the place that holds it.
    pub place: Scope,
    /// Whose it is.
    pub whose: Whose,
}

/// A role that gives a right, and the entry of the catalogue by which it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given<'a> {
    /// The role, where, and how they come to it.
    pub held: &'a Held,
    /// The entry.
    pub permission: &'a Permission,
}

/// A role that may give a right: its source announces something about such things, and leaves out what or where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsaid<'a> {
    /// The role, where, and how they come to it.
    pub held: &'a Held,
    /// What nobody says.
    pub gap: &'a Gap,
}

/// A grant that would give a right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy<'a> {
    /// The role.
    pub role: &'a Role,
    /// Where it would be bound.
    pub scope: Scope,
    /// How sure it is that it gives the right.
    pub sure: Sure,
}

/// Everything that somebody holds: their own bindings, what group mappings bind that they are members of, and what is bound
/// without anybody declaring it. The same binding twice is held twice.
pub fn held<'a>(
    principal: &PrincipalId,
    mappings: &[(PrincipalId, String)],
    bindings: impl IntoIterator<Item = &'a Binding>,
    defaults: Option<&Catalogue>,
) -> Vec<Held> {
    let through = |it: &Binding| {
        let mapping = || mappings.iter().find(|(id, _)| it.principal == *id);
        if it.principal == *principal {
            return Some(Through::Binding);
        }
        mapping().map(|(_, name)| Through::Mapping(name.clone()))
    };
    let bound = bindings.into_iter().filter_map(|it| {
        let at = it.scope.clone().map_or_else(|| At::Unread(it.crn.clone()), At::Place);
        Some(Held { role: it.role.clone(), at, through: through(it)? })
    });
    let everybody = defaults.into_iter().flat_map(Catalogue::defaults).flat_map(|default| {
        default.roles.iter().map(|role| Held {
            role: role.clone(),
            at: At::Place(Scope::organization()),
            through: Through::Mapping(default.mapping.clone()),
        })
    });
    let mut all: Vec<Held> = bound.chain(everybody).collect();
    all.sort();
    all
}

/// Every role of `held` that gives the right, the narrowest place first.
pub fn given<'a>(catalogue: &'a Catalogue, held: &'a [Held], need: &Need) -> Vec<Given<'a>> {
    giving(catalogue, held, need, |permission, bound| applies(permission, bound, need))
}

/// Every role of `held` of which nobody says whether it gives the right there.
pub fn unsaid<'a>(catalogue: &'a Catalogue, held: &'a [Held], need: &Need) -> Vec<Unsaid<'a>> {
    let near = |it: &&Held| it.scope().is_some_and(|at| at.covers(&need.place) || need.place.covers(at));
    let open = |held: &'a Held| {
        let gap = catalogue.role(&held.role)?.gap(need.resource, need.operation)?;
        Some(Unsaid { held, gap })
    };
    let mut all: Vec<Unsaid<'a>> = held.iter().filter(near).filter_map(open).collect();
    all.dedup();
    all
}

/// Every role of `held` that gives the right in a part of the place and not in all of it, the narrowest place first. A role
/// of which nobody says in which part is none of them.
pub fn partly<'a>(catalogue: &'a Catalogue, held: &'a [Held], need: &Need) -> Vec<Given<'a>> {
    let mut all = giving(catalogue, held, need, |permission, bound| {
        let part = need.place.covers(bound) && need.resource.can_be_at(bound);
        part && whose(permission, need) && !permission.reaches(bound, &need.place)
    });
    all.retain(|it| catalogue.role(&it.held.role).is_none_or(|role| role.gap(need.resource, need.operation).is_none()));
    all
}

fn giving<'a>(
    catalogue: &'a Catalogue,
    held: &'a [Held],
    need: &Need,
    applies: impl Fn(&Permission, &Scope) -> bool,
) -> Vec<Given<'a>> {
    let mut all: Vec<Given<'a>> = held
        .iter()
        .filter_map(|held| Some((held, held.scope()?)))
        .flat_map(|(held, scope)| {
            catalogue.permissions(&held.role, scope).map(move |permission| (scope, Given { held, permission }))
        })
        .filter(|(scope, it)| it.permission.allows(need.resource, need.operation) && applies(it.permission, scope))
        .map(|(_, given)| given)
        .collect();
    all.sort_by_key(|it| (Reverse(it.held.scope().map(|scope| scope.to_string().len())), it.held.clone()));
    all.dedup_by_key(|it| it.held);
    all
}

fn applies(permission: &Permission, bound: &Scope, need: &Need) -> bool {
    whose(permission, need) && permission.reaches(bound, &need.place)
}

/// Whether it is about things of that owner.
fn whose(permission: &Permission, need: &Need) -> bool {
    match permission.reach {
        Reach::Own | Reach::OwnAbove => need.whose == Whose::Own,
        Reach::Others => need.whose == Whose::Others,
        Reach::Within | Reach::Organization | Reach::Above => true,
    }
}

/// The grants that would give the right, least privilege first: ordinary roles before administrative ones, those that change
/// little before those that change much, as near to the thing as a role can be bound, and of these the surest, then the one
/// that gives least.
pub fn remedies<'a>(catalogue: &'a Catalogue, need: &Need) -> Vec<Remedy<'a>> {
    let mut found: Vec<(bool, usize, usize, Sure, usize, Remedy<'a>)> = Vec::new();
    let mut place = Some(need.place.clone());
    let mut distance = 0;
    while let Some(scope) = place {
        for role in catalogue.roles().iter().filter(|role| role.at.contains(&scope.kind())) {
            let gives = |it: &&Permission| it.allows(need.resource, need.operation) && applies(it, &scope, need);
            let Some(permission) = role.permissions_at(&scope).find(gives) else { continue };
            let extent = role.may.iter().flat_map(|it| it.gives.values()).map(BTreeSet::len).sum();
            // What a role gives is no surer than that it can be bound there.
            let sure = permission.sure.max(role.sure);
            let remedy = Remedy { role, scope: scope.clone(), sure };
            found.push((role.administrative, changes(role, &scope), distance, sure, extent, remedy));
        }
        place = scope.parent();
        distance += 1;
    }
    found.sort_by(|one, other| {
        let key = |it: &(bool, usize, usize, Sure, usize, Remedy<'a>)| (it.0, it.1, it.2, it.3, it.4);
        key(one).cmp(&key(other)).then_with(|| one.5.role.name.cmp(&other.5.role.name))
    });
    let mut seen = BTreeSet::new();
    found.into_iter().map(|(.., remedy)| remedy).filter(|it| seen.insert(it.role.name.as_str())).collect()
}

/// How many things a role changes from there; what its holder owns is theirs to change, and counts for nothing.
fn changes(role: &Role, scope: &Scope) -> usize {
    use Operation::{Describe, DescribeAccess, Invoke, Read};
    let others = role.permissions_at(scope).filter(|it| !matches!(it.reach, Reach::Own | Reach::OwnAbove));
    let pairs = others.flat_map(|it| it.gives.iter()).filter(|(resource, _)| resource.can_be_at(scope));
    let changing = pairs.flat_map(|(resource, operations)| operations.iter().map(move |it| (*resource, *it)));
    let changing = changing.filter(|(_, it)| !matches!(it, Describe | Read | Invoke | DescribeAccess));
    changing.collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
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
                assert!(
                    !given(catalogue, &held(&who, &[], &bindings, None), &wanted).is_empty(),
                    "{}",
                    remedy.role.name
                );
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
}
