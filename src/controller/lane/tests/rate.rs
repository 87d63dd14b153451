//! Lanes over the real client and adapter, and a vendor that limits the rate of each key: what goes first, and who waits with whom.
//! Under virtual time, counted by the vendor.

use std::sync::Mutex;

use ::http::{Method, Request, Response};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::*;
use crate::backend::{ConfluentCloud, Credential, Endpoint, HttpClient, Paces, Settings, TransportError};

const ORGANIZATION: &str = "1f2e3d4c-0000-4000-8000-000000000001";
const WINDOW: Duration = Duration::from_mins(1);

/// A vendor with an organization of so many pages of bindings.
struct Server {
    pages: usize,
    state: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    accounts: HashMap<&'static str, Account>,
    /// Whose key each request bore, and what it was.
    requests: Vec<(&'static str, String)>,
}

struct Account {
    limit: u64,
    began: Instant,
    used: u64,
    /// How often it sent more than it may.
    excess: usize,
    /// The next request is refused for that long.
    refuses: Option<Duration>,
    silent_until: Instant,
}

impl Server {
    fn new(pages: usize) -> Arc<Self> {
        Arc::new(Self { pages, state: Mutex::default() })
    }

    /// How many requests a minute are taken from that key; a new window begins.
    fn limit(&self, key: &'static str, limit: u64) {
        let now = Instant::now();
        let account = Account { limit, began: now, used: 0, excess: 0, refuses: None, silent_until: now };
        self.state.lock().unwrap().accounts.insert(key, account);
    }

    /// A lane with that key, in step with all that have the same.
    fn lane(self: &Arc<Self>, key: &'static str, paces: &Paces) -> Arc<Lane<Organization>> {
        let (server, endpoint) = (Arc::clone(self), Endpoint::parse("https://api.example").unwrap());
        let transport = move |request: Request<Bytes>| -> BoxFuture<'static, Result<Response<Bytes>, TransportError>> {
            let server = Arc::clone(&server);
            Box::pin(async move {
                sleep(Duration::from_millis(5)).await;
                let answer = server.answer(key, &request);
                sleep(Duration::from_millis(5)).await;
                Ok(answer)
            })
        };
        let settings = Settings { pace: paces.of(&endpoint, key), ..Settings::new(7) };
        let credential = Credential::api_key(key, &"canary-secret".into()).unwrap();
        let http = HttpClient::new(transport, endpoint, credential, settings);
        Lane::start(parts(Arc::new(ConfluentCloud::new(http, ORGANIZATION)), &Arc::default()))
    }

    fn answer(&self, key: &'static str, request: &Request<Bytes>) -> Response<Bytes> {
        let mut state = self.state.lock().unwrap();
        state.requests.push((key, format!("{} {}", request.method(), request.uri())));
        let (account, now) = (state.accounts.get_mut(key).unwrap(), Instant::now());
        if now.duration_since(account.began) >= WINDOW {
            (account.began, account.used) = (now, 0);
        }
        let over = account.used >= account.limit || now < account.silent_until;
        account.excess += usize::from(over);
        if let Some(wait) = account.refuses.take() {
            account.silent_until = now + wait;
            return Response::builder().status(429).header("retry-after", wait.as_secs()).body(Bytes::new()).unwrap();
        }
        if over {
            return Response::builder().status(429).body(Bytes::new()).unwrap();
        }
        account.used += 1;
        let (limit, left) = (account.limit, account.limit - account.used);
        let reset = WINDOW.saturating_sub(now.duration_since(account.began)).as_secs() + 1;
        let answer = Response::builder()
            .header("x-ratelimit-limit", limit)
            .header("x-ratelimit-remaining", left)
            .header("x-ratelimit-reset", reset);
        answer.body(self.body(request).to_string().into()).unwrap()
    }

    fn body(&self, request: &Request<Bytes>) -> Value {
        if request.method() == Method::POST {
            let mut made: Value = serde_json::from_slice(request.body()).unwrap();
            made["id"] = json!(format!("rb-{}", made["principal"]));
            return made;
        }
        let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
        let page = match (path, query.contains("%2F*")) {
            ("/iam/v2/users", _) => return json!({"data": [{"id": "u-1", "email": "ada@example.com"}]}),
            ("/iam/v2/role-bindings", true) => {
                query.split("page_token=").nth(1).map_or(0, |token| token.parse::<usize>().unwrap())
            }
            _ => return json!({"data": []}),
        };
        let crn = format!("crn://confluent.cloud/organization={ORGANIZATION}/environment=env-1");
        let one = |number: usize| {
            json!({"id": format!("rb-{page}-{number}"), "crn_pattern": crn,
            "principal": format!("User:u-{page}-{number}"), "role_name": "Operator"})
        };
        let next = format!("https://api.example/iam/v2/role-bindings?page_token={}", page + 1);
        let metadata = if page + 1 < self.pages { json!({"next": next}) } else { json!({}) };
        json!({"data": (0..100).map(one).collect::<Vec<_>>(), "metadata": metadata})
    }

