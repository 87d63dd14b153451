//! When to list, and whether to believe a listing. No IO.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    backend::{BackendError, ErrorKind},
    plan::{Finding, Reason},
};

use super::{LONGEST_LAG, State, realm::Realm};

/// Shortest time between two listings that something asked for.
const BREATH: Duration = Duration::from_secs(1);
/// Time between two listings while steps are refused although the picture permits them.
const SOON: Duration = Duration::from_secs(5);
/// How old a listing may be when something new names what it does not show: a cluster or an account that was made just before.
const NEWS: Duration = Duration::from_secs(30);
/// Fewer than this may become half as many by themselves.
const FEW: usize = 10;
/// How often a refused credential is tried again when nobody changes the Secret.
const REFUSED: Duration = Duration::from_mins(1);

/// What a listing was asked for, since one began.
#[derive(Clone, Copy, Default)]
struct Asked {
    /// Something looked otherwise than the picture says.
    now: bool,
    /// The same, and it may go on asking.
    soon: bool,
    /// Something new names what the picture does not show.
    news: bool,
}

/// What is known about listings.
#[derive(Default)]
pub(super) struct ListingState {
    /// When the last complete listing began.
    pub(super) began: Option<Instant>,
    /// Why the last try failed.
    pub(super) failure: Option<Finding>,
    /// The one that is under way is drawn out by the vendor's rate.
    drawn_out: Option<Finding>,
    /// When the last try ended, good or bad.
    tried: Option<Instant>,
    failures: u32,
    retry_after: Option<Duration>,
    refused: bool,
    asked: Asked,
    fingerprint: u64,
    /// The fingerprint of a listing that shrank too much to be believed alone.
    suspect: Option<u64>,
}

impl ListingState {
    /// A listing begins. What is asked for from now on asks for another one: this one may have read what it is about.
    pub(super) fn begin(&mut self) {
        self.asked = Asked::default();
    }

    /// Something asked for a fresh look.
    pub(super) fn want(&mut self) {
        self.asked.now = true;
    }

    /// Something asked for a fresh look, and may go on asking.
    pub(super) fn want_before_long(&mut self) {
        self.asked.soon = true;
    }

    /// Something new names what the last listing does not show.
    pub(super) fn want_news(&mut self) {
        self.asked.news = true;
    }

    /// The one that is under way takes long, since the vendor limits the rate. What was said of the one before stays.
    pub(super) fn draw_out(&mut self, noun: &str) {
        let message =
            format!("the {noun} is being listed as fast as the vendor lets us, which is slow; it goes on by itself");
        self.drawn_out = Some(Finding::new(Reason::Throttled, message));
    }

    /// What is to be said of listings, where not all is well.
    pub(super) fn trouble(&self) -> Option<&Finding> {
        self.failure.as_ref().or(self.drawn_out.as_ref())
    }

    /// When the next listing is due.
    pub(super) fn due(&self, resync: Duration) -> Option<Instant> {
        let tried = self.tried?;
        if self.failure.is_some() {
            let backoff = Duration::from_secs(1 << self.failures.min(6)).min(Duration::from_mins(1));
            let wait = if self.refused { REFUSED } else { self.retry_after.unwrap_or(backoff) };
            return Some(tried + wait);
        }
        let soonest = match (self.asked.now, self.asked.soon) {
            (true, _) => BREATH,
            (false, true) => SOON.min(resync),
            (false, false) => resync,
        };
        let news = self.began.filter(|_| self.asked.news).map(|began| (began + NEWS).max(tried + BREATH));
        Some(news.map_or(tried + soonest, |news| news.min(tried + soonest)))
    }

    /// Nothing may be removed while a listing that shrank waits for a second one.
    pub(super) fn in_doubt(&self) -> bool {
        self.suspect.is_some()
    }
}

/// What became of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// The picture is another one.
    Changed,
    /// It is as it was.
    Same,
    /// It is not believed.
    Refused,
}

impl<R: Realm> State<R> {
    /// Takes a complete listing in, under our own writes that it does not show yet.
    pub(super) fn listed(&mut self, listing: R::Listing, began: Instant, now: Instant) -> Read {
        let (size, fingerprint) = (R::size(&listing), R::fingerprint(&listing));
        let mut picture = R::picture(listing);
        if let Some(failure) = self.doubts(size, &picture, fingerprint) {
            self.fail(failure, false, None, now);
            // A second look settles it, and soon.
            self.listing.retry_after = Some(BREATH * 2);
            return Read::Refused;
        }
        // What was ours alone to know, and is believed no longer, is news although the vendor lists what it did before.
        let mut undone = false;
        self.unconfirmed.retain(|(written, at)| {
            let shown = R::shows(&picture, written);
            // By when the listing began: one that is long under way read its first pages before what was written meanwhile.
            let lagging = !shown && began < *at + LONGEST_LAG;
            if lagging {
                R::apply(&mut picture, written);
            }
            undone |= !shown && !lagging;
            lagging
        });
        // Whether a removal without an answer was made is told by now: what a guard held because of it is worth another try.
        let doubted = self.doubtful.len();
        self.doubtful.retain(|(_, at)| began < *at + LONGEST_LAG);
        undone |= self.doubtful.len() < doubted;
        if let Some(record) = self.budget.record.as_ref().filter(|record| !record.retained.is_empty()) {
            self.lacking.look(&record.retained, &R::marks(&picture));
        }
        let changed = self.picture.is_none() || self.listing.fingerprint != fingerprint || undone;
        self.picture = Some(picture);
        self.version += u64::from(changed);
        let (began, tried, asked) = (Some(began), Some(now), self.listing.asked);
        self.listing = ListingState { began, tried, asked, fingerprint, ..ListingState::default() };
        if changed { Read::Changed } else { Read::Same }
    }

