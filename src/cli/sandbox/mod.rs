//! `roster sandbox`: the main job on this machine. A real API server takes manifests, the operator makes a simulated
//! organization equal to them, and both sides are shown. IO.

mod cluster;
mod example;
mod install;
mod progress;
mod table;

use std::{
    fmt::Write as _,
    io::{self, Write},
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use kube::Client;
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{
    access::Catalogue,
    controller::{self, LeaseSettings, Outside, Settings},
    simulator::{Serving, Simulator},
    telemetry::{LogFormat, Metrics, log},
};

use self::{cluster::Cluster, progress::Unready};
use super::{asked_to_end, controlplane, run};

/// Tries everything on this machine: a real Kubernetes API server, a simulated organization, the operator, the examples.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// End after the tables instead of staying up: exit 0, or 1 naming the objects that did not get there.
    #[arg(long)]
    pub once: bool,
    /// Use the cluster of this kubeconfig, after asking, instead of a local control plane.
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Do not ask before using the cluster of `--kubeconfig`.
    #[arg(long, requires = "kubeconfig")]
    pub yes: bool,
    /// How long the examples may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub patience: u64,
    /// What the operator logs into the sandbox's folder.
    #[arg(long, env = "ROSTER_LOG", value_name = "FILTER", default_value = "info,kube_runtime=warn,kube_client=warn")]
    pub log: String,
}

