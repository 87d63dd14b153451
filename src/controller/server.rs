//! What the kubelet and Prometheus ask: `/livez`, `/readyz`, `/metrics`. IO: serves HTTP on a listener it is given, and reads shared state.

use std::{io, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use tokio::{net::TcpListener, sync::watch, time::sleep};

use crate::telemetry::Metrics;

/// What the metrics page says it is.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// How long requests under way get when the process ends.
const GRACE: Duration = Duration::from_secs(2);

/// Whether this replica does what it is there for. Clones share the answer.
#[derive(Clone, Debug)]
pub struct Readiness {
    state: Arc<watch::Sender<Ready>>,
}

/// The answer, with the words that go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// Not yet, or no more; the text says why.
    No(&'static str),
    /// The text says as what: `watches synced`, `standing by`.
    Yes(&'static str),
}

impl Readiness {
    /// Not ready yet, for that reason.
    pub fn not_yet(reason: &'static str) -> Self {
        Self { state: Arc::new(watch::Sender::new(Ready::No(reason))) }
    }

    /// Changes the answer.
    pub fn set(&self, ready: Ready) {
        self.state.send_replace(ready);
    }

    /// The answer now.
    pub fn get(&self) -> Ready {
        *self.state.borrow()
    }
}

/// Serves until `shutdown` ends, and then gives requests under way a moment.
pub async fn serve(
    listener: TcpListener,
    readiness: Readiness,
    metrics: Metrics,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (ending, ended) = tokio::sync::oneshot::channel::<()>();
    let graceful = async move {
        shutdown.await;
        let _ = ending.send(());
    };
    // A client that never finishes its request must not keep the process.
    let late = async move {
        let _ = ended.await;
        sleep(GRACE).await;
    };
    tokio::select! {
        served = axum::serve(listener, router(readiness, metrics)).with_graceful_shutdown(graceful) => served,
        () = late => Ok(()),
    }
}

fn router(readiness: Readiness, metrics: Metrics) -> Router {
    Router::new()
        .route("/livez", get(async || "ok"))
        .route("/readyz", get(ready).with_state(readiness))
        .route("/metrics", get(page).with_state(metrics))
}

async fn ready(State(readiness): State<Readiness>) -> impl IntoResponse {
    match readiness.get() {
        Ready::Yes(what) => (StatusCode::OK, what),
        Ready::No(reason) => (StatusCode::SERVICE_UNAVAILABLE, reason),
    }
}

async fn page(State(metrics): State<Metrics>) -> impl IntoResponse {
    ([(CONTENT_TYPE, OPEN_METRICS)], metrics.encode())
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn asked(router: &Router, path: &str) -> (u16, String, String) {
        let answer = router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let kind = answer.headers().get(CONTENT_TYPE).map_or("", |kind| kind.to_str().unwrap()).to_owned();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, kind, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_probes_and_the_metrics_answer() {
        let readiness = Readiness::not_yet("the watches are not synced");
        let metrics = Metrics::new("1.2.3");
        let router = router(readiness.clone(), metrics.clone());
        let plain = "text/plain; charset=utf-8".to_owned();
        assert_eq!(asked(&router, "/livez").await, (200, plain.clone(), "ok".to_owned()));
        let reason = "the watches are not synced".to_owned();
        assert_eq!(asked(&router, "/readyz").await, (503, plain.clone(), reason));
        readiness.set(Ready::Yes("standing by"));
        assert_eq!(asked(&router, "/readyz").await, (200, plain, "standing by".to_owned()));
        metrics.set_leader(true);
        let (status, kind, page) = asked(&router, "/metrics").await;
        assert_eq!((status, kind.as_str()), (200, OPEN_METRICS));
        assert!(page.contains("\nroster_leader 1\n") && page.ends_with("# EOF\n"), "{page}");
        assert_eq!(asked(&router, "/").await.0, 404);
    }

    #[tokio::test]
    async fn it_ends_though_a_client_never_finishes() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let shutdown = async move {
            let _ = stopped.await;
        };
        let serving = tokio::spawn(serve(listener, Readiness::not_yet("starting"), Metrics::new("1"), shutdown));
        client.write_all(b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\nGET /live").await.unwrap();
        let mut answer = [0; 12];
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        stop.send(()).unwrap();
        tokio::time::timeout(GRACE * 5, serving).await.unwrap().unwrap().unwrap();
    }
}
