//! A process in a group of its own, with its output in a file; dropping it ends the whole group.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal};

use super::{error::Error, stop::Stop};

/// How long a killed process may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(10);
/// Lines of a log that a report quotes.
const QUOTED_LINES: usize = 8;

/// A running process; end it by dropping it.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` with no input and its output appended to `log`.
    pub(crate) fn spawn(command: &Command, log: PathBuf) -> Result<Self, Error> {
        let open = || File::options().create(true).append(true).open(&log);
        let output = open().map_err(Error::file("open", &log))?;
        let errors = open().map_err(Error::file("open", &log))?;
        let program = PathBuf::from(command.get_program());
        let child = tethered(command)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .map_err(Error::file("start", program))?;
        Ok(Self { child, log })
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for its end; `None` when that takes longer than `within`.
    pub(crate) fn wait(
        &mut self,
        within: Duration,
        stop: &Stop,
        tick: &mut dyn FnMut(),
    ) -> Result<Option<ExitStatus>, Error> {
        let since = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return Ok(Some(status));
            }
            if since.elapsed() > within {
                return Ok(None);
            }
            tick();
            stop.sleep(Duration::from_millis(50))?;
        }
    }

    /// Sends a signal to the process and what it started.
    pub(crate) fn signal(&mut self, signal: Signal) -> io::Result<()> {
        if self.ended().is_some() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "it has ended"));
        }
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        match group {
            Some(group) => Ok(rustix::process::kill_process_group(group, signal)?),
            None => Err(io::Error::new(io::ErrorKind::InvalidInput, "no process id")),
        }
    }

    /// Kills the group and waits until the process is gone.
    pub(crate) fn kill(&mut self) {
        // An error says that it has ended already.
        let _ = self.signal(Signal::KILL);
        let since = Instant::now();
        while self.ended().is_none() && since.elapsed() < GONE_WITHIN {
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The last lines it wrote.
    pub(crate) fn last_words(&self) -> String {
        last_lines(&self.log)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The last lines of a file, each on a line of its own.
fn last_lines(path: &Path) -> String {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|mut file| {
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(length.saturating_sub(8 << 10)))?;
        file.read_to_end(&mut text)
    });
    if read.is_err() || text.is_empty() {
        return "it wrote nothing".to_owned();
    }
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let quoted = lines.get(lines.len().saturating_sub(QUOTED_LINES)..).unwrap_or_default();
    format!("\n  {}", quoted.join("\n  "))
}

/// On Linux the process is started through this executable, which asks the kernel for SIGKILL at the keeper's death before it
/// becomes the program ([`become_program`]): so even a killed keeper leaves no process. The request survives `exec`, not `fork`.
#[cfg(target_os = "linux")]
fn tethered(command: &Command) -> Command {
    let mut outer = Command::new("/proc/self/exe");
    outer.arg(super::keeper::COMMAND).arg("--").arg(command.get_program()).args(command.get_args());
    copy_surroundings(command, &mut outer);
    outer
}

#[cfg(not(target_os = "linux"))]
fn tethered(command: &Command) -> Command {
    let mut same = Command::new(command.get_program());
    same.args(command.get_args());
    copy_surroundings(command, &mut same);
    same
}

/// The environment and the folder, which `Command` does not clone.
fn copy_surroundings(from: &Command, to: &mut Command) {
    for (name, value) in from.get_envs() {
        match value {
            Some(value) => to.env(name, value),
            None => to.env_remove(name),
        };
    }
    if let Some(folder) = from.get_current_dir() {
        to.current_dir(folder);
    }
}

/// Turns this process into `program`, to be killed when its parent dies. Returns when that failed.
pub(crate) fn become_program(program: &OsString, arguments: &[OsString]) -> io::Error {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)) {
        return error.into();
    }
    Command::new(program).args(arguments).exec()
}
