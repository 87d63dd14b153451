//! What a namespace may declare: whom it may invite, and which roles it may grant where, to whom, for how long. PURE.
//!
//! Fails closed: no delegation permits nothing, and an absent list inside a delegation matches nothing.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    Email, PrincipalKind, Scope,
    validity::{Term, in_words},
};

/// One delegation of an organization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delegation {
    /// For messages and for the map key.
    pub name: String,
    /// To which namespaces it applies.
    pub namespaces: Namespaces,
    /// E-mail domains that may be invited; `*` is any.
    pub invite_domains: Vec<String>,
    /// What may be granted.
    pub grants: Vec<GrantRule>,
}

/// Which namespaces a delegation is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Namespaces {
    /// None.
    #[default]
    Nothing,
    /// Those named.
    Names(Vec<String>),
    /// Those that carry all of these labels; no label at all matches none.
    Labels(BTreeMap<String, String>),
    /// Every one.
    All,
}

/// Roles x scopes x principals that may be granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantRule {
    /// Role names; `*` is any.
    pub roles: Vec<String>,
    /// Places that contain what may be granted.
    pub within: Vec<Scope>,
    /// Kinds of principal.
    pub kinds: Vec<PrincipalKind>,
    /// Where the principal must be declared.
    pub declared_in: DeclaredIn,
    /// How long a grant may last, as [`Term`] counts it; for ever where absent.
    pub max_duration: Option<SignedDuration>,
}

/// Where a principal must be declared for a grant to be delegated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeclaredIn {
    /// By a `ConfluentUser` of the same namespace.
    #[default]
    SameNamespace,
    /// Anywhere, or by nothing at all.
    Anywhere,
}

/// The namespace that asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// What a grant asks for.
#[derive(Clone, Copy, Debug)]
pub struct GrantRequest<'a> {
    /// The role.
    pub role: &'a str,
    /// Where.
    pub scope: &'a Scope,
    /// To which kind of principal; `None` is a kind unknown to us, which nothing permits.
    pub kind: Option<PrincipalKind>,
    /// The principal is declared in the same namespace.
    pub declared_here: bool,
    /// From when until when.
    pub term: Term,
}

/// Why nothing permits it: what the nearest delegation lacks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// No delegation is for this namespace.
    #[error("no delegation of the organization is for namespace `{0}`")]
    Namespace(String),
    /// The domain is not one that may be invited.
    #[error("{delegations} may not invite people of `{domain}`")]
    Domain {
        /// The delegations looked at.
        delegations: String,
        /// The e-mail's domain.
        domain: String,
    },
    /// The role is not one that may be granted.
    #[error("{delegations} may not grant `{role}`")]
    Role {
        /// The delegations looked at.
        delegations: String,
        /// The role asked for.
        role: String,
    },
    /// The role may be granted, but not there.
    #[error("{delegations} may not grant `{role}` on {scope}")]
    Scope {
        /// The delegations looked at.
        delegations: String,
        /// The role asked for.
        role: String,
        /// The scope, in words.
        scope: String,
    },
    /// The role may be granted there, but not to that kind of principal.
    #[error("{delegations} may not grant `{role}` to {kind}")]
    Kind {
        /// The delegations looked at.
        delegations: String,
        /// The role asked for.
        role: String,
        /// The kind, in words.
        kind: String,
    },
    /// Everything fits but the principal is not declared in the namespace.
    #[error(
        "{delegations} may grant `{role}` only to principals that a `ConfluentUser` of the same namespace declares"
    )]
    DeclaredElsewhere {
        /// The delegations looked at.
        delegations: String,
        /// The role asked for.
        role: String,
    },
    /// Everything fits but it would last too long.
    #[error(
        "{delegations} may grant `{role}` for at most {longest}: set `spec.validity.notAfter` to {latest:.0} or earlier"
    )]
    Duration {
        /// The delegations looked at.
        delegations: String,
        /// The role asked for.
        role: String,
        /// The longest time that any of them allows, in words.
        longest: String,
        /// When a grant that lasts so long would end.
        latest: Timestamp,
    },
}

/// Whether a namespace may declare a person with this address.
pub fn may_invite(delegations: &[Delegation], namespace: &Namespace, email: &Email) -> Result<(), Denial> {
    let mine = of_namespace(delegations, namespace)?;
    let domain = email.domain();
    let permitted = |delegation: &&Delegation| delegation.invite_domains.iter().any(|d| d == "*" || d == domain);
    if mine.iter().any(permitted) {
        return Ok(());
    }
    Err(Denial::Domain { delegations: names(&mine), domain: domain.to_owned() })
}

