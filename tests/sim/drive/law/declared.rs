//! What is declared, since when and until when: what may be granted, and what may not be removed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::{Duration, Instant};

use crate::{
    drive::step::ELSEWHERE,
    stage::{Stage, address},
    way::{DEACTIVATED, PUBLISHER},
};

/// A time in which something held; for ever where it has no end.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: Instant,
    to: Option<Instant>,
}

/// When what held.
#[derive(Debug, Default)]
pub(super) struct Spans(BTreeMap<String, Vec<Span>>);

impl Spans {
    /// From now on that and nothing else holds, each from its time on to its end.
    fn now(&mut self, now: Instant, present: Vec<(String, Span)>) {
        for span in self.0.values_mut().flatten() {
            span.to = Some(span.to.map_or(now, |to| to.min(now)));
        }
        for spans in self.0.values_mut() {
            spans.retain(|span| span.to.is_none_or(|to| span.from < to || to == now));
        }
        for (what, span) in present {
            let spans = self.0.entry(what).or_default();
            match spans.iter_mut().find(|it| it.from <= now && it.to == Some(now) && span.from <= now) {
                Some(held) => held.to = span.to,
                None => spans.push(span),
            }
        }
    }

    /// Whether it held at a time, or at most so long before.
    pub(super) fn held(&self, what: &str, at: Instant, slack: Duration) -> bool {
        let mut spans = self.0.get(what).into_iter().flatten();
        spans.any(|it| it.from <= at && it.to.is_none_or(|to| at.saturating_duration_since(to) <= slack))
    }

    /// Whether it has held at a time for longer than that.
    pub(super) fn holds(&self, what: &str, at: Instant, slack: Duration) -> bool {
        let mut spans = self.0.get(what).into_iter().flatten();
        spans.any(|it| it.from + slack < at && it.to.is_none_or(|to| at < to))
    }

    /// Whether it ever held.
    pub(super) fn ever(&self, what: &str) -> bool {
        self.0.contains_key(what)
    }
}

/// What is declared.
#[derive(Debug, Default)]
pub(super) struct Declared {
    /// What may be granted: grants, as `who role place`, and people by address.
    pub(super) granted: Spans,
    /// What may not be removed.
    pub(super) kept: Spans,
    /// `observed`, while the organization is.
    pub(super) observed: Spans,
    /// `withdrawn`, while its delegation is.
    pub(super) withdrawn: Spans,
}

impl Declared {
    /// Looks at the objects as they are now.
    pub(super) fn look(&mut self, stage: &Stage) {
        let (now, clock) = (Instant::now(), (stage.clock)());
        let organization = stage.get("confluentorganizations", "o").unwrap_or_default();
        let observed = organization["spec"]["management"] == "Observe";
        let delegated = organization["spec"]["delegations"].as_array().is_some_and(|all| !all.is_empty());
        let always = Span { from: now, to: None };
        let (mut granted, mut kept) = (Vec::new(), Vec::new());
        let alive = stage.memory.all().into_iter().filter(|it| it["metadata"]["deletionTimestamp"].is_null());
        for object in alive {
            let suspended = object["spec"]["suspend"] == true;
            let stays = object["kind"] == "ConfluentUser" || delegated;
            if let Some(what) = person(&object).or_else(|| grant(&object)) {
                let span = span(&object, always, clock);
                if !suspended {
                    granted.push((what.clone(), span));
                }
                if stays {
                    kept.push((what, span));
                }
            } else if let Some(what) = member(&object) {
                granted.push((what.clone(), always));
                kept.push((what, always));
            }
        }
        self.granted.now(now, granted);
        self.kept.now(now, kept);
        let holds = |what: &str, holds: bool| if holds { vec![(what.to_owned(), always)] } else { Vec::new() };
        self.observed.now(now, holds("observed", observed));
        self.withdrawn.now(now, holds("withdrawn", !delegated));
    }
}

/// When an object is in force.
fn span(object: &Value, always: Span, clock: Timestamp) -> Span {
    let moment = |field: &str| {
        let at: Timestamp = object["spec"]["validity"][field].as_str()?.parse().ok()?;
        let wait = at.duration_since(clock);
        Some(always.from + Duration::try_from(wait).unwrap_or_default())
    };
    Span { from: moment("notBefore").unwrap_or(always.from), to: moment("notAfter") }
}

/// By which name it is declared, whatever the vendor made of the person.
pub(super) fn declared_as(what: &str) -> String {
    what.strip_prefix(DEACTIVATED).unwrap_or(what).replace(ELSEWHERE, "@partner")
}

pub(super) fn person(object: &Value) -> Option<String> {
    (object["kind"] == "ConfluentUser").then(|| object["spec"]["email"].as_str().unwrap().to_owned())
}

/// A binding as the organization would tell it.
pub(super) fn grant(object: &Value) -> Option<String> {
    let who = object["spec"]["principal"]["userRef"]["name"].as_str()?;
    let role = object["spec"]["role"].as_str()?;
    let place = if role == "OrganizationAdmin" { "the organization" } else { "environment env-prod01" };
    Some(format!("{} {role} {place}", address(who)))
}

/// A publisher's user as the publisher would tell it.
pub(super) fn member(object: &Value) -> Option<String> {
    let role = object["spec"]["role"].as_str()?.to_lowercase();
    (object["kind"] == "PublisherUser")
        .then(|| format!("{} {role} {PUBLISHER}", object["spec"]["email"].as_str().unwrap()))
}

/// What a binding answers for by its status: after an edit, the old grant until it is revoked, and what it set out on.
pub(super) fn recorded(object: &Value) -> Vec<String> {
    let granting = object["status"]["granting"].as_array();
    granting.into_iter().flatten().chain([&object["status"]["grant"]]).filter_map(told).collect()
}

fn told(grant: &Value) -> Option<String> {
    let (who, role, crn) = (grant["principal"].as_str()?, grant["role"].as_str()?, grant["crn"].as_str()?);
    let place = if crn.contains("/environment=") { "environment env-prod01" } else { "the organization" };
    Some(format!("{who} {role} {place}"))
}
