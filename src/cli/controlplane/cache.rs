//! Finds the programs: in `KUBEBUILDER_ASSETS`, else in the per-user cache, else builds them into it, one process at a time.

use std::{
    ffi::OsString,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use super::{
    child::Process,
    error::Error,
    go,
    protocol::{Program, Programs, Progress},
    recipe,
    stop::Stop,
};

/// How often a long step says that it goes on.
const TOLD_EVERY: Duration = Duration::from_secs(5);
/// How often a waiting step looks again.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long one program may take to build; the largest takes four minutes on two cores, cold.
const BUILT_WITHIN: Duration = Duration::from_hours(1);
/// How long another process may build them all.
const LOCKED_WITHIN: Duration = Duration::from_hours(2);
/// How a build's folder begins; a leftover one belonged to a process that was killed.
const BUILD_PREFIX: &str = "build-";

/// Where a report of progress goes.
pub(crate) type Tell<'a> = &'a dyn Fn(Progress);

/// Every program of the control plane, built if need be.
pub(crate) fn ensure(controller_manager: bool, stop: &Stop, tell: Tell<'_>) -> Result<Programs, Error> {
    let environment = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let wanted = recipe::wanted(controller_manager);
    let mut found = match environment("KUBEBUILDER_ASSETS") {
        Some(folder) => from_assets(&wanted, Path::new(&folder))?,
        None => Programs::new(),
    };
    let rest: Vec<Program> = wanted.into_iter().filter(|program| !found.contains_key(program)).collect();
    if !rest.is_empty() {
        let cache = Cache { folder: cache_folder(&environment)?.join("controlplane").join(recipe::cache_key()) };
        found.extend(cache.ensure(&rest, stop, tell)?);
    }
    Ok(found)
}

/// envtest's folders hold three programs; kube-controller-manager is used when it is there, and otherwise built.
fn from_assets(wanted: &[Program], folder: &Path) -> Result<Programs, Error> {
    let mut found = Programs::new();
    for &program in wanted {
        let path = folder.join(program.name());
        if path.is_file() {
            found.insert(program, path);
        } else if program != Program::KubeControllerManager {
            return Err(Error::Assets { folder: folder.to_owned(), program });
        }
    }
    Ok(found)
}

fn cache_folder(environment: &dyn Fn(&str) -> Option<OsString>) -> Result<PathBuf, Error> {
    let path = |name: &str| environment(name).map(PathBuf::from);
    path("ROSTER_CACHE")
        .or_else(|| path("XDG_CACHE_HOME").map(|folder| folder.join("roster")))
        .or_else(|| path("HOME").map(|folder| folder.join(".cache/roster")))
        .ok_or(Error::NoCache)
}

/// The folder of one content of the Go module.
struct Cache {
    folder: PathBuf,
}

impl Cache {
    fn ensure(&self, wanted: &[Program], stop: &Stop, tell: Tell<'_>) -> Result<Programs, Error> {
        if !self.missing(wanted).is_empty() {
            fs::create_dir_all(&self.folder).map_err(Error::file("make the folder", &self.folder))?;
            let _lock = self.lock(stop, tell)?;
            // The process that held the lock may have built them.
            let missing = self.missing(wanted);
            if !missing.is_empty() {
                self.sweep();
                self.build(&missing, stop, tell)?;
            }
        }
        Ok(wanted.iter().map(|&program| (program, self.path(program))).collect())
    }

    fn path(&self, program: Program) -> PathBuf {
        self.folder.join(program.name())
    }

    fn missing(&self, wanted: &[Program]) -> Vec<Program> {
        wanted.iter().copied().filter(|&program| !self.path(program).is_file()).collect()
    }

    /// The lock goes with the file handle, and so with the process, however it ends.
    fn lock(&self, stop: &Stop, tell: Tell<'_>) -> Result<File, Error> {
        let path = self.folder.join("lock");
        let file = File::options().create(true).append(true).open(&path).map_err(Error::file("open", &path))?;
        let mut ticks = Ticks::new();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(Error::File { action: "lock", path, source }),
            }
            if ticks.since.elapsed() > LOCKED_WITHIN {
                return Err(Error::Locked { lock: path, seconds: LOCKED_WITHIN.as_secs() });
            }
            ticks.tick(|seconds| tell(Progress::Waiting { seconds }));
            stop.sleep(LOOK_EVERY)?;
        }
    }

    /// Removes what killed builds left; the lock is held, so none is running.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(BUILD_PREFIX) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    /// Builds into a folder beside the programs, so that the last step of each is a rename: no name ever holds half a program.
    fn build(&self, missing: &[Program], stop: &Stop, tell: Tell<'_>) -> Result<(), Error> {
        let work = tempfile::Builder::new()
            .prefix(BUILD_PREFIX)
            .tempdir_in(&self.folder)
            .map_err(Error::file("make a folder in", &self.folder))?;
        write_module(work.path())?;
        let mut go = None;
        for (index, &program) in missing.iter().enumerate() {
            let mut ticks = Ticks::new();
            let (number, of) = (index + 1, missing.len());
            let mut tick = || ticks.tick(|seconds| tell(Progress::Building { program, number, of, seconds }));
            let go = match &go {
                Some(go) => go,
                None => go.insert(go::find(work.path(), stop, &mut tick)?),
            };
            let output = work.path().join(program.name());
            let log = work.path().join(format!("{program}.log"));
            let mut build = Process::spawn(&build_command(go, work.path(), program, &output), log)?;
            let status = build.wait(BUILT_WITHIN, stop, &mut tick)?;
            if !status.is_some_and(|status| status.success()) {
                let status = status
                    .map_or_else(|| format!("no end after {} s", BUILT_WITHIN.as_secs()), |status| status.to_string());
                return Err(Error::Build { program, status, said: build.last_words() });
            }
            let synced = File::open(&output).and_then(|file| file.sync_all());
            synced.and_then(|()| fs::rename(&output, self.path(program))).map_err(Error::file("keep", &output))?;
            tell(Progress::Built { program, seconds: ticks.since.elapsed().as_secs() });
        }
        Ok(())
    }
}

