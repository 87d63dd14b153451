//! `/iam/v2/users` and `/iam/v2/invitations`. IO.

use axum::Json;
use http::StatusCode;
use serde::Deserialize;

use super::{
    call::{Call, given, parse},
    page::{Created, End, Reply, created, unexpected},
    problem::Problem,
    wire,
};
use crate::simulator::world::{Answer, AuthType, Command, InvitationFilter, InvitationStatus, Refusal};

pub(super) fn list_users(call: &Call) -> Reply {
    let wanted = call.page(10)?;
    call.read_listed(|view, _| {
        let page = view.users(wanted.slice())?;
        Ok(Json(wanted.answer(call, ("iam/v2", "UserList"), &page, End::Empty, |user| wire::user(&call.base, user))))
    })
}

pub(super) fn read_user(call: &Call, id: &str) -> Reply {
    call.read(|view| Ok(Json(wire::user(&call.base, view.user(id)?))))
}

#[derive(Deserialize)]
struct UserUpdate {
    full_name: Option<String>,
}

pub(super) fn rename_user(call: &Call, id: String, body: &[u8]) -> Reply {
    let update: UserUpdate = parse(body)?;
    let Some(full_name) = update.full_name else {
        return read_user(call, &id);
    };
    let Answer::User(user) = call.act(&Command::RenameUser { user: id, full_name })? else {
        return Err(unexpected());
    };
    Ok(Json(wire::user(&call.base, &user)))
}

pub(super) fn delete_user(call: &Call, id: String) -> Result<StatusCode, Problem> {
    call.act(&Command::DeleteUser { user: id })?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn list_invitations(call: &Call) -> Reply {
    let wanted = call.page(10)?;
    let filter = InvitationFilter {
        email: call.query("email"),
        user: call.query("user"),
        creator: call.query("creator"),
        status: call.query("status").map(read_status).transpose()?,
    };
    call.read_listed(|view, _| {
        let page = view.invitations(filter, wanted.slice())?;
        let organization = &view.organization().id;
        Ok(Json(wanted.answer(call, ("iam/v2", "InvitationList"), &page, End::Empty, |it| {
            wire::invitation(&call.base, organization, it, view.at())
        })))
    })
}

pub(super) fn read_invitation(call: &Call, id: &str) -> Reply {
    call.read(|view| {
        let invitation = view.invitation(id)?;
        Ok(Json(wire::invitation(&call.base, &view.organization().id, invitation, view.at())))
    })
}

#[derive(Deserialize)]
struct NewInvitation {
    email: Option<String>,
    auth_type: Option<String>,
}

pub(super) fn invite(call: &Call, body: &[u8]) -> Created {
    let new: NewInvitation = parse(body)?;
    let email = given(new.email, "email")?;
    let auth_type = new.auth_type.as_deref().map(read_auth_type).transpose()?;
    let Answer::Invitation(it) = call.act(&Command::InviteUser { email, auth_type })? else {
        return Err(unexpected());
    };
    let body = call.read(|view| wire::invitation(&call.base, &view.organization().id, &it, view.at()));
    Ok(created(StatusCode::CREATED, body))
}

pub(super) fn delete_invitation(call: &Call, id: String) -> Result<StatusCode, Problem> {
    call.act(&Command::DeleteInvitation { invitation: id })?;
    Ok(StatusCode::NO_CONTENT)
}

fn read_auth_type(text: &str) -> Result<AuthType, Problem> {
    match text {
        "AUTH_TYPE_SSO" => Ok(AuthType::Sso),
        "AUTH_TYPE_LOCAL" => Ok(AuthType::Local),
        _ => Err(Refusal::Invalid(format!("auth_type '{text}' is not known")).into()),
    }
}

fn read_status(text: &str) -> Result<InvitationStatus, Problem> {
    let all =
        [InvitationStatus::Sent, InvitationStatus::Accepted, InvitationStatus::Expired, InvitationStatus::Deactivated];
    let known = all.into_iter().find(|status| wire::status(*status) == text);
    known.ok_or_else(|| Problem::bad_parameter("status", format!("status '{text}' is not known")))
}
