//! The process between a user of the control plane and its programs: when its standard input ends, for whatever reason the user of it
//! is gone, it ends the programs and removes their folder. It speaks `protocol` on standard input and output.

use std::{
    ffi::OsString,
    io::{self, BufRead, Write},
    process::ExitCode,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use super::{
    cache, child,
    error::Error,
    plane::Plane,
    protocol::{Event, Goal, Order, Progress, Request},
    stop::Stop,
};

pub(crate) use super::plane::MANAGER;

/// The hidden subcommand that runs [`run`].
pub const COMMAND: &str = "control-plane-keeper";

/// The arguments of the hidden subcommand.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Become this program, to be killed with the process that started it.
    #[arg(last = true, hide = true)]
    program: Vec<OsString>,
}

/// Runs the keeper until its input ends; never call it from async code.
pub fn run(arguments: &Arguments) -> ExitCode {
    if let [program, rest @ ..] = arguments.program.as_slice() {
        let error = child::become_program(program, rest);
        // The output is the program's log.
        let _ = writeln!(io::stderr(), "cannot start `{}`: {error}", program.display());
        return ExitCode::from(127);
    }
    match keep() {
        Ok(()) | Err(Error::Stopped) => ExitCode::SUCCESS,
        Err(error) => {
            say(&Event::Failed(error.line()));
            ExitCode::FAILURE
        }
    }
}

fn keep() -> Result<(), Error> {
    let stop = Stop::default();
    stop.raise_on_signals().map_err(Error::file("listen for signals as", COMMAND))?;
    let mut line = String::new();
    io::stdin().read_line(&mut line).map_err(Error::file("read the order of", COMMAND))?;
    let order: Order =
        serde_json::from_str(&line).map_err(|error| Error::Keeper(format!("the order is unreadable: {error}")))?;
    let requests = read_requests(&stop);
    let tell = |progress: Progress| say(&Event::Progress(progress));
    let programs = cache::ensure(order.controller_manager, &stop, &tell)?;
    if order.goal == Goal::Programs {
        say(&Event::Programs(programs));
        return Ok(());
    }
    let mut plane = Plane::start(&order, &programs, &stop, &tell)?;
    say(&Event::Ready(plane.ready()));
    serve(&mut plane, &requests, &stop)
}

/// Answers requests and watches the programs, until it is time to stop.
fn serve(plane: &mut Plane, requests: &Receiver<Request>, stop: &Stop) -> Result<(), Error> {
    loop {
        match requests.recv_timeout(Duration::from_millis(100)) {
            Ok(request) => match answer(plane, request, stop) {
                Ok(()) => say(&Event::Done),
                Err(Error::Stopped) => return Ok(()),
                Err(error) => say(&Event::Refused(error.line())),
            },
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if stop.is_raised() {
            return Ok(());
        }
        if let Err(error) = plane.check() {
            say(&Event::Died(error.line()));
        }
    }
}

fn answer(plane: &mut Plane, request: Request, stop: &Stop) -> Result<(), Error> {
    match request {
        Request::Signal { program, signal } => plane.signal(program, signal),
        Request::Start { program } if plane.runs(program) => Err(Error::Keeper(format!("{program} is running"))),
        Request::Start { program } => plane.launch(program, stop, &mut || {}),
    }
}

/// Reads requests in a thread of their own, which raises `stop` at the end of the input.
fn read_requests(stop: &Stop) -> Receiver<Request> {
    let (sender, receiver) = mpsc::channel();
    let stop = stop.clone();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            // Both ends are this program, so an unreadable line is the end of sense.
            let Ok(request) = serde_json::from_str(&line) else { break };
            if sender.send(request).is_err() {
                break;
            }
        }
        stop.raise();
    });
    receiver
}

/// A parent that is gone hears nothing; the end of the input says so.
fn say(event: &Event) {
    if let Ok(line) = serde_json::to_string(event) {
        let mut output = io::stdout().lock();
        let _ = writeln!(output, "{line}").and_then(|()| output.flush());
    }
}
