//! Asks the API server whether the caches are behind, before something goes because no object declares it. IO: one read of the
//! organization, and one list of the objects with the role, without their contents.

use std::sync::Arc;

use futures::future::BoxFuture;
use kube::{Api, Client, api::ListParams};

use crate::api::{ConfluentOrganization, RoleBinding};

use super::{
    lane::{Author, Caches, Claim},
    wake::Waker,
    write::within,
};

/// How many objects one page of a list holds.
const PAGE: u32 = 500;

/// What the caches of an organization's objects are held against.
pub(crate) struct Fence {
    client: Client,
    wake: Arc<Waker>,
}

impl Fence {
    pub(crate) fn new(client: &Client, wake: &Arc<Waker>) -> Self {
        Self { client: client.clone(), wake: Arc::clone(wake) }
    }

    /// Both reads go past every cache of the API server's own. An object that leaves the role, or goes, speaks for the grant
    /// as long as the cache shows it.
    async fn look(&self, author: &Author, claim: &Claim) -> Result<bool, kube::Error> {
        let organizations: Api<ConfluentOrganization> = Api::all(self.client.clone());
        let current = within(organizations.get_metadata_opt(&author.object.name)).await?;
        let as_decided = current.is_some_and(|it| {
            it.metadata.uid.as_deref() == Some(author.object.object_uid())
                && it.metadata.generation == Some(author.generation)
                && it.metadata.deletion_timestamp.is_none()
        });
        if !as_decided {
            return Ok(false);
        }
        let bindings: Api<RoleBinding> = Api::all(self.client.clone());
        let mut page = ListParams::default().limit(PAGE).fields(&format!("spec.role={}", claim.grant.role));
        loop {
            let listed = within(bindings.list_metadata(&page)).await?;
            if !listed.items.iter().all(|it| self.wake.bindings.shows(&it.metadata)) {
                return Ok(false);
            }
            match listed.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => page = page.continue_token(&token),
                None => return Ok(true),
            }
        }
    }
}

impl Caches for Fence {
    fn are_current<'a>(&'a self, author: &'a Author, claim: &'a Claim) -> BoxFuture<'a, Result<bool, kube::Error>> {
        Box::pin(self.look(author, claim))
    }
}