/// Why the sandbox did not come up, or what did not get there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The control plane.
    #[error("start the local control plane")]
    ControlPlane(#[source] controlplane::Error),
    /// This very program cannot be found, which the control plane needs.
    #[error("find this program's own file")]
    Program(#[source] io::Error),
    /// A cluster that is not ours was not agreed to.
    #[error("the cluster at `{0}` was not touched; answer `y`, or give `--yes`")]
    Declined(String),
    /// The client.
    #[error(transparent)]
    Client(#[from] run::Error),
    /// An object of the installation.
    #[error("apply {0}")]
    Apply(String, #[source] Box<kube::Error>),
    /// The files of the installation are not what they should be, which a test rules out.
    #[error("read the file `{name}` that this program carries")]
    Embedded {
        /// Which.
        name: &'static str,
        /// What is wrong.
        #[source]
        source: serde_yaml::Error,
    },
    /// kubectl could not be run.
    #[error("run `{program}`: is kubectl installed")]
    Kubectl {
        /// As called.
        program: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// kubectl refused.
    #[error("`kubectl {arguments}` failed: {said}")]
    Refused {
        /// What it was asked.
        arguments: String,
        /// What it said.
        said: String,
    },
    /// A file of the sandbox's folder.
    #[error("write `{path}`")]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The simulator has no address.
    #[error("serve the simulator")]
    Simulator(#[source] io::Error),
    /// The log.
    #[error("set the log up")]
    Log(#[source] log::LogError),
    /// Objects that did not get there.
    #[error("{0}")]
    Unready(Unready),
    /// The operator ended by itself.
    #[error("run the operator: see {log}")]
    Operator {
        /// Where it logged.
        log: String,
        /// What it said.
        #[source]
        source: controller::Error,
    },
    /// Standard output is closed.
    #[error("write to standard output")]
    Print(#[source] io::Error),
    /// Interrupted before everything was up.
    #[error("interrupted; nothing is left behind")]
    Interrupted,
}

/// Brings everything up, shows it, and stays until Ctrl-C.
pub async fn run(args: Args) -> Result<(), Error> {
    let sandbox = tokio::select! {
        sandbox = Sandbox::bring_up(&args) => sandbox?,
        // Dropping it half-way ends the operator, the simulator and the control plane.
        () = asked_to_end() => return Err(Error::Interrupted),
    };
    let lacking = tokio::select! {
        shown = sandbox.show(&args) => shown?,
        () = asked_to_end() => {
            sandbox.end().await?;
            return Err(Error::Interrupted);
        }
    };
    if lacking.is_none() && !args.once {
        asked_to_end().await;
        say("ending; nothing is left behind");
    }
    sandbox.end().await?;
    lacking.map_or(Ok(()), |unready| Err(Error::Unready(unready)))
}

/// Everything that runs.
struct Sandbox {
    cluster: Cluster,
    admin: Client,
    simulator: Simulator,
    serving: Serving,
    operator: JoinHandle<Result<(), controller::Error>>,
    stop: oneshot::Sender<()>,
    log: String,
}

impl Sandbox {
    async fn bring_up(args: &Args) -> Result<Self, Error> {
        let cluster = Cluster::reach(args).await?;
        let log = open_log(&cluster, &args.log)?;
        let admin = run::client(Some(cluster.kubeconfig())).await?;
        say("installing the custom resources and the operator's rights");
        install::crds(&admin).await?;
        install::rights(&admin).await?;
        let simulator = Simulator::example(1, Arc::new(Timestamp::now));
        let serving = host(&simulator).await?;
        say(&format!("a simulated Confluent Cloud organization and publisher portal answer at {}", serving.url()));
        let client = cluster.as_operator(&admin).await?;
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move {
            let _ = stopped.await;
        };
        let metrics = Metrics::new(env!("CARGO_PKG_VERSION"));
        let operator = tokio::spawn(controller::run(client, settings(), metrics, stopped));
        say(&format!("the operator runs as the service account `roster`; it logs to {log}"));
        install::organization(&admin, &simulator, &serving.url()).await?;
        install::publisher(&admin, &simulator, &serving.url()).await?;
        example::apply(&cluster, &admin).await?;
        Ok(Self { cluster, admin, simulator, serving, operator, stop, log })
    }

    /// Waits for everything, and shows both sides; gives what did not get there.
    async fn show(&self, args: &Args) -> Result<Option<Unready>, Error> {
        let lacking = progress::wait(&self.admin, Duration::from_secs(args.patience)).await?;
        let mut text = String::new();
        let looks: [&[&str]; 4] = [
            &["get", "confluentorganizations"],
            &["get", "confluentusers,accessrolebindings", "-A"],
            &["get", "publishers"],
            &["get", "publisherusers", "-A"],
        ];
        for arguments in looks {
            let printed = self.cluster.kubectl(arguments).await?;
            let _ = write!(text, "\n$ kubectl {}\n{printed}", arguments.join(" "));
        }
        text.push_str("\nThe remote side, as the simulated organization has it:\n");
        text.push_str(&table::remote(&self.simulator));
        text.push_str("\nAnd the simulated portal, with the publisher's users:\n");
        text.push_str(&table::portal(&self.simulator, install::PUBLISHER));
        if !args.once {
            text.push_str(&table::next(&self.cluster, &self.serving.url()));
        }
        print(&text)?;
        Ok(lacking)
    }

    /// Ends the operator, the simulator and the control plane, in that order.
    async fn end(self) -> Result<(), Error> {
        if self.cluster.is_borrowed() {
            say("taking the examples back");
            example::take_back(&self.cluster).await?;
        }
        let _ = self.stop.send(());
        let ended = tokio::time::timeout(Duration::from_secs(15), self.operator).await;
        self.serving.stop().await;
        let cluster = self.cluster;
        // Ends the programs and removes the folder, which blocks for a moment.
        let _ = tokio::task::spawn_blocking(move || drop(cluster)).await;
        match ended {
            Ok(Ok(Err(source))) => Err(Error::Operator { log: self.log, source }),
            _ => Ok(()),
        }
    }
}

fn settings() -> Settings {
    let identity = run::identity();
    Settings {
        catalogue: Arc::new(Catalogue::embedded().clone()),
        credentials_namespace: install::NAMESPACE.to_owned(),
        http_hosts: Vec::new(),
        lease: LeaseSettings::new(install::NAMESPACE, "roster", &identity),
        listen: None,
        concurrency: 16,
        instance: identity,
        outside: Outside::real(),
    }
}

async fn host(simulator: &Simulator) -> Result<Serving, Error> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(Error::Simulator)?;
    simulator.serve(listener).map_err(Error::Simulator)
}

/// The operator's log goes to a file, so that it does not run through the tables.
fn open_log(cluster: &Cluster, filter: &str) -> Result<String, Error> {
    let path = cluster.folder().join("operator.log");
    let file = std::fs::File::create(&path).map_err(|source| Error::File { path: path.clone(), source })?;
    log::init(LogFormat::Text, filter, Mutex::new(file), None).map_err(Error::Log)?;
    Ok(path.display().to_string())
}

/// One line of what is being done, on standard error.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "roster: {line}");
}

fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Error::Print)
}
