//! The simulation: the whole operator in one thread, over an API server in memory and the simulator's router, under virtual
//! time. A binary of its own, since it links in a fraction of the time that `tests/it` takes, and shares nothing with it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::similar_names,
    reason = "helpers of tests fail and speak as tests do"
)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what can be drawn grows, and most of it is nothing to most who look at it"
)]

/// A seed makes and drops values more than anything else: more than a quarter of its time was in the allocator of the system.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod absent;
mod address;
mod again;
mod chance;
mod crash;
mod doubt;
mod drift;
mod drive;
mod event;
mod fault;
mod guarded;
mod hundred;
mod intent;
mod lag;
mod memory;
mod missed;
mod model;
mod moment;
mod order;
mod prune;
mod pure;
mod rate;
mod reason;
mod remaining;
mod rename;
mod replica;
mod retain;
mod shadow;
mod stage;
mod story;
mod successor;
mod twin;
mod way;
mod wire;
