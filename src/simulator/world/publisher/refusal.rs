//! Why something about a publisher is refused. The sentences are ours. PURE.

/// A refusal. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublisherRefusal {
    /// The actor has no role on it.
    #[error("The caller has no role on the publisher '{0}'")]
    NoRole(String),
    /// The actor may look and not change.
    #[error("Only an owner of the publisher '{0}' can manage its users")]
    ReadOnly(String),
    /// No publisher has that id.
    #[error("The publisher '{0}' was not found")]
    NotFound(String),
    /// A publisher has that id.
    #[error("The publisher '{0}' already exists")]
    Exists(String),
    /// No user has that key.
    #[error("The user '{0}' was not found")]
    UserNotFound(String),
    /// A user has that key.
    #[error("The user '{0}' already exists")]
    UserExists(String),
    /// Nobody with that address waits to come in.
    #[error("No invitation to '{0}' is open")]
    NotInvited(String),
    /// No owner who is there would be left.
    #[error("The publisher '{0}' would be left without an owner")]
    LastOwner(String),
    /// It is not the version that was named, or not there.
    #[error("The user '{0}' is not, or no longer, what the condition of the request asks for")]
    VersionChanged(String),
    /// The address is none, or of a kind of account that is not supported.
    #[error("{0}")]
    InvalidEmail(String),
    /// Something else about the user is not as it must be.
    #[error("{0}")]
    InvalidUser(String),
    /// No directory knows that application.
    #[error("The application '{0}' was not found")]
    UnknownApplication(String),
}
