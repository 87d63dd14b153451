//! Events: one when a reason changes, one for each step that was made. An event that cannot be written is no failure. IO.
//!
//! Their times are the machine's and not the operator's clock (`Outside`): kube's recorder stamps them itself. What it does besides,
//! counting repeats into one event's series, would be the larger part of a writer of our own, and nothing is decided by these times.

use kube::{
    Resource,
    runtime::events::{Event, EventType},
};

use super::{context::Context, lane::Done, write};

/// Longest note that the API takes, in bytes.
const LONGEST: usize = 1_000;

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
    let event = Event {
        type_: kind,
        reason: reason.to_owned(),
        note: end.map(|end| note[..end].to_owned()),
        action: "Reconcile".to_owned(),
        secondary: None,
    };
    let reference = object.object_ref(&());
    // A namespace that is going away takes no events, and the cause of the event is in the status anyway.
    if let Err(error) = write::within(context.recorder.publish(&event, &reference)).await {
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
