//! The kinds of a publisher: from a spec to what is desired, and from what is known to a status. No IO.

use crate::{
    access::{
        Email,
        publisher::{
            AccountType, Member, MemberKey, MemberKind, PublisherRole, ServicePrincipal,
            delegation::{MemberRule, PublisherDelegation},
        },
    },
    api::{
        PublisherSpec, PublisherUser, PublisherUserSpec, PublisherUserStatus,
        common::BindingDeletion,
        publisher::{AddRule, MemberCountsStatus, PublisherDelegationSpec, PublisherProtectionSpec, RoleMatch},
        publisher_user::{Mailbox, MemberRole, MemberState, MemberType, ServicePrincipalSpec},
        removal::ConfirmRemoval,
    },
    plan::{
        Finding, publisher,
        publisher::{DesiredMember, MemberDeletion, MemberProtection, Roll},
    },
};

use super::{invalid, namespaces};

/// What a `PublisherUser` declares, on a publisher with that `deletionPolicy`. When it is in force is told apart.
pub fn desired_member(spec: &PublisherUserSpec, default: BindingDeletion) -> Result<DesiredMember, Finding> {
    let (key, kind, friendly_name) = who(spec)?;
    Ok(DesiredMember {
        key,
        kind,
        role: role(spec.role),
        friendly_name,
        adoption: spec.adoption.map(Into::into),
        deletion: match spec.deletion_policy.unwrap_or(default) {
            BindingDeletion::Delete => MemberDeletion::Delete,
            BindingDeletion::Retain => MemberDeletion::Retain,
        },
        mailbox: spec.mailbox.map(|mailbox| match mailbox {
            Mailbox::Monitored => publisher::Mailbox::Monitored,
            Mailbox::Unmonitored => publisher::Mailbox::Unmonitored,
        }),
    })
}

pub(super) fn role(role: MemberRole) -> PublisherRole {
    match role {
        MemberRole::Owner => PublisherRole::Owner,
        MemberRole::Contributor => PublisherRole::Contributor,
    }
}

/// The role that the status says the object answers for.
pub fn recorded_role(user: &PublisherUser) -> Option<PublisherRole> {
    user.status.as_ref()?.granted_role.map(role)
}

/// The same as it is written.
pub fn granted_role(role: PublisherRole) -> MemberRole {
    match role {
        PublisherRole::Owner => MemberRole::Owner,
        PublisherRole::Contributor => MemberRole::Contributor,
    }
}

fn who(spec: &PublisherUserSpec) -> Result<(MemberKey, MemberKind, Option<String>), Finding> {
    match (&spec.email, &spec.service_principal, spec.kind) {
        (Some(text), None, kind) => {
            let email = Email::parse(text).map_err(|error| invalid(format!("`spec.email`: {error}")))?;
            let kind = match kind {
                MemberType::User => MemberKind::User,
                MemberType::Group => MemberKind::Group,
            };
            Ok((MemberKey::Email(email), kind, None))
        }
        (None, Some(spec), MemberType::User) => {
            let application = application(spec)?;
            let key = MemberKey::Application(application.application.clone());
            Ok((key, MemberKind::ServicePrincipal(application), spec.friendly_name.clone()))
        }
        (None, Some(_), MemberType::Group) => {
            Err(invalid("`spec.type: Group` needs an `email`: a service principal is no group"))
        }
        (Some(_), Some(_), _) | (None, None, _) => {
            Err(invalid("`spec` must name exactly one of `email` or `servicePrincipal`"))
        }
    }
}

fn application(spec: &ServicePrincipalSpec) -> Result<ServicePrincipal, Finding> {
    let uuid = |text: &str, field: &str| {
        let what = || invalid(format!("`spec.servicePrincipal.{field}`: `{text}` must be a UUID in lower case"));
        is_uuid(text).then(|| text.to_owned()).ok_or_else(what)
    };
    Ok(ServicePrincipal {
        application: uuid(&spec.application_id, "applicationId")?,
        tenant: uuid(&spec.tenant_id, "tenantId")?,
        object: uuid(&spec.object_id, "objectId")?,
    })
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let digits = |part: &str| part.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.into_iter().all(digits)
}

