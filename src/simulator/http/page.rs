//! Pages: size and token in, `metadata.next` out. IO.

use axum::Json;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::{call::Call, problem::Problem};
use crate::simulator::{
    knob::Paging,
    world::{Page, Slice},
};

/// The most that one page holds.
const LARGEST: usize = 100;

/// Which page is wanted.
#[derive(Clone, Debug)]
pub(super) struct PageQuery {
    size: usize,
    mark: Option<Mark>,
    paging: Paging,
}

/// Where a page begins, told in both ways, of which one counts: so a token does not tell which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// How many were on the pages before.
    pub(super) count: usize,
    /// The last id that was on them.
    pub(super) last: String,
}

impl Mark {
    /// As it stands in a token.
    pub(super) fn told(&self) -> String {
        format!("{}|{}", self.count, self.last)
    }

    /// From the text of a token.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (count, last) = text.split_once('|')?;
        Some(Self { count: count.parse().ok()?, last: last.to_owned() })
    }

    /// The part of a list that begins at a mark, or with the list.
    pub(super) fn slice(mark: Option<&Self>, paging: Paging, size: usize) -> Slice<'_> {
        match paging {
            Paging::ById => Slice { after: mark.map(|it| it.last.as_str()), skip: 0, size },
            Paging::ByCount => Slice { after: None, skip: mark.map_or(0, |it| it.count), size },
        }
    }

    /// Where the page after this one begins, where there is one.
    pub(super) fn next<T>(mark: Option<&Self>, page: &Page<'_, T>) -> Option<Self> {
        let count = mark.map_or(0, |it| it.count) + page.items.len();
        page.next.clone().map(|last| Self { count, last })
    }
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
    /// The size counts on the first request alone: a token carries it on. No page holds more than the knob says.
    pub(super) fn read(call: &Call, default: usize) -> Result<Self, Problem> {
        let knobs = call.simulator.knobs();
        let (size, mark) = wanted(call.query("page_size"), call.query("page_token"), default)?;
        let most = knobs.page_size.map_or(LARGEST, |most| usize::try_from(most).unwrap_or(LARGEST).max(1));
        Ok(Self { size: size.min(most), mark, paging: knobs.paging })
    }

    pub(super) fn slice(&self) -> Slice<'_> {
        Mark::slice(self.mark.as_ref(), self.paging, self.size)
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
        match Mark::next(self.mark.as_ref(), page) {
            Some(mark) => {
                let token = URL_SAFE_NO_PAD.encode(format!("{}|{}", self.size, mark.told()));
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

/// How many are wanted, and from where on.
fn wanted(size: Option<&str>, token: Option<&str>, default: usize) -> Result<(usize, Option<Mark>), Problem> {
    if let Some(token) = token {
        let (size, mark) = decode(token)
            .ok_or_else(|| Problem::bad_parameter("page_token", "The page token is not valid".to_owned()))?;
        return Ok((size, Some(mark)));
    }
    match size.map(str::parse::<usize>) {
        None => Ok((default, None)),
        Some(Ok(size)) if size > 0 => Ok((size.min(LARGEST), None)),
        Some(_) => Err(Problem::bad_parameter("page_size", "The page size is not valid".to_owned())),
    }
}

fn decode(token: &str) -> Option<(usize, Mark)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (size, mark) = text.split_once('|')?;
    let size = size.parse().ok().filter(|size| (1..=LARGEST).contains(size))?;
    Some((size, Mark::read(mark)?))
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
        assert_eq!(wanted(None, None, 10).unwrap(), (10, None));
        assert_eq!(wanted(Some("1000"), None, 10).unwrap().0, 100);
        assert!(wanted(Some("0"), None, 10).is_err());
        assert!(wanted(Some("many"), None, 10).is_err());
        let token = URL_SAFE_NO_PAD.encode("25|50|u-1");
        let mark = Mark { count: 50, last: "u-1".to_owned() };
        assert_eq!(wanted(Some("50"), Some(&token), 10).unwrap(), (25, Some(mark)));
        assert!(wanted(None, Some("nonsense"), 10).is_err());
    }
}
