//! Where spans go beside the log: to an OpenTelemetry collector, by OTLP in protobuf over HTTP. Off unless an endpoint is given. IO.
//!
//! Spans leave by a bounded queue and a thread of their own; a collector that is slow, gone or wrong costs spans and nothing else.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{ExporterBuildError, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{SdkTracer, SdkTracerProvider},
};
use tokio::{runtime::Handle, sync::oneshot};

use super::chain;

/// How long a collector may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// How long the last spans get when the process ends. With the last writes, the Lease and the probes before it, an end takes
/// less than the 30 s that a pod has by default.
const FLUSH: Duration = Duration::from_secs(5);
/// The path that the endpoint's convention appends for spans.
const PATH: &str = "/v1/traces";

/// Why spans cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The endpoint. The text is not repeated: it may hold a password.
    #[error("the OTLP endpoint is not an address: write it as `http://collector:4318`")]
    Endpoint,
    /// The HTTP client.
    #[error("make a client for the OTLP endpoint")]
    Client(#[source] reqwest::Error),
    /// The exporter.
    #[error("make an exporter for the OTLP endpoint")]
    Exporter(#[source] ExporterBuildError),
}

/// What exports the spans of this process.
#[derive(Debug)]
pub struct Exporter {
    provider: SdkTracerProvider,
}

impl Exporter {
    /// An exporter to the collector at that address, for example `http://collector:4318`. To be called within a runtime, which
    /// then carries the requests.
    pub fn new(endpoint: &str, version: &'static str) -> Result<Self, TraceError> {
        let url = format!("{}{PATH}", endpoint.trim_end_matches('/'));
        let parsed = reqwest::Url::parse(&url).map_err(|_| TraceError::Endpoint)?;
        if !matches!(parsed.scheme(), "http" | "https") || !parsed.has_host() {
            return Err(TraceError::Endpoint);
        }
        let client = Client::new()?;
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(url)
            .with_timeout(ANSWER)
            .build()
            .map_err(TraceError::Exporter)?;
        let version = opentelemetry::KeyValue::new("service.version", version);
        let mut resource = Resource::builder().with_attribute(version);
        if std::env::var_os("OTEL_SERVICE_NAME").is_none_or(|name| name.is_empty()) {
            resource = resource.with_service_name("roster");
        }
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build();
        Ok(Self { provider })
    }

    /// Where the log's set-up sends spans.
    pub(super) fn tracer(&self) -> SdkTracer {
        self.provider.tracer("roster")
    }

    /// Sends what is still in the queue, for a few seconds.
    pub async fn finish(self) {
        // It waits for its thread, and that thread for this runtime.
        let ended = tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(FLUSH)).await;
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = %chain(&error), "the last spans were not exported"),
            Err(error) => tracing::warn!(error = %chain(&error), "the last spans were not exported"),
        }
    }
}

/// The one HTTP stack there is, for a thread that has no runtime of its own.
struct Client {
    http: reqwest::Client,
    runtime: Handle,
    /// Whether the last request failed: told when it begins, not at every batch.
    failing: Arc<AtomicBool>,
}

impl Client {
    fn new() -> Result<Self, TraceError> {
        // An error means that a provider is installed already, which is all that is wanted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(ANSWER);
        let http = builder.build().map_err(TraceError::Client)?;
        Ok(Self { http, runtime: Handle::current(), failing: Arc::default() })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

async fn exchange(client: reqwest::Client, request: Request<Bytes>) -> Result<Response<Bytes>, reqwest::Error> {
    let request = reqwest::Request::try_from(request)?;
    let answer = client.execute(request).await?;
    let status = answer.status();
    // What it says of itself is not read: a collector's page may be of any length.
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    answer.error_for_status().map(|_| response)
}

impl HttpClient for Client {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        let (client, failing) = (self.http.clone(), Arc::clone(&self.failing));
        let (answer, answered) = oneshot::channel();
        self.runtime.spawn(async move {
            let result = exchange(client, request).await.map_err(reqwest::Error::without_url);
            match &result {
                Ok(_) => {
                    if failing.swap(false, Ordering::Relaxed) {
                        tracing::info!("spans are exported again");
                    }
                }
                Err(error) => {
                    if !failing.swap(true, Ordering::Relaxed) {
                        tracing::warn!(error = %chain(error), "spans cannot be exported, and are dropped meanwhile");
                    }
                }
            }
            let _ = answer.send(result);
        });
        Box::pin(async move {
            match answered.await {
                Ok(result) => result.map_err(HttpError::from),
                Err(ended) => Err(HttpError::from(ended)),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_endpoint_is_an_address_and_is_not_repeated_where_it_is_none() {
        for text in ["", "collector:4318", "ftp://a", "key hunter2", "unix:/run/hunter2"] {
            let error = Exporter::new(text, "1").err().unwrap();
            assert!(matches!(error, TraceError::Endpoint) && !error.to_string().contains("hunter2"), "{text}");
        }
        Exporter::new("http://127.0.0.1:1/", "1").unwrap().finish().await;
    }
}
