//! Every crash point of the operator's ordinary work, one after the other: a story is played undisturbed, and then once for each
//! write and each moment of it with an operator that dies there and is started again. All end alike, with the same writes.

pub(crate) mod outcome;
mod story;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    stage::Stage,
    wire::{Moment, Point, Process, Wire},
};
use outcome::Outcome;
use story::Story;

const MOMENTS: [Moment; 3] = [Moment::Before, Moment::During, Moment::After];
/// When nothing is written for that time, all is quiet: a successor begins after 70 s at the latest, and the organization is listed
/// once a minute.
const QUIET: Duration = Duration::from_secs(135);
/// An ordinary run tries so many-th crash point; `SIM_CRASH_STRIDE=1` tries all.
const STRIDE: usize = 20;
/// Of so many crash points one may be a report that another run does not make: what advice is found when is told with what else there
/// is to say.
const MET: usize = 20;
/// Nothing takes longer.
const LONGEST: Duration = Duration::from_hours(1);

/// What came of a story.
struct Played {
    outcome: Outcome,
    /// What was written when.
    points: Vec<Point>,
    /// Whether the operator came to where it was to die.
    met: bool,
}

/// A story with an operator that dies at that moment of that write, or never.
async fn play(story: &Story, end: Option<(Point, Moment)>) -> Played {
    let stage = Stage::idle(1).await;
    // Often, so that little time goes by until all has been looked at.
    stage.edit("confluentorganizations", "o", json!({"spec": {"resyncInterval": "1m"}})).await;
    let wire = Wire::default();
    let mut process = Process::start(&stage, &wire, 1);
    stage.ready("confluentorganizations", "o").await;
    for act in story.before {
        act(&stage).await;
        quiet(&stage).await;
    }
    wire.count(end.clone());
    let mut met = true;
    {
        let whole = async {
            for act in story.acts {
                act(&stage).await;
                quiet(&stage).await;
            }
        };
        tokio::pin!(whole);
        tokio::select! {
            () = &mut whole => met = end.is_none(),
            () = wire.ended() => {
                // What the answer leads to happens at once, and reaches nobody.
                sleep(Duration::from_millis(1)).await;
                process.end().await;
                process = Process::start(&stage, &wire, 2);
                whole.await;
            }
        }
    }
    process.end().await;
    let report = end.is_some_and(|(point, _)| point.is_report());
    assert!(met || report, "{}: nobody came there", story.name);
    Played { outcome: Outcome::of(&stage), points: wire.log(), met }
}

/// Waits until nothing is written any more.
async fn quiet(stage: &Stage) {
    let (began, mut since, mut before) = (Instant::now(), Instant::now(), outcome::writes(stage));
    while since.elapsed() < QUIET {
        assert!(began.elapsed() < LONGEST, "it never comes to rest\n{}", stage.tell());
        sleep(Duration::from_secs(15)).await;
        let now = outcome::writes(stage);
        if now != before {
            (since, before) = (Instant::now(), now);
        }
    }
}

fn alone<T>(play: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(play)
}

/// One crash point of one story.
struct Try<'a> {
    story: &'a Story,
    undisturbed: &'a Outcome,
    end: (Point, Moment),
}

/// What is to be said of a crash point.
struct Verdict {
    /// What comes out otherwise than without a crash.
    differences: Vec<String>,
    met: bool,
}

impl Try<'_> {
    fn verdict(&self) -> Verdict {
        let run = || alone(play(self.story, Some(self.end.clone())));
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(played) => Verdict { differences: played.outcome.differences(self.undisturbed), met: played.met },
            Err(cause) => {
                let told = cause.downcast_ref::<String>().cloned().unwrap_or_default();
                Verdict { differences: vec![told], met: true }
            }
        }
    }
}

#[test]
fn from_every_crash_point_the_end_and_the_writes_are_those_of_a_run_without_one() {
    let only = std::env::var("SIM_CRASH").ok();
    let wanted = |what: &str| only.as_deref().is_none_or(|only| what.contains(only));
    let undisturbed: Vec<_> =
        story::ALL.iter().filter(|story| wanted(story.name)).map(|story| (story, alone(play(story, None)))).collect();
    let mut tries = Vec::new();
    for (story, Played { outcome, points, .. }) in &undisturbed {
        for point in points {
            tries.extend(MOMENTS.map(|moment| Try { story, undisturbed: outcome, end: (point.clone(), moment) }));
        }
    }
    // What is left out of one run is in another where the stride is another.
    let stride = std::env::var("SIM_CRASH_STRIDE").ok().and_then(|it| it.parse().ok()).unwrap_or(STRIDE);
    let all = tries.len();
    let tries: Vec<Try<'_>> = tries.into_iter().step_by(stride).collect();
    let (next, unmet, failures) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(one) = tries.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Verdict { differences, met } = one.verdict();
            unmet.fetch_add(usize::from(!met), Ordering::Relaxed);
            if !differences.is_empty() {
                let (point, moment) = &one.end;
                let told = format!("{}: {moment:?} {point}:\n{}", one.story.name, differences.join("\n"));
                failures.lock().unwrap().push(told);
            }
        }
    };
    let began = std::time::Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    for (story, Played { points, .. }) in &undisturbed {
        let tried = tries.iter().filter(|one| one.story.name == story.name).count();
        eprintln!(
            "{}: {tried} of {} crash points, of {} writes",
            story.name,
            points.len() * MOMENTS.len(),
            points.len()
        );
    }
    let unmet = unmet.into_inner();
    eprintln!("{} of {all} crash points in {:?}, to {unmet} of which nobody came", tries.len(), began.elapsed());
    assert!(unmet * MET <= tries.len(), "nobody came to {unmet} of {}", tries.len());
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} differences\n{}", failures.len(), failures.join("\n"));
}
