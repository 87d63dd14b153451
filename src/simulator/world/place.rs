//! Environments and clusters, and what goes with them when they are deleted. PURE.

use jiff::Timestamp;

use super::{Actor, Answer, Cluster, ClusterType, Environment, KeyResource, Kind, Refusal, World, standing::allow};
use crate::access::{Key, Scope};

impl World {
    pub(super) fn create_environment(
        &mut self,
        actor: &Actor,
        display_name: &str,
        id: Option<&str>,
        at: Timestamp,
    ) -> Result<Answer, Refusal> {
        allow(self.standing(actor).administers())?;
        check_name(display_name)?;
        self.refuse_taken_id(id)?;
        if self.environments.values().any(|environment| environment.display_name == display_name) {
            return Err(Refusal::IdTaken(display_name.to_owned()));
        }
        let environments = &self.environments;
        let drawn = || self.identifiers.lower("env-", |id| environments.contains_key(id));
        let id = id.map_or_else(drawn, str::to_owned);
        let environment = Environment { id: id.clone(), display_name: display_name.to_owned(), created_at: at };
        self.environments.insert(id.clone(), environment.clone());
        self.record(actor, "CreateEnvironment", id, at);
        Ok(Answer::Environment(environment))
    }

    pub(super) fn delete_environment(&mut self, actor: &Actor, id: &str, at: Timestamp) -> Result<Answer, Refusal> {
        let scope = self.environment_scope(id);
        let standing = self.standing(actor);
        allow(standing.administers() || scope.as_ref().is_some_and(|s| standing.holds_over(&["EnvironmentAdmin"], s)))?;
        let scope = scope.ok_or(Refusal::NotFound(Kind::Environment))?;
        self.environments.remove(id);
        self.clusters.retain(|_, cluster| cluster.environment != id);
        self.api_keys
            .retain(|_, key| !matches!(&key.resource, KeyResource::Cluster { environment, .. } if environment == id));
        self.remove_bindings_within(&scope);
        self.record(actor, "DeleteEnvironment", id, at);
        Ok(Answer::Done)
    }

    pub(super) fn create_cluster(
        &mut self,
        actor: &Actor,
        environment: &str,
        display_name: &str,
        kind: ClusterType,
        id: Option<&str>,
        at: Timestamp,
    ) -> Result<Answer, Refusal> {
        let scope = self.environment_scope(environment);
        let standing = self.standing(actor);
        allow(standing.administers() || scope.as_ref().is_some_and(|s| standing.holds_over(&["EnvironmentAdmin"], s)))?;
        scope.ok_or(Refusal::NotFound(Kind::Environment))?;
        check_name(display_name)?;
        self.refuse_taken_id(id)?;
        let clusters = &self.clusters;
        let drawn = || self.identifiers.lower("lkc-", |id| clusters.contains_key(id));
        let cluster = Cluster {
            id: id.map_or_else(drawn, str::to_owned),
            environment: environment.to_owned(),
            display_name: display_name.to_owned(),
            kind,
            created_at: at,
        };
        self.clusters.insert(cluster.id.clone(), cluster.clone());
        self.record(actor, "CreateKafkaCluster", cluster.id.clone(), at);
        Ok(Answer::Cluster(cluster))
    }

    pub(super) fn change_cluster(&mut self, id: &str, kind: ClusterType, at: Timestamp) -> Result<Answer, Refusal> {
        let cluster = self.clusters.get_mut(id).ok_or(Refusal::NotFound(Kind::Cluster))?;
        cluster.kind = kind;
        let cluster = cluster.clone();
        self.record(&Actor::Portal, "UpdateKafkaCluster", id, at);
        Ok(Answer::Cluster(cluster))
    }

    pub(super) fn delete_cluster(&mut self, actor: &Actor, id: &str, at: Timestamp) -> Result<Answer, Refusal> {
        let scope = self.cluster_scope(id);
        let standing = self.standing(actor);
        let roles = ["EnvironmentAdmin", "CloudClusterAdmin"];
        allow(standing.administers() || scope.as_ref().is_some_and(|s| standing.holds_over(&roles, s)))?;
        let scope = scope.ok_or(Refusal::Forbidden)?;
        self.clusters.remove(id);
        self.api_keys.retain(|_, key| !matches!(&key.resource, KeyResource::Cluster { id: of, .. } if of == id));
        self.remove_bindings_within(&scope);
        self.record(actor, "DeleteKafkaCluster", id, at);
        Ok(Answer::Done)
    }

    pub(super) fn delete_ksql_cluster(&mut self, cluster: &str, name: &str, at: Timestamp) -> Result<Answer, Refusal> {
        let scope = self.cluster_scope(cluster).ok_or(Refusal::NotFound(Kind::Cluster))?;
        let scope = scope.child(Key::Ksql, name).map_err(|error| Refusal::Invalid(error.to_string()))?;
        self.remove_bindings_within(&scope);
        self.record(&Actor::Portal, "DeleteKsqlCluster", scope.to_string(), at);
        Ok(Answer::Done)
    }

    /// The environment that a cluster is in.
    pub fn environment_of(&self, cluster: &str) -> Option<&str> {
        self.clusters.get(cluster).map(|cluster| cluster.environment.as_str())
    }

    /// The scope of an environment that is there.
    pub(super) fn environment_scope(&self, id: &str) -> Option<Scope> {
        self.environments.get(id).and_then(|environment| Scope::environment(&environment.id).ok())
    }

    /// The scope of a cluster that is there.
    pub(super) fn cluster_scope(&self, id: &str) -> Option<Scope> {
        self.clusters.get(id).and_then(|cluster| Scope::cluster(&cluster.environment, &cluster.id).ok())
    }

    /// Refuses a chosen id that is in use, or that is not fit to be one.
    pub(super) fn refuse_taken_id(&self, id: Option<&str>) -> Result<(), Refusal> {
        let Some(id) = id else {
            return Ok(());
        };
        if id.is_empty() || id.len() > 255 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(Refusal::Invalid(format!("`{id}` is not fit for an id")));
        }
        let taken = self.users.contains_key(id)
            || self.service_accounts.contains_key(id)
            || self.environments.contains_key(id)
            || self.clusters.contains_key(id);
        if taken { Err(Refusal::IdTaken(id.to_owned())) } else { Ok(()) }
    }

    fn remove_bindings_within(&mut self, place: &Scope) {
        let gone = |scope: Option<&Scope>| scope.is_some_and(|scope| place.covers(scope));
        let ids: Vec<String> =
            self.bindings.values().filter(|b| gone(b.scope.as_ref())).map(|b| b.id.clone()).collect();
        for id in ids {
            self.remove_binding(&id);
        }
    }
}

fn check_name(name: &str) -> Result<(), Refusal> {
    if name.is_empty() || name.chars().count() > 64 {
        return Err(Refusal::Invalid("display_name must have 1 to 64 characters".to_owned()));
    }
    Ok(())
}
