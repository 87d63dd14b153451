//! Lists by pages, and watches from a version on.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::{
    Memory,
    answer::{Refusal, metadata},
    http::Query,
    resource::{Place, Target},
    store::{Change, State, Stored},
    trouble::Trouble,
};

/// How often a quiet watch says how far it is: more seldom than a real server, and before whoever watches gives it up as dead.
const BOOKMARK: Duration = Duration::from_mins(4);

/// One page.
pub(super) fn list(state: &State, target: &Target, query: &Query, partial: bool) -> Result<Value, Refusal> {
    let number = |text: &str| text.parse::<u64>().ok();
    let token = query.get("continue").filter(|it| !it.is_empty());
    let (version, start) = match token {
        Some(token) => {
            let read = token.split_once('@').and_then(|(version, start)| Some((number(version)?, start.to_owned())));
            read.ok_or_else(|| Refusal::new(400, "BadRequest", "continue key is not valid"))?
        }
        None => (state.version, String::new()),
    };
    let asked = query.get("resourceVersion").and_then(number).unwrap_or_default();
    if asked > state.version {
        return Err(Refusal::new(504, "Timeout", format!("Too large resource version: {asked}, current: {version}")));
    }
    let exact = query.get("resourceVersionMatch") == Some("Exact");
    let version = if exact && token.is_none() { asked } else { version };
    let gone = if token.is_some() {
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without \
         the continue parameter."
    } else {
        "The resourceVersion for the provided list is too old."
    };
    let objects = state.as_of(&target.resource.plural, version).ok_or_else(|| Refusal::expired(gone))?;
    let selector = selector(query)?;
    let is_wanted = |kept: &Arc<Stored>| selector.iter().all(|(path, value)| kept.object.pointer(path) == Some(value));
    let here = objects.iter().filter(|(place, _)| target.holds(&place.1) && place.1 >= start);
    let mut items: Vec<_> = here.filter(|(_, kept)| is_wanted(kept)).collect();
    let mut about = json!({"resourceVersion": version.to_string(), "continue": ""});
    let limit = query.get("limit").and_then(number).and_then(|it| usize::try_from(it).ok()).unwrap_or_default();
    if limit > 0 && items.len() > limit {
        let left = items.split_off(limit);
        about["continue"] = json!(format!("{version}@{}", left[0].0.1));
        if selector.is_none() {
            about["remainingItemCount"] = json!(left.len());
        }
    }
    // Kubernetes' own lists say neither what is usual nor what follows from their kind.
    let typed = target.resource.schema.is_none();
    if (partial || typed) && about["continue"] == "" {
        about.as_object_mut().unwrap().remove("continue");
    }
    let item = |(_, stored): (&Place, &Arc<Stored>)| {
        if partial {
            return metadata(stored.shown());
        }
        let mut shown = stored.shown().clone();
        if typed {
            shown.as_object_mut().unwrap().retain(|name, _| !matches!(name.as_str(), "apiVersion" | "kind"));
        }
        shown
    };
    let items: Vec<Value> = items.into_iter().map(item).collect();
    let (kind, api_version) = if partial {
        ("PartialObjectMetadataList".to_owned(), "meta.k8s.io/v1".to_owned())
    } else {
        (format!("{}List", target.resource.kind), target.resource.api_version())
    };
    Ok(json!({"kind": kind, "apiVersion": api_version, "metadata": about, "items": items}))
}

/// The one field that a list is asked for by, and its value.
fn selector(query: &Query) -> Result<Option<(String, Value)>, Refusal> {
    let Some(text) = query.get("fieldSelector") else { return Ok(None) };
    let one = text.split_once('=').filter(|(field, value)| field.starts_with("spec.") && !value.contains([',', '=']));
    let (field, value) = one.ok_or_else(|| Refusal::unknown(text))?;
    Ok(Some((format!("/{}", field.replace('.', "/")), json!(value))))
}

/// One line of a watch.
fn line(kind: &str, object: &Value) -> Bytes {
    let mut text = json!({"type": kind, "object": object}).to_string();
    text.push('\n');
    text.into()
}

