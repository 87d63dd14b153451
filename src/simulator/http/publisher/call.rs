//! One request to the portal: its version, its conditions, its page, and the ways into the world. IO.

use axum::extract::FromRequestParts;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode, header, request::Parts};

use crate::simulator::{
    http::{call::Call, page::Mark, problem::Problem},
    server::Simulator,
    world::{Answer, Command, PublisherCommand, PublisherView, Slice},
};

/// The versions that are spoken.
const VERSIONS: [&str; 1] = ["2017-10-31"];
/// How many users one page holds, where no knob says otherwise.
const PAGE: u32 = 100;
/// The parameter that says where a page begins, as it stands in an address and as it is meant.
const SKIP: [&str; 2] = ["%24skiptoken", "$skiptoken"];

/// What every handler of the portal gets.
pub(super) struct PublisherCall {
    call: Call,
    headers: HeaderMap,
}

impl FromRequestParts<Simulator> for PublisherCall {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, simulator: &Simulator) -> Result<Self, Problem> {
        let call = match Call::from_request_parts(parts, simulator).await {
            Ok(call) => call,
            Err(never) => match never {},
        };
        match call.query("api-version") {
            Some(version) if VERSIONS.contains(&version) => Ok(Self { call, headers: parts.headers.clone() }),
            given => {
                let given = given.map_or("is missing".to_owned(), |version| format!("'{version}' is not supported"));
                let message = format!("The api-version {given}. The allowed values are: {}", VERSIONS.join(", "));
                Err(Problem::coded(StatusCode::BAD_REQUEST, "InvalidAPIVersion", message))
            }
        }
    }
}

/// What a write is conditional on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// That there is nothing yet: `If-None-Match: *`.
    Absent,
    /// That there is something, of that version where one is named: `If-Match`.
    Present(Option<String>),
}

impl PublisherCall {
    /// Looks at the world as it is now, as the caller sees it.
    pub(super) fn read<T>(&self, look: impl FnOnce(&PublisherView<'_>) -> T) -> T {
        self.call.simulator.inspect(|world, _| look(&world.publishers(&self.call.actor)))
    }

    /// Looks at the world as lists show it.
    pub(super) fn read_listed<T>(&self, look: impl FnOnce(&PublisherView<'_>) -> T) -> T {
        self.call.simulator.inspect_listed(|world, _| look(&world.publishers(&self.call.actor)))
    }

    /// Carries out a command as the caller.
    pub(super) fn act(&self, command: PublisherCommand) -> Result<Answer, Problem> {
        self.call.act(&Command::Publisher(command))
    }

    /// The address that the list is restricted to.
    pub(super) fn email(&self) -> Option<&str> {
        self.call.query("email")
    }

    /// Where the wanted page begins.
    pub(super) fn mark(&self) -> Result<Option<Mark>, Problem> {
        let decoded = |token| Mark::read(&String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?);
        let token = self.call.query(SKIP[1]);
        token.map(|token| decoded(token).ok_or_else(|| bad_request("The $skiptoken is not valid"))).transpose()
    }

    /// The part of a list that begins there.
    pub(super) fn slice<'a>(&self, mark: Option<&'a Mark>) -> Slice<'a> {
        let knobs = self.call.simulator.knobs();
        let size = knobs.publisher_page_size.unwrap_or(PAGE).max(1);
        Mark::slice(mark, knobs.paging, usize::try_from(size).unwrap_or(usize::MAX))
    }

    /// The address of the page that begins there.
    pub(super) fn next_link(&self, mark: &Mark) -> String {
        let base = self.call.simulator.knobs().next_base.unwrap_or_else(|| self.call.base.clone());
        let skips = |part: &&str| SKIP.iter().any(|name| part.starts_with(&format!("{name}=")));
        let kept: Vec<&str> = self.call.filters.split('&').filter(|part| !part.is_empty() && !skips(part)).collect();
        let token = URL_SAFE_NO_PAD.encode(mark.told());
        format!("{base}{}?{}&{}={token}", self.call.path, kept.join("&"), SKIP[0])
    }

    /// What the write is conditional on; there has to be something, and it has to be one thing.
    pub(super) fn condition(&self) -> Result<Condition, Problem> {
        match (self.header(&header::IF_MATCH), self.header(&header::IF_NONE_MATCH)) {
            (None, Some("*")) => Ok(Condition::Absent),
            (Some("*"), None) => Ok(Condition::Present(None)),
            (Some(tag), None) => match opaque(tag) {
                Some(version) => Ok(Condition::Present(Some(version.to_owned()))),
                None => Err(bad_request("If-Match must be `*` or one entity tag in double quotes")),
            },
            (None, None) => {
                let message = "The request must have If-Match, or If-None-Match with `*`";
                Err(Problem::coded(StatusCode::BAD_REQUEST, "PreconditionRequired", message))
            }
            (_, Some(_)) => Err(bad_request("The request must have either If-Match or If-None-Match with `*`")),
        }
    }

    /// Whether the reader has that version already and wants to hear of others alone.
    pub(super) fn is_known(&self, version: &str) -> bool {
        let known = |tag: &str| tag == "*" || opaque(tag.strip_prefix("W/").unwrap_or(tag)) == Some(version);
        self.header(&header::IF_NONE_MATCH).is_some_and(|tags| tags.split(',').map(str::trim).any(known))
    }

    fn header(&self, name: &header::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }
}

/// The entity tag of a version.
pub(super) fn entity_tag(version: &str) -> String {
    format!("\"{version}\"")
}

/// The refusal of a request that cannot be read.
pub(super) fn bad_request(message: impl Into<String>) -> Problem {
    Problem::coded(StatusCode::BAD_REQUEST, "InvalidRequest", message)
}

fn opaque(tag: &str) -> Option<&str> {
    tag.strip_prefix('"')?.strip_suffix('"').filter(|inside| !inside.contains('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_tag_is_one_quoted_text() {
        let cases = [("\"a\"", Some("a")), ("a", None), ("W/\"a\"", None), ("\"a\", \"b\"", None), ("\"", None)];
        for (tag, expected) in cases {
            assert_eq!(opaque(tag), expected, "{tag}");
        }
        assert_eq!(opaque(&entity_tag("0x1")), Some("0x1"));
    }
}
