//! From a spec to what is desired, or to the reason why it is invalid. No IO.

mod granting;
mod publisher;
mod removal;
#[cfg(test)]
mod tests;
mod unmanaged;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::{
    access::{
        Advice, Crn, Delegation, Email, Grant, Key, Pattern, PrincipalId, PrincipalKind, Scope, Validity, advice,
        delegation::{DeclaredIn, GrantRule, Namespaces},
        listing::AuthType,
    },
    plan::{
        Finding, Protection, Reason,
        binding::{DeclaredPrincipal, DesiredBinding, Recorded},
        user::{DesiredUser, UserDeletion},
    },
};

use super::{
    ConfluentOrganizationSpec, ConfluentUserSpec, RoleBinding, RoleBindingSpec, SUPPRESS,
    binding::{GrantStatus, PatternType, Principal, Resource, ResourceType, ScopeSpec},
    common::{BindingDeletion, ValiditySpec, Warning},
    organization::{self, DelegationSpec, NamespaceMatch, ProtectionSpec},
    removal::ConfirmRemoval,
    user,
};

pub use granting::{Granting, granting, granting_note, member_speaks_first, noted_member, speaks_first};
pub use publisher::{
    broken_publisher_delegations, desired_member, granted_role, member_counts, member_label, member_protection,
    publisher_delegations, recorded_role, show_member,
};
pub use removal::{held_removals, removal_budget, removals, removals_status};
pub use unmanaged::{may_declare, removed_after, reported_within};

/// Most warnings in a status.
const SHOWN: usize = 20;

fn invalid(message: impl Into<String>) -> Finding {
    Finding::new(Reason::InvalidSpec, message)
}

/// What a `ConfluentUser` declares.
pub fn desired_user(spec: &ConfluentUserSpec) -> Result<DesiredUser, Finding> {
    Ok(DesiredUser {
        email: Email::parse(&spec.email).map_err(|error| invalid(format!("`spec.email`: {error}")))?,
        full_name: spec.full_name.clone(),
        auth_type: spec.auth_type.map(|auth_type| match auth_type {
            user::AuthType::Sso => AuthType::Sso,
            user::AuthType::Local => AuthType::Local,
        }),
        max_attempts: spec.invitation.max_attempts as usize,
        adoption: spec.adoption.into(),
        deletion: match spec.deletion_policy {
            user::UserDeletionPolicy::DeleteIfUnused => UserDeletion::DeleteIfUnused,
            user::UserDeletionPolicy::Delete => UserDeletion::Delete,
            user::UserDeletionPolicy::Retain => UserDeletion::Retain,
        },
    })
}

/// What a `RoleBinding` declares in an organization. `user_email` looks the e-mail of a `ConfluentUser` of the same
/// namespace and organization up.
pub fn desired_binding(
    spec: &RoleBindingSpec,
    organization: &ConfluentOrganizationSpec,
    user_email: impl FnOnce(&str) -> Option<String>,
) -> Result<DesiredBinding, Finding> {
    let scope =
        scope(&spec.scope, &organization.organization_id).map_err(|error| invalid(format!("`spec.scope`: {error}")))?;
    validity(spec.validity.as_ref())?;
    Ok(DesiredBinding {
        principal: principal(&spec.principal, user_email)?,
        role: spec.role.clone(),
        scope,
        adoption: spec.adoption.map(Into::into),
        retain: retains(spec, organization),
    })
}

/// Whether the grant stays when its object is deleted: what the object leaves open its organization says.
pub fn retains(spec: &RoleBindingSpec, organization: &ConfluentOrganizationSpec) -> bool {
    spec.deletion_policy.unwrap_or(organization.deletion_policy) == BindingDeletion::Retain
}

/// When declared access is in force.
pub fn validity(spec: Option<&ValiditySpec>) -> Result<Validity, Finding> {
    let Some(spec) = spec else { return Ok(Validity::default()) };
    let read = |text: &Option<String>, field: &str| {
        let text = text.as_deref();
        text.map(|text| {
            let error = |_| invalid(format!("`spec.validity.{field}`: `{text}` is no time with its zone"));
            text.parse::<Timestamp>().map_err(error)
        })
        .transpose()
    };
    let validity =
        Validity { not_before: read(&spec.not_before, "notBefore")?, not_after: read(&spec.not_after, "notAfter")? };
    match (validity.not_before, validity.not_after) {
        (Some(begin), Some(end)) if end <= begin => {
            Err(invalid("`spec.validity`: `notAfter` must be later than `notBefore`"))
        }
        (_, _) => Ok(validity),
    }
}

