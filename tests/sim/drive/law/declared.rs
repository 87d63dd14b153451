//! What is declared, since when and until when: what may be granted, and what may not be removed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::{Duration, Instant};

use crate::{
    drive::step::ELSEWHERE,
    stage::{SYSTEM, Stage, address},
    way::{DEACTIVATED, PUBLISHER},
};

/// How long what has ended may still be told of.
const ENDED: Duration = Duration::from_secs(10);
/// How long before an object something has to be there, not to be taken for the object's; and how late an object is seen.
const PRE_EXISTING: Duration = Duration::from_secs(5 * 60 + 10);

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

    /// Whether it held at any time of those.
    fn since(&self, what: &str, from: Instant, at: Instant) -> bool {
        let mut spans = self.0.get(what).into_iter().flatten();
        spans.any(|it| it.from <= at && it.to.is_none_or(|to| from <= to))
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
    /// `withdrawn`, while its delegation is; the name of the publisher, while the publisher's is.
    pub(super) withdrawn: Spans,
    /// What is administrative and confirmed to go.
    pub(super) confirmed: Spans,
    /// What may be granted, with the uid of who declares it.
    by: Spans,
    /// Since when objects are there, by uid.
    born: BTreeMap<String, Instant>,
    /// `bare`, while there is no key in the organization's Secret.
    pub(super) bare: Spans,
}

impl Declared {
    /// Whether an object declared, at any time of those, what was there since the first of them, so that it is the object's to
    /// end. What is administrative is not, where it was there some minutes before the object was.
    pub(super) fn took_over(&self, what: &str, since: Instant, at: Instant) -> bool {
        let administrative = what.ends_with(" OrganizationAdmin the organization");
        let mut born = self.born.iter().filter(|(_, born)| !administrative || **born <= since + PRE_EXISTING);
        // What ended a moment ago may still be told of, and a restart in that moment finds it so.
        let since = since.checked_sub(ENDED).unwrap_or(since);
        born.any(|(uid, _)| self.by.since(&format!("{what} {uid}"), since, at))
    }

    /// Looks at the objects as they are now.
    pub(super) fn look(&mut self, stage: &Stage) {
        let (now, clock) = (Instant::now(), (stage.clock)());
        let organization = stage.get("confluentorganizations", "o").unwrap_or_default();
        let observed = organization["spec"]["management"] == "Observe";
        let delegates = |it: &Value| it["spec"]["delegations"].as_array().is_some_and(|all| !all.is_empty());
        let delegated = delegates(&organization);
        let publishes = stage.get("publishers", "p").is_none_or(|it| delegates(&it));
        let always = Span { from: now, to: None };
        let (mut granted, mut kept, mut by) = (Vec::new(), Vec::new(), Vec::new());
        let alive = stage.memory.all().into_iter().filter(|it| it["metadata"]["deletionTimestamp"].is_null());
        for object in alive {
            let suspended = object["spec"]["suspend"] == true;
            let stays = object["kind"] == "ConfluentUser" || delegated;
            if let Some(what) = person(&object).or_else(|| grant(&object)) {
                let span = span(&object, always, clock);
                let uid = object["metadata"]["uid"].as_str().unwrap();
                self.born.entry(uid.to_owned()).or_insert(now);
                by.push((format!("{what} {uid}"), span));
                if !suspended {
                    granted.push((what.clone(), span));
                }
                if stays {
                    kept.push((what, span));
                }
            } else if let Some(what) = member(&object) {
                granted.push((what.clone(), always));
                if publishes {
                    kept.push((what, always));
                }
            }
        }
        self.granted.now(now, granted);
        self.kept.now(now, kept);
        self.by.now(now, by);
        let holds = |what: &str, holds: bool| holds.then(|| (what.to_owned(), always)).into_iter();
        self.observed.now(now, holds("observed", observed).collect());
        self.withdrawn.now(now, holds("withdrawn", !delegated).chain(holds(PUBLISHER, !publishes)).collect());
        let confirmed = stage.memory.all().into_iter().flat_map(|it| confirmed(&it)).map(|it| (it, always));
        self.confirmed.now(now, confirmed.collect());
        let secret = stage.memory.peek(&format!("/api/v1/namespaces/{SYSTEM}/secrets/o")).unwrap_or_default();
        self.bare.now(now, holds("bare", secret["data"]["key"].is_null()).collect());
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

/// What an object confirms the end of, if it does: of whom it means, or answers for.
fn confirmed(object: &Value) -> Vec<String> {
    let said = object["metadata"]["annotations"]["access.roster.dev/confirm-removal"].as_str();
    if said != Some("OrganizationAdmin") {
        return Vec::new();
    }
    let means = grant(object).into_iter().chain(recorded(object)).chain(person(object));
    means.filter_map(|it| Some(format!("{} OrganizationAdmin the organization", it.split(' ').next()?))).collect()
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
