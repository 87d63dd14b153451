//! What can be turned on a running simulator besides its rules: faults, limits, delays. Plain values; no IO.
//!
//! None of this is journaled, and none of it can be reached through the vendor's dialect.

use serde::{Deserialize, Serialize};

use super::world::Rules;

/// Everything that can be turned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Knobs {
    /// What the world does where the vendor's behaviour is unknown. A change of them is journaled.
    pub rules: Rules,
    /// How many requests are answered in a span of time.
    pub rate_limit: Option<RateLimit>,
    /// What goes wrong with requests to come; the first that matches a request counts.
    pub faults: Vec<Fault>,
    /// How far lists lag behind writes. A read by id is never behind.
    pub lag: Lag,
    /// How many milliseconds every answer takes besides.
    pub latency_ms: u32,
    /// What stands before the path in `metadata.next` and `nextLink`, in place of the address that was called.
    pub next_base: Option<String>,
    /// The most that one page of the cloud's lists holds, whatever was asked for; 100 where it is not given.
    pub page_size: Option<u32>,
    /// How many users of a publisher one page holds; 100 where it is not given.
    pub publisher_page_size: Option<u32>,
    /// Where a page begins.
    pub paging: Paging,
    /// Whether the removal of a role binding is answered with 204 and no body, in place of 200 and the binding.
    pub removal_without_body: bool,
}

/// So many requests in a fixed window, for all callers together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateLimit {
    /// Requests in one window.
    pub limit: u32,
    /// Seconds of one window.
    pub window: u32,
    /// Whether a refusal has `Retry-After`.
    #[serde(default = "yes")]
    pub retry_after: bool,
    /// Whether answers have the `X-RateLimit-…` headers.
    #[serde(default = "yes")]
    pub headers: bool,
}

/// Where a list's page begins, which the vendors do not say: their tokens are opaque.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Paging {
    /// After the last one of the page before, so that nothing is missed.
    #[default]
    ById,
    /// As many items on as the pages before held: what goes or comes while a list is read hides another, or shows one twice.
    ByCount,
}

/// How far lists lag behind writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Lag {
    /// Not at all.
    #[default]
    None,
    /// A write is listed so many seconds later.
    Seconds(u32),
    /// Lists stay as they are until this is set to something else.
    Frozen,
}

/// Something that goes wrong with requests to come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// The method; any where it is not given.
    #[serde(default)]
    pub method: Option<String>,
    /// How the path begins.
    pub path: String,
    /// What the query holds; any where it is not given.
    #[serde(default)]
    pub query: Option<String>,
    /// How many matching requests pass unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// How many are then harmed; all where it is not given.
    #[serde(default)]
    pub times: Option<u32>,
    /// Whether the request is executed all the same.
    #[serde(default)]
    pub after_execution: bool,
    /// What happens.
    pub effect: Effect,
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Effect {
    /// An error is answered.
    Status {
        /// With this code.
        status: u16,
        /// In this form.
        #[serde(default)]
        envelope: Envelope,
        /// With `Retry-After`.
        #[serde(default)]
        retry_after: Option<u32>,
    },
    /// Nothing is ever answered.
    Hang,
    /// A list is answered as if it were empty.
    EmptyList,
    /// A page of a list is answered without its items, and leads on to the next one.
    Gap,
    /// A page of a list is answered with each of its items twice.
    Twice,
    /// A page of HTML is answered, as a proxy on the way would.
    Html,
    /// The answer ends in the middle of its JSON.
    Truncated,
}

/// The forms that the vendor's errors have. The portal of publishers and the token endpoint have one form each, and answer
/// the first three alike in their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Envelope {
    /// `{"errors": […]}`
    #[default]
    Failure,
    /// `{"error_code": …, "message": …}`
    ErrorCode,
    /// `{"status": …, "error": {…}}`
    Documented,
    /// `{"message": …}`
    Bare,
    /// No body.
    Empty,
}

impl Fault {
    /// The next such request is answered with that error and not executed.
    pub fn status(method: &str, path: &str, status: u16) -> Self {
        Self::new(method, path, Effect::Status { status, envelope: Envelope::Failure, retry_after: None })
    }

    /// The next such request is executed and never answered.
    pub fn hang(method: &str, path: &str) -> Self {
        Self { after_execution: true, ..Self::new(method, path, Effect::Hang) }
    }

    /// The next such list is answered as if it were empty.
    pub fn empty_list(path: &str) -> Self {
        Self { after_execution: true, ..Self::new("GET", path, Effect::EmptyList) }
    }

    /// The next such page is answered without its items.
    pub fn gap(path: &str) -> Self {
        Self { after_execution: true, ..Self::new("GET", path, Effect::Gap) }
    }

    /// The next request with that method and beginning of the path meets that effect.
    pub fn new(method: &str, path: &str, effect: Effect) -> Self {
        let method = Some(method.to_owned());
        Self { method, path: path.to_owned(), query: None, skip: 0, times: Some(1), after_execution: false, effect }
    }

    /// So many times.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    /// After so many that pass.
    #[must_use]
    pub fn after(self, skip: u32) -> Self {
        Self { skip, ..self }
    }

    /// Until the fault is taken away.
    #[must_use]
    pub fn always(self) -> Self {
        Self { times: None, ..self }
    }

    /// The request is executed all the same.
    #[must_use]
    pub fn after_execution(self) -> Self {
        Self { after_execution: true, ..self }
    }

    fn matches(&self, method: &str, path: &str, query: &str) -> bool {
        self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && path.starts_with(&self.path)
            && self.query.as_deref().is_none_or(|part| query.contains(part))
    }
}

impl Knobs {
    /// The fault that this request meets, which is used up by it.
    pub(super) fn strike(&mut self, method: &str, path: &str, query: &str) -> Option<Fault> {
        for fault in self.faults.iter_mut().filter(|fault| fault.matches(method, path, query)) {
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            match &mut fault.times {
                Some(0) => {}
                Some(times) => {
                    *times -= 1;
                    return Some(fault.clone());
                }
                None => return Some(fault.clone()),
            }
        }
        None
    }
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_as_often_as_told_and_only_what_it_names() {
        let fault = Fault::status("POST", "/iam/v2/role-bindings", 503).after(1).times(2);
        let mut knobs = Knobs { faults: vec![fault], ..Knobs::default() };
        assert!(knobs.strike("GET", "/iam/v2/role-bindings", "").is_none());
        assert!(knobs.strike("POST", "/iam/v2/users", "").is_none());
        let struck: Vec<bool> = (0..4).map(|_| knobs.strike("POST", "/iam/v2/role-bindings", "").is_some()).collect();
        assert_eq!(struck, [false, true, true, false]);
    }

    #[test]
    fn knobs_are_read_from_what_a_person_would_write() {
        let text = r#"{"faults": [{"path": "/iam", "effect": {"status": {"status": 503}}}], "lag": {"seconds": 90},
            "rateLimit": {"limit": 10, "window": 1}, "rules": {"duplicateGrant": "NewId201"}}"#;
        let knobs: Knobs = serde_json::from_str(text).unwrap();
        assert_eq!(knobs.lag, Lag::Seconds(90));
        assert!(knobs.rate_limit.unwrap().retry_after);
        assert!(serde_json::from_str::<Knobs>(r#"{"fault": []}"#).is_err());
    }
}
