//! Seeds: people declare, edit, withdraw and act in the portal, requests fail, and the operator dies, all drawn from a number.
//! After each step the laws of safety hold, and after quiet those of liveness and the counts.
//!
//! A seed that fails prints the line that plays it again. `SIM_SEEDS` says how many are played, `SIM_SEED` which one alone.

mod law;
mod step;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use roster::simulator::world::Command;
use tokio::time::sleep;

use crate::{chance::Chance, stage::Stage};
use law::Laws;
use step::Step;

/// How many seeds an ordinary run plays.
const SEEDS: u64 = 8;
/// After how many it is said how far a run is.
const TOLD: u64 = 500;
/// How many steps each has.
const STEPS: usize = 24;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// One seed from beginning to end.
fn play(seed: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let chance = Chance::new(!seed);
        let mut stage = Stage::new(seed).await;
        stage.ready("confluentorganizations", "o").await;
        // One who administers by no manifest: every other one counts.
        let binding = stage.a_binding_of("linus@example.com").unwrap();
        stage.portal(&Command::Revoke { binding });
        let mut laws = Laws::new(&stage);
        for _ in 0..STEPS {
            let step = Step::draw(&chance, &stage);
            step.play(&mut stage, &chance).await;
            laws.played(&step, &stage);
            // Some steps meet the work of the one before, and some find it done.
            sleep(chance.pause(if chance.below(4) == 0 { 20_000 } else { 400 })).await;
            laws.safe(&stage);
        }
        laws.quiet(&mut stage).await;
    });
}

/// Plays one seed and gives what broke, if anything did.
fn broken(seed: u64) -> Option<String> {
    let cause = catch_unwind(AssertUnwindSafe(|| play(seed))).err()?;
    let told = cause.downcast_ref::<String>().cloned();
    Some(told.or_else(|| cause.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
}

#[test]
fn any_run_is_safe_at_each_step_and_settles() {
    let (first, count) = number("SIM_SEED").map_or((1, number("SIM_SEEDS").unwrap_or(SEEDS)), |seed| (seed, 1));
    let (next, began) = (AtomicU64::new(first), Instant::now());
    let failures = Mutex::new(Vec::new());
    let work = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= first + count {
            return;
        }
        if let Some(told) = broken(seed) {
            eprintln!("play it again: SIM_SEED={seed} cargo test --test sim any_run");
            failures.lock().unwrap().push(format!("seed {seed}: {told}"));
        }
        if seed % TOLD == 0 {
            eprintln!("{seed} seeds, after {:.0?}", began.elapsed());
        }
    };
    // A seed is one thread's work, so that as many are played at once as there are cores.
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {count} seeds\n{}", failures.len(), failures.join("\n"));
}
