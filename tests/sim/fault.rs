//! Every fault strikes: each that can be drawn, each form of an error, and each knob of the simulator, while the same
//! ordinary day goes by, a few at a time. All is made once, and all is gone in the end. `SIM_FAULT` plays those with that in their name.

mod knob;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use roster::simulator::{Effect, Envelope, Fault, Knobs, Lag, world::Command};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    drive::step::faults,
    memory::Trouble,
    stage::{Stage, TEAM, address, member_spec},
    way::Change,
};
use knob::{Besides, Knob};

/// How many knobs are turned on a day.
const TOGETHER: usize = 3;

/// What is otherwise on a day.
enum Case {
    Fault(&'static str, Fault),
    Trouble(Trouble),
    Knob(Knob),
}

impl Case {
    fn name(&self) -> String {
        match self {
            Self::Fault(name, _) => (*name).to_owned(),
            Self::Knob(knob) => knob.name.to_owned(),
            Self::Trouble(trouble) => format!("{trouble:?}"),
        }
    }

    /// Once all is connected; knobs are turned before.
    fn begin(&self, stage: &Stage) {
        match self {
            Self::Fault(_, fault) => {
                // So that there is more than one page of each list.
                stage.simulator.update(|knobs| knobs.page_size = Some(2)).unwrap();
                stage.simulator.inject(fault.clone());
            }
            Self::Trouble(trouble) => stage.memory.trouble(*trouble),
            Self::Knob(_) => {}
        }
    }

    fn struck(&self, stage: &Stage) -> bool {
        match self {
            Self::Fault(..) => stage.simulator.knobs().faults.iter().all(|it| it.times == Some(0)),
            Self::Trouble(trouble) => stage.memory.struck().contains(trouble),
            Self::Knob(knob) => stage.shadows.has_parted(knob.name),
        }
    }
}

/// What goes wrong on one day, and on the next.
fn days() -> Vec<Vec<Case>> {
    // Those of the vendor would get in each other's way.
    let vendor = faults().into_iter().map(|(name, fault)| Case::Fault(name, fault)).chain(answers());
    let mut days: Vec<Vec<Case>> = vendor.map(|case| vec![case]).collect();
    for (number, case) in
        Trouble::ALL.into_iter().map(Case::Trouble).chain(knob::all().into_iter().map(Case::Knob)).enumerate()
    {
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

/// Everything is made, stays and goes, each once.
async fn day(cases: &[Case]) {
    let mut stage = Stage::idle(1).await;
    stage.patience = 10;
    stage.publisher().await;
    let knobs: Vec<&Knob> =
        cases.iter().filter_map(|it| if let Case::Knob(knob) = it { Some(knob) } else { None }).collect();
    knob::turn(&stage, &knobs);
    stage.start();
    stage.ready("confluentorganizations", "o").await;
    stage.ready("publishers", "p").await;
    let before = stage.held();
    for case in cases {
        case.begin(&stage);
    }
    stage.user("ada").await;
    if knobs.iter().any(|knob| knob.besides == Besides::Earlier) {
        stage.until("she is invited", |stage| stage.id_of(&address("ada")).is_some()).await;
        knob::grant(&stage, &stage.id_of(&address("ada")).unwrap(), "MetricsViewer", "/environment=env-prod01");
    }
    stage.binding("ada-reads", "ada", "MetricsViewer").await;
    let eve = json!({"metadata": {"name": "eve"}, "spec": member_spec("eve", "Contributor")});
    stage.create("publisherusers", TEAM, eve).await;
    // What else there are watches of.
    let touch = |what: &str| json!({"metadata": {"annotations": {"example.com/touched": what}}});
    stage.edit("namespaces", TEAM, touch("a namespace")).await;
    stage.edit("confluentorganizations", "o", touch("an organization")).await;
    let cut = cases.iter().any(|it| matches!(it, Case::Trouble(Trouble::CutOff)));
    // Whoever is cut off for longer than that leads no more.
    sleep(if cut { Duration::from_mins(20) } else { Duration::from_secs(30) }).await;
    stage.memory.tell();
    // The vendor's lists are said to be behind for two minutes at the most.
    if stage.simulator.knobs().lag == Lag::Frozen {
        let catch_up = |knobs: &mut Knobs| knobs.lag = Lag::None;
        stage.simulator.update(catch_up).unwrap();
        stage.shadows.update(catch_up);
    }
    stage.ready("confluentusers", "ada").await;
    // The next listing.
    sleep(Duration::from_mins(12)).await;
    stage.portal(&Command::AcceptInvitation { email: address("ada"), full_name: String::new() });
    stage.ready("accessrolebindings", "ada-reads").await;
    stage.ready("publisherusers", "eve").await;
    for knob in &knobs {
        knob.besides.at_noon(&stage).await;
    }
    sleep(Duration::from_mins(12)).await;
    for (plural, name) in [("accessrolebindings", "ada-reads"), ("publisherusers", "eve"), ("confluentusers", "ada")] {
        stage.delete(plural, name).await;
        stage.gone(plural, name).await;
    }
    sleep(Duration::from_mins(15)).await;
    for case in cases {
        assert!(case.struck(&stage), "it never struck: {}", case.name());
    }
    assert!(!stage.shadows.has_parted(knob::SAME), "the same was answered otherwise");
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
    let struck: Vec<String> = days.iter().flatten().map(Case::name).collect();
    eprintln!("{} faults and knobs struck on {} days: {}", struck.len(), days.len(), struck.join("; "));
}
