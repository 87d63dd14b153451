//! `roster simulator`: the simulated organization and publishers alone, on an address of this machine. IO.

use std::{
    fs,
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;

use crate::simulator::{
    ActError, Credential, JournalError, Simulator,
    world::{Command, KeySecret, OPERATOR},
};

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
    /// A folder with the files `key` and `secret`, as a mounted Secret is: the operator's key, in place of the one that
    /// follows from the seed. Its secret is not printed.
    #[arg(long, value_name = "FOLDER")]
    pub credential: Option<PathBuf>,
}

/// Why the simulator could not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A file of the credential.
    #[error("read `{}`", path.display())]
    Credential {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file of the credential holds nothing.
    #[error("`{}` is empty: put a text of your choice there", .0.display())]
    Empty(PathBuf),
    /// The organization does not take the key.
    #[error("make the credential the operator's")]
    Plant(#[source] ActError),
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
    if let Some(folder) = &args.credential {
        plant(&simulator, credential(folder)?).map_err(Error::Plant)?;
    }
    let bound = tokio::net::TcpListener::bind(args.listen).await;
    let listener = bound.map_err(|source| Error::Listen { address: args.listen, source })?;
    let mut serving = simulator.serve(listener).map_err(Error::Serve)?;
    say(&simulator, &serving.url(), args.credential.is_none()).map_err(Error::Print)?;
    tokio::select! {
        ended = serving.ended() => return ended.map_err(Error::Serve),
        () = asked_to_end() => {}
    }
    serving.stop().await;
    Ok(())
}

/// Reads a credential as the operator reads it from its Secret: without the white space around it.
fn credential(folder: &Path) -> Result<Credential, Error> {
    let read = |name: &str| {
        let path = folder.join(name);
        let text = fs::read_to_string(&path).map_err(|source| Error::Credential { path: path.clone(), source })?;
        let text = text.trim();
        if text.is_empty() { Err(Error::Empty(path)) } else { Ok(text.to_owned()) }
    };
    Ok(Credential { key: read("key")?, secret: read("secret")? })
}

/// Makes a credential the operator's, unless it is already: the journal of a kept organization grows by changes alone.
fn plant(simulator: &Simulator, credential: Credential) -> Result<(), ActError> {
    if simulator.operator_key().as_ref() == Some(&credential) {
        return Ok(());
    }
    let account = simulator.inspect(|world, at| {
        let accounts = world.contents(at).service_accounts;
        let operator = accounts.iter().find(|account| account.display_name == OPERATOR);
        operator.map(|account| account.id.clone()).unwrap_or_default()
    });
    let Credential { key, secret } = credential;
    simulator.portal(&Command::PlantApiKey { service_account: account, id: key, secret: KeySecret::new(secret) })?;
    Ok(())
}

fn say(simulator: &Simulator, url: &str, with_secret: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let organization = simulator.inspect(|world, _| world.organization().clone());
    writeln!(out, "A simulated Confluent Cloud organization answers at {url}")?;
    writeln!(out, "organization  {}  ({})", organization.id, organization.display_name)?;
    if let Some(credential) = simulator.operator_key().filter(|_| with_secret) {
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
