//! Two replicas over one API server, each on a clock of its own that can be stopped: a process that is frozen, whose timers do
//! not run and whose monotonic clock has moved on when it thaws. What it sent is on its way meanwhile, and arrives when the
//! network likes.

mod world;

use std::time::Duration;

use roster::simulator::world::Command;
use serde_json::json;

use crate::{
    stage::{Stage, address},
    way::Picture,
    wire::Moment,
};
use world::{Hold, World};

const BINDINGS: &str = "accessrolebindings";
const DELETE: &str = "DELETE /iam/v2/role-bindings";
/// The usual share of the removal budget, and the one that switches it off: then nothing is counted, and a successor does not
/// learn what was about to be removed.
const USUAL: u32 = 20;
const OFF: u32 = 100;

/// An organization with so many administrators, of which ada and bob are by objects, and with that minimum.
fn organization(seed: u64, minimum: usize, others: &[&str], percent: u32) -> World {
    let mut world = World::new(seed);
    let limit = json!({"minimumOrganizationAdmins": minimum, "removalBudget": {"percent": percent}});
    let limit = json!({"spec": {"protection": limit}});
    world.now(|stage| Box::pin(stage.edit("confluentorganizations", "o", limit)));
    // The vendor's own refusal would hide what the operator does.
    world.stage.simulator.rules(|rules| rules.guard_last_admin = false).unwrap();
    world.start(1);
    for name in ["ada", "bob"] {
        world.now(|stage| Box::pin(stage.user(name)));
        world.until("the invitation is there", |stage| stage.id_of(&address(name)).is_some());
        let accept = Command::AcceptInvitation { email: address(name), full_name: String::new() };
        world.stage.portal(&accept);
        world.now(|stage| {
            Box::pin(async move { stage.binding(&format!("{name}-administers"), name, "OrganizationAdmin").await })
        });
    }
    for person in ["grace@example.com", "linus@example.com"] {
        if !others.contains(&person) {
            let binding = world.stage.a_binding_of(person).unwrap();
            world.stage.portal(&Command::Revoke { binding });
        }
    }
    let expected = others.len() + 2;
    world.until("all administer", |stage| administrators(stage) == expected);
    world.pass(Duration::from_secs(30));
    world
}

fn administrators(stage: &Stage) -> usize {
    Picture::of(&stage.simulator).administrators
}

/// How long something is on its way to the vendor while a successor is at work.
const SOON: Duration = Duration::from_secs(30);
/// The same beyond all that a successor waits for.
const LATE: Duration = Duration::from_mins(3);

fn delete(world: &mut World, name: &'static str) {
    world.now(|stage| Box::pin(stage.delete(BINDINGS, name)));
}

/// What the leader writes when it removes one administrator, undisturbed.
fn removal(others: &[&str], minimum: usize) -> Vec<String> {
    let mut world = organization(1, minimum, others, USUAL);
    let before = world.log(1).len();
    delete(&mut world, "ada-administers");
    world.until("it is gone", |stage| stage.get(BINDINGS, "ada-administers").is_none());
    world.pass(Duration::from_secs(10));
    world.log(1).split_off(before)
}

/// The leader stops at that point of the removal of ada; bob is to go as well, and a successor does what it may; then what was
/// on its way arrives, and the first wakes up. How many administer in the end, and whether the first wrote anything more.
fn stale(
    seed: u64,
    minimum: usize,
    others: &[&str],
    (what, moment): (&str, Moment),
    (percent, late): (u32, Duration),
) -> (usize, Vec<String>) {
    let mut world = organization(seed, minimum, others, percent);
    world.hold(1, Hold { what: what.to_owned(), moment });
    delete(&mut world, "ada-administers");
    world.until_frozen(1);
    delete(&mut world, "bob-administers");
    world.start(2);
    world.until("a successor leads", |stage| world::holder(stage) == "roster-2");
    world.pass(late);
    let written = world.log(1).len();
    // First what was sent, and then the process.
    world.release();
    world.pass(Duration::from_millis(200));
    world.thaw(1);
    world.pass(Duration::from_mins(1));
    (administrators(&world.stage), world.log(1).split_off(written))
}

