//! Whether a declared grant makes sense: role known, legal at its scope, place there, cluster able. PURE.
//!
//! The same function serves reconcile and, later, every offline command.

use super::{
    Key, Role, Scope,
    catalogue::{nearest, role},
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
    #[error("the role `{role}` does not exist{}", did_you_mean(.nearest))]
    RoleUnknown {
        /// What was declared.
        role: String,
        /// Known names that are near.
        nearest: Vec<&'static str>,
    },
    /// The role cannot be bound to that kind of place.
    #[error("`{role}` cannot be bound to {scope}: it is bound to {}", one_of(.legal))]
    NotAtScope {
        /// The role.
        role: String,
        /// The scope, in words.
        scope: String,
        /// Where it can be bound.
        legal: &'static [Key],
    },
    /// The environment or cluster is not in the listing.
    #[error("{0} does not exist in the organization, or the operator's identity cannot see it")]
    ScopeNotFound(String),
    /// Roles inside a Basic cluster.
    #[error(
        "the cluster `{cluster}` is Basic, which has no roles on a {resource}: use a Standard, Enterprise, Dedicated or Freight cluster, or bind CloudClusterAdmin to the cluster"
    )]
    BasicCluster {
        /// The cluster's id.
        cluster: String,
        /// The kind of resource.
        resource: &'static str,
    },
}

fn did_you_mean(names: &[&str]) -> String {
    match names {
        [] => "; see `README.md` for the roles".to_owned(),
        names => format!("; the nearest names are {}", quoted(names)),
    }
}

fn one_of(keys: &[Key]) -> String {
    let nouns: Vec<&str> = keys.iter().map(|key| key.noun()).collect();
    match nouns.as_slice() {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The catalogue's role, where this name may be bound at this scope.
pub fn role_at(name: &str, scope: &Scope) -> Result<&'static Role, Nonsense> {
    let known = role(name).ok_or_else(|| Nonsense::RoleUnknown { role: name.to_owned(), nearest: nearest(name) })?;
    if known.at.contains(&scope.kind()) {
        return Ok(known);
    }
    Err(Nonsense::NotAtScope { role: name.to_owned(), scope: scope.describe(), legal: known.at })
}

/// Whether the places that the scope names are there and can carry it. `environment` and `cluster` look an id up in a
/// complete listing; places of other kinds are not listed and so not judged.
pub fn place_exists(
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
    match cluster(environment_id, cluster_id) {
        Place::Absent => Err(Nonsense::ScopeNotFound(format!("the cluster `{cluster_id}` in `{environment_id}`"))),
        Place::Present(ClusterKind::Basic) if scope.kind().needs_granular_cluster() => {
            Err(Nonsense::BasicCluster { cluster: cluster_id.to_owned(), resource: scope.kind().noun() })
        }
        Place::Present(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_judged_at_their_scope() {
        let cluster = Scope::cluster("env-1", "lkc-1").unwrap();
        let topic = cluster.clone().child(Key::Topic, "orders").unwrap();
        let cases = [
            ("CloudClusterAdmin", &cluster, None),
            ("DeveloperRead", &topic, None),
            (
                "DeveloperRead",
                &cluster,
                Some("`DeveloperRead` cannot be bound to cluster lkc-1 in env-1: it is bound to topic, group,"),
            ),
            (
                "DeveloperReed",
                &topic,
                Some("the role `DeveloperReed` does not exist; the nearest names are `DeveloperRead`"),
            ),
        ];
        for (name, scope, refusal) in cases {
            let text = role_at(name, scope).err().map(|error| error.to_string());
            match refusal {
                None => assert_eq!(text, None),
                Some(part) => assert!(text.as_deref().is_some_and(|t| t.contains(part)), "{text:?}"),
            }
        }
    }

    #[test]
    fn places_are_looked_up_and_basic_clusters_carry_no_resources() {
        let topic = Scope::cluster("env-1", "lkc-1").unwrap().child(Key::Topic, "orders").unwrap();
        let judge = |environment, cluster| place_exists(&topic, |_| environment, |_, _| cluster);
        let there = Place::Present(ClusterKind::Granular);
        assert_eq!(judge(there, there), Ok(()));
        assert_eq!(judge(there, Place::Present(ClusterKind::Unknown)), Ok(()));
        assert!(matches!(judge(Place::Absent, there), Err(Nonsense::ScopeNotFound(_))));
        assert!(matches!(judge(there, Place::Absent), Err(Nonsense::ScopeNotFound(_))));
        assert!(matches!(judge(there, Place::Present(ClusterKind::Basic)), Err(Nonsense::BasicCluster { .. })));
        let basic = Place::Present(ClusterKind::Basic);
        let cluster = Scope::cluster("env-1", "lkc-1").unwrap();
        assert_eq!(place_exists(&cluster, |_| there, |_, _| basic), Ok(()));
    }
}
