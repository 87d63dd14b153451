//! What an object set out to grant, as it is noted on it.

use crate::{
    access::publisher::PublisherRole,
    api::{GRANTING, PublisherUser, RoleBinding, binding::GrantStatus},
    plan::{binding::Recorded, publisher::Noted},
};

/// What is noted on an object that it set out to grant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Granting {
    /// What can be read of it.
    pub grants: Vec<Recorded>,
    /// It is from the annotation, which anybody who may edit the object can write.
    pub by_annotation: bool,
}

/// What an object set out to grant. Its status says so; the annotation counts only while the status never spoke of it.
pub fn granting(binding: &RoleBinding) -> Granting {
    let status = binding.status.as_ref();
    if let Some(told) = status.and_then(|status| status.granting.as_deref()) {
        return Granting { grants: told.iter().filter_map(super::record).collect(), by_annotation: false };
    }
    let note =
        binding.metadata.annotations.as_ref().and_then(|all| all.get(GRANTING)).filter(|_| speaks_first(binding));
    // What cannot be read was not written by us.
    let told: Vec<GrantStatus> = note.and_then(|note| serde_json::from_str(note).ok()).unwrap_or_default();
    Granting { grants: told.iter().filter_map(super::record).collect(), by_annotation: note.is_some() }
}

/// Whether what the annotation says is not overtaken by the status.
pub fn speaks_first(binding: &RoleBinding) -> bool {
    binding.status.as_ref().is_none_or(|status| status.granting.is_none() && status.grant.is_none())
}

/// The value of the annotation.
pub fn granting_note(grants: &[GrantStatus]) -> String {
    serde_json::json!(grants).to_string()
}

/// What a publisher's user notes that it set out to make. Its status says so; the annotation, which is the name of a role, counts
/// only while the status never spoke of one.
pub fn noted_member(user: &PublisherUser) -> Option<Noted> {
    if let Some(role) = user.status.as_ref().and_then(|status| status.granting) {
        return Some(Noted { role: super::publisher::role(role), by_annotation: false });
    }
    let note = user.metadata.annotations.as_ref()?.get(GRANTING).filter(|_| member_speaks_first(user))?;
    // What cannot be read was not written by us.
    let role = PublisherRole::ALL.into_iter().find(|role| role.as_str() == note)?;
    Some(Noted { role, by_annotation: true })
}

/// Whether what the annotation of a publisher's user says is not overtaken by the status.
pub fn member_speaks_first(user: &PublisherUser) -> bool {
    user.status.as_ref().is_none_or(|status| status.granting.is_none() && status.granted_role.is_none())
}
