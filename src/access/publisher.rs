//! The users of a marketplace publisher: owners and contributors, and what a complete listing of them holds. PURE.
//!
//! Source of the facts: Microsoft's page on managing users of the Cloud Partner Portal, and its pages on service principals
//! and Seller Insights. There was never a public API for them; the contract that we speak is our own.

pub mod delegation;

use std::fmt;

use jiff::Timestamp;

use super::Email;

/// What a publisher's user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PublisherRole {
    /// Offers, orders, usage and downloads.
    Contributor,
    /// All of that, and payouts and customers.
    Owner,
}

impl PublisherRole {
    /// Every role.
    pub const ALL: [Self; 2] = [Self::Contributor, Self::Owner];

    /// The word in a manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contributor => "Contributor",
            Self::Owner => "Owner",
        }
    }

    /// An owner sees what is money and personal data, and counts for `minimumOwners`.
    pub fn is_administrative(self) -> bool {
        self == Self::Owner
    }

    /// What the role sees in Seller Insights.
    pub fn sees(self) -> &'static [&'static str] {
        match self {
            Self::Contributor => &["Summary", "Orders & Usage", "Deployment", "Downloads"],
            Self::Owner => &["Summary", "Orders & Usage", "Deployment", "Downloads", "Payout", "Customer"],
        }
    }

    /// What of Seller Insights is hidden from the role.
    pub fn does_not_see(self) -> &'static [&'static str] {
        match self {
            Self::Contributor => &["Payout", "Customer"],
            Self::Owner => &[],
        }
    }
}

impl fmt::Display for PublisherRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a user was found to be able to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HeldRole {
    /// A role that we know.
    Known(PublisherRole),
    /// A word that we do not know; kept as it was reported. It may give more than an owner has, or nothing: it counts as no
    /// owner, is no contributor to promote, and is never taken away.
    Other(String),
}

impl HeldRole {
    /// The role, where we know it.
    pub fn known(&self) -> Option<PublisherRole> {
        match self {
            Self::Known(role) => Some(*role),
            Self::Other(_) => None,
        }
    }

    /// What it sees in Seller Insights, as far as we know.
    pub fn sees(&self) -> &'static [&'static str] {
        self.known().map_or(&[], PublisherRole::sees)
    }

    /// What of Seller Insights is hidden from it, as far as we know.
    pub fn does_not_see(&self) -> &'static [&'static str] {
        self.known().map_or(&[], PublisherRole::does_not_see)
    }
}

impl From<PublisherRole> for HeldRole {
    fn from(role: PublisherRole) -> Self {
        Self::Known(role)
    }
}

impl PartialEq<PublisherRole> for HeldRole {
    fn eq(&self, other: &PublisherRole) -> bool {
        self.known() == Some(*other)
    }
}

impl fmt::Display for HeldRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(role) => role.fmt(f),
            Self::Other(word) => f.write_str(word),
        }
    }
}

/// By what a publisher knows one of its users.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MemberKey {
    /// A person or a group, by address.
    Email(Email),
    /// A service principal, by its application id: a UUID in lower case.
    Application(String),
}

impl MemberKey {
    /// As it stands in a path of the portal.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(email) => email.as_str(),
            Self::Application(id) => id,
        }
    }
}

impl fmt::Display for MemberKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a publisher's user is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MemberKind {
    /// One person.
    User,
    /// A security group or a shared alias, which outlives any one person.
    Group,
    /// An application.
    ServicePrincipal(ServicePrincipal),
    /// A word that we do not know; kept as it was reported. It is listed, and never added, changed, removed or counted.
    Other(String),
}

/// An application, as the portal's form asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServicePrincipal {
    /// A UUID in lower case; the portal's key.
    pub application: String,
    /// The tenant, a UUID in lower case.
    pub tenant: String,
    /// The object id of the enterprise application (not of the app registration), a UUID in lower case.
    pub object: String,
}

/// What kind of account a person signs in with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AccountType {
    /// A work or school account ("organization ID").
    Organization,
    /// A Microsoft account (Outlook, Hotmail, Live).
    Microsoft,
    /// A word that we do not know; kept as it was reported.
    Other(String),
}

/// One user of a publisher as the portal holds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    /// Its key.
    pub key: MemberKey,
    /// What it is.
    pub kind: MemberKind,
    /// What it may do.
    pub role: HeldRole,
    /// What it signs in with; not told for groups and applications.
    pub account: Option<AccountType>,
    /// The name that the portal shows.
    pub friendly_name: Option<String>,
    /// Invited and not there yet, or in a state that we do not know: not one to count on.
    pub invited: bool,
    /// When it was added; `None` where the portal does not say.
    pub added_at: Option<Timestamp>,
    /// The `ETag` of what was read; `None` in a listing, which carries none.
    pub version: Option<String>,
}

impl Member {
    /// Whether it counts as an owner: a person, group or application that is there, and may do what an owner may.
    pub fn is_effective_owner(&self) -> bool {
        self.role == PublisherRole::Owner && !self.invited && !matches!(self.kind, MemberKind::Other(_))
    }

    /// Whether we know what it is and what it may do. Of what we do not, nothing is changed or taken away.
    pub fn is_understood(&self) -> bool {
        self.role.known().is_some() && !matches!(self.kind, MemberKind::Other(_))
    }
}

/// Somebody to add.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NewMember {
    /// Its key.
    pub key: MemberKey,
    /// What it is.
    pub kind: MemberKind,
    /// What it shall be able to do.
    pub role: PublisherRole,
    /// The name to show; portals ask for one with applications.
    pub friendly_name: Option<String>,
}

/// A complete listing of a publisher's users.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Members(pub Vec<Member>);

/// A publisher on which an identity has a role: the portal shows no other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VisiblePublisher {
    /// Its id, which is part of every offer's address.
    pub id: String,
    /// Its display name.
    pub display_name: String,
    /// The identity's own role on it; `None` for a word that we do not know.
    pub own_role: Option<PublisherRole>,
}

/// Whom the operator acts as at a portal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PortalIdentity {
    /// The publishers that it sees.
    pub publishers: Vec<VisiblePublisher>,
    /// The portal names itself a simulator.
    pub simulated: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_counts_as_no_owner() {
        let member = |role: HeldRole, kind: MemberKind, invited: bool| Member {
            key: MemberKey::Email(Email::from_remote("ada@example.com")),
            kind,
            role,
            account: None,
            friendly_name: None,
            invited,
            added_at: None,
            version: None,
        };
        let (owner, other) = (HeldRole::Known(PublisherRole::Owner), || "novel".to_owned());
        let cases = [
            (member(owner.clone(), MemberKind::User, false), true, true),
            (member(owner.clone(), MemberKind::Group, true), false, true),
            (member(owner, MemberKind::Other(other()), false), false, false),
            (member(HeldRole::Other(other()), MemberKind::User, false), false, false),
            (member(PublisherRole::Contributor.into(), MemberKind::User, false), false, true),
        ];
        for (member, counts, understood) in cases {
            assert_eq!((member.is_effective_owner(), member.is_understood()), (counts, understood), "{member:?}");
        }
    }
}
