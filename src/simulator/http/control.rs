//! Paths of our own, for the person who plays the organization: the whole state to read, commands from outside the API,
//! and the knobs. IO.
//!
//! They ask for no key, since they stand for somebody who is not held back by any; a simulator holds nothing that is worth
//! one. The vendor has nothing under `/simulator`.

use std::future::ready;

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use crate::simulator::{
    knob::Knobs,
    server::{ActError, Simulator},
    world::{Answer, Command},
};

pub(super) fn routes() -> Router<Simulator> {
    Router::new()
        .route("/simulator/state", get(|State(simulator): State<Simulator>| ready(Json(state(&simulator)))))
        .route("/simulator/requests", get(|State(simulator): State<Simulator>| ready(Json(simulator.requests()))))
        .route(
            "/simulator/portal",
            post(|State(simulator): State<Simulator>, body: Bytes| ready(portal(&simulator, &body))),
        )
        .route(
            "/simulator/knobs",
            get(|State(simulator): State<Simulator>| ready(Json(simulator.knobs())))
                .put(|State(simulator): State<Simulator>, body: Bytes| ready(turn(&simulator, &body))),
        )
}

/// Everything that a person may want to see; no secrets.
fn state(simulator: &Simulator) -> Value {
    simulator.inspect(|world, at| json!(world.contents(at)))
}

/// Carries a command out as the portal and shows what came of it. The secret of a new key or application is shown here
/// once, and so is a token.
fn portal(simulator: &Simulator, body: &[u8]) -> Response {
    let command: Command = match serde_json::from_slice(body) {
        Ok(command) => command,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    match simulator.portal(&command) {
        Ok(Answer::ApiKey(key)) => {
            let secret = key.secret.reveal();
            Json(json!({"apiKey": key, "secret": secret})).into_response()
        }
        Ok(Answer::Application(application)) => {
            let secret = application.secret.reveal();
            Json(json!({"application": application, "secret": secret})).into_response()
        }
        Ok(Answer::Token(token)) => Json(json!({"token": token, "text": token.text})).into_response(),
        Ok(answer) => Json(answer).into_response(),
        Err(error @ ActError::Refused(_)) => refuse(StatusCode::CONFLICT, &error.to_string()),
        Err(error @ ActError::Journal(_)) => refuse(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// Sets all knobs; what the body leaves out goes back to its default, but the rules stay where it does not name them.
fn turn(simulator: &Simulator, body: &[u8]) -> Response {
    let read = |value: Value| {
        let keeps_rules = value.get("rules").is_none();
        serde_json::from_value(value).map(|knobs: Knobs| (knobs, keeps_rules))
    };
    let (mut knobs, keeps_rules) = match serde_json::from_slice(body).and_then(read) {
        Ok(read) => read,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let turned = simulator.update(|current| {
        if keeps_rules {
            knobs.rules = current.rules.clone();
        }
        *current = knobs;
    });
    match turned {
        Ok(()) => Json(simulator.knobs()).into_response(),
        Err(error) => refuse(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn refuse(status: StatusCode, sentence: &str) -> Response {
    (status, Json(json!({"error": sentence}))).into_response()
}
