//! A real etcd and kube-apiserver on this machine, for `sandbox` and for tests.
//!
//! [`ControlPlane::start`] finds or builds the programs and starts them behind a keeper: this executable again, in a process group of
//! its own, tied to its parent by a pipe alone. When the pipe ends (a drop, a panic, Ctrl-C, SIGKILL) the keeper ends the programs and
//! removes their folder. This side of the pipe holds no program and no folder, so it has nothing to leave behind.

mod cache;
mod child;
mod error;
mod flags;
mod go;
mod handle;
pub mod keeper;
mod kubeconfig;
mod link;
mod plane;
mod probe;
mod protocol;
mod recipe;
mod stop;

pub use self::{
    error::Error,
    handle::{ControlPlane, Options},
    protocol::{Program, Programs, Progress, Signal},
};

/// The administrator's user name, in the group `system:masters`.
pub(crate) const ADMIN: &str = "admin";
