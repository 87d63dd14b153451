//! `roster can` and `roster who`: what somebody can really do, and who can do something, by the bindings of a snapshot or of a
//! live organization. IO, to read these and to answer.
//!
//! Exit codes: 0 is yes, 1 is no, 2 is no answer, among them that nobody says.

mod answer;
mod note;
mod question;

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use crate::{
    access::{
        Catalogue, Listing, PrincipalId, PrincipalKind,
        effective::{Given, Held, Need, Remedy, Unsaid, given, held, partly, remedies, unsaid},
    },
    telemetry::chain,
};

use super::{
    lint,
    manifest::{self, Manifests},
    roles,
    snapshot::{self, Live, Snapshot},
};
use question::{About, Asked};

/// Where the bindings are from.
#[derive(Clone, Debug, clap::Args)]
pub struct Source {
    /// A file of `roster snapshot`; without one, and without manifests, the organization itself is asked.
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
    /// Manifests, as files or folders: what would be if all of them were applied, and nothing else granted.
    #[arg(long, value_name = "PATH", conflicts_with = "snapshot")]
    manifests: Vec<PathBuf>,
    /// Of which organization, by the name of its object, where manifests are about several.
    #[arg(long, value_name = "NAME", requires = "manifests")]
    organization: Option<String>,
    #[command(flatten)]
    live: Live,
    /// A patch of the roles that Roster knows, as `roster run` takes it.
    #[arg(long, value_name = "FILE")]
    role_catalogue: Option<PathBuf>,
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
#[command(after_help = question::help())]
pub struct CanArgs {
    /// Whom it is about: an e-mail address, the display name of a service account, or an id.
    who: String,
    /// What: a task or an operation, and a thing: `consume topic orders-eu`, `manage access on environment env-1`.
    #[arg(required = true, trailing_var_arg = false)]
    what: Vec<String>,
    /// A group mapping's id that the person is a member of; membership cannot be read from the vendor.
    #[arg(long, value_name = "ID")]
    group: Vec<String>,
    /// Count what the default mapping of single sign-on gives to everybody who signs in through it.
    #[arg(long)]
    sso: bool,
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    source: Source,
}

/// Names everybody who can do something, with the bindings that give it.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = question::help())]
pub struct WhoArgs {
    /// What: a task or an operation, and a thing: `can manage access on environment env-1`, `can provision people`.
    #[arg(required = true)]
    what: Vec<String>,
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    source: Source,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The manifests.
    #[error(transparent)]
    Manifests(#[from] manifest::Error),
    /// What they are about.
    #[error(transparent)]
    Undeclared(#[from] lint::Undeclared),
    /// The organization.
    #[error(transparent)]
    Snapshot(#[from] snapshot::Error),
    /// The roles.
    #[error(transparent)]
    Roles(#[from] roles::Error),
    /// The question.
    #[error("{0}")]
    Question(String),
    /// Nobody answers to that name.
    #[error(
        "nobody in the organization is called `{name}`: give an e-mail address, a service account's display name, or an id{}",
        if *.refused { "; objects that would be refused are left out: see `roster lint`" } else { "" }
    )]
    Nobody {
        /// As it was given.
        name: String,
        /// Objects were left out, theirs perhaps.
        refused: bool,
    },
    /// It could not be written as text.
    #[error("write JSON")]
    Json(#[source] serde_json::Error),
    /// Standard output is closed.
    #[error("write to standard output")]
    Print(#[source] std::io::Error),
}

/// One right that is asked for, with what gives it, and with what would.
struct Judged<'a> {
    need: &'a Need,
    given: Vec<Given<'a>>,
    partly: Vec<Given<'a>>,
    /// What may give it, where nothing surely does.
    unsaid: Vec<Unsaid<'a>>,
    remedies: Vec<Remedy<'a>>,
}

impl Judged<'_> {
    fn is_given(&self) -> bool {
        !self.given.is_empty()
    }
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// Somebody can.
    Yes,
    /// Something that it takes is surely missing.
    No,
    /// What is missing may be given: nobody says.
    Unknown,
}

impl Answer {
    fn of(judged: &[Judged<'_>]) -> Self {
        if judged.iter().all(Judged::is_given) {
            return Self::Yes;
        }
        let open = |it: &Judged<'_>| it.is_given() || !it.unsaid.is_empty();
        if judged.iter().all(open) { Self::Unknown } else { Self::No }
    }

    fn exit(self) -> ExitCode {
        match self {
            Self::Yes => ExitCode::SUCCESS,
            Self::No => ExitCode::from(1),
            Self::Unknown => ExitCode::from(2),
        }
    }
}

/// Somebody who can do what was asked.
struct Able<'a> {
    id: PrincipalId,
    name: String,
    judged: Vec<Judged<'a>>,
}

/// Answers `roster can`.
pub fn can(args: &CanArgs) -> ExitCode {
    told(answer_can(args))
}

/// Answers `roster who`.
pub fn who(args: &WhoArgs) -> ExitCode {
    told(answer_who(args))
}

fn told(answer: Result<Answer, Error>) -> ExitCode {
    match answer {
        Ok(answer) => answer.exit(),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "roster: {}", chain(&error));
            ExitCode::from(2)
        }
    }
}

fn answer_can(args: &CanArgs) -> Result<Answer, Error> {
    let catalogue = roles::catalogue(args.source.role_catalogue.as_deref())?;
    let Facts { listing, note, refused } = args.source.read(&catalogue)?;
    let asked = question::read(&args.what, &args.about, &listing, &catalogue)?;
    let nobody = || Error::Nobody { name: args.who.clone(), refused };
    let principal = principal(&args.who, &listing).ok_or_else(nobody)?;
    let groups: Vec<PrincipalId> = args.group.iter().map(PrincipalId::new).collect();
    let mappings: Vec<(PrincipalId, String)> = groups.iter().map(|id| (id.clone(), id.to_string())).collect();
    let roles = |defaults| held(&principal, &mappings, &listing.bindings, defaults);
    let held = roles(args.sso.then_some(&catalogue));
    let person = principal.kind() == Some(PrincipalKind::User);
    let mut judged = judge(&catalogue, &held, &asked, &listing);
    if person {
        for it in &mut judged {
            spare_people(&mut it.remedies);
        }
    }
    let answer = Answer::of(&judged);
    let yes = answer == Answer::Yes;
    let mut notes = note::of_somebody(&principal, &groups, &held, &judged, &listing);
    notes.extend(note::clients(&catalogue, &held, &judged));
    if !yes && !args.sso && person && can_all(&catalogue, &roles(Some(&catalogue)), &asked) {
        notes.push(note::by_default(&catalogue) + ": ask with `--sso`");
    }
    notes.extend(asked.notes.iter().cloned());
    notes.extend(note::of_question(&judged, yes, &listing));
    notes.extend(note);
    let text = match args.source.output {
        Output::Text => answer::text(&args.who, &asked, &judged, &notes),
        Output::Json => answer::json(&args.who, &asked, &judged, &notes)?,
    };
    print(&text)?;
    Ok(answer)
}

fn answer_who(args: &WhoArgs) -> Result<Answer, Error> {
    let catalogue = roles::catalogue(args.source.role_catalogue.as_deref())?;
    let Facts { listing, note, .. } = args.source.read(&catalogue)?;
    let asked = question::read(&args.what, &args.about, &listing, &catalogue)?;
    let mut principals: Vec<PrincipalId> = listing.bindings.iter().map(|it| it.principal.clone()).collect();
    principals.sort();
    principals.dedup();
    let holdings: Vec<(PrincipalId, Vec<Held>)> =
        principals.into_iter().map(|id| (id.clone(), held(&id, &[], &listing.bindings, None))).collect();
    let mut all: Vec<Able<'_>> = holdings
        .iter()
        .map(|(id, held)| Able {
            id: id.clone(),
            name: name(id, &listing),
            judged: judge(&catalogue, held, &asked, &listing),
        })
        .collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    let (able, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|it| Answer::of(&it.judged) == Answer::Yes);
    let unsure: Vec<Able<'_>> = others.into_iter().filter(|it| Answer::of(&it.judged) == Answer::Unknown).collect();
    let everybody = held(&PrincipalId::new(""), &[], &[], Some(&catalogue));
    let mut notes: Vec<String> = note::invited(able.iter().map(|it| &it.id), &listing).into_iter().collect();
    if can_all(&catalogue, &everybody, &asked) {
        notes.push(note::by_default(&catalogue));
    }
    notes.extend(note::unsure(&unsure));
    notes.extend(note::mappings(&listing));
    notes.extend(asked.notes.iter().cloned());
    notes.extend(note::of_question(&judge(&catalogue, &[], &asked, &listing), !able.is_empty(), &listing));
    notes.extend(note);
    let text = match args.source.output {
        Output::Text => answer::people(&asked, &able, &notes),
        Output::Json => answer::people_json(&asked, &able, &notes)?,
    };
    print(&text)?;
    Ok(match (able.is_empty(), unsure.is_empty()) {
        (false, _) => Answer::Yes,
        (true, true) => Answer::No,
        (true, false) => Answer::Unknown,
    })
}

/// Takes out what is not for people, where something else does that is.
fn spare_people(remedies: &mut Vec<Remedy<'_>>) {
    let not_for_people = |it: &Remedy<'_>| it.role.caveats.iter().any(|it| it.id == "MetricsViewer.not-for-people");
    if remedies.iter().any(|it| !not_for_people(it) && !it.role.administrative) {
        remedies.retain(|it| !not_for_people(it));
    }
}

fn judge<'a>(catalogue: &'a Catalogue, held: &'a [Held], asked: &'a Asked, listing: &Listing) -> Vec<Judged<'a>> {
    let one = |need: &'a Need| {
        let given = given(catalogue, held, need);
        if !given.is_empty() {
            return Judged { need, given, partly: Vec::new(), unsaid: Vec::new(), remedies: Vec::new() };
        }
        // A grant that the cluster does not admit would give nothing.
        let admitted =
            |it: &Remedy<'_>| !(it.scope.kind().needs_granular_cluster() && note::is_basic(&it.scope, listing));
        let remedies = remedies(catalogue, need).into_iter().filter(admitted).collect();
        let (partly, unsaid) = (partly(catalogue, held, need), unsaid(catalogue, held, need));
        Judged { need, given, partly, unsaid, remedies }
    };
    asked.needs.iter().map(one).collect()
}

