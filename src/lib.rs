//! Roster keeps who may do what in Confluent Cloud equal to reviewed manifests in git.
//!
//! `ARCHITECTURE.md` beside this file is the map: the layers, what each may name, and what is absent on purpose.

pub mod access;
pub mod api;
#[cfg(feature = "operator")]
pub mod backend;
#[cfg(feature = "operator")]
pub mod cli;
#[cfg(feature = "operator")]
pub mod controller;
pub mod plan;
pub mod simulator;
pub mod status;
#[cfg(feature = "operator")]
pub mod telemetry;
