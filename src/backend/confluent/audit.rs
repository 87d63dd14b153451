//! The audit log, where the endpoint serves it: who changed what, and when. The vendor itself offers its log as a Kafka topic
//! alone; a gateway of its owner's in front of the API can serve it, in the vendor's form. IO, through the client.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use super::{ConfluentCloud, wire};
use crate::{
    access::{PrincipalId, listing::AuditRecord},
    backend::http::Call,
};

/// How many records are kept; the oldest go first.
const KEPT: usize = 1_000;

/// What was read of the log so far.
pub(super) type AuditLog = Arc<Mutex<VecDeque<AuditRecord>>>;

impl ConfluentCloud {
    /// The same, asking the endpoint for its audit log at each listing.
    #[must_use]
    pub fn with_audit_log(self) -> Self {
        Self { audit: Some(AuditLog::default()), ..self }
    }

    /// What the log tells of late. One that cannot be read takes nothing from a listing: it is asked again at the next.
    pub(super) async fn audited(&self) -> Vec<AuditRecord> {
        let Some(log) = &self.audit else { return Vec::new() };
        let known = || log.lock().unwrap_or_else(PoisonError::into_inner);
        let last = known().back().map(|record| record.at);
        let call = Call::get("read the audit log", "/audit-log/v1/events");
        let call = last.into_iter().fold(call, |call, at| call.query("after", at.to_string()));
        let events = match self.http.send(call).await.and_then(|reply| reply.json::<wire::Page<wire::AuditEvent>>()) {
            Ok(events) => events.data,
            Err(error) => {
                let error = crate::telemetry::chain(&error);
                tracing::warn!(
                    %error,
                    "the audit log cannot be read, so drift is told without who and when: see to the gateway, or say `auditLog: None`"
                );
                Vec::new()
            }
        };
        let mut kept = known();
        for record in events.into_iter().flat_map(records) {
            if !kept.contains(&record) {
                kept.push_back(record);
            }
        }
        let surplus = kept.len().saturating_sub(KEPT);
        kept.drain(..surplus);
        kept.iter().cloned().collect()
    }
}

/// What an event tells; nothing where it does not say who, what and when, and nothing where it tells of a refusal.
fn records(event: wire::AuditEvent) -> Vec<AuditRecord> {
    let (Some(data), Some(at)) = (event.data, event.time.and_then(|time| time.parse().ok())) else {
        return Vec::new();
    };
    let failed = data.result.and_then(|result| result.status).is_some_and(|status| status != "SUCCESS");
    let principal = data.authentication_info.and_then(|info| info.principal);
    let named = principal.and_then(|it| it.confluent_user.or(it.confluent_service_account));
    let Some(actor) = named.and_then(|it| it.resource_id).filter(|_| !failed) else { return Vec::new() };
    let resources = data.cloud_resources.unwrap_or_default();
    let subjects = resources.into_iter().filter_map(|it| it.resource?.resource_id);
    subjects.map(|subject| AuditRecord { at, actor: PrincipalId::new(&actor), subject }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_read_as_far_as_it_says_who_and_what_and_when() {
        let event = |data| json!({"specversion": "1.0", "time": "2026-01-01T00:00:00Z", "data": data});
        let who = json!({"principal": {"confluentUser": {"resourceId": "u-1"}}});
        let what = json!([{"resource": {"type": "ROLE_BINDING", "resourceId": "rb-1"}}]);
        let whole = json!({"methodName": "DeleteRoleBindingById", "authenticationInfo": who, "cloudResources": what});
        let read = |event: serde_json::Value| records(serde_json::from_value(event).unwrap());
        let [record] = read(event(whole.clone())).try_into().unwrap();
        assert_eq!((record.actor.as_str(), record.subject.as_str()), ("u-1", "rb-1"));
        let mut refused = whole.clone();
        refused["result"] = json!({"status": "UNAUTHORIZED"});
        let mut timeless = event(whole.clone());
        timeless["time"] = json!("yesterday");
        let mut nobody = whole;
        nobody["authenticationInfo"] = json!(null);
        for event in [event(refused), timeless, event(nobody), event(json!({})), json!({})] {
            assert_eq!(read(event), []);
        }
    }
}
