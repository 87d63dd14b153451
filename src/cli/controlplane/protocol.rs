//! What the parent and the keeper say to each other, one JSON value a line. PURE: values only.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

/// A program of the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Program {
    /// The store.
    Etcd,
    /// The API server.
    KubeApiserver,
    /// The client, for people and tests.
    Kubectl,
    /// Ends namespaces, collects garbage, makes default service accounts.
    KubeControllerManager,
}

impl Program {
    /// The file name, which is also the folder below `cmd/` in the Go module.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::KubeApiserver => "kube-apiserver",
            Self::Kubectl => "kubectl",
            Self::KubeControllerManager => "kube-controller-manager",
        }
    }

    /// Seconds a cold build took on two cores, in the order in which they are built.
    pub(crate) const fn typical_build_seconds(self) -> u64 {
        match self {
            Self::KubeApiserver => 240,
            Self::Etcd => 15,
            Self::Kubectl => 25,
            Self::KubeControllerManager => 75,
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where each program is.
pub type Programs = BTreeMap<Program, PathBuf>;

/// A signal for a program of the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// SIGKILL; the call returns when the program is gone.
    Kill,
    /// SIGTERM; the call does not wait for the end.
    Terminate,
    /// SIGSTOP: the program hangs, its sockets stay open.
    Pause,
    /// SIGCONT.
    Resume,
}

/// What goes on while the control plane comes up; `Display` is a line for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Another process builds the same programs; this one uses what it makes.
    Waiting {
        /// Seconds since the wait began.
        seconds: u64,
    },
    /// A program is being built; said again at least every ten seconds.
    Building {
        /// Which.
        program: Program,
        /// Its place among those to build, from 1.
        number: usize,
        /// How many are to be built.
        of: usize,
        /// Seconds since its build began.
        seconds: u64,
    },
    /// A program is in the cache now.
    Built {
        /// Which.
        program: Program,
        /// Seconds its build took.
        seconds: u64,
    },
    /// The programs are starting.
    Starting {
        /// Seconds since the first one was started.
        seconds: u64,
    },
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting { seconds } => {
                write!(f, "waiting for another process that builds the control plane ({seconds} s)")
            }
            Self::Building { program, number, of, seconds } => {
                let typical = program.typical_build_seconds();
                write!(
                    f,
                    "building {program} ({number} of {of}) from pinned Go modules, once: {seconds} s so far, about {typical} s on two cores"
                )
            }
            Self::Built { program, seconds } => write!(f, "built {program} in {seconds} s"),
            Self::Starting { seconds } => write!(f, "starting etcd and kube-apiserver ({seconds} s)"),
        }
    }
}

/// The first line the keeper reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    /// Run kube-controller-manager too.
    pub(crate) controller_manager: bool,
    /// Write an audit log.
    pub(crate) audit: bool,
    /// Let etcd sync its files.
    pub(crate) fsync: bool,
    /// When the keeper has done its work.
    pub(crate) goal: Goal,
}

/// How far the keeper goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Goal {
    /// The programs are there.
    Programs,
    /// They run, until the input ends.
    Running,
}

/// A later line the keeper reads; the end of its input is the request to end.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    /// Send a signal to a program.
    Signal {
        /// To whom.
        program: Program,
        /// Which.
        signal: Signal,
    },
    /// Start a program that has ended, with the ports and files it had.
    Start {
        /// Which.
        program: Program,
    },
}

/// A line the keeper writes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    /// Something goes on.
    Progress(Progress),
    /// The answer to [`Goal::Programs`]; the keeper ends.
    Programs(Programs),
    /// The control plane answers.
    Ready(Ready),
    /// The request is done.
    Done,
    /// The request was not done; the control plane goes on.
    Refused(String),
    /// A program ended that nobody asked to end; the others go on.
    Died(String),
    /// The control plane could not be started; the keeper ends.
    Failed(String),
}

/// Where the running control plane is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// The URL of the API server.
    pub(crate) server: String,
    /// Everything of this control plane lies below here.
    pub(crate) folder: PathBuf,
    /// The programs used.
    pub(crate) programs: Programs,
}
