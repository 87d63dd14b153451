//! Whether a declared grant makes sense: role known, legal at its scope, for such a principal, place there, cluster able,
//! and ours to grant. PURE.
//!
//! The same functions serve reconcile and, later, every offline command.

use super::{
    Key, PrincipalKind, Role, Scope,
    catalogue::{Catalogue, ClusterType, Named},
    listing::ClusterKind,
};

/// What is known of a place that a scope names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It is there; for a cluster, of this kind.
    Present(ClusterKind),
    /// It is not in a complete listing.
    Absent,
}

/// Why a role cannot be declared there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Nonsense {
    /// The catalogue does not know the role.
    #[error(
        "the role `{role}` does not exist{}; where the vendor has it, the organization's `spec.allowUnknownRoles` admits it",
        did_you_mean(.nearest)
    )]
    RoleUnknown {
        /// What was declared.
        role: String,
        /// Known names that are near.
        nearest: Vec<String>,
    },
    /// The role cannot be bound to that kind of place.
    #[error("`{role}` cannot be bound to {scope}: it is bound to {}{}", one_of(.legal), hint(*.resource))]
    NotAtScope {
        /// The role.
        role: String,
        /// The scope, in words.
        scope: String,
        /// Where it can be bound, in words.
        legal: Vec<String>,
        /// What is amiss, where it is that a resource is named, or is not.
        resource: Option<Named>,
    },
    /// The role is not for such principals.
    #[error("`{role}` cannot be held by a {kind}: it is for a {}", one_of(.legal))]
    NotForPrincipal {
        /// The role.
        role: String,
        /// Of what kind the declared principal is.
        kind: PrincipalKind,
        /// Who can hold it, in words.
        legal: Vec<String>,
    },
    /// The environment or cluster is not in the listing.
    #[error("{0} does not exist in the organization, or the operator's identity cannot see it")]
    ScopeNotFound(String),
    /// Roles inside a Basic cluster.
    #[error(
        "the cluster `{cluster}` is Basic, which has no roles on a {resource}: use a {} cluster, or bind CloudClusterAdmin to the cluster",
        one_of(.able)
    )]
    BasicCluster {
        /// The cluster's id.
        cluster: String,
        /// The kind of resource.
        resource: &'static str,
        /// The types of clusters that have them, in words.
        able: Vec<String>,
    },
    /// Whoever is to grant it may not.
    #[error("the operator's identity may not grant `{role}` on {scope}: it needs one of {} there", .granters.join(", "))]
    GranterNotAllowed {
        /// The role.
        role: String,
        /// The scope, in words.
        scope: String,
        /// The roles that may grant it.
        granters: Vec<String>,
    },
}

fn did_you_mean(names: &[String]) -> String {
    match names {
        [] => "; see `README.md` for the roles".to_owned(),
        names => format!("; the nearest names are {}", quoted(names)),
    }
}

fn hint(resource: Option<Named>) -> &'static str {
    match resource {
        Some(Named::Required) => "; name one with `spec.scope.resource`",
        Some(Named::Never) => "; leave `spec.scope.resource` out",
        Some(Named::Optional) | None => "",
    }
}

fn one_of(words: &[String]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// What is declared, as far as the catalogue judges it.
#[derive(Clone, Copy, Debug)]
pub struct Declaration<'a> {
    /// The role's name, as written.
    pub role: &'a str,
    /// Where.
    pub scope: &'a Scope,
    /// What kind of principal is to hold it; `None` where it cannot be told.
    pub principal: Option<PrincipalKind>,
    /// A role that the catalogue does not know is left to the vendor.
    pub allow_unknown: bool,
}

/// Judges a declaration by all that the catalogue and a listing know; `Ok(None)` is a role that only the vendor knows.
/// `granter` holds the roles of whoever is to make the grant, `None` where they are not known and the vendor has to judge.
pub fn declaration<'c>(
    catalogue: &'c Catalogue,
    declared: Declaration<'_>,
    environment: impl FnOnce(&str) -> Place,
    cluster: impl FnOnce(&str, &str) -> Place,
    granter: Option<&[(&str, &Scope)]>,
) -> Result<Option<&'c Role>, Nonsense> {
    let role = role_for(catalogue, declared)?;
    place_exists(catalogue, declared.scope, environment, cluster)?;
    if let (Some(role), Some(held)) = (role, granter) {
        may_grant(role, declared.scope, held)?;
    }
    Ok(role)
}

