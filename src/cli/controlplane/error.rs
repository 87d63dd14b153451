//! What can go wrong on the way to a control plane.

use std::{io, path::PathBuf};

use super::{protocol::Program, recipe};

/// Why there is no control plane, or no answer from it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder.
    #[error("{action} `{path}`")]
    File {
        /// The operation, in lower case.
        action: &'static str,
        /// Upon what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// There is no Go to build with.
    #[error("the local control plane is built once with Go, and no `go` command was found: {}", ways_out())]
    NoGo,
    /// Go is older than the module asks for and may not fetch a newer toolchain.
    #[error("the local control plane is built once with Go, and Go {found} is too old for it: {}", ways_out())]
    OldGo {
        /// What `go version` said.
        found: String,
    },
    /// `go version` failed.
    #[error("the local control plane is built once with Go, and `go version` failed ({said}): {}", ways_out())]
    BrokenGo {
        /// What it said.
        said: String,
    },
    /// `go build` failed.
    #[error("building {program} failed ({status}): {said}")]
    Build {
        /// What was built.
        program: Program,
        /// How it ended.
        status: String,
        /// The last lines it wrote.
        said: String,
    },
    /// The folder the user named lacks a program.
    #[error(
        "`KUBEBUILDER_ASSETS` names `{folder}`, which holds no `{program}`; `setup-envtest use -p path` prints a folder that does"
    )]
    Assets {
        /// What it names.
        folder: PathBuf,
        /// What is missing.
        program: Program,
    },
    /// Neither `ROSTER_CACHE`, `XDG_CACHE_HOME` nor `HOME` is set.
    #[error("no folder is known to keep the control plane's programs in; set `ROSTER_CACHE`")]
    NoCache,
    /// Another process has been building for too long.
    #[error("another process has held `{lock}` for {seconds} s")]
    Locked {
        /// The lock file.
        lock: PathBuf,
        /// How long this one waited.
        seconds: u64,
    },
    /// A program ended although it should run.
    #[error("{program} (`{path}`) ended with {status}; its last lines: {said}")]
    Ended {
        /// Which.
        program: Program,
        /// Where it is.
        path: PathBuf,
        /// How it ended.
        status: String,
        /// The end of its log.
        said: String,
    },
    /// A program does not answer in time.
    #[error("{program} did not answer within {seconds} s; its last lines: {said}")]
    Unready {
        /// Which.
        program: Program,
        /// The deadline.
        seconds: u64,
        /// The end of its log.
        said: String,
    },
    /// What the keeper said when it could not do it.
    #[error("{0}")]
    Keeper(String),
    /// The keeper ended without a word, or could not be understood.
    #[error("the control plane's keeper ended early: {said}")]
    Lost {
        /// What it wrote to its standard error.
        said: String,
    },
    /// The keeper is silent.
    #[error("the control plane's keeper said nothing for {seconds} s")]
    Silent {
        /// How long.
        seconds: u64,
    },
    /// The parent is gone or asked to stop.
    #[error("asked to stop")]
    Stopped,
}

impl Error {
    /// Adapts an error of the file system: `.map_err(Error::file("write", path))`.
    pub(crate) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }

    /// The error and its causes in one line.
    pub(crate) fn line(&self) -> String {
        let mut line = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(next) = cause {
            line = format!("{line}: {next}");
            cause = next.source();
        }
        line
    }
}

fn ways_out() -> String {
    let wanted = recipe::go_version();
    format!(
        "install Go {wanted} or newer, or set `KUBEBUILDER_ASSETS` to a folder that holds etcd, kube-apiserver and kubectl \
         (`setup-envtest use -p path` prints one), or use a cluster that exists with `--kubeconfig`"
    )
}
