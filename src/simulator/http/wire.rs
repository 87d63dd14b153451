//! The vendor's objects as JSON, written from recorded answers. IO (pure functions of it).
//!
//! Where recordings differ from the vendor's own definitions, the recordings are followed: a role binding has no
//! `api_version`, users and service accounts are named without their organization, keys under another authority.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    access::{Key, PrincipalKind},
    simulator::world::{
        ApiKey, AuthType, Binding, Cluster, Environment, Invitation, InvitationStatus, KeyResource, Organization,
        ServiceAccount, User,
    },
};

const CRN: &str = "crn://confluent.cloud";

pub(super) fn user(base: &str, user: &User) -> Value {
    json!({
        "api_version": "iam/v2", "kind": "User", "id": user.id,
        "metadata": metadata(&user_self(base, &user.id), &format!("{CRN}/user={}", user.id), user.created_at, user.updated_at),
        "email": user.email, "full_name": user.full_name, "auth_type": auth_type(user.auth_type),
    })
}

pub(super) fn invitation(base: &str, organization: &str, invitation: &Invitation, at: Timestamp) -> Value {
    let id = &invitation.id;
    let name = format!("{CRN}/organization={organization}/invitation={id}");
    let updated = invitation.accepted_at.unwrap_or(invitation.created_at);
    let mut body = json!({
        "api_version": "iam/v2", "kind": "Invitation", "id": id,
        "metadata": metadata(&format!("{base}/iam/v2/invitations/{id}"), &name, invitation.created_at, updated),
        "email": invitation.email, "auth_type": auth_type(invitation.auth_type),
        "status": status(invitation.status(at)), "expires_at": invitation.expires_at.to_string(),
        "user": principal(base, &invitation.user),
    });
    if let Some(accepted) = invitation.accepted_at {
        body["accepted_at"] = json!(accepted.to_string());
    }
    if let Some(creator) = &invitation.creator {
        body["creator"] = principal(base, creator.as_str());
    }
    body
}

pub(super) fn service_account(base: &str, account: &ServiceAccount) -> Value {
    let id = &account.id;
    let name = format!("{CRN}/service-account={id}");
    let own = format!("{base}/iam/v2/service-accounts/{id}");
    json!({
        "api_version": "iam/v2", "kind": "ServiceAccount", "id": id,
        "metadata": metadata(&own, &name, account.created_at, account.updated_at),
        "display_name": account.display_name, "description": account.description,
    })
}

/// A key; the secret is there only where it is given.
pub(super) fn api_key(base: &str, organization: &str, key: &ApiKey, secret: Option<&str>) -> Value {
    let id = &key.id;
    let owner = principal(base, key.owner.as_str());
    let name = format!("crn://api.confluent.cloud/organization={organization}/{}/api-key={id}", owner_segment(key));
    let resource = match &key.resource {
        KeyResource::Cloud => json!({
            "api_version": "iam/v2", "kind": "Cloud", "id": "cloud", "related": "cloud", "resource_name": "cloud",
        }),
        KeyResource::Cluster { environment, id } => json!({
            "api_version": "cmk/v2", "kind": "Cluster", "id": id, "environment": environment,
            "related": format!("{base}/cmk/v2/clusters/{id}"),
            "resource_name": format!("{CRN}/organization={organization}/environment={environment}/cloud-cluster={id}"),
        }),
    };
    let mut body = json!({
        "api_version": "iam/v2", "kind": "ApiKey", "id": id,
        "metadata": metadata(&format!("{base}/iam/v2/api-keys/{id}"), &name, key.created_at, key.created_at),
        "spec": {
            "display_name": key.display_name, "description": key.description, "owner": owner, "resource": resource,
        },
    });
    if let Some(secret) = secret {
        body["spec"]["secret"] = json!(secret);
    }
    body
}

pub(super) fn role_binding(base: &str, organization: &str, binding: &Binding) -> Value {
    let id = &binding.id;
    json!({
        "kind": "RoleBinding", "id": id,
        "metadata": {
            "self": format!("{base}/iam/v2/role-bindings/{id}"),
            "resource_name": format!("{CRN}/organization={organization}/rolebinding={id}"),
            "created_at": binding.created_at.to_string(),
        },
        "principal": format!("User:{}", binding.principal), "role_name": binding.role,
        "crn_pattern": encoded(binding),
    })
}

