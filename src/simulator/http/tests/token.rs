//! The token endpoint, in both versions.

use super::*;
use crate::simulator::{ApplicationCredential, Effect, Envelope, Fault, world::publisher::OPERATOR_APPLICATION};

const AUDIENCE: &str = "https://cloudpartner.azure.com";

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
}

/// The form of a request that succeeds, one field of which is set to something else, or left out.
fn form(credential: &ApplicationCredential, version: &str, (name, value): (&str, Option<&str>)) -> String {
    let asked =
        if version == "token" { ("resource", AUDIENCE.to_owned()) } else { ("scope", format!("{AUDIENCE}/.default")) };
    let fields = [
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", credential.client_id.clone()),
        ("client_secret", credential.client_secret.clone()),
        asked,
    ];
    let pairs = fields.iter().filter_map(|(field, usual)| {
        let value = if *field == name { value? } else { usual };
        Some(format!("{field}={}", encoded(value)))
    });
    pairs.collect::<Vec<_>>().join("&")
}

async fn ask(simulator: &Simulator, tenant: &str, version: &str, form: String) -> Reply {
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("/{tenant}/oauth2/{version}"))
        .header("host", "login.test")
        .header("content-type", "application/x-www-form-urlencoded");
    Reply::read(simulator.call(request.body(Bytes::from(form)).unwrap()).await)
}

#[tokio::test]
async fn a_secret_buys_a_token_that_opens_the_portal() {
    for (version, lifetime) in [("v2.0/token", json!(3599)), ("token", json!("3599"))] {
        let simulator = Bench::new().simulator;
        let credential = simulator.operator_application().unwrap();
        let reply = ask(&simulator, &credential.tenant, version, form(&credential, version, ("", None))).await;
        assert_eq!((reply.status, &reply.body["token_type"]), (200, &json!("Bearer")), "{}", reply.body);
        assert_eq!(reply.body["expires_in"], lifetime);
        assert_eq!(reply.header(HEADER), env!("CARGO_PKG_VERSION"));
        let request = Request::get("/api/publishers?api-version=2017-10-31")
            .header("authorization", format!("Bearer {}", reply.body["access_token"].as_str().unwrap()));
        assert_eq!(simulator.call(request.body(Bytes::new()).unwrap()).await.status(), 200);
        let again = ask(&simulator, &credential.tenant, version, form(&credential, version, ("", None))).await;
        assert_ne!(again.body["access_token"], reply.body["access_token"]);
        let records = simulator.requests();
        let path = format!("/{}/oauth2/{version}", credential.tenant);
        assert_eq!((records[0].path.as_str(), records[0].status), (path.as_str(), Some(200)));
        assert_eq!(records[1].actor.as_deref(), Some(OPERATOR_APPLICATION));
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_secret_and_token() {
    let draw = async || {
        let simulator = Bench::new().simulator;
        let credential = simulator.operator_application().unwrap();
        let form = form(&credential, "v2.0/token", ("", None));
        let reply = ask(&simulator, &credential.tenant, "v2.0/token", form).await;
        (credential, reply.body["access_token"].clone())
    };
    assert_eq!(draw().await, draw().await);
}

#[tokio::test]
async fn who_cannot_prove_itself_gets_none() {
    let simulator = Bench::new().simulator;
    let credential = simulator.operator_application().unwrap();
    let unknown = "00000000-0000-4000-8000-000000000000";
    let two = "v2.0/token";
    let cases = [
        (two, ("client_secret", Some("wrong")), 401, "invalid_client", "AADSTS7000215"),
        (two, ("client_secret", None), 401, "invalid_client", "AADSTS7000216"),
        (two, ("client_id", Some(unknown)), 400, "unauthorized_client", "AADSTS700016"),
        (two, ("client_id", None), 400, "invalid_request", "AADSTS900144"),
        (two, ("grant_type", None), 400, "invalid_request", "AADSTS900144"),
        (two, ("grant_type", Some("password")), 400, "unsupported_grant_type", "AADSTS70003"),
        (two, ("scope", None), 400, "invalid_request", "AADSTS900144"),
        (two, ("scope", Some(AUDIENCE)), 400, "invalid_scope", "AADSTS1002012"),
        (two, ("scope", Some("https://elsewhere.test/.default")), 400, "invalid_resource", "AADSTS500011"),
        ("token", ("resource", Some("https://elsewhere.test")), 400, "invalid_resource", "AADSTS500011"),
        ("token", ("resource", None), 400, "invalid_request", "AADSTS900144"),
    ];
    for (version, change, status, error, number) in cases {
        let reply = ask(&simulator, &credential.tenant, version, form(&credential, version, change)).await;
        assert_eq!((reply.status, &reply.body["error"]), (status, &json!(error)), "{change:?}");
        assert!(reply.body["error_description"].as_str().unwrap().starts_with(&format!("{number}: ")), "{change:?}");
    }
    let elsewhere = ask(&simulator, unknown, two, form(&credential, two, ("", None))).await;
    assert_eq!((elsewhere.status, &elsewhere.body["error"]), (400, &json!("invalid_request")));
    assert!(elsewhere.body["error_description"].as_str().unwrap().starts_with("AADSTS90002: "));
    simulator.rules(|rules| rules.publishers.audiences.clear()).unwrap();
    let anything = form(&credential, two, ("scope", Some("https://elsewhere.test/.default")));
    assert_eq!(ask(&simulator, &credential.tenant, two, anything).await.status, 200);
}

#[tokio::test]
async fn the_endpoint_can_fail() {
    let simulator = Bench::new().simulator;
    let credential = simulator.operator_application().unwrap();
    let effect = Effect::Status { status: 503, envelope: Envelope::Failure, retry_after: Some(2) };
    simulator.inject(Fault::new("POST", &format!("/{}/oauth2", credential.tenant), effect));
    let form = || form(&credential, "v2.0/token", ("", None));
    let reply = ask(&simulator, &credential.tenant, "v2.0/token", form()).await;
    assert_eq!((reply.status, &reply.body["error"]), (503, &json!("temporarily_unavailable")));
    assert_eq!(reply.header("retry-after"), "2");
    assert_eq!(ask(&simulator, &credential.tenant, "v2.0/token", form()).await.status, 200);
}
