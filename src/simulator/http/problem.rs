//! Refusals on the wire: status, envelope and headers as the dialects have them. IO.
//!
//! The vendor has several envelopes on one API; which refusal comes in which is on record for some and chosen for others.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::{dialect::Dialect, publisher};
use crate::simulator::{
    knob::Envelope,
    server::ActError,
    world::{Kind, Refusal},
};

/// An error answer. The front renders it, since only the front knows the request's id.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: String,
    detail: String,
    source: Value,
    envelope: Form,
    headers: Vec<(header::HeaderName, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Failure,
    /// With the number that the role-binding service gives.
    ErrorCode(u32),
    InvalidRequest,
    Documented,
    Bare,
    Empty,
    /// The publishers' portal's.
    Portal,
    /// The token endpoint's.
    Token,
}

impl Problem {
    fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        let (code, detail) = (code.to_owned(), detail.into());
        Self { status, code, detail, source: json!({}), envelope: Form::Failure, headers: Vec::new() }
    }

    fn in_form(self, envelope: Form) -> Self {
        Self { envelope, ..self }
    }

    /// An error of the publishers' portal, or of the token endpoint.
    pub(super) fn coded(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self::new(status, code, message)
    }

    pub(super) fn with_header(mut self, name: header::HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn unauthenticated() -> Self {
        let challenge = r#"Basic error="invalid_key", error_description="The API Key is invalid""#;
        Self::new(StatusCode::UNAUTHORIZED, "user_unauthenticated", "Valid authentication credentials must be provided")
            .with_header(header::WWW_AUTHENTICATE, challenge)
    }

    /// The portal's refusal of who has no token.
    pub(super) fn without_token() -> Self {
        let challenge = r#"Bearer error="invalid_token", error_description="The access token is missing or not valid""#;
        let message = "The access token is missing, was not issued here, or has expired";
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized", message).with_header(header::WWW_AUTHENTICATE, challenge)
    }

    pub(super) fn no_such_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "resource_not_found", "Resource Not Found")
    }

    pub(super) fn throttled(retry_after: Option<u32>) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "", "").in_form(Form::Empty);
        match retry_after {
            Some(seconds) => problem.with_header(header::RETRY_AFTER, seconds.to_string()),
            None => problem,
        }
    }

    pub(super) fn bad_parameter(name: &str, detail: String) -> Self {
        let problem = Self::new(StatusCode::BAD_REQUEST, "invalid_filter", detail);
        Self { source: json!({"parameter": name}), ..problem }
    }

    pub(super) fn bad_body(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_body", format!("The body cannot be read: {detail}"))
    }

    pub(super) fn missing(name: &str) -> Self {
        let problem = Self::new(StatusCode::BAD_REQUEST, "invalid_request_body", format!("'{name}' is required"));
        Self { source: json!({"pointer": format!("/{}", name.replace('.', "/"))}), ..problem }
    }

    /// An error that was asked for by a fault.
    pub(super) fn injected(status: u16, envelope: Envelope, retry_after: Option<u32>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let detail = status.canonical_reason().unwrap_or("Failed");
        let problem = Self::new(status, "injected", detail).in_form(match envelope {
            Envelope::Failure => Form::Failure,
            Envelope::ErrorCode => Form::ErrorCode(u32::from(status.as_u16()) * 100),
            Envelope::Documented => Form::Documented,
            Envelope::Bare => Form::Bare,
            Envelope::Empty => Form::Empty,
        });
        match retry_after {
            Some(seconds) => problem.with_header(header::RETRY_AFTER, seconds.to_string()),
            None => problem,
        }
    }

    /// The same in the words of a dialect. An answer without a body, or with nothing but a message, stays what it is.
    pub(super) fn spoken(self, dialect: Dialect) -> Self {
        let form = match dialect {
            Dialect::Confluent => return self,
            Dialect::Publisher => Form::Portal,
            Dialect::Token => Form::Token,
        };
        if matches!(self.envelope, Form::Bare | Form::Empty) {
            return self;
        }
        let code = match (form, self.code.as_str()) {
            (Form::Token, "injected" | "internal_error") => "temporarily_unavailable".to_owned(),
            (_, "injected" | "internal_error" | "") => {
                self.status.canonical_reason().unwrap_or("Failed").replace(' ', "")
            }
            _ => self.code.clone(),
        };
        Self { code, ..self }.in_form(form)
    }

    /// The answer itself.
    pub(super) fn render(self, request_id: &str) -> Response {
        let status = self.status.as_u16();
        let body = match self.envelope {
            Form::Failure => json!({"errors": [{
                "id": request_id, "status": status.to_string(), "code": self.code, "detail": self.detail,
                "source": self.source,
            }]}),
            Form::ErrorCode(code) => json!({"error_code": code, "message": self.detail}),
            Form::InvalidRequest => {
                json!({"status_code": status, "message": self.detail, "type": "INVALID REQUEST DATA"})
            }
            Form::Documented => json!({
                "status": status, "error": {"code": self.code, "message": self.detail}, "requestId": request_id,
            }),
            Form::Bare => json!({"message": self.detail}),
            Form::Empty => Value::Null,
            Form::Portal => json!({"error": {"code": self.code, "message": self.detail}}),
            Form::Token => json!({
                "error": self.code, "error_description": self.detail, "trace_id": request_id,
                "correlation_id": request_id,
            }),
        };
        let mut response =
            if body.is_null() { self.status.into_response() } else { (self.status, axum::Json(body)).into_response() };
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<ActError> for Problem {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Refused(refusal) => refusal.into(),
            ActError::Journal(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", error.to_string()),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        let plain = |status, code| Self::new(status, code, detail.clone());
        match refusal {
            Refusal::Forbidden => plain(StatusCode::FORBIDDEN, "forbidden_access"),
            Refusal::NotFound(kind) => plain(StatusCode::NOT_FOUND, not_found_code(kind)),
            Refusal::BindingHidden => plain(StatusCode::FORBIDDEN, "").in_form(Form::ErrorCode(40301)),
            Refusal::UnknownRole(_) => plain(StatusCode::BAD_REQUEST, "").in_form(Form::InvalidRequest),
            Refusal::RoleNotAtScope { .. } | Refusal::BasicCluster { .. } => {
                plain(StatusCode::BAD_REQUEST, "").in_form(Form::ErrorCode(40002))
            }
            Refusal::Invalid(_) | Refusal::InvitationAccepted | Refusal::InvitationClosed => {
                plain(StatusCode::BAD_REQUEST, "bad_request")
            }
            Refusal::DuplicateBinding(id) => plain(StatusCode::CONFLICT, "resource_already_exists")
                .with_header(header::LOCATION, format!("/iam/v2/role-bindings/{id}")),
            Refusal::OwnOrganizationAdmin | Refusal::LastOrganizationAdmin => {
                plain(StatusCode::FORBIDDEN, "user_unauthorized")
            }
            Refusal::AlreadyMember | Refusal::AlreadyInvited | Refusal::NameTaken | Refusal::IdTaken(_) => {
                plain(StatusCode::CONFLICT, "resource_already_exists")
            }
            Refusal::QuotaExceeded(_) => plain(StatusCode::PAYMENT_REQUIRED, "quota_exceeded"),
            Refusal::Publisher(refusal) => {
                let (status, code) = publisher::code(&refusal);
                plain(status, code)
            }
        }
    }
}

fn not_found_code(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "user_not_found",
        Kind::Invitation => "invitation_not_found",
        Kind::ServiceAccount => "service_account_not_found",
        Kind::Organization | Kind::Environment | Kind::Cluster | Kind::Principal => "resource_not_found",
    }
}
