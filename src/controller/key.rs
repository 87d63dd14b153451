//! What the lane and the loop know an object by. No IO.

use std::fmt;

use crate::telemetry::metrics;

/// Our kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Organization,
    User,
    Binding,
    Publisher,
    PublisherUser,
}

impl Kind {
    /// The label in metrics.
    pub(crate) fn label(self) -> metrics::Kind {
        match self {
            Self::Organization => metrics::Kind::ConfluentOrganization,
            Self::User => metrics::Kind::ConfluentUser,
            Self::Binding => metrics::Kind::RoleBinding,
            Self::Publisher => metrics::Kind::Publisher,
            Self::PublisherUser => metrics::Kind::PublisherUser,
        }
    }

    /// The word in logs and sentences.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "ConfluentOrganization",
            Self::User => "ConfluentUser",
            Self::Binding => "RoleBinding",
            Self::Publisher => "Publisher",
            Self::PublisherUser => "PublisherUser",
        }
    }
}

/// One object, for good: the uid tells a re-created one from its predecessor.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ObjectKey {
    pub(crate) kind: Kind,
    /// Empty for cluster-scoped kinds.
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
}

impl ObjectKey {
    /// The same object where it acts for one thing among several, each of which is tried, held and told for itself.
    pub(crate) fn for_one(&self, mark: &str) -> Self {
        Self { uid: format!("{}/{mark}", self.uid), ..self.clone() }
    }

    /// The uid of the object itself.
    pub(crate) fn object_uid(&self) -> &str {
        self.uid.split_once('/').map_or(self.uid.as_str(), |(uid, _)| uid)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            return f.write_str(&self.name);
        }
        write!(f, "{}/{}", self.namespace, self.name)
    }
}
