//! From a request to an answer.

use ::http::{Method, Request, Response, header};
use axum::body::Body;
use serde_json::Value;

use super::{
    Memory,
    answer::{Refusal, metadata},
    field::Who,
    list,
    resource::Target,
    write::Patch,
};

/// One request, as the audit log of a real server has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) user: String,
    pub(crate) verb: &'static str,
    /// `plural` or `plural/subresource`.
    pub(crate) resource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) code: u16,
}

/// The parameters of a request.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Memory {
    /// Answers one request.
    pub(super) fn answer(&self, user: &str, request: &Request<Vec<u8>>) -> Response<Body> {
        let query = request.uri().query().unwrap_or_default().trim_start_matches('&');
        let query = Query(form_urlencoded::parse(query.as_bytes()).into_owned().collect());
        let Some(target) = Target::parse(request.uri().path()) else {
            return Response::builder().status(404).body(Body::from("404 page not found\n")).unwrap();
        };
        let accepts = request.headers().get(header::ACCEPT).and_then(|it| it.to_str().ok()).unwrap_or_default();
        let partial = accepts.contains("as=PartialObjectMetadata");
        let verb = verb(request.method(), &target, &query);
        let answered = self.carry_out(verb, &target, &query, request, partial);
        let response = answered.unwrap_or_else(|refusal| refused(&refusal));
        let resource = match target.subresource.as_str() {
            "" => target.resource.plural.clone(),
            subresource => format!("{}/{subresource}", target.resource.plural),
        };
        let (namespace, name, code) = (target.namespace, target.name, response.status().as_u16());
        self.lock().asked.push(Asked { user: user.to_owned(), verb, resource, namespace, name, code });
        self.ring();
        response
    }

    fn carry_out(
        &self,
        verb: &'static str,
        target: &Target,
        query: &Query,
        request: &Request<Vec<u8>>,
        partial: bool,
    ) -> Result<Response<Body>, Refusal> {
        for unknown in ["fieldSelector", "labelSelector", "dryRun"] {
            if query.get(unknown).is_some() && (unknown, verb) != ("fieldSelector", "list") {
                return Err(Refusal::unknown(unknown));
            }
        }
        if verb == "watch" {
            let body = list::watch(self, target, query, partial)?;
            return Ok(Response::builder().header(header::CONTENT_TYPE, "application/json").body(body).unwrap());
        }
        let mut state = self.lock();
        let who = Who {
            name: query.get("fieldManager").unwrap_or("unknown"),
            applies: false,
            subresource: &target.subresource,
            at: state.now(),
        };
        let body = || parsed(request.body());
        let (code, answer) = match verb {
            "list" => return Ok(json_of(200, &list::list(&state, target, query, partial)?)),
            "get" => {
                let found = state.read(&target.place()).cloned();
                (200, found.ok_or_else(|| Refusal::not_found(target.resource, &target.name))?)
            }
            "create" => (201, state.create(target.resource, &target.namespace, body()?, who.name)?),
            "update" => (200, state.update(target, body()?, &who)?),
            "patch" => {
                let kind = request.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
                let force = query.get("force") == Some("true");
                let patch = Patch::read(kind.unwrap_or_default(), body()?, force)?;
                state.patch(target, patch, &who)?
            }
            "delete" => (200, state.delete(target, &body().unwrap_or_default())?),
            _ => return Err(Refusal::new(405, "MethodNotAllowed", "the server does not allow this method")),
        };
        drop(state);
        let whole = !partial || answer["kind"] == "Status";
        Ok(json_of(code, &if whole { answer } else { metadata(&answer) }))
    }
}

fn verb(method: &Method, target: &Target, query: &Query) -> &'static str {
    match (method.as_str(), target.name.is_empty()) {
        ("GET", true) if query.get("watch") == Some("true") => "watch",
        ("GET", true) => "list",
        ("GET", false) => "get",
        ("POST", true) => "create",
        ("PUT", false) => "update",
        ("PATCH", false) => "patch",
        ("DELETE", false) => "delete",
        _ => "unknown",
    }
}

fn parsed(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::new(400, "BadRequest", error.to_string()))
}

fn json_of(code: u16, value: &Value) -> Response<Body> {
    let answer = Response::builder().status(code).header(header::CONTENT_TYPE, "application/json");
    answer.body(Body::from(value.to_string())).unwrap()
}

pub(super) fn refused(refusal: &Refusal) -> Response<Body> {
    json_of(refusal.0, &refusal.1)
}
