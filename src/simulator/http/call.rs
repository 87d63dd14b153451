//! One authenticated request: who asks, what the query says, and the ways into the world. IO.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, Query},
    http::{HeaderMap, request::Parts},
};
use serde::de::DeserializeOwned;

use super::{page::PageQuery, problem::Problem};
use crate::simulator::{
    server::Simulator,
    world::{Actor, Answer, Command, View, World},
};

/// What every handler gets.
pub(super) struct Call {
    pub(super) simulator: Simulator,
    pub(super) actor: Actor,
    /// `http://<host>`: what addresses in answers begin with.
    pub(super) base: String,
    pub(super) path: String,
    /// The query as it came, without what pages: it goes into `metadata.next`.
    pub(super) filters: String,
    query: Vec<(String, String)>,
}

/// Who was authenticated; put there by the front.
#[derive(Clone, Debug)]
pub(super) struct Caller(pub(super) Actor);

impl FromRequestParts<Simulator> for Call {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, simulator: &Simulator) -> Result<Self, Infallible> {
        // The front lets nobody through without a caller; a principal that nobody is has no rights at all.
        let nobody = || Actor::Principal(crate::access::PrincipalId::new(""));
        let actor = parts.extensions.get::<Caller>().map_or_else(nobody, |caller| caller.0.clone());
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|query| query.0).unwrap_or_default();
        let base = base(&parts.headers, parts.uri.authority().map(http::uri::Authority::as_str));
        let path = parts.uri.path().to_owned();
        let filters = filters(parts.uri.query().unwrap_or_default());
        Ok(Self { simulator: simulator.clone(), actor, base, path, filters, query })
    }
}

impl Call {
    /// Looks at the world as it is now, as the caller sees it.
    pub(super) fn read<T>(&self, look: impl FnOnce(&View<'_>) -> T) -> T {
        self.simulator.inspect(|world, at| look(&world.view(&self.actor, at)))
    }

    /// Looks at the world as lists show it.
    pub(super) fn read_listed<T>(&self, look: impl FnOnce(&View<'_>, &World) -> T) -> T {
        self.simulator.inspect_listed(|world, at| look(&world.view(&self.actor, at), world))
    }

    /// Carries out a command as the caller.
    pub(super) fn act(&self, command: &Command) -> Result<Answer, Problem> {
        Ok(self.simulator.act(&self.actor, command)?)
    }

    /// The first value of a query parameter. An empty one counts as none.
    pub(super) fn query(&self, name: &'static str) -> Option<&str> {
        self.queries(name).find(|value| !value.is_empty())
    }

    /// All values of a query parameter.
    pub(super) fn queries(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A query parameter that has to be there.
    pub(super) fn required(&self, name: &'static str) -> Result<&str, Problem> {
        self.query(name).ok_or_else(|| Problem::bad_parameter(name, format!("The parameter '{name}' is required")))
    }

    /// Which page is wanted.
    pub(super) fn page(&self, default: usize) -> Result<PageQuery, Problem> {
        PageQuery::read(self, default)
    }
}

/// Reads a body. Fields that nobody knows are ignored, as the vendor does.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::bad_body(&error.to_string()))
}

/// A member of a body that has to be there.
pub(super) fn given<T>(value: Option<T>, name: &str) -> Result<T, Problem> {
    value.ok_or_else(|| Problem::missing(name))
}

fn filters(query: &str) -> String {
    let kept = query.split('&').filter(|part| !part.is_empty() && !part.starts_with("page_"));
    kept.fold(String::new(), |text, part| text + part + "&")
}

fn base(headers: &HeaderMap, authority: Option<&str>) -> String {
    let host = headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
    format!("http://{}", host.or(authority).unwrap_or("simulator.invalid"))
}