/// How a declared user is called in a table: an address, a friendly name, or an application id.
pub fn member_label(spec: &PublisherUserSpec) -> String {
    let application = spec.service_principal.as_ref();
    let named = application.map(|it| it.friendly_name.clone().unwrap_or_else(|| it.application_id.clone()));
    spec.email.clone().or(named).unwrap_or_default()
}

/// The delegations of a publisher. An entry that cannot be read matches nothing.
pub fn publisher_delegations(spec: &PublisherSpec) -> Vec<PublisherDelegation> {
    let rule = |rule: &AddRule| MemberRule {
        roles: rule.roles.iter().flat_map(|role| roles(*role)).copied().collect(),
        email_domains: rule.email_domains.clone(),
        tenants: rule.tenants.clone(),
    };
    let one = |delegation: &PublisherDelegationSpec| PublisherDelegation {
        name: delegation.name.clone(),
        namespaces: namespaces(&delegation.namespaces),
        rules: delegation.add.iter().map(rule).collect(),
    };
    spec.delegations.iter().map(one).collect()
}

fn roles(role: RoleMatch) -> &'static [PublisherRole] {
    match role {
        RoleMatch::Owner => &[PublisherRole::Owner],
        RoleMatch::Contributor => &[PublisherRole::Contributor],
        RoleMatch::Any => &PublisherRole::ALL,
    }
}

/// The entries in delegations that can match nobody, as sentences; in objects that are older than the schema's rules.
pub fn broken_publisher_delegations(spec: &PublisherSpec) -> Vec<String> {
    let mut broken = Vec::new();
    for delegation in &spec.delegations {
        let name = &delegation.name;
        for rule in &delegation.add {
            let domains = rule.email_domains.iter().filter(|it| it.contains('@') || **it != it.to_lowercase());
            broken.extend(domains.map(|domain| {
                format!(
                    "delegation `{name}`: `emailDomains`: `{domain}` is no domain in lower case, so it matches nobody"
                )
            }));
            let tenants = rule.tenants.iter().filter(|it| *it != "*" && !is_uuid(it));
            broken.extend(tenants.map(|tenant| {
                format!("delegation `{name}`: `tenants`: `{tenant}` is no UUID in lower case, so it matches nobody")
            }));
        }
    }
    broken
}

/// What a publisher protects.
pub fn member_protection(spec: &PublisherProtectionSpec) -> MemberProtection {
    MemberProtection {
        minimum_owners: spec.minimum_owners.max(1) as usize,
        confirm_owners: spec.confirm_removal == ConfirmRemoval::Administrative,
    }
}

/// How much a roll holds.
pub fn member_counts(roll: &Roll) -> MemberCountsStatus {
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let counts = roll.counts();
    MemberCountsStatus {
        owners: number(counts.owners),
        contributors: number(counts.contributors),
        groups: number(counts.groups),
        applications: number(counts.applications),
        invited: number(counts.invited),
    }
}

