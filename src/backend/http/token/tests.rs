//! The source of tokens against a scripted issuer and a scripted API, under virtual time.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures::future::join_all;
use tokio::time::sleep;

use super::*;
use crate::backend::script::{self, CANARY, Outcome, Record, Seen, answer};

const ISSUER: &str = "https://login.issuer.test/tenant-1/oauth2/v2.0/token";
/// No text may hold a token either.
const TOKEN: &str = "canary-token";

fn credentials(audience: Audience) -> ClientCredentials {
    ClientCredentials::new(" client-1\n", &format!("{CANARY}\n").into(), audience).unwrap()
}

/// A client whose API and issuer are those functions, with what either was asked.
fn client(
    issue: impl Fn(usize, &Seen) -> Outcome + Send + Sync + 'static,
    serve: impl Fn(usize, &Seen) -> Outcome + Send + Sync + 'static,
) -> (HttpClient, Record, Record) {
    let (issuer, asked) = script::transport(issue);
    let endpoint = Endpoint::parse(ISSUER).unwrap();
    let source = TokenSource::new(issuer, endpoint, credentials(Audience::default()), Settings::new(3), None);
    let (transport, record) = script::transport(serve);
    (HttpClient::new(transport, script::endpoint(), source, Settings::new(5)), asked, record)
}

