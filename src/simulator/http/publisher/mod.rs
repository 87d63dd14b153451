//! The publishers' portal: a contract of our own in the style of the retired Cloud Partner Portal's API, which had no users
//! in it. IO.

mod call;
mod user;
mod wire;

use std::future::ready;

use axum::{
    Json, Router,
    extract::Path,
    routing::{any, get},
};
use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use super::problem::Problem;
use crate::simulator::{server::Simulator, world::PublisherRefusal};
use call::PublisherCall;

type Ids = Path<(String, String)>;

pub(super) fn routes() -> Router<Simulator> {
    let user = get(|call: PublisherCall, Path((id, key)): Ids| ready(user::read(&call, &id, &key)))
        .put(|call: PublisherCall, Path((id, key)): Ids, body: Bytes| ready(user::put(&call, id, &key, &body)))
        .delete(|call: PublisherCall, Path((id, key)): Ids| ready(user::delete(&call, id, key)));
    Router::new()
        .route("/api/publishers", get(|call: PublisherCall| ready(list(&call))))
        .route(
            "/api/publishers/{id}/users",
            get(|call: PublisherCall, Path(id): Path<String>| ready(user::list(&call, &id))),
        )
        .route("/api/publishers/{id}/users/{key}", user)
        .route("/api/{*rest}", any(|| ready(no_such_path())))
}

fn no_such_path() -> Problem {
    Problem::coded(StatusCode::NOT_FOUND, "NotFound", "No resource has that path")
}

fn list(call: &PublisherCall) -> Json<Value> {
    let all = call.read_listed(|view| {
        let all = view.all().into_iter();
        all.map(|(publisher, role)| wire::publisher(publisher, role)).collect::<Vec<Value>>()
    });
    Json(Value::Array(all))
}

/// With which status and code a refusal is answered.
pub(super) fn code(refusal: &PublisherRefusal) -> (StatusCode, &'static str) {
    use PublisherRefusal as R;
    match refusal {
        R::NoRole(_) | R::ReadOnly(_) => (StatusCode::FORBIDDEN, "Forbidden"),
        R::NotFound(_) => (StatusCode::NOT_FOUND, "PublisherNotFound"),
        R::UserNotFound(_) | R::NotInvited(_) => (StatusCode::NOT_FOUND, "UserNotFound"),
        R::UnknownApplication(_) => (StatusCode::NOT_FOUND, "ApplicationNotFound"),
        R::Exists(_) => (StatusCode::CONFLICT, "PublisherAlreadyExists"),
        R::UserExists(_) => (StatusCode::CONFLICT, "UserAlreadyExists"),
        R::LastOwner(_) => (StatusCode::CONFLICT, "LastOwner"),
        R::VersionChanged(_) => (StatusCode::PRECONDITION_FAILED, "PreconditionFailed"),
        R::InvalidEmail(_) => (StatusCode::BAD_REQUEST, "InvalidEmail"),
        R::InvalidUser(_) => (StatusCode::BAD_REQUEST, "InvalidUser"),
    }
}