/// The catalogue's role, where it may be bound at this scope and held by such a principal.
pub fn role_for<'c>(catalogue: &'c Catalogue, declared: Declaration<'_>) -> Result<Option<&'c Role>, Nonsense> {
    if declared.allow_unknown && catalogue.role(declared.role).is_none() {
        return Ok(None);
    }
    let role = role_at(catalogue, declared.role, declared.scope)?;
    match declared.principal {
        Some(kind) if !role.principals.contains(&kind) => {
            let legal = role.principals.iter().map(ToString::to_string).collect();
            Err(Nonsense::NotForPrincipal { role: role.name.clone(), kind, legal })
        }
        Some(_) | None => Ok(Some(role)),
    }
}

/// The catalogue's role, where this name may be bound at this scope.
pub fn role_at<'c>(catalogue: &'c Catalogue, name: &str, scope: &Scope) -> Result<&'c Role, Nonsense> {
    let known = catalogue.role(name).ok_or_else(|| Nonsense::RoleUnknown {
        role: name.to_owned(),
        nearest: catalogue.nearest(name).into_iter().map(str::to_owned).collect(),
    })?;
    if known.at.contains(&scope.kind()) {
        return Ok(known);
    }
    let resource = match (known.resource(), scope.kind().is_resource()) {
        (Named::Required, false) if !known.at.is_empty() => Some(Named::Required),
        (Named::Never, true) if !known.at.is_empty() => Some(Named::Never),
        (Named::Required | Named::Never | Named::Optional, _) => None,
    };
    let places = known.at.iter().map(|key| key.noun().to_owned());
    let elsewhere = known.elsewhere.iter().map(|place| format!("{place} (which Roster cannot name yet)"));
    let legal = places.chain(elsewhere).collect();
    Err(Nonsense::NotAtScope { role: name.to_owned(), scope: scope.describe(), legal, resource })
}

/// Whether the places that the scope names are there and can carry it. `environment` and `cluster` look an id up in a
/// complete listing; places of other kinds are not listed and so not judged.
pub fn place_exists(
    catalogue: &Catalogue,
    scope: &Scope,
    environment: impl FnOnce(&str) -> Place,
    cluster: impl FnOnce(&str, &str) -> Place,
) -> Result<(), Nonsense> {
    let Some(environment_id) = scope.value(Key::Environment) else {
        return Ok(());
    };
    if environment(environment_id) == Place::Absent {
        return Err(Nonsense::ScopeNotFound(format!("the environment `{environment_id}`")));
    }
    let Some(cluster_id) = scope.value(Key::CloudCluster) else {
        return Ok(());
    };
    match (cluster(environment_id, cluster_id), catalogue.clusters_for(scope.kind())) {
        (Place::Absent, _) => Err(Nonsense::ScopeNotFound(format!("the cluster `{cluster_id}` in `{environment_id}`"))),
        (Place::Present(ClusterKind::Basic), Some(able)) if !able.contains(&ClusterType::Basic) => {
            let able = able.iter().map(ToString::to_string).collect();
            Err(Nonsense::BasicCluster { cluster: cluster_id.to_owned(), resource: scope.kind().noun(), able })
        }
        (Place::Present(_), _) => Ok(()),
    }
}

