//! From findings to conditions. PURE.

use jiff::Timestamp;

use crate::plan::{Class, Fact, Finding, Reason};

use super::{Condition, ConditionType, Truth};

/// Everything that is to be said about one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report<'a> {
    /// What `Ready` says; its class decides on `Reconciling` and `Stalled`.
    pub ready: &'a Finding,
    /// The other conditions of the kind, in order.
    pub facts: &'a [(ConditionType, Fact)],
    /// The generation that was looked at.
    pub generation: i64,
}

/// Longest message in a condition, in characters; the API allows 32,768, a person reads a few lines.
const LONGEST: usize = 1_000;

/// The conditions that say it. A condition whose status did not flip keeps its transition time.
pub fn conditions(previous: &[Condition], report: &Report<'_>, now: Timestamp) -> Vec<Condition> {
    let class = report.ready.reason.class();
    let ready = match class {
        Class::Settled => Truth::True,
        Class::Working => Truth::Unknown,
        Class::Waiting | Class::Refused => Truth::False,
    };
    let mut all = vec![(ConditionType::Ready, ready, report.ready)];
    match class {
        Class::Settled => {}
        Class::Working | Class::Waiting => all.push((ConditionType::Reconciling, Truth::True, report.ready)),
        Class::Refused => all.push((ConditionType::Stalled, Truth::True, report.ready)),
    }
    all.extend(report.facts.iter().map(|(kind, fact)| (*kind, Truth::from(fact.holds), &fact.finding)));
    all.into_iter().map(|(kind, truth, finding)| one(previous, kind, truth, finding, report.generation, now)).collect()
}

fn one(
    previous: &[Condition],
    kind: ConditionType,
    truth: Truth,
    finding: &Finding,
    generation: i64,
    now: Timestamp,
) -> Condition {
    let before = previous.iter().find(|condition| condition.kind == kind.as_str());
    let unflipped = before.filter(|condition| condition.status == truth.as_str());
    Condition {
        kind: kind.as_str().to_owned(),
        status: truth.as_str().to_owned(),
        reason: word(finding.reason),
        message: shortened(&finding.message),
        observed_generation: generation,
        last_transition: unflipped.map_or(now, |condition| condition.last_transition),
    }
}

fn word(reason: Reason) -> String {
    reason.as_str().to_owned()
}

fn shortened(message: &str) -> String {
    if message.chars().count() <= LONGEST {
        return message.to_owned();
    }
    let mut text: String = message.chars().take(LONGEST - 1).collect();
    text.push('…');
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
        conditions.iter().find(|condition| condition.kind == kind)
    }

    proptest! {
        /// The invariants that Flux checks on its own kinds, over every reason and any history.
        #[test]
        fn the_contract_of_kstatus_holds(reasons in prop::collection::vec(0..Reason::ALL.len(), 1..6), generation in 1_i64..9) {
            let mut previous = Vec::new();
            for (tick, index) in reasons.into_iter().enumerate() {
                let finding = Finding::new(Reason::ALL[index], "because");
                let facts = [(ConditionType::Validated, Fact::new(None, Reason::Progressing, "not known"))];
                let report = Report { ready: &finding, facts: &facts, generation };
                let now = Timestamp::from_second(1_000 + i64::try_from(tick).unwrap()).unwrap();
                let written = conditions(&previous, &report, now);
                let ready = find(&written, "Ready").expect("Ready is always there");
                let reconciling = find(&written, "Reconciling");
                let stalled = find(&written, "Stalled");
                prop_assert!(reconciling.is_none() || stalled.is_none());
                prop_assert!(reconciling.into_iter().chain(stalled).all(|condition| condition.status == "True"));
                if stalled.is_some() {
                    prop_assert_eq!(&ready.status, "False");
                }
                if ready.status == "True" {
                    prop_assert!(reconciling.is_none() && stalled.is_none());
                }
                if ready.status == "Unknown" {
                    prop_assert!(reconciling.is_some());
                }
                if ready.status == "False" {
                    prop_assert!(reconciling.is_some() || stalled.is_some());
                }
                prop_assert!(written.iter().all(|condition| condition.observed_generation == generation));
                if let Some(before) = find(&previous, "Ready") {
                    prop_assert_eq!(before.status == ready.status, before.last_transition == ready.last_transition);
                }
                previous = written;
            }
        }
    }

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let finding = Finding::new(Reason::InvalidSpec, "ü".repeat(3_000));
        let report = Report { ready: &finding, facts: &[], generation: 1 };
        let written = conditions(&[], &report, Timestamp::UNIX_EPOCH);
        assert_eq!(written[0].message.chars().count(), LONGEST);
    }
}
