//! What the sandbox installs: CRDs, the operator's rights from the very files that the chart installs, the organization. IO.

use std::{collections::BTreeMap, fmt::Debug, time::Duration};

use k8s_openapi::{
    ByteString, ClusterResourceScope, api::core::v1::Secret,
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{ApiResource, DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
    runtime::wait::{await_condition, conditions},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{api, simulator::Simulator};

use super::Error;

/// The operator's namespace, which the files name too.
pub(super) const NAMESPACE: &str = "roster-system";
/// The organization's object, which the examples name.
pub(super) const ORGANIZATION: &str = "example";
/// The Secret that the organization's object names.
pub(super) const CREDENTIALS: &str = "example-credentials";
const MANAGER: &str = "roster-sandbox";

/// Files of the chart, applied as they are.
const RIGHTS: [(&str, &str); 4] = [
    ("identity.yaml", include_str!("../../../charts/roster/files/identity.yaml")),
    ("clusterrole.yaml", include_str!("../../../charts/roster/files/clusterrole.yaml")),
    ("credentials-role.yaml", include_str!("../../../charts/roster/files/credentials-role.yaml")),
    ("lease-role.yaml", include_str!("../../../charts/roster/files/lease-role.yaml")),
];
/// The publisher's object, which the examples name.
pub(super) const PUBLISHER: &str = "contoso-data";
/// The Secret that the publisher's object names.
pub(super) const PUBLISHER_CREDENTIALS: &str = "contoso-data-credentials";
/// The publisher as the examples show it, for a real portal.
const PUBLISHER_FILE: &str = include_str!("../../../examples/publisher/publisher.yaml");
/// The organization as the examples show it, for the real vendor.
const ORGANIZATION_FILE: &str = include_str!("../../../examples/organization/organization.yaml");

fn apply_params() -> PatchParams {
    PatchParams::apply(MANAGER).force()
}

fn failed(what: impl Into<String>) -> impl FnOnce(kube::Error) -> Error {
    let what = what.into();
    move |error| Error::Apply(what, Box::new(error))
}

/// Applies the CRDs and waits until the API server serves them.
pub(super) async fn crds(client: &Client) -> Result<(), Error> {
    let all: Api<CustomResourceDefinition> = Api::all(client.clone());
    for (_, crd) in api::crds() {
        let name = crd.name_any();
        all.patch(&name, &apply_params(), &Patch::Apply(&crd)).await.map_err(failed(format!("the CRD `{name}`")))?;
        let served = await_condition(all.clone(), &name, conditions::is_crd_established());
        // An API server that never serves it says so at the first object.
        let _ = tokio::time::timeout(Duration::from_secs(30), served).await;
    }
    Ok(())
}

/// Applies the operator's namespace, service account and rights.
pub(super) async fn rights(client: &Client) -> Result<(), Error> {
    for (name, text) in RIGHTS {
        for document in serde_yaml::Deserializer::from_str(text) {
            let object = DynamicObject::deserialize(document).map_err(|source| Error::Embedded { name, source })?;
            apply(client, &object).await?;
        }
    }
    Ok(())
}

async fn apply(client: &Client, object: &DynamicObject) -> Result<(), Error> {
    let types = object.types.clone().unwrap_or_default();
    let (group, version) = types.api_version.split_once('/').unwrap_or(("", &types.api_version));
    let kind = GroupVersionKind::gvk(group, version, &types.kind);
    let resource = ApiResource::from_gvk(&kind);
    let api: Api<DynamicObject> = match object.namespace() {
        Some(namespace) => Api::namespaced_with(client.clone(), &namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let name = object.name_any();
    let what = format!("{} `{name}`", types.kind);
    api.patch(&name, &apply_params(), &Patch::Apply(object)).await.map_err(failed(what))?;
    Ok(())
}

/// The credential, and the organization that uses it, with the simulator's address in place of the vendor's.
pub(super) async fn organization(client: &Client, simulator: &Simulator, url: &str) -> Result<(), Error> {
    let credential = simulator.operator_key().map(|it| (it.key, it.secret)).unwrap_or_default();
    secret(client, CREDENTIALS, credential).await?;
    let embedded = |source| Error::Embedded { name: "organization.yaml", source };
    let mut organization: api::ConfluentOrganization = serde_yaml::from_str(ORGANIZATION_FILE).map_err(embedded)?;
    if let Some(cloud) = &mut organization.spec.backend.confluent_cloud {
        url.clone_into(&mut cloud.endpoint);
    }
    connection(client, ORGANIZATION, "ConfluentOrganization", organization).await
}

/// The same of the publisher, and of the portal that holds its users.
pub(super) async fn publisher(client: &Client, simulator: &Simulator, url: &str) -> Result<(), Error> {
    let own = simulator.operator_application();
    let tenant = own.as_ref().map(|own| own.tenant.clone()).unwrap_or_default();
    let credential = own.map(|own| (own.client_id, own.client_secret)).unwrap_or_default();
    secret(client, PUBLISHER_CREDENTIALS, credential).await?;
    let embedded = |source| Error::Embedded { name: "publisher.yaml", source };
    let mut publisher: api::Publisher = serde_yaml::from_str(PUBLISHER_FILE).map_err(embedded)?;
    if let Some(portal) = &mut publisher.spec.backend.portal {
        url.clone_into(&mut portal.endpoint);
        if let Some(auth) = &mut portal.auth.client_secret {
            auth.token_endpoint = format!("{url}/{tenant}/oauth2/v2.0/token");
        }
    }
    connection(client, PUBLISHER, "Publisher", publisher).await
}

async fn secret(client: &Client, name: &str, (key, secret): (String, String)) -> Result<(), Error> {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), NAMESPACE);
    let data = BTreeMap::from([
        ("key".to_owned(), ByteString(key.into_bytes())),
        ("secret".to_owned(), ByteString(secret.into_bytes())),
    ]);
    let mut object = Secret { data: Some(data), ..Secret::default() };
    object.meta_mut().name = Some(name.to_owned());
    let applied = secrets.patch(name, &apply_params(), &Patch::Apply(&object)).await;
    applied.map_err(failed(format!("the Secret `{name}`")))?;
    Ok(())
}

async fn connection<K>(client: &Client, name: &str, kind: &str, mut object: K) -> Result<(), Error>
where
    K: Resource<DynamicType = (), Scope = ClusterResourceScope> + Clone + Debug + Serialize + DeserializeOwned,
{
    object.meta_mut().name = Some(name.to_owned());
    let all: Api<K> = Api::all(client.clone());
    let applied = all.patch(name, &apply_params(), &Patch::Apply(&object)).await;
    applied.map_err(failed(format!("the {kind} `{name}`")))?;
    Ok(())
}
