//! Objects that the API server would take, typed and looked up by what they refer to. No IO.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use crate::{
    access::{
        Crn, Email, Listing, PrincipalKind,
        effective::{At, Held, Through},
        publisher::{HeldRole, Member, Members},
    },
    api::{
        ConfluentOrganization, ConfluentOrganizationSpec, ConfluentUser, Publisher, PublisherUser, RoleBinding,
        common::BindingDeletion, convert, user::AuthType,
    },
    cli::manifest::{Namespace, Object},
    plan::{
        Finding, Reason,
        binding::{DeclaredPrincipal, DesiredBinding, declared_kind},
        publisher::{DesiredMember, Roll},
    },
};

/// An object and what its kind makes of it.
pub(super) struct Typed<'m, T> {
    pub(super) object: &'m Object,
    pub(super) of: T,
}

/// A binding, and what it declares.
pub(super) struct Binding<'m> {
    pub(super) object: &'m Object,
    pub(super) of: RoleBinding,
    pub(super) desired: Result<DesiredBinding, Finding>,
}

/// A publisher's user, and what it declares.
pub(super) struct PublisherMember<'m> {
    pub(super) object: &'m Object,
    pub(super) of: PublisherUser,
    pub(super) desired: Result<DesiredMember, Finding>,
}

/// Everything that can be judged together.
#[derive(Default)]
pub(super) struct Set<'m> {
    pub(super) organizations: BTreeMap<String, Typed<'m, ConfluentOrganization>>,
    pub(super) publishers: BTreeMap<String, Typed<'m, Publisher>>,
    pub(super) users: Vec<Typed<'m, ConfluentUser>>,
    pub(super) bindings: Vec<Binding<'m>>,
    pub(super) members: Vec<PublisherMember<'m>>,
    /// The people, by namespace and name of their objects.
    by_name: BTreeMap<(&'m Namespace, &'m str), usize>,
}

/// Who holds something: an organization's name, and a principal as it is declared.
pub(super) type Holder = (String, String);