    fn sent(&self, key: &str, what: &str) -> usize {
        let state = self.state.lock().unwrap();
        state.requests.iter().filter(|(whose, line)| *whose == key && line.starts_with(what)).count()
    }

    fn excess(&self, key: &str) -> usize {
        self.state.lock().unwrap().accounts[key].excess
    }
}

/// Has so many grants made that somebody waits for.
fn grant(lane: &Lane<Organization>, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let principal = PrincipalId::new(format!("u-new-{number}"));
        let scope = Scope::organization();
        let step = Step::Grant(Grant { principal, role: "MetricsViewer".to_owned(), scope });
        let mut job = job(number, vec![step]);
        job.author.deleting = false;
        assert!(lane.submit(job, 0));
    }
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..100_000 {
        if holds() {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("never: {what}");
}

fn listed(lane: &Lane<Organization>) -> Option<Instant> {
    lane.read().listing.began
}

/// What is read of an organization besides the pages of its bindings.
const REST: usize = 6;

#[tokio::test(start_paused = true)]
async fn a_new_grant_goes_out_at_once_while_ten_thousand_bindings_are_listed() {
    let (server, paces) = (Server::new(100), Paces::default());
    server.limit("KEY-1", 1000);
    let lane = server.lane("KEY-1", &paces);
    until("the first listing", || listed(&lane).is_some()).await;
    let (first, before) = (listed(&lane), server.sent("KEY-1", "GET"));
    assert_eq!(before, 100 + REST);
    // From now on a listing needs three windows.
    server.limit("KEY-1", 50);
    until("the resync has used its share up", || server.sent("KEY-1", "GET") >= before + 40).await;
    sleep(Duration::from_secs(5)).await;
    assert_eq!(server.sent("KEY-1", "GET"), before + 40);
    grant(&lane, 0..3);
    until("the grants", || server.sent("KEY-1", "POST") == 3).await;
    // No page was read meanwhile, and the listing goes on from there.
    assert_eq!((server.sent("KEY-1", "GET"), listed(&lane)), (before + 40, first));
    until("the resync", || listed(&lane) != first).await;
    assert_eq!(server.sent("KEY-1", "GET"), 2 * before);
    let view = lane.view();
    let made = view.picture().unwrap().bindings().filter(|it| it.role == "MetricsViewer").count();
    assert_eq!((made, server.excess("KEY-1"), lane.read().failed.len()), (3, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn lanes_with_one_key_never_send_more_than_it_may_and_slow_no_other_down() {
    let (server, paces) = (Server::new(100), Paces::default());
    server.limit("KEY-1", 60);
    server.limit("KEY-2", 60);
    let lanes = [server.lane("KEY-1", &paces), server.lane("KEY-1", &paces)];
    let other = server.lane("KEY-2", &paces);
    until("the first answers", || server.sent("KEY-1", "GET") > 10).await;
    for lane in &lanes {
        grant(lane, 0..100);
    }
    until("the other key's listing", || listed(&other).is_some()).await;
    assert!(lanes.iter().all(|lane| listed(lane).is_none()));
    until("all is done", || lanes.iter().all(|lane| listed(lane).is_some() && lane.read().under_way.is_empty())).await;
    // What would have waited for long was put off, and not sent.
    let put_off: usize = lanes.iter().map(|lane| lane.read().failed.len()).sum();
    assert_eq!((server.sent("KEY-1", "POST") + put_off, server.sent("KEY-1", "GET")), (200, 2 * (100 + REST)));
    assert_eq!((server.excess("KEY-1"), server.excess("KEY-2")), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_silences_every_lane_with_that_key_and_no_other() {
    let (server, paces) = (Server::new(1), Paces::default());
    for key in ["KEY-1", "KEY-2"] {
        server.limit(key, 1000);
    }
    let lanes = [server.lane("KEY-1", &paces), server.lane("KEY-1", &paces)];
    let other = server.lane("KEY-2", &paces);
    until("the listings", || lanes.iter().chain([&other]).all(|lane| listed(lane).is_some())).await;
    let before = server.sent("KEY-1", "");
    server.state.lock().unwrap().accounts.get_mut("KEY-1").unwrap().refuses = Some(Duration::from_mins(5));
    grant(&lanes[0], 0..1);
    until("the refusal", || server.sent("KEY-1", "POST") == 1).await;
    sleep(Duration::from_secs(1)).await;
    for lane in &lanes {
        grant(lane, 1..2);
    }
    grant(&other, 0..20);
    until("the other key's grants", || server.sent("KEY-2", "POST") == 20).await;
    sleep(Duration::from_mins(4)).await;
    assert_eq!(server.sent("KEY-1", ""), before + 1);
    let refused = lanes[0].read().failed.get("uid-0").map(|failed| failed.finding.reason);
    assert_eq!(refused, Some(Reason::Throttled));
    for lane in &lanes {
        assert!(matches!(
            lane.progress(&job(1, Vec::new()).author),
            Progress::UnderWay { throttled: Some(finding) } if finding.reason == Reason::Throttled
        ));
    }
    until("what waited in the queue", || server.sent("KEY-1", "POST") == 3).await;
    assert_eq!(server.excess("KEY-1"), 0);
}
