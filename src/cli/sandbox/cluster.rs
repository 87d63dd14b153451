//! The cluster that the sandbox uses: a local control plane of its own, or one that exists. IO.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
    process::Stdio,
};

use k8s_openapi::api::{
    authentication::v1::{TokenRequest, TokenRequestSpec},
    core::v1::ServiceAccount,
};
use kube::{
    Api, Client, Config,
    api::PostParams,
    config::{KubeConfigOptions, Kubeconfig},
};
use tempfile::TempDir;

use crate::cli::{
    controlplane::{ControlPlane, Options, Progress},
    run,
};

use super::{Args, Error, install, say};

/// How long the operator's token holds, in seconds: a sandbox may stay up for a week.
const TOKEN_SECONDS: i64 = 7 * 24 * 3_600;

/// A cluster with a kubectl.
pub(super) enum Cluster {
    /// Ours: it ends with the handle.
    Own(ControlPlane),
    /// Somebody's: what we put there is taken back.
    Borrowed { kubeconfig: PathBuf, folder: TempDir },
}

impl Cluster {
    pub(super) async fn reach(args: &Args) -> Result<Self, Error> {
        if let Some(kubeconfig) = &args.kubeconfig {
            agree(kubeconfig, args.yes).await?;
            let folder = tempfile::tempdir();
            let folder = folder.map_err(|source| Error::File { path: std::env::temp_dir(), source })?;
            return Ok(Self::Borrowed { kubeconfig: kubeconfig.clone(), folder });
        }
        let mut options = Options::new(std::env::current_exe().map_err(Error::Program)?);
        // Namespaces that a person deletes should go.
        options.controller_manager = true;
        let started = tokio::task::spawn_blocking(move || ControlPlane::start(&options, live())).await;
        match started {
            Ok(result) => result.map(Self::Own).map_err(Error::ControlPlane),
            Err(_) => Err(Error::Interrupted),
        }
    }

    pub(super) fn is_borrowed(&self) -> bool {
        matches!(self, Self::Borrowed { .. })
    }

    pub(super) fn kubeconfig(&self) -> &Path {
        match self {
            Self::Own(plane) => plane.admin_kubeconfig(),
            Self::Borrowed { kubeconfig, .. } => kubeconfig,
        }
    }

    pub(super) fn folder(&self) -> &Path {
        match self {
            Self::Own(plane) => plane.folder(),
            Self::Borrowed { folder, .. } => folder.path(),
        }
    }

    pub(super) fn kubectl_path(&self) -> String {
        match self {
            Self::Own(plane) => plane.kubectl().display().to_string(),
            Self::Borrowed { .. } => "kubectl".to_owned(),
        }
    }

    /// Runs kubectl and gives what it printed.
    pub(super) async fn kubectl(&self, arguments: &[&str]) -> Result<String, Error> {
        let mut command = match self {
            Self::Own(plane) => tokio::process::Command::from(plane.kubectl_command()),
            Self::Borrowed { kubeconfig, .. } => {
                let mut command = tokio::process::Command::new("kubectl");
                command.env("KUBECONFIG", kubeconfig);
                command
            }
        };
        command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
        let output =
            command.output().await.map_err(|source| Error::Kubectl { program: self.kubectl_path(), source })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Error::Refused { arguments: arguments.join(" "), said })
    }

    /// A client that is the operator's service account and nothing more.
    pub(super) async fn as_operator(&self, admin: &Client) -> Result<Client, Error> {
        let accounts: Api<ServiceAccount> = Api::namespaced(admin.clone(), install::NAMESPACE);
        let request = TokenRequest {
            spec: TokenRequestSpec { expiration_seconds: Some(TOKEN_SECONDS), ..TokenRequestSpec::default() },
            ..TokenRequest::default()
        };
        let answer = accounts.create_token_request("roster", &PostParams::default(), &request).await;
        let answer = answer
            .map_err(|error| Error::Apply("a token of the service account `roster`".to_owned(), Box::new(error)))?;
        let token = answer.status.map(|status| status.token).unwrap_or_default();
        let kubeconfig = Kubeconfig::read_from(self.kubeconfig());
        let kubeconfig = kubeconfig.map_err(|error| run::Error::Kubeconfig(Box::new(error)))?;
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
        let mut config = config.map_err(|error| run::Error::Kubeconfig(Box::new(error)))?;
        config.auth_info = kube::config::AuthInfo { token: Some(token.into()), ..kube::config::AuthInfo::default() };
        Ok(Client::try_from(config).map_err(|error| run::Error::Client(Box::new(error)))?)
    }
}

/// Shows the control plane's progress: on a terminal one line that changes, elsewhere a line each.
fn live() -> impl FnMut(&Progress) {
    let terminal = io::stderr().is_terminal();
    move |progress| {
        if terminal {
            let _ = write!(io::stderr(), "\r\x1b[Kroster: {progress}");
            if matches!(progress, Progress::Built { .. }) {
                let _ = writeln!(io::stderr());
            }
        } else {
            say(&progress.to_string());
        }
    }
}

/// Asks before somebody's cluster is touched.
async fn agree(kubeconfig: &Path, yes: bool) -> Result<(), Error> {
    let read = Kubeconfig::read_from(kubeconfig).map_err(|error| run::Error::Kubeconfig(Box::new(error)))?;
    let context = read.current_context.clone().unwrap_or_else(|| kubeconfig.display().to_string());
    if yes {
        return Ok(());
    }
    let _ = write!(
        io::stderr(),
        "roster: this installs Roster's custom resources, the namespace `{}` and the examples into the cluster of the \
         context `{context}`, and takes the examples back at the end. Go on? [y/N] ",
        install::NAMESPACE
    );
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    match answer.await {
        Ok(Ok(line)) if matches!(line.trim(), "y" | "Y" | "yes") => Ok(()),
        _ => Err(Error::Declined(context)),
    }
}
