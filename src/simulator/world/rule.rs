//! Where the vendor's behaviour is unknown or has changed, the choice is a rule that can be set. PURE.
//!
//! Rules change what a command does, so a change of them is a command itself and is journaled with the others.

use serde::{Deserialize, Serialize};

use super::publisher::PublisherRules;

/// What a second, equal role binding is answered with; no source says which of them the vendor does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DuplicateGrant {
    /// A conflict that names the first.
    #[default]
    Conflict409,
    /// Created, with the id of the first.
    SameId201,
    /// Created, as a second object.
    NewId201,
}

/// The rules of one world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a knob of its own, named where it is set")]
pub struct Rules {
    /// E-mail domains of the organization's identity provider: who is invited to sign in through it is a member at
    /// once. Where it is empty, the organization has no single sign-on.
    pub sso_domains: Vec<String>,
    /// Whether invited people that have not accepted are listed among the users.
    pub list_pending_users: bool,
    /// Whether a new invitation after an expired one takes up the expired one's user id.
    pub reinvite_reuses_user: bool,
    /// What a second, equal role binding is answered with.
    pub duplicate_grant: DuplicateGrant,
    /// Whether a listing of `<scope>/*` includes the bindings at `<scope>` itself.
    pub nested_includes_scope: bool,
    /// Whether a filter such as `…/topic=orders-*` matches by prefix, instead of the one pattern that is so written.
    pub trailing_star_is_prefix: bool,
    /// Whether nobody may remove their own `OrganizationAdmin`.
    pub guard_own_admin: bool,
    /// Whether the last user with `OrganizationAdmin` keeps it.
    pub guard_last_admin: bool,
    /// Whether a key may read itself.
    pub key_reads_itself: bool,
    /// Whether the bindings of a deleted principal stay listed.
    pub orphans_linger: bool,
    /// How much an organization may hold.
    pub quotas: Quotas,
    /// What publishers do.
    pub publishers: PublisherRules,
}

/// How much an organization may hold; the numbers are those that one real organization was seen to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Quotas {
    /// Members and invited people.
    pub users: usize,
    /// Invitations that wait.
    pub pending_invitations: usize,
    /// Service accounts.
    pub service_accounts: usize,
    /// Role bindings of every kind.
    pub role_bindings: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            sso_domains: Vec::new(),
            list_pending_users: false,
            reinvite_reuses_user: false,
            duplicate_grant: DuplicateGrant::default(),
            nested_includes_scope: false,
            trailing_star_is_prefix: false,
            guard_own_admin: true,
            guard_last_admin: true,
            key_reads_itself: true,
            orphans_linger: false,
            quotas: Quotas::default(),
            publishers: PublisherRules::default(),
        }
    }
}

impl Default for Quotas {
    fn default() -> Self {
        Self { users: 1000, pending_invitations: 150, service_accounts: 1000, role_bindings: 250_000 }
    }
}

impl Quotas {
    /// No limit on anything, for measurements.
    pub fn unlimited() -> Self {
        Self {
            users: usize::MAX,
            pending_invitations: usize::MAX,
            service_accounts: usize::MAX,
            role_bindings: usize::MAX,
        }
    }
}
