//! `roster lint`: what can be said about manifests without a cluster. IO, to read files and to print.
//!
//! Errors are what the API server or the operator would refuse; warnings and notes are advice. Exit codes: 0 where nothing is
//! as bad as `--fail-on` says, 1 where something is, 2 where nothing could be judged.

mod advise;
mod declared;
mod finding;
mod judge;
mod report;
pub mod schema;
mod set;
mod suppress;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use jiff::Timestamp;

use crate::{
    access::{Catalogue, Listing, PrincipalId, advice},
    telemetry::chain,
};

use super::{
    manifest::{self, Check, Manifests, Object},
    roles, snapshot,
};
use finding::{Finding, Severity};
use judge::Ground;
use report::Output;
use set::Set;

pub use declared::Undeclared;
pub(crate) use declared::{declared, is_made_up};

/// Judges manifests without a cluster: what the API server and the operator would refuse, and advice.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Files, folders that are searched for `.yaml`, `.yml` and `.json`, or `-` for standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The namespace of objects that say none, as `kubectl apply --namespace` has it; delegations are judged by it.
    #[arg(long, short, value_name = "NAME")]
    namespace: Option<String>,
    /// A file of `roster snapshot`: places are looked up in it.
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
    /// As whom the operator acts, an id in the snapshot: whether it may grant each role is judged.
    #[arg(long, value_name = "ID", requires = "snapshot")]
    granter: Option<String>,
    /// A patch of the catalogue, as `roster run` takes it.
    #[arg(long, value_name = "FILE")]
    role_catalogue: Option<PathBuf>,
    /// The least severity that makes the command fail.
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    fail_on: Severity,
    /// How findings are printed.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
}

/// Why nothing was judged.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A path.
    #[error(transparent)]
    Manifests(#[from] manifest::Error),
    /// The snapshot.
    #[error(transparent)]
    Snapshot(#[from] snapshot::Error),
    /// The role catalogue.
    #[error(transparent)]
    Catalogue(#[from] roles::Error),
    /// The rules of advice that the program holds.
    #[error("read the rules of advice that the program holds: {0}")]
    Advice(String),
    /// It could not be written as text.
    #[error("write JSON")]
    Json(#[source] serde_json::Error),
    /// Standard output is closed.
    #[error("write to standard output")]
    Print(#[source] io::Error),
}

/// What was found, with how much was looked at.
pub(crate) struct Judged {
    pub(crate) findings: Vec<Finding>,
    pub(crate) objects: usize,
    pub(crate) passed_over: usize,
    pub(crate) files: usize,
}

/// Judges and prints.
pub fn run(args: &Args) -> ExitCode {
    match answer(args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let _ = writeln!(io::stderr(), "roster: {}", chain(&error));
            ExitCode::from(2)
        }
    }
}

fn answer(args: &Args) -> Result<u8, Error> {
    let catalogue = roles::catalogue(args.role_catalogue.as_deref())?;
    if let Some(why) = advice::untold() {
        return Err(Error::Advice(why));
    }
    let snapshot = args.snapshot.as_deref().map(snapshot::Snapshot::open).transpose()?;
    let listing = snapshot.map(|snapshot| snapshot.listing());
    let manifests = Manifests::read(&args.paths, args.namespace.as_deref())?;
    let judged = judged(&manifests, &catalogue, listing.as_ref(), args.granter.as_deref());
    let text = report::print(&judged, args.output).map_err(Error::Json)?;
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Error::Print)?;
    let nothing = judged.objects == 0 && judged.findings.is_empty();
    if nothing {
        let _ = writeln!(io::stderr(), "roster: none of these files holds an object of `{}`", crate::api::GROUP);
    }
    let worst = judged.findings.iter().map(|finding| finding.severity).max();
    let empty = judged.findings.iter().any(|finding| finding.id == finding::Id::Check(Check::Empty));
    Ok(match worst {
        _ if nothing || empty => 2,
        Some(worst) if worst >= args.fail_on => 1,
        Some(_) | None => 0,
    })
}

/// Everything that there is to say about manifests, in order of files and lines.
pub(crate) fn judged(
    manifests: &Manifests,
    catalogue: &Catalogue,
    listing: Option<&Listing>,
    granter: Option<&str>,
) -> Judged {
    let mut findings: Vec<Finding> = manifests.problems.iter().map(Finding::problem).collect();
    let of_objects = by_object(manifests, catalogue, listing, granter);
    let of_objects = manifests.objects.iter().zip(of_objects);
    findings.extend(of_objects.flat_map(|(object, findings)| suppress::apply(object, findings, &manifests.objects)));
    findings.sort_by(|one, other| {
        let key = |it: &Finding| (it.place.clone(), std::cmp::Reverse(it.severity), it.id);
        key(one).cmp(&key(other))
    });
    let (passed_over, files) = (manifests.passed_over, manifests.files);
    Judged { findings, objects: manifests.objects.len(), passed_over, files }
}

/// What there is to say about each object, in their order.
fn by_object(
    manifests: &Manifests,
    catalogue: &Catalogue,
    listing: Option<&Listing>,
    granter: Option<&str>,
) -> Vec<Vec<Finding>> {
    let mut told: Vec<Vec<Finding>> = manifests.objects.iter().map(refused_by_schema).collect();
    let good = manifests.objects.iter().zip(&told).filter(|(_, findings)| findings.is_empty());
    let set = Set::new(good.map(|(object, _)| object));
    let granter = granter.map(PrincipalId::new);
    let ground = Ground { catalogue, listing, granter, manifests, now: Timestamp::now() };
    let index: BTreeMap<*const Object, usize> =
        manifests.objects.iter().enumerate().map(|(index, object)| (std::ptr::from_ref(object), index)).collect();
    let more = judge::refusals(&set, &ground).into_iter().chain(advise::advise(&set, catalogue));
    for (object, finding) in more {
        if let Some(index) = index.get(&std::ptr::from_ref(object)) {
            told[*index].push(finding);
        }
    }
    told
}

fn refused_by_schema(object: &Object) -> Vec<Finding> {
    let told = |problem: schema::Problem| {
        let place = object.place(&problem.path);
        Finding::check(Check::Schema, place, object.title(), problem.to_string())
    };
    schema::judge(&object.value).into_iter().map(told).collect()
}