#[test]
fn one_that_was_frozen_costs_no_administrator_and_writes_nothing_more() {
    let others = ["grace@example.com"];
    let mut points = removal(&others, 2);
    points.dedup();
    assert!(points.iter().any(|it| it.starts_with("DELETE")) && points.len() > 2, "{points:?}");
    let (mut tried, mut fewest) = (0, usize::MAX);
    for what in &points {
        for moment in [Moment::Before, Moment::During] {
            for seed in 1..=2 {
                let (left, more) = stale(seed, 2, &others, (what, moment), (USUAL, SOON));
                assert!(left >= 2, "{moment:?} {what}, seed {seed}: {left} administer");
                assert!(more.is_empty(), "{moment:?} {what}, seed {seed}: the first went on with {more:?}");
                (tried, fewest) = (tried + 1, fewest.min(left));
            }
        }
    }
    eprintln!("{tried} times frozen, at {} writes; {fewest} administrators at the fewest", points.len());
}

/// The same where the leader is killed, and what it sent arrives after its successor has looked.
fn posthumous(seed: u64, others: &[&str], percent: u32, late: Duration) -> usize {
    let mut world = organization(seed, 2, others, percent);
    world.hold(1, Hold { what: DELETE.to_owned(), moment: Moment::Before });
    delete(&mut world, "ada-administers");
    world.until_frozen(1);
    world.kill(1);
    delete(&mut world, "bob-administers");
    world.start(2);
    world.until("a successor leads", |stage| world::holder(stage) == "roster-2");
    world.pass(late);
    world.release();
    world.pass(Duration::from_mins(1));
    administrators(&world.stage)
}

#[test]
fn what_a_killed_leader_sent_costs_at_most_one_administrator() {
    let others = ["grace@example.com"];
    let mut left: Vec<usize> = (1..=6).map(|seed| posthumous(seed, &others, OFF, LATE)).collect();
    // It does come after the successor's removal: in about every other play, as it is nobody's order which of two it takes first.
    for seed in 7..=40 {
        if left.contains(&1) {
            break;
        }
        left.push(posthumous(seed, &others, OFF, LATE));
    }
    assert!(left.contains(&1) && !left.contains(&0), "{left:?}");
    // As long as a list may lag, a successor waits for what was about to be removed: it costs nobody, counted for a budget or not.
    for percent in [USUAL, OFF] {
        let left: Vec<usize> = (1..=6).map(|seed| posthumous(seed, &others, percent, SOON)).collect();
        assert!(left.iter().all(|left| *left >= 2), "{left:?}");
    }
}

/// Why a minimum of two is wanted where replicas run: a request that is on its way for minutes cannot be called back.
#[test]
fn at_a_minimum_of_one_a_stale_writer_can_leave_nobody() {
    let held = (DELETE, Moment::Before);
    let left: Vec<usize> = (1..=6).map(|seed| stale(seed, 1, &[], held, (OFF, LATE)).0).collect();
    assert!(left.contains(&0), "{left:?}");
    // The same with one more to spare.
    let others = ["grace@example.com"];
    let left: Vec<usize> = (1..=6).map(|seed| stale(seed, 2, &others, held, (OFF, LATE)).0).collect();
    assert!(left.contains(&1) && !left.contains(&0), "{left:?}");
}

#[test]
fn writes_end_before_the_lease_does_where_it_cannot_be_renewed() {
    let mut world = organization(1, 2, &["grace@example.com"], USUAL);
    world.cut_lease(1);
    world.start(2);
    let mut number = 0;
    while world::holder(&world.stage) != "roster-2" {
        number += 1;
        assert!(number < 200, "nobody takes over");
        let name: &'static str = Box::leak(format!("grant-{number}").into_boxed_str());
        let roles = ["Operator", "MetricsViewer"];
        let role = roles[number % 2];
        world.now(|stage| Box::pin(stage.binding(name, if number % 4 < 2 { "ada" } else { "bob" }, role)));
        world.pass(Duration::from_secs(1));
    }
    world.pass(Duration::from_mins(1));
    let cut = world.cut_at.unwrap();
    let last = world.written(1).into_iter().max().unwrap();
    let first = world.written(2).into_iter().min().unwrap();
    // It wrote as long as it could, and no longer: 40 s after the last renewal, which was less than 10 s before.
    let lasted = last.duration_since(cut);
    assert!(lasted > Duration::from_secs(25) && lasted <= Duration::from_millis(40_100), "{lasted:?}");
    assert!(first > last, "a successor wrote first");
}