impl<'m> Set<'m> {
    /// Of the objects that have nothing wrong with their shape. Names are compared with the listing, where there is one.
    pub(super) fn new(objects: impl Iterator<Item = &'m Object>) -> Self {
        let mut set = Self::default();
        let mut bindings = Vec::new();
        for object in objects {
            match object.kind.as_str() {
                "ConfluentOrganization" => keep(&mut set.organizations, object),
                "Publisher" => keep(&mut set.publishers, object),
                "ConfluentUser" => set.users.extend(typed(object)),
                "RoleBinding" => bindings.extend(typed::<RoleBinding>(object)),
                "PublisherUser" => set.members.extend(typed(object).map(|it: Typed<'_, PublisherUser>| member(it))),
                _ => {}
            }
        }
        set.by_name = set.users.iter().enumerate().map(|(index, user)| (name_of(user), index)).collect();
        set.bindings = bindings.into_iter().map(|it| set.binding(it)).collect();
        set
    }

    fn binding(&self, it: Typed<'m, RoleBinding>) -> Binding<'m> {
        let spec = &it.of.spec;
        let organization = self.organizations.get(&spec.organization_ref.name).map(|it| &it.of.spec);
        let stand_in = organization.is_none().then(|| stand_in(spec.scope.crn.as_deref())).flatten();
        let desired = match organization.or(stand_in.as_ref()) {
            Some(organization) => convert::desired_binding(spec, organization, |name| {
                self.user(name, &it.object.namespace, &spec.organization_ref.name).map(|user| user.spec.email.clone())
            }),
            None => Err(Finding::new(Reason::InvalidSpec, "the organization's object cannot be read")),
        };
        Binding { object: it.object, of: it.of, desired }
    }

    fn user(&self, name: &str, namespace: &Namespace, organization: &str) -> Option<&ConfluentUser> {
        let user = &self.users[*self.by_name.get(&(namespace, name))?].of;
        (user.spec.organization_ref.name == organization).then_some(user)
    }

    /// Whether a `ConfluentUser` of the namespace declares the address.
    pub(super) fn declared_in(&self, namespace: &Namespace, organization: &str, email: &Email) -> bool {
        self.users.iter().any(|user| {
            user.object.namespace == *namespace
                && user.of.spec.organization_ref.name == organization
                && user.of.spec.email == email.as_str()
        })
    }

    /// What each principal holds by the bindings that make sense, with the places of these among all bindings.
    pub(super) fn holdings(&self) -> BTreeMap<Holder, Vec<(usize, Held)>> {
        let mut holdings: BTreeMap<Holder, Vec<(usize, Held)>> = BTreeMap::new();
        for (index, binding) in self.bindings.iter().enumerate() {
            let Ok(desired) = &binding.desired else { continue };
            let held =
                Held { role: desired.role.clone(), at: At::Place(desired.scope.clone()), through: Through::Binding };
            let holder = (binding.of.spec.organization_ref.name.clone(), called(&desired.principal));
            holdings.entry(holder).or_default().push((index, held));
        }
        holdings
    }

    /// The organizations in which somebody is declared to sign in through the identity provider.
    pub(super) fn with_sso(&self) -> BTreeSet<&str> {
        let sso = self.users.iter().filter(|user| user.of.spec.auth_type == Some(AuthType::Sso));
        sso.map(|user| user.of.spec.organization_ref.name.as_str()).collect()
    }

    /// The declared users of a publisher, as if all were there.
    pub(super) fn roll(&self, publisher: &str) -> Roll {
        let members = self.members.iter().filter(|it| it.of.spec.publisher_ref.name == publisher);
        let member = |it: &PublisherMember<'_>| {
            let desired = it.desired.as_ref().ok()?;
            Some(Member {
                key: desired.key.clone(),
                kind: desired.kind.clone(),
                role: HeldRole::Known(desired.role),
                account: None,
                friendly_name: desired.friendly_name.clone(),
                invited: false,
                added_at: None,
                version: None,
            })
        };
        Roll::new(Members(members.filter_map(member).collect()))
    }
}

/// A principal in a word.
pub(super) fn called(principal: &DeclaredPrincipal) -> String {
    match principal {
        DeclaredPrincipal::Email(email) => email.to_string(),
        DeclaredPrincipal::ServiceAccountNamed(name) | DeclaredPrincipal::MissingUser(name) => name.clone(),
        DeclaredPrincipal::Id(id) => id.to_string(),
    }
}

/// Of what kind a principal is, where its name or the listing tells.
pub(super) fn kind(principal: &DeclaredPrincipal, listing: Option<&Listing>) -> Option<PrincipalKind> {
    let known = declared_kind(principal);
    known.or_else(|| match (principal, listing) {
        (DeclaredPrincipal::Id(id), Some(listing)) => {
            listing.users.iter().any(|it| it.id == *id).then_some(PrincipalKind::User)
        }
        _ => None,
    })
}

fn name_of<'m>(user: &Typed<'m, ConfluentUser>) -> (&'m Namespace, &'m str) {
    (&user.object.namespace, &user.object.name)
}

fn typed<T: DeserializeOwned>(object: &Object) -> Option<Typed<'_, T>> {
    serde_json::from_value(object.value.clone()).ok().map(|of| Typed { object, of })
}

fn keep<'m, T: DeserializeOwned>(all: &mut BTreeMap<String, Typed<'m, T>>, object: &'m Object) {
    if let Some(it) = typed(object) {
        all.entry(object.name.clone()).or_insert(it);
    }
}

/// The publisher's deletion policy decides nothing that is judged here.
fn member(it: Typed<'_, PublisherUser>) -> PublisherMember<'_> {
    let readable = convert::validity(it.of.spec.validity.as_ref());
    let desired = readable.and_then(|_| convert::desired_member(&it.of.spec, BindingDeletion::Delete));
    PublisherMember { object: it.object, of: it.of, desired }
}

/// An organization that nobody declares here, as far as a binding has to do with it: with the id that its CRN names.
fn stand_in(crn: Option<&str>) -> Option<ConfluentOrganizationSpec> {
    let id = crn.and_then(|crn| crn.parse::<Crn>().ok()).map(|crn| crn.organization);
    let id = id.unwrap_or_else(|| "00000000-0000-0000-0000-000000000000".to_owned());
    let backend = serde_json::json!({"confluentCloud": {"auth": {"apiKey": {"secretRef": {"name": "unknown"}}}}});
    serde_json::from_value(serde_json::json!({"organizationId": id, "backend": backend})).ok()
}
