//! How long the sandbox takes with warm caches, beside the bare start of etcd and kube-apiserver. Run it on a quiet machine:
//! `cargo bench --bench sandbox`. The budget is three times the bare start, by medians of three.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench fails and speaks as tests do"
)]

use std::{
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use roster::cli::controlplane::{ControlPlane, Options};

const ROSTER: &str = env!("CARGO_BIN_EXE_roster");
const RUNS: usize = 3;
const BUDGET: f64 = 3.0;

fn main() -> ExitCode {
    let mut options = Options::new(ROSTER);
    options.controller_manager = true;
    // Whatever has to be built is built before the clock starts.
    ControlPlane::prepare(&options, |progress| eprintln!("{progress}")).unwrap();
    let bare = median(|| drop(ControlPlane::start(&Options::new(ROSTER), |_| {}).unwrap()));
    let sandbox = median(|| {
        let status =
            Command::new(ROSTER).args(["sandbox", "--once"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(status.unwrap().success());
    });
    let ratio = sandbox.as_secs_f64() / bare.as_secs_f64();
    println!("bare start and stop   {:.2} s", bare.as_secs_f64());
    println!("sandbox --once        {:.2} s", sandbox.as_secs_f64());
    println!("ratio                 {ratio:.2} (budget {BUDGET})");
    if ratio <= BUDGET { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn median(mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let began = Instant::now();
            run();
            began.elapsed()
        })
        .collect();
    times.sort();
    times[RUNS / 2]
}
