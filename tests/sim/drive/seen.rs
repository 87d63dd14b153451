//! What runs have come across: reasons that conditions gave, and faults that struck.

use std::collections::BTreeSet;

use roster::plan::Reason;

use crate::{memory::Trouble, stage::Stage};

use super::step::{Step, faults};

/// What a run, or several, came across.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) reasons: BTreeSet<String>,
    pub(super) faults: BTreeSet<String>,
}

impl Seen {
    /// What a stage has seen; `injected` are the vendor's faults in the order in which they were put there.
    pub(super) fn of(stage: &Stage, injected: &[usize]) -> Self {
        let all = faults();
        let knobs = stage.simulator.knobs();
        let struck = injected.iter().zip(&knobs.faults).filter(|(_, fault)| fault.times == Some(0));
        let mut faults: BTreeSet<String> = struck.map(|(which, _)| all[*which].0.to_owned()).collect();
        faults.extend(stage.memory.struck().into_iter().map(|it| format!("{it:?}")));
        Self { reasons: stage.memory.reasons(), faults }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.reasons.extend(other.reasons);
        self.faults.extend(other.faults);
    }

    /// Every fault that can be drawn.
    pub(super) fn drawn() -> BTreeSet<String> {
        let vendor = faults().into_iter().map(|(name, _)| name.to_owned());
        vendor.chain(Trouble::ALL.map(|it| format!("{it:?}"))).collect()
    }

    /// Says it in a few lines.
    pub(super) fn tell(&self, seeds: u64) {
        let drawn = Self::drawn();
        let missing: Vec<&String> = drawn.difference(&self.faults).collect();
        eprintln!("{seeds} seeds: {} of {} faults struck; not: {missing:?}", drawn.len() - missing.len(), drawn.len());
        let all = Reason::ALL.iter().map(|it| it.as_str());
        let missing: Vec<&str> = all.filter(|it| !self.reasons.contains(*it)).collect();
        eprintln!(
            "{} of {} reasons were given; not: {missing:?}",
            Reason::ALL.len() - missing.len(),
            Reason::ALL.len()
        );
    }
}

/// The vendor's fault that a step puts there.
pub(super) fn injected(step: &Step) -> Option<usize> {
    if let Step::Fail(which) = step { Some(*which) } else { None }
}
