//! Pages: size and token in, `metadata.next` out. IO.

use axum::Json;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::{call::Call, problem::Problem};
use crate::simulator::world::{Page, Slice};

/// The most that one page holds.
const LARGEST: usize = 100;

/// Which page is wanted.
#[derive(Clone, Debug)]
pub(super) struct PageQuery {
    size: usize,
    after: Option<String>,
}

/// What a list's `metadata.next` is when there is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The member is not there.
    Absent,
    /// It is an empty text.
    Empty,
}

impl PageQuery {
    /// The size counts on the first request alone: a token carries it on.
    pub(super) fn read(size: Option<&str>, token: Option<&str>, default: usize) -> Result<Self, Problem> {
        if let Some(token) = token {
            return decode(token)
                .ok_or_else(|| Problem::bad_parameter("page_token", "The page token is not valid".to_owned()));
        }
        let size = match size.map(str::parse::<usize>) {
            None => default,
            Some(Ok(size)) if size > 0 => size.min(LARGEST),
            Some(_) => return Err(Problem::bad_parameter("page_size", "The page size is not valid".to_owned())),
        };
        Ok(Self { size, after: None })
    }

    pub(super) fn slice(&self) -> Slice<'_> {
        Slice { after: self.after.as_deref(), size: self.size }
    }

    /// The whole answer to a listing.
    pub(super) fn answer<T>(
        &self,
        call: &Call,
        (api_version, kind): (&str, &str),
        page: &Page<'_, T>,
        end: End,
        render: impl Fn(&T) -> Value,
    ) -> Value {
        let base = call.simulator.knobs().next_base.unwrap_or_else(|| call.base.clone());
        let mut metadata = json!({});
        match &page.next {
            Some(last) => {
                let token = URL_SAFE_NO_PAD.encode(format!("{}|{last}", self.size));
                metadata["next"] = json!(format!("{base}{}?{}page_token={token}", call.path, call.filters));
            }
            None if end == End::Empty => metadata["next"] = json!(""),
            None => {}
        }
        if end == End::Empty {
            metadata["first"] = json!(format!("{base}{}", call.path));
        }
        let data: Vec<Value> = page.items.iter().map(|item| render(item)).collect();
        json!({"api_version": api_version, "kind": kind, "metadata": metadata, "data": data})
    }
}

fn decode(token: &str) -> Option<PageQuery> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (size, after) = text.split_once('|')?;
    let size = size.parse().ok().filter(|size| (1..=LARGEST).contains(size))?;
    Some(PageQuery { size, after: Some(after.to_owned()) })
}

/// An answer with a body.
pub(super) type Reply = Result<Json<Value>, Problem>;

/// An answer with a body and the address of what was made.
pub(super) type Created = Result<Made, Problem>;

type Made = (StatusCode, [(header::HeaderName, String); 1], Json<Value>);

/// That status, the body, and `Location` from the body's own `metadata.self`.
pub(super) fn created(status: StatusCode, body: Value) -> Made {
    let location = body["metadata"]["self"].as_str().unwrap_or_default().to_owned();
    (status, [(header::LOCATION, location)], Json(body))
}

/// An answer that the world does not give to that command; it would be a mistake of ours.
pub(super) fn unexpected() -> Problem {
    Problem::injected(500, crate::simulator::knob::Envelope::Failure, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bounded_and_tokens_are_checked() {
        assert_eq!(PageQuery::read(None, None, 10).unwrap().size, 10);
        assert_eq!(PageQuery::read(Some("1000"), None, 10).unwrap().size, 100);
        assert!(PageQuery::read(Some("0"), None, 10).is_err());
        assert!(PageQuery::read(Some("many"), None, 10).is_err());
        let token = URL_SAFE_NO_PAD.encode("25|u-1");
        let page = PageQuery::read(Some("50"), Some(&token), 10).unwrap();
        assert_eq!((page.size, page.after.as_deref()), (25, Some("u-1")));
        assert!(PageQuery::read(None, Some("nonsense"), 10).is_err());
    }
}
