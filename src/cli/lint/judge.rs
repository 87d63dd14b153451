//! What the operator would say of objects that the API server takes: the same functions as in reconcile, on what files tell.
//! No IO.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    access::{
        Catalogue, Denial, Listing, PrincipalId, Scope,
        delegation::{self, GrantRequest, Namespace as Asking, Namespaces},
        judge::{self, Declaration, Nonsense, Place as Known},
        listing::ClusterKind,
        publisher::delegation::{Denial as MemberDenial, MemberRequest, may_add},
    },
    api::convert,
    cli::manifest::{Manifests, Namespace, Object},
    plan::{
        Finding as Refusal, Reason,
        binding::{DeclaredPrincipal, DesiredBinding, denied, nonsense},
    },
};

use super::{
    finding::{Finding, Severity},
    set::{Binding, PublisherMember, Set, kind},
};

/// What is known besides the manifests.
pub(super) struct Ground<'a> {
    pub(super) catalogue: &'a Catalogue,
    /// What an organization holds, where a snapshot was given.
    pub(super) listing: Option<&'a Listing>,
    /// As whom the operator acts, where that was given.
    pub(super) granter: Option<PrincipalId>,
    pub(super) manifests: &'a Manifests,
    /// The moment at which they may be applied.
    pub(super) now: Timestamp,
}