fn principal(
    principal: &Principal,
    user_email: impl FnOnce(&str) -> Option<String>,
) -> Result<DeclaredPrincipal, Finding> {
    let email = |text: &str, field: &str| {
        Email::parse(text).map(DeclaredPrincipal::Email).map_err(|error| invalid(format!("`{field}`: {error}")))
    };
    if let Some(reference) = &principal.user_ref {
        return match user_email(&reference.name) {
            Some(text) => email(&text, "spec.principal.userRef"),
            None => Ok(DeclaredPrincipal::MissingUser(reference.name.clone())),
        };
    }
    if let Some(text) = &principal.email {
        return email(text, "spec.principal.email");
    }
    if let Some(account) = &principal.service_account {
        return match (&account.id, &account.display_name) {
            (Some(id), None) => Ok(DeclaredPrincipal::Id(PrincipalId::new(id))),
            (None, Some(name)) => Ok(DeclaredPrincipal::ServiceAccountNamed(name.clone())),
            _ => Err(invalid("`spec.principal.serviceAccount` must name exactly one of `id` or `displayName`")),
        };
    }
    match &principal.id {
        Some(id) => Ok(DeclaredPrincipal::Id(PrincipalId::new(id))),
        None => Err(invalid("`spec.principal` must name exactly one of `userRef`, `email`, `serviceAccount` or `id`")),
    }
}

/// The grant that the status says the object answers for, where it can be read.
pub fn recorded(binding: &RoleBinding) -> Option<Recorded> {
    record(binding.status.as_ref()?.grant.as_ref()?)
}

fn record(grant: &GrantStatus) -> Option<Recorded> {
    let crn: Crn = grant.crn.parse().ok()?;
    Some(Recorded {
        grant: Grant { principal: PrincipalId::new(&grant.principal_id), role: grant.role.clone(), scope: crn.scope },
        label: grant.principal.clone(),
    })
}

/// How a declared principal is called in a table: an e-mail, a name, or an id.
pub fn principal_label(principal: &Principal) -> String {
    let account = principal.service_account.as_ref();
    principal
        .user_ref
        .as_ref()
        .map(|reference| reference.name.clone())
        .or_else(|| principal.email.clone())
        .or_else(|| account.and_then(|account| account.display_name.clone().or_else(|| account.id.clone())))
        .or_else(|| principal.id.clone())
        .unwrap_or_default()
}

/// The typed scope, which must lie in the organization.
pub fn scope(spec: &ScopeSpec, organization_id: &str) -> Result<Scope, String> {
    if let Some(text) = &spec.crn {
        let crn: Crn = text.parse().map_err(|error: crate::access::scope::CrnError| format!("`crn`: {error}"))?;
        if crn.organization != organization_id {
            return Err(format!(
                "`crn` is of the organization `{}`, and this is `{organization_id}`",
                crn.organization
            ));
        }
        return Ok(crn.scope);
    }
    let mut scope = Scope::organization();
    let steps = [
        (Key::Environment, &spec.environment),
        (Key::CloudCluster, &spec.cluster),
        (Key::SchemaRegistry, &spec.schema_registry),
        (Key::FlinkRegion, &spec.flink_region),
        (Key::IdentityProvider, &spec.identity_provider),
    ];
    for (key, name) in steps {
        if let Some(name) = name {
            scope = scope.child(key, name).map_err(|error| error.to_string())?;
        }
    }
    match &spec.resource {
        Some(resource) => with_resource(scope, resource),
        None => Ok(scope),
    }
}

fn with_resource(scope: Scope, resource: &Resource) -> Result<Scope, String> {
    let key = match resource.kind {
        ResourceType::Topic => Key::Topic,
        ResourceType::Group => Key::Group,
        ResourceType::TransactionalId => Key::TransactionalId,
        ResourceType::Connector => Key::Connector,
        ResourceType::KsqlCluster => Key::Ksql,
        ResourceType::Subject => Key::Subject,
        ResourceType::Kek => Key::Kek,
        ResourceType::ComputePool => Key::ComputePool,
        ResourceType::ServiceAccount => Key::ServiceAccount,
        ResourceType::GroupMapping => Key::GroupMapping,
        ResourceType::IdentityPool => Key::IdentityPool,
        ResourceType::ProviderIntegration => Key::ProviderIntegration,
    };
    let pattern = match resource.pattern_type {
        PatternType::Literal => Pattern::Literal,
        PatternType::Prefixed => Pattern::Prefixed,
        PatternType::All => Pattern::All,
    };
    let name = resource.name.as_deref().unwrap_or_default();
    scope.child_matching(key, name, pattern).map_err(|error| format!("`resource`: {error}"))
}

/// The delegations of an organization. A scope that cannot be read drops out of its rule, so that it permits nothing.
pub fn delegations(spec: &ConfluentOrganizationSpec) -> Vec<Delegation> {
    spec.delegations.iter().map(|delegation| one_delegation(delegation, &spec.organization_id)).collect()
}

