//! What falls due while no operator runs is done at the next start.

use std::thread;

use jiff::Timestamp;
use serde_json::json;

use super::validity::after;
use crate::{
    refusals::{email, environment, event, remote},
    replica::House,
    stage::{Stage, condition},
};

const MARY: &str = "mary@example.com Operator environment env-prod01";

#[test]
fn what_fell_due_while_the_operator_was_down_is_done_at_its_start() {
    let house = House::enter();
    let stage = Stage::of(house.theatre, "outage");
    let first = house.leader("outage-first");
    let (over, begun) = (after(15), after(16));
    let binding = |name, who: &str, validity| {
        stage.binding(name, email(who), "Operator", environment("env-prod01"), json!({"validity": validity}))
    };
    stage.apply(&[
        binding("ends", "mary@example.com", json!({"notAfter": over})),
        binding("begins", "linus@example.com", json!({"notBefore": begun})),
    ]);
    stage.settled("arb", "ends", "True", "InSync");
    stage.settled("arb", "begins", "True", "NotYetValid");
    assert!(Timestamp::now() < over.parse().unwrap(), "the machine is too slow for this story");
    first.kill();
    while Timestamp::now() < begun.parse::<Timestamp>().unwrap() {
        thread::sleep(std::time::Duration::from_millis(100));
    }
    remote(&stage, MARY, true);
    assert_eq!(condition(&stage.get("arb", "ends").unwrap(), "Granted")["status"], "True");

    let second = house.leader("outage-second");
    stage.settled("arb", "ends", "True", "Expired");
    stage.settled("arb", "begins", "True", "InSync");
    remote(&stage, MARY, false);
    assert!(event(&stage, "arb", "ends", "Revoked").contains("revoked Operator"));
    let writes = stage.remote_writes();
    assert_eq!(writes.iter().filter(|it| it.starts_with("DELETE")).count(), 1, "{writes:?}");
    assert_eq!(writes.iter().filter(|it| it.starts_with("POST")).count(), 2, "{writes:?}");
    drop(second);
}
