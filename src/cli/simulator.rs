//! `roster simulator`: the simulated organization and publishers alone, on an address of this machine. IO.

use std::{
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
};

use jiff::Timestamp;

use crate::simulator::{JournalError, Simulator};

use super::asked_to_end;

/// Runs the simulated Confluent Cloud organization, and marketplace publishers beside it, alone.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Where it answers.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    pub listen: SocketAddr,
    /// The file that keeps the organization; without one it is gone when the process is.
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// What ids and secrets of a new organization follow from.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
}

/// Why the simulator could not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The address.
    #[error("listen on `{address}`")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Standard output is closed.
    #[error("write to standard output")]
    Print(#[source] io::Error),
    /// The server ended by itself.
    #[error("answer requests")]
    Serve(#[source] io::Error),
}

/// Answers until it is asked to end.
pub async fn run(args: Args) -> Result<(), Error> {
    let simulator = Simulator::open(args.data.as_deref(), args.seed, Arc::new(Timestamp::now))?;
    let bound = tokio::net::TcpListener::bind(args.listen).await;
    let listener = bound.map_err(|source| Error::Listen { address: args.listen, source })?;
    let mut serving = simulator.serve(listener).map_err(Error::Serve)?;
    say(&simulator, &serving.url()).map_err(Error::Print)?;
    tokio::select! {
        ended = serving.ended() => return ended.map_err(Error::Serve),
        () = asked_to_end() => {}
    }
    serving.stop().await;
    Ok(())
}

fn say(simulator: &Simulator, url: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let organization = simulator.inspect(|world, _| world.organization().clone());
    writeln!(out, "A simulated Confluent Cloud organization answers at {url}")?;
    writeln!(out, "organization  {}  ({})", organization.id, organization.display_name)?;
    if let Some(credential) = simulator.operator_key() {
        writeln!(out, "key           {}", credential.key)?;
        writeln!(out, "secret        {}", credential.secret)?;
        writeln!(out, "try           curl -u {}:{} {url}/iam/v2/users", credential.key, credential.secret)?;
    }
    if let Some(application) = simulator.operator_application() {
        let token = format!("{url}/{}/oauth2/v2.0/token", application.tenant);
        writeln!(out, "publishers    {url}/api/publishers?api-version=2017-10-31")?;
        writeln!(out, "token         {token}")?;
        writeln!(out, "client-id     {}", application.client_id)?;
        writeln!(out, "client-secret {}", application.client_secret)?;
    }
    writeln!(out, "everything    curl {url}/simulator/state")?;
    out.flush()
}
