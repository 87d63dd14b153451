//! `/iam/v2/service-accounts` and `/iam/v2/api-keys`. IO.

use axum::Json;
use http::StatusCode;
use serde::Deserialize;

use super::{
    call::{Call, given, parse},
    page::{Created, End, Reply, created, unexpected},
    problem::Problem,
    wire,
};
use crate::{
    access::PrincipalId,
    simulator::world::{Answer, Command, KeyFilter, KeyResource},
};

pub(super) fn list_service_accounts(call: &Call) -> Reply {
    let wanted = call.page(10)?;
    let names: Vec<&str> = call.queries("display_name").filter(|name| !name.is_empty()).collect();
    call.read_listed(|view, _| {
        let page = view.service_accounts(&names, wanted.slice())?;
        Ok(Json(wanted.answer(call, ("iam/v2", "ServiceAccountList"), &page, End::Empty, |account| {
            wire::service_account(&call.base, account)
        })))
    })
}

pub(super) fn read_service_account(call: &Call, id: &str) -> Reply {
    call.read(|view| Ok(Json(wire::service_account(&call.base, view.service_account(id)?))))
}

#[derive(Deserialize)]
struct ServiceAccountBody {
    display_name: Option<String>,
    description: Option<String>,
}

pub(super) fn create_service_account(call: &Call, body: &[u8]) -> Created {
    let new: ServiceAccountBody = parse(body)?;
    let display_name = given(new.display_name, "display_name")?;
    let description = new.description.unwrap_or_default();
    let command = Command::CreateServiceAccount { display_name, description, id: None };
    let Answer::ServiceAccount(account) = call.act(&command)? else {
        return Err(unexpected());
    };
    Ok(created(StatusCode::CREATED, wire::service_account(&call.base, &account)))
}

pub(super) fn update_service_account(call: &Call, id: String, body: &[u8]) -> Reply {
    let update: ServiceAccountBody = parse(body)?;
    let (display_name, description) = (update.display_name, update.description);
    let command = Command::UpdateServiceAccount { service_account: id, display_name, description };
    let Answer::ServiceAccount(account) = call.act(&command)? else {
        return Err(unexpected());
    };
    Ok(Json(wire::service_account(&call.base, &account)))
}

pub(super) fn delete_service_account(call: &Call, id: String) -> Result<StatusCode, Problem> {
    call.act(&Command::DeleteServiceAccount { service_account: id })?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn list_api_keys(call: &Call) -> Reply {
    let wanted = call.page(10)?;
    let filter = KeyFilter { owner: call.query("spec.owner"), resource: call.query("spec.resource") };
    call.read_listed(|view, _| {
        let page = view.api_keys(filter, wanted.slice());
        let organization = &view.organization().id;
        Ok(Json(wanted.answer(call, ("iam/v2", "ApiKeyList"), &page, End::Empty, |key| {
            wire::api_key(&call.base, organization, key, None)
        })))
    })
}

pub(super) fn read_api_key(call: &Call, id: &str) -> Reply {
    call.read(|view| Ok(Json(wire::api_key(&call.base, &view.organization().id, view.api_key(id)?, None))))
}

#[derive(Deserialize)]
struct NewKey {
    spec: Option<NewKeySpec>,
}

#[derive(Deserialize)]
struct NewKeySpec {
    owner: Option<Reference>,
    resource: Option<Reference>,
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
struct Reference {
    id: Option<String>,
    environment: Option<String>,
}

pub(super) fn create_api_key(call: &Call, body: &[u8]) -> Created {
    let new: NewKey = parse(body)?;
    let spec = given(new.spec, "spec")?;
    let owner = given(spec.owner.and_then(|owner| owner.id), "spec.owner.id")?;
    let resource = match spec.resource {
        None => KeyResource::Cloud,
        Some(resource) => match given(resource.id, "spec.resource.id")? {
            id if id == "cloud" => KeyResource::Cloud,
            id => KeyResource::Cluster { environment: environment_of(call, resource.environment, &id), id },
        },
    };
    let (display_name, description) = (spec.display_name, spec.description);
    let owner = PrincipalId::new(owner);
    let Answer::ApiKey(key) = call.act(&Command::CreateApiKey { owner, resource, display_name, description })? else {
        return Err(unexpected());
    };
    let secret = Some(key.secret.reveal());
    let body = call.read(|view| wire::api_key(&call.base, &view.organization().id, &key, secret));
    Ok(created(StatusCode::ACCEPTED, body))
}

pub(super) fn delete_api_key(call: &Call, id: String) -> Result<StatusCode, Problem> {
    call.act(&Command::DeleteApiKey { key: id })?;
    Ok(StatusCode::NO_CONTENT)
}

/// The environment of a cluster may be left out, since the cluster's id tells it.
fn environment_of(call: &Call, given: Option<String>, cluster: &str) -> String {
    let known = || call.simulator.inspect(|world, _| world.environment_of(cluster).map(str::to_owned));
    given.or_else(known).unwrap_or_default()
}
