//! Events: one when a reason changes, one for each step that was made. An event that cannot be written is no failure. IO.
//!
//! What is told again within minutes is a series. The API takes no other note for an event that is there, so one with another note
//! is another event: whoever reads it is told what is so now, such as the digest of what is held.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{
    api::events::v1::{Event, EventSeries},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
};
use kube::{
    Api, Resource,
    api::{Patch, PatchParams, PostParams},
    runtime::events::EventType,
};
use serde_json::json;

use super::{context::Context, lane::Done, write};

/// Longest note that the API takes, in bytes.
const LONGEST: usize = 1_000;
/// How long after it was last told an event is told again as one of a series.
const SERIES: SignedDuration = SignedDuration::from_mins(6);
/// Most of an object's name that goes into that of an event: a name has at most 253 characters.
const NAME: usize = 220;

/// What was told of late.
#[derive(Default)]
pub(crate) struct Told {
    /// By object, reason and note: the event's name, how often, and when last.
    events: HashMap<u64, (String, i32, Timestamp)>,
    /// What the last name ended in.
    last: i128,
}

impl Told {
    /// The name of the event to write, and which of a series it is.
    fn again(&mut self, key: u64, object: &str, now: Timestamp) -> (String, i32) {
        self.events.retain(|_, (_, _, last)| now.duration_since(*last) < SERIES);
        if let Some((name, count, last)) = self.events.get_mut(&key) {
            (*count, *last) = (count.saturating_add(1), now);
            return (name.clone(), *count);
        }
        self.last = now.as_nanosecond().max(self.last + 1);
        let object: String = object.chars().take(NAME).collect();
        let name = format!("{}.{:x}", object.trim_end_matches(['.', '-']), self.last);
        self.events.insert(key, (name.clone(), 1, now));
        (name, 1)
    }
}

/// Writes events. It is shared by all that one process tells.
#[derive(Default)]
pub(crate) struct Recorder(Mutex<Told>);

impl Recorder {
    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Publishes one event about an object.
pub(crate) async fn publish<K: Resource<DynamicType = ()>>(
    object: &K,
    kind: EventType,
    reason: &str,
    note: &str,
    context: &Context,
) {
    if !context.leadership.may_write() {
        return;
    }
    let end = note.char_indices().map(|(index, c)| index + c.len_utf8()).take_while(|end| *end <= LONGEST).last();
    let note = end.map_or("", |end| &note[..end]);
    let (regarding, now) = (object.object_ref(&()), context.settings.outside.now());
    let mut hasher = DefaultHasher::new();
    (&regarding.uid, reason, note).hash(&mut hasher);
    let key = hasher.finish();
    let namespace = regarding.namespace.clone().unwrap_or_else(|| "default".to_owned());
    let (name, count) = context.recorder.told().again(key, regarding.name.as_deref().unwrap_or_default(), now);
    let events: Api<Event> = Api::namespaced(context.client.clone(), &namespace);
    let written = if count > 1 {
        let series = EventSeries { count, last_observed_time: MicroTime(now) };
        let patch = Patch::Merge(json!({"series": series}));
        write::within(events.patch(&name, &PatchParams::default(), &patch)).await
    } else {
        let instance = &context.settings.instance;
        let event = Event {
            action: Some("Reconcile".to_owned()),
            event_time: Some(MicroTime(now)),
            metadata: ObjectMeta { name: Some(name), namespace: Some(namespace), ..ObjectMeta::default() },
            note: Some(note.to_owned()),
            reason: Some(reason.to_owned()),
            regarding: Some(regarding),
            reporting_controller: Some("roster".to_owned()),
            reporting_instance: Some(instance.clone()),
            type_: Some(if matches!(kind, EventType::Warning) { "Warning" } else { "Normal" }.to_owned()),
            ..Event::default()
        };
        write::within(events.create(&PostParams::default(), &event)).await
    };
    // A namespace that is going away takes no events, and the cause of the event is in the status anyway.
    if let Err(error) = written {
        // It may be gone, or have never come to be: the next is an event of its own.
        context.recorder.told().events.remove(&key);
        tracing::debug!(error = %crate::telemetry::chain(&error), reason, "an event was not written");
    }
}

/// Publishes an event for each step that was made.
pub(crate) async fn done<K: Resource<DynamicType = ()>>(object: &K, done: &[Done], context: &Context) {
    for one in done {
        let mut note = one.text.clone();
        if let Some(more) = &one.note {
            note.push_str("; ");
            note.push_str(more);
        }
        publish(object, EventType::Normal, one.event, &note, context).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_again_is_a_series_and_no_two_events_have_one_name() {
        let (mut told, now) = (Told::default(), Timestamp::UNIX_EPOCH);
        let later = |minutes| now + SignedDuration::from_mins(minutes);
        let (first, count) = told.again(1, "it", now);
        assert_eq!((first.as_str(), count), ("it.1", 1));
        assert_eq!(told.again(2, "it", now), ("it.2".to_owned(), 1), "another note at the same moment");
        assert_eq!(told.again(1, "it", later(5)), (first.clone(), 2));
        assert_eq!(told.again(1, "it", later(10)), (first.clone(), 3), "it is still told");
        let (anew, count) = told.again(1, "it", later(17));
        assert_eq!((anew == first, count, told.events.len()), (false, 1, 1));
        let long = told.again(3, &format!("{}-{}", "a".repeat(219), "b".repeat(30)), now).0;
        assert!(long.len() < 253 && !long.contains("-."), "{long}");
    }
}
