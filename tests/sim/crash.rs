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
const STRIDE: usize = 7;
/// Nothing takes longer.
const LONGEST: Duration = Duration::from_hours(1);

/// A story with an operator that dies at that moment of that write, or never; what came of it, and what was written when.
async fn play(story: &Story, end: Option<(Point, Moment)>) -> (Outcome, Vec<Point>) {
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
    {
        let whole = async {
            for act in story.acts {
                act(&stage).await;
                quiet(&stage).await;
            }
        };
        tokio::pin!(whole);
        tokio::select! {
            () = &mut whole => assert!(end.is_none(), "{}: nobody came to {end:?}", story.name),
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
    (Outcome::of(&stage), wire.log())
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

impl Try<'_> {
    /// What comes out otherwise than without a crash.
    fn differences(&self) -> Vec<String> {
        let run = || alone(play(self.story, Some(self.end.clone())));
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok((outcome, _)) => outcome.differences(self.undisturbed),
            Err(cause) => vec![cause.downcast_ref::<String>().cloned().unwrap_or_default()],
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
    for (story, (undisturbed, points)) in &undisturbed {
        for point in points {
            tries.extend(MOMENTS.map(|moment| Try { story, undisturbed, end: (point.clone(), moment) }));
        }
    }
    // What is left out of one run is in another where the stride is another.
    let stride = std::env::var("SIM_CRASH_STRIDE").ok().and_then(|it| it.parse().ok()).unwrap_or(STRIDE);
    let all = tries.len();
    let tries: Vec<Try<'_>> = tries.into_iter().step_by(stride).collect();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(one) = tries.get(next.fetch_add(1, Ordering::Relaxed)) {
            let differences = one.differences();
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
    for (story, (_, points)) in &undisturbed {
        let tried = tries.iter().filter(|one| one.story.name == story.name).count();
        eprintln!(
            "{}: {tried} of {} crash points, of {} writes",
            story.name,
            points.len() * MOMENTS.len(),
            points.len()
        );
    }
    eprintln!("{} of {all} crash points in {:?}", tries.len(), began.elapsed());
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} differences\n{}", failures.len(), failures.join("\n"));
}
