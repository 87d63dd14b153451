//! The simulator over a real socket, as any client meets it, and as a process that is killed and started again.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdout, Command as Process, Stdio},
    sync::Arc,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use reqwest::Method;
use roster::simulator::{Credential, Fault, HEADER, Serving, Simulator, world::ORGANIZATION};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A client that knows nothing of the simulator but an address and a key.
struct Client {
    http: reqwest::Client,
    base: String,
    credential: Credential,
}

struct Reply {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: Value,
}

impl Client {
    fn new(base: String, credential: Credential) -> Self {
        // An error means that a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().retry(reqwest::retry::never()).build().unwrap();
        Self { http, base, credential }
    }

    async fn try_send(&self, method: Method, path: &str, body: Option<Value>) -> reqwest::Result<Reply> {
        let pair = STANDARD.encode(format!("{}:{}", self.credential.key, self.credential.secret));
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = request.header("authorization", format!("Basic {pair}"));
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            None => request,
        };
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = serde_json::from_str(&response.text().await?).unwrap_or(Value::Null);
        Ok(Reply { status, headers, body })
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        self.try_send(method, path, body).await.unwrap()
    }

    async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    async fn grant(&self, user: &str, role: &str, place: &str) -> Reply {
        let body = json!({"principal": format!("User:{user}"), "role_name": role, "crn_pattern": crn(place)});
        self.post("/iam/v2/role-bindings", body).await
    }
}

fn crn(place: &str) -> String {
    format!("crn://confluent.cloud/organization={ORGANIZATION}{place}")
}

async fn served() -> (Simulator, Serving, Client) {
    let simulator = Simulator::example(11, Arc::new(Timestamp::now));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let serving = simulator.serve(listener).unwrap();
    let client = Client::new(serving.url(), simulator.operator_key().unwrap());
    (simulator, serving, client)
}

#[tokio::test]
async fn a_person_comes_gets_access_and_goes() {
    let (simulator, serving, client) = served().await;
    let invited = client.post("/iam/v2/invitations", json!({"email": "kay@example.com"})).await;
    assert_eq!((invited.status, &invited.body["status"]), (201, &json!("INVITE_STATUS_ACCEPTED")));
    let user = invited.body["user"]["id"].as_str().unwrap();
    let topic = "/environment=env-prod01/cloud-cluster=lkc-orders/kafka=lkc-orders/topic=orders-*";
    let granted = client.grant(user, "DeveloperRead", topic).await;
    assert_eq!((granted.status, &granted.body["crn_pattern"]), (201, &json!(crn(topic))));
    assert_eq!(granted.headers[HEADER], env!("CARGO_PKG_VERSION"));
    let basic = topic.replace("lkc-orders", "lkc-scratc").replace("env-prod01", "env-dev001");
    assert_eq!(client.grant(user, "DeveloperRead", &basic).await.status, 400);

    let nested = format!("/iam/v2/role-bindings?crn_pattern={}/*&principal=User:{user}", crn(""));
    assert_eq!(client.get(&nested).await.body["data"][0]["id"], granted.body["id"]);
    assert_eq!(client.delete(&format!("/iam/v2/users/{user}")).await.status, 204);
    assert_eq!(client.get(&nested).await.body["data"], json!([]));
    let creates = simulator.requests().iter().filter(|r| r.method == "POST" && r.status == Some(201)).count();
    assert_eq!(creates, 2);
    serving.stop().await;
}