/// Whether somebody with these roles may grant that role there.
pub fn may_grant(role: &Role, scope: &Scope, held: &[(&str, &Scope)]) -> Result<(), Nonsense> {
    if role.may_be_granted_by(held.iter().copied(), scope) {
        return Ok(());
    }
    let (name, granters) = (role.name.clone(), role.granted_by.clone());
    Err(Nonsense::GranterNotAllowed { role: name, scope: scope.describe(), granters })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic() -> Scope {
        Scope::cluster("env-1", "lkc-1").unwrap().child(Key::Topic, "orders").unwrap()
    }

    /// Judges with all that is known; the granter holds one role.
    fn judged(role: &str, scope: &str, kind: PrincipalKind, cluster: ClusterKind, granter: (&str, &str)) -> String {
        let (scope, within): (Scope, Scope) = (scope.parse().unwrap(), granter.1.parse().unwrap());
        let declared = Declaration { role, scope: &scope, principal: Some(kind), allow_unknown: false };
        let held = [(granter.0, &within)];
        let there = |_: &str| Place::Present(ClusterKind::Unknown);
        declaration(Catalogue::embedded(), declared, there, |_, _| Place::Present(cluster), Some(&held))
            .map_or_else(|nonsense| nonsense.to_string(), |role| role.map(|it| it.name.clone()).unwrap_or_default())
    }

    #[test]
    fn a_declaration_is_judged_by_all_that_the_catalogue_knows() {
        use ClusterKind::{Basic, Granular, Unknown};
        use PrincipalKind::{ServiceAccount, User};
        const CLUSTER: &str = "environment=env-1/cloud-cluster=lkc-1";
        const TOPIC: &str = "environment=env-1/cloud-cluster=lkc-1/kafka=lkc-1/topic=orders";
        const KSQL: &str = "environment=env-1/cloud-cluster=lkc-1/ksql=k";
        let admin = ("OrganizationAdmin", "");
        let cases = [
            ("DeveloperRead", TOPIC, User, Granular, admin, "DeveloperRead"),
            ("DeveloperRead", TOPIC, User, Unknown, admin, "DeveloperRead"),
            ("DeveloperReed", TOPIC, User, Granular, admin, "the nearest names are `DeveloperRead`"),
            (
                "DeveloperRead",
                CLUSTER,
                User,
                Granular,
                admin,
                "or key encryption key; name one with `spec.scope.resource`",
            ),
            (
                "CloudClusterAdmin",
                TOPIC,
                User,
                Granular,
                admin,
                "it is bound to cluster; leave `spec.scope.resource` out",
            ),
            (
                "FlinkDeveloper",
                TOPIC,
                User,
                Granular,
                admin,
                "it is bound to organization, environment or compute pool",
            ),
            ("ClusterLinkConnection", CLUSTER, User, Granular, admin, "cluster link (which Roster cannot name yet)"),
            ("CCloudRoleBindingAdmin", CLUSTER, User, Granular, admin, "it is bound to nothing"),
            ("DeveloperRead", TOPIC, User, Basic, admin, "use a Standard, Enterprise, Dedicated or Freight cluster"),
            ("CloudClusterAdmin", CLUSTER, User, Basic, admin, "CloudClusterAdmin"),
            (
                "UsmAgent",
                "environment=env-1",
                User,
                Granular,
                admin,
                "cannot be held by a user: it is for a service account",
            ),
            ("UsmAgent", "environment=env-1", ServiceAccount, Granular, admin, "UsmAgent"),
            // Who may grant.
            ("KsqlAdmin", KSQL, User, Granular, ("CloudClusterAdmin", CLUSTER), "KsqlAdmin"),
            ("KsqlAdmin", KSQL, User, Granular, ("ResourceOwner", KSQL), "may not grant `KsqlAdmin`"),
            ("DeveloperRead", TOPIC, User, Granular, ("ResourceOwner", TOPIC), "DeveloperRead"),
            ("DeveloperRead", TOPIC, User, Granular, ("AccountAdmin", ""), "it needs one of OrganizationAdmin,"),
            ("EnvironmentAdmin", "environment=env-1", User, Granular, ("CloudClusterAdmin", CLUSTER), "may not grant"),
            ("CloudClusterAdmin", CLUSTER, User, Granular, ("EnvironmentAdmin", "environment=env-2"), "may not grant"),
            ("Assigner", "service-account=sa-1", User, Granular, ("ResourceOwner", "service-account=sa-1"), "Assigner"),
            (
                "Assigner",
                "service-account=sa-1",
                User,
                Granular,
                ("EnvironmentAdmin", "environment=env-1"),
                "may not grant",
            ),
        ];
        for (role, scope, kind, cluster, granter, expected) in cases {
            let told = judged(role, scope, kind, cluster, granter);
            assert!(told.contains(expected), "{role} at {scope}: {told}");
        }
    }

    #[test]
    fn a_role_that_nobody_knows_is_left_to_the_vendor_where_that_is_allowed() {
        let scope = topic();
        let declared = |allow_unknown, role| Declaration { role, scope: &scope, principal: None, allow_unknown };
        let catalogue = Catalogue::embedded();
        assert_eq!(role_for(catalogue, declared(true, "Novelty")), Ok(None));
        assert!(matches!(role_for(catalogue, declared(false, "Novelty")), Err(Nonsense::RoleUnknown { .. })));
        // What is known is judged as ever.
        assert!(matches!(role_for(catalogue, declared(true, "FlinkAdmin")), Err(Nonsense::NotAtScope { .. })));
    }

    #[test]
    fn places_are_looked_up_and_basic_clusters_carry_no_resources() {
        let topic = topic();
        let catalogue = Catalogue::embedded();
        let judge = |environment, cluster| place_exists(catalogue, &topic, |_| environment, |_, _| cluster);
        let there = Place::Present(ClusterKind::Granular);
        assert_eq!(judge(there, there), Ok(()));
        assert_eq!(judge(there, Place::Present(ClusterKind::Unknown)), Ok(()));
        assert!(matches!(judge(Place::Absent, there), Err(Nonsense::ScopeNotFound(_))));
        assert!(matches!(judge(there, Place::Absent), Err(Nonsense::ScopeNotFound(_))));
        assert!(matches!(judge(there, Place::Present(ClusterKind::Basic)), Err(Nonsense::BasicCluster { .. })));
        let basic = Place::Present(ClusterKind::Basic);
        let cluster = Scope::cluster("env-1", "lkc-1").unwrap();
        assert_eq!(place_exists(catalogue, &cluster, |_| there, |_, _| basic), Ok(()));
    }
}
