//! The values that labels have. No IO: closed sets, so that no object, person or error text can make a series.

use prometheus_client::encoding::{EncodeLabelValue, LabelValueEncoder};

/// Names that are in the label values.
macro_rules! label {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl EncodeLabelValue for $name {
            fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
                EncodeLabelValue::encode(&match self { $(Self::$variant => $text,)+ }, encoder)
            }
        }
    };
}

label! {
    /// Which kind of object.
    Kind {
        /// `ConfluentOrganization`.
        ConfluentOrganization = "ConfluentOrganization",
        /// `ConfluentUser`.
        ConfluentUser = "ConfluentUser",
        /// `RoleBinding`.
        RoleBinding = "RoleBinding",
        /// `Publisher`.
        Publisher = "Publisher",
        /// `PublisherUser`.
        PublisherUser = "PublisherUser",
    }
}

label! {
    /// How a reconcile ended.
    Reconciled {
        /// Nothing was to be done.
        Unchanged = "unchanged",
        /// Something was written or submitted.
        Changed = "changed",
        /// Something else has to happen first.
        Waiting = "waiting",
        /// A guard or a rule holds a step back.
        Held = "held",
        /// What is declared makes no sense, or may not be.
        Invalid = "invalid",
        /// It failed.
        Failed = "failed",
    }
}

label! {
    /// How a remote call ended.
    CallOutcome {
        /// With the answer asked for.
        Ok = "ok",
        /// The credential was refused.
        CredentialsRejected = "credentials_rejected",
        /// No right, or no such thing.
        Forbidden = "forbidden",
        /// No such thing.
        NotFound = "not_found",
        /// It is already there.
        Conflict = "conflict",
        /// It will not succeed as it is.
        Invalid = "invalid",
        /// A limit was reached.
        QuotaExceeded = "quota_exceeded",
        /// Too many requests.
        Throttled = "throttled",
        /// It certainly did not happen.
        Unavailable = "unavailable",
        /// It may have happened.
        Ambiguous = "ambiguous",
        /// The answer could not be read.
        Malformed = "malformed",
    }
}

label! {
    /// How an object stands, as its reason has it: tools that wait read the same from its conditions.
    Standing {
        /// It is as declared.
        Settled = "settled",
        /// It is being worked on.
        Working = "working",
        /// It goes on by itself when something else changes.
        Waiting = "waiting",
        /// A person has to decide something.
        Stalled = "stalled",
    }
}

label! {
    /// The verb of a remote call.
    Verb {
        /// Reads.
        Get = "GET",
        /// Makes.
        Post = "POST",
        /// Replaces.
        Put = "PUT",
        /// Changes.
        Patch = "PATCH",
        /// Removes.
        Delete = "DELETE",
        /// Any other; none is sent.
        Other = "other",
    }
}

label! {
    /// What a remote call is for.
    Purpose {
        /// What somebody waits for.
        Change = "change",
        /// Listings and repairs.
        Upkeep = "upkeep",
    }
}

label! {
    /// The class of a remote answer's status.
    Status {
        /// 200 to 299.
        Success = "2xx",
        /// 300 to 399.
        Redirect = "3xx",
        /// 400 to 499.
        Refused = "4xx",
        /// 500 and above.
        Failed = "5xx",
        /// No answer came.
        None = "none",
    }
}
