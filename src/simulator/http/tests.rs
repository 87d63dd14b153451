//! The dialect under test, called in process.

mod fault;
mod flow;
mod publisher;
mod token;

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};

use super::*;
use crate::simulator::{
    Credential,
    world::{Command, KeyResource, ORGANIZATION},
};

/// The example, called with the operator's key.
struct Bench {
    simulator: Simulator,
    credential: Credential,
}

/// An answer, read.
struct Reply {
    status: u16,
    headers: http::HeaderMap,
    body: Value,
}

impl Bench {
    fn new() -> Self {
        let now = "2026-03-02T09:00:00Z".parse().unwrap();
        let simulator = Simulator::example(7, Arc::new(move || now));
        let credential = simulator.operator_key().unwrap();
        Self { simulator, credential }
    }

    /// The same simulator, called with a new Cloud key of that principal.
    fn as_principal(&self, id: &str) -> Self {
        let command = Command::CreateApiKey {
            owner: crate::access::PrincipalId::new(id),
            resource: KeyResource::Cloud,
            display_name: String::new(),
            description: String::new(),
        };
        let crate::simulator::world::Answer::ApiKey(key) = self.simulator.portal(&command).unwrap() else {
            panic!("not a key")
        };
        let credential = Credential { key: key.id, secret: key.secret.reveal().to_owned() };
        Self { simulator: self.simulator.clone(), credential }
    }

    async fn send(&self, method: Method, target: &str, body: Option<Value>) -> Reply {
        let pair = format!("{}:{}", self.credential.key, self.credential.secret);
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("host", "simulator.test")
            .header("authorization", format!("Basic {}", STANDARD.encode(pair)));
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        Reply::read(self.simulator.call(request.body(body).unwrap()).await)
    }

    async fn get(&self, target: &str) -> Reply {
        self.send(Method::GET, target, None).await
    }

    async fn post(&self, target: &str, body: Value) -> Reply {
        self.send(Method::POST, target, Some(body)).await
    }

    async fn delete(&self, target: &str) -> Reply {
        self.send(Method::DELETE, target, None).await
    }

    async fn grant(&self, principal: &str, role: &str, place: &str) -> Reply {
        let body = json!({"principal": principal, "role_name": role, "crn_pattern": crn(place)});
        self.post("/iam/v2/role-bindings", body).await
    }
}

impl Reply {
    fn read(response: Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn ids(&self) -> Vec<&str> {
        self.body["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
    }
}

fn crn(place: &str) -> String {
    format!("crn://confluent.cloud/organization={ORGANIZATION}{place}")
}
