//! The simulation: the whole operator in one thread, over an API server in memory and the simulator's router, under virtual
//! time. A binary of its own, since it links in a fraction of the time that `tests/it` takes, and shares nothing with it.
mod chance;
mod memory;
mod stage;
mod story;
mod twin;