/// Every refusal, each with its object.
pub(super) fn refusals<'m>(set: &Set<'m>, ground: &Ground<'_>) -> Vec<(&'m Object, Finding)> {
    let mut found: Vec<(&Object, &'static str, Severity, Refusal)> = Vec::new();
    for organization in set.organizations.values() {
        let broken = convert::broken_delegations(&organization.of.spec);
        let invalid =
            |it| (organization.object, "spec.delegations", Severity::Error, Refusal::new(Reason::InvalidSpec, it));
        found.extend(broken.into_iter().map(invalid));
    }
    for publisher in set.publishers.values() {
        let broken = convert::broken_publisher_delegations(&publisher.of.spec);
        let invalid =
            |it| (publisher.object, "spec.delegations", Severity::Error, Refusal::new(Reason::InvalidSpec, it));
        found.extend(broken.into_iter().map(invalid));
    }
    for user in &set.users {
        let refusal = ground.invite(set, user.object, &user.of);
        found.extend(refusal.map(|refusal| (user.object, "spec.email", Severity::Error, refusal)));
    }
    for binding in &set.bindings {
        found.extend(ground.binding(set, binding).map(|(path, severity, it)| (binding.object, path, severity, it)));
    }
    for member in &set.members {
        found.extend(ground.member(set, member).map(|(path, it)| (member.object, path, Severity::Error, it)));
    }
    let told = |(object, path, severity, refusal): (&'m Object, &str, Severity, Refusal)| {
        (object, Finding::refusal(refusal, severity, object.place(path), object.title()))
    };
    found.into_iter().map(told).collect()
}

impl Ground<'_> {
    /// The namespace that asks, where files tell enough of it to judge these delegations.
    fn asking<'n>(&self, namespace: &Namespace, mut whom: impl Iterator<Item = &'n Namespaces>) -> Option<Asking> {
        let Namespace::Named(name) = namespace else { return None };
        let labels = self.manifests.namespaces.get(name);
        let by_label = whom.any(|it| matches!(it, Namespaces::Labels(_)));
        (labels.is_some() || !by_label)
            .then(|| Asking { name: name.clone(), labels: labels.cloned().unwrap_or_else(BTreeMap::new) })
    }

    fn invite(&self, set: &Set<'_>, object: &Object, user: &crate::api::ConfluentUser) -> Option<Refusal> {
        let desired = match convert::desired_user(&user.spec) {
            Ok(desired) => desired,
            Err(refusal) => return Some(refusal),
        };
        let organization = set.organizations.get(&user.spec.organization_ref.name)?;
        let delegations = convert::delegations(&organization.of.spec);
        let asking = self.asking(&object.namespace, delegations.iter().map(|it| &it.namespaces))?;
        delegation::may_invite(&delegations, &asking, &desired.email).err().map(|denial| denied(&denial))
    }

    fn binding(&self, set: &Set<'_>, binding: &Binding<'_>) -> Option<(&'static str, Severity, Refusal)> {
        let desired = match &binding.desired {
            Ok(desired) => desired,
            Err(refusal) => return Some(("spec", Severity::Error, refusal.clone())),
        };
        if let Err(it) = self.declaration(set, binding, desired) {
            return Some((nonsense_at(&it), Severity::Error, nonsense(&it)));
        }
        if let Some((path, refusal)) = self.delegated(set, binding, desired) {
            return Some((path, Severity::Error, refusal));
        }
        let DeclaredPrincipal::MissingUser(name) = &desired.principal else { return None };
        let said = format!(
            "no `ConfluentUser` `{name}` is among the manifests of {}: the binding waits until there is one",
            binding.object.namespace
        );
        Some(("spec.principal", Severity::Warning, Refusal::new(Reason::PrincipalNotFound, said)))
    }

    fn declaration(&self, set: &Set<'_>, binding: &Binding<'_>, desired: &DesiredBinding) -> Result<(), Nonsense> {
        let organization = set.organizations.get(&binding.of.spec.organization_ref.name);
        let declared = Declaration {
            role: &desired.role,
            scope: &desired.scope,
            principal: kind(&desired.principal, self.listing),
            allow_unknown: organization.is_some_and(|it| it.of.spec.allow_unknown_roles),
        };
        let Some(listing) = self.listing else {
            return judge::role_for(self.catalogue, declared).map(|_| ());
        };
        let environment = |id: &str| {
            let there = listing.environments.iter().any(|it| it.id == id);
            if there { Known::Present(ClusterKind::Unknown) } else { Known::Absent }
        };
        let cluster = |environment: &str, id: &str| {
            let found = listing.clusters.iter().find(|it| it.id == id && it.environment == environment);
            found.map_or(Known::Absent, |it| Known::Present(it.kind))
        };
        let held: Option<Vec<(&str, &Scope)>> = self.granter.as_ref().map(|granter| {
            let own = listing.bindings.iter().filter(|it| it.principal == *granter);
            own.filter_map(|it| Some((it.role.as_str(), it.scope.as_ref()?))).collect()
        });
        judge::declaration(self.catalogue, declared, environment, cluster, held.as_deref()).map(|_| ())
    }

    fn delegated(
        &self,
        set: &Set<'_>,
        binding: &Binding<'_>,
        desired: &DesiredBinding,
    ) -> Option<(&'static str, Refusal)> {
        let organization = set.organizations.get(&binding.of.spec.organization_ref.name)?;
        let delegations = convert::delegations(&organization.of.spec);
        let asking = self.asking(&binding.object.namespace, delegations.iter().map(|it| &it.namespaces))?;
        let declared_here = match &desired.principal {
            DeclaredPrincipal::Email(email) => {
                set.declared_in(&binding.object.namespace, &binding.of.spec.organization_ref.name, email)
                    && delegation::may_invite(&delegations, &asking, email).is_ok()
            }
            // A `userRef` can only mean a user of the namespace; whose id it is, only the operator knows.
            DeclaredPrincipal::MissingUser(_) | DeclaredPrincipal::Id(_) => true,
            DeclaredPrincipal::ServiceAccountNamed(_) => false,
        };
        let kind = kind(&desired.principal, self.listing);
        // The object is older, where it is there already, and was judged then.
        let term = convert::validity(binding.of.spec.validity.as_ref()).unwrap_or_default().term(self.now);
        let request = GrantRequest { role: &desired.role, scope: &desired.scope, kind, declared_here, term };
        let denial = delegation::may_grant(&delegations, &asking, request).err()?;
        Some((denial_at(&denial), denied(&denial)))
    }

    fn member(&self, set: &Set<'_>, member: &PublisherMember<'_>) -> Option<(&'static str, Refusal)> {
        let desired = match &member.desired {
            Ok(desired) => desired,
            Err(refusal) => return Some(("spec", refusal.clone())),
        };
        let other = set.members.iter().find(|other| {
            other.of.spec.publisher_ref == member.of.spec.publisher_ref
                && other.desired.as_ref().is_ok_and(|it| it.key == desired.key && it.role != desired.role)
        });
        if let Some(other) = other {
            let said = format!(
                "`{}` is declared in another role at {}: make the two say the same, or delete one",
                desired.key,
                other.object.place("spec.role")
            );
            return Some(("spec.role", Refusal::new(Reason::ContradictingRoles, said)));
        }
        let publisher = set.publishers.get(&member.of.spec.publisher_ref.name)?;
        let delegations = convert::publisher_delegations(&publisher.of.spec);
        let asking = self.asking(&member.object.namespace, delegations.iter().map(|it| &it.namespaces))?;
        let request = MemberRequest { key: &desired.key, kind: &desired.kind, role: desired.role };
        let denial = may_add(&delegations, &asking, request).err()?;
        let path = match denial {
            MemberDenial::Namespace(_) => "metadata.namespace",
            MemberDenial::Role { .. } => "spec.role",
            MemberDenial::Domain { .. } | MemberDenial::Tenant { .. } => "spec",
        };
        let said = format!("`{}`: {denial}; whoever keeps the publisher can add it to `spec.delegations`", desired.key);
        Some((path, Refusal::new(Reason::DelegationDenied, said)))
    }
}

/// The field that a refusal of the catalogue is about.
fn nonsense_at(nonsense: &Nonsense) -> &'static str {
    match nonsense {
        Nonsense::RoleUnknown { .. } | Nonsense::GranterNotAllowed { .. } => "spec.role",
        Nonsense::NotForPrincipal { .. } => "spec.principal",
        Nonsense::NotAtScope { .. } | Nonsense::ScopeNotFound(_) | Nonsense::BasicCluster { .. } => "spec.scope",
    }
}

/// The field that a refusal of the delegations is about.
fn denial_at(denial: &Denial) -> &'static str {
    match denial {
        Denial::Namespace(_) => "metadata.namespace",
        Denial::Domain { .. } => "spec.email",
        Denial::Role { .. } => "spec.role",
        Denial::Scope { .. } => "spec.scope",
        Denial::Kind { .. } | Denial::DeclaredElsewhere { .. } => "spec.principal",
        Denial::Duration { .. } => "spec.validity",
    }
}
