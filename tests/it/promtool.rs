//! promtool, built once from the pinned module of `tests/promtool/` into the per-user cache, as the control plane is.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests fail and speak as tests do"
)]

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Instant,
};

use sha2::{Digest, Sha256};

const PACKAGE: &str = "github.com/prometheus/prometheus/cmd/promtool";
const MODULE: [(&str, &str); 2] =
    [("go.mod", include_str!("../promtool/go.mod")), ("go.sum", include_str!("../promtool/go.sum"))];
/// Service discovery is half of the program, and no part of rules.
const FLAGS: [&str; 6] = ["-tags", "remove_all_sd", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w"];

/// Runs promtool in a folder.
pub(crate) fn promtool(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(program()).current_dir(folder).args(arguments).output().unwrap()
}

/// `ROSTER_PROMTOOL`, else the cached one, else built.
pub(crate) fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("ROSTER_PROMTOOL").filter(|path| !path.is_empty()) {
        return path.into();
    }
    let folder = cache().join("promtool").join(key());
    let program = folder.join("promtool");
    fs::create_dir_all(&folder).unwrap();
    // It goes with the file handle, and so with the process, however that ends.
    let lock = File::options().create(true).append(true).open(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    if !program.is_file() {
        build(&folder, &program);
    }
    program
}

/// Builds beside the program, so that the last step is a rename: the name never holds half a program.
fn build(folder: &Path, program: &Path) {
    let since = Instant::now();
    eprintln!("building promtool, once: about two minutes on two cores");
    let work = tempfile::tempdir_in(folder).unwrap();
    for (name, content) in MODULE {
        fs::write(work.path().join(name), content).unwrap();
    }
    let mut command = Command::new("go");
    command.arg("build").args(FLAGS).args(["-o", "promtool", PACKAGE]).current_dir(work.path());
    let built = command.env("GOWORK", "off").env("CGO_ENABLED", "0").output();
    let built = built.unwrap_or_else(|error| {
        panic!("`go build` cannot be run ({error}): install Go 1.21 or newer, or set `ROSTER_PROMTOOL` to a promtool")
    });
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    fs::rename(work.path().join("promtool"), program).unwrap();
    eprintln!("promtool was built in {} s", since.elapsed().as_secs());
}

fn cache() -> PathBuf {
    let path = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    path("ROSTER_CACHE")
        .or_else(|| path("XDG_CACHE_HOME").map(|folder| folder.join("roster")))
        .or_else(|| path("HOME").map(|folder| folder.join(".cache/roster")))
        .unwrap()
}

/// Whatever changes the program changes it.
fn key() -> String {
    let mut hash = Sha256::new();
    let target = [std::env::consts::OS, std::env::consts::ARCH];
    for part in MODULE.iter().flat_map(|(name, content)| [*name, *content]).chain(FLAGS).chain(target) {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize()[..8].iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
