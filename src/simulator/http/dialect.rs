//! The dialects that one address answers in: how each lets callers in, and how each words what goes wrong on the way. IO.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, header};

use super::problem::Problem;
use crate::simulator::{server::Simulator, world::Actor};

/// A dialect; each has a router of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Confluent Cloud's: Basic authentication with a Cloud key.
    Confluent,
    /// The publishers' portal's: a Bearer token.
    Publisher,
    /// The token endpoint's: nobody is known yet.
    Token,
}

impl Dialect {
    /// Who calls, where the dialect wants to know it before anything else.
    pub(super) fn admit(self, simulator: &Simulator, headers: &HeaderMap) -> Result<Option<Actor>, Problem> {
        match self {
            Self::Confluent => key_owner(simulator, headers).map(Some).ok_or_else(Problem::unauthenticated),
            Self::Publisher => bearer(simulator, headers).map(Some).ok_or_else(Problem::without_token),
            Self::Token => Ok(None),
        }
    }

    /// The refusal of a request over the limit.
    pub(super) fn throttled(self, retry_after: Option<u32>) -> Problem {
        match self {
            Self::Confluent => Problem::throttled(retry_after),
            Self::Publisher | Self::Token => {
                Problem::injected(429, crate::simulator::knob::Envelope::Failure, retry_after)
            }
        }
    }
}

/// The owner of the key in the `Authorization` header.
fn key_owner(simulator: &Simulator, headers: &HeaderMap) -> Option<Actor> {
    let decoded = String::from_utf8(STANDARD.decode(credentials(headers, "basic")?).ok()?).ok()?;
    let (key, secret) = decoded.split_once(':')?;
    simulator.inspect(|world, _| world.authenticate(key, secret)).map(Actor::Principal)
}

/// The application whose token is in the `Authorization` header.
fn bearer(simulator: &Simulator, headers: &HeaderMap) -> Option<Actor> {
    let token = credentials(headers, "bearer")?;
    simulator.inspect(|world, at| world.bearer(token, at))
}

fn credentials<'a>(headers: &'a HeaderMap, expected: &str) -> Option<&'a str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case(expected).then(|| credentials.trim())
}