/// Puts what the portal holds of a user into a status; `None` where it holds nothing, or nothing that the object's
/// namespace may be told.
pub fn show_member(status: &mut PublisherUserStatus, member: Option<&Member>) {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    status.role = member.map(|member| member.role.to_string());
    status.account_type = member.and_then(|member| member.account.as_ref()).map(|account| match account {
        AccountType::Organization => "Organization".to_owned(),
        AccountType::Microsoft => "Microsoft".to_owned(),
        AccountType::Other(word) => word.chars().take(255).collect(),
    });
    status.state = member.map(|member| if member.invited { MemberState::Invited } else { MemberState::Active });
    status.sees = member.map(|member| words(member.role.sees())).unwrap_or_default();
    status.hidden = member.map(|member| words(member.role.does_not_see())).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        access::delegation::Namespaces,
        api::{
            common::{Management, PublisherRef},
            publisher::Backend,
        },
    };

    const ONE: &str = "9bb441c4-edef-46ac-8a41-c49e44a3fd9a";

    fn spec() -> PublisherUserSpec {
        PublisherUserSpec {
            publisher_ref: PublisherRef { name: "contoso".to_owned() },
            email: None,
            service_principal: None,
            kind: MemberType::User,
            role: MemberRole::Owner,
            mailbox: None,
            adoption: None,
            deletion_policy: None,
            validity: None,
            justification: None,
            suspend: false,
        }
    }

    fn of(tenant: &str) -> PublisherUserSpec {
        let principal = ServicePrincipalSpec {
            application_id: ONE.to_owned(),
            tenant_id: tenant.to_owned(),
            object_id: ONE.to_owned(),
            friendly_name: Some("offers pipeline".to_owned()),
        };
        PublisherUserSpec { service_principal: Some(principal), ..spec() }
    }

    #[test]
    fn a_spec_that_is_older_than_the_schema_is_invalid_with_a_sentence() {
        let email = |text: &str| Some(text.to_owned());
        let cases = [
            (PublisherUserSpec { email: email("ada@example.com"), ..spec() }, ""),
            (of(ONE), ""),
            (spec(), "`spec` must name exactly one of `email` or `servicePrincipal`"),
            (
                PublisherUserSpec { email: email("a@example.com"), ..of(ONE) },
                "`spec` must name exactly one of `email` or `servicePrincipal`",
            ),
            (
                PublisherUserSpec { email: email("Ada@example.com"), ..spec() },
                "`spec.email`: `Ada@example.com` must be lower case: use `ada@example.com`",
            ),
            (of("contoso"), "`spec.servicePrincipal.tenantId`: `contoso` must be a UUID in lower case"),
            (
                PublisherUserSpec { kind: MemberType::Group, ..of(ONE) },
                "`spec.type: Group` needs an `email`: a service principal is no group",
            ),
        ];
        for (spec, expected) in cases {
            let said = desired_member(&spec, BindingDeletion::Delete).err().map(|finding| finding.message);
            assert_eq!(said.unwrap_or_default(), expected, "{spec:?}");
        }
    }

    #[test]
    fn what_an_object_leaves_open_its_publisher_says() {
        let spec = of(ONE);
        let desired = desired_member(&spec, BindingDeletion::Retain).unwrap();
        assert_eq!((desired.deletion, desired.adoption), (MemberDeletion::Retain, None));
        assert_eq!(member_label(&spec), "offers pipeline");
        let spec = PublisherUserSpec { deletion_policy: Some(BindingDeletion::Delete), ..spec };
        assert_eq!(desired_member(&spec, BindingDeletion::Retain).unwrap().deletion, MemberDeletion::Delete);
    }

    #[test]
    fn delegations_are_read_and_what_can_match_nobody_is_said() {
        let add = AddRule {
            roles: vec![RoleMatch::Any],
            email_domains: ["example.com", "*", "@Example.com"].map(str::to_owned).to_vec(),
            tenants: ["*", ONE, "contoso.com"].map(str::to_owned).to_vec(),
        };
        let delegation = PublisherDelegationSpec { name: "offers".to_owned(), add: vec![add], ..Default::default() };
        let spec = PublisherSpec {
            publisher_id: "contoso".to_owned(),
            backend: Backend::default(),
            delegations: vec![delegation],
            protection: PublisherProtectionSpec { minimum_owners: 0, ..PublisherProtectionSpec::default() },
            deletion_policy: BindingDeletion::Delete,
            resync_interval: "10m".to_owned(),
            management: Management::Full,
        };
        let read = publisher_delegations(&spec);
        assert_eq!(read[0].rules[0].roles, PublisherRole::ALL);
        assert_eq!(read[0].namespaces, Namespaces::Nothing);
        assert_eq!(
            broken_publisher_delegations(&spec),
            [
                "delegation `offers`: `emailDomains`: `@Example.com` is no domain in lower case, so it matches nobody",
                "delegation `offers`: `tenants`: `contoso.com` is no UUID in lower case, so it matches nobody",
            ]
        );
        assert_eq!(member_protection(&spec.protection).minimum_owners, 1);
    }

    #[test]
    fn a_status_shows_what_the_portal_holds_and_forgets_it() {
        let mut status = PublisherUserStatus::default();
        let member = Member {
            key: MemberKey::Email(Email::parse("ada@example.com").unwrap()),
            kind: MemberKind::User,
            role: PublisherRole::Contributor.into(),
            account: Some(AccountType::Organization),
            friendly_name: None,
            invited: true,
            added_at: None,
            version: None,
        };
        show_member(&mut status, Some(&member));
        assert_eq!((status.role.as_deref(), status.state), (Some("Contributor"), Some(MemberState::Invited)));
        assert_eq!(status.hidden, ["Payout", "Customer"]);
        show_member(&mut status, None);
        assert_eq!(status, PublisherUserStatus::default());
    }
}
