//! What a namespace may declare at a publisher: whom it may add, in which role. PURE.
//!
//! Fails closed: no delegation permits nothing, and an absent list inside a rule matches nothing.

use super::{MemberKey, MemberKind, PublisherRole};
use crate::access::delegation::{Namespace, Namespaces, named};

/// One delegation of a publisher.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublisherDelegation {
    /// For messages and for the map key.
    pub name: String,
    /// To which namespaces it applies.
    pub namespaces: Namespaces,
    /// Who may be added.
    pub rules: Vec<MemberRule>,
}

/// Roles x users that may be added together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberRule {
    /// The roles.
    pub roles: Vec<PublisherRole>,
    /// E-mail domains of people and groups; `*` is any.
    pub email_domains: Vec<String>,
    /// Tenants of applications, UUIDs in lower case; `*` is any.
    pub tenants: Vec<String>,
}

/// Whom a namespace asks for.
#[derive(Clone, Copy, Debug)]
pub struct MemberRequest<'a> {
    /// The user's key.
    pub key: &'a MemberKey,
    /// What the user is.
    pub kind: &'a MemberKind,
    /// The role.
    pub role: PublisherRole,
}

/// Why nothing permits it: what the nearest delegation lacks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// No delegation is for this namespace.
    #[error("no delegation of the publisher is for namespace `{0}`")]
    Namespace(String),
    /// The role is not one that may be given.
    #[error("{delegations} may not add anybody as {role}")]
    Role {
        /// The delegations looked at.
        delegations: String,
        /// The role asked for.
        role: PublisherRole,
    },
    /// The role may be given, but not to people and groups of that domain.
    #[error("{delegations} may not add people or groups of `{domain}` as {role}")]
    Domain {
        /// The delegations looked at.
        delegations: String,
        /// The e-mail's domain.
        domain: String,
        /// The role asked for.
        role: PublisherRole,
    },
    /// The role may be given, but not to applications of that tenant.
    #[error("{delegations} may not add applications of the tenant `{tenant}` as {role}")]
    Tenant {
        /// The delegations looked at.
        delegations: String,
        /// The application's tenant.
        tenant: String,
        /// The role asked for.
        role: PublisherRole,
    },
}