fn write_module(folder: &Path) -> Result<(), Error> {
    for (name, content) in recipe::FILES {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(Error::file("make the folder", parent))?;
        fs::write(&path, content).map_err(Error::file("write", &path))?;
    }
    Ok(())
}

/// The user's settings for Go (`GOFLAGS`, `GOPROXY`, `GOTOOLCHAIN`, …) hold, but for what would build another program than this
/// machine's: a workspace, or another target. Go's own scratch folder lies in ours, so that a killed build leaves nothing.
fn build_command(go: &Path, module: &Path, program: Program, output: &Path) -> Command {
    let (system, processor) = recipe::go_target();
    let mut command = Command::new(go);
    command.arg("build").args(recipe::build_flags()).arg("-o").arg(output).arg(format!("./cmd/{program}"));
    command
        .current_dir(module)
        .env("GOWORK", "off")
        .env("GOOS", system)
        .env("GOARCH", processor)
        .env("GOTMPDIR", module);
    if std::env::var_os("CGO_ENABLED").is_none() {
        // No C compiler is needed.
        command.env("CGO_ENABLED", "0");
    }
    command
}

/// Says at the start and then every few seconds how long a step has taken.
pub(crate) struct Ticks {
    since: Instant,
    told: Option<Instant>,
}

impl Ticks {
    pub(crate) fn new() -> Self {
        Self { since: Instant::now(), told: None }
    }

    pub(crate) fn tick(&mut self, tell: impl FnOnce(u64)) {
        if self.told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
            self.told = Some(Instant::now());
            tell(self.since.elapsed().as_secs());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_the_users() {
        for (set, expected) in [
            (&["ROSTER_CACHE", "XDG_CACHE_HOME", "HOME"][..], Some("/ROSTER_CACHE")),
            (&["XDG_CACHE_HOME", "HOME"], Some("/XDG_CACHE_HOME/roster")),
            (&["HOME"], Some("/HOME/.cache/roster")),
            (&[], None),
        ] {
            let environment = |name: &str| set.contains(&name).then(|| OsString::from(format!("/{name}")));
            assert_eq!(cache_folder(&environment).ok(), expected.map(PathBuf::from));
        }
    }

    #[test]
    fn assets_may_lack_the_controller_manager_only() {
        let folder = tempfile::tempdir().unwrap();
        for program in recipe::wanted(false) {
            fs::write(folder.path().join(program.name()), "").unwrap();
        }
        let found = from_assets(&recipe::wanted(true), folder.path()).unwrap();
        assert_eq!(found.len(), 3);
        fs::remove_file(folder.path().join("etcd")).unwrap();
        let error = from_assets(&recipe::wanted(false), folder.path()).unwrap_err();
        assert!(error.to_string().contains("holds no `etcd`"), "{error}");
    }
}
