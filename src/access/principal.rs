//! Who may hold a role, as the vendor names it. PURE.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The vendor's identifier of a principal, for example `u-abc123`.
///
/// Opaque by contract (ids are at most 255 characters and prefixes may change without notice); a kind is read from the
/// prefix where it is known and is `None` where it is not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PrincipalId(String);

/// What kind of principal an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PrincipalKind {
    /// A person (`u-`).
    User,
    /// A service account (`sa-`).
    ServiceAccount,
    /// An identity pool (`pool-`).
    IdentityPool,
    /// A group mapping (`group-`).
    GroupMapping,
}

impl PrincipalKind {
    /// Every kind, with the id prefix that the vendor's documents show.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::User, "u-"),
        (Self::ServiceAccount, "sa-"),
        (Self::IdentityPool, "pool-"),
        (Self::GroupMapping, "group-"),
    ];
}

impl PrincipalId {
    /// Takes an id with or without the `User:` that role bindings put before it.
    pub fn new(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        Self(text.strip_prefix("User:").unwrap_or(text).to_owned())
    }

    /// The kind, where the prefix is a known one.
    pub fn kind(&self) -> Option<PrincipalKind> {
        PrincipalKind::ALL.iter().find(|(_, prefix)| self.0.starts_with(prefix)).map(|(kind, _)| *kind)
    }

    /// The id without any prefix of the role-binding dialect.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PrincipalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for PrincipalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::ServiceAccount => "service account",
            Self::IdentityPool => "identity pool",
            Self::GroupMapping => "group mapping",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_read_from_the_prefix_or_left_open() {
        assert_eq!(PrincipalId::new("User:sa-1").kind(), Some(PrincipalKind::ServiceAccount));
        assert_eq!(PrincipalId::new("u-1").kind(), Some(PrincipalKind::User));
        assert_eq!(PrincipalId::new("x-1").kind(), None);
        assert_eq!(PrincipalId::new("User:u-1"), PrincipalId::new("u-1"));
    }
}
