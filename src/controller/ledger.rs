//! Keeps what was removed in the status of the object that connects a realm, apart from what its own reconcile writes
//! there. IO: one read when a lane begins, one write before each removal that counts.

use std::{collections::HashMap, marker::PhantomData};

use futures::future::BoxFuture;
use kube::{
    Client,
    api::{GetParams, Patch, PatchParams},
};
use serde::Deserialize;
use serde_json::json;

use crate::{
    api::{
        convert,
        removal::{HeldRemovalsStatus, RemovalsStatus},
    },
    plan::Removals,
};

use super::{
    lane::{Kept, Ledger, LedgerError},
    managed::Managed,
    write::within,
};

/// The field manager of what is kept: the loop's own never names the field, and so never takes it away.
const MANAGER: &str = "roster-removals";

/// The ledger in one object's status.
pub(crate) struct StatusLedger<K> {
    client: Client,
    name: String,
    uid: Option<String>,
    kind: PhantomData<fn() -> K>,
}

/// As much of the object as the ledger looks at.
#[derive(Deserialize)]
struct Seen {
    metadata: k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
    #[serde(default)]
    status: SeenStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SeenStatus {
    removals: Option<RemovalsStatus>,
    held_removals: Option<HeldRemovalsStatus>,
    counts: Option<HashMap<String, u32>>,
}

impl<K: Managed> StatusLedger<K> {
    pub(crate) fn new(object: &K, client: &Client) -> Self {
        let meta = object.meta();
        let name = meta.name.clone().unwrap_or_default();
        Self { client: client.clone(), name, uid: meta.uid.clone(), kind: PhantomData }
    }

    async fn look(&self) -> Result<Kept, LedgerError> {
        let failed = |error| LedgerError::Kubernetes("read", Box::new(error));
        let api = K::api(&self.client, None);
        let request = kube::core::Request::new(api.resource_url()).get(&self.name, &GetParams::default());
        let request = request.map_err(|error| failed(kube::Error::BuildRequest(error)))?;
        let seen: Seen = match within(self.client.request(request)).await {
            Ok(seen) => seen,
            Err(kube::Error::Api(answer)) if answer.is_not_found() => return Err(LedgerError::Gone),
            Err(error) => return Err(failed(error)),
        };
        if seen.metadata.uid != self.uid {
            return Err(LedgerError::Gone);
        }
        let removals = seen.status.removals.as_ref().map(convert::removals);
        Ok(Kept {
            removals: removals.unwrap_or(Some(Removals::default())).ok_or(LedgerError::Unreadable)?,
            held: seen.status.held_removals.map_or(0, |held| held.total),
            counts: seen.status.counts.unwrap_or_default(),
            version: seen.metadata.resource_version.unwrap_or_default(),
        })
    }

    async fn put(&self, removals: &Removals, version: &str) -> Result<Option<String>, LedgerError> {
        let failed = |error| LedgerError::Kubernetes("write", Box::new(error));
        let status = convert::removals_status(removals);
        let earlier = (!status.earlier.is_empty()).then_some(status.earlier);
        // What is absent has to be said, or a merge would keep it.
        let body = json!({
            "metadata": {"uid": self.uid, "resourceVersion": version},
            "status": {"removals": {"counted": status.counted, "open": status.open, "acknowledged": status.acknowledged,
                "earlier": earlier, "retained": status.retained}},
        });
        let api = K::api(&self.client, None);
        let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        let request = kube::core::Request::new(api.resource_url())
            .patch_subresource("status", &self.name, &params, &Patch::Merge(&body))
            .map_err(|error| failed(kube::Error::BuildRequest(error)))?;
        match within(self.client.request::<Seen>(request)).await {
            Ok(seen) => Ok(Some(seen.metadata.resource_version.unwrap_or_default())),
            Err(kube::Error::Api(answer)) if answer.is_conflict() => Ok(None),
            Err(kube::Error::Api(answer)) if answer.is_not_found() => Err(LedgerError::Gone),
            Err(error) => Err(failed(error)),
        }
    }
}

impl<K: Managed> Ledger for StatusLedger<K> {
    fn read(&self) -> BoxFuture<'_, Result<Kept, LedgerError>> {
        Box::pin(self.look())
    }

    fn write<'a>(
        &'a self,
        removals: &'a Removals,
        version: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, LedgerError>> {
        Box::pin(self.put(removals, version))
    }
}