fn granted(number: usize, expires_in: &str) -> Outcome {
    answer(200, format!(r#"{{"token_type":"Bearer","access_token":"{TOKEN}-{number}","expires_in":{expires_in}}}"#))
}

fn read() -> Call {
    Call::get("try", "/x")
}

fn write() -> Call {
    Call::new("try", Method::DELETE, "/x")
}

fn shown(record: &Record) -> Vec<String> {
    let header = |seen: &Seen| seen.headers["authorization"].to_str().unwrap().to_owned();
    record.lock().unwrap().iter().map(header).collect()
}

#[tokio::test(start_paused = true)]
async fn a_token_is_asked_for_in_either_dialect_and_sent_to_the_api_alone() {
    let (http, asked, record) = client(|_, _| granted(1, "3599"), |_, _| answer(200, "{}"));
    http.send(read()).await.unwrap();
    let seen = asked.lock().unwrap()[0].clone();
    assert_eq!((seen.method.as_str(), seen.url.as_str()), ("POST", ISSUER));
    assert_eq!(seen.headers["content-type"], "application/x-www-form-urlencoded");
    assert!(!seen.headers.contains_key("authorization"));
    let form = "grant_type=client_credentials&client_id=client-1&client_secret=canary-secret%2F%2B%3D%3D&scope=https%3A%2F%2Fcloudpartner.azure.com%2F.default";
    assert_eq!(seen.body, form);
    assert_eq!(shown(&record), ["Bearer canary-token-1"]);
    assert_eq!(http.key_id(), "client-1");

    let version_1 = credentials(Audience::Resource("https://cloudpartner.azure.com".to_owned())).call();
    let body = String::from_utf8(version_1.body.clone().unwrap().to_vec()).unwrap();
    assert!(body.ends_with("&resource=https%3A%2F%2Fcloudpartner.azure.com"), "{body}");
    assert!(version_1.is_read());
}

#[test]
fn what_cannot_be_sent_is_refused_by_its_name() {
    let scope = |text: &str| Audience::Scope(text.to_owned());
    let cases = [
        (" ", "s", scope("s"), CredentialError::Empty("clientId")),
        ("c", "\n", scope("s"), CredentialError::Empty("clientSecret")),
        ("c", "s\u{7}s", scope("s"), CredentialError::Character("clientSecret")),
        ("c", "s", scope(""), CredentialError::Empty("scope")),
        ("c", "s", Audience::Resource(String::new()), CredentialError::Empty("resource")),
    ];
    for (client, secret, audience, refusal) in cases {
        assert_eq!(ClientCredentials::new(client, &secret.into(), audience).err(), Some(refusal));
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_is_kept_until_shortly_before_its_end() {
    // The lifetime as it is told, and how long the token is kept.
    let cases =
        [("3600", 3480), ("\"3600\"", 3480), ("100", 50), ("null", 180), ("\"soon\"", 180), ("99999999", 86280)];
    for (told, kept) in cases {
        let (http, asked, record) = client(move |number, _| granted(number, told), |_, _| answer(200, "{}"));
        http.send(read()).await.unwrap();
        sleep(Duration::from_secs(kept - 1)).await;
        http.send(read()).await.unwrap();
        assert_eq!(asked.lock().unwrap().len(), 1, "{told}");
        sleep(Duration::from_secs(1)).await;
        http.send(write()).await.unwrap();
        assert_eq!(asked.lock().unwrap().len(), 2, "{told}");
        assert_eq!(shown(&record), ["Bearer canary-token-0", "Bearer canary-token-0", "Bearer canary-token-1"]);
    }
    let (http, asked, _) = client(|number, _| granted(number, "0"), |_, _| answer(200, "{}"));
    http.send(read()).await.unwrap();
    http.send(read()).await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 2, "a token without a lifetime serves the call that it was got for");
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_get_one_token_or_one_failure() {
    let (http, asked, _) = client(|number, _| granted(number, "3600"), |_, _| answer(200, "{}"));
    let results = join_all((0..8).map(|_| http.send(read()))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(asked.lock().unwrap().len(), 1);

    let failing =
        |number, _: &Seen| if number == 0 { answer(400, r#"{"error":"invalid_client"}"#) } else { granted(2, "9") };
    let (http, asked, record) = client(failing, |_, _| answer(200, "{}"));
    let results = join_all((0..8).map(|_| http.send(read()))).await;
    let rejected = |result: &Result<_, BackendError>| {
        result.as_ref().is_err_and(|error| error.kind == ErrorKind::CredentialsRejected && error.operation == OPERATION)
    };
    assert!(results.iter().all(rejected));
    assert_eq!((asked.lock().unwrap().len(), record.lock().unwrap().len()), (1, 0));
    http.send(read()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_up_waiting_leaves_the_place_to_the_next() {
    let slow = |number, _: &Seen| if number == 0 { Outcome::Silence } else { granted(number, "3600") };
    let (http, asked, _) = client(slow, |_, _| answer(200, "{}"));
    let abandoned = tokio::time::timeout(Duration::from_secs(1), http.send(read())).await;
    assert!(abandoned.is_err());
    http.send(read()).await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn after_a_401_a_new_token_is_tried_once() {
    for call in [read, write] {
        let stale = |_, seen: &Seen| {
            let stale = seen.headers["authorization"] == "Bearer canary-token-0";
            if stale { answer(401, "") } else { answer(200, "{}") }
        };
        let (http, asked, record) = client(|number, _| granted(number, "3600"), stale);
        http.send(call()).await.unwrap();
        http.send(call()).await.unwrap();
        assert_eq!((asked.lock().unwrap().len(), record.lock().unwrap().len()), (2, 3));

        let (http, asked, record) = client(|number, _| granted(number, "3600"), |_, _| answer(401, ""));
        let error = http.send(call()).await.unwrap_err();
        assert_eq!((error.kind, error.operation), (ErrorKind::CredentialsRejected, "try"));
        assert_eq!((asked.lock().unwrap().len(), record.lock().unwrap().len()), (2, 2));
    }
    // A token that somebody else has replaced meanwhile stays.
    let served = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&served);
    let revoked = move |_, seen: &Seen| {
        count.fetch_add(1, Ordering::Relaxed);
        if seen.headers["authorization"] == "Bearer canary-token-0" { answer(401, "") } else { answer(200, "{}") }
    };
    let (http, asked, _) = client(|number, _| granted(number, "3600"), revoked);
    let results = join_all((0..4).map(|_| http.send(read()))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!((asked.lock().unwrap().len(), served.load(Ordering::Relaxed)), (2, 8));
}

#[tokio::test(start_paused = true)]
async fn what_the_issuer_says_is_never_about_what_the_call_is_about() {
    use ErrorKind::{CredentialsRejected, Invalid, Malformed, Throttled, Unavailable};
    let not_there = r#"{"error":{"code":"UserNotFound","message":"gone"}}"#;
    let cases = [
        (answer(401, r#"{"error":"invalid_client"}"#), CredentialsRejected, 1),
        (
            answer(400, r#"{"error":"unauthorized_client","error_description":"AADSTS700016: No"}"#),
            CredentialsRejected,
            1,
        ),
        (answer(403, ""), CredentialsRejected, 1),
        (answer(400, r#"{"error":"invalid_scope"}"#), Invalid, 1),
        (answer(404, not_there), Invalid, 1),
        (answer(409, not_there), Invalid, 1),
        (answer(404, "<html>"), Malformed, 1),
        (answer(200, "<html>"), Malformed, 1),
        (answer(200, r#"{"access_token":""}"#), Malformed, 1),
        (answer(200, r#"{"access_token":"a\nb"}"#), Malformed, 1),
        (answer(200, r#"{"access_token":"ab","token_type":"mac"}"#), Malformed, 1),
        (answer(429, ""), Throttled, 3),
        (answer(503, ""), Unavailable, 3),
        (Outcome::Unsent, Unavailable, 3),
        (Outcome::Broken, Unavailable, 3),
        (Outcome::Silence, Unavailable, 1),
    ];
    for (outcome, kind, attempts) in cases {
        for call in [read, write] {
            let outcome = outcome.clone();
            let (http, asked, record) = client(move |_, _| outcome.clone(), |_, _| answer(200, "{}"));
            let error = http.send(call()).await.unwrap_err();
            assert_eq!((error.kind, error.status()), (kind, None), "{error}");
            assert_eq!((asked.lock().unwrap().len(), record.lock().unwrap().len()), (attempts, 0), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_text_holds_the_secret_or_a_token() {
    let encoded = "canary-secret%2F%2B%3D%3D";
    let reflected = format!(r#"{{"error":"x","error_description":"{CANARY} {encoded} {TOKEN}-1"}}"#);
    let ours = reflected.replace(TOKEN, "sent");
    let mut told = String::new();
    let cases = [
        (answer(400, ours.clone()), answer(200, "{}")),
        (answer(500, ours.clone()), answer(200, "{}")),
        (answer(200, format!(r#"{{"access_token":["{CANARY}"]}}"#)), answer(200, "{}")),
        (Outcome::Broken, answer(200, "{}")),
        (granted(1, "3600"), answer(400, reflected.clone())),
        (granted(1, "3600"), answer(401, reflected.clone())),
        (granted(1, "3600"), script::with(500, "x-request-id", &format!("{TOKEN}-1"), &reflected)),
        (granted(1, "3600"), Outcome::Broken),
    ];
    for (issued, served) in cases {
        let (http, ..) = client(move |_, _| issued.clone(), move |_, _| served.clone());
        let error = http.send(write()).await.unwrap_err();
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        told = format!("{told}{error} {error:?} {cause} {http:?}\n");
    }
    let (issuer, _) = script::transport(|_, _| granted(1, "3600"));
    let own = credentials(Audience::default());
    let source = TokenSource::new(issuer, Endpoint::parse(ISSUER).unwrap(), own.clone(), Settings::new(1), None);
    let header = source.authorize().await.unwrap().header;
    told = format!("{told}{own:?} {source:?} {:?} {header:?} {:?}", Authorization::from(source.clone()), own.call());
    assert!(told.contains("[redacted]") && told.contains("login.issuer.test"), "{told}");
    for canary in [CANARY, encoded, TOKEN] {
        assert!(!told.contains(canary), "{canary} in {told}");
    }
}
