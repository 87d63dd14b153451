//! Where a person stands between stranger and member. PURE.

use crate::access::{
    PrincipalId,
    listing::{Invitation, User},
};

/// One person, found by e-mail across members and invitations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person<'a> {
    /// Neither a member nor invited.
    Absent,
    /// An invitation waits for them.
    Invited(&'a Invitation),
    /// Their last invitation lapsed.
    Expired(&'a Invitation),
    /// A member.
    Active(&'a User),
}

impl Person<'_> {
    /// The user id, which the vendor gives with the invitation.
    pub fn id(&self) -> Option<&PrincipalId> {
        match self {
            Self::Absent | Self::Expired(_) => None,
            Self::Invited(invitation) => invitation.user.as_ref(),
            Self::Active(user) => Some(&user.id),
        }
    }
}