fn can_all(catalogue: &Catalogue, held: &[Held], asked: &Asked) -> bool {
    asked.needs.iter().all(|need| !given(catalogue, held, need).is_empty())
}

fn print(text: &str) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Error::Print)
}

/// What an answer rests on.
struct Facts {
    listing: Listing,
    /// What has to be known of it.
    note: Option<String>,
    /// Whether objects were left out, since they would be refused.
    refused: bool,
}

impl Source {
    fn read(&self, catalogue: &Catalogue) -> Result<Facts, Error> {
        if !self.manifests.is_empty() {
            let manifests = Manifests::read(&self.manifests, None)?;
            let declared = lint::declared(&manifests, catalogue, self.organization.as_deref())?;
            let note = Some(note::of_manifests(declared.left_out));
            return Ok(Facts { note, listing: declared.listing, refused: declared.left_out > 0 });
        }
        if let Some(path) = &self.snapshot {
            return Ok(Facts { listing: Snapshot::open(path)?.listing(), note: None, refused: false });
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Print)?;
        Ok(Facts { listing: runtime.block_on(snapshot::take(&self.live))?.listing(), note: None, refused: false })
    }
}

/// Whom a name means.
fn principal(name: &str, listing: &Listing) -> Option<PrincipalId> {
    let lower = name.to_lowercase();
    let person = listing.users.iter().find(|it| it.email.as_str() == lower).map(|it| it.id.clone());
    // The vendor gives an id with the invitation, and bindings may be made to it before anybody accepts.
    let invited = || listing.invitations.iter().filter(|it| it.email.as_str() == lower).find_map(|it| it.user.clone());
    let account = || listing.service_accounts.iter().find(|it| it.display_name == name).map(|it| it.id.clone());
    let id = PrincipalId::new(name);
    let known = || {
        let there = listing.users.iter().any(|it| it.id == id)
            || listing.service_accounts.iter().any(|it| it.id == id)
            || listing.bindings.iter().any(|it| it.principal == id);
        there.then(|| id.clone())
    };
    person.or_else(invited).or_else(account).or_else(known)
}

/// How somebody is called.
fn name(id: &PrincipalId, listing: &Listing) -> String {
    let person = listing.users.iter().find(|it| it.id == *id).map(|it| it.email.to_string());
    let invited = || {
        let theirs = listing.invitations.iter().find(|it| it.user.as_ref() == Some(id));
        theirs.map(|it| it.email.to_string())
    };
    let account = || listing.service_accounts.iter().find(|it| it.id == *id).map(|it| it.display_name.clone());
    person.or_else(invited).or_else(account).unwrap_or_else(|| match id.kind() {
        Some(PrincipalKind::GroupMapping) => format!("everybody in the group mapping {id}"),
        Some(PrincipalKind::User | PrincipalKind::ServiceAccount | PrincipalKind::IdentityPool) | None => {
            id.to_string()
        }
    })
}
