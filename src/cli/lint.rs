//! `roster lint`: what can be said about manifests without a cluster.

pub mod schema;
