//! The pipe to a keeper, and the keeper's end.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{
    error::Error,
    keeper,
    protocol::{Event, Order, Progress, Request},
};

/// How long the keeper may take to end the programs, which it kills, and to remove their folder.
const GONE_WITHIN: Duration = Duration::from_secs(30);

/// A started keeper; dropping it ends the keeper.
#[derive(Debug)]
pub(crate) struct Link {
    child: Mutex<Child>,
    /// One question at a time; `None` once the pipe is closed.
    input: Mutex<Option<ChildStdin>>,
    events: Mutex<Receiver<Event>>,
    died: Arc<Mutex<Option<String>>>,
    errors: File,
}

impl Link {
    /// Starts the keeper and gives it its order.
    pub(crate) fn open(keeper: &Path, order: &Order) -> Result<Self, Error> {
        let errors = tempfile::tempfile().map_err(Error::file("make a file in", std::env::temp_dir()))?;
        let for_keeper = errors.try_clone().map_err(Error::file("make a file in", std::env::temp_dir()))?;
        let mut child = Command::new(keeper)
            .arg(keeper::COMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(for_keeper)
            // Ctrl-C in a terminal reaches the parent alone; the keeper has to outlive it by a moment.
            .process_group(0)
            .spawn()
            .map_err(Error::file("start", keeper))?;
        let (sender, events) = mpsc::channel();
        let died = Arc::default();
        if let Some(output) = child.stdout.take() {
            read_events(output, sender, Arc::clone(&died));
        }
        let input = Mutex::new(child.stdin.take());
        let link = Self { child: Mutex::new(child), input, events: Mutex::new(events), died, errors };
        // A keeper that is gone already is reported, with what it said, by the first wait for an event.
        let _ = write_line(&mut lock(&link.input), order);
        Ok(link)
    }

    /// The next event that is not progress; progress goes to `tell`.
    pub(crate) fn next_but_progress(&self, within: Duration, tell: &mut dyn FnMut(&Progress)) -> Result<Event, Error> {
        loop {
            let event = self.next(within)?;
            let Event::Progress(progress) = &event else { return Ok(event) };
            tell(progress);
        }
    }

    /// The next event; what the keeper could not do is an error.
    fn next(&self, within: Duration) -> Result<Event, Error> {
        match lock(&self.events).recv_timeout(within) {
            Ok(Event::Refused(said) | Event::Failed(said)) => Err(Error::Keeper(said)),
            Ok(event) => Ok(event),
            Err(RecvTimeoutError::Timeout) => Err(Error::Silent { seconds: within.as_secs() }),
            Err(RecvTimeoutError::Disconnected) => Err(Error::Lost { said: self.last_words() }),
        }
    }

    /// Asks for something and waits for the answer.
    pub(crate) fn ask(&self, request: Request, within: Duration) -> Result<Event, Error> {
        let mut input = lock(&self.input);
        // As above: the wait tells more than a broken pipe does.
        let _ = write_line(&mut input, &request);
        self.next(within)
    }

    /// The last program that ended on its own.
    pub(crate) fn died(&self) -> Option<String> {
        lock(&self.died).clone()
    }

    fn last_words(&self) -> String {
        let mut said = String::new();
        let mut file = &self.errors;
        let read = file.rewind().and_then(|()| file.read_to_string(&mut said));
        if read.is_err() || said.trim().is_empty() { "it said nothing".to_owned() } else { said.trim().to_owned() }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        lock(&self.input).take();
        let mut child = lock(&self.child);
        let since = Instant::now();
        while since.elapsed() < GONE_WITHIN {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        // The programs go with it on Linux; see `child::become_program`.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Passes events on until the keeper's output ends; a death is news at any time and never the answer to a question.
fn read_events(output: ChildStdout, sender: Sender<Event>, died: Arc<Mutex<Option<String>>>) {
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            match serde_json::from_str(&line) {
                Ok(Event::Died(said)) => *lock(&died) = Some(said),
                Ok(event) => {
                    if sender.send(event).is_err() {
                        return;
                    }
                }
                Err(_) => return,
            }
        }
    });
}

fn write_line(input: &mut Option<ChildStdin>, value: &impl Serialize) -> std::io::Result<()> {
    let line = serde_json::to_string(value)?;
    match input {
        Some(input) => writeln!(input, "{line}").and_then(|()| input.flush()),
        None => Err(std::io::ErrorKind::BrokenPipe.into()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
