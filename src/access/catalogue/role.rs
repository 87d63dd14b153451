//! One role: where it is bound, what it gives and what it does not, and who may grant it. PURE.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{Key, PrincipalKind, Scope};

use super::word::{Category, Operation, Reach, Resource, Sure};

/// One role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// The name on the wire.
    pub name: String,
    /// What it is for.
    pub category: Category,
    /// One sentence for people.
    pub summary: String,
    /// The kinds of place it may be bound to.
    pub at: Vec<Key>,
    /// Places that it may be bound to and that our CRNs cannot name, in words.
    pub elsewhere: Vec<String>,
    /// Where its places are known from, a key of the catalogue's sources.
    pub source: String,
    /// How sure those are.
    pub sure: Sure,
    /// Whether losing or gaining it is a matter of who administers.
    pub administrative: bool,
    /// Which roles may grant it, each within its own scope.
    pub granted_by: Vec<String>,
    /// How sure that is.
    pub granted_sure: Sure,
    /// Who may hold it.
    pub principals: Vec<PrincipalKind>,
    /// What it gives.
    pub may: Vec<Permission>,
    /// What it expressly does not give.
    pub cannot: Vec<Denial>,
    /// What its source announces and leaves out.
    pub unknown: Vec<Gap>,
    /// What to know before it is granted.
    pub caveats: Vec<Caveat>,
}

/// Something that a role gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// Its name in the catalogue.
    pub id: String,
    /// Which operations, on which kinds of things.
    pub gives: BTreeMap<Resource, BTreeSet<Operation>>,
    /// The kinds of place that the role has to be bound to for it; any of the role's where empty.
    pub bound_to: Vec<Key>,
    /// How far it reaches from there.
    pub reach: Reach,
    /// Who says it, a key of the catalogue's sources.
    pub source: String,
    /// How sure it is.
    pub sure: Sure,
    /// What is to be added in words.
    pub says: Option<String>,
}

/// Something that a role expressly does not give. Another role may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Its name in the catalogue.
    pub id: String,
    /// On which kinds of things.
    pub on: Vec<Resource>,
    /// Which operations.
    pub operations: Vec<Operation>,
    /// The same for people.
    pub says: String,
    /// Who says it.
    pub source: String,
}

/// Something that nobody says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Its name in the catalogue.
    pub id: String,
    /// On which kinds of things it is not known what the role gives.
    pub on: Vec<Resource>,
    /// The same for people.
    pub says: String,
}

/// Something to know before a role is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caveat {
    /// Its name in the catalogue.
    pub id: String,
    /// For people.
    pub says: String,
    /// Who says it.
    pub source: String,
}

/// Whether a binding of a role names a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// It has to.
    Required,
    /// It may.
    Optional,
    /// It may not.
    Never,
}

impl Role {
    /// Whether a binding of it names a resource, such as a topic, rather than an organization, environment or cluster.
    pub fn resource(&self) -> Named {
        let resources = self.at.iter().filter(|key| key.is_resource()).count();
        match resources {
            0 => Named::Never,
            all if all == self.at.len() => Named::Required,
            _ => Named::Optional,
        }
    }

    /// Its name, and those of its entries.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        let may = self.may.iter().map(|it| it.id.as_str());
        let cannot = self.cannot.iter().map(|it| it.id.as_str());
        let unknown = self.unknown.iter().map(|it| it.id.as_str());
        let caveats = self.caveats.iter().map(|it| it.id.as_str());
        std::iter::once(self.name.as_str()).chain(may).chain(cannot).chain(unknown).chain(caveats)
    }

    /// Whether anybody is offered it: it can be bound somewhere.
    pub fn is_offered(&self) -> bool {
        !self.at.is_empty() || !self.elsewhere.is_empty()
    }

    /// What a binding of it at that place gives.
    pub fn permissions_at<'a>(&'a self, bound: &'a Scope) -> impl Iterator<Item = &'a Permission> {
        let kind = bound.kind();
        self.may.iter().filter(move |it| it.bound_to.is_empty() || it.bound_to.contains(&kind))
    }

    /// What a binding of it at that place lets do to things of that kind, whatever the reach and however sure.
    pub fn operations_at(&self, bound: &Scope, resource: Resource) -> BTreeSet<Operation> {
        self.permissions_at(bound).filter_map(|it| it.gives.get(&resource)).flatten().copied().collect()
    }

    /// Whether any binding of it lets do that to things of that kind.
    pub fn gives(&self, resource: Resource, operation: Operation) -> bool {
        self.may.iter().any(|it| it.gives.get(&resource).is_some_and(|given| given.contains(&operation)))
    }

    /// What nobody says about it, where that leaves open whether it gives the operation on things of that kind.
    pub fn gap(&self, resource: Resource, operation: Operation) -> Option<&Gap> {
        let gap = self.unknown.iter().find(|it| it.on.contains(&resource))?;
        let denied = || self.cannot.iter().any(|it| it.on.contains(&resource) && it.operations.contains(&operation));
        // Where its operations are told, it is open on which things.
        let told = self.may.iter().any(|it| it.gives.contains_key(&resource));
        let open = if told { self.gives(resource, operation) } else { !operation.is_access() && !denied() };
        open.then_some(gap)
    }

    /// Whether somebody who holds `held` (role and scope) may grant this one at `scope`.
    pub fn may_be_granted_by<'a>(&self, held: impl IntoIterator<Item = (&'a str, &'a Scope)>, scope: &Scope) -> bool {
        held.into_iter().any(|(name, within)| self.granted_by.iter().any(|it| it == name) && within.covers(scope))
    }
}

impl Permission {
    /// Whether it gives that operation on things of that kind.
    pub fn allows(&self, resource: Resource, operation: Operation) -> bool {
        self.gives.get(&resource).is_some_and(|given| given.contains(&operation))
    }

    /// Whether it reaches a place from the place of the binding. Whose the thing is has to be asked besides, where
    /// [`Reach::Own`], [`Reach::OwnAbove`] or [`Reach::Others`] is said.
    pub fn reaches(&self, bound: &Scope, place: &Scope) -> bool {
        match self.reach {
            Reach::Organization => true,
            Reach::Above => place.covers(bound),
            Reach::Within | Reach::Own | Reach::Others => bound.covers(place),
            Reach::OwnAbove => bound.covers(place) || holder(bound).is_some_and(|it| it == *place),
        }
    }
}

/// The cluster, or the Schema Registry, that holds a place.
pub(crate) fn holder(place: &Scope) -> Option<Scope> {
    let above = std::iter::successors(place.parent(), Scope::parent);
    above.into_iter().find(|it| matches!(it.kind(), Key::CloudCluster | Key::SchemaRegistry))
}