/// What in delegations cannot be read, as sentences. Until it is mended it permits nothing, and nothing is withdrawn by it.
pub fn broken_delegations(spec: &ConfluentOrganizationSpec) -> Vec<String> {
    let mut broken = Vec::new();
    for delegation in &spec.delegations {
        let name = &delegation.name;
        let scopes = delegation.grant.iter().flat_map(|rule| &rule.within);
        let errors = scopes.filter_map(|within| scope(within, &spec.organization_id).err());
        broken.extend(errors.map(|error| format!("delegation `{name}`: `within`: {error}")));
        let longest = delegation.grant.iter().filter_map(|rule| rule.max_duration.as_deref());
        broken.extend(longest.filter(|text| max_duration(text).is_none()).map(|text| {
            format!(
                "delegation `{name}`: `maxDuration`: `{text}` is no number with 'm', 'h' or 'd', so it permits nothing"
            )
        }));
    }
    let unmanaged = spec.unmanaged.iter().flat_map(|unmanaged| &unmanaged.within);
    let errors = unmanaged.filter_map(|within| scope(within, &spec.organization_id).err());
    broken.extend(errors.map(|error| format!("`unmanaged`: `within`: {error}")));
    broken
}

fn max_duration(text: &str) -> Option<SignedDuration> {
    seconds(text).and_then(|count| i64::try_from(count).ok()).map(SignedDuration::from_secs)
}

fn one_delegation(spec: &DelegationSpec, organization_id: &str) -> Delegation {
    let rule = |rule: &organization::GrantRuleSpec| GrantRule {
        roles: rule.roles.clone(),
        within: rule.within.iter().filter_map(|within| scope(within, organization_id).ok()).collect(),
        kinds: rule.principals.kinds.iter().copied().map(kind).collect(),
        declared_in: match rule.principals.declared_in {
            organization::DeclaredIn::SameNamespace => DeclaredIn::SameNamespace,
            organization::DeclaredIn::Anywhere => DeclaredIn::Anywhere,
        },
        // What cannot be read bounds to nothing.
        max_duration: rule.max_duration.as_deref().map(|text| max_duration(text).unwrap_or_default()),
    };
    Delegation {
        name: spec.name.clone(),
        namespaces: namespaces(&spec.namespaces),
        invite_domains: spec.invite.as_ref().map(|invite| invite.email_domains.clone()).unwrap_or_default(),
        grants: spec.grant.iter().map(rule).collect(),
    }
}

fn namespaces(spec: &NamespaceMatch) -> Namespaces {
    if spec.all.is_some() {
        return Namespaces::All;
    }
    if let Some(names) = &spec.names {
        return Namespaces::Names(names.clone());
    }
    spec.match_labels.clone().map_or(Namespaces::Nothing, Namespaces::Labels)
}

fn kind(kind: organization::PrincipalKind) -> PrincipalKind {
    match kind {
        organization::PrincipalKind::User => PrincipalKind::User,
        organization::PrincipalKind::ServiceAccount => PrincipalKind::ServiceAccount,
        organization::PrincipalKind::IdentityPool => PrincipalKind::IdentityPool,
        organization::PrincipalKind::GroupMapping => PrincipalKind::GroupMapping,
    }
}

/// Advice as a status holds it, but for what the object suppresses.
pub fn warnings(object: &ObjectMeta, advice: Vec<Advice>) -> Vec<Warning> {
    let suppressed = object.annotations.as_ref().and_then(|all| all.get(SUPPRESS)).map(String::as_str);
    let one = |advice: Advice| Warning { rule: advice.rule.to_string(), message: advice.message };
    advice::left(advice, suppressed).into_iter().take(SHOWN).map(one).collect()
}

/// What an organization protects.
pub fn protection(spec: &ProtectionSpec) -> Protection {
    Protection {
        minimum_organization_admins: spec.minimum_organization_admins.max(1) as usize,
        required_organization_admins: spec.required_organization_admins.iter().map(|e| Email::from_remote(e)).collect(),
        confirm_administrative: spec.confirm_removal == ConfirmRemoval::Administrative,
    }
}

/// How often an organization is listed; ten minutes where the text cannot be read, which the schema rules out.
pub fn resync_interval(text: &str) -> Duration {
    span(text).unwrap_or(Duration::from_mins(10))
}

/// A number with its unit, more than nothing.
fn span(text: &str) -> Option<Duration> {
    seconds(text).map(Duration::from_secs)
}

/// A number with a unit, in seconds.
fn seconds(text: &str) -> Option<u64> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    digits.parse::<u64>().ok().filter(|count| *count > 0).map(|count| count.saturating_mul(unit))
}
