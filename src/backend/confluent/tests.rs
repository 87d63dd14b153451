//! The adapter against answers of the vendor's shape (`tests/data/confluent`), under virtual time.

use std::collections::BTreeSet;

use super::*;
use crate::{
    access::{
        Key, Pattern,
        listing::{ClusterKind, InvitationStatus},
    },
    backend::script::{KEY, Outcome, Record, Seen, answer, client, with},
    plan::permit::Removal,
};

const ORGANIZATION: &str = "1f2e3d4c-0000-4000-8000-000000000001";
const CRN: &str = "crn://confluent.cloud/organization=1f2e3d4c-0000-4000-8000-000000000001";

macro_rules! data {
    ($name:literal) => {
        include_str!(concat!("../../../tests/data/confluent/", $name, ".json"))
    };
}

/// What the vendor would say.
fn vendor(seen: &Seen) -> Outcome {
    let query = |name| seen.query(name).unwrap_or_default();
    let body = match (seen.method.as_str(), seen.url.path()) {
        ("GET", "/org/v2/organizations") => data!("organizations"),
        ("GET", "/org/v2/environments") => data!("environments"),
        ("GET", "/iam/v2/users") if query("page_token") == "c+Q/2=" => data!("users_2"),
        ("GET", "/iam/v2/users") if query("page_token").is_empty() => data!("users_1"),
        ("GET", "/iam/v2/invitations") => data!("invitations"),
        ("GET", "/iam/v2/service-accounts") => data!("service_accounts"),
        ("GET", "/iam/v2/api-keys") => data!("api_keys"),
        ("GET", "/iam/v2/api-keys/CANARYKEY0123456") => data!("own_key"),
        ("GET", "/iam/v2/role-bindings") if query("crn_pattern") == CRN => data!("role_bindings_organization"),
        ("GET", "/iam/v2/role-bindings") if query("crn_pattern").starts_with(CRN) => data!("role_bindings_nested"),
        ("GET", "/cmk/v2/clusters") if query("environment") == "env-1" => data!("clusters_1"),
        ("GET", "/cmk/v2/clusters") if query("environment") == "env-2" => data!("clusters_2"),
        ("POST", "/iam/v2/role-bindings") => return answer(201, data!("created_role_binding")),
        ("POST", "/iam/v2/invitations") => return answer(201, data!("created_invitation")),
        _ => return answer(400, r#"{"message":"no such thing in this test"}"#),
    };
    answer(200, body)
}

fn cloud(serve: impl Fn(&Seen) -> Outcome + Send + Sync + 'static) -> (ConfluentCloud, Record) {
    let (http, record) = client(move |_, seen| serve(seen));
    (ConfluentCloud::new(http, "1F2E3D4C-0000-4000-8000-000000000001"), record)
}

/// The vendor, but for one path.
fn cloud_but(path: &'static str, instead: Outcome) -> ConfluentCloud {
    cloud(move |seen| if seen.url.path() == path { instead.clone() } else { vendor(seen) }).0
}

fn lines(record: &Record) -> Vec<String> {
    record.lock().unwrap().iter().map(Seen::line).collect()
}

fn subject() -> Grant {
    let registry = Scope::environment("env-1").unwrap().child(Key::SchemaRegistry, "lsrc-1").unwrap();
    grant_of("u-bob01", "DeveloperRead", registry.child(Key::Subject, ":.west:orders-value").unwrap())
}

fn grant_of(principal: &str, role: &str, scope: Scope) -> Grant {
    Grant { principal: PrincipalId::new(principal), role: role.to_owned(), scope }
}

#[tokio::test(start_paused = true)]
async fn a_whole_organization_is_listed() {
    use ClusterKind::{Basic, Granular, Unknown};
    use InvitationStatus::{Accepted, Expired, Inactive, Pending};

    let (cloud, record) = cloud(vendor);
    let listing = cloud.list().await.unwrap();

    let users: Vec<_> =
        listing.users.iter().map(|user| (user.id.as_str(), user.email.as_str(), user.auth_type)).collect();
    let made: Vec<_> = listing.users.iter().map(|user| user.created_at.is_some()).collect();
    assert_eq!(made, [true, false, false]);
    let local = Some(AuthType::Local);
    let expected = [
        ("u-ada01", "ada@example.com", None),
        ("u-bob01", "bob@example.com", local),
        ("u-cyd01", "cyd@example.com", None),
    ];
    assert_eq!(users, expected);

    let states: Vec<_> = listing.invitations.iter().map(|invitation| invitation.status).collect();
    assert_eq!(states, [Pending, Expired, Accepted, Inactive]);
    let dee = &listing.invitations[0];
    assert_eq!(dee.user, Some(PrincipalId::new("u-dee01")));
    assert_eq!(dee.expires_at, Some("2026-01-09T03:04:05.678901Z".parse().unwrap()));
    assert_eq!((&listing.invitations[3].user, listing.invitations[3].expires_at), (&None, None));

    let bindings: Vec<_> =
        listing.bindings.iter().map(|binding| (binding.id.as_str(), binding.scope.is_some())).collect();
    let expected =
        [("rb-Aa001", true), ("u-q9x7m0k2d1-e", true), ("rb-Bb002", true), ("rb-Cc003", false), ("rb-Dd004", false)];
    assert_eq!(bindings, expected);
    assert_eq!(listing.bindings[0].created_at, Some("2024-03-01T09:00:01Z".parse().unwrap()));
    assert!(listing.bindings[1].is(&grant_of("pool-p1", "DeveloperRead", subject().scope)));

    let clusters: Vec<_> = listing.clusters.iter().map(|cluster| (cluster.id.as_str(), cluster.kind)).collect();
    assert_eq!(clusters, [("lkc-1", Granular), ("lkc-2", Basic), ("lkc-3", Unknown)]);
    assert!(listing.clusters.iter().all(|cluster| cluster.environment == "env-1"));
    assert_eq!((listing.environments.len(), listing.service_accounts[0].display_name.as_str()), (2, "operator"));

    let keys = listing.api_keys.unwrap();
    let keys: Vec<_> = keys.iter().map(|key| (key.owner.as_str(), key.resource.as_str())).collect();
    assert_eq!(keys, [("u-ada01", "lkc-1"), ("sa-oper1", "cloud")]);

    let hosts: BTreeSet<_> =
        record.lock().unwrap().iter().map(|seen| seen.url.host_str().unwrap().to_owned()).collect();
    assert_eq!(hosts, BTreeSet::from(["api.confluent.test".to_owned()]));
    assert_eq!(lines(&record).len(), 10);
    assert!(lines(&record).contains(&"GET /iam/v2/users?page_size=100&page_token=c+Q/2=".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn who_accepts_while_a_listing_is_read_is_in_it() {
    let (cloud, record) = cloud(vendor);
    cloud.list().await.unwrap();
    let lines = lines(&record);
    let at = |what: &str| lines.iter().position(|line| line.contains(what)).unwrap();
    assert!(at("/iam/v2/invitations") < at("/iam/v2/users"), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_list_is_complete_or_an_error() {
    use ErrorKind::{CredentialsRejected, Forbidden, Invalid, Malformed, Throttled, Unavailable};
    let page = |next: &str| answer(200, format!(r#"{{"metadata":{{"next":"{next}"}},"data":[]}}"#));
    let cases = [
        ("/iam/v2/users", answer(500, ""), Unavailable),
        ("/iam/v2/users", answer(429, ""), Throttled),
        ("/iam/v2/users", answer(200, "<html>"), Malformed),
        ("/iam/v2/users", answer(200, r#"{"data":[{"id":"u-1""#), Malformed),
        ("/iam/v2/users", answer(200, "{}"), Malformed),
        ("/iam/v2/users", answer(200, r#"{"data":[{"email":"a@b.c"}]}"#), Malformed),
        ("/iam/v2/users", page("https://api.confluent.test/iam/v2/users?page_token=again"), Malformed),
        ("/iam/v2/users", page("/iam/v2/users?page=2"), Malformed),
        ("/iam/v2/users", page("https://api.confluent.test/iam/v2/users?page_token="), Malformed),
        ("/iam/v2/invitations", answer(403, ""), Forbidden),
        ("/iam/v2/service-accounts", answer(400, ""), Invalid),
        ("/iam/v2/role-bindings", answer(403, ""), Forbidden),
        (
            "/iam/v2/role-bindings",
            answer(200, r#"{"data":[{"id":"rb-1","principal":"User:u-1","role_name":"X"}]}"#),
            Malformed,
        ),
        (
            "/iam/v2/role-bindings",
            answer(200, r#"{"data":[{"id":"","principal":"p","role_name":"X","crn_pattern":"c"}]}"#),
            Malformed,
        ),
        ("/org/v2/environments", Outcome::Broken, Unavailable),
        ("/cmk/v2/clusters", answer(403, ""), Forbidden),
        ("/iam/v2/api-keys", answer(401, ""), CredentialsRejected),
        ("/iam/v2/api-keys", answer(500, ""), Unavailable),
    ];
    for (path, instead, kind) in cases {
        let error = cloud_but(path, instead).list().await.unwrap_err();
        assert_eq!(error.kind, kind, "{path}: {error}");
    }
    let listing = cloud_but("/iam/v2/api-keys", answer(403, "")).list().await.unwrap();
    assert_eq!(listing.api_keys, None);
}

#[tokio::test(start_paused = true)]
async fn pages_that_never_end_are_given_up() {
    let (http, record) =
        client(|number, _| answer(200, format!(r#"{{"metadata":{{"next":"?page_token=t{number}"}},"data":[]}}"#)));
    let error = ConfluentCloud::new(http, ORGANIZATION).organization_admins().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Malformed);
    assert_eq!(record.lock().unwrap().len(), 10_000);
}

#[tokio::test(start_paused = true)]
async fn who_we_are_is_read_where_the_vendor_lets_us() {
    let own = "/iam/v2/api-keys/CANARYKEY0123456";
    assert!(own.ends_with(KEY));
    let (cloud, _) = cloud(vendor);
    let identity = cloud.identify().await.unwrap();
    assert_eq!(identity.organization, ORGANIZATION);
    assert_eq!((identity.display_name.as_str(), identity.simulated), ("Northwind", false));
    assert_eq!(identity.principal, Some(PrincipalId::new("sa-oper1")));

    for unreadable in [answer(403, ""), answer(404, ""), answer(404, r#"{"message":""}"#), answer(200, "{}")] {
        assert_eq!(cloud_but(own, unreadable).identify().await.unwrap().principal, None);
    }
    let simulated = with(200, "x-roster-simulator", "1", data!("organizations"));
    assert!(cloud_but("/org/v2/organizations", simulated).identify().await.unwrap().simulated);

    let organizations = "/org/v2/organizations";
    let cases = [
        (own, answer(401, ""), ErrorKind::CredentialsRejected),
        (own, answer(403, r#"{"message":"invalid API key"}"#), ErrorKind::CredentialsRejected),
        (own, answer(500, ""), ErrorKind::Unavailable),
        (organizations, answer(403, ""), ErrorKind::Forbidden),
        (organizations, answer(200, r#"{"data":[]}"#), ErrorKind::Malformed),
        (organizations, answer(200, r#"{"data":[{"id":"a"},{"id":"b"}]}"#), ErrorKind::Malformed),
    ];
    for (path, instead, kind) in cases {
        assert_eq!(cloud_but(path, instead).identify().await.unwrap_err().kind, kind, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_grant_is_looked_for_where_it_surely_is_and_matched_here() {
    let cluster = || Scope::cluster("env-1", "lkc-1").unwrap();
    let topic = |name, pattern| cluster().child_matching(Key::Topic, name, pattern).unwrap();
    let any_account = Scope::organization().child_matching(Key::ServiceAccount, "", Pattern::All).unwrap();
    let cases = [
        (grant_of("u-ada01", "OrganizationAdmin", Scope::organization()), "", Some("rb-Aa001")),
        (grant_of("u-bob01", "OrganizationAdmin", Scope::organization()), "", None),
        (grant_of("u-bob01", "CloudClusterAdmin", cluster()), "/environment=env-1/cloud-cluster=lkc-1", None),
        (
            grant_of("u-bob01", "DeveloperWrite", topic("orders-", Pattern::Literal)),
            "/environment=env-1/cloud-cluster=lkc-1/kafka=lkc-1/topic=orders-",
            None,
        ),
        (
            grant_of("u-bob01", "DeveloperWrite", topic("orders-", Pattern::Prefixed)),
            "/environment=env-1/cloud-cluster=lkc-1/*",
            Some("rb-Bb002"),
        ),
        (Grant { principal: PrincipalId::new("pool-p1"), ..subject() }, "/environment=env-1/*", Some("u-q9x7m0k2d1-e")),
        (subject(), "/environment=env-1/*", None),
        (grant_of("u-bob01", "Assigner", any_account), "/*", None),
    ];
    for (grant, pattern, expected) in cases {
        let (cloud, record) = cloud(vendor);
        let found = cloud.find(grant.clone()).await.unwrap();
        assert_eq!(found.map(|binding| binding.id).as_deref(), expected, "{grant}");
        let Grant { principal, role, .. } = &grant;
        let query = format!("crn_pattern={CRN}{pattern}&principal=User:{principal}&role_name={role}&page_size=100");
        assert_eq!(lines(&record), [format!("GET /iam/v2/role-bindings?{query}")]);
    }
}

/// The vendor here knows no filter, and answers with what everybody holds.
#[tokio::test(start_paused = true)]
async fn what_hangs_on_an_account_is_asked_for_alone_and_sorted_out_here() {
    let (cloud, record) = cloud(vendor);
    let held = cloud.holdings(PrincipalId::new("u-ada01")).await.unwrap();
    assert!(!held.bindings.is_empty() && held.bindings.iter().all(|it| it.principal.as_str() == "u-ada01"));
    let keys: Vec<String> = held.api_keys.unwrap().into_iter().map(|key| key.id).collect();
    assert_eq!((keys, held.users.len()), (vec!["AAAABBBBCCCCDDDD".to_owned()], 0));
    let asked: BTreeSet<String> = lines(&record).into_iter().collect();
    let of = "principal=User:u-ada01&page_size=100";
    let expected = [
        "GET /iam/v2/api-keys?spec.owner=u-ada01&page_size=100".to_owned(),
        format!("GET /iam/v2/role-bindings?crn_pattern={CRN}&{of}"),
        format!("GET /iam/v2/role-bindings?crn_pattern={CRN}/*&{of}"),
    ];
    assert_eq!(asked, expected.into());
    for (path, kind) in [("/iam/v2/role-bindings", ErrorKind::Forbidden), ("/iam/v2/api-keys", ErrorKind::Unavailable)]
    {
        let status = if kind == ErrorKind::Forbidden { 403 } else { 500 };
        let cloud = cloud_but(path, answer(status, ""));
        assert_eq!(cloud.holdings(PrincipalId::new("u-ada01")).await.unwrap_err().kind, kind, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn administrators_are_those_at_the_organization_itself() {
    let (cloud, record) = cloud(|_| {
        answer(
            200,
            format!(
                r#"{{"data":[
                {{"id":"1","principal":"User:u-1","role_name":"OrganizationAdmin","crn_pattern":"{CRN}"}},
                {{"id":"2","principal":"User:u-2","role_name":"AccountAdmin","crn_pattern":"{CRN}"}},
                {{"id":"3","principal":"User:u-3","role_name":"OrganizationAdmin","crn_pattern":"{CRN}/environment=e"}}]}}"#
            ),
        )
    });
    let admins = cloud.organization_admins().await.unwrap();
    assert_eq!(admins.iter().map(|binding| binding.id.as_str()).collect::<Vec<_>>(), ["1"]);
    assert_eq!(
        lines(&record),
        [format!("GET /iam/v2/role-bindings?crn_pattern={CRN}&role_name=OrganizationAdmin&page_size=100")]
    );
}

#[tokio::test(start_paused = true)]
async fn whether_somebody_is_a_member_is_read_by_the_id_and_any_doubt_is_an_error() {
    for (status, there) in [(200, Some(true)), (404, Some(false)), (403, Some(false)), (500, None)] {
        let (cloud, record) = cloud(move |_| answer(status, r#"{"errors":[{"detail":"so it is"}]}"#));
        let read = cloud.is_member(PrincipalId::new("u-ada01")).await;
        assert_eq!(read.ok(), there, "{status}");
        assert_eq!(lines(&record)[0], "GET /iam/v2/users/u-ada01");
    }
}

#[tokio::test(start_paused = true)]
async fn a_grant_is_one_request_and_its_answer_is_read() {
    let (cloud, record) = cloud(vendor);
    let binding = cloud.grant(subject()).await.unwrap();
    assert_eq!(binding.id, "rb-Ee005");
    assert!(binding.is(&subject()) && binding.created_at.is_some());
    let body: serde_json::Value = serde_json::from_str(&record.lock().unwrap()[0].body).unwrap();
    let crn = format!("{CRN}/environment=env-1/schema-registry=lsrc-1/subject=:.west:orders-value");
    assert_eq!(
        body,
        serde_json::json!({"principal": "User:u-bob01", "role_name": "DeveloperRead", "crn_pattern": crn})
    );

    let other = grant_of("u-zoe01", "DeveloperRead", subject().scope);
    assert_eq!(cloud.grant(other).await.unwrap_err().kind, ErrorKind::Ambiguous);
    let cases = [
        (answer(200, data!("created_role_binding")), None),
        (answer(201, "<html>"), Some(ErrorKind::Ambiguous)),
        (answer(201, "{}"), Some(ErrorKind::Ambiguous)),
        (answer(409, ""), Some(ErrorKind::Conflict)),
        (answer(403, r#"{"message":"Forbidden Access"}"#), Some(ErrorKind::Forbidden)),
        (Outcome::Broken, Some(ErrorKind::Ambiguous)),
        (Outcome::Unsent, Some(ErrorKind::Unavailable)),
    ];
    for (instead, kind) in cases {
        let result = cloud_but("/iam/v2/role-bindings", instead).grant(subject()).await;
        assert_eq!(result.err().map(|error| error.kind), kind);
    }
}

#[tokio::test(start_paused = true)]
async fn people_are_invited_and_renamed() {
    let gus = Email::parse("gus@example.com").unwrap();
    let (cloud, record) = cloud(|seen| if seen.method == "PATCH" { answer(200, "{}") } else { vendor(seen) });
    let invitation = cloud.invite(gus.clone(), Some(AuthType::Local)).await.unwrap();
    assert_eq!((invitation.id.as_str(), invitation.user), ("i-00005", Some(PrincipalId::new("u-gus01"))));
    cloud.invite(gus.clone(), None).await.unwrap();
    cloud.rename(PrincipalId::new("u-gus01"), "Gus".to_owned()).await.unwrap();
    let bodies: Vec<_> = record.lock().unwrap().iter().map(|seen| seen.body.clone()).collect();
    let invite = r#"{"email":"gus@example.com","auth_type":"AUTH_TYPE_LOCAL"}"#;
    assert_eq!(bodies, [invite, r#"{"email":"gus@example.com"}"#, r#"{"full_name":"Gus"}"#]);
    assert_eq!(lines(&record)[2], "PATCH /iam/v2/users/u-gus01");

    let taken = answer(409, r#"{"errors":[{"detail":"This user already exists within the Organization"}]}"#);
    let error = cloud_but("/iam/v2/invitations", taken).invite(gus, None).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert!(error.public.contains("already exists within"), "{error}");
}

/// A permit is made by the guards alone, so these begin one step behind it.
#[tokio::test(start_paused = true)]
async fn each_removal_is_one_request_and_what_is_said_not_to_be_there_is_read_again() {
    let email = Email::parse("gus@example.com").unwrap();
    let binding: Binding =
        read::Item::read(serde_json::from_str(data!("created_role_binding")).unwrap(), ORGANIZATION).unwrap();
    let binding = Removal::Binding(binding);
    let account = Removal::Account { user: PrincipalId::new("u-gus01"), email: email.clone() };
    let invitation = Removal::Invitation { id: "i-00005".to_owned(), user: None, email };
    let not_found = answer(404, r#"{"errors":[{"status":"404","code":"not_found"}]}"#);
    let accepted = answer(400, r#"{"errors":[{"detail":"Bad Request. The invitation was already accepted"}]}"#);
    let cases = [
        (&binding, answer(200, data!("created_role_binding")), None),
        (&binding, answer(204, ""), None),
        (&binding, not_found.clone(), Some(ErrorKind::Conflict)),
        (&binding, answer(404, "<html>"), Some(ErrorKind::Ambiguous)),
        (&binding, answer(200, "<html>"), Some(ErrorKind::Ambiguous)),
        (&binding, answer(403, r#"{"error_code":40301,"message":"Either"}"#), Some(ErrorKind::Forbidden)),
        (&binding, accepted.clone(), Some(ErrorKind::Invalid)),
        (&account, answer(204, ""), None),
        (&account, not_found.clone(), Some(ErrorKind::Conflict)),
        (&account, answer(500, ""), Some(ErrorKind::Ambiguous)),
        (&invitation, answer(204, ""), None),
        (&invitation, not_found, Some(ErrorKind::Conflict)),
        (&invitation, accepted, Some(ErrorKind::Conflict)),
        (&invitation, answer(400, ""), Some(ErrorKind::Invalid)),
    ];
    for (removal, outcome, kind) in cases {
        let (cloud, record) = cloud(move |_| outcome.clone());
        let result = cloud.remove(Permit::of(removal)).await;
        assert_eq!(result.err().map(|error| error.kind), kind, "{removal:?}");
        let path = match removal {
            Removal::Binding(_) => "DELETE /iam/v2/role-bindings/rb-Ee005",
            Removal::Account { .. } => "DELETE /iam/v2/users/u-gus01",
            Removal::Invitation { .. } => "DELETE /iam/v2/invitations/i-00005",
        };
        assert_eq!(lines(&record), [path]);
    }
}
