//! `roster run`: the operator, as a Deployment starts it. IO.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};

use crate::{
    access::{Catalogue, advice, catalogue::CatalogueError},
    controller::{self, LeaseSettings, Outside, Settings},
    telemetry::{Exporter, LogFormat, Metrics, log, trace::TraceError},
};

use super::asked_to_end;

/// Runs the operator against the cluster of the kubeconfig, or of the pod it runs in.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The kubeconfig to use instead of the pod's service account or `KUBECONFIG`.
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The operator's own namespace, which holds its Lease.
    #[arg(long, env = "ROSTER_NAMESPACE", value_name = "NAME", default_value = "roster-system")]
    pub namespace: String,
    /// The one namespace whose Secrets hold credentials; the operator's own by default.
    #[arg(long, value_name = "NAME")]
    pub credentials_namespace: Option<String>,
    /// A host that may be reached over plain http, besides loopback; may be given several times.
    #[arg(long = "allow-http-host", value_name = "HOST")]
    pub http_hosts: Vec<String>,
    /// Where `/livez`, `/readyz` and `/metrics` are served.
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8080")]
    pub listen: SocketAddr,
    /// A patch of the role catalogue, as YAML: adds a role, widens or narrows one. What differs is logged at the start.
    #[arg(long, value_name = "FILE")]
    pub role_catalogue: Option<PathBuf>,
    /// The name of the Lease.
    #[arg(long, value_name = "NAME", default_value = "roster")]
    pub lease: String,
    /// How long a silent leader keeps its Lease, in seconds; it stops writing at two thirds of that.
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(3..=3600))]
    pub lease_seconds: u64,
    /// Reconciles of one kind at once.
    #[arg(long, value_name = "COUNT", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub concurrency: u16,
    /// End when standard input does: a parent that dies takes the operator along.
    #[arg(long, hide = true)]
    pub end_with_stdin: bool,
    /// `text` for people, `json` for collectors.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// What is logged, for example `info` or `roster=debug`.
    #[arg(long, env = "ROSTER_LOG", value_name = "FILTER", default_value = "info,kube_runtime=warn,kube_client=warn")]
    pub log: String,
    /// The OpenTelemetry collector that traces are sent to, by OTLP in protobuf over HTTP; nowhere when absent. The other variables of
    /// OpenTelemetry hold as well, such as `OTEL_EXPORTER_OTLP_HEADERS` and `OTEL_TRACES_SAMPLER`.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL", value_parser = clap::builder::NonEmptyStringValueParser::new(), hide_env_values = true)]
    pub otlp_endpoint: Option<String>,
}

