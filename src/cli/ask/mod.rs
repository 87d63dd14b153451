//! `roster can` and `roster who`: what somebody can really do, and who can do something, by the bindings of a snapshot or of a
//! live organization. IO, to read these and to answer.
//!
//! Exit codes: 0 is yes, 1 is no, 2 is no answer.

mod answer;
mod question;

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use crate::{
    access::{
        Catalogue, Listing, PrincipalId,
        effective::{Given, Held, Need, Remedy, given, held, remedies},
    },
    telemetry::chain,
};

use super::snapshot::{self, Live, Snapshot};
use question::Asked;

/// Where the bindings are from.
#[derive(Clone, Debug, clap::Args)]
pub struct Source {
    /// A file of `roster snapshot`; without one, the organization itself is asked.
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
    #[command(flatten)]
    live: Live,
    /// The cluster that holds the thing; its environment is looked up.
    #[arg(long, value_name = "ID")]
    cluster: Option<String>,
    /// The environment that holds the thing.
    #[arg(long, value_name = "ID")]
    environment: Option<String>,
    /// The consumer group, for `consume`; without one, partitions are assigned by hand.
    #[arg(long, value_name = "NAME")]
    consumer_group: Option<String>,
    /// `text` for people, `json` for programs.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Says whether somebody can do something, and by which bindings; for a no, the smallest grants that would give it.
#[derive(Clone, Debug, clap::Args)]
pub struct CanArgs {
    /// Whom it is about: an e-mail address, the display name of a service account, or an id.
    who: String,
    /// What: an operation and a thing, for example `consume topic orders-eu`, `manage access on environment env-1`.
    #[arg(required = true, trailing_var_arg = false)]
    what: Vec<String>,
    /// A group mapping's id that the person is a member of; membership cannot be read from the vendor.
    #[arg(long, value_name = "ID")]
    group: Vec<String>,
    /// Count what the default mapping of single sign-on gives to everybody who signs in through it.
    #[arg(long)]
    sso: bool,
    #[command(flatten)]
    source: Source,
}

/// Names everybody who can do something, with the bindings that give it.
#[derive(Clone, Debug, clap::Args)]
pub struct WhoArgs {
    /// What: an operation and a thing, for example `can manage access on environment env-1`.
    #[arg(required = true)]
    what: Vec<String>,
    #[command(flatten)]
    source: Source,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The organization.
    #[error(transparent)]
    Snapshot(#[from] snapshot::Error),
    /// The question.
    #[error("{0}")]
    Question(String),
    /// Nobody answers to that name.
    #[error(
        "nobody in the organization is called `{0}`: give an e-mail address, a service account's display name, or an id"
    )]
    Nobody(String),
    /// It could not be written as text.
    #[error("write JSON")]
    Json(#[source] serde_json::Error),
    /// Standard output is closed.
    #[error("write to standard output")]
    Print(#[source] std::io::Error),
}

/// One right that is asked for, with what gives it.
struct Judged<'a> {
    need: &'a Need,
    given: Vec<Given<'a>>,
    remedies: Vec<Remedy<'a>>,
}

/// Answers `roster can`.
pub fn can(args: &CanArgs) -> ExitCode {
    told(answer_can(args))
}

/// Answers `roster who`.
pub fn who(args: &WhoArgs) -> ExitCode {
    told(answer_who(args))
}

fn told(answer: Result<bool, Error>) -> ExitCode {
    match answer {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "roster: {}", chain(&error));
            ExitCode::from(2)
        }
    }
}

fn answer_can(args: &CanArgs) -> Result<bool, Error> {
    let snapshot = args.source.read()?;
    let listing = snapshot.listing();
    let asked = question::read(&args.what, &args.source, &listing)?;
    let principal = principal(&args.who, &listing).ok_or_else(|| Error::Nobody(args.who.clone()))?;
    let catalogue = Catalogue::embedded();
    let groups: Vec<(PrincipalId, String)> = args.group.iter().map(|id| (PrincipalId::new(id), id.clone())).collect();
    let defaults = args.sso.then_some(catalogue);
    let held = held(&principal, &groups, &listing.bindings, defaults);
    let judged = judge(catalogue, &held, &asked);
    let yes = judged.iter().all(|it| !it.given.is_empty());
    let text = match args.source.output {
        Output::Text => answer::text(&args.who, &asked, &judged, yes),
        Output::Json => answer::json(&args.who, &asked, &judged, yes)?,
    };
    print(&text)?;
    Ok(yes)
}

fn answer_who(args: &WhoArgs) -> Result<bool, Error> {
    let snapshot = args.source.read()?;
    let listing = snapshot.listing();
    let asked = question::read(&args.what, &args.source, &listing)?;
    let catalogue = Catalogue::embedded();
    let mut principals: Vec<PrincipalId> = listing.bindings.iter().map(|it| it.principal.clone()).collect();
    principals.sort();
    principals.dedup();
    let holdings: Vec<(PrincipalId, Vec<Held>)> =
        principals.into_iter().map(|id| (id.clone(), held(&id, &[], &listing.bindings, None))).collect();
    let able: Vec<(String, Vec<Judged<'_>>)> = holdings
        .iter()
        .map(|(id, held)| (name(id, &listing), judge(catalogue, held, &asked)))
        .filter(|(_, judged)| judged.iter().all(|it| !it.given.is_empty()))
        .collect();
    let text = match args.source.output {
        Output::Text => answer::people(&asked, &able),
        Output::Json => answer::people_json(&asked, &able)?,
    };
    print(&text)?;
    Ok(!able.is_empty())
}

fn judge<'a>(catalogue: &'a Catalogue, held: &'a [Held], asked: &'a Asked) -> Vec<Judged<'a>> {
    let one = |need: &'a Need| {
        let given = given(catalogue, held, need);
        let remedies = if given.is_empty() { remedies(catalogue, need) } else { Vec::new() };
        Judged { need, given, remedies }
    };
    asked.needs.iter().map(one).collect()
}

fn print(text: &str) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Error::Print)
}

impl Source {
    fn read(&self) -> Result<Snapshot, Error> {
        if let Some(path) = &self.snapshot {
            return Ok(Snapshot::open(path)?);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Print)?;
        Ok(runtime.block_on(snapshot::take(&self.live))?)
    }
}

/// Whom a name means.
fn principal(name: &str, listing: &Listing) -> Option<PrincipalId> {
    let lower = name.to_lowercase();
    let person = listing.users.iter().find(|it| it.email.as_str() == lower).map(|it| it.id.clone());
    let account = || listing.service_accounts.iter().find(|it| it.display_name == name).map(|it| it.id.clone());
    let id = PrincipalId::new(name);
    let known = || {
        let there = listing.users.iter().any(|it| it.id == id)
            || listing.service_accounts.iter().any(|it| it.id == id)
            || listing.bindings.iter().any(|it| it.principal == id);
        there.then(|| id.clone())
    };
    person.or_else(account).or_else(known)
}

/// How somebody is called.
fn name(id: &PrincipalId, listing: &Listing) -> String {
    let person = listing.users.iter().find(|it| it.id == *id).map(|it| it.email.to_string());
    let account = || listing.service_accounts.iter().find(|it| it.id == *id).map(|it| it.display_name.clone());
    person.or_else(account).unwrap_or_else(|| id.as_str().to_owned())
}
