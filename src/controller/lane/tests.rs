//! A lane over a backend, a ledger and caches that are told what to say: what is removed, and what is not.

mod absent;
mod acknowledged;
mod moment;
mod rate;
mod stand_in;

use std::sync::atomic::Ordering;

use super::*;
use crate::{
    access::{
        Catalogue, Email, Grant, Listing, Scope,
        listing::{Binding, Identity, User},
    },
    backend::{AccessBackend, ErrorKind, Purpose},
    plan::{Protection, Reason, Removal, Removals, Step, budget::RemovalBudget},
    telemetry::Pass,
};
use stand_in::{Book, GONE, Still, Vendor};

fn binding(principal: &str, role: &str) -> Binding {
    Binding {
        id: format!("rb-{principal}-{role}"),
        principal: PrincipalId::new(principal),
        role: role.to_owned(),
        crn: String::new(),
        scope: Some(Scope::organization()),
        created_at: None,
    }
}

fn user(number: usize) -> User {
    User {
        id: PrincipalId::new(format!("u-{number}")),
        email: Email::from_remote(&format!("p{number}@example.com")),
        full_name: String::new(),
        auth_type: None,
        created_at: None,
    }
}

/// So many people, and an `Operator` for each of them.
fn listing(people: usize) -> Listing {
    let bindings = (0..people).map(|number| binding(&format!("u-{number}"), "Operator")).collect();
    Listing { users: (0..people).map(user).collect(), bindings, ..Listing::default() }
}

/// The steps of an object with that number.
fn job(number: usize, steps: Vec<Step>) -> Job<Step> {
    let (namespace, name, uid) = ("team".to_owned(), format!("b-{number}"), format!("uid-{number}"));
    let object = ObjectKey { kind: Kind::Binding, namespace, name, uid };
    let (confirmed, purpose, pass) = (String::new(), Purpose::Change, Pass::here());
    let author = Author { object, generation: 2, deleting: true, confirmed, told: 0, purpose, pass };
    Job { author, steps, overdue: false, along: 0, until: None, grounds: None }
}

/// What a lane over that backend is made of.
fn parts(backend: Arc<dyn AccessBackend>, book: &Arc<Book>) -> Parts<Organization> {
    let identity =
        Identity { organization: String::new(), display_name: String::new(), principal: None, simulated: false };
    Parts {
        name: "example".to_owned(),
        realm: Organization { identity, backend, catalogue: Arc::new(Catalogue::embedded().clone()) },
        wake: Arc::new(Still),
        leadership: Leadership::always(),
        protection: Box::new(Protection::default),
        resync: Box::new(|| Duration::from_mins(10)),
        limits: Box::new(|| Limits { budget: RemovalBudget::default(), declared: 0, acknowledged: None }),
        ledger: Box::new(Arc::clone(book)),
        caches: None,
        outside: Outside::real(),
    }
}

/// The lane of an organization of twenty people, without its task.
struct Scene {
    lane: Arc<Lane<Organization>>,
    vendor: Arc<Vendor>,
    book: Arc<Book>,
}

impl Scene {
    async fn open() -> Self {
        let (vendor, book) = (Arc::new(Vendor::default()), Arc::new(Book::default()));
        *vendor.listing.lock().unwrap() = listing(20);
        let backend: Arc<dyn AccessBackend> = Arc::<Vendor>::clone(&vendor);
        let parts = parts(backend, &book);
        let lane = Arc::new(Lane {
            parts,
            started: Instant::now(),
            day: jiff::Timestamp::now(),
            state: RwLock::default(),
            bell: Notify::new(),
            task: std::sync::Mutex::default(),
            writes: tokio::sync::RwLock::default(),
        });
        task::list(&lane).await;
        Self { lane, vendor, book }
    }

    /// Revokes one person's role, and gives why not.
    async fn revoke(&self, number: usize) -> Option<Reason> {
        let removal = Removal::Binding(binding(&format!("u-{number}"), "Operator"));
        self.remove(number, removal).await
    }

    async fn remove(&self, number: usize, removal: Removal) -> Option<Reason> {
        let mut job = job(number, vec![Step::Remove(removal)]);
        job.along = self.lane.view().along(&job.steps);
        task::work(&self.lane, vec![job]).await;
        self.failure(number)
    }

    /// Why an object's steps were not made.
    fn failure(&self, number: usize) -> Option<Reason> {
        self.lane.read().failed.get(&format!("uid-{number}")).map(|failed| failed.finding.reason)
    }