/// Why the operator could not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log.
    #[error("set the log up")]
    Log(#[source] log::LogError),
    /// The traces.
    #[error("set the traces up")]
    Trace(#[source] TraceError),
    /// The kubeconfig.
    #[error("read the kubeconfig")]
    Kubeconfig(#[source] Box<kube::config::KubeconfigError>),
    /// Neither a kubeconfig nor a pod.
    #[error("find a cluster: set `--kubeconfig` or `KUBECONFIG`, or run in a pod")]
    NoCluster(#[source] Box<kube::config::InferConfigError>),
    /// The roles that the program holds.
    #[error("read the role catalogue that the program holds")]
    Catalogue(#[source] CatalogueError),
    /// The rules of advice that the program holds.
    #[error("read the rules of advice that the program holds: {0}")]
    Advice(String),
    /// The patch of the roles cannot be opened.
    #[error("read the role catalogue `{}`", .0.display())]
    CatalogueFile(PathBuf, #[source] std::io::Error),
    /// The patch of the roles makes no sense.
    #[error("understand the role catalogue `{}`", .0.display())]
    CataloguePatch(PathBuf, #[source] CatalogueError),
    /// The client.
    #[error("make a Kubernetes client")]
    Client(#[source] Box<kube::Error>),
    /// The operator.
    #[error("run the operator")]
    Operator(#[source] controller::Error),
}

/// Runs until it is asked to end.
pub async fn run(args: Args) -> Result<(), Error> {
    let exporter = args.otlp_endpoint.as_deref().map(|url| Exporter::new(url, env!("CARGO_PKG_VERSION")));
    let exporter = exporter.transpose().map_err(Error::Trace)?;
    log::init(args.log_format, &args.log, std::io::stderr, exporter.as_ref()).map_err(Error::Log)?;
    let result = operate(args).await;
    if let Some(exporter) = exporter {
        exporter.finish().await;
    }
    tracing::info!("roster ends");
    result
}

async fn operate(args: Args) -> Result<(), Error> {
    let catalogue = catalogue(args.role_catalogue.as_deref())?;
    if let Some(why) = advice::untold() {
        return Err(Error::Advice(why));
    }
    let client = client(args.kubeconfig.as_deref()).await?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), namespace = %args.namespace, "roster starts");
    let metrics = Metrics::new(env!("CARGO_PKG_VERSION"));
    let shutdown = end(args.end_with_stdin);
    Box::pin(controller::run(client, args.settings(catalogue), metrics, shutdown)).await.map_err(Error::Operator)
}

/// The roles as the program holds them, or with a patch; every difference is one line of the log.
fn catalogue(given: Option<&Path>) -> Result<Catalogue, Error> {
    let embedded = Catalogue::try_embedded().map_err(|error| Error::Catalogue(error.clone()))?;
    let Some(file) = given else {
        return Ok(embedded.clone());
    };
    let text = std::fs::read_to_string(file).map_err(|error| Error::CatalogueFile(file.to_owned(), error))?;
    let patched = embedded.patched(&text).map_err(|error| Error::CataloguePatch(file.to_owned(), error))?;
    let differences = patched.differences(embedded);
    for difference in &differences {
        tracing::info!(role = %difference.subject, %difference, "the role catalogue differs");
    }
    if differences.is_empty() {
        tracing::warn!(file = %file.display(), "the role catalogue that was given changes nothing");
    }
    Ok(patched)
}

/// A signal, or the end of standard input where that is asked for.
async fn end(with_stdin: bool) {
    if !with_stdin {
        return asked_to_end().await;
    }
    let (ended, stdin) = tokio::sync::oneshot::channel::<()>();
    // A thread of its own: one of the runtime's would keep the process from ending while it reads.
    std::thread::spawn(move || {
        // What is written there means nothing; an error is an end as well.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        let _ = ended.send(());
    });
    tokio::select! {
        () = asked_to_end() => {}
        _ = stdin => {}
    }
}

impl Args {
    fn settings(&self, catalogue: Catalogue) -> Settings {
        let identity = identity();
        let seconds = Duration::from_secs(self.lease_seconds);
        let lease = LeaseSettings {
            lease_duration: seconds,
            renew_deadline: seconds * 2 / 3,
            retry_period: (seconds / 7).max(Duration::from_millis(400)),
            ..LeaseSettings::new(&self.namespace, &self.lease, &identity)
        };
        Settings {
            credentials_namespace: self.credentials_namespace.clone().unwrap_or_else(|| self.namespace.clone()),
            http_hosts: self.http_hosts.clone(),
            catalogue: Arc::new(catalogue),
            lease,
            listen: Some(self.listen),
            concurrency: self.concurrency,
            instance: identity,
            outside: Outside::real(),
        }
    }
}

/// A name that no other process has: the pod's, with the moment of the start, since a restarted container keeps the name.
pub(super) fn identity() -> String {
    let host = std::env::var("HOSTNAME").ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "roster".to_owned());
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    format!("{host}-{}-{started:x}", std::process::id())
}

/// A client for that kubeconfig, or for wherever this process is.
pub(super) async fn client(kubeconfig: Option<&Path>) -> Result<Client, Error> {
    install_crypto();
    let config = match kubeconfig {
        Some(path) => {
            let read = Kubeconfig::read_from(path).map_err(|error| Error::Kubeconfig(Box::new(error)))?;
            let options = KubeConfigOptions::default();
            Config::from_custom_kubeconfig(read, &options).await.map_err(|error| Error::Kubeconfig(Box::new(error)))?
        }
        None => Config::infer().await.map_err(|error| Error::NoCluster(Box::new(error)))?,
    };
    Client::try_from(config).map_err(|error| Error::Client(Box::new(error)))
}

/// One TLS provider for the whole process; whoever came first is the same one.
pub(super) fn install_crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::telemetry::chain;

    #[test]
    fn a_broken_role_catalogue_stops_the_start_with_a_sentence_and_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roles.yaml");
        let said = |text: Option<&str>| {
            if let Some(text) = text {
                fs::write(&path, text).unwrap();
            }
            let read = catalogue(Some(&path));
            read.map(|it| it.roles().len()).map_err(|error| chain(&error))
        };
        let missing = said(None).unwrap_err();
        assert!(missing.starts_with("read the role catalogue `/") && missing.contains("No such file"), "{missing}");
        let broken = said(Some("version: 1\nroles:\n- name: Operator\n  at: [planet]\n")).unwrap_err();
        assert!(broken.contains("understand the role catalogue `") && broken.contains("at line 4"), "{broken}");
        assert!(said(Some("version: 1\nroles:\n- {name: Operator, at: [environment]}\n")).is_ok());
        assert_eq!(catalogue(None).unwrap(), *Catalogue::embedded());
    }
}
