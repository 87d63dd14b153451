//! From the portal's JSON to the nouns of `access::publisher`. PURE.
//!
//! What exists exists: a word that we do not know is kept as it is, and what has it is listed, counted as no owner and
//! never changed or taken away. Only a user without a key or a role cannot be stood for, and voids its listing.

use super::wire;
use crate::access::{
    Email,
    publisher::{
        AccountType, HeldRole, Member, MemberKey, MemberKind, PublisherRole, ServicePrincipal, VisiblePublisher,
    },
};

/// The member that something cannot do without, and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Missing(pub(super) &'static str);

/// A user, without its version, which is no part of the body.
pub(super) fn member(user: wire::User) -> Result<Member, Missing> {
    let email = filled(user.email).map(|text| MemberKey::Email(Email::from_remote(&text)));
    let application = filled(user.application_id).map(|text| text.to_lowercase());
    let word = filled(user.kind).ok_or(Missing("type"))?;
    let (key, kind) = match word.as_str() {
        "user" => (email.ok_or(Missing("email"))?, MemberKind::User),
        "group" => (email.ok_or(Missing("email"))?, MemberKind::Group),
        "servicePrincipal" => {
            let application = application.ok_or(Missing("applicationId"))?;
            let id = |text| filled(text).map(|text| text.to_lowercase()).unwrap_or_default();
            let (tenant, object) = (id(user.tenant_id), id(user.object_id));
            let principal = ServicePrincipal { application: application.clone(), tenant, object };
            (MemberKey::Application(application), MemberKind::ServicePrincipal(principal))
        }
        _ => {
            let key = email.or(application.map(MemberKey::Application)).ok_or(Missing("email"))?;
            (key, MemberKind::Other(word))
        }
    };
    let role = filled(user.role).ok_or(Missing("role"))?;
    Ok(Member {
        key,
        kind,
        role: known(&role).map_or(HeldRole::Other(role), HeldRole::Known),
        account: filled(user.account_type).map(account),
        friendly_name: filled(user.friendly_name),
        // Whoever is in a state that we do not know is not counted on either.
        invited: filled(user.state).is_some_and(|state| state != "active"),
        // A date that cannot be read is no date: unknown, which every rule takes as the careful case.
        added_at: user.added_time.and_then(|text| text.parse().ok()),
        version: None,
    })
}

/// A publisher that is visible to us.
pub(super) fn publisher(publisher: wire::Publisher) -> Result<VisiblePublisher, Missing> {
    let id = filled(publisher.id).ok_or(Missing("publisherId"))?;
    let display_name = filled(publisher.display_name).unwrap_or_else(|| id.clone());
    let own_role = publisher.caller_role.as_deref().and_then(known);
    Ok(VisiblePublisher { id, display_name, own_role })
}

/// A text with something in it.
fn filled(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn known(word: &str) -> Option<PublisherRole> {
    PublisherRole::ALL.into_iter().find(|role| super::write::word(*role) == word)
}

fn account(word: String) -> AccountType {
    match word.as_str() {
        "organization" => AccountType::Organization,
        "microsoftAccount" => AccountType::Microsoft,
        _ => AccountType::Other(word),
    }
}
