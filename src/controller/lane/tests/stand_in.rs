//! What a lane speaks to, told what to say: a vendor, a ledger, and caches.

use std::sync::{
    Mutex,
    atomic::{AtomicU32, Ordering},
};

use futures::future::BoxFuture;

use super::*;
use crate::{
    access::listing::{AuthType, Invitation},
    backend::BackendError,
    plan::Permit,
};

/// What a call comes to.
type Answer<'a, T> = BoxFuture<'a, Result<T, BackendError>>;

fn now<'a, T: Send + 'a>(answer: Result<T, ErrorKind>) -> Answer<'a, T> {
    let answer = answer.map_err(|kind| BackendError::new(kind, "test", "as told"));
    Box::pin(std::future::ready(answer))
}

/// A backend that holds a listing, and is refused or cut off when it is told so.
#[derive(Default)]
pub(super) struct Vendor {
    pub(super) listing: Mutex<Listing>,
    /// What the next listing comes to instead.
    pub(super) fails: Mutex<Option<ErrorKind>>,
    pub(super) refuses: Mutex<Option<ErrorKind>>,
    /// A look at one grant shows none.
    pub(super) hides: Mutex<bool>,
    /// What a grant comes to.
    pub(super) grants: Mutex<Option<ErrorKind>>,
    pub(super) removed: Mutex<Vec<String>>,
}

impl AccessBackend for Vendor {
    fn identify(&self) -> Answer<'_, Identity> {
        now(Err(ErrorKind::Unavailable))
    }

    fn list(&self) -> Answer<'_, Listing> {
        now(self.fails.lock().unwrap().map_or_else(|| Ok(self.listing.lock().unwrap().clone()), Err))
    }

    fn organization_admins(&self) -> Answer<'_, Vec<Binding>> {
        now(Ok((0..3).map(|number| binding(&format!("u-{number}"), "OrganizationAdmin")).collect()))
    }

    fn is_member(&self, _: PrincipalId) -> Answer<'_, bool> {
        now(Ok(true))
    }

    fn find(&self, grant: Grant) -> Answer<'_, Option<Binding>> {
        let there = !*self.hides.lock().unwrap();
        now(Ok(there.then(|| binding(grant.principal.as_str(), &grant.role))))
    }

    fn holdings(&self, user: PrincipalId) -> Answer<'_, Listing> {
        let Listing { mut bindings, api_keys, .. } = self.listing.lock().unwrap().clone();
        bindings.retain(|binding| binding.principal == user);
        now(Ok(Listing { bindings, api_keys, ..Listing::default() }))
    }

    fn invite(&self, _: Email, _: Option<AuthType>) -> Answer<'_, Invitation> {
        now(Err(ErrorKind::Invalid))
    }

    fn rename(&self, _: PrincipalId, _: String) -> Answer<'_, ()> {
        now(Err(ErrorKind::Invalid))
    }

    fn grant(&self, grant: Grant) -> Answer<'_, Binding> {
        let refusal = *self.grants.lock().unwrap();
        now(refusal.map_or_else(|| Ok(binding(grant.principal.as_str(), &grant.role)), Err))
    }

    fn remove(&self, permit: Permit) -> Answer<'_, ()> {
        if let Some(kind) = *self.refuses.lock().unwrap() {
            return now(Err(kind));
        }
        self.removed.lock().unwrap().push(Organization::canonical(permit.removal()));
        now(Ok(()))
    }
}

/// A ledger that another leader, or an API server that is away, can be played on.
#[derive(Default)]
pub(super) struct Book {
    pub(super) kept: Mutex<Kept>,
    pub(super) away: Mutex<bool>,
    pub(super) writes: AtomicU32,
    /// What happens while it is written to.
    pub(super) meanwhile: Mutex<Option<Box<dyn Fn() + Send>>>,
}

impl Ledger for Arc<Book> {
    fn read(&self) -> BoxFuture<'_, Result<Kept, LedgerError>> {
        let kept = self.kept.lock().unwrap().clone();
        let answer = if *self.away.lock().unwrap() { Err(LedgerError::Gone) } else { Ok(kept) };
        Box::pin(std::future::ready(answer))
    }

    fn write<'a>(
        &'a self,
        removals: &'a Removals,
        version: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, LedgerError>> {
        if let Some(meanwhile) = &*self.meanwhile.lock().unwrap() {
            meanwhile();
        }
        let mut kept = self.kept.lock().unwrap();
        let answer = if *self.away.lock().unwrap() {
            Err(LedgerError::Gone)
        } else if kept.version == version {
            let count = self.writes.fetch_add(1, Ordering::Relaxed);
            *kept = Kept { removals: removals.clone(), version: format!("v{count}"), ..Kept::default() };
            Ok(Some(kept.version.clone()))
        } else {
            Ok(None)
        };
        Box::pin(std::future::ready(answer))
    }
}

/// Caches in which every object is as it was.
pub(super) struct Still;

/// A namespace in which nothing is any more.
pub(super) const GONE: &str = "gone";

impl Wake for Still {
    fn wants(&self, _: &Author) -> bool {
        true
    }

    fn exists(&self, object: &ObjectKey) -> bool {
        object.namespace != GONE
    }

    fn grounds(&self, _: &ObjectKey) -> Option<i64> {
        None
    }

    fn object(&self, _: &ObjectKey) {}
    fn connection(&self, _: Kind, _: &str) {}
    fn dependents(&self, _: Kind, _: &str) {}
    fn person(&self, _: &str, _: &PrincipalId) {}

    fn speaker(&self, _: &str, _: &Claim, _: Timestamp) -> Option<String> {
        None
    }

    fn speakers(&self, _: &str, _: &Claim) {}
}