#[tokio::test]
async fn errors_come_in_the_vendors_envelopes() {
    let (_, serving, client) = served().await;
    let wrong = Credential { key: client.credential.key.clone(), secret: "wrong".to_owned() };
    let stranger = Client::new(serving.url(), wrong).get("/iam/v2/users").await;
    assert_eq!((stranger.status, &stranger.body["errors"][0]["code"]), (401, &json!("user_unauthenticated")));
    assert!(stranger.headers["www-authenticate"].to_str().unwrap().contains("invalid_key"));
    let cases = [
        (client.grant("u-nobody", "MetricsViewer", "").await, 403, "/errors/0/detail", json!("Forbidden Access")),
        (client.get("/iam/v2/role-bindings/rb-absent").await, 403, "/error_code", json!(40301)),
        (client.grant("u-mary01", "AccountAdmin", "/environment=env-prod01").await, 400, "/error_code", json!(40002)),
        (client.grant("u-mary01", "Sorcerer", "").await, 400, "/message", json!("Invalid role name : Sorcerer")),
        (client.get("/iam/v2/service-accounts/sa-no").await, 404, "/errors/0/status", json!("404")),
        (client.get("/iam/v2/role-bindings").await, 400, "/errors/0/source/parameter", json!("crn_pattern")),
    ];
    for (reply, status, pointer, expected) in cases {
        assert_eq!((reply.status, reply.body.pointer(pointer)), (status, Some(&expected)), "{}", reply.body);
        assert!(reply.headers.contains_key("x-request-id"));
    }
    serving.stop().await;
}

#[tokio::test]
async fn a_stopped_server_refuses_and_the_port_can_be_taken_again() {
    let (simulator, serving, client) = served().await;
    let address: SocketAddr = serving.address();
    simulator.inject(Fault::hang("POST", "/iam/v2/invitations"));
    let body = json!({"email": "kay@example.com"});
    let hanging = client.try_send(Method::POST, "/iam/v2/invitations", Some(body.clone()));
    let stopping = async {
        while simulator.requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        serving.stop().await;
    };
    let (broken, ()) = tokio::join!(hanging, stopping);
    assert!(broken.is_err());
    let refused = client.try_send(Method::GET, "/iam/v2/users", None).await;
    assert!(refused.err().unwrap().is_connect());

    let serving = simulator.serve(TcpListener::bind(address).await.unwrap()).unwrap();
    // It was executed, though nobody was told.
    assert_eq!(client.post("/iam/v2/invitations", body).await.status, 409);
    serving.stop().await;
}

#[tokio::test]
async fn what_was_answered_survives_a_kill_and_the_key_stays_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("world.db");
    let (running, first) = start(&data);
    let made = first.grant("sa-ordetl", "Operator", "/environment=env-prod01").await;
    assert_eq!(made.status, 201);
    drop(running);

    let (_running, second) = start(&data);
    assert_eq!(second.credential, first.credential);
    let path = format!("/iam/v2/role-bindings/{}", made.body["id"].as_str().unwrap());
    assert_eq!(second.get(&path).await.body["role_name"], json!("Operator"));
}

#[test]
fn a_file_of_somebody_else_is_refused_with_a_sentence_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("notes.txt");
    std::fs::write(&data, "not a journal").unwrap();
    let output = simulator(&data).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("notes.txt` is not a journal of the simulator"), "{said}");
    assert_eq!(std::fs::read_to_string(&data).unwrap(), "not a journal");
}

fn simulator(data: &Path) -> Process {
    let mut process = Process::new(env!("CARGO_BIN_EXE_roster"));
    process.args(["simulator", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    process
}

/// A simulator as a process, killed when it is dropped. Its output stays open, since it may still write.
struct Running {
    process: Child,
    _output: BufReader<ChildStdout>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts the simulator as a process, and reads address and key from what it prints.
fn start(data: &Path) -> (Running, Client) {
    let mut process = simulator(data).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    // Each line by its first word: the last one on it is what a program wants.
    let mut told = BTreeMap::new();
    while !told.contains_key("secret") {
        let mut line = String::new();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "the simulator ended");
        let mut words = line.split_whitespace().map(str::to_owned);
        told.extend(words.next().zip(words.next_back()));
    }
    let credential = Credential { key: told["key"].clone(), secret: told["secret"].clone() };
    (Running { process, _output: output }, Client::new(told["A"].clone(), credential))
}