    /// Notes that a listing failed; the picture stays the one it was.
    pub(super) fn listing_failed(&mut self, error: &BackendError, now: Instant) {
        let reason = match error.kind {
            ErrorKind::CredentialsRejected => Reason::CredentialsRejected,
            ErrorKind::Throttled => Reason::Throttled,
            ErrorKind::Forbidden => Reason::RolesUnreadable,
            ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::Invalid
            | ErrorKind::QuotaExceeded
            | ErrorKind::Unavailable
            | ErrorKind::Ambiguous
            | ErrorKind::Malformed => Reason::BackendUnavailable,
        };
        let next = match error.kind {
            ErrorKind::Forbidden => format!(": {}", R::MEND_LISTING),
            ErrorKind::CredentialsRejected => format!(": {}", R::MEND_CREDENTIAL),
            ErrorKind::Throttled
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::Invalid
            | ErrorKind::QuotaExceeded
            | ErrorKind::Unavailable
            | ErrorKind::Ambiguous
            | ErrorKind::Malformed => "; it is tried again by itself".to_owned(),
        };
        let said = error.public.trim_end_matches('.');
        let finding =
            Finding::new(reason, format!("the {} cannot be listed: {}: {said}{next}", R::NOUN, error.operation));
        self.fail(finding, error.kind == ErrorKind::CredentialsRejected, error.retry_after, now);
    }

    fn fail(&mut self, failure: Finding, refused: bool, retry_after: Option<Duration>, now: Instant) {
        self.listing.failure = Some(failure);
        self.listing.drawn_out = None;
        self.listing.refused = refused;
        self.listing.retry_after = retry_after;
        self.listing.failures += 1;
        self.listing.tried = Some(now);
    }

    /// A realm always has somebody in it, and it does not lose half of what it holds, or all of one part, from one look to
    /// the next but by our own writes, which the picture has: such a listing is believed only when a second one agrees.
    fn doubts(&mut self, size: usize, seen: &R::Picture, fingerprint: u64) -> Option<Finding> {
        let finding = |message: String| Some(Finding::new(Reason::InventoryInDoubt, message));
        if size == 0 {
            self.listing.suspect = Some(fingerprint);
            return finding(format!("the vendor lists no {}, which no {} can be without", R::CONTENTS, R::NOUN));
        }
        let told = self.budget.kept.as_ref().map(|kept| R::parts_told(&kept.counts)).unwrap_or_default();
        // Somebody always does, and a restart tells nothing of who did. Where that is not shown to us, a second look agrees.
        let was_looked_at = told.iter().any(|(_, count)| *count > 0);
        let had_head = self.picture.as_ref().map_or(was_looked_at, |before| !R::is_headless(before));
        if had_head && R::is_headless(seen) && self.listing.suspect != Some(fingerprint) {
            self.listing.suspect = Some(fingerprint);
            return finding(format!(
                "the vendor lists nobody who administers the {}: a second look has to agree",
                R::NOUN
            ));
        }
        let before = self.picture.as_ref().map_or(told, R::parts);
        let mut parts = before.into_iter().zip(R::parts(seen));
        let (what, before, now) = parts.find_map(|((what, before), (_, now))| {
            let shrank = (before >= FEW && now * 2 < before) || (before > 0 && now == 0);
            shrank.then_some((what, before, now))
        })?;
        if self.listing.suspect == Some(fingerprint) {
            return None;
        }
        self.listing.suspect = Some(fingerprint);
        finding(format!(
            "the vendor lists {now} {what} where there were {before}: nothing is removed before a second look agrees"
        ))
    }
}

/// Of facts in any order.
pub(super) fn sum(items: impl IntoIterator<Item = impl Hash>) -> u64 {
    items.into_iter().map(hash).fold(0, u64::wrapping_add)
}

