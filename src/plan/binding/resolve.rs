//! Whom and what a declaration means, and whether it may be made: from names to a grant, or to the reason why not. PURE.

use crate::access::{
    Denial, Grant, PrincipalId, PrincipalKind, Role,
    delegation::{self, GrantRequest},
    judge::{self, Declaration, Nonsense},
};

use super::{BindingObject, DeclaredPrincipal, DesiredBinding, Meaning};
use crate::plan::{Facts, Finding, Reason, person::Person};

/// A declaration that makes sense and may be made.
pub(super) struct Resolved<'a> {
    pub(super) desired: &'a DesiredBinding,
    /// What the catalogue knows of the role; `None` where only the vendor knows it.
    pub(super) role: Option<&'a Role>,
    pub(super) grant: Grant,
    pub(super) label: String,
    /// The principal is a person who has not accepted yet.
    pub(super) pending: bool,
}

impl Resolved<'_> {
    /// In words, such as "Operator on environment env-1 for `ada@example.com`".
    pub(super) fn words(&self) -> String {
        format!("{} on {} for `{}`", self.grant.role, self.grant.scope.describe(), self.label)
    }
}

pub(super) fn resolve<'a>(
    object: &BindingObject,
    desired: &'a DesiredBinding,
    facts: &Facts<'a>,
) -> Result<Resolved<'a>, Finding> {
    let inventory = facts.inventory;
    let kind = declared_kind(&desired.principal);
    let declared = Declaration {
        role: &desired.role,
        scope: &desired.scope,
        principal: kind,
        allow_unknown: facts.allow_unknown_roles,
    };
    // Whether we may grant it is asked when it is to be made: what is there already needs nobody's right.
    let (environment, cluster) =
        (|id: &str| inventory.environment(id), |env: &str, id: &str| inventory.cluster(env, id));
    let role = judge::declaration(facts.catalogue, declared, environment, cluster, None).map_err(|it| nonsense(&it))?;
    let (role_name, scope) = (desired.role.as_str(), &desired.scope);
    let term = object.validity.term(object.created);
    let request = GrantRequest { role: role_name, scope, kind, declared_here: object.declared_here, term };
    delegation::may_grant(facts.delegations, facts.namespace, request).map_err(|denial| denied(&denial))?;
    let (id, label, pending) = principal(&desired.principal, facts)
        .map_err(|missing| moved(object, &desired.principal, facts).unwrap_or(missing))?;
    unchanged(object, desired, &id, &label, facts)?;
    let grant = Grant { principal: id, role: desired.role.clone(), scope: desired.scope.clone() };
    Ok(Resolved { desired, role, grant, label, pending })
}

/// A refusal of the delegations as a finding.
pub fn denied(denial: &Denial) -> Finding {
    Finding::new(
        Reason::DelegationDenied,
        format!("{denial}; the organization's owner can add it to `spec.delegations`"),
    )
}

/// The same as a finding, with the next step where the sentence has none.
pub fn nonsense(nonsense: &Nonsense) -> Finding {
    let reason = match nonsense {
        Nonsense::RoleUnknown { .. } => Reason::RoleUnknown,
        Nonsense::NotAtScope { .. } => Reason::RoleNotAllowedAtScope,
        Nonsense::ScopeNotFound(_) => Reason::ScopeNotFound,
        Nonsense::BasicCluster { .. } => Reason::ClusterTypeUnsupported,
        Nonsense::NotForPrincipal { .. } => Reason::RoleNotForPrincipal,
        Nonsense::GranterNotAllowed { .. } => Reason::GranterNotAllowed,
    };
    let looked_for = "; correct `spec.scope`, or create it: it is looked for at every listing";
    let next = if reason == Reason::ScopeNotFound { looked_for } else { "" };
    Finding::new(reason, format!("{nonsense}{next}"))
}

/// Of what kind a declared principal is, where its name tells.
pub fn declared_kind(principal: &DeclaredPrincipal) -> Option<PrincipalKind> {
    match principal {
        DeclaredPrincipal::Email(_) | DeclaredPrincipal::MissingUser(_) => Some(PrincipalKind::User),
        DeclaredPrincipal::ServiceAccountNamed(_) => Some(PrincipalKind::ServiceAccount),
        DeclaredPrincipal::Id(id) => id.kind(),
    }
}

/// The principal's id, what it is called, and whether it is a person who has not accepted yet.
fn principal(declared: &DeclaredPrincipal, facts: &Facts<'_>) -> Result<(PrincipalId, String, bool), Finding> {
    let missing = |message: String| Err(Finding::new(Reason::PrincipalNotFound, message));
    match declared {
        DeclaredPrincipal::MissingUser(name) => missing(format!(
            "the ConfluentUser `{name}` does not exist in namespace `{}`: create it, or correct `spec.principal.userRef`",
            facts.namespace.name
        )),
        DeclaredPrincipal::Email(email) => match facts.inventory.person(email, facts.now) {
            person @ (Person::Active(_) | Person::Invited(_)) => match person.id() {
                Some(id) => Ok((id.clone(), email.to_string(), matches!(person, Person::Invited(_)))),
                None => missing(format!("`{email}` is invited, and the vendor has not given the user an id yet")),
            },
            Person::Expired(_) => missing(format!(
                "the invitation of `{email}` lapsed: it is granted once a new one is sent; declare a ConfluentUser for that"
            )),
            Person::Absent => missing(format!(
                "nobody in the organization has the e-mail `{email}`: declare a ConfluentUser to invite the person"
            )),
        },
        DeclaredPrincipal::ServiceAccountNamed(name) => match facts.inventory.service_accounts_named(name).as_slice() {
            [one] => Ok((one.id.clone(), name.clone(), false)),
            [] => missing(format!("no service account is called `{name}`: create it, or correct the name")),
            [..] => missing(format!("several service accounts are called `{name}`: name one by `id`")),
        },
        DeclaredPrincipal::Id(id) => by_id(id, facts),
    }
}

