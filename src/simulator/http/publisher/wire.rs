//! The portal's objects as JSON. IO (pure functions of it).

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::bad_request;
use crate::simulator::{
    http::problem::Problem,
    world::publisher::{AccountType, Publisher, PublisherPrincipal, PublisherRole, PublisherUser, UserState},
};

const ROLES: [PublisherRole; 2] = [PublisherRole::Owner, PublisherRole::Contributor];

pub(super) fn publisher(publisher: &Publisher, role: PublisherRole) -> Value {
    json!({
        "publisherId": publisher.id, "displayName": publisher.display_name, "callerRole": role.as_str(),
    })
}

/// A user; what it does not have is not there.
pub(super) fn user(user: &PublisherUser) -> Value {
    let mut body = match &user.who {
        PublisherPrincipal::User { email } => json!({"type": "user", "email": email}),
        PublisherPrincipal::Group { email } => json!({"type": "group", "email": email}),
        PublisherPrincipal::ServicePrincipal { application_id, tenant_id, object_id } => json!({
            "type": "servicePrincipal", "applicationId": application_id, "tenantId": tenant_id, "objectId": object_id,
        }),
    };
    if let Some(account) = user.account_type {
        body["accountType"] = json!(match account {
            AccountType::Organization => "organization",
            AccountType::MicrosoftAccount => "microsoftAccount",
        });
    }
    if let Some(name) = &user.friendly_name {
        body["friendlyName"] = json!(name);
    }
    body["role"] = json!(user.role.as_str());
    body["state"] = json!(match user.state {
        UserState::Invited => "invited",
        UserState::Active => "active",
    });
    body["addedTime"] = json!(user.added_at.to_string());
    body["changedTime"] = json!(user.changed_at.to_string());
    body
}

/// What a body says of a user.
pub(super) struct Wanted {
    pub(super) who: PublisherPrincipal,
    pub(super) role: PublisherRole,
    pub(super) friendly_name: Option<String>,
}

/// What of a body is read; what only the portal says, such as the state, means nothing in it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(rename = "type")]
    kind: Option<String>,
    email: Option<String>,
    role: Option<String>,
    friendly_name: Option<String>,
    application_id: Option<String>,
    tenant_id: Option<String>,
    object_id: Option<String>,
}

impl Wanted {
    /// Reads the body of a write to the user with that key.
    pub(super) fn read(key: &str, body: &[u8]) -> Result<Self, Problem> {
        let body: Body = serde_json::from_slice(body)
            .map_err(|error| bad_request(format!("The body cannot be read as a user: {error}")))?;
        let role = ROLES.into_iter().find(|role| body.role.as_deref() == Some(role.as_str()));
        let role = role.ok_or_else(|| {
            let message = "The role must be one of: owner, contributor";
            Problem::coded(StatusCode::BAD_REQUEST, "InvalidRole", message)
        })?;
        let friendly_name = body.friendly_name.clone();
        Ok(Self { who: body.who(key)?, role, friendly_name })
    }
}

impl Body {
    fn who(self, key: &str) -> Result<PublisherPrincipal, Problem> {
        let same = |given: &Option<String>| given.as_ref().is_none_or(|given| given.eq_ignore_ascii_case(key));
        match self.kind.as_deref() {
            Some(kind @ ("user" | "group")) => {
                if !same(&self.email) {
                    let message = format!("The email in the body is not '{key}'");
                    return Err(Problem::coded(StatusCode::BAD_REQUEST, "InvalidEmail", message));
                }
                if self.application_id.or(self.tenant_id).or(self.object_id).is_some() {
                    return Err(invalid("Only a service principal has applicationId, tenantId and objectId"));
                }
                let email = self.email.unwrap_or_else(|| key.to_owned());
                Ok(if kind == "user" {
                    PublisherPrincipal::User { email }
                } else {
                    PublisherPrincipal::Group { email }
                })
            }
            Some("servicePrincipal") => {
                if !same(&self.application_id) {
                    return Err(invalid(format!("The applicationId in the body is not '{key}'")));
                }
                let (Some(application_id), Some(tenant_id), Some(object_id)) =
                    (self.application_id, self.tenant_id, self.object_id)
                else {
                    return Err(invalid("A service principal needs applicationId, tenantId and objectId"));
                };
                Ok(PublisherPrincipal::ServicePrincipal { application_id, tenant_id, object_id })
            }
            _ => Err(invalid("The type must be one of: user, group, servicePrincipal")),
        }
    }
}

fn invalid(message: impl Into<String>) -> Problem {
    Problem::coded(StatusCode::BAD_REQUEST, "InvalidUser", message)
}
