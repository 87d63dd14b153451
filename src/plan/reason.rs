//! The reasons: one enum for everything that a condition or an event can give as its reason. PURE.
//!
//! Each carries its doc comment as data, so that the README's table is generated from here.

use std::fmt;

/// How a reason reads to kstatus, and so to every tool that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// `Ready=True`.
    Settled,
    /// `Ready=Unknown`, `Reconciling=True`: being worked on.
    Working,
    /// `Ready=False`, `Reconciling=True`: continues by itself when something else changes.
    Waiting,
    /// `Ready=False`, `Stalled=True`: a person has to decide something.
    Refused,
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident: $class:ident, $next:literal;)+) => {
        /// Why a condition has its status.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $($(#[doc = $doc])+ $name,)+ }

        impl Reason {
            /// Every reason, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The word in a condition.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// How it reads to tools that wait.
            pub fn class(self) -> Class {
                match self { $(Self::$name => Class::$class,)+ }
            }

            /// When it appears.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+),)+ }
            }

            /// What to do.
            pub fn next_step(self) -> &'static str {
                match self { $(Self::$name => $next,)+ }
            }
        }
    };
}

reasons! {
    /// The backend holds what the object declares.
    InSync: Settled, "Nothing.";
    /// The person is a member and holds no role, the normal state of somebody newly added.
    NoRoles: Settled, "Declare a `RoleBinding` when the person needs one; the console and the CLI need at least one role.";
    /// The person has not accepted the invitation yet.
    InvitationPending: Settled, "Nothing; the person accepts by the link in the e-mail. Bindings are in place already.";
    /// Other objects declare the same thing; it goes with the last of them.
    Shared: Settled, "Nothing, or delete the object that is one too many.";
    /// The declared state makes sense and may be made.
    Valid: Settled, "Nothing.";
    /// The vendor accepts the credential, and it belongs to the declared organization, or sees the declared publisher.
    CredentialsAccepted: Settled, "Nothing.";
    /// The operator's identity has the roles that its work needs.
    PermissionsHeld: Settled, "Nothing.";
    /// A complete listing has been read.
    InventoryRead: Settled, "Nothing.";
    /// The time that `spec.validity` gives the access has not come.
    NotYetValid: Settled, "Nothing; it is granted at the time that the message names.";
    /// The time that `spec.validity` gives the access is over; what this object gave is revoked.
    Expired: Settled, "Delete the object, or move `spec.validity.notAfter` where the access is needed for longer.";
    /// `spec.suspend` is true: nothing remote is changed, and the message says what would be.
    Suspended: Settled, "Nothing, or set `spec.suspend` to false.";
    /// The organization or publisher says `management: Observe`: nothing remote is changed, and the message says what would be.
    Observed: Settled, "Read what would be done, then set `management: Full` on the organization or publisher.";
    /// The backend is the simulator; nothing here is real.
    Simulator: Settled, "Point `spec.backend` at the vendor when you mean it.";

    /// A change is on its way to the backend.
    Progressing: Working, "Wait.";
    /// Access is being taken away because the object is being deleted.
    Revoking: Waiting, "Wait.";

    /// `organizationRef` names an object that does not exist.
    OrganizationNotFound: Waiting, "Create the `ConfluentOrganization`, or correct the name.";
    /// The organization is not connected yet.
    OrganizationNotReady: Waiting, "Look at the organization: `kubectl describe corg`.";
    /// `publisherRef` names an object that does not exist.
    PublisherNotFound: Waiting, "Create the `Publisher`, or correct the name.";
    /// The publisher is not connected yet.
    PublisherNotReady: Waiting, "Look at the publisher: `kubectl describe publ`.";
    /// Nobody answers to the declared principal.
    PrincipalNotFound: Waiting, "Declare a `ConfluentUser`, create the service account, or correct the name.";
    /// The environment or cluster is not in the listing.
    ScopeNotFound: Waiting, "Correct the scope, or create the cluster; it is looked for again at every listing.";
    /// The vendor limits our rate.
    Throttled: Waiting, "Wait; it continues at the time that the vendor named.";
    /// The backend does not answer, or answers with something else than it should.
    BackendUnavailable: Waiting, "Look at the vendor's status page and at the network; it is tried again by itself.";
    /// A listing is suddenly short or empty, and a second one that agrees is awaited; nothing is removed meanwhile.
    InventoryInDoubt: Waiting, "Wait; a second look follows by itself. Where the vendor goes on listing nothing at all, look at its status page.";
    /// The organization has reached a limit of the vendor.
    QuotaExceeded: Waiting, "Remove what is not needed, or ask the vendor for more; it is tried again by itself.";
    /// The organization or publisher is kept while objects refer to it.
    DependentsExist: Waiting, "Delete the objects that refer to it; they revoke what they declared first.";

    /// The object cannot be understood.
    InvalidSpec: Refused, "Correct the field that the message names.";
    /// The endpoint is plain http to a host that is neither loopback nor allowed.
    EndpointNotAllowed: Refused, "Use https, or start the operator with `--allow-http-host`.";
    /// The Secret, or one of its keys, is missing.
    CredentialsMissing: Refused, "Create the Secret with the keys `key` and `secret` in the credentials namespace.";
    /// The vendor refuses the credential.
    CredentialsRejected: Refused, "Put a valid key and secret into the Secret; it is read again as soon as it changes.";
    /// The credential belongs to another organization than the declared one.
    OrganizationMismatch: Refused, "Correct `spec.organizationId`, or use a key of the declared organization.";
    /// An older object connects to the same organization.
    DuplicateOrganization: Refused, "Delete this object, and let its dependents name the older one.";
    /// The operator's identity has no role on the declared publisher, so the portal does not show it.
    PublisherNotVisible: Refused, "Correct `spec.publisherId`, or add the operator's identity to the publisher as Owner.";
    /// An older object connects to the same publisher.
    DuplicatePublisher: Refused, "Delete this object, and let its dependents name the older one.";
    /// The vendor does not let the operator read its own roles.
    RolesUnreadable: Waiting, "Give the key's owner a role that may read role bindings, for example OrganizationAdmin.";
    /// The operator's identity may not invite, change or remove people.
    MissingAccountAdmin: Refused, "Grant AccountAdmin (or OrganizationAdmin) to the operator's identity.";
    /// The portal does not let the operator's identity change the publisher's users.
    MissingOwner: Refused, "Make the operator's identity Owner of the publisher.";
    /// The operator's identity may not grant that role there.
    GranterNotAllowed: Refused, "Grant the operator's identity one of the roles that the message names, or bind by hand.";
    /// The catalogue does not know the role.
    RoleUnknown: Refused, "Correct the name, or set `spec.allowUnknownRoles` on the organization where the vendor has the role.";
    /// The role cannot be bound to that kind of place.
    RoleNotAllowedAtScope: Refused, "Bind it to one of the places that the message names.";
    /// The role is not for that kind of principal.
    RoleNotForPrincipal: Refused, "Declare one of the kinds of principal that the message names, or another role.";
    /// Roles inside a Basic cluster do not exist.
    ClusterTypeUnsupported: Refused, "Use a cluster that is more than Basic, or bind CloudClusterAdmin to the cluster.";
    /// No delegation of the organization or publisher permits it from this namespace.
    DelegationDenied: Refused, "Ask whoever keeps the organization or publisher to add it to `spec.delegations`.";
    /// Another object declares something else for the same user of the publisher.
    ContradictingRoles: Refused, "Make all objects for that user say the same, or delete one; the access is untouched.";
    /// The publisher's user is there as something else than the declared one: a group for a person, another tenant.
    MemberMismatch: Refused, "Declare what the portal holds, or remove that user in the portal; the access is untouched.";
    /// The access was there before the object, and the object does not say that it takes it over.
    AdoptionRequired: Refused, "Set `adoption: Adopt` to take it over, or delete the object; the access is untouched.";
    /// The reference means somebody else than when the grant was made, or the address somebody else than the account.
    PrincipalChanged: Refused, "Touch the binding's own spec to confirm whom you mean; of a person, do what the message names.";
    /// The invitation lapsed as often as `invitation.maxAttempts` allows.
    InvitationExpired: Refused, "Ask the person, then raise `spec.invitation.maxAttempts`.";
    /// The account is kept because something still hangs on it.
    AccessRemains: Refused, "Remove what the message lists, or set `deletionPolicy: Delete`.";
    /// Without this grant fewer administrators than the minimum would remain.
    LastOrganizationAdmin: Refused, "Make another active person OrganizationAdmin first.";
    /// The grant is what the operator itself acts with.
    OwnOrganizationAdmin: Refused, "Another OrganizationAdmin must remove it in the portal.";
    /// The person is one of `protection.requiredOrganizationAdmins`.
    RequiredOrganizationAdmin: Refused, "Take the address out of `protection.requiredOrganizationAdmins` first.";
    /// An administrative grant is to be removed, and whoever keeps the organization or publisher wants that confirmed.
    ConfirmationRequired: Refused, "Annotate the object with `access.roster.dev/confirm-removal` and the role's name; it goes on by itself.";
    /// More is to be removed within the window than the removal budget allows; everything beyond waits for a person.
    RemovalBudgetExceeded: Refused, "Look at `status.heldRemovals` of the organization or publisher, which names the command that lets go of exactly that.";
    /// Without this user fewer owners than the minimum would remain.
    LastOwner: Refused, "Make another user who is there an owner first, or set `deletionPolicy: Retain`.";
    /// The user is what the operator itself acts as.
    OwnPublisherRole: Refused, "Another owner must do it in the portal; `deletionPolicy: Retain` lets the object go.";
    /// The backend refuses, for a cause of its own.
    BackendRefused: Refused, "Read the vendor's words in the message.";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
