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
mod tests;
