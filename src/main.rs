//! The `roster` program; everything is in the library.

use std::process::ExitCode;

use clap::Parser;
use roster::cli::Command;

fn main() -> ExitCode {
    Command::parse().execute()
}
