//! Every fault strikes: each that can be drawn, each form of an error, and each knob of the simulator, while the same
//! ordinary day goes by, a few at a time. All is made once, and all is gone in the end. `SIM_FAULT` plays those with that in their name.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use roster::simulator::{
    Effect, Envelope, Fault, Knobs, Lag, RateLimit,
    world::{Command, DuplicateGrant},
};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    drive::step::faults,
    memory::Trouble,
    stage::{Stage, TEAM, address, member_spec},
    way::Change,
};

/// How many knobs are turned on a day.
const TOGETHER: usize = 3;

/// What is otherwise on a day.
enum Case {
    Fault(&'static str, Fault),
    Trouble(Trouble),
    Knob(&'static str, fn(&mut Knobs)),
}

impl Case {
    fn name(&self) -> String {
        match self {
            Self::Fault(name, _) | Self::Knob(name, _) => (*name).to_owned(),
            Self::Trouble(trouble) => format!("{trouble:?}"),
        }
    }

    fn begin(&self, stage: &Stage) {
        match self {
            Self::Fault(_, fault) => stage.simulator.inject(fault.clone()),
            Self::Trouble(trouble) => stage.memory.trouble(*trouble),
            Self::Knob(_, turn) => stage.simulator.update(turn).unwrap(),
        }
    }

    fn struck(&self, stage: &Stage) -> bool {
        match self {
            Self::Fault(..) => stage.simulator.knobs().faults.iter().all(|it| it.times == Some(0)),
            Self::Trouble(trouble) => stage.memory.struck().contains(trouble),
            Self::Knob(..) => true,
        }
    }
}

/// What goes wrong on one day, and on the next.
fn days() -> Vec<Vec<Case>> {
    // Those of the vendor would get in each other's way.
    let vendor = faults().into_iter().map(|(name, fault)| Case::Fault(name, fault)).chain(answers());
    let mut days: Vec<Vec<Case>> = vendor.map(|case| vec![case]).collect();
    for (number, case) in Trouble::ALL.into_iter().map(Case::Trouble).chain(knobs()).enumerate() {
        match days.last_mut().filter(|_| number % TOGETHER > 0) {
            Some(day) => day.push(case),
            None => days.push(vec![case]),
        }
    }
    days
}

/// The forms of an error, and answers of a publisher's portal that are lost.
fn answers() -> Vec<Case> {
    let error = |envelope| {
        let effect = Effect::Status { status: 500, envelope, retry_after: None };
        Fault::new("POST", "/iam/v2/role-bindings", effect)
    };
    let cut = Fault::new("PUT", "/api/publishers", Effect::Truncated).after_execution();
    vec![
        Case::Fault("an error without a body", error(Envelope::Empty)),
        Case::Fault("an error with a code", error(Envelope::ErrorCode)),
        Case::Fault("an error as documented", error(Envelope::Documented)),
        Case::Fault("a bare error", error(Envelope::Bare)),
        Case::Fault("a publisher's user is added, and the answer is cut", cut),
        Case::Fault("a publisher's user is removed, and nothing is answered", Fault::hang("DELETE", "/api/publishers")),
    ]
}

/// Every knob; those that follow each other are turned on one day.
fn knobs() -> Vec<Case> {
    let knob = |name, turn: fn(&mut Knobs)| Case::Knob(name, turn);
    vec![
        knob("a limit that is told", |knobs| {
            knobs.rate_limit = Some(RateLimit { limit: 6, window: 10, retry_after: true, headers: true });
        }),
        knob("lists that lag", |knobs| knobs.lag = Lag::Seconds(90)),
        knob("invited people are listed", |knobs| knobs.rules.list_pending_users = true),
        knob("a limit that nobody tells", |knobs| {
            // Fewer than a listing takes, and nothing that tells when.
            knobs.rate_limit = Some(RateLimit { limit: 6, window: 10, retry_after: false, headers: false });
        }),
        knob("lists that stand still", |knobs| knobs.lag = Lag::Frozen),
        knob("a second grant is the first", |knobs| knobs.rules.duplicate_grant = DuplicateGrant::SameId201),
        knob("slow answers", |knobs| knobs.latency_ms = 2_000),
        knob("pages of one user", |knobs| knobs.publisher_page_size = Some(1)),
        knob("removals without a body", |knobs| knobs.removal_without_body = true),
        knob("a second grant is another", |knobs| knobs.rules.duplicate_grant = DuplicateGrant::NewId201),
        knob("a key may not read itself", |knobs| knobs.rules.key_reads_itself = false),
        knob("what the gone held is listed", |knobs| knobs.rules.orphans_linger = true),
        knob("a place is inside itself", |knobs| knobs.rules.nested_includes_scope = true),
        knob("the next page elsewhere", |knobs| knobs.next_base = Some("https://elsewhere.example".to_owned())),
        knob("guards of the vendor's own are off", |knobs| {
            knobs.rules.guard_last_admin = false;
            knobs.rules.guard_own_admin = false;
            knobs.rules.publishers.guard_last_owner = false;
        }),
    ]
}

/// The day.
async fn day(cases: &[Case]) {
    let mut stage = Stage::idle(1).await;
    stage.patience = 10;
    stage.start();
    stage.publisher().await;
    stage.ready("confluentorganizations", "o").await;
    stage.ready("publishers", "p").await;
    let before = stage.held();
    for case in cases {
        case.begin(&stage);
    }
    stage.user("ada").await;
    stage.binding("ada-reads", "ada", "MetricsViewer").await;
    let eve = json!({"metadata": {"name": "eve"}, "spec": member_spec("eve", "Contributor")});
    stage.create("publisherusers", TEAM, eve).await;
    sleep(Duration::from_secs(30)).await;
    stage.memory.hold_still(false);
    // The vendor's lists are said to be behind for two minutes at the most.
    if stage.simulator.knobs().lag == Lag::Frozen {
        stage.simulator.update(|knobs| knobs.lag = Lag::None).unwrap();
    }
    stage.ready("confluentusers", "ada").await;
    stage.portal(&Command::AcceptInvitation { email: address("ada"), full_name: String::new() });
    stage.ready("accessrolebindings", "ada-reads").await;
    stage.ready("publisherusers", "eve").await;
    // The next listing.
    sleep(Duration::from_mins(12)).await;
    for (plural, name) in [("accessrolebindings", "ada-reads"), ("publisherusers", "eve"), ("confluentusers", "ada")] {
        stage.delete(plural, name).await;
        stage.gone(plural, name).await;
    }
    sleep(Duration::from_mins(15)).await;
    for case in cases {
        assert!(case.struck(&stage), "it never struck: {}", case.name());
    }
    assert_eq!(stage.held(), before);
    for (what, times) in comings(&stage.changes.take()) {
        assert_eq!(times, 1, "{what}");
    }
}

/// How often each thing came and went.
fn comings(changes: &[Change]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for Change { before, after, .. } in changes {
        let of =
            |picture: &crate::way::Picture| picture.held.iter().chain(&picture.people).cloned().collect::<Vec<_>>();
        let (before, after) = (of(before), of(after));
        let came = after.iter().filter(|it| !before.contains(it)).map(|it| format!("{it} comes"));
        let went = before.iter().filter(|it| !after.contains(it)).map(|it| format!("{it} goes"));
        for what in came.chain(went) {
            *counts.entry(what).or_default() += 1;
        }
    }
    counts
}

#[test]
fn every_fault_strikes_and_all_is_made_once() {
    let mut days = days();
    if let Ok(only) = std::env::var("SIM_FAULT") {
        days.retain(|day| day.iter().any(|case| case.name().contains(&only)));
    }
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(cases) = days.get(next.fetch_add(1, Ordering::Relaxed)) {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
            let play = || runtime.block_on(day(cases));
            if let Err(cause) = catch_unwind(AssertUnwindSafe(play)) {
                let told = cause.downcast_ref::<String>().cloned();
                let told = told.or_else(|| cause.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                let names: Vec<String> = cases.iter().map(Case::name).collect();
                failures.lock().unwrap().push(format!("{}: {}", names.join(", "), told.unwrap_or_default()));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {} days\n{}", failures.len(), days.len(), failures.join("\n"));
    eprintln!("{} faults and knobs struck on {} days", days.iter().map(Vec::len).sum::<usize>(), days.len());
}