pub(super) fn hash(item: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    item.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{super::organization::Organization, *};
    use crate::{
        access::{
            Grant, Listing, PrincipalId, Scope,
            listing::{Binding, User},
        },
        plan::{Removal, Written},
    };

    type State = super::State<Organization>;

    fn binding(number: usize) -> Binding {
        Binding {
            id: format!("rb-{number}"),
            principal: PrincipalId::new(format!("u-{number}")),
            role: "Operator".to_owned(),
            crn: String::new(),
            scope: Some(Scope::organization()),
            created_at: None,
        }
    }

    fn listing(bindings: impl IntoIterator<Item = usize>) -> Listing {
        let bindings: Vec<Binding> = bindings.into_iter().map(binding).collect();
        let users = bindings.first().map(|_| user()).into_iter().collect();
        Listing { users, bindings, ..Listing::default() }
    }

    fn user() -> User {
        User {
            id: PrincipalId::new("u-9"),
            email: crate::access::Email::from_remote("a@example.com"),
            full_name: String::new(),
            auth_type: None,
            created_at: Some(Timestamp::UNIX_EPOCH),
        }
    }

    fn holds(state: &State, number: usize) -> bool {
        let principal = PrincipalId::new(format!("u-{number}"));
        let grant = Grant { principal, role: "Operator".to_owned(), scope: Scope::organization() };
        state.picture.as_ref().is_some_and(|inventory| inventory.find(&grant).is_some())
    }

    #[test]
    fn a_listing_that_shrank_is_believed_when_a_second_one_agrees_and_an_empty_one_never() {
        let (mut state, now) = (State::default(), Instant::now());
        assert_eq!(state.listed(listing(0..20), now, now), Read::Changed);
        assert_eq!(state.listed(listing(0..5), now, now), Read::Refused);
        assert!(state.listing.in_doubt() && holds(&state, 19));
        // Another short one is no agreement.
        assert_eq!(state.listed(listing(0..4), now, now), Read::Refused);
        assert_eq!(state.listed(listing(0..4), now, now), Read::Changed);
        assert!(!state.listing.in_doubt() && !holds(&state, 19));
        let nobody = || Listing { users: Vec::new(), ..listing(0..4) };
        for empty in [listing([]), listing([]), listing([]), nobody(), nobody(), nobody()] {
            assert_eq!(state.listed(empty, now, now), Read::Refused);
        }
        assert!(holds(&state, 3));
        // Back to its size, it needs no second.
        assert_eq!(state.listed(listing(0..20), now, now), Read::Changed);
    }

    #[test]
    fn our_own_writes_overlay_a_listing_that_lags_until_it_should_know() {
        let (mut state, now) = (State::default(), Instant::now());
        state.listed(listing(0..3), now, now);
        state.unconfirmed =
            vec![(Written::Granted(binding(7)), now), (Written::Removed(Removal::Binding(binding(0))), now)];
        state.listed(listing(0..3), now, now + Duration::from_mins(1));
        assert!(holds(&state, 7) && !holds(&state, 0));
        let (last, version) = (now + LONGEST_LAG, state.version);
        assert_eq!(
            state.listed(listing(0..3), now, last),
            Read::Same,
            "one that takes long read its first pages before"
        );
        assert!(holds(&state, 7) && !holds(&state, 0));
        assert_eq!(state.listed(listing(0..3), last, last), Read::Changed, "others have to hear of it");
        assert!(!holds(&state, 7) && holds(&state, 0) && state.version > version, "then the listing is believed");
        assert_eq!(state.listed(listing(0..3), last, last), Read::Same);
    }

    #[test]
    fn the_same_facts_in_any_order_are_the_same_picture() {
        let (mut state, now) = (State::default(), Instant::now());
        state.listed(listing(0..3), now, now);
        let before = state.version;
        assert_eq!(state.listed(listing((0..3).rev()), now, now), Read::Same);
        assert_eq!(state.version, before);
        let renamed = User { full_name: "A".to_owned(), ..user() };
        let more = Listing { users: vec![renamed], ..listing(0..3) };
        assert_eq!(state.listed(more, now, now), Read::Changed);
    }

    #[test]
    fn what_is_newly_named_and_not_there_is_looked_for_at_once_and_twice_a_minute_at_the_most() {
        let (mut state, now, resync) = (State::default(), Instant::now(), Duration::from_mins(10));
        state.listed(listing(0..3), now, now);
        assert_eq!(state.listing.due(resync), Some(now + resync));
        state.listing.want_news();
        assert_eq!(state.listing.due(resync), Some(now + NEWS), "what is made right after a listing waits a little");
        assert_eq!(state.listing.due(SOON), Some(now + SOON), "and never longer than without");
        // The listing that begins is about it, and one that is asked for meanwhile is another.
        state.listing.begin();
        assert_eq!(state.listing.due(resync), Some(now + resync));
        state.listing.want_news();
        let later = now + Duration::from_mins(1);
        state.listed(listing(0..3), later, later);
        assert_eq!(state.listing.due(resync), Some(later + NEWS));
    }
}
