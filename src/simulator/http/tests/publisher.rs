//! The portal's dialect, with a token that the operator's application got.

use super::*;
use crate::simulator::{
    Effect, Envelope, Fault, Lag, RateLimit,
    world::{
        PublisherCommand,
        publisher::{OPERATOR_APPLICATION, OPERATOR_OBJECT, OPERATOR_TENANT},
    },
};

const USERS: &str = "/api/publishers/contoso-data/users";
const VERSION: &str = "api-version=2017-10-31";

/// The example, called with a token.
struct Portal {
    simulator: Simulator,
    token: String,
}

impl Portal {
    fn new() -> Self {
        let simulator = Bench::new().simulator;
        let token = token(&simulator, OPERATOR_APPLICATION);
        Self { simulator, token }
    }

    async fn send(&self, method: Method, target: &str, headers: &[(&str, &str)], body: Option<Value>) -> Reply {
        let version = if target.contains("api-version") { "" } else { VERSION };
        let sign = if target.contains('?') { '&' } else { '?' };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{target}{sign}{version}"))
            .header("host", "portal.test")
            .header("authorization", format!("Bearer {}", self.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        Reply::read(self.simulator.call(request.body(body).unwrap()).await)
    }

    async fn get(&self, target: &str) -> Reply {
        self.send(Method::GET, target, &[], None).await
    }

    async fn add(&self, key: &str, body: Value) -> Reply {
        self.send(Method::PUT, &format!("{USERS}/{key}"), &[("if-none-match", "*")], Some(body)).await
    }

    async fn change(&self, key: &str, tag: &str, body: Value) -> Reply {
        self.send(Method::PUT, &format!("{USERS}/{key}"), &[("if-match", tag)], Some(body)).await
    }

    async fn remove(&self, key: &str, tag: &str) -> Reply {
        self.send(Method::DELETE, &format!("{USERS}/{key}"), &[("if-match", tag)], None).await
    }

    fn portal(&self, command: PublisherCommand) {
        self.simulator.portal(&Command::Publisher(command)).unwrap();
    }
}

fn token(simulator: &Simulator, application: &str) -> String {
    let command = PublisherCommand::IssueToken { application_id: application.to_owned() };
    let answer = simulator.portal(&Command::Publisher(command)).unwrap();
    let crate::simulator::world::Answer::Token(token) = answer else { panic!("not a token") };
    token.text
}

fn person(role: &str) -> Value {
    json!({"type": "user", "role": role})
}

impl Reply {
    fn code(&self) -> (u16, &str) {
        assert!(!self.body["error"]["message"].as_str().unwrap_or_default().is_empty(), "{}", self.body);
        (self.status, self.body["error"]["code"].as_str().unwrap_or_default())
    }

    fn keys(&self) -> Vec<&str> {
        let all = self.body["value"].as_array().unwrap().iter();
        all.map(|it| it["email"].as_str().or(it["applicationId"].as_str()).unwrap()).collect()
    }
}

#[tokio::test]
async fn the_publishers_with_a_role_are_listed() {
    let portal = Portal::new();
    let reply = portal.get("/api/publishers").await;
    let expected = json!([
        {"publisherId": "contoso-data", "displayName": "Contoso Data", "callerRole": "owner"},
        {"publisherId": "contoso-labs", "displayName": "Contoso Labs", "callerRole": "contributor"},
    ]);
    assert_eq!((reply.status, &reply.body), (200, &expected));
    assert_eq!(reply.header(HEADER), env!("CARGO_PKG_VERSION"));
    assert_eq!(reply.header("x-request-id").len(), 32);
}

#[tokio::test]
async fn a_version_and_a_token_are_asked_for() {
    let portal = Portal::new();
    for query in ["?api-version=2016-01-01", "?api-version="] {
        let reply = portal.get(&format!("/api/publishers{query}")).await;
        assert_eq!(reply.code(), (400, "InvalidAPIVersion"));
        assert!(reply.body["error"]["message"].as_str().unwrap().ends_with("The allowed values are: 2017-10-31"));
    }
    let stranger = Portal { simulator: portal.simulator.clone(), token: "rst.wrong".to_owned() };
    let reply = stranger.get(USERS).await;
    assert_eq!(reply.code(), (401, "Unauthorized"));
    assert!(reply.header("www-authenticate").starts_with("Bearer error=\"invalid_token\""));
    // A key of the organization opens nothing here, and a token nothing there.
    let with_key = Bench { simulator: portal.simulator.clone(), credential: portal.simulator.operator_key().unwrap() };
    assert_eq!(with_key.get(&format!("{USERS}?{VERSION}")).await.code(), (401, "Unauthorized"));
    assert_eq!(portal.get("/iam/v2/users").await.status, 401);
    assert_eq!(portal.get("/api/nowhere").await.code(), (404, "NotFound"));
    let actors: Vec<_> = portal.simulator.requests().into_iter().map(|record| record.actor).collect();
    assert_eq!(actors[0].as_deref(), Some(OPERATOR_APPLICATION));
    assert_eq!(actors[2], None);
}

#[tokio::test]
async fn a_token_runs_out() {
    let bench = Bench::new();
    bench.simulator.rules(|rules| rules.publishers.token_lifetime = 60).unwrap();
    let portal = Portal { token: token(&bench.simulator, OPERATOR_APPLICATION), simulator: bench.simulator };
    portal.simulator.portal(&Command::AdvanceClock { seconds: 59 }).unwrap();
    assert_eq!(portal.get(USERS).await.status, 200);
    portal.simulator.portal(&Command::AdvanceClock { seconds: 1 }).unwrap();
    assert_eq!(portal.get(USERS).await.code(), (401, "Unauthorized"));
    let fresh = Portal { token: token(&portal.simulator, OPERATOR_APPLICATION), simulator: portal.simulator.clone() };
    assert_eq!(fresh.get(USERS).await.status, 200);
}

#[tokio::test]
async fn a_user_is_added_read_changed_and_removed() {
    let portal = Portal::new();
    let added = portal.add("ann%40example.com", json!({"type": "user", "role": "contributor", "unheard": 1})).await;
    let tag = added.header("etag").to_owned();
    assert!(tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'));
    let expected = json!({
        "type": "user", "email": "ann@example.com", "accountType": "organization", "role": "contributor",
        "state": "active", "addedTime": "2026-03-02T09:00:00Z", "changedTime": "2026-03-02T09:00:00Z",
    });
    assert_eq!((added.status, &added.body), (201, &expected));
    assert_eq!(portal.add("ANN@example.com", person("owner")).await.code(), (409, "UserAlreadyExists"));

    let path = format!("{USERS}/Ann@Example.com");
    let read = portal.get(&path).await;
    assert_eq!((read.status, read.header("etag"), &read.body), (200, tag.as_str(), &expected));
    for known in [&tag, "*", &format!("\"0x0\", W/{tag}")] {
        let unchanged = portal.send(Method::GET, &path, &[("if-none-match", known)], None).await;
        assert_eq!((unchanged.status, unchanged.header("etag"), &unchanged.body), (304, tag.as_str(), &Value::Null));
    }
    portal.simulator.portal(&Command::AdvanceClock { seconds: 60 }).unwrap();
    let named = json!({"type": "user", "role": "owner", "email": "Ann@example.com", "friendlyName": "Ann"});
    let changed = portal.change("ann@example.com", &tag, named).await;
    assert_eq!(
        (changed.status, &changed.body["role"], &changed.body["friendlyName"]),
        (200, &json!("owner"), &json!("Ann"))
    );
    assert_eq!(changed.body["changedTime"], json!("2026-03-02T09:01:00Z"));
    assert_ne!(changed.header("etag"), tag);
    assert_eq!(portal.send(Method::GET, &path, &[("if-none-match", &tag)], None).await.status, 200);
    assert_eq!(portal.change("ann@example.com", &tag, person("owner")).await.code(), (412, "PreconditionFailed"));
    assert_eq!(portal.change("ann@example.com", "*", person("contributor")).await.status, 200);

    assert_eq!(portal.remove("ann@example.com", &tag).await.code(), (412, "PreconditionFailed"));
    let removed = portal.remove("ann%40example.com", "*").await;
    assert_eq!((removed.status, removed.body), (204, Value::Null));
    assert_eq!(portal.remove("ann@example.com", "*").await.code(), (404, "UserNotFound"));
    assert_eq!(portal.get(&path).await.code(), (404, "UserNotFound"));
    assert_eq!(portal.change("ann@example.com", "*", person("owner")).await.code(), (412, "PreconditionFailed"));
}

#[tokio::test]
async fn kinds_of_users_have_what_is_theirs() {
    let portal = Portal::new();
    let group = portal.add("team@example.com", json!({"type": "group", "role": "owner"})).await;
    assert_eq!((group.status, group.body.get("accountType"), &group.body["state"]), (201, None, &json!("active")));
    let person = portal.add("ben@outlook.com", person("owner")).await;
    assert_eq!(person.body["accountType"], json!("microsoftAccount"));
    assert_eq!(person.body["state"], json!("invited"));
    let accept = json!({"publisher": {"acceptInvitation": {"publisher": "contoso-data", "email": "ben@outlook.com"}}});
    assert_eq!(portal.send(Method::POST, "/simulator/portal", &[], Some(accept)).await.status, 200);
    let read = portal.get(&format!("{USERS}/ben@outlook.com")).await;
    assert_eq!(read.body["state"], json!("active"));
    assert_ne!(read.header("etag"), person.header("etag"));

    let id = "0d9a8c7b-1111-4222-8333-444455556666";
    let whole = json!({
        "type": "servicePrincipal", "role": "contributor", "friendlyName": "Uploads", "applicationId": id,
        "tenantId": OPERATOR_TENANT, "objectId": OPERATOR_OBJECT,
    });
    let application = portal.add(id, whole.clone()).await;
    assert_eq!((application.status, application.body.get("email")), (201, None));
    assert_eq!(
        (&application.body["applicationId"], &application.body["objectId"]),
        (&json!(id), &json!(OPERATOR_OBJECT))
    );
    let without = json!({"type": "servicePrincipal", "role": "contributor", "applicationId": id});
    assert_eq!(portal.change(id, "*", without).await.code(), (400, "InvalidUser"));
    let mut other = whole;
    other["objectId"] = json!("ffffffff-1111-4222-8333-444455556666");
    assert_eq!(portal.change(id, "*", other).await.code(), (400, "InvalidUser"));
}

#[tokio::test]
async fn what_is_not_as_it_must_be_is_refused_with_a_code() {
    let portal = Portal::new();
    let cases = [
        ("ann@gmail.com", person("owner"), "InvalidEmail"),
        ("ann", person("owner"), "InvalidEmail"),
        ("ann@example.com", json!({"type": "user", "role": "owner", "email": "bob@example.com"}), "InvalidEmail"),
        ("ann@example.com", person("admin"), "InvalidRole"),
        ("ann@example.com", json!({"type": "user"}), "InvalidRole"),
        ("ann@example.com", json!({"role": "owner"}), "InvalidUser"),
        ("ann@example.com", json!({"type": "user", "role": "owner", "tenantId": OPERATOR_TENANT}), "InvalidUser"),
        ("ann@example.com", json!([]), "InvalidRequest"),
    ];
    for (key, body, code) in cases {
        assert_eq!(portal.add(key, body.clone()).await.code(), (400, code), "{key} {body}");
    }
    let reply = portal.add("ann@gmail.com", person("owner")).await;
    assert!(reply.body["error"]["message"].as_str().unwrap().contains("Microsoft accounts and organization IDs"));

    let path = format!("{USERS}/mary@example.com");
    for (method, headers, code) in [
        (Method::PUT, vec![], "PreconditionRequired"),
        (Method::DELETE, vec![], "PreconditionRequired"),
        (Method::PUT, vec![("if-match", "unquoted")], "InvalidRequest"),
        (Method::PUT, vec![("if-match", "*"), ("if-none-match", "*")], "InvalidRequest"),
        (Method::DELETE, vec![("if-none-match", "*")], "InvalidRequest"),
    ] {
        let reply = portal.send(method.clone(), &path, &headers, Some(person("owner"))).await;
        assert_eq!(reply.code(), (400, code), "{method} {headers:?}");
    }
    assert_eq!(portal.get(&path).await.body["role"], json!("contributor"));
    assert_eq!(portal.get(&format!("{USERS}?%24skiptoken=%20")).await.code(), (400, "InvalidRequest"));
}

#[tokio::test]
async fn a_caller_has_its_own_role() {
    let portal = Portal::new();
    assert_eq!(portal.get("/api/publishers/fabrikam/users").await.code(), (403, "Forbidden"));
    assert_eq!(portal.get("/api/publishers/nowhere/users").await.code(), (404, "PublisherNotFound"));
    assert_eq!(portal.get("/api/publishers/nowhere/users/a@b.example").await.code(), (404, "PublisherNotFound"));
    let labs = "/api/publishers/contoso-labs/users";
    assert_eq!(portal.get(labs).await.keys(), [OPERATOR_APPLICATION, "linus@example.com"]);
    let path = format!("{labs}/ann@example.com");
    let add = async || portal.send(Method::PUT, &path, &[("if-none-match", "*")], Some(person("owner"))).await;
    assert_eq!(add().await.code(), (403, "Forbidden"));
    let remove = portal.send(Method::DELETE, &format!("{labs}/linus@example.com"), &[("if-match", "*")], None).await;
    assert_eq!(remove.code(), (403, "Forbidden"));
    portal.simulator.rules(|rules| rules.publishers.contributors_may_manage_users = true).unwrap();
    assert_eq!(add().await.status, 201);
    let remove = PublisherCommand::RemoveUser {
        publisher: "contoso-labs".to_owned(),
        user: OPERATOR_APPLICATION.to_owned(),
        version: None,
    };
    portal.portal(remove);
    assert_eq!(portal.get(labs).await.code(), (403, "Forbidden"));
    assert_eq!(portal.get("/api/publishers").await.body.as_array().unwrap().len(), 1);
    portal.portal(PublisherCommand::RemoveApplication { application_id: OPERATOR_APPLICATION.to_owned() });
    assert_eq!(portal.get("/api/publishers").await.code(), (401, "Unauthorized"));
}

#[tokio::test]
async fn the_last_owner_stays() {
    let portal = Portal::new();
    assert_eq!(portal.remove("publishing@example.com", "*").await.status, 204);
    assert_eq!(portal.remove("grace@example.com", "*").await.status, 204);
    assert_eq!(portal.remove(OPERATOR_APPLICATION, "*").await.code(), (409, "LastOwner"));
    let body = json!({
        "type": "servicePrincipal", "role": "contributor", "applicationId": OPERATOR_APPLICATION,
        "tenantId": OPERATOR_TENANT, "objectId": OPERATOR_OBJECT,
    });
    assert_eq!(portal.change(OPERATOR_APPLICATION, "*", body).await.code(), (409, "LastOwner"));
}

#[tokio::test]
async fn users_are_paged_to_the_end_and_filtered() {
    let portal = Portal::new();
    portal.simulator.update(|knobs| knobs.publisher_page_size = Some(3)).unwrap();
    for number in 0..4 {
        assert_eq!(portal.add(&format!("p{number}@example.com"), person("contributor")).await.status, 201);
    }
    let mut target = format!("{USERS}?{VERSION}");
    let mut seen = Vec::new();
    for left in [true, true, false] {
        let page = portal.get(&target).await;
        seen.extend(page.keys().iter().map(ToString::to_string));
        let next = page.body.get("nextLink").map(|next| next.as_str().unwrap());
        assert_eq!(next.is_some(), left);
        let Some(next) = next else { break };
        let (_, rest) = next.split_once("http://portal.test").unwrap();
        assert_eq!(rest.matches("skiptoken").count(), 1);
        target = rest.to_owned();
    }
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((seen.len(), seen), (8, sorted));
    assert_eq!(portal.get(&format!("{USERS}?email=MARY%40example.com")).await.keys(), ["mary@example.com"]);
    assert!(portal.get(&format!("{USERS}?email=nobody%40example.com")).await.keys().is_empty());
    portal.simulator.update(|knobs| knobs.next_base = Some("https://elsewhere.test".to_owned())).unwrap();
    let page = portal.get(USERS).await;
    assert!(page.body["nextLink"].as_str().unwrap().starts_with("https://elsewhere.test/api/publishers/"));
}

#[tokio::test]
async fn what_can_go_wrong_goes_wrong_here_too() {
    let portal = Portal::new();
    portal.simulator.inject(Fault::status("PUT", USERS, 503).after_execution());
    assert_eq!(portal.add("ann@example.com", person("owner")).await.code(), (503, "ServiceUnavailable"));
    assert_eq!(portal.add("ann@example.com", person("owner")).await.code(), (409, "UserAlreadyExists"));
    let effect = Effect::Status { status: 500, envelope: Envelope::Documented, retry_after: Some(3) };
    portal.simulator.inject(Fault::new("GET", USERS, effect));
    let reply = portal.get(USERS).await;
    assert_eq!((reply.code(), reply.header("retry-after")), ((500, "InternalServerError"), "3"));
    let effect = Effect::Status { status: 502, envelope: Envelope::Empty, retry_after: None };
    portal.simulator.inject(Fault::new("GET", USERS, effect));
    let reply = portal.get(USERS).await;
    assert_eq!((reply.status, reply.body), (502, Value::Null));
    for path in [USERS, "/api/publishers"] {
        portal.simulator.inject(Fault::empty_list(path));
    }
    assert_eq!(portal.get(USERS).await.body, json!({"value": []}));
    assert_eq!(portal.get("/api/publishers").await.body, json!([]));
    portal.simulator.inject(Fault::new("GET", USERS, Effect::Truncated));
    assert_eq!(portal.get(USERS).await.body, Value::Null);

    portal.simulator.update(|knobs| knobs.lag = Lag::Frozen).unwrap();
    assert_eq!(portal.remove("ann@example.com", "*").await.status, 204);
    assert!(portal.get(USERS).await.keys().contains(&"ann@example.com"));
    assert_eq!(portal.get(&format!("{USERS}/ann@example.com")).await.status, 404);

    let limit = RateLimit { limit: 1, window: 10, retry_after: true, headers: true };
    portal.simulator.update(|knobs| knobs.rate_limit = Some(limit)).unwrap();
    let first = portal.get(USERS).await;
    assert_eq!((first.status, first.header("x-ratelimit-remaining")), (200, "0"));
    let refused = portal.get(USERS).await;
    assert_eq!((refused.code(), refused.header("retry-after")), ((429, "TooManyRequests"), "10"));
}

#[tokio::test]
async fn the_state_shows_publishers_and_no_secret() {
    let portal = Portal::new();
    let state = portal.get("/simulator/state").await.body;
    let ids: Vec<&str> = state["publishers"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["contoso-data", "contoso-labs", "fabrikam"]);
    assert_eq!(state["publishers"][0]["users"].as_array().unwrap().len(), 4);
    assert_eq!(state["applications"][0]["applicationId"], json!(OPERATOR_APPLICATION));
    let secret = portal.simulator.operator_application().unwrap().client_secret;
    for hidden in [&secret, &portal.token] {
        assert!(!state.to_string().contains(hidden.as_str()));
    }
    let by_hand = json!({"publisher": {"issueToken": {"applicationId": OPERATOR_APPLICATION}}});
    let issued = portal.send(Method::POST, "/simulator/portal", &[], Some(by_hand)).await;
    let other = Portal { simulator: portal.simulator.clone(), token: issued.body["text"].as_str().unwrap().to_owned() };
    assert_eq!(other.get(USERS).await.status, 200);
}