/// Whoever had the address when the grant was made, where they have another one now: to invite somebody at the old one would be wrong.
fn moved(object: &BindingObject, declared: &DeclaredPrincipal, facts: &Facts<'_>) -> Option<Finding> {
    let (DeclaredPrincipal::Email(email), Some(recorded)) = (declared, &object.recorded) else { return None };
    let user = facts.inventory.user(&recorded.grant.principal).filter(|user| user.email != *email)?;
    let had = recorded.label == email.as_str();
    had.then(|| {
        Finding::new(
            Reason::PrincipalNotFound,
            format!(
                "nobody has the e-mail `{email}` any more: `{}`, for whom this was granted and who keeps it, has `{}` now; \
                 declare that address, or have the vendor give the account its address back",
                user.id, user.email
            ),
        )
    })
}

fn by_id(id: &PrincipalId, facts: &Facts<'_>) -> Result<(PrincipalId, String, bool), Finding> {
    let inventory = facts.inventory;
    let invited = inventory.is_invited(id);
    let known = match id.kind() {
        Some(PrincipalKind::User) => invited || inventory.user(id).is_some(),
        Some(PrincipalKind::ServiceAccount) => inventory.service_account(id).is_some(),
        // Pools and mappings are not in the listing; the vendor judges them when the grant is made.
        Some(PrincipalKind::IdentityPool | PrincipalKind::GroupMapping) | None => true,
    };
    if known {
        return Ok((id.clone(), id.to_string(), invited));
    }
    Err(Finding::new(
        Reason::PrincipalNotFound,
        format!("no principal of the organization has the id `{id}`: correct `spec.principal`"),
    ))
}

/// No silent rebinding: while the spec is the one that was acted on, a name may not start to mean somebody else. A new
/// id for the same e-mail is the same person, invited again, unless the former one is listed under another address: then the
/// address went over to somebody else.
fn unchanged(
    object: &BindingObject,
    desired: &DesiredBinding,
    id: &PrincipalId,
    label: &str,
    facts: &Facts<'_>,
) -> Result<(), Finding> {
    let recorded = object.recorded.as_ref().map(|it| (&it.grant.principal, it.label.as_str()));
    let meant = match &object.meaning {
        Some(Meaning::Open) => None,
        Some(Meaning::Settled { principal, label }) => Some((principal, label.as_str())),
        None => recorded,
    };
    let Some((before, called)) = meant.filter(|_| !object.touched) else {
        return Ok(());
    };
    let again = || match &desired.principal {
        DeclaredPrincipal::Email(email) => {
            called == label && facts.inventory.user(before).is_none_or(|user| user.email == *email)
        }
        DeclaredPrincipal::ServiceAccountNamed(_) | DeclaredPrincipal::Id(_) | DeclaredPrincipal::MissingUser(_) => {
            false
        }
    };
    if before == id || again() {
        return Ok(());
    }
    let holds = match recorded {
        Some(_) => "the grant was made for",
        None => "it meant",
    };
    let (holder, holder_label) = recorded.unwrap_or((before, called));
    let keeps = if recorded.is_some() { ", which keeps it" } else { "" };
    Err(Finding::new(
        Reason::PrincipalChanged,
        format!(
            "the principal now means `{id}` (`{label}`) and {holds} `{holder}` (`{holder_label}`){keeps}: touch this \
             object's spec to confirm whom you mean"
        ),
    ))
}

/// An edit settles whom the spec means, and that stays so however long the rest takes: only the next edit, or the first
/// appearance of somebody who was not there, settles it anew.
pub(super) fn meaning(
    object: &BindingObject,
    desired: &Result<DesiredBinding, Finding>,
    facts: &Facts<'_>,
) -> Option<Meaning> {
    let open = object.touched || object.meaning == Some(Meaning::Open);
    let settled = object.meaning.is_some() || object.recorded.is_some();
    if settled && !open {
        let recorded = object.recorded.as_ref();
        return object.meaning.clone().or_else(|| {
            recorded.map(|it| Meaning::Settled { principal: it.grant.principal.clone(), label: it.label.clone() })
        });
    }
    match desired.as_ref().map(|desired| principal(&desired.principal, facts)) {
        Ok(Ok((principal, label, _))) => Some(Meaning::Settled { principal, label }),
        Ok(Err(_)) | Err(_) => Some(Meaning::Open),
    }
}