/// Whether a namespace may declare this user.
pub fn may_add(
    delegations: &[PublisherDelegation],
    namespace: &Namespace,
    request: MemberRequest<'_>,
) -> Result<(), Denial> {
    let mine: Vec<&PublisherDelegation> = delegations.iter().filter(|it| it.namespaces.matches(namespace)).collect();
    if mine.is_empty() {
        return Err(Denial::Namespace(namespace.name.clone()));
    }
    let delegations = named(mine.iter().map(|delegation| delegation.name.as_str()));
    let role = request.role;
    let by_role: Vec<&MemberRule> =
        mine.iter().flat_map(|delegation| &delegation.rules).filter(|rule| rule.roles.contains(&role)).collect();
    if by_role.is_empty() {
        return Err(Denial::Role { delegations, role });
    }
    let any = |names: fn(&MemberRule) -> &Vec<String>, wanted: &str| {
        !wanted.is_empty() && by_role.iter().any(|rule| names(rule).iter().any(|name| name == "*" || name == wanted))
    };
    match (request.kind, request.key) {
        (MemberKind::ServicePrincipal(application), _) if any(|rule| &rule.tenants, &application.tenant) => Ok(()),
        (MemberKind::ServicePrincipal(application), _) => {
            Err(Denial::Tenant { delegations, tenant: application.tenant.clone(), role })
        }
        // No manifest can declare a kind that we do not know; were it to, it would be judged as a person is.
        (MemberKind::User | MemberKind::Group | MemberKind::Other(_), key) => {
            let domain = match key {
                MemberKey::Email(email) => email.domain(),
                MemberKey::Application(_) => "",
            };
            let denial = || Denial::Domain { delegations, domain: domain.to_owned(), role };
            any(|rule| &rule.email_domains, domain).then_some(()).ok_or_else(denial)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Email, publisher::ServicePrincipal};

    fn offers() -> PublisherDelegation {
        let rule = |role, domains: &[&str], tenants: &[&str]| MemberRule {
            roles: vec![role],
            email_domains: domains.iter().map(|&it| it.to_owned()).collect(),
            tenants: tenants.iter().map(|&it| it.to_owned()).collect(),
        };
        PublisherDelegation {
            name: "offers".to_owned(),
            namespaces: Namespaces::Names(vec!["offers".to_owned()]),
            rules: vec![
                rule(PublisherRole::Contributor, &["*"], &["tenant-1"]),
                rule(PublisherRole::Owner, &["example.com"], &[]),
            ],
        }
    }

    fn said(delegations: &[PublisherDelegation], namespace: &str, who: &str, role: PublisherRole) -> String {
        let (key, kind) = if who.contains('@') {
            (MemberKey::Email(Email::parse(who).unwrap()), MemberKind::User)
        } else {
            let application = ServicePrincipal {
                application: "app-1".to_owned(),
                tenant: who.to_owned(),
                object: "object-1".to_owned(),
            };
            (MemberKey::Application("app-1".to_owned()), MemberKind::ServicePrincipal(application))
        };
        let namespace = Namespace { name: namespace.to_owned(), ..Namespace::default() };
        let request = MemberRequest { key: &key, kind: &kind, role };
        may_add(delegations, &namespace, request).map_or_else(|denial| denial.to_string(), |()| String::new())
    }

    #[test]
    fn users_are_judged_by_namespace_role_domain_and_tenant() {
        use PublisherRole::{Contributor, Owner};
        let cases = [
            ("offers", "ada@example.com", Owner, ""),
            ("offers", "eve@elsewhere.com", Contributor, ""),
            ("offers", "tenant-1", Contributor, ""),
            ("billing", "ada@example.com", Owner, "no delegation of the publisher is for namespace `billing`"),
            (
                "offers",
                "eve@elsewhere.com",
                Owner,
                "the delegation `offers` may not add people or groups of `elsewhere.com` as Owner",
            ),
            (
                "offers",
                "eve@evil.example.com",
                Owner,
                "the delegation `offers` may not add people or groups of `evil.example.com` as Owner",
            ),
            (
                "offers",
                "tenant-2",
                Contributor,
                "the delegation `offers` may not add applications of the tenant `tenant-2` as Contributor",
            ),
            // The domains of one rule lend nothing to the roles of another, nor to applications.
            (
                "offers",
                "tenant-1",
                Owner,
                "the delegation `offers` may not add applications of the tenant `tenant-1` as Owner",
            ),
        ];
        for (namespace, who, role, expected) in cases {
            assert_eq!(said(&[offers()], namespace, who, role), expected, "{who} as {role} from {namespace}");
        }
    }

    #[test]
    fn an_absent_list_matches_nothing() {
        let bare = |rules| PublisherDelegation { name: "x".to_owned(), namespaces: Namespaces::All, rules };
        let owner = PublisherRole::Owner;
        assert!(said(&[], "a", "ada@example.com", owner).contains("no delegation"));
        assert_eq!(
            said(&[bare(Vec::new())], "a", "ada@example.com", owner),
            "the delegation `x` may not add anybody as Owner"
        );
        let everybody = MemberRule { email_domains: vec!["*".to_owned()], ..MemberRule::default() };
        assert!(said(&[bare(vec![everybody])], "a", "ada@example.com", owner).contains("may not add anybody"));
        let nobody = MemberRule { roles: PublisherRole::ALL.to_vec(), ..MemberRule::default() };
        assert!(said(&[bare(vec![nobody.clone()])], "a", "ada@example.com", owner).contains("people or groups"));
        assert!(said(&[bare(vec![nobody])], "a", "tenant-1", owner).contains("applications"));
        let nowhere = PublisherDelegation { namespaces: Namespaces::Nothing, ..offers() };
        assert!(said(&[nowhere], "offers", "ada@example.com", owner).contains("no delegation"));
    }
}
