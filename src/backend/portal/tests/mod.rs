//! The adapter against answers in the form of our contract (`tests/data/portal`), under virtual time.

mod contract;
mod write;

use super::*;
use crate::{
    access::{
        Email,
        publisher::{AccountType, HeldRole, MemberKind, PublisherRole},
    },
    backend::{
        Audience, ClientCredentials, Endpoint, ErrorKind, Observer, Settings, TokenSource,
        script::{self, CANARY, Outcome, Record, Seen, answer, with},
    },
};

macro_rules! data {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/data/portal/", $name, ".json"))
    };
}
use data;

const APPLICATION: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";
const USERS_PATH: &str = "/api/publishers/contoso/users";
const BOB_PATH: &str = "/api/publishers/contoso/users/bob@outlook.com";

/// The adapter for `contoso` whose portal is that function, with what the portal was asked.
fn portal(serve: impl Fn(usize, &Seen) -> Outcome + Send + Sync + 'static) -> (Portal, Record) {
    observed(serve, None)
}

fn observed(
    serve: impl Fn(usize, &Seen) -> Outcome + Send + Sync + 'static,
    observer: Option<Arc<dyn Observer>>,
) -> (Portal, Record) {
    let (issuer, _) = script::transport(|_, _| answer(200, data!("token")));
    let credentials = ClientCredentials::new("client-1", &CANARY.into(), Audience::default()).unwrap();
    let at = Endpoint::parse("https://login.issuer.test/tenant-1/oauth2/v2.0/token").unwrap();
    let tokens = TokenSource::new(issuer, at, credentials, Settings::new(3), None);
    let (transport, record) = script::transport(serve);
    let http = HttpClient::observed(transport, script::endpoint(), tokens, Settings::new(5), observer);
    (Portal::new(http, " contoso "), record)
}

/// A portal that gives those answers in turn, and the last one from then on.
fn saying(outcomes: Vec<Outcome>) -> (Portal, Record) {
    portal(move |number, _| outcomes[number.min(outcomes.len() - 1)].clone())
}

fn lines(record: &Record) -> Vec<String> {
    record.lock().unwrap().iter().map(|seen| seen.line().replace("?api-version=2017-10-31", "")).collect()
}

/// The values of that header in every request, `-` where it was not sent.
fn sent(record: &Record, header: &str) -> Vec<String> {
    let value = |seen: &Seen| seen.headers.get(header).map_or("-", |value| value.to_str().unwrap()).to_owned();
    record.lock().unwrap().iter().map(value).collect()
}

fn bob() -> MemberKey {
    MemberKey::Email(Email::from_remote("bob@outlook.com"))
}

fn tagged(status: u16, tag: &str, body: &str) -> Outcome {
    with(status, "etag", tag, body)
}

