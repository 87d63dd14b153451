//! Confluent Cloud's own API, spoken with a Cloud API key. IO, through the client.
//!
//! Written from the vendor's API files and recorded answers; the simulator is written from them too, and not from
//! here.

mod audit;
mod listing;
mod page;
mod read;
#[cfg(test)]
mod tests;
mod wire;
mod write;

use ::http::HeaderName;

use super::{AccessBackend, Answer, BackendError, ErrorKind, HttpClient, Purpose, http::Call};
use crate::{
    access::{
        Crn, Email, Grant, Listing, PrincipalId, Scope,
        catalogue::ORGANIZATION_ADMIN,
        listing::{ApiKey, AuthType, Binding, Identity, Invitation},
    },
    plan::Permit,
};

/// What a simulator puts into every answer, so that nobody takes it for the real thing.
const SIMULATOR: HeaderName = HeaderName::from_static("x-roster-simulator");

/// One organization, reached directly.
#[derive(Clone, Debug)]
pub struct ConfluentCloud {
    http: HttpClient,
    organization: String,
    /// `None` where the endpoint serves no audit log.
    audit: Option<audit::AuditLog>,
}

impl ConfluentCloud {
    /// The adapter for that organization. The id is taken as told: `identify` says whether the credential is of it.
    pub fn new(http: HttpClient, organization_id: &str) -> Self {
        Self { http, organization: organization_id.trim().to_lowercase(), audit: None }
    }

    /// The organization's id, as CRNs hold it.
    pub fn organization_id(&self) -> &str {
        &self.organization
    }

    fn crn(&self, scope: &Scope) -> String {
        Crn { organization: self.organization.clone(), scope: scope.clone() }.to_string()
    }

    async fn identity(&self) -> Result<Identity, BackendError> {
        let call = Call::get("read the organization", "/org/v2/organizations");
        let (mut organizations, headers) = page::all::<read::Organization>(&self.http, "", call).await?;
        let (Some(organization), true) = (organizations.pop(), organizations.is_empty()) else {
            let public = "the credential does not belong to exactly one organization";
            return Err(BackendError::new(ErrorKind::Malformed, "read the organization", public));
        };
        Ok(Identity {
            organization: organization.id.to_lowercase(),
            display_name: organization.display_name,
            principal: self.owner().await?,
            simulated: headers.contains_key(SIMULATOR),
        })
    }

    /// The owner of our own key. There is no "who am I"; a key that may not read itself leaves it open.
    async fn owner(&self) -> Result<Option<PrincipalId>, BackendError> {
        let call = Call::get("read our own API key", "/iam/v2/api-keys/{id}").argument(self.http.key_id());
        let reply = match self.http.send(call).await {
            Ok(reply) => reply,
            Err(error) if is_refusal(error.kind) || error.kind == ErrorKind::Malformed => return Ok(None),
            Err(error) => return Err(error),
        };
        let key: Option<ApiKey> = reply.json().ok().and_then(|wire| read::Item::read(wire, &self.organization).ok());
        Ok(key.map(|key| key.owner).filter(|owner| !owner.as_str().is_empty()))
    }
}

/// The server understood and will not: not a matter of the moment, and not of the credential.
fn is_refusal(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::Invalid)
}

impl AccessBackend for ConfluentCloud {
    fn is_used_up(&self, purpose: Purpose) -> bool {
        self.http.is_used_up(purpose)
    }

    fn identify(&self) -> Answer<'_, Identity> {
        Box::pin(self.identity())
    }

    fn list(&self) -> Answer<'_, Listing> {
        Box::pin(self.listing())
    }

    fn organization_admins(&self) -> Answer<'_, Vec<Binding>> {
        Box::pin(self.bindings_of(Scope::organization(), ORGANIZATION_ADMIN))
    }

    fn is_member(&self, user: PrincipalId) -> Answer<'_, bool> {
        Box::pin(self.reads_member(user))
    }

    fn find(&self, grant: Grant) -> Answer<'_, Option<Binding>> {
        Box::pin(self.binding(grant))
    }

    fn holdings(&self, user: PrincipalId) -> Answer<'_, Listing> {
        Box::pin(self.held_by(user))
    }

    fn invite(&self, email: Email, auth_type: Option<AuthType>) -> Answer<'_, Invitation> {
        Box::pin(self.make_invitation(email, auth_type))
    }

    fn rename(&self, user: PrincipalId, full_name: String) -> Answer<'_, ()> {
        Box::pin(self.change_name(user, full_name))
    }

    fn grant(&self, grant: Grant) -> Answer<'_, Binding> {
        Box::pin(self.make_binding(grant))
    }

    fn remove(&self, permit: Permit) -> Answer<'_, ()> {
        Box::pin(self.remove_permitted(permit))
    }
}
