//! `/iam/v2/role-bindings`. IO.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Deserialize;

use super::{
    call::{Call, given, parse},
    page::{Created, End, Reply, created, unexpected},
    problem::Problem,
    wire,
};
use crate::simulator::world::{Answer, Binding, BindingFilter, Command};

pub(super) fn list(call: &Call) -> Reply {
    let crn_pattern = call.required("crn_pattern")?;
    let wanted = call.page(100)?;
    let filter = BindingFilter { crn_pattern, principal: call.query("principal"), role: call.query("role_name") };
    call.read_listed(|view, world| {
        let page = view.bindings(filter, wanted.slice())?;
        let organization = &world.organization().id;
        let answer = wanted.answer(call, ("iam/v2", "RoleBindingList"), &page, End::Absent, |binding| {
            wire::role_binding(&call.base, organization, binding)
        });
        Ok(Json(answer))
    })
}

pub(super) fn read(call: &Call, id: &str) -> Reply {
    call.read(|view| Ok(Json(wire::role_binding(&call.base, &view.organization().id, view.binding(id)?))))
}

#[derive(Deserialize)]
struct NewBinding {
    principal: Option<String>,
    role_name: Option<String>,
    crn_pattern: Option<String>,
}

pub(super) fn create(call: &Call, body: &[u8]) -> Created {
    let new: NewBinding = parse(body)?;
    let command = Command::Grant {
        principal: given(new.principal, "principal")?,
        role: given(new.role_name, "role_name")?,
        crn: given(new.crn_pattern, "crn_pattern")?,
    };
    let binding = binding(call.act(&command)?)?;
    Ok(created(StatusCode::CREATED, render(call, &binding)))
}

pub(super) fn delete(call: &Call, id: String) -> Result<Response, Problem> {
    let binding = binding(call.act(&Command::Revoke { binding: id })?)?;
    if call.simulator.knobs().removal_without_body {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(Json(render(call, &binding)).into_response())
}

fn binding(answer: Answer) -> Result<Binding, Problem> {
    if let Answer::Binding(binding) = answer { Ok(binding) } else { Err(unexpected()) }
}

fn render(call: &Call, binding: &Binding) -> serde_json::Value {
    call.read(|view| wire::role_binding(&call.base, &view.organization().id, binding))
}
