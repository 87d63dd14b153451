//! `roster snapshot`: who may do what in an organization, as one file that people read and the other commands answer from. IO.
//!
//! It holds no secret: neither keys nor what opens anything, only who is there, which clusters there are, and every binding.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    access::{
        Crn, Email, Listing, PrincipalId,
        listing::{Binding, Cluster, ClusterKind, Environment, Invitation, InvitationStatus, ServiceAccount, User},
    },
    backend::{
        AccessBackend, BackendError, ConfluentCloud, Credential, Endpoint, HttpClient, Settings, SocketTransport,
        TransportError,
        http::{CredentialError, EndpointError},
    },
};

/// The version of the file's form.
const VERSION: u32 = 1;

/// How to reach an organization.
#[derive(Clone, Debug, clap::Args)]
pub struct Live {
    /// The base URL of Confluent Cloud's API, or of a simulator; plain http is for loopback.
    #[arg(long, value_name = "URL", default_value = "https://api.confluent.cloud")]
    pub endpoint: String,
    /// The organization's id.
    #[arg(long, value_name = "UUID")]
    pub organization_id: Option<String>,
    /// A folder with the files `key` and `secret`, as a mounted Secret is: a Cloud API key whose owner may read all role
    /// bindings.
    #[arg(long, value_name = "FOLDER")]
    pub credential: Option<PathBuf>,
}

/// Saves who may do what in an organization as one readable file without secrets.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    live: Live,
    /// Where to write it; standard output where it is not given.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something that has to be given.
    #[error("`--{0}` is needed to ask an organization: see `roster snapshot --help`")]
    Lacking(&'static str),
    /// The address.
    #[error("`--endpoint`")]
    Endpoint(#[from] EndpointError),
    /// Plain http to a stranger.
    #[error("`--endpoint` is plain http to `{0}`, which would show the credential to the network: use https")]
    Plain(String),
    /// A file.
    #[error("{verb} `{}`", path.display())]
    File {
        /// What was to be done.
        verb: &'static str,
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// What the folder holds.
    #[error("the credential in `{}`", .0.display())]
    Credential(PathBuf, #[source] CredentialError),
    /// The client.
    #[error("make a client")]
    Transport(#[from] TransportError),
    /// The vendor.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The credential is another organization's.
    #[error("the credential belongs to the organization `{found}`, and `--organization-id` is `{declared}`")]
    Mismatch {
        /// What was given.
        declared: String,
        /// What the vendor says.
        found: String,
    },
    /// A file that is no snapshot.
    #[error("`{}` is no snapshot of version {VERSION}: make one with `roster snapshot --output FILE`", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What is wrong, with the line.
        #[source]
        source: serde_yaml::Error,
    },
    /// It could not be written as text.
    #[error("write the snapshot as YAML")]
    Yaml(#[source] serde_yaml::Error),
    /// Standard output is closed.
    #[error("write to standard output")]
    Print(#[source] io::Error),
}

/// An organization's access at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Snapshot {
    version: u32,
    /// The organization's id.
    pub organization_id: String,
    /// Its display name.
    pub display_name: String,
    /// The server named itself a simulator.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simulated: bool,
    /// People, those who are invited among them.
    pub people: Vec<Person>,
    /// Invitations of any state; files from before these were saved have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invitations: Vec<Invited>,
    /// Service accounts.
    pub service_accounts: Vec<Account>,
    /// Clusters, which decide what roles exist inside them.
    pub clusters: Vec<Place>,
    /// Every role binding.
    pub bindings: Vec<Bound>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Person {
    /// In lower case.
    pub email: String,
    /// `u-…`
    pub id: String,
}

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Invited {
    /// In lower case.
    pub email: String,
    /// The invited person's id, where the vendor tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Where it stands.
    pub state: State,
}

/// Where an invitation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum State {
    /// Waiting for the person.
    Pending,
    /// The person accepted.
    Accepted,
    /// It lapsed.
    Expired,
    /// Withdrawn, or of a state that is not known here.
    Inactive,
}

/// A service account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Account {
    /// Unique in the organization.
    pub display_name: String,
    /// `sa-…`
    pub id: String,
}

/// A cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Place {
    /// `env-…`
    pub environment: String,
    /// `lkc-…`
    pub id: String,
    /// For people.
    pub display_name: String,
    /// Whether roles exist inside it; absent where the type is one that we do not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granular: Option<bool>,
}

/// One binding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bound {
    /// The holder's id.
    pub principal: String,
    /// The role.
    pub role: String,
    /// Where, as the vendor writes it.
    pub crn: String,
}

impl From<InvitationStatus> for State {
    fn from(status: InvitationStatus) -> Self {
        match status {
            InvitationStatus::Pending => Self::Pending,
            InvitationStatus::Accepted => Self::Accepted,
            InvitationStatus::Expired => Self::Expired,
            InvitationStatus::Inactive => Self::Inactive,
        }
    }
}

impl From<State> for InvitationStatus {
    fn from(state: State) -> Self {
        match state {
            State::Pending => Self::Pending,
            State::Accepted => Self::Accepted,
            State::Expired => Self::Expired,
            State::Inactive => Self::Inactive,
        }
    }
}

/// Takes it, and writes it where it belongs.
pub async fn run(args: Args) -> Result<(), Error> {
    let snapshot = take(&args.live).await?;
    let text = snapshot.text()?;
    match &args.output {
        Some(path) => fs::write(path, text).map_err(|source| Error::File { verb: "write", path: path.clone(), source }),
        None => io::stdout().lock().write_all(text.as_bytes()).map_err(Error::Print),
    }
}

/// Asks an organization.
pub async fn take(live: &Live) -> Result<Snapshot, Error> {
    super::run::install_crypto();
    let declared = live.organization_id.as_deref().ok_or(Error::Lacking("organization-id"))?;
    let folder = live.credential.as_deref().ok_or(Error::Lacking("credential"))?;
    let endpoint = Endpoint::parse(&live.endpoint)?;
    if !endpoint.is_https() && !endpoint.is_loopback() {
        return Err(Error::Plain(endpoint.host().to_owned()));
    }
    let (key, secret) = (read(&folder.join("key"))?, read(&folder.join("secret"))?);
    let credential = Credential::api_key(&key, &secret.into());
    let credential = credential.map_err(|source| Error::Credential(folder.to_owned(), source))?;
    let settings = Settings::new(u64::from(std::process::id()));
    let http = HttpClient::new(SocketTransport::new(&endpoint)?, endpoint, credential, settings);
    let backend = ConfluentCloud::new(http, declared);
    let identity = backend.identify().await?;
    if !identity.organization.eq_ignore_ascii_case(declared) {
        return Err(Error::Mismatch { declared: declared.to_owned(), found: identity.organization });
    }
    let listing = backend.list().await?;
    let mut snapshot = Snapshot::of(&identity.organization, &identity.display_name, listing);
    snapshot.simulated = identity.simulated;
    Ok(snapshot)
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::File { verb: "read", path: path.to_owned(), source })
}