/// Whether a namespace may declare this grant.
pub fn may_grant(delegations: &[Delegation], namespace: &Namespace, request: GrantRequest<'_>) -> Result<(), Denial> {
    let mine = of_namespace(delegations, namespace)?;
    let role = request.role.to_owned();
    let delegations = names(&mine);
    let by_role: Vec<&GrantRule> = mine
        .iter()
        .flat_map(|delegation| &delegation.grants)
        .filter(|rule| rule.roles.iter().any(|name| name == "*" || name == request.role))
        .collect();
    if by_role.is_empty() {
        return Err(Denial::Role { delegations, role });
    }
    let by_scope: Vec<&GrantRule> =
        by_role.into_iter().filter(|rule| rule.within.iter().any(|outer| outer.covers(request.scope))).collect();
    if by_scope.is_empty() {
        return Err(Denial::Scope { delegations, role, scope: request.scope.describe() });
    }
    let by_kind: Vec<&GrantRule> =
        by_scope.into_iter().filter(|rule| request.kind.is_some_and(|kind| rule.kinds.contains(&kind))).collect();
    if by_kind.is_empty() {
        let kind = request.kind.map_or_else(|| "a principal of an unknown kind".to_owned(), |kind| format!("a {kind}"));
        return Err(Denial::Kind { delegations, role, kind: kind.replace("a identity", "an identity") });
    }
    let declared = |rule: &GrantRule| rule.declared_in == DeclaredIn::Anywhere || request.declared_here;
    let by_origin: Vec<&GrantRule> = by_kind.into_iter().filter(|rule| declared(rule)).collect();
    if by_origin.is_empty() {
        return Err(Denial::DeclaredElsewhere { delegations, role });
    }
    // A rule without a bound permits any term, and none is left here with the longest of the others.
    let bounds: Option<Vec<SignedDuration>> = by_origin.iter().map(|rule| rule.max_duration).collect();
    match bounds.and_then(|bounds| bounds.into_iter().max()).filter(|longest| !request.term.is_within(*longest)) {
        None => Ok(()),
        Some(longest) => {
            let latest = request.term.latest(longest);
            Err(Denial::Duration { delegations, role, longest: in_words(longest), latest })
        }
    }
}

fn of_namespace<'a>(delegations: &'a [Delegation], namespace: &Namespace) -> Result<Vec<&'a Delegation>, Denial> {
    let mine: Vec<&Delegation> = delegations.iter().filter(|d| d.namespaces.matches(namespace)).collect();
    if mine.is_empty() {
        return Err(Denial::Namespace(namespace.name.clone()));
    }
    Ok(mine)
}

fn names(delegations: &[&Delegation]) -> String {
    named(delegations.iter().map(|d| d.name.as_str()))
}

/// "the delegation `a`", "the delegations `a`, `b`".
pub(super) fn named<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match quoted.len() {
        1 => format!("the delegation {}", quoted[0]),
        _ => format!("the delegations {}", quoted.join(", ")),
    }
}

