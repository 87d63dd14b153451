//! One test binary, so that one control plane serves every test in it.
mod architecture;
mod cluster;
mod controlplane;
mod counts;
mod crash;
mod examples;
mod generated;
mod isolation;
mod lease;
mod onboarding;
mod permissions;
mod refusals;
mod replica;
mod sandbox;
mod schema;
mod simulator;
mod stage;
