//! The removal budget: what goes, what is held, and what a yes lets go.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::plan::budget::{Acknowledged, BudgetFacts, HeldRemoval, HeldSet, RemovalBudget, Removals, admit, mark};

fn after(minutes: i64) -> Timestamp {
    now() + SignedDuration::from_mins(minutes)
}

/// One after the other, one a second: how many go before the first is held.
fn that_go(budget: &RemovalBudget, declared: u32, weight: u32) -> u32 {
    let mut removals = Removals::default();
    for gone in 0..200_u32 {
        let moment = now() + SignedDuration::from_secs(i64::from(gone));
        // What goes is declared no more.
        let left = declared.saturating_sub(gone * weight);
        let facts = BudgetFacts { budget, declared: left, removals: &removals, tripped: false, now: moment };
        match admit(&gone.to_string(), weight, facts) {
            Some(admitted) => removals = admitted.record,
            None => return gone,
        }
    }
    200
}

#[test]
fn the_larger_of_a_number_and_a_share_of_what_is_declared_goes() {
    let hour = SignedDuration::from_hours(1);
    let budget = |count, percent| RemovalBudget { count, percent, window: hour };
    // (budget, declared, weight of each, how many go)
    let cases = [
        (RemovalBudget::default(), 0, 1, 5),
        (RemovalBudget::default(), 10, 1, 5),
        (RemovalBudget::default(), 25, 1, 5),
        (RemovalBudget::default(), 30, 1, 6),
        (RemovalBudget::default(), 100, 1, 20),
        (budget(0, 20), 4, 1, 0),
        (budget(0, 0), 100, 1, 0),
        (budget(1, 0), 100, 1, 1),
        (budget(5, 99), 100, 1, 99),
        // Whole accounts count for what they hold.
        (RemovalBudget::default(), 10, 2, 2),
        (RemovalBudget::default(), 10, 6, 0),
        // A hundred in a hundred is no limit.
        (budget(0, 100), 10, 1, 200),
    ];
    for (budget, declared, weight, expected) in cases {
        assert_eq!(that_go(&budget, declared, weight), expected, "{budget:?} of {declared}, {weight} each");
    }
}

#[test]
fn what_has_left_the_window_counts_no_more_and_the_window_is_never_forgotten_too_soon() {
    let budget = RemovalBudget::default();
    let removals = Removals::default().counting(2, &budget, 10, now()).counting(3, &budget, 10, after(2));
    assert_eq!(removals.counted.len(), 1, "removals shortly after each other are one entry");
    for (minutes, within) in [(0, 5), (59, 5), (61, 5), (62, 0)] {
        assert_eq!(removals.within(budget.window, after(minutes)), within, "after {minutes} min");
    }
    // A clock that was set back forgets nothing.
    assert_eq!(removals.within(budget.window, after(-600)), 5);
    // What no longer counts goes when something is written anyway.
    assert_eq!(removals.counting(1, &budget, 10, after(70)).counted.len(), 1);
    assert_eq!(removals.clone().giving_back("m", 1).within(budget.window, after(2)), 4);
    assert_eq!(Removals::default().giving_back("m", 1), Removals::default());
}

#[test]
fn while_something_is_held_nothing_goes_but_what_a_person_said_yes_to() {
    let budget = RemovalBudget::default();
    let yes = Acknowledged { digest: "d".to_owned(), at: now(), left: [mark("this one")].into() };
    let removals = Removals { acknowledged: vec![yes], ..Removals::default() };
    let judge = |line: &str, weight, minutes| {
        let facts =
            BudgetFacts { budget: &budget, declared: 0, removals: &removals, tripped: true, now: after(minutes) };
        admit(&mark(line), weight, facts).map(|admitted| (admitted.counted, admitted.record))
    };
    assert_eq!(judge("another", 1, 0), None);
    // What a person looked at is not counted, however much it is.
    assert_eq!(judge("this one", 50, 0), Some((false, removals.clone())));
    assert_eq!(judge("this one", 50, 24 * 60), None, "a yes is good for a day");
    let done = removals.clone().without(&mark("this one"));
    assert!(!done.acknowledges(&mark("this one"), now()));
    assert_eq!(done.acknowledged, Vec::new());
    assert_eq!(removals.counting(1, &budget, 0, after(24 * 60)).acknowledged, Vec::new());
}