    fn removed(&self) -> usize {
        self.vendor.removed.lock().unwrap().len()
    }

    fn counted(&self) -> u32 {
        self.book.kept.lock().unwrap().removals.counted.iter().map(|it| it.count).sum()
    }
}

#[tokio::test]
async fn each_removal_is_counted_before_it_is_made_and_what_is_beyond_the_budget_is_held() {
    let scene = Scene::open().await;
    for number in 2..10 {
        let expected = (number >= 7).then_some(Reason::RemovalBudgetExceeded);
        assert_eq!(scene.revoke(number).await, expected, "{number}");
        let gone = u32::try_from(scene.removed()).unwrap();
        assert_eq!((gone, scene.book.writes.load(Ordering::Relaxed)), (scene.counted(), scene.counted()));
    }
    assert_eq!(scene.removed(), 5);
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_removed() {
    let scene = Scene::open().await;
    *scene.book.away.lock().unwrap() = true;
    assert_eq!(scene.revoke(2).await, Some(Reason::Progressing));
    *scene.book.away.lock().unwrap() = false;
    assert_eq!(scene.revoke(3).await, None);
    *scene.book.away.lock().unwrap() = true;
    assert_eq!(scene.revoke(4).await, Some(Reason::Progressing));
    assert_eq!((scene.removed(), scene.counted()), (1, 1));
}

#[tokio::test]
async fn what_another_leader_counted_meanwhile_counts() {
    let scene = Scene::open().await;
    assert_eq!(scene.revoke(2).await, None);
    let others = Removals::default().counting(5, &RemovalBudget::default(), 0, jiff::Timestamp::now());
    *scene.book.kept.lock().unwrap() = Kept { removals: others, version: "theirs".to_owned(), ..Kept::default() };
    assert_eq!(scene.revoke(3).await, Some(Reason::RemovalBudgetExceeded));
    assert_eq!(scene.removed(), 1);
}

#[tokio::test]
async fn what_the_vendor_certainly_did_not_remove_is_given_back_and_what_is_not_certain_is_not() {
    let scene = Scene::open().await;
    for (kind, spent) in [
        (ErrorKind::Throttled, 0),
        (ErrorKind::Invalid, 0),
        (ErrorKind::Forbidden, 1),
        (ErrorKind::Conflict, 1),
        (ErrorKind::Ambiguous, 1),
    ] {
        *scene.vendor.refuses.lock().unwrap() = Some(kind);
        scene.revoke(2).await;
        let record = scene.lane.read().budget.record.clone().unwrap();
        assert_eq!(record.counted.iter().map(|it| it.count).sum::<u32>(), spent, "{kind:?}");
        scene.lane.write().paused_until = None;
    }
    assert_eq!(scene.removed(), 0);
}

#[tokio::test]
async fn an_account_counts_for_each_binding_that_falls_with_it() {
    let scene = Scene::open().await;
    {
        let mut listing = scene.vendor.listing.lock().unwrap();
        listing.bindings.extend((0..5).map(|number| binding("u-7", &format!("Role{number}"))));
    }
    task::list(&scene.lane).await;
    let account = |number: usize| {
        let User { id: user, email, .. } = user(number);
        Removal::Account { user, email }
    };
    assert_eq!(scene.remove(6, account(6)).await, None);
    assert_eq!(scene.counted(), 1);
    assert_eq!(scene.remove(7, account(7)).await, Some(Reason::RemovalBudgetExceeded));
}

/// What a listing may come to that proves nothing, and whether removals wait for a better one.
#[tokio::test]
async fn a_listing_that_failed_or_is_suddenly_short_takes_nothing_away() {
    let without = |edit: fn(&mut Listing)| {
        let mut short = listing(20);
        edit(&mut short);
        Ok(short)
    };
    // (what, the next listing, what `InventoryFresh` says, whether removals wait)
    let cases = [
        ("failed half-way", Err(ErrorKind::Unavailable), Reason::BackendUnavailable, false),
        ("cut off", Err(ErrorKind::Malformed), Reason::BackendUnavailable, false),
        ("refused", Err(ErrorKind::Forbidden), Reason::RolesUnreadable, false),
        ("throttled", Err(ErrorKind::Throttled), Reason::Throttled, false),
        ("empty", Ok(Listing::default()), Reason::InventoryInDoubt, true),
        ("all shrunken", Ok(listing(9)), Reason::InventoryInDoubt, true),
        ("no bindings", without(|it| it.bindings.clear()), Reason::InventoryInDoubt, true),
        ("no people", without(|it| it.users.clear()), Reason::InventoryInDoubt, true),
        ("few bindings", without(|it| it.bindings.truncate(9)), Reason::InventoryInDoubt, true),
    ];
    for (what, next, reason, waits) in cases {
        let scene = Scene::open().await;
        let counts = |scene: &Scene| scene.lane.read().picture.as_ref().unwrap().counts();
        let before = counts(&scene);
        match next {
            Ok(short) => *scene.vendor.listing.lock().unwrap() = short,
            Err(kind) => *scene.vendor.fails.lock().unwrap() = Some(kind),
        }
        task::list(&scene.lane).await;
        assert_eq!(counts(&scene), before, "{what}: the picture stays");
        assert_eq!(scene.lane.view().listing_failure().unwrap().reason, reason, "{what}");
        let expected = waits.then_some(Reason::InventoryInDoubt);
        assert_eq!(scene.revoke(2).await, expected, "{what}");
        assert_eq!(scene.removed(), usize::from(!waits), "{what}");
        // A whole listing ends the doubt, and what waited goes.
        *scene.vendor.fails.lock().unwrap() = None;
        *scene.vendor.listing.lock().unwrap() = listing(20);
        task::list(&scene.lane).await;
        assert!(scene.lane.view().listing_failure().is_none(), "{what}");
        assert_eq!(scene.revoke(3).await, None, "{what}");
    }
}

#[tokio::test]
async fn a_short_listing_is_believed_when_a_second_one_agrees_and_an_empty_one_never() {
    let scene = Scene::open().await;
    *scene.vendor.listing.lock().unwrap() = listing(9);
    task::list(&scene.lane).await;
    // A failure in between settles nothing.
    *scene.vendor.fails.lock().unwrap() = Some(ErrorKind::Unavailable);
    task::list(&scene.lane).await;
    assert_eq!(scene.revoke(2).await, Some(Reason::InventoryInDoubt));
    *scene.vendor.fails.lock().unwrap() = None;
    task::list(&scene.lane).await;
    assert!(scene.lane.view().listing_failure().is_none());
    assert_eq!(scene.lane.read().picture.as_ref().unwrap().counts().bindings, 9);
    *scene.vendor.listing.lock().unwrap() = Listing::default();
    for _ in 0..3 {
        task::list(&scene.lane).await;
        assert_eq!(scene.revoke(2).await, Some(Reason::InventoryInDoubt));
    }
    assert_eq!(scene.removed(), 0);
}

#[tokio::test]
async fn what_we_removed_ourselves_raises_no_doubt() {
    let scene = Scene::open().await;
    {
        let mut listing = scene.vendor.listing.lock().unwrap();
        listing.bindings.retain(|it| it.principal.as_str() == "u-2");
    }
    // Nineteen of twenty are gone by our own hand.
    for number in (0..20).filter(|number| *number != 2) {
        let written = crate::plan::Written::Removed(Removal::Binding(binding(&format!("u-{number}"), "Operator")));
        scene.lane.write().picture.as_mut().unwrap().apply(&written);
    }
    task::list(&scene.lane).await;
    assert!(scene.lane.view().listing_failure().is_none());
}

#[tokio::test]
async fn the_first_listing_after_a_restart_is_measured_by_what_the_status_told() {
    let counts = |people: u32, bindings: u32| {
        [("users", people), ("bindings", bindings)].map(|(name, count)| (name.to_owned(), count)).into()
    };
    // Who administers it is listed for itself, so that all of these may be missing, and no count tells.
    for (told, headed, doubted) in [
        (counts(20, 20), true, false),
        (counts(20, 20), false, true),
        (counts(50, 20), true, true),
        (counts(20, 41), true, true),
        (counts(0, 0), false, false),
    ] {
        let scene = Scene::open().await;
        if headed {
            scene.vendor.listing.lock().unwrap().bindings[0].role = "OrganizationAdmin".to_owned();
        }
        scene.lane.write().picture = None;
        scene.book.kept.lock().unwrap().counts = told;
        scene.lane.write().budget = budget::BudgetState::default();
        booking::load(&scene.lane).await.unwrap();
        task::list(&scene.lane).await;
        assert_eq!(scene.lane.view().listing_failure().is_some(), doubted);
        assert_eq!(scene.lane.view().picture().is_none(), doubted, "no object is judged by it");
        task::list(&scene.lane).await;
        assert!(scene.lane.view().picture().is_some(), "a second one agrees");
    }
}
