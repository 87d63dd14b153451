//! What manifests declare, as a listing of the organization that they describe: as if all of it were granted and nothing else.
//! No IO.

use std::collections::BTreeSet;

use crate::{
    access::{
        Catalogue, Crn, Email, Key, Listing, Pattern, PrincipalId, PrincipalKind,
        listing::{Binding, Cluster, ClusterKind, Environment, ServiceAccount, User},
    },
    cli::manifest::Manifests,
    plan::binding::DeclaredPrincipal,
};

use super::{
    by_object,
    finding::{Finding, Severity},
    set::Set,
};

/// Why manifests describe no organization.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undeclared {
    /// There is none.
    #[error("these manifests declare no person and no role of any organization")]
    Nothing,
    /// There is more than one.
    #[error("these manifests are about the organizations {0}: name one with `--organization`")]
    Several(String),
    /// Not that one.
    #[error("these manifests are about {known}, and not about `{named}`")]
    Another {
        /// What was given.
        named: String,
        /// What there is.
        known: String,
    },
}

/// What is declared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Declared {
    pub(crate) listing: Listing,
    /// How many objects would be refused, and so declare nothing.
    pub(crate) left_out: usize,
}

/// What the manifests declare in an organization, by the name of its object; with one alone, in that.
pub(crate) fn declared(
    manifests: &Manifests,
    catalogue: &Catalogue,
    organization: Option<&str>,
) -> Result<Declared, Undeclared> {
    let told = by_object(manifests, catalogue, None, None);
    let is_good = |findings: &[Finding]| findings.iter().all(|finding| finding.severity < Severity::Error);
    let good = manifests.objects.iter().zip(&told).filter(|(_, findings)| is_good(findings));
    let set = Set::new(good.clone().map(|(object, _)| object));
    let left_out = manifests.objects.len() - good.count();
    let organization = organization_of(&set, organization)?;
    let mut listing = Listing::default();
    for user in set.users.iter().filter(|it| it.of.spec.organization_ref.name == organization) {
        add_person(&mut listing, &Email::from_remote(&user.of.spec.email));
    }
    for it in set.bindings.iter().filter(|it| it.of.spec.organization_ref.name == organization) {
        let Ok(desired) = &it.desired else { continue };
        let principal = match &desired.principal {
            DeclaredPrincipal::Email(email) => add_person(&mut listing, email),
            DeclaredPrincipal::ServiceAccountNamed(name) => add_account(&mut listing, name),
            DeclaredPrincipal::Id(id) if id.kind() == Some(PrincipalKind::ServiceAccount) => {
                add_known_account(&mut listing, id.clone(), id.as_str())
            }
            DeclaredPrincipal::Id(id) => id.clone(),
            // Nobody is declared by that name, so nobody holds the role.
            DeclaredPrincipal::MissingUser(_) => continue,
        };
        let scope = desired.scope.clone();
        if let (Some(account), Pattern::Literal) = (scope.value(Key::ServiceAccount), scope.pattern()) {
            add_known_account(&mut listing, PrincipalId::new(account), account);
        }
        if let (Some(environment), Some(cluster)) = (scope.value(Key::Environment), scope.value(Key::CloudCluster)) {
            add_cluster(&mut listing, environment, cluster);
        }
        let crn = Crn { organization: organization.clone(), scope: scope.clone() }.to_string();
        let (id, role) = (it.object.title(), desired.role.clone());
        listing.bindings.push(Binding { id, principal, role, crn, scope: Some(scope), created_at: None });
    }
    Ok(Declared { listing, left_out })
}

fn organization_of(set: &Set<'_>, named: Option<&str>) -> Result<String, Undeclared> {
    let users = set.users.iter().map(|it| &it.of.spec.organization_ref.name);
    let bindings = set.bindings.iter().map(|it| &it.of.spec.organization_ref.name);
    let known: BTreeSet<&String> = users.chain(bindings).collect();
    let told = || known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match (named, known.len()) {
        (_, 0) => Err(Undeclared::Nothing),
        (Some(named), _) if known.iter().any(|it| *it == named) => Ok(named.to_owned()),
        (Some(named), _) => Err(Undeclared::Another { named: named.to_owned(), known: told() }),
        (None, 1) => Ok(known.iter().next().map(ToString::to_string).unwrap_or_default()),
        (None, _) => Err(Undeclared::Several(told())),
    }
}

/// Whether we made the id up: a real one holds neither letter.
pub(crate) fn is_made_up(id: &PrincipalId) -> bool {
    id.as_str().contains(['@', '?'])
}

/// The vendor gives ids; until then a person's is made of the address, in the vendor's form.
fn add_person(listing: &mut Listing, email: &Email) -> PrincipalId {
    let id = PrincipalId::new(format!("u-{email}"));
    if listing.users.iter().all(|it| it.id != id) {
        let (email, full_name) = (email.clone(), String::new());
        listing.users.push(User { id: id.clone(), email, full_name, auth_type: None, created_at: None });
    }
    id
}

/// Manifests that name an account do not tell its id. One that looked like an id could be taken for another account's, so
/// what stands in for it is none: see [`is_made_up`].
fn add_account(listing: &mut Listing, name: &str) -> PrincipalId {
    add_known_account(listing, PrincipalId::new(format!("sa-?{name}")), name)
}

fn add_known_account(listing: &mut Listing, id: PrincipalId, name: &str) -> PrincipalId {
    if listing.service_accounts.iter().all(|it| it.id != id) {
        listing.service_accounts.push(ServiceAccount { id: id.clone(), display_name: name.to_owned() });
    }
    id
}

fn add_cluster(listing: &mut Listing, environment: &str, id: &str) {
    if listing.environments.iter().all(|it| it.id != environment) {
        listing.environments.push(Environment { id: environment.to_owned(), display_name: String::new() });
    }
    if listing.clusters.iter().all(|it| it.id != id) {
        listing.clusters.push(Cluster {
            id: id.to_owned(),
            environment: environment.to_owned(),
            display_name: String::new(),
            kind: ClusterKind::Unknown,
        });
    }
}
