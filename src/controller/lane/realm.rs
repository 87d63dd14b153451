//! What a lane needs to know of the place that it writes to: an organization, or a publisher.

use std::{
    collections::{HashMap, HashSet},
    fmt::{Debug, Display},
};

use jiff::Timestamp;

use crate::{
    access::PrincipalId,
    backend::{BackendError, Purpose},
    plan::{Guarded, Held, Permit, Reason},
};

use super::{super::key::Kind, sweep::Claim};

/// A place where access is kept, with its backend: what can be listed there, which steps lead from one picture to another,
/// and what guards them. The lane does the rest alike for all: order, pace, doubt, and who is woken.
pub(crate) trait Realm: Send + Sync + 'static {
    /// A complete listing.
    type Listing: Send;
    /// What plans look at: the last listing, and our own writes on top.
    type Picture: Send + Sync;
    type Step: Clone + Debug + Display + Send + Sync;
    type Removal: Clone + Debug + Send + Sync;
    /// A step that happened.
    type Written: Clone + Debug + Send + Sync;
    /// What a step makes that its object answers for.
    type Granted: Clone + PartialEq + Send + Sync;
    /// What the owner protects.
    type Protection;
    /// What removals are judged by besides the picture, read at the beginning of each batch of them.
    type Around: Clone + Send + Sync;

    /// The kind that connects it.
    const KIND: Kind;
    /// The word in sentences.
    const NOUN: &'static str;
    /// How kubectl knows the object that connects it.
    const SHORT: &'static str;
    /// The object that connects it does not exist.
    const NOT_FOUND: Reason;
    /// It is not connected yet.
    const NOT_READY: Reason;
    /// What to do about a credential that is refused.
    const MEND_CREDENTIAL: &'static str;
    /// What to do when a listing is refused.
    const MEND_LISTING: &'static str;
    /// What a listing counts.
    const CONTENTS: &'static str;

    /// The same for two listings that hold the same facts in any order.
    fn fingerprint(listing: &Self::Listing) -> u64;
    /// How much a listing holds; nothing at all is never believed.
    fn size(listing: &Self::Listing) -> usize;
    fn picture(listing: Self::Listing) -> Self::Picture;
    /// How much a picture holds of each part that is listed for itself.
    fn parts(picture: &Self::Picture) -> Vec<(&'static str, usize)>;
    /// Whether a picture shows nobody who administers the realm.
    fn is_headless(picture: &Self::Picture) -> bool;
    /// The same as the status told it before a restart.
    fn parts_told(counts: &HashMap<String, u32>) -> Vec<(&'static str, usize)>;
    fn apply(picture: &mut Self::Picture, written: &Self::Written);
    /// Whether a listing already shows the write.
    fn shows(picture: &Self::Picture, written: &Self::Written) -> bool;

    /// Whether the picture has what the step would make.
    fn is_made(picture: &Self::Picture, step: &Self::Step, now: Timestamp) -> bool;
    /// The removal that a step is, if it is one.
    fn removal(step: &Self::Step) -> Option<&Self::Removal>;
    /// What an object would have to declare to speak for what a removal takes away; `None` where objects cannot.
    fn claim(removal: &Self::Removal, picture: &Self::Picture) -> Option<Claim>;
    /// The marks of all grants in a picture, as they are remembered where they stay undeclared.
    fn marks(picture: &Self::Picture) -> HashSet<String>;
    /// Whether a removal takes along what it does not name, so that a picture is not enough to make it on.
    fn takes_more_along(removal: &Self::Removal) -> bool;
    /// What it takes along, as no other picture of that reads.
    fn along(_: &Self::Removal, _: &Self::Picture) -> u64 {
        0
    }
    /// What a removal is, as no other one reads.
    fn canonical(removal: &Self::Removal) -> String;
    /// How many grants a removal takes away; what takes none counts as one.
    fn weight(removal: &Self::Removal, picture: &Self::Picture) -> u32;
    /// The event of a step that was made, and its sentence.
    fn told(step: &Self::Step) -> (&'static str, String);
    /// What a 403 to a step means, and what to do.
    fn forbidden(step: &Self::Step) -> (Reason, &'static str);
    /// What a step makes, where objects record it.
    fn granted(step: &Self::Step) -> Option<Self::Granted>;
    /// Whether a write ended it.
    fn is_ended(granted: &Self::Granted, written: &Self::Written) -> bool;

    /// Whom a write concerns besides its own object.
    fn concerns(written: &Self::Written) -> Concerned;

    /// Whether requests for that purpose have to wait for the vendor's rate now.
    fn is_used_up(&self, purpose: Purpose) -> bool;
    /// Everything, or an error.
    fn list(&self) -> impl Future<Output = Result<Self::Listing, BackendError>> + Send;
    /// Makes a step that adds.
    fn make(&self, step: &Self::Step) -> impl Future<Output = Result<Self::Written, BackendError>> + Send;
    /// Reads what a batch of removals is judged by.
    fn look_around(&self) -> impl Future<Output = Result<Self::Around, BackendError>> + Send;
    /// Reads what is to be removed once more, by its identity and not by its id.
    fn look_again(
        &self,
        removal: &Self::Removal,
    ) -> impl Future<Output = Result<Again<Self::Removal>, BackendError>> + Send;
    /// Reads what a removal takes along once more, as a picture of that alone; `None` where it takes nothing.
    fn look_under(
        &self,
        removal: &Self::Removal,
    ) -> impl Future<Output = Result<Option<Self::Picture>, BackendError>> + Send;
    /// Whether a fresh look that does not show what was to be removed says more than a write of ours that listings do not
    /// show yet. Where reads lag behind writes it does not.
    fn outdates(removal: &Self::Removal, written: &Self::Written) -> bool;
    /// The guards, where the object confirms the removal of such roles.
    fn pass(
        &self,
        removal: Self::Removal,
        picture: &Self::Picture,
        around: &Self::Around,
        protection: &Self::Protection,
        confirmed: &str,
    ) -> Result<Guarded<Self::Removal>, Held>;
    /// Whether a removal takes one of those away of whom a number has to remain.
    fn ends_administration(removal: &Self::Removal, around: &Self::Around) -> bool;
    /// Whether it does by itself, or by a picture, also where a look that lags does not show it.
    fn would_end_administration(removal: &Self::Removal, picture: &Self::Picture) -> bool;
    /// Who would remain after it as far as is known, and of how many of them it has to be seen that they are still there.
    fn remaining(&self, _: &Self::Removal, _: GuardBy<'_, Self>) -> (Vec<PrincipalId>, usize) {
        (Vec::new(), 0)
    }
    /// Whether one of them is still there, read now.
    fn is_there(&self, _: &PrincipalId) -> impl Future<Output = Result<bool, BackendError>> + Send {
        std::future::ready(Ok(true))
    }
    /// Leaves somebody who is not out of what a removal is judged by.
    fn leave_out(_: &mut Self::Around, _: &PrincipalId) {}
    /// Makes the removal that the permit is for.
    fn remove(&self, permit: Permit<Self::Removal>)
    -> impl Future<Output = Result<Self::Written, BackendError>> + Send;
    /// The removal as if it had happened.
    fn supposed(removal: &Self::Removal) -> Self::Written;
    /// Takes a removal into what others are judged by. Any other write changes nothing there.
    fn passed(around: &mut Self::Around, written: &Self::Written);
    /// What outlives the removal that a write was, for its event.
    fn survivors(picture: &Self::Picture, written: &Self::Written) -> Option<String>;
}

/// What guards look at.
pub(crate) struct GuardBy<'a, R: Realm + ?Sized> {
    pub(crate) picture: &'a R::Picture,
    pub(crate) around: &'a R::Around,
    pub(crate) protection: &'a R::Protection,
}

/// What a fresh look at something that is to be removed shows.
#[derive(Debug)]
pub(crate) enum Again<R> {
    /// It is there, like this.
    There(R),
    /// It is not.
    Gone,
    /// It has a form that we cannot read, and so never remove.
    Unreadable(String),
}

/// Whom a write concerns besides its own object.
#[derive(Debug, Default)]
pub(crate) struct Concerned {
    /// What this principal holds has changed.
    pub(crate) principal: Option<PrincipalId>,
    /// Who administers has changed, so that what a guard holds is worth another look.
    pub(crate) administrators: bool,
}
