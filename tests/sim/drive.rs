//! Seeds: people declare, edit, withdraw and act in the portal, requests fail, and the operator dies, all drawn from a number.
//! After each step the laws of safety hold, and after quiet those of liveness and the counts.
//!
//! A seed that fails is played again with ever fewer of its steps, and prints the line that plays what is left. `SIM_SEEDS` says
//! how many are played, `SIM_FROM` from which on, `SIM_SEED` which one alone, and `SIM_KEEP` with which of its steps.

pub(crate) mod history;
mod law;
mod seen;
mod shrink;
pub(crate) mod step;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use roster::simulator::world::Command;
use serde_json::json;
use tokio::time::sleep;

use crate::stage::Stage;
use history::History;
use law::Laws;
use seen::Seen;

/// How many seeds an ordinary run plays.
const SEEDS: u64 = 8;
/// After how many it is said how far a run is.
const TOLD: u64 = 500;
/// Every so many-th is watched for hours after all is quiet.
const PATIENT: u64 = 8;
/// How often it is tried whether a failure happens again.
const TRIES: usize = 5;
/// At the most one of so many seeds may fail once and not again.
const FEW: u64 = 2_000;
/// With so many, each fault that can be drawn has struck.
const ENOUGH: u64 = 10_000;
/// The name of the threads that play.
const PLAYER: &str = "seeds";
/// So many failures are shrunk; of more, one learns no more.
const SHRUNK: usize = 5;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// One seed from beginning to end, with those of its acts.
fn play(seed: u64, kept: Option<&[usize]>) -> Seen {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let history = History::of(seed).keeping(kept);
        let mut stage = Stage::idle(seed).await;
        // Renewals are most of what happens in a quiet hour, and `free` spares a successor the wait.
        stage.patience = 10;
        stage.start();
        if history.theme.budget {
            let budget = json!({"count": law::BUDGET, "percent": 0});
            let protection = json!({"protection": {"removalBudget": budget}});
            stage.edit("confluentorganizations", "o", json!({"spec": protection})).await;
        }
        if history.theme.publisher {
            stage.publisher().await;
            stage.ready("publishers", "p").await;
        }
        stage.ready("confluentorganizations", "o").await;
        step::wide::begin(history.theme.wide, &stage).await;
        // One who administers by no manifest: every other one counts.
        let binding = stage.a_binding_of("linus@example.com").unwrap();
        stage.portal(&Command::Revoke { binding });
        let mut laws = Laws::new(history.theme, &stage);
        let mut injected = Vec::new();
        for act in &history.acts {
            injected.extend(seen::injected(&act.step));
            laws.before(act, &stage);
            act.step.play(&mut stage).await;
            laws.played(act, &stage);
            sleep(act.pause).await;
            laws.safe(&stage);
        }
        let faults = Seen::of(&stage, &injected);
        laws.quiet(&mut stage, seed.is_multiple_of(PATIENT)).await;
        let mut seen = Seen::of(&stage, &[]);
        seen.add(faults);
        seen
    })
}

/// Plays one seed and gives what broke, if anything did.
fn broken(seed: u64, kept: Option<&[usize]>) -> Result<Seen, String> {
    let cause = match catch_unwind(AssertUnwindSafe(|| play(seed, kept))) {
        Ok(seen) => return Ok(seen),
        Err(cause) => cause,
    };
    let told = cause.downcast_ref::<String>().cloned();
    Err(told.or_else(|| cause.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
}

/// Which law it is.
fn law(told: &str) -> &str {
    told.split([':', '\n']).next().unwrap_or_default()
}

/// What is told of a seed that broke a law: of its shortest history that still does.
fn shrunk(seed: u64, told: String) -> String {
    let breaks = |kept: &[usize]| broken(seed, Some(kept)).is_err_and(|it| law(&it) == law(&told));
    let kept = shrink::shrunk(History::of(seed).acts.len(), breaks);
    let list: Vec<String> = kept.iter().map(usize::to_string).collect();
    let again = broken(seed, Some(&kept)).err().unwrap_or(told);
    format!("play it again: SIM_SEED={seed} SIM_KEEP={} cargo test --test sim any_run\n{again}", list.join(","))
}

/// Whether a failure counts by itself. What must never happen does, and all else where it happens again: where requests are sent at one
/// moment, their order is that of a library's hashes, and a run that no longer shows what it showed cannot be looked into.
fn counts(seed: u64, told: &str) -> bool {
    let never = ["law 1", "law 2", "law 3", "the budget"].iter().any(|it| law(told).starts_with(it));
    never || (0..TRIES).any(|_| broken(seed, None).is_err())
}

/// What breaks a law is told once, when it is shrunk, and not at each try; where it is played alone, with all that there is.
fn be_quiet() {
    let otherwise = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() != Some(PLAYER) {
            otherwise(panic);
        }
    }));
}

#[test]
fn any_run_is_safe_at_each_step_and_settles() {
    let from = number("SIM_FROM").unwrap_or(1);
    let (first, count) = number("SIM_SEED").map_or((from, number("SIM_SEEDS").unwrap_or(SEEDS)), |seed| (seed, 1));
    let kept: Option<Vec<usize>> =
        std::env::var("SIM_KEEP").ok().map(|list| list.split(',').filter_map(|it| it.parse().ok()).collect());
    let (next, played, once) = (AtomicU64::new(first), AtomicU64::new(0), AtomicU64::new(0));
    let began = Instant::now();
    let (failures, seen) = (Mutex::new(Vec::new()), Mutex::new(Seen::default()));
    let work = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= first + count {
            return;
        }
        match broken(seed, kept.as_deref()) {
            Ok(one) => seen.lock().unwrap().add(one),
            Err(told) if kept.is_none() && !counts(seed, &told) => {
                eprintln!("seed {seed}, once and not again: {}", told.lines().next().unwrap_or_default());
                once.fetch_add(1, Ordering::Relaxed);
            }
            Err(told) => {
                let room = failures.lock().unwrap().len() < SHRUNK && kept.is_none();
                let told = if room { shrunk(seed, told) } else { told };
                eprintln!("seed {seed}: {told}");
                let first = told.lines().find(|line| line.starts_with("law") || line.starts_with("the budget"));
                failures.lock().unwrap().push(format!("seed {seed}: {}", first.unwrap_or(&told)));
            }
        }
        let done = played.fetch_add(1, Ordering::Relaxed) + 1;
        if done % TOLD == 0 {
            eprintln!("{done} of {count} seeds after {:.0?}", began.elapsed());
        }
    };
    if count > 1 {
        be_quiet();
    }
    // A seed is one thread's work, so that as many are played at once as there are cores.
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            std::thread::Builder::new().name(PLAYER.to_owned()).spawn_scoped(scope, work).unwrap();
        }
    });
    let (failures, seen) = (failures.into_inner().unwrap(), seen.into_inner().unwrap());
    let seconds = began.elapsed().as_secs().max(1);
    eprintln!("{count} seeds in {seconds} s: {} a minute", count * 60 / seconds);
    seen.tell(count);
    assert!(failures.is_empty(), "{} of {count} seeds\n{}", failures.len(), failures.join("\n"));
    let once = once.into_inner();
    assert!(once * FEW <= count, "{once} of {count} seeds broke a law, each of them once and not again");
    let missed: Vec<String> = Seen::drawn().difference(&seen.faults).cloned().collect();
    assert!(count < ENOUGH || missed.is_empty(), "these faults never struck: {missed:?}");
}
