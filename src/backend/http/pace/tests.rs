//! The arithmetic against a vendor that counts in windows, and waiting under virtual time.

use std::{cmp::Reverse, collections::BinaryHeap};

use futures::future::join_all;
use proptest::prelude::*;

use super::*;

fn rate(limit: u64, remaining: u64, reset: u64) -> Rate {
    let reset = Some(Duration::from_secs(reset));
    Rate { limit: Some(limit), remaining: Some(remaining), reset, retry_after: None }
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A request that was let go and answered so.
fn answered(budget: &mut Budget, now: Instant, rate: Rate) {
    let number = budget.take(Purpose::Change, now).unwrap();
    budget.returned(number, Came::Answered { refused: false, rate }, now);
}

fn refused(budget: &mut Budget, now: Instant, retry_after: Option<u64>) {
    let number = budget.take(Purpose::Change, now).unwrap();
    let rate = Rate { retry_after: retry_after.map(seconds), ..Rate::default() };
    budget.returned(number, Came::Answered { refused: true, rate }, now);
}

/// How many of that purpose go before one has to wait, and until when.
fn go(budget: &mut Budget, purpose: Purpose, now: Instant) -> (usize, Wait) {
    for count in 0..1000 {
        if let Err(wait) = budget.take(purpose, now) {
            return (count, wait);
        }
    }
    panic!("nothing limits it");
}

#[test]
fn upkeep_leaves_a_fifth_of_a_window_to_changes() {
    for (limit, upkeep) in [(100, 80), (60, 48), (10, 8), (4, 3), (3, 2), (2, 1), (1, 1)] {
        let (mut budget, now) = (Budget::default(), Instant::now());
        answered(&mut budget, now, rate(limit, limit, 9));
        let until = now + seconds(9);
        assert_eq!(go(&mut budget, Purpose::Upkeep, now), (upkeep, Wait { until, silence: false }), "{limit}");
        let rest = usize::try_from(limit).unwrap() - upkeep;
        assert_eq!(go(&mut budget, Purpose::Change, now).0, rest, "{limit}");
    }
}

#[test]
fn the_end_of_a_window_is_the_beginning_of_the_next() {
    let (mut budget, now) = (Budget::default(), Instant::now());
    answered(&mut budget, now, rate(10, 2, 5));
    assert_eq!(go(&mut budget, Purpose::Upkeep, now).0, 0);
    let number = budget.take(Purpose::Change, now).unwrap();
    budget.returned(number, Came::Lost, now);
    assert!(budget.is_used_up(Purpose::Upkeep, now) && !budget.is_used_up(Purpose::Change, now));
    let later = now + seconds(5);
    assert!(!budget.is_used_up(Purpose::Upkeep, later));
    assert_eq!(go(&mut budget, Purpose::Change, later), (10, Wait { until: later + seconds(5), silence: false }));
}

#[test]
fn what_others_use_up_with_the_same_credential_counts() {
    let (mut budget, now) = (Budget::default(), Instant::now());
    answered(&mut budget, now, rate(100, 90, 60));
    answered(&mut budget, now, rate(100, 12, 60));
    assert_eq!(go(&mut budget, Purpose::Upkeep, now).0, 0);
    assert_eq!(go(&mut budget, Purpose::Change, now).0, 12);
}

#[test]
fn a_window_that_began_meanwhile_is_known_by_a_later_request_that_finds_more_left() {
    let (mut budget, now) = (Budget::default(), Instant::now());
    answered(&mut budget, now, rate(10, 5, 60));
    let early = budget.take(Purpose::Change, now).unwrap();
    answered(&mut budget, now, rate(10, 3, 60));
    // Answered late, it tells of what was left before, or of a new window that it was counted in: nobody knows.
    budget.returned(early, Came::Answered { refused: false, rate: rate(10, 4, 60) }, now);
    assert_eq!(go(&mut budget.clone(), Purpose::Change, now).0, 2);
    answered(&mut budget, now, rate(10, 9, 60));
    assert_eq!(go(&mut budget, Purpose::Change, now).0, 9);
}

#[test]
fn a_refusal_silences_for_as_long_as_it_says_or_for_longer_each_time() {
    let (mut budget, now) = (Budget::default(), Instant::now());
    refused(&mut budget, now, Some(30));
    assert_eq!(budget.take(Purpose::Change, now), Err(Wait { until: now + seconds(30), silence: true }));
    let mut now = now + seconds(30);
    answered(&mut budget, now, Rate::default());
    for expected in [1, 2, 4, 8, 16, 32, 32] {
        refused(&mut budget, now, None);
        let wait = budget.take(Purpose::Upkeep, now).unwrap_err();
        assert_eq!((wait.until, wait.silence), (now + seconds(expected), true));
        now = wait.until;
    }
    answered(&mut budget, now, Rate::default());
    let later = now + seconds(1);
    refused(&mut budget, later, None);
    assert_eq!(budget.take(Purpose::Change, later).unwrap_err().until, later + seconds(1));
}

#[test]
fn what_was_refused_together_counts_once_and_one_goes_ahead_alone() {
    let (mut budget, now) = (Budget::default(), Instant::now());
    let numbers: Vec<u64> = (0..8).map(|_| budget.take(Purpose::Change, now).unwrap()).collect();
    for number in numbers {
        budget.returned(number, Came::Answered { refused: true, rate: Rate::default() }, now);
    }
    let later = now + seconds(1);
    let first = budget.take(Purpose::Change, later).unwrap();
    assert!(budget.take(Purpose::Change, later).is_err());
    budget.returned(first, Came::Answered { refused: false, rate: Rate::default() }, later);
    // The others follow, none of them refused, and not all at once.
    let mut now = later;
    for _ in 0..100 {
        assert!(budget.take(Purpose::Upkeep, now).is_err());
        now += Duration::from_millis(625);
        budget.take(Purpose::Upkeep, now).unwrap();
    }
}

#[test]
fn a_request_that_never_left_used_nothing() {
    let (mut budget, now) = (Budget::default(), Instant::now());
    answered(&mut budget, now, rate(10, 1, 60));
    for _ in 0..5 {
        let number = budget.take(Purpose::Change, now).unwrap();
        budget.returned(number, Came::Unsent, now);
    }
    assert_eq!(go(&mut budget, Purpose::Change, now).0, 1);
}

/// A vendor that takes so many requests in a window that begins with the first.
struct Vendor {
    limit: u64,
    window: u64,
    began: Option<u64>,
    used: u64,
}

impl Vendor {
    /// Whether it is refused, and what is said; the time in milliseconds.
    fn asked(&mut self, at: u64) -> Came {
        if self.began.is_none_or(|began| at >= began + self.window * 1000) {
            (self.began, self.used) = (Some(at), 0);
        }
        let refused = self.used >= self.limit;
        self.used += u64::from(!refused);
        let reset = self.window - (at - self.began.unwrap()) / 1000;
        Came::Answered { refused, rate: rate(self.limit, self.limit - self.used, reset) }
    }
}

#[derive(Clone, Debug)]
struct Draw {
    pause: u64,
    upkeep: bool,
    there: u64,
    back: u64,
}

fn draws() -> impl Strategy<Value = Vec<Draw>> {
    let slow = || prop_oneof![4 => 0_u64..50, 1 => 0_u64..1500];
    let draw = (prop_oneof![6 => 0_u64..30, 1 => 0_u64..3000], any::<bool>(), slow(), slow());
    prop::collection::vec(draw.prop_map(|(pause, upkeep, there, back)| Draw { pause, upkeep, there, back }), 1..300)
}

proptest! {
    /// Once the vendor has said anything, nothing that we send together is refused, whatever comes late or out of order, and
    /// after upkeep there is always something left for a change.
    #[test]
    fn no_window_is_ever_overdrawn(limit in 1_u64..12, window in 1_u64..4, draws in draws()) {
        let (mut vendor, mut budget) = (Vendor { limit, window, began: None, used: 0 }, Budget::default());
        let origin = Instant::now();
        let instant = |at: u64| origin + Duration::from_millis(at);
        let first = budget.take(Purpose::Change, origin).unwrap();
        budget.returned(first, vendor.asked(0), origin);
        // (when, whether it comes back, the request, how long back)
        let mut events: BinaryHeap<Reverse<(u64, bool, u64, u64)>> = BinaryHeap::new();
        let (mut clock, mut came, mut sent) = (0, HashMap::new(), 0);
        for draw in &draws {
            clock += draw.pause;
            while let Some(Reverse((at, back, number, delay))) = events.pop() {
                if at > clock {
                    events.push(Reverse((at, back, number, delay)));
                    break;
                }
                if back {
                    budget.returned(number, came.remove(&number).unwrap(), instant(at));
                } else {
                    let answer = vendor.asked(at);
                    let refused = matches!(answer, Came::Answered { refused: true, .. });
                    prop_assert!(!refused, "request {number} at {at}");
                    came.insert(number, answer);
                    events.push(Reverse((at + delay, true, number, 0)));
                }
            }
            let purpose = if draw.upkeep { Purpose::Upkeep } else { Purpose::Change };
            match budget.take(purpose, instant(clock)) {
                Ok(number) => {
                    events.push(Reverse((clock + draw.there, false, number, draw.back)));
                    sent += 1;
                    let left = budget.clone().take(Purpose::Change, instant(clock)).is_ok();
                    prop_assert!(left || purpose == Purpose::Change || limit == 1);
                }
                Err(wait) => prop_assert!(wait.until > instant(clock) && !wait.silence),
            }
        }
        let longest = clock + 10_000;
        prop_assert!(sent > 0 || budget.take(Purpose::Upkeep, instant(longest)).is_ok());
    }
}

/// A vendor that refuses and tells nothing: how many requests are sent until it took so many, and how many milliseconds that
/// takes, where as many are under way at once as a listing has.
fn blindly(limit: u64, window: u64, wanted: usize) -> (usize, u64) {
    const ABREAST: usize = 4;
    let (mut vendor, mut budget) = (Vendor { limit, window, began: None, used: 0 }, Budget::default());
    let origin = Instant::now();
    let (mut clock, mut sent, mut taken) = (0_u64, 0, 0);
    while taken < wanted {
        let now = origin + Duration::from_millis(clock);
        let mut under_way = Vec::new();
        while under_way.len() < ABREAST {
            let Ok(number) = budget.take(Purpose::Upkeep, now) else { break };
            under_way.push(number);
        }
        clock += 50;
        for number in under_way {
            let Came::Answered { refused, .. } = vendor.asked(clock) else { unreachable!() };
            (sent, taken) = (sent + 1, taken + usize::from(!refused));
            let answer = Came::Answered { refused, rate: Rate::default() };
            budget.returned(number, answer, origin + Duration::from_millis(clock));
        }
    }
    (sent, clock)
}

proptest! {
    /// However little it takes, it is not asked in vain for long, and hardly less comes through than it would take.
    #[test]
    fn a_vendor_that_tells_nothing_is_asked_about_as_often_as_it_answers(limit in 1_u64..40, window in 1_u64..20) {
        const WANTED: usize = 120;
        let (sent, milliseconds) = blindly(limit, window, WANTED);
        prop_assert!(sent <= 3 * WANTED, "{sent}");
        let least = WANTED as u64 / limit * window * 1000;
        prop_assert!(milliseconds <= 3 * least + 60_000, "{milliseconds} of {least}");
    }
}

#[test]
fn what_was_guessed_is_forgotten_once_the_vendor_takes_it_all_or_tells_its_rate() {
    let (mut budget, now) = (Budget::default(), Instant::now());
    refused(&mut budget, now, None);
    let mut later = now + seconds(1);
    answered(&mut budget, later, Rate::default());
    // A change goes before upkeep.
    let next = budget.take(Purpose::Change, later).unwrap_err();
    assert!(!next.silence && budget.take(Purpose::Upkeep, later).unwrap_err().until > next.until);
    assert!(!budget.is_used_up(Purpose::Change, next.until) && budget.is_used_up(Purpose::Upkeep, next.until));
    let mut told = budget.clone();
    for _ in 0..60 {
        later += seconds(1);
        answered(&mut budget, later, Rate::default());
    }
    assert!((0..10).all(|_| budget.take(Purpose::Upkeep, later).is_ok()));
    answered(&mut told, next.until, rate(100, 50, 9));
    assert_eq!(go(&mut told, Purpose::Change, next.until).0, 50);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_go_in_order_and_a_change_before_upkeep() {
    let pace = Pace::default();
    pace.turn(Purpose::Change, true).await.unwrap().answered(false, rate(5, 1, 8));
    let order = Mutex::new(Vec::new());
    let go = |name: &'static str, purpose| {
        let (pace, order) = (&pace, &order);
        async move {
            let turn = pace.turn(purpose, true).await.unwrap();
            order.lock().unwrap().push(name);
            tokio::time::sleep(Duration::from_millis(5)).await;
            drop(turn);
        }
    };
    let (upkeep, change) = (Purpose::Upkeep, Purpose::Change);
    join_all([go("page 1", upkeep), go("page 2", upkeep), go("grant 1", change), go("grant 2", change)]).await;
    let order = order.into_inner().unwrap();
    assert_eq!(order[0], "grant 1");
    let rank = |name: &str| order.iter().position(|it| *it == name).unwrap();
    assert!(rank("page 1") < rank("page 2"), "{order:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_given_up_used_nothing_and_holds_nobody_up() {
    let pace = Pace::default();
    pace.turn(Purpose::Change, true).await.unwrap().answered(false, rate(5, 0, 8));
    assert!(timeout(seconds(3), pace.turn(Purpose::Change, true)).await.is_err());
    // All five are there in the next window.
    let turns = join_all((0..5).map(|_| pace.turn(Purpose::Change, true))).await;
    assert!(turns.iter().all(Result::is_ok));
    assert!(pace.is_used_up(Purpose::Change));
}

#[tokio::test(start_paused = true)]
async fn a_change_is_told_of_a_long_wait_and_a_listing_sits_a_window_out() {
    let pace = Pace::default();
    pace.turn(Purpose::Change, true).await.unwrap().answered(false, rate(5, 0, 600));
    assert_eq!(pace.turn(Purpose::Change, true).await.err(), Some(TooLong(seconds(600))));
    // What a write was decided on would grow old.
    assert_eq!(pace.turn(Purpose::Upkeep, false).await.err(), Some(TooLong(seconds(600))));
    let began = Instant::now();
    drop(pace.turn(Purpose::Upkeep, true).await.unwrap());
    assert_eq!(began.elapsed().as_secs(), 600);
    // A silence that the vendor asked for is another matter.
    let asked = Rate { retry_after: Some(seconds(300)), ..Rate::default() };
    pace.turn(Purpose::Change, true).await.unwrap().answered(true, asked);
    assert_eq!(pace.turn(Purpose::Upkeep, true).await.err(), Some(TooLong(seconds(300))));
}

#[tokio::test(start_paused = true)]
async fn one_credential_at_one_endpoint_is_one_pace_and_no_other_is_slowed() {
    let paces = Paces::default();
    let at = |text: &str| Endpoint::parse(text).unwrap();
    let asked = Rate { retry_after: Some(seconds(60)), ..Rate::default() };
    let one = paces.of(&at("https://a.example/x"), "KEY-1");
    one.turn(Purpose::Change, true).await.unwrap().answered(true, asked);
    for (endpoint, key, silent) in [
        ("https://a.example/y", "KEY-1", true),
        ("https://a.example:443", "KEY-1", true),
        ("https://a.example", "KEY-2", false),
        ("https://b.example", "KEY-1", false),
    ] {
        assert_eq!(paces.of(&at(endpoint), key).is_used_up(Purpose::Change), silent, "{endpoint} {key}");
    }
    // What the vendor asked for is remembered although nobody uses the credential just now, and then forgotten.
    drop(one);
    assert!(paces.of(&at("https://a.example"), "KEY-1").is_used_up(Purpose::Change));
    tokio::time::sleep(seconds(61)).await;
    let _ = paces.of(&at("https://b.example"), "KEY-1");
    assert_eq!(lock(&paces.known).len(), 1);
}
