//! The command line: every subcommand, its arguments, and how an error is told. IO.

pub mod ask;
pub mod controlplane;
pub mod generate;
pub mod lint;
pub mod manifest;
pub mod roles;
pub mod run;
pub mod sandbox;
pub mod simulator;
pub mod snapshot;

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;

use crate::telemetry::chain;

/// Keeps who may do what in Confluent Cloud equal to reviewed manifests.
#[derive(Debug, Parser)]
#[command(name = "roster", version, about)]
pub enum Command {
    /// Tries everything on this machine: a real Kubernetes API server, a simulated organization, the operator, the examples.
    Sandbox(sandbox::Args),
    /// Runs the operator against the cluster of the kubeconfig, or of the pod it runs in.
    Run(run::Args),
    /// Runs the simulated Confluent Cloud organization alone.
    Simulator(simulator::Args),
    /// Says whether somebody can do something, and by which bindings.
    Can(ask::CanArgs),
    /// Names everybody who can do something.
    Who(ask::WhoArgs),
    /// The roles that Roster knows: where each is bound, what it gives and does not, and who may grant it.
    Roles(roles::Args),
    /// Judges manifests without a cluster: what would be refused and why, and what is worth knowing before it is merged.
    Lint(lint::Args),
    /// Saves who may do what in an organization as one readable file without secrets.
    Snapshot(snapshot::Args),
    /// Prints the custom resource definitions, or writes them as files.
    Crds(generate::Args),
    /// Runs a local control plane for the process at the other end of the pipe.
    #[command(name = controlplane::keeper::COMMAND, hide = true)]
    Keeper(controlplane::keeper::Arguments),
}

impl Command {
    /// Runs it, and tells an error as one readable sentence on standard error.
    pub fn execute(self) -> ExitCode {
        match self {
            Self::Sandbox(args) => told(within_runtime(sandbox::run(args))),
            Self::Run(args) => told(within_runtime(run::run(args))),
            Self::Simulator(args) => told(within_runtime(simulator::run(args))),
            Self::Can(args) => ask::can(&args),
            Self::Who(args) => ask::who(&args),
            Self::Roles(args) => told(roles::run(&args)),
            Self::Lint(args) => lint::run(&args),
            Self::Snapshot(args) => told(within_runtime(snapshot::run(args))),
            Self::Crds(args) => told(generate::run(&args)),
            Self::Keeper(arguments) => controlplane::keeper::run(&arguments),
        }
    }
}

/// Runs a future on a runtime of its own. The outer error is the runtime's.
fn within_runtime<E: Error + Send + Sync + 'static>(
    future: impl Future<Output = Result<(), E>>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(future)?;
    Ok(())
}

fn told<E: Into<Box<dyn Error + Send + Sync>>>(result: Result<(), E>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to tell it to where standard error is closed.
            let _ = writeln!(io::stderr(), "roster: {}", chain(&*error.into()));
            ExitCode::FAILURE
        }
    }
}

/// Ends when the process is asked to: Ctrl-C, or SIGTERM as the kubelet sends it.
async fn asked_to_end() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
