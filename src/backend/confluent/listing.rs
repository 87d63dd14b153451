//! The reads: a whole organization, or the bindings of one question. IO, through the client.

use std::collections::HashSet;

use futures::{
    StreamExt, TryStreamExt,
    future::{try_join, try_join3},
    stream,
};

use super::{ConfluentCloud, page, read::Item};
use crate::{
    access::{
        Grant, Key, Listing, Pattern, PrincipalId, Scope,
        listing::{ApiKey, Binding, Cluster, Environment, Invitation, ServiceAccount, User},
    },
    backend::{BackendError, ErrorKind, http::Call},
};

/// How many environments are asked for their clusters at a time; the vendor limits concurrency, without a number.
const CLUSTERS_AT_A_TIME: usize = 2;

impl ConfluentCloud {
    /// Everything there is. At most four calls are under way at a time; any that fails voids the whole.
    pub(super) async fn listing(&self) -> Result<Listing, BackendError> {
        // One after the other: who accepts in between is among the users then, and in neither list if it were the other way.
        let people = async {
            let invitations = self.all::<Invitation>(Call::get("list invitations", "/iam/v2/invitations")).await?;
            Ok((self.all::<User>(Call::get("list users", "/iam/v2/users")).await?, invitations))
        };
        let first = try_join3(
            people,
            self.all::<ServiceAccount>(Call::get("list service accounts", "/iam/v2/service-accounts")),
            self.all::<Environment>(Call::get("list environments", "/org/v2/environments")),
        );
        let ((users, invitations), service_accounts, environments) = first.await?;
        let (bindings, (clusters, api_keys)) =
            try_join(self.bindings(None), try_join(self.clusters(&environments), self.api_keys(None))).await?;
        // Afterwards, so that it tells of everything that the rest shows.
        let audit = self.audited().await;
        Ok(Listing { users, invitations, service_accounts, bindings, environments, clusters, api_keys, audit })
    }

    async fn all<T: Item>(&self, call: Call) -> Result<Vec<T>, BackendError> {
        page::all(&self.http, &self.organization, call).await.map(|(items, _)| items)
    }

    /// Whether `<organization>/*` includes the organization itself is nowhere stated (facts, 1.7): both are asked, and
    /// what both name counts once.
    async fn bindings(&self, of: Option<&PrincipalId>) -> Result<Vec<Binding>, BackendError> {
        let at = |pattern: String| {
            let call = role_bindings("list role bindings", pattern);
            self.all::<Binding>(match of {
                Some(principal) => call.query("principal", format!("User:{principal}")),
                None => call,
            })
        };
        let organization = self.crn(&Scope::organization());
        let mut bindings = at(organization.clone()).await?;
        let nested = at(format!("{organization}/*")).await?;
        let known: HashSet<String> = bindings.iter().map(|binding| binding.id.clone()).collect();
        bindings.extend(nested.into_iter().filter(|binding| !known.contains(&binding.id)));
        Ok(bindings)
    }

    async fn clusters(&self, environments: &[Environment]) -> Result<Vec<Cluster>, BackendError> {
        // Owned ids: a stream of futures that borrow from its own items has no single lifetime.
        let ids: Vec<String> = environments.iter().map(|environment| environment.id.clone()).collect();
        let lists = stream::iter(ids).map(|id| self.clusters_of(id)).buffered(CLUSTERS_AT_A_TIME);
        let lists: Vec<Vec<Cluster>> = lists.try_collect().await?;
        Ok(lists.into_iter().flatten().collect())
    }

    async fn clusters_of(&self, environment: String) -> Result<Vec<Cluster>, BackendError> {
        let call = Call::get("list clusters", "/cmk/v2/clusters").query("environment", &environment);
        let mut clusters: Vec<Cluster> = self.all(call).await?;
        for cluster in clusters.iter_mut().filter(|cluster| cluster.environment.is_empty()) {
            cluster.environment.clone_from(&environment);
        }
        Ok(clusters)
    }

    /// Keys are seen by few roles; not being among them is no failure.
    async fn api_keys(&self, of: Option<&PrincipalId>) -> Result<Option<Vec<ApiKey>>, BackendError> {
        let call = Call::get("list API keys", "/iam/v2/api-keys");
        let call = match of {
            Some(owner) => call.query("spec.owner", owner.as_str()),
            None => call,
        };
        match self.all(call).await {
            Ok(keys) => Ok(Some(keys)),
            Err(error) if error.kind == ErrorKind::Forbidden => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What hangs on an account, read now. Parameters that a server does not know it ignores (facts, 1.5): the filters are
    /// repeated here.
    pub(super) async fn held_by(&self, user: PrincipalId) -> Result<Listing, BackendError> {
        let (mut bindings, mut api_keys) = try_join(self.bindings(Some(&user)), self.api_keys(Some(&user))).await?;
        bindings.retain(|binding| binding.principal == user);
        if let Some(keys) = &mut api_keys {
            keys.retain(|key| key.owner == user);
        }
        Ok(Listing { bindings, api_keys, ..Listing::default() })
    }

    /// Whether the vendor tells of a member. What is not there is answered with 404 or, as for all that a key may not see, 403.
    pub(super) async fn reads_member(&self, user: PrincipalId) -> Result<bool, BackendError> {
        match self.http.send(Call::get("read a user", "/iam/v2/users/{id}").argument(user.as_str())).await {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Forbidden) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The bindings of one role at exactly that scope, read now. The filter is a "partial search": it is repeated here.
    pub(super) async fn bindings_of(&self, scope: Scope, role: &str) -> Result<Vec<Binding>, BackendError> {
        let call = role_bindings("list the holders of a role", self.crn(&scope)).query("role_name", role);
        let mut bindings: Vec<Binding> = self.all(call).await?;
        bindings.retain(|binding| binding.role == role && binding.scope.as_ref() == Some(&scope));
        Ok(bindings)
    }

    /// The binding that stands for a grant, read now.
    pub(super) async fn binding(&self, grant: Grant) -> Result<Option<Binding>, BackendError> {
        let call = role_bindings("find a role binding", self.filter_for(&grant.scope))
            .query("principal", format!("User:{}", grant.principal))
            .query("role_name", &grant.role);
        let bindings: Vec<Binding> = self.all(call).await?;
        Ok(bindings.into_iter().find(|binding| binding.is(&grant)))
    }

    /// The filter that surely holds a scope: its own CRN where that is plain text, else all below its container. What a
    /// `*` at the end of a filter means is nowhere stated (facts, 1.7), and values may be held encoded.
    fn filter_for(&self, scope: &Scope) -> String {
        let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if scope.pattern() == Pattern::Literal && scope.steps().iter().all(|step| plain(&step.value)) {
            return self.crn(scope);
        }
        let container = match (scope.value(Key::Environment), scope.value(Key::CloudCluster)) {
            (Some(environment), Some(cluster)) => Scope::cluster(environment, cluster),
            (Some(environment), None) => Scope::environment(environment),
            _ => Ok(Scope::organization()),
        };
        format!("{}/*", self.crn(&container.unwrap_or_else(|_| Scope::organization())))
    }
}

fn role_bindings(operation: &'static str, crn_pattern: String) -> Call {
    Call::get(operation, "/iam/v2/role-bindings").query("crn_pattern", crn_pattern)
}
