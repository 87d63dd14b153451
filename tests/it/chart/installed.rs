//! The chart installed by Helm on a control plane of its own, and the operator as the installed Deployment starts it: with its
//! arguments, its environment and a token of its service account.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests fail and speak as tests do")]

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use kube::{Client, Config, config::Kubeconfig};
use roster::cli::controlplane::{ControlPlane, Options};
use serde_json::Value;

use super::{
    helm::{self, CHART, Helm},
    render::arguments,
};
use crate::stage::{Stage, Theatre, eventually};

/// A cluster with or without the chart. It is never dropped, as its control plane ends with this process.
pub(super) struct Installed {
    pub(super) theatre: &'static Theatre,
    port: u16,
}

impl Installed {
    /// A cluster with nothing of ours in it.
    pub(super) fn empty() -> Self {
        let mut options = Options::new(env!("CARGO_BIN_EXE_roster"));
        options.controller_manager = true;
        crate::tools::prepare();
        let plane = ControlPlane::start(&options, |progress| eprintln!("{progress}")).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let kubeconfig = Kubeconfig::read_from(plane.admin_kubeconfig()).unwrap();
        let admin = runtime.block_on(async {
            let config = Config::from_custom_kubeconfig(kubeconfig, &kube::config::KubeConfigOptions::default()).await;
            Client::try_from(config.unwrap()).unwrap()
        });
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        Self { theatre: Box::leak(Box::new(Theatre { plane, runtime, admin })), port }
    }

    /// The one that tests share, installed by Helm 4, with an operator that runs.
    pub(super) fn shared() -> &'static Self {
        static SHARED: OnceLock<(Installed, Operator)> = OnceLock::new();
        let (installed, _) = SHARED.get_or_init(|| {
            let installed = Self::empty();
            installed.helm(Helm::Four, "install", &["--create-namespace"]);
            let operator = installed.operator();
            (installed, operator)
        });
        installed
    }

    /// Runs Helm with the release, and the chart where it takes one.
    pub(super) fn helm(&self, helm: Helm, what: &str, more: &[&str]) -> String {
        let port = format!("metrics.port={}", self.port);
        let mut arguments = vec![what, "roster", "--namespace", "roster-system"];
        if what != "uninstall" {
            arguments.extend([CHART, "--set", &port]);
        }
        arguments.extend(more);
        let output = helm.command(self.theatre.plane.admin_kubeconfig()).args(&arguments).output().unwrap();
        helm::printed(output, &arguments)
    }

    /// An object of the API server.
    pub(super) fn get(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.theatre.done(&[&["get", "-o", "json"], arguments].concat(), "")).unwrap()
    }

    /// Starts the container of the installed Deployment as a process, and waits until it is ready.
    pub(super) fn operator(&self) -> Operator {
        let deployment = self.get(&["deployment", "roster", "-n", "roster-system"]);
        let pod = &deployment["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        assert!(container["command"].is_null(), "the image's entrypoint is `roster`");
        let account = pod["serviceAccountName"].as_str().unwrap();
        let token = self.theatre.done(&["create", "token", account, "-n", "roster-system", "--duration=2h"], "");
        let kubeconfig = self.theatre.plane.kubeconfig_for_token("installed", &token).unwrap();
        let log = self.theatre.plane.folder().join("installed.operator.log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_roster"));
        for variable in container["env"].as_array().into_iter().flatten() {
            command.env(variable["name"].as_str().unwrap(), variable["value"].as_str().unwrap());
        }
        let child = command
            .args(arguments(&deployment))
            // The one thing besides what stands in the Deployment: should this process be killed, the operator does not stay.
            .arg("--end-with-stdin")
            // As the kubelet does, and the token's place.
            .env("HOSTNAME", "roster-0")
            .env("KUBECONFIG", &kubeconfig)
            .env_remove("ROSTER_NAMESPACE")
            .env_remove("ROSTER_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let operator = Operator { child, log };
        let probe = container["readinessProbe"]["httpGet"]["path"].as_str().unwrap().to_owned();
        eventually("the operator is ready", &mut || self.answers(&probe), &mut || operator.said());
        let probe = container["livenessProbe"]["httpGet"]["path"].as_str().unwrap();
        assert!(self.answers(probe));
        operator
    }

    fn answers(&self, path: &str) -> bool {
        let Ok(mut socket) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) else { return false };
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let mut answer = String::new();
        let asked = socket.write_all(request.as_bytes()).and_then(|()| socket.read_to_string(&mut answer));
        asked.is_ok() && answer.starts_with("HTTP/1.1 200")
    }

    /// A simulated organization, connected under a name.
    pub(super) fn stage(&self, name: &str) -> Stage {
        let stage = Stage::of(self.theatre, name);
        stage.settled("corg", name, "True", "InSync");
        stage
    }
}

/// The operator's process; dropping it kills it.
pub(super) struct Operator {
    child: Child,
    log: PathBuf,
}

impl Operator {
    /// Ends it as the kubelet does, and waits for its end.
    pub(super) fn end(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.said());
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        // Both fail where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
