//! The writes, each one request. IO, through the client, which never repeats one.

use ::http::Method;

use super::{ConfluentCloud, read::Item, wire};
use crate::{
    access::{
        Email, Grant, PrincipalId,
        listing::{AuthType, Binding, Invitation},
    },
    backend::{
        BackendError, ErrorKind,
        http::{Call, Reply},
    },
    plan::permit::{Permit, Removal},
};

impl ConfluentCloud {
    pub(super) async fn make_invitation(
        &self,
        email: Email,
        auth_type: Option<AuthType>,
    ) -> Result<Invitation, BackendError> {
        let auth_type = auth_type.map(|kind| match kind {
            AuthType::Sso => "AUTH_TYPE_SSO",
            AuthType::Local => "AUTH_TYPE_LOCAL",
        });
        let body = wire::Invite { email: email.as_str(), auth_type };
        let call = Call::new("invite", Method::POST, "/iam/v2/invitations").json(&body)?;
        let reply = self.http.send(call).await?;
        let mut invitation: Invitation = self.made(&reply)?;
        if invitation.email.as_str().is_empty() {
            invitation.email = email;
        }
        Ok(invitation)
    }

    pub(super) async fn make_binding(&self, grant: Grant) -> Result<Binding, BackendError> {
        let body = wire::Bind {
            principal: format!("User:{}", grant.principal),
            role_name: &grant.role,
            crn_pattern: self.crn(&grant.scope),
        };
        let call = Call::new("grant a role", Method::POST, "/iam/v2/role-bindings").json(&body)?;
        let reply = self.http.send(call).await?;
        let binding: Binding = self.made(&reply)?;
        if binding.is(&grant) { Ok(binding) } else { Err(reply.unreadable("the answer names another grant")) }
    }

    pub(super) async fn change_name(&self, user: PrincipalId, full_name: String) -> Result<(), BackendError> {
        let body = wire::Rename { full_name: &full_name };
        let call = Call::new("rename a user", Method::PATCH, "/iam/v2/users/{id}").argument(user.as_str());
        self.http.send(call.json(&body)?).await?.acknowledged()
    }

    /// The one place that sends a `DELETE`, and each time a permit is used up.
    pub(super) async fn remove_permitted(&self, permit: Permit) -> Result<(), BackendError> {
        let removal = permit.removal();
        let (operation, template, id) = match removal {
            Removal::Binding(binding) => ("revoke a role", "/iam/v2/role-bindings/{id}", binding.id.as_str()),
            Removal::Account { user, .. } => ("delete a user", "/iam/v2/users/{id}", user.as_str()),
            Removal::Invitation { id, .. } => ("withdraw an invitation", "/iam/v2/invitations/{id}", id.as_str()),
        };
        match self.http.send(Call::new(operation, Method::DELETE, template).argument(id)).await {
            Ok(reply) => reply.acknowledged(),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(accepted(removal, error)),
        }
    }

    fn made<T: Item>(&self, reply: &Reply) -> Result<T, BackendError> {
        T::read(reply.json()?, &self.organization)
            .map_err(|missing| reply.unreadable(&format!("the answer has no `{}`", missing.0)))
    }
}

/// An invitation that was accepted meanwhile answers 400: nothing is wrong with the request, the state has moved on.
fn accepted(removal: &Removal, mut error: BackendError) -> BackendError {
    let meanwhile = matches!(removal, Removal::Invitation { .. }) && error.public.contains("already accepted");
    if meanwhile && error.kind == ErrorKind::Invalid {
        error.kind = ErrorKind::Conflict;
    }
    error
}
