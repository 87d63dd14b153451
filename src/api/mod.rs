//! The custom resources, their schema rules, and the way from a spec to what is desired or why it is invalid. No IO.
//!
//! Shape rules live in the schema, each with a sentence that says what to do; strings stay strings in these structs and
//! are parsed in `convert`, so that an old object is invalid with a reason instead of a stalled watch.

#![expect(unreachable_pub, reason = "kube's schema derive copies each struct into a private scope")]
#![expect(clippy::duplicated_attributes, reason = "the keys of one printer column are those of the next")]

pub mod binding;
pub mod common;
pub mod convert;
pub mod drift;
pub mod organization;
pub mod publisher;
pub mod publisher_user;
pub mod removal;
mod schema;
pub mod unmanaged;
pub mod user;

pub use binding::{RoleBinding, RoleBindingSpec, RoleBindingStatus};
pub use organization::{ConfluentOrganization, ConfluentOrganizationSpec, ConfluentOrganizationStatus};
pub use publisher::{Publisher, PublisherSpec, PublisherStatus};
pub use publisher_user::{PublisherUser, PublisherUserSpec, PublisherUserStatus};
pub use user::{ConfluentUser, ConfluentUserSpec, ConfluentUserStatus};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

/// The API group of every kind and the prefix of every annotation of ours.
pub const GROUP: &str = "access.roster.dev";
/// The one finalizer.
pub const FINALIZER: &str = "access.roster.dev/cleanup";
/// Lets a deleted object go although its access cannot be revoked; the value is the object's uid.
pub const RELEASE: &str = "access.roster.dev/release";
/// The annotation by which a person confirms that an administrative grant is to be removed; its value is the role's name,
/// or several with commas between them.
pub const CONFIRM_REMOVAL: &str = "access.roster.dev/confirm-removal";
/// The annotation by which a person lets go of what the removal budget holds; its value is the digest of that.
pub const ACKNOWLEDGE: &str = "access.roster.dev/acknowledge";

/// The annotation in which the operator notes what it sets out to grant for an object that has no grant yet, in the write that puts
/// the finalizer on: a restart finds it there. Its value is a list of what `status.granting` holds.
pub const GRANTING: &str = "access.roster.dev/granting";

/// Suppresses advice about an object; the value holds one line for each rule: its name, a colon, and why.
pub const SUPPRESS: &str = "access.roster.dev/suppress";

/// Every CRD with the name of its file under `crds/`.
pub fn crds() -> [(&'static str, CustomResourceDefinition); 5] {
    [
        ("confluentorganizations.yaml", schema::finished(ConfluentOrganization::crd())),
        ("confluentusers.yaml", schema::finished(ConfluentUser::crd())),
        ("accessrolebindings.yaml", schema::finished(RoleBinding::crd())),
        ("publishers.yaml", schema::finished(Publisher::crd())),
        ("publisherusers.yaml", schema::finished(PublisherUser::crd())),
    ]
}