impl Snapshot {
    /// What a listing holds, sorted, so that two snapshots of the same state are the same text.
    pub fn of(organization_id: &str, display_name: &str, listing: Listing) -> Self {
        let person = |user: User| Person { email: user.email.to_string(), id: user.id.as_str().to_owned() };
        let invited = |it: Invitation| Invited {
            email: it.email.to_string(),
            user: it.user.map(|id| id.as_str().to_owned()),
            state: it.status.into(),
        };
        let account = |it: ServiceAccount| Account { display_name: it.display_name, id: it.id.as_str().to_owned() };
        let place = |it: Cluster| {
            let granular = match it.kind {
                ClusterKind::Granular => Some(true),
                ClusterKind::Basic => Some(false),
                ClusterKind::Unknown => None,
            };
            Place { environment: it.environment, id: it.id, display_name: it.display_name, granular }
        };
        let bound = |it: Binding| Bound { principal: it.principal.as_str().to_owned(), role: it.role, crn: it.crn };
        let mut snapshot = Self {
            version: VERSION,
            organization_id: organization_id.to_owned(),
            display_name: display_name.to_owned(),
            simulated: false,
            people: listing.users.into_iter().map(person).collect(),
            invitations: listing.invitations.into_iter().map(invited).collect(),
            service_accounts: listing.service_accounts.into_iter().map(account).collect(),
            clusters: listing.clusters.into_iter().map(place).collect(),
            bindings: listing.bindings.into_iter().map(bound).collect(),
        };
        snapshot.people.sort();
        snapshot.invitations.sort();
        snapshot.service_accounts.sort();
        snapshot.clusters.sort();
        snapshot.bindings.sort();
        snapshot
    }

    /// The same as a listing, as far as it is told.
    pub fn listing(&self) -> Listing {
        let user = |it: &Person| User {
            id: PrincipalId::new(&it.id),
            email: Email::from_remote(&it.email),
            full_name: String::new(),
            auth_type: None,
            created_at: None,
        };
        let invitation = |(number, it): (usize, &Invited)| Invitation {
            id: number.to_string(),
            email: Email::from_remote(&it.email),
            status: it.state.into(),
            user: it.user.as_ref().map(PrincipalId::new),
            created_at: None,
            expires_at: None,
        };
        let cluster = |it: &Place| Cluster {
            id: it.id.clone(),
            environment: it.environment.clone(),
            display_name: it.display_name.clone(),
            kind: match it.granular {
                Some(true) => ClusterKind::Granular,
                Some(false) => ClusterKind::Basic,
                None => ClusterKind::Unknown,
            },
        };
        let binding = |(number, it): (usize, &Bound)| Binding {
            id: number.to_string(),
            principal: PrincipalId::new(&it.principal),
            role: it.role.clone(),
            crn: it.crn.clone(),
            scope: it.crn.parse::<Crn>().ok().map(|crn| crn.scope),
            created_at: None,
        };
        let account =
            |it: &Account| ServiceAccount { id: PrincipalId::new(&it.id), display_name: it.display_name.clone() };
        let environment = |id: &str| Environment { id: id.to_owned(), display_name: String::new() };
        let mut environments: Vec<&str> = self.clusters.iter().map(|it| it.environment.as_str()).collect();
        environments.sort_unstable();
        environments.dedup();
        Listing {
            users: self.people.iter().map(user).collect(),
            invitations: self.invitations.iter().enumerate().map(invitation).collect(),
            service_accounts: self.service_accounts.iter().map(account).collect(),
            bindings: self.bindings.iter().enumerate().map(binding).collect(),
            environments: environments.into_iter().map(environment).collect(),
            clusters: self.clusters.iter().map(cluster).collect(),
            ..Listing::default()
        }
    }

    /// As the file holds it.
    pub fn text(&self) -> Result<String, Error> {
        let body = serde_yaml::to_string(self).map_err(Error::Yaml)?;
        Ok(format!("# Who may do what, as `roster snapshot` found it. It holds no secret.\n{body}"))
    }

    /// Reads a file.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let text = read(path)?;
        let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
        let snapshot: Self = serde_yaml::from_str(&text).map_err(unreadable)?;
        if snapshot.version != VERSION {
            let source = serde::de::Error::custom(format!("its version is {}", snapshot.version));
            return Err(unreadable(source));
        }
        Ok(snapshot)
    }
}

#[cfg(test)]
mod tests;
