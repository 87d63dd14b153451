//! The token endpoint that stands before the portal: client credentials in, a token out, in both versions of the dialect of
//! Microsoft Entra ID. IO.

use std::future::ready;

use axum::{
    Form, Json, Router,
    extract::{Path, State, rejection::FormRejection},
    routing::post,
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{page::unexpected, problem::Problem};
use crate::simulator::{
    server::Simulator,
    world::{Actor, Answer, Command, PublisherCommand, publisher::Application},
};

/// In which version it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    /// With `resource`; numbers in the answer are text.
    One,
    /// With `scope`.
    Two,
}

/// The form, of which each version reads its own part.
#[derive(Deserialize)]
struct Request {
    grant_type: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    scope: Option<String>,
    resource: Option<String>,
}

type Body = Result<Form<Request>, FormRejection>;

pub(super) fn routes() -> Router<Simulator> {
    let ask = |version: Version| {
        post(move |State(simulator): State<Simulator>, Path(tenant): Path<String>, body: Body| {
            ready(issue(&simulator, version, &tenant, body))
        })
    };
    Router::new()
        .route("/{tenant}/oauth2/token", ask(Version::One))
        .route("/{tenant}/oauth2/v2.0/token", ask(Version::Two))
}

fn issue(simulator: &Simulator, version: Version, tenant: &str, body: Body) -> Result<Json<Value>, Problem> {
    // A body that is no form has none of the parameters.
    let Form(request) = body.map_err(|_| missing("grant_type"))?;
    let grant = given(request.grant_type.as_deref(), "grant_type")?;
    let client = given(request.client_id.as_deref(), "client_id")?;
    if grant != "client_credentials" {
        let message = format!("AADSTS70003: The app requested an unsupported grant type '{grant}'.");
        return Err(refused(StatusCode::BAD_REQUEST, "unsupported_grant_type", message));
    }
    let application = authenticate(simulator, tenant, client, request.client_secret.as_deref())?;
    let audience = audience(simulator, version, &request)?;
    let application_id = application.application_id;
    let command = Command::Publisher(PublisherCommand::IssueToken { application_id: application_id.clone() });
    let Answer::Token(token) = simulator.act(&Actor::Application(application_id), &command)? else {
        return Err(unexpected());
    };
    let lifetime = token.lifetime;
    let answer = match version {
        Version::One => json!({
            "token_type": "Bearer", "expires_in": lifetime.to_string(), "ext_expires_in": lifetime.to_string(),
            "expires_on": token.expires_at.as_second().to_string(), "resource": audience, "access_token": token.text,
        }),
        Version::Two => json!({
            "token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token.text,
        }),
    };
    Ok(Json(answer))
}

/// The application, when the directory knows it and the secret is its own.
fn authenticate(
    simulator: &Simulator,
    tenant: &str,
    client: &str,
    secret: Option<&str>,
) -> Result<Application, Problem> {
    let (directory, application) =
        simulator.inspect(|world, _| (world.knows_tenant(tenant), world.application(tenant, client).cloned()));
    if !directory {
        let message =
            format!("AADSTS90002: Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.");
        return Err(refused(StatusCode::BAD_REQUEST, "invalid_request", message));
    }
    let Some(application) = application else {
        let message =
            format!("AADSTS700016: Application with identifier '{client}' was not found in the directory '{tenant}'.");
        return Err(refused(StatusCode::BAD_REQUEST, "unauthorized_client", message));
    };
    match secret.filter(|secret| !secret.is_empty()) {
        Some(secret) if secret == application.secret.reveal() => Ok(application),
        Some(_) => {
            let message = format!(
                "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client \
                 secret value, not the client secret ID, for a secret added to app '{client}'."
            );
            Err(refused(StatusCode::UNAUTHORIZED, "invalid_client", message))
        }
        None => {
            let message = "AADSTS7000216: 'client_assertion', 'client_secret' or 'request' is required for the \
                 'client_credentials' grant type.";
            Err(refused(StatusCode::UNAUTHORIZED, "invalid_client", message))
        }
    }
}

/// For what the token is asked.
fn audience(simulator: &Simulator, version: Version, request: &Request) -> Result<String, Problem> {
    let known = |audience: &str| simulator.inspect(|world, _| world.rules().publishers.knows_audience(audience));
    let audience = match version {
        Version::One => given(request.resource.as_deref(), "resource")?,
        Version::Two => {
            let scope = given(request.scope.as_deref(), "scope")?;
            scope.strip_suffix("/.default").ok_or_else(|| {
                let message = format!(
                    "AADSTS1002012: The provided value for scope {scope} is not valid. Client credential flows must have \
                     a scope value with /.default suffixed to the resource identifier (application ID URI)."
                );
                refused(StatusCode::BAD_REQUEST, "invalid_scope", message)
            })?
        }
    };
    if known(audience) {
        return Ok(audience.to_owned());
    }
    let message = format!("AADSTS500011: The resource principal named {audience} was not found in the tenant.");
    Err(refused(StatusCode::BAD_REQUEST, "invalid_resource", message))
}

fn given<'a>(value: Option<&'a str>, name: &str) -> Result<&'a str, Problem> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Problem {
    let message = format!("AADSTS900144: The request body must contain the following parameter: '{name}'.");
    refused(StatusCode::BAD_REQUEST, "invalid_request", message)
}

fn refused(status: StatusCode, code: &str, message: impl Into<String>) -> Problem {
    Problem::coded(status, code, message)
}
