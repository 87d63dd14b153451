//! Helm itself, built once from the pinned Go module `tests/helm` into the per-user cache. IO.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests fail and speak as tests do"
)]

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use sha2::{Digest, Sha256};

/// The chart in the repository.
pub(super) const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/charts/roster");
const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/helm");

/// A major version of Helm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Helm {
    Three,
    Four,
}

impl Helm {
    pub(super) const ALL: [Self; 2] = [Self::Three, Self::Four];

    fn number(self) -> &'static str {
        match self {
            Self::Three => "3",
            Self::Four => "4",
        }
    }

    fn package(self) -> String {
        format!("helm.sh/helm/v{}", self.number())
    }

    /// The stamps of a released Helm: its version, and for Helm 3 the Kubernetes that it takes a cluster for where there is none.
    fn stamps(self, module: &str) -> String {
        let package = self.package();
        let version = |name: &str| {
            let line = module.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(' '));
            line.unwrap().split(' ').next().unwrap()
        };
        let own = format!("-s -w -X {package}/internal/version.version={}", version(&package));
        let minor = version("k8s.io/client-go").split('.').nth(1).unwrap();
        let kubernetes =
            |place| format!(" -X {package}/{place}.k8sVersionMajor=1 -X {package}/{place}.k8sVersionMinor={minor}");
        match self {
            Self::Three => own + &kubernetes("pkg/chartutil") + &kubernetes("pkg/lint/rules"),
            Self::Four => own,
        }
    }

    /// Runs it without a cluster and without the user's configuration.
    pub(super) fn run(self, arguments: &[&str]) -> Output {
        self.command(Path::new("/nonexistent")).args(arguments).output().unwrap()
    }

    /// What it printed where it must succeed.
    pub(super) fn done(self, arguments: &[&str]) -> String {
        printed(self.run(arguments), arguments)
    }

    /// A command against the cluster of a kubeconfig.
    pub(super) fn command(self, kubeconfig: &Path) -> Command {
        let mut command = Command::new(self.program());
        for name in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(name, "/nonexistent");
        }
        command.env("KUBECONFIG", kubeconfig);
        command
    }

    /// The objects that it renders with a file of values, under the name and the namespace that the files have.
    pub(super) fn render(self, chart: &str, arguments: &[&str]) -> String {
        self.done(&[&["template", "roster", chart, "--namespace", "roster-system"], arguments].concat())
    }

    pub(super) fn program(self) -> PathBuf {
        static BUILT: OnceLock<PathBuf> = OnceLock::new();
        BUILT.get_or_init(built).join(self.name())
    }

    fn name(self) -> String {
        format!("helm{}", self.number())
    }
}

/// What a command printed that must have succeeded.
pub(super) fn printed(output: Output, what: &[&str]) -> String {
    assert!(output.status.success(), "{what:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The files of values that the chart is tested with.
pub(super) fn values() -> Vec<String> {
    let entries = fs::read_dir(Path::new(CHART).join("ci")).unwrap();
    let mut paths: Vec<String> = entries.map(|it| it.unwrap().path().to_str().unwrap().to_owned()).collect();
    paths.sort();
    paths
}

/// The folder with both programs; whoever comes second waits, as a process and as a thread.
fn built() -> PathBuf {
    let module = fs::read_to_string(Path::new(MODULE).join("go.mod")).unwrap();
    let sums = fs::read_to_string(Path::new(MODULE).join("go.sum")).unwrap();
    let mut hash = Sha256::new();
    for part in [&module, &sums, &Helm::Three.stamps(&module), &Helm::Four.stamps(&module), env::consts::ARCH] {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    let key = hash.finalize().iter().take(8).fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let folder = cache().join("helm").join(key);
    fs::create_dir_all(&folder).unwrap();
    let lock = File::options().create(true).append(true).open(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    for helm in Helm::ALL {
        let path = folder.join(helm.name());
        if !path.is_file() {
            eprintln!("building Helm {} from pinned Go modules, once: about a minute on two cores", helm.number());
            let work = tempfile::tempdir_in(&folder).unwrap();
            let output = work.path().join(helm.name());
            let built = Command::new("go")
                .args([
                    "build",
                    "-mod=readonly",
                    "-trimpath",
                    "-buildvcs=false",
                    "-ldflags",
                    &helm.stamps(&module),
                    "-o",
                ])
                .arg(&output)
                .arg(format!("{}/cmd/helm", helm.package()))
                .current_dir(MODULE)
                .envs([("GOWORK", "off"), ("CGO_ENABLED", "0")])
                .output()
                .unwrap_or_else(|error| panic!("run `go`, which builds Helm for these tests: {error}"));
            assert!(built.status.success(), "building Helm: {}", String::from_utf8_lossy(&built.stderr));
            // The last step is a rename: no name ever holds half a program.
            fs::rename(&output, &path).unwrap();
        }
    }
    folder
}

/// As the control plane's programs have it.
fn cache() -> PathBuf {
    let path = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = path("ROSTER_CACHE").or_else(|| path("XDG_CACHE_HOME").map(|folder| folder.join("roster")));
    cache.or_else(|| path("HOME").map(|folder| folder.join(".cache/roster"))).unwrap()
}