#[tokio::test(start_paused = true)]
async fn we_see_the_publishers_on_which_we_have_a_role() {
    let (portal, record) = saying(vec![answer(200, data!("publishers"))]);
    let identity = portal.identify().await.unwrap();
    let publishers: Vec<_> =
        identity.publishers.iter().map(|it| (it.id.as_str(), it.display_name.as_str(), it.own_role)).collect();
    let expected = [
        ("contoso", "Contoso", Some(PublisherRole::Owner)),
        ("fabrikam", "Fabrikam", Some(PublisherRole::Contributor)),
        ("novel", "Novel", None),
    ];
    assert_eq!(publishers, expected);
    assert!(!identity.simulated);
    let seen = record.lock().unwrap()[0].clone();
    assert_eq!(seen.line(), "GET /api/publishers?api-version=2017-10-31");
    assert_eq!(seen.headers["authorization"], "Bearer canary-token");

    let (portal, record) = saying(vec![with(200, "x-roster-simulator", "1", "[]")]);
    let portal = portal.with_api_version("2018-01-01");
    let nobody = PortalIdentity { publishers: Vec::new(), simulated: true };
    assert_eq!((portal.identify().await.unwrap(), portal.publisher_id()), (nobody, "contoso"));
    assert_eq!(record.lock().unwrap()[0].line(), "GET /api/publishers?api-version=2018-01-01");

    let cases = [
        (answer(200, "{}"), ErrorKind::Malformed),
        (answer(200, r#"[{"displayName":"x"}]"#), ErrorKind::Malformed),
        (answer(401, data!("error_unauthorized")), ErrorKind::CredentialsRejected),
        (answer(403, data!("error_forbidden")), ErrorKind::Forbidden),
    ];
    for (outcome, kind) in cases {
        assert_eq!(saying(vec![outcome]).0.identify().await.unwrap_err().kind, kind);
    }
}

fn pages(seen: &Seen) -> Outcome {
    assert_eq!(seen.url.path(), USERS_PATH);
    let first = seen.query("skip").is_none();
    answer(200, if first { data!("users_1") } else { data!("users_2") })
}

#[tokio::test(start_paused = true)]
async fn all_users_are_listed_and_what_is_not_understood_is_kept_as_it_is() {
    let (portal, record) = portal(|_, seen| pages(seen));
    let Members(members) = portal.list().await.unwrap();
    let told: Vec<_> = members
        .iter()
        .map(|it| (it.key.to_string(), it.role.to_string(), it.invited, it.is_effective_owner(), it.is_understood()))
        .collect();
    let expected = [
        ("ada@example.com", "Owner", false, true, true),
        ("bob@outlook.com", "Contributor", true, false, true),
        ("team@example.com", "Contributor", false, false, true),
        (APPLICATION, "Owner", false, true, true),
        ("cyd@example.com", "auditor", false, false, false),
        ("dee@example.com", "Owner", false, false, false),
        ("eve@example.com", "Owner", true, false, true),
    ];
    assert_eq!(told, expected.map(|(key, role, a, b, c)| (key.to_owned(), role.to_owned(), a, b, c)));
    let accounts: Vec<_> = members.iter().filter_map(|it| it.account.clone()).collect();
    assert_eq!(accounts, [AccountType::Organization, AccountType::Microsoft, AccountType::Other("passkey".to_owned())]);
    assert_eq!((&members[2].kind, &members[5].kind), (&MemberKind::Group, &MemberKind::Other("robot".to_owned())));
    let MemberKind::ServicePrincipal(principal) = &members[3].kind else { panic!("{:?}", members[3]) };
    assert_eq!(principal.application, APPLICATION);
    assert!(principal.tenant.starts_with("7e0d0f1c-") && principal.object.starts_with("5c9b0c36-"));
    let added: Vec<_> = members.iter().map(|it| it.added_at.is_some()).collect();
    assert_eq!(added[..3], [true, false, false]);
    assert!(members.iter().all(|it| it.version.is_none()));

    // The link names another host and another base; its query was asked of our own.
    let asked: Vec<_> = record.lock().unwrap().iter().map(|seen| seen.url.to_string()).collect();
    let first = "https://api.confluent.test/api/publishers/contoso/users?api-version=2017-10-31";
    assert_eq!(asked, [first.to_owned(), format!("{first}&skip=c%2BQ%2F2%3D")]);
}

#[tokio::test(start_paused = true)]
async fn a_list_is_complete_or_an_error() {
    use ErrorKind::{CredentialsRejected, Forbidden, Invalid, Malformed, NotFound, Throttled, Unavailable};
    let page = |next: &str| answer(200, format!(r#"{{"value":[],"nextLink":"{next}"}}"#));
    let item = |item: &str| answer(200, format!(r#"{{"value":[{item}]}}"#));
    let cases = [
        (answer(500, ""), Unavailable),
        (Outcome::Broken, Unavailable),
        (answer(429, data!("error_too_many_requests")), Throttled),
        (answer(400, data!("error_api_version")), Invalid),
        (answer(401, data!("error_unauthorized")), CredentialsRejected),
        (answer(403, data!("error_forbidden")), Forbidden),
        (answer(404, data!("error_publisher_not_found")), NotFound),
        (answer(404, "<html>"), Malformed),
        (answer(304, ""), Unavailable),
        (answer(200, "<html>"), Malformed),
        (answer(200, "{}"), Malformed),
        (item(r#"{"type":"user","role":"owner"}"#), Malformed),
        (item(r#"{"email":"a@b.c","role":"owner"}"#), Malformed),
        (item(r#"{"email":"a@b.c","type":"user"}"#), Malformed),
        (item(r#"{"email":"a@b.c","type":"servicePrincipal","role":"owner"}"#), Malformed),
        (page("/api/publishers/contoso/users?skip=again"), Malformed),
        (page("/api/publishers/contoso/users?api-version=2017-10-31"), Malformed),
        (page("/api/publishers/contoso/users"), Malformed),
        (page("/api/publishers/fabrikam/users?skip=1"), Malformed),
        (page("https://"), Malformed),
    ];
    for (outcome, kind) in cases {
        // As the first page, and as the second.
        let (alone, second) = (outcome.clone(), outcome.clone());
        let portals = [
            saying(vec![alone]).0,
            portal(move |_, seen| if seen.query("skip").is_some() { second.clone() } else { pages(seen) }).0,
        ];
        for portal in portals {
            let error = portal.list().await.unwrap_err();
            assert_eq!(error.kind, kind, "{error}");
            assert_eq!(error.operation, "list publisher users");
        }
    }
    let endless = |number, _: &Seen| answer(200, format!(r#"{{"value":[],"nextLink":"{USERS_PATH}?skip={number}"}}"#));
    let (portal, record) = portal(endless);
    let error = portal.list().await.unwrap_err();
    assert_eq!((error.kind, record.lock().unwrap().len()), (ErrorKind::Malformed, 1000), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_user_that_did_not_change_costs_no_body() {
    let (portal, record) = saying(vec![
        tagged(200, "\"1\"", data!("user_contributor")),
        tagged(304, "\"1\"", ""),
        tagged(200, "\"2\"", data!("user_owner")),
        answer(404, data!("error_user_not_found")),
        tagged(200, "\"3\"", data!("user_contributor")),
    ]);
    let first = portal.find(bob()).await.unwrap().unwrap();
    assert_eq!(
        (&first.key, first.version.as_deref(), first.role == PublisherRole::Contributor),
        (&bob(), Some("\"1\""), true)
    );
    assert_eq!(portal.clone().find(bob()).await.unwrap().as_ref(), Some(&first));
    let third = portal.find(bob()).await.unwrap().unwrap();
    assert_eq!((third.role, third.version.as_deref()), (HeldRole::Known(PublisherRole::Owner), Some("\"2\"")));
    assert_eq!(portal.find(bob()).await.unwrap(), None);
    portal.find(bob()).await.unwrap();
    assert_eq!(sent(&record, "if-none-match"), ["-", "\"1\"", "\"1\"", "\"2\"", "-"]);
    assert_eq!(lines(&record), vec![format!("GET {BOB_PATH}"); 5]);

    let (portal, record) = saying(vec![tagged(200, "W/\"1\"", data!("user_application"))]);
    let application = MemberKey::Application(APPLICATION.to_owned());
    assert_eq!(portal.find(application).await.unwrap().unwrap().version.as_deref(), Some("W/\"1\""));
    let odd = MemberKey::Email(Email::from_remote("a/b?c#d+e@example.com"));
    assert_eq!(portal.find(odd).await.unwrap_err().kind, ErrorKind::Malformed, "another user was sent");
    let paths: Vec<_> = record.lock().unwrap().iter().map(|seen| seen.url.path().to_owned()).collect();
    assert_eq!(paths[1], "/api/publishers/contoso/users/a%2Fb%3Fc%23d+e@example.com");
}

#[tokio::test(start_paused = true)]
async fn absence_is_the_portals_own_word_for_it() {
    use ErrorKind::{CredentialsRejected, Forbidden, Invalid, Malformed, NotFound, Throttled, Unavailable};
    let cases = [
        (answer(404, data!("error_user_not_found")), None),
        (answer(404, data!("error_publisher_not_found")), Some(NotFound)),
        (answer(404, r#"{"error":{"code":"NotFound"}}"#), Some(NotFound)),
        (answer(404, "404 page not found"), Some(Malformed)),
        (answer(304, ""), Some(Unavailable)),
        (answer(200, data!("user_contributor")), Some(Malformed)),
        (tagged(200, "*", data!("user_contributor")), Some(Malformed)),
        (tagged(200, "\"1\"", data!("user_application")), Some(Malformed)),
        (tagged(200, "\"1\"", "<html>"), Some(Malformed)),
        (answer(400, data!("error_invalid_email")), Some(Invalid)),
        (answer(401, data!("error_unauthorized")), Some(CredentialsRejected)),
        (answer(403, data!("error_forbidden")), Some(Forbidden)),
        (answer(429, data!("error_too_many_requests")), Some(Throttled)),
        (answer(502, ""), Some(Unavailable)),
        (Outcome::Silence, Some(Unavailable)),
    ];
    for (outcome, kind) in cases {
        let result = saying(vec![outcome]).0.find(bob()).await;
        assert_eq!(result.as_ref().err().map(|error| error.kind), kind, "{result:?}");
        assert!(result.is_err() || result.is_ok_and(|member| member.is_none()));
    }
    let error = saying(vec![answer(400, data!("error_api_version"))]).0.find(bob()).await.unwrap_err();
    let public = "the request was refused (400): The api-version '2016-01-01' is not known. Use one of: 2017-10-31";
    assert_eq!(error.public, public);
}