pub(super) fn organization(base: &str, organization: &Organization) -> Value {
    let id = &organization.id;
    let created = organization.created_at;
    json!({
        "api_version": "org/v2", "kind": "Organization", "id": id,
        "metadata": metadata(&format!("{base}/org/v2/organizations/{id}"), &format!("{CRN}/organization={id}"), created, created),
        "display_name": organization.display_name,
    })
}

pub(super) fn environment(base: &str, organization: &str, environment: &Environment) -> Value {
    let id = &environment.id;
    let name = format!("{CRN}/organization={organization}/environment={id}");
    let created = environment.created_at;
    json!({
        "api_version": "org/v2", "kind": "Environment", "id": id,
        "metadata": metadata(&format!("{base}/org/v2/environments/{id}"), &name, created, created),
        "display_name": environment.display_name, "stream_governance_config": {"package": "ESSENTIALS"},
    })
}

pub(super) fn cluster(base: &str, organization: &str, cluster: &Cluster) -> Value {
    let (id, environment) = (&cluster.id, &cluster.environment);
    let place = format!("{CRN}/organization={organization}/environment={environment}");
    let name = format!("{place}/cloud-cluster={id}/kafka={id}");
    let created = cluster.created_at;
    json!({
        "api_version": "cmk/v2", "kind": "Cluster", "id": id,
        "metadata": metadata(&format!("{base}/cmk/v2/clusters/{id}"), &name, created, created),
        "spec": {
            "display_name": cluster.display_name, "availability": "SINGLE_ZONE", "cloud": "AWS", "region": "eu-west-1",
            "config": {"kind": cluster.kind.as_str()},
            "environment": {
                "api_version": "org/v2", "kind": "Environment", "id": environment,
                "related": format!("{base}/org/v2/environments/{environment}"), "resource_name": place,
            },
        },
        "status": {"phase": "PROVISIONED"},
    })
}

/// The word for a status in filters and answers.
pub(super) fn status(status: InvitationStatus) -> &'static str {
    match status {
        InvitationStatus::Sent => "INVITE_STATUS_SENT",
        InvitationStatus::Accepted => "INVITE_STATUS_ACCEPTED",
        InvitationStatus::Expired => "INVITE_STATUS_EXPIRED",
        InvitationStatus::Deactivated => "INVITE_STATUS_DEACTIVATED",
    }
}

pub(super) fn auth_type(auth_type: AuthType) -> &'static str {
    match auth_type {
        AuthType::Sso => "AUTH_TYPE_SSO",
        AuthType::Local => "AUTH_TYPE_LOCAL",
    }
}

fn metadata(own: &str, name: &str, created: Timestamp, updated: Timestamp) -> Value {
    json!({
        "self": own, "resource_name": name, "created_at": created.to_string(), "updated_at": updated.to_string(),
    })
}

fn user_self(base: &str, id: &str) -> String {
    format!("{base}/iam/v2/users/{id}")
}

/// A reference to a user or a service account.
fn principal(base: &str, id: &str) -> Value {
    let of_a_machine = crate::access::PrincipalId::new(id).kind() == Some(PrincipalKind::ServiceAccount);
    let (kind, path, segment) = if of_a_machine {
        ("ServiceAccount", "service-accounts", "service-account")
    } else {
        ("User", "users", "user")
    };
    json!({
        "api_version": "iam/v2", "kind": kind, "id": id,
        "related": format!("{base}/iam/v2/{path}/{id}"), "resource_name": format!("{CRN}/{segment}={id}"),
    })
}

fn owner_segment(key: &ApiKey) -> String {
    let of_a_machine = key.owner.kind() == Some(PrincipalKind::ServiceAccount);
    format!("{}={}", if of_a_machine { "service-account" } else { "user" }, key.owner)
}

/// The vendor gives the colons of a subject back as `%3A`, however they were sent.
fn encoded(binding: &Binding) -> String {
    let subject = binding.scope.as_ref().is_some_and(|scope| scope.kind() == Key::Subject);
    match binding.crn.rsplit_once('=').filter(|_| subject) {
        Some((place, name)) => format!("{place}={}", name.replace(':', "%3A")),
        None => binding.crn.clone(),
    }
}