#[test]
fn a_yes_adds_to_those_before_it_and_each_is_good_for_its_own_day() {
    let yes = |marks: &[&str], minutes| {
        let left = marks.iter().map(|line| mark(line)).collect();
        Acknowledged { digest: marks.join(" "), at: after(minutes), left }
    };
    let both = Removals::default().hearing(yes(&["a", "b"], 0)).hearing(yes(&["b", "c"], 60));
    let (day, open) = (24 * 60, |removals: &Removals, minutes| {
        ["a", "b", "c", "d"].map(|line| removals.acknowledges(&mark(line), after(minutes)))
    });
    assert_eq!(open(&both, 61), [true, true, true, false]);
    assert_eq!(open(&both, day), [false, true, true, false]);
    assert_eq!(open(&both, day + 60), [false; 4]);
    assert_eq!(open(&both.clone().without(&mark("b")), 61), [true, false, true, false]);
    assert_eq!(both.clone().without(&mark("a")).acknowledged.len(), 1);
    assert_eq!(both.hearing(yes(&["d"], day + 1)).acknowledged.len(), 2, "what is past goes");
    // However many there are, none is forgotten, and none is good for longer than its day.
    let many = (0..100).fold(Removals::default(), |all, number| all.hearing(yes(&[&number.to_string()], number)));
    assert_eq!(many.acknowledged.len(), 32);
    assert!((0..100).all(|number| many.acknowledges(&mark(&number.to_string()), after(99))));
    assert!((0..100).all(|number| !many.acknowledges(&mark(&number.to_string()), after(day + number))));
}

fn held(lines: &[(&str, &str)]) -> HeldSet {
    let mut set = HeldSet::default();
    for (object, line) in lines {
        let words = format!("team/{object}: revoke");
        set.put(object, vec![HeldRemoval { line: (*line).to_owned(), words, weight: 2 }]);
    }
    set
}

#[test]
fn a_digest_stands_for_exactly_what_is_held() {
    let set = held(&[("b", "b 1 x"), ("a", "a 1 y")]);
    assert_eq!(set.digest(), held(&[("a", "a 1 y"), ("b", "b 1 x")]).digest(), "in any order");
    assert_eq!(set.digest().len(), 16);
    let others: [&[(&str, &str)]; 4] =
        [&[], &[("a", "a 1 y")], &[("a", "a 2 y"), ("b", "b 1 x")], &[("a", "a 1 z"), ("b", "b 1 x")]];
    for other in others {
        assert_ne!(held(other).digest(), set.digest(), "{other:?}");
    }
    assert_eq!((set.total(), set.weight(), set.names(1)), (2, 4, vec!["team/a: revoke".to_owned()]));
}

proptest! {
    /// Any run of wishes over any time: within any window no more goes than the budget has, and the record stays small.
    #[test]
    fn no_window_sees_more_removals_than_the_budget_has(
        count in 0_u32..8,
        percent in 0_u32..60,
        window_minutes in 1_i64..300,
        wishes in prop::collection::vec((0_i64..2_000, 1_u32..4), 1..200),
    ) {
        let budget = RemovalBudget { count, percent, window: SignedDuration::from_mins(window_minutes) };
        let declared = 40;
        let (mut removals, mut moment, mut made) = (Removals::default(), now(), Vec::new());
        for (number, (pause, weight)) in wishes.into_iter().enumerate() {
            moment += SignedDuration::from_secs(pause);
            let facts = BudgetFacts { budget: &budget, declared, removals: &removals, tripped: false, now: moment };
            let mark = number.to_string();
            if let Some(admitted) = admit(&mark, weight, facts) {
                prop_assert!(admitted.counted);
                removals = admitted.record;
                made.push((moment, weight));
                // Whoever counted it died before it was made.
                let later = BudgetFacts { budget: &budget, declared, removals: &removals, tripped: true, now: moment };
                let again = admit(&mark, weight, later).unwrap();
                prop_assert!(!again.counted && again.record == removals);
                let larger = admit(&mark, weight + 1, later);
                prop_assert!(larger.is_none());
            }
            prop_assert!(removals.counted.len() <= 32);
            let lately: u32 = made.iter().filter(|(at, _)| moment.duration_since(*at) < budget.window).map(|it| it.1).sum();
            prop_assert!(lately <= budget.allowance(declared), "{lately} of {}", budget.allowance(declared));
        }
    }
}
