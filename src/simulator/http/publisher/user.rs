//! `/api/publishers/{id}/users`. IO.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::{
    call::{Condition, PublisherCall, bad_request, entity_tag},
    wire,
};
use crate::simulator::{
    http::{
        page::{Mark, unexpected},
        problem::Problem,
    },
    world::{Answer, PublisherCommand, publisher::PublisherUser},
};

pub(super) fn list(call: &PublisherCall, publisher: &str) -> Result<Json<Value>, Problem> {
    let mark = call.mark()?;
    call.read_listed(|view| {
        let page = view.users(publisher, call.email(), call.slice(mark.as_ref()))?;
        let mut body = json!({"value": page.items.iter().map(|user| wire::user(user)).collect::<Vec<Value>>()});
        if let Some(next) = Mark::next(mark.as_ref(), &page) {
            body["nextLink"] = json!(call.next_link(&next));
        }
        Ok(Json(body))
    })
}

pub(super) fn read(call: &PublisherCall, publisher: &str, key: &str) -> Result<Response, Problem> {
    let user = call.read(|view| view.user(publisher, key).cloned())?;
    if call.is_known(&user.version) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, entity_tag(&user.version))]).into_response());
    }
    Ok(told(StatusCode::OK, &user))
}

/// Adds a user or changes one, whichever the condition says.
pub(super) fn put(call: &PublisherCall, publisher: String, key: &str, body: &[u8]) -> Result<Response, Problem> {
    let condition = call.condition()?;
    let wire::Wanted { who, role, friendly_name } = wire::Wanted::read(key, body)?;
    let (status, command) = match condition {
        Condition::Absent => (StatusCode::CREATED, PublisherCommand::AddUser { publisher, who, role, friendly_name }),
        Condition::Present(version) => {
            (StatusCode::OK, PublisherCommand::ChangeUser { publisher, who, role, friendly_name, version })
        }
    };
    let Answer::PublisherUser(user) = call.act(command)? else {
        return Err(unexpected());
    };
    Ok(told(status, &user))
}

pub(super) fn delete(call: &PublisherCall, publisher: String, user: String) -> Result<StatusCode, Problem> {
    let Condition::Present(version) = call.condition()? else {
        return Err(bad_request("A removal is conditional on If-Match"));
    };
    call.act(PublisherCommand::RemoveUser { publisher, user, version })?;
    Ok(StatusCode::NO_CONTENT)
}

fn told(status: StatusCode, user: &PublisherUser) -> Response {
    (status, [(header::ETAG, entity_tag(&user.version))], Json(wire::user(user))).into_response()
}
