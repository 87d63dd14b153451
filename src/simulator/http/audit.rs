//! `/audit-log/v1/events`: what the vendor's audit log holds, in the form of its topic, for whoever administers. The vendor
//! has no such path: it stands in for a gateway that reads the topic. IO.

use axum::Json;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{call::Call, page::Reply};
use crate::simulator::world::AuditEntry;

/// Most events of one answer.
const MOST: usize = 1_000;

/// The events since a moment, the oldest first; without one the last there are.
pub(super) fn list(call: &Call) -> Reply {
    let after: Option<Timestamp> = call.query("after").and_then(|text| text.parse().ok());
    call.read(|view| {
        let entries: Vec<&AuditEntry> =
            view.audit()?.filter(|entry| after.is_none_or(|after| entry.at >= after)).collect();
        let surplus = if after.is_none() { entries.len().saturating_sub(MOST) } else { 0 };
        let events: Vec<Value> = entries.into_iter().skip(surplus).take(MOST).map(event).collect();
        Ok(Json(json!({"data": events})))
    })
}

fn event(entry: &AuditEntry) -> Value {
    let kind = if entry.actor.starts_with("sa-") { "confluentServiceAccount" } else { "confluentUser" };
    json!({
        "specversion": "1.0",
        "type": "io.confluent.cloud/request",
        "time": entry.at.to_string(),
        "data": {
            "methodName": entry.method,
            "authenticationInfo": {"principal": {kind: {"resourceId": entry.actor}}},
            "cloudResources": [{"resource": {"resourceId": entry.resource}}],
            "result": {"status": "SUCCESS"},
        },
    })
}
