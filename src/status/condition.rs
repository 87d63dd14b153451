//! The condition types and one condition. PURE.

use std::fmt;

use jiff::Timestamp;

macro_rules! condition_types {
    ($($(#[doc = $doc:literal])+ $name:ident: $on:literal;)+) => {
        /// What a condition is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ConditionType { $($(#[doc = $doc])+ $name,)+ }

        impl ConditionType {
            /// Every type, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The word in the object.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// What it says.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+),)+ }
            }

            /// Which kinds carry it.
            pub fn on(self) -> &'static str {
                match self { $(Self::$name => $on,)+ }
            }
        }
    };
}

condition_types! {
    /// It is as declared; the one condition that sums up all others.
    Ready: "all kinds";
    /// It is being worked on, or waits for something that will wake it; absent otherwise.
    Reconciling: "all kinds";
    /// It will not go on before a person decides something; absent otherwise.
    Stalled: "all kinds";
    /// The declared state makes sense and may be made; it carries every validation failure.
    Validated: "all kinds";
    /// The person is a member.
    InvitationAccepted: "ConfluentUser";
    /// The access is in force now.
    Granted: "RoleBinding, PublisherUser";
    /// The vendor accepts the credential, and it belongs to the declared organization, or sees the declared publisher.
    CredentialsValid: "ConfluentOrganization, Publisher";
    /// The operator's identity has the roles that its work needs.
    PermissionsSufficient: "ConfluentOrganization, Publisher";
    /// A complete listing has been read and still counts.
    InventoryFresh: "ConfluentOrganization, Publisher";
    /// More is to be removed than the removal budget allows, and waits for a person; present only then.
    RemovalsHeld: "ConfluentOrganization, Publisher";
    /// The backend is the simulator; present only then.
    Simulated: "ConfluentOrganization, Publisher";
}

impl fmt::Display for ConditionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// True, False or Unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Truth {
    /// It is so.
    True,
    /// It is not so.
    False,
    /// It cannot be told.
    Unknown,
}

impl Truth {
    /// The word in the object.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

impl From<Option<bool>> for Truth {
    fn from(holds: Option<bool>) -> Self {
        match holds {
            Some(true) => Self::True,
            Some(false) => Self::False,
            None => Self::Unknown,
        }
    }
}

/// One condition as it is written; words are text, since an older operator may have written others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Its type.
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// A word of [`crate::plan::Reason`].
    pub reason: String,
    /// The sentence.
    pub message: String,
    /// The generation that it speaks of.
    pub observed_generation: i64,
    /// When the status last flipped.
    pub last_transition: Timestamp,
}