/// A change as a watch tells it; `None` where it is not of that collection.
fn told(change: &Change, target: &Target, partial: bool) -> Option<Bytes> {
    let place = &change.place;
    if place.0 != target.resource.plural || !target.holds(&place.1) {
        return None;
    }
    let (kind, stored) = match (&change.before, &change.after) {
        (None, Some(after)) => ("ADDED", after),
        (Some(_), Some(after)) => ("MODIFIED", after),
        (Some(before), None) => ("DELETED", before),
        (None, None) => return None,
    };
    let told = || {
        let shown = stored.shown();
        let mut object = if partial { metadata(shown) } else { shown.clone() };
        object["metadata"]["resourceVersion"] = json!(change.version.to_string());
        line(kind, &object)
    };
    Some(change.told[usize::from(partial)].get_or_init(told).clone())
}

/// What a watch is at.
struct Watching {
    memory: Memory,
    target: Target,
    partial: bool,
    bookmarks: bool,
    version: u64,
    until: Instant,
    bookmark: Instant,
    ended: bool,
    /// How often watches had been broken off when it began.
    breaks: u64,
}

impl Watching {
    /// The lines that are due by now.
    fn due(&mut self) -> Option<Bytes> {
        let still = self.memory.stillness(&self.target.resource.plural);
        let state = self.memory.lock();
        if still.is_empty() && self.breaks < state.breaks {
            self.memory.strike(Trouble::BrokenWatch);
            self.ended = true;
            return None;
        }
        if still.is_empty() && self.version < state.compacted {
            self.memory.strike(Trouble::Gone);
            self.ended = true;
            let message = format!("too old resource version: {} ({})", self.version, state.compacted);
            return Some(line("ERROR", &Refusal::expired(message).1));
        }
        let new = state.log.partition_point(|change| change.version <= self.version);
        let lines: Vec<Bytes> =
            state.log[new..].iter().filter_map(|change| told(change, &self.target, self.partial)).collect();
        if !still.is_empty() {
            if !lines.is_empty() {
                for trouble in still {
                    self.memory.strike(trouble);
                }
            }
            return None;
        }
        self.version = state.version;
        (!lines.is_empty()).then(|| lines.concat().into())
    }

    fn mark(&self) -> Bytes {
        let resource = self.target.resource;
        let (kind, api_version) = if self.partial {
            ("PartialObjectMetadata".to_owned(), "meta.k8s.io/v1".to_owned())
        } else {
            (resource.kind.clone(), resource.api_version())
        };
        let about = json!({"resourceVersion": self.version.to_string()});
        line("BOOKMARK", &json!({"kind": kind, "apiVersion": api_version, "metadata": about}))
    }
}

/// The body of a watch: what changed since the version, and then what changes, until the time is up.
pub(super) fn watch(memory: &Memory, target: &Target, query: &Query, partial: bool) -> Result<Body, Refusal> {
    if query.get("sendInitialEvents") == Some("true") {
        return Err(Refusal::unknown("sendInitialEvents"));
    }
    let number = |name: &str| query.get(name).and_then(|it| it.parse::<u64>().ok());
    let version = match number("resourceVersion") {
        Some(version) if version > 0 => version,
        _ => return Err(Refusal::unknown("a watch without a version")),
    };
    let now = Instant::now();
    let watching = Watching {
        memory: memory.clone(),
        target: target.clone(),
        partial,
        bookmarks: query.get("allowWatchBookmarks") == Some("true"),
        version,
        until: now + Duration::from_secs(number("timeoutSeconds").unwrap_or(1800)),
        bookmark: now + BOOKMARK,
        ended: false,
        breaks: memory.lock().breaks,
    };
    let bell = memory.bell.subscribe();
    let lines = stream::unfold((watching, bell), |(mut watching, mut bell)| async move {
        loop {
            if watching.ended {
                return None;
            }
            bell.borrow_and_update();
            if let Some(lines) = watching.due() {
                return Some((Ok(lines), (watching, bell)));
            }
            if watching.ended {
                let error = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
                return Some((Err(error), (watching, bell)));
            }
            let wake = watching.until.min(watching.bookmark);
            if timeout_at(wake, bell.changed()).await.is_ok() {
                continue;
            }
            if Instant::now() >= watching.until {
                return None;
            }
            watching.bookmark += BOOKMARK;
            if watching.bookmarks && watching.memory.stillness(&watching.target.resource.plural).is_empty() {
                return Some((Ok(watching.mark()), (watching, bell)));
            }
        }
    });
    Ok(Body::from_stream(lines))
}