impl Namespaces {
    pub(super) fn matches(&self, namespace: &Namespace) -> bool {
        match self {
            Self::Nothing => false,
            Self::Names(names) => names.contains(&namespace.name),
            Self::Labels(wanted) => {
                !wanted.is_empty() && wanted.iter().all(|(key, value)| namespace.labels.get(key) == Some(value))
            }
            Self::All => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders() -> Delegation {
        Delegation {
            name: "orders".to_owned(),
            namespaces: Namespaces::Names(vec!["orders".to_owned()]),
            invite_domains: vec!["example.com".to_owned()],
            grants: vec![GrantRule {
                roles: vec!["DeveloperRead".to_owned()],
                within: vec![Scope::cluster("env-1", "lkc-1").unwrap()],
                kinds: vec![PrincipalKind::User],
                declared_in: DeclaredIn::SameNamespace,
                max_duration: None,
            }],
        }
    }

    fn namespace(name: &str) -> Namespace {
        Namespace { name: name.to_owned(), labels: BTreeMap::from([("team".to_owned(), name.to_owned())]) }
    }

    fn endless() -> Term {
        Term { begins: Timestamp::UNIX_EPOCH, ends: None }
    }

    #[test]
    fn grants_are_judged_by_namespace_role_scope_kind_and_origin() {
        let cluster = Scope::cluster("env-1", "lkc-1").unwrap();
        let other = Scope::cluster("env-1", "lkc-2").unwrap();
        let user = Some(PrincipalKind::User);
        let cases = [
            ("orders", "DeveloperRead", &cluster, user, true, None),
            (
                "billing",
                "DeveloperRead",
                &cluster,
                user,
                true,
                Some("no delegation of the organization is for namespace `billing`"),
            ),
            (
                "orders",
                "DeveloperWrite",
                &cluster,
                user,
                true,
                Some("the delegation `orders` may not grant `DeveloperWrite`"),
            ),
            (
                "orders",
                "DeveloperRead",
                &other,
                user,
                true,
                Some("may not grant `DeveloperRead` on cluster lkc-2 in env-1"),
            ),
            ("orders", "DeveloperRead", &cluster, Some(PrincipalKind::IdentityPool), true, Some("to an identity pool")),
            ("orders", "DeveloperRead", &cluster, None, true, Some("unknown kind")),
            (
                "orders",
                "DeveloperRead",
                &cluster,
                user,
                false,
                Some("only to principals that a `ConfluentUser` of the same namespace"),
            ),
        ];
        for (name, role, scope, kind, declared_here, denied) in cases {
            let request = GrantRequest { role, scope, kind, declared_here, term: endless() };
            let text = may_grant(&[orders()], &namespace(name), request).err().map(|denial| denial.to_string());
            match denied {
                None => assert_eq!(text, None),
                Some(part) => assert!(text.as_deref().is_some_and(|t| t.contains(part)), "{text:?}"),
            }
        }
    }

    #[test]
    fn an_absent_list_matches_nothing() {
        let empty = Delegation { namespaces: Namespaces::All, name: "x".to_owned(), ..Delegation::default() };
        let email = Email::parse("ada@example.com").unwrap();
        assert!(may_invite(&[], &namespace("orders"), &email).is_err());
        assert!(may_invite(std::slice::from_ref(&empty), &namespace("orders"), &email).is_err());
        let scope = Scope::organization();
        let (kind, term) = (Some(PrincipalKind::User), endless());
        let request = GrantRequest { role: "Operator", scope: &scope, kind, declared_here: true, term };
        assert!(may_grant(&[empty], &namespace("orders"), request).is_err());
        assert!(!Namespaces::Labels(BTreeMap::new()).matches(&namespace("orders")));
    }

    #[test]
    fn a_bounded_rule_takes_only_what_ends_in_time() {
        let cluster = Scope::cluster("env-1", "lkc-1").unwrap();
        let bounded = |hours: &[i64]| {
            let mut delegation = orders();
            let rule = delegation.grants.remove(0);
            let bound =
                |hours: &i64| GrantRule { max_duration: Some(SignedDuration::from_hours(*hours)), ..rule.clone() };
            delegation.grants = hours.iter().map(bound).collect();
            delegation
        };
        let ends = |hours: i64| Some(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours));
        let unbounded = orders();
        let cases = [
            (bounded(&[24]), ends(24), None),
            (bounded(&[24]), ends(25), Some("for at most 24h: set `spec.validity.notAfter` to 1970-01-02T00:00:00Z")),
            (bounded(&[24]), None, Some("the delegation `orders` may grant `DeveloperRead` for at most 24h")),
            (bounded(&[8, 168]), ends(48), None),
            (bounded(&[8, 168]), None, Some("for at most 7d: set `spec.validity.notAfter` to 1970-01-08T00:00:00Z")),
            (bounded(&[0]), ends(1), Some("for at most 0s")),
            (unbounded, None, None),
        ];
        for (delegation, ends, denied) in cases {
            let term = Term { ends, ..endless() };
            let kind = Some(PrincipalKind::User);
            let request = GrantRequest { role: "DeveloperRead", scope: &cluster, kind, declared_here: true, term };
            let said = may_grant(&[delegation], &namespace("orders"), request).err().map(|denial| denial.to_string());
            assert_eq!(said.is_none(), denied.is_none(), "{said:?}");
            assert!(said.unwrap_or_default().contains(denied.unwrap_or_default()));
        }
        // One rule without a bound is enough.
        let both = [bounded(&[1]), orders()];
        let request = GrantRequest {
            role: "DeveloperRead",
            scope: &cluster,
            kind: Some(PrincipalKind::User),
            declared_here: true,
            term: endless(),
        };
        assert!(may_grant(&both, &namespace("orders"), request).is_ok());
    }

    #[test]
    fn people_are_invited_by_domain() {
        let ada = Email::parse("ada@example.com").unwrap();
        let eve = Email::parse("eve@evil.example.com").unwrap();
        assert!(may_invite(&[orders()], &namespace("orders"), &ada).is_ok());
        assert!(may_invite(&[orders()], &namespace("orders"), &eve).is_err());
    }
}
