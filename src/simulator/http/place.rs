//! `/org/v2/organizations`, `/org/v2/environments` and `/cmk/v2/clusters`. IO.

use axum::Json;
use http::StatusCode;
use serde::Deserialize;

use super::{
    call::{Call, given, parse},
    page::{Created, End, Reply, created, unexpected},
    problem::Problem,
    wire,
};
use crate::simulator::world::{Answer, ClusterType, Command, Kind, Page, Refusal};

pub(super) fn list_organizations(call: &Call) -> Reply {
    let wanted = call.page(10)?;
    call.read_listed(|view, _| {
        let page = Page { items: vec![view.organization()], next: None };
        Ok(Json(
            wanted.answer(call, ("org/v2", "OrganizationList"), &page, End::Empty, |it| {
                wire::organization(&call.base, it)
            }),
        ))
    })
}

pub(super) fn read_organization(call: &Call, id: &str) -> Reply {
    call.read(|view| match view.organization() {
        organization if organization.id == id => Ok(Json(wire::organization(&call.base, organization))),
        _ => Err(Refusal::NotFound(Kind::Organization).into()),
    })
}

pub(super) fn list_environments(call: &Call) -> Reply {
    let wanted = call.page(10)?;
    call.read_listed(|view, _| {
        let page = view.environments(wanted.slice());
        let organization = &view.organization().id;
        Ok(Json(wanted.answer(call, ("org/v2", "EnvironmentList"), &page, End::Empty, |it| {
            wire::environment(&call.base, organization, it)
        })))
    })
}

pub(super) fn read_environment(call: &Call, id: &str) -> Reply {
    call.read(|view| Ok(Json(wire::environment(&call.base, &view.organization().id, view.environment(id)?))))
}

#[derive(Deserialize)]
struct NewEnvironment {
    display_name: Option<String>,
}

pub(super) fn create_environment(call: &Call, body: &[u8]) -> Created {
    let new: NewEnvironment = parse(body)?;
    let display_name = given(new.display_name, "display_name")?;
    let Answer::Environment(it) = call.act(&Command::CreateEnvironment { display_name, id: None })? else {
        return Err(unexpected());
    };
    let body = call.read(|view| wire::environment(&call.base, &view.organization().id, &it));
    Ok(created(StatusCode::CREATED, body))
}

pub(super) fn delete_environment(call: &Call, id: String) -> Result<StatusCode, Problem> {
    call.act(&Command::DeleteEnvironment { environment: id })?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn list_clusters(call: &Call) -> Reply {
    let environment = call.required("environment")?;
    let wanted = call.page(10)?;
    call.read_listed(|view, _| {
        let page = view.clusters(environment, wanted.slice())?;
        let organization = &view.organization().id;
        Ok(Json(wanted.answer(call, ("cmk/v2", "ClusterList"), &page, End::Empty, |it| {
            wire::cluster(&call.base, organization, it)
        })))
    })
}

pub(super) fn read_cluster(call: &Call, id: &str) -> Reply {
    let environment = call.required("environment")?;
    call.read(|view| Ok(Json(wire::cluster(&call.base, &view.organization().id, view.cluster(environment, id)?))))
}

#[derive(Deserialize)]
struct NewCluster {
    spec: Option<NewClusterSpec>,
}

#[derive(Deserialize)]
struct NewClusterSpec {
    display_name: Option<String>,
    config: Option<NewClusterConfig>,
    environment: Option<Reference>,
}

#[derive(Deserialize)]
struct NewClusterConfig {
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Reference {
    id: Option<String>,
}

pub(super) fn create_cluster(call: &Call, body: &[u8]) -> Created {
    let new: NewCluster = parse(body)?;
    let spec = given(new.spec, "spec")?;
    let kind = given(spec.config.and_then(|config| config.kind), "spec.config.kind")?;
    let command = Command::CreateCluster {
        environment: given(spec.environment.and_then(|it| it.id), "spec.environment.id")?,
        display_name: given(spec.display_name, "spec.display_name")?,
        kind: read_kind(&kind)?,
        id: None,
    };
    let Answer::Cluster(it) = call.act(&command)? else {
        return Err(unexpected());
    };
    let body = call.read(|view| wire::cluster(&call.base, &view.organization().id, &it));
    Ok(created(StatusCode::ACCEPTED, body))
}

pub(super) fn delete_cluster(call: &Call, id: String) -> Result<StatusCode, Problem> {
    call.required("environment")?;
    call.act(&Command::DeleteCluster { cluster: id })?;
    Ok(StatusCode::NO_CONTENT)
}

fn read_kind(text: &str) -> Result<ClusterType, Problem> {
    let all = [
        ClusterType::Basic,
        ClusterType::Standard,
        ClusterType::Enterprise,
        ClusterType::Dedicated,
        ClusterType::Freight,
    ];
    let known = all.into_iter().find(|kind| kind.as_str() == text);
    known.ok_or_else(|| Refusal::Invalid(format!("config kind '{text}' is not known")).into())
}
