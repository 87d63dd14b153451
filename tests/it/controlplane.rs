//! The local control plane: what it answers, what it leaves behind, how it is built. Its absence fails these tests.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests fail and speak as tests do")]

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use roster::cli::controlplane::{ControlPlane, Options, Program, Signal, keeper};
use rustix::process::Pid;
use serde_json::{Value, json};

const ROSTER: &str = env!("CARGO_BIN_EXE_roster");
/// Set in the process that a test starts to lose a control plane in; its value says how.
const LOSE: &str = "ROSTER_TEST_LOSE_CONTROL_PLANE";

pub(crate) fn start(controller_manager: bool) -> ControlPlane {
    let mut options = Options::new(ROSTER);
    options.controller_manager = controller_manager;
    crate::tools::prepare();
    ControlPlane::start(&options, |progress| eprintln!("{progress}")).unwrap()
}

/// Looks again until it holds.
pub(crate) fn eventually(what: &str, within: u64, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < Duration::from_secs(within), "not within {within} s: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

fn kubectl(plane: &ControlPlane, arguments: &[&str]) -> Output {
    plane.kubectl_command().args(["--request-timeout=20s"]).args(arguments).output().unwrap()
}

pub(crate) fn done(plane: &ControlPlane, arguments: &[&str]) -> String {
    let output = kubectl(plane, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The command lines of running processes that name a path.
fn processes_naming(path: &Path) -> Vec<String> {
    let path = path.to_str().unwrap();
    let lines =
        fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " ")).filter(|line| line.contains(path)).collect()
}

fn nothing_is_left_of(folder: &Path, within: u64) {
    eventually("no process", within, || processes_naming(folder).is_empty());
    eventually("no folder", within, || !folder.exists());
}

#[test]
fn it_answers_denies_counts_and_leaves_nothing() {
    let plane = start(false);
    let folder = plane.folder().to_owned();
    assert!(!processes_naming(&folder).is_empty());
    assert!(done(&plane, &["version"]).contains("Server Version: v1."));

    done(&plane, &["create", "serviceaccount", "clerk"]);
    let token = done(&plane, &["create", "token", "clerk"]);
    let clerk = plane.kubeconfig_for_token("clerk", &token).unwrap();
    for kubeconfig in [&clerk, &plane.tenant_a_kubeconfig(), &plane.tenant_b_kubeconfig()] {
        let kubeconfig = kubeconfig.to_str().unwrap();
        let output = kubectl(&plane, &["--kubeconfig", kubeconfig, "get", "secrets"]);
        assert!(String::from_utf8_lossy(&output.stderr).contains("Forbidden"), "{output:?}");
    }
    done(&plane, &["create", "role", "reader", "--verb=list", "--resource=configmaps"]);
    done(&plane, &["create", "rolebinding", "clerk", "--role=reader", "--serviceaccount=default:clerk"]);
    done(&plane, &["--kubeconfig", clerk.to_str().unwrap(), "get", "configmaps"]);

    let user = "system:serviceaccount:default:clerk";
    eventually("the audit log holds the two requests of the clerk", 10, || {
        let events = fs::read_to_string(plane.audit_log()).unwrap();
        let events = events.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let codes: Vec<Value> = events
            .filter(|event| event["user"]["username"] == user && event["objectRef"]["resource"].is_string())
            .map(|event| event["responseStatus"]["code"].clone())
            .collect();
        codes == [403, 200]
    });
    drop(plane);
    assert_eq!(processes_naming(&folder), [""; 0]);
    assert!(!folder.exists());
}

#[test]
fn the_kubernetes_client_of_the_operator_trusts_it() {
    let plane = start(false);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let version = runtime.block_on(async {
        let kubeconfig = kube::config::Kubeconfig::read_from(plane.admin_kubeconfig()).unwrap();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &kube::config::KubeConfigOptions::default())
            .await
            .unwrap();
        kube::Client::try_from(config).unwrap().apiserver_version().await.unwrap()
    });
    assert_eq!(version.major, "1");
}

#[test]
fn with_the_controller_manager_a_namespace_ends() {
    let plane = start(true);
    done(&plane, &["create", "namespace", "team"]);
    eventually("a default service account", 20, || {
        kubectl(&plane, &["-n", "team", "get", "sa", "default"]).status.success()
    });
    done(&plane, &["-n", "team", "create", "configmap", "note"]);
    let rules = || done(&plane, &["get", "clusterrole", "view", "-o", "jsonpath={.rules}"]);
    eventually("the role `view` is filled", 20, || rules().contains("configmaps"));
    done(&plane, &["delete", "namespace", "team", "--timeout=60s"]);
    assert!(!kubectl(&plane, &["get", "namespace", "team"]).status.success());
}

#[test]
fn the_api_server_can_be_killed_paused_and_started_again() {
    let plane = start(false);
    done(&plane, &["create", "configmap", "note"]);
    plane.signal(Program::KubeApiserver, Signal::Kill).unwrap();
    assert!(!kubectl(&plane, &["get", "configmap", "note"]).status.success());
    assert!(plane.signal(Program::KubeApiserver, Signal::Pause).unwrap_err().to_string().contains("not running"));
    plane.start_again(Program::KubeApiserver).unwrap();
    assert!(plane.start_again(Program::KubeApiserver).unwrap_err().to_string().contains("is running"));
    done(&plane, &["get", "configmap", "note"]);

    plane.signal(Program::KubeApiserver, Signal::Pause).unwrap();
    assert!(!kubectl(&plane, &["--request-timeout=1s", "get", "configmap", "note"]).status.success());
    plane.signal(Program::KubeApiserver, Signal::Resume).unwrap();
    done(&plane, &["get", "configmap", "note"]);
    assert_eq!(plane.died(), None);

    // A death nobody asked for is told, and a paused program does not outlive the control plane.
    plane.signal(Program::KubeApiserver, Signal::Pause).unwrap();
    plane.signal(Program::Etcd, Signal::Terminate).unwrap();
    eventually("the death is told", 30, || plane.died().is_some_and(|said| said.starts_with("etcd (`")));
    let folder = plane.folder().to_owned();
    drop(plane);
    nothing_is_left_of(&folder, 0);
}

/// Not a test: the process in which the next one loses a control plane.
#[test]
#[ignore = "run by `nothing_outlives_its_user` in a process of its own"]
fn lose_a_control_plane() {
    let Ok(way) = std::env::var(LOSE) else { return };
    let plane = start(false);
    println!("folder={}", plane.folder().display());
    assert_ne!(way, "panic", "as the test wants it");
    thread::sleep(Duration::from_mins(1));
}

#[test]
fn nothing_outlives_its_user() {
    use rustix::process::{Signal, kill_process};
    for (way, signal) in [("panic", None), ("kill", Some(Signal::KILL)), ("interrupt", Some(Signal::INT))] {
        let mut user = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "controlplane::lose_a_control_plane", "--ignored", "--nocapture", "--test-threads=1"])
            .env(LOSE, way)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(user.stdout.take().unwrap()).lines();
        let folder = lines
            .map_while(Result::ok)
            .find_map(|line| line.split_once("folder=").map(|(_, path)| PathBuf::from(path)))
            .unwrap();
        if let Some(signal) = signal {
            assert!(folder.exists(), "{way}");
            kill_process(Pid::from_child(&user), signal).unwrap();
        }
        assert!(!user.wait().unwrap().success(), "{way}");
        nothing_is_left_of(&folder, 15);
    }
}

#[test]
fn a_terminated_keeper_tidies_up_and_a_killed_one_leaves_no_process() {
    use rustix::process::{Signal, kill_process};
    for signal in [Signal::TERM, Signal::KILL] {
        let keeper = Keeper::start(&[], &json!({"goal": "running"}));
        let event = keeper.next_but_progress();
        let folder = PathBuf::from(event["ready"]["folder"].as_str().unwrap_or_else(|| panic!("{event}")));
        kill_process(Pid::from_child(&keeper.child), signal).unwrap();
        eventually("no process", 15, || processes_naming(&folder).is_empty());
        if signal == Signal::KILL {
            fs::remove_dir_all(&folder).unwrap();
        }
        eventually("no folder", 15, || !folder.exists());
    }
}

/// A keeper under the test's own hand, with an environment of its own.
struct Keeper {
    child: Child,
    events: std::sync::mpsc::Receiver<Value>,
}

impl Keeper {
    fn start(environment: &[(&str, &Path)], order: &Value) -> Self {
        let mut all = json!({"controller_manager": false, "audit": false, "fsync": false, "goal": "programs"});
        all.as_object_mut().unwrap().extend(order.as_object().unwrap().clone());
        let mut command = Command::new(ROSTER);
        command.arg(keeper::COMMAND).stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        if !environment.is_empty() {
            command.env_remove("KUBEBUILDER_ASSETS").envs(environment.iter().copied());
        }
        let mut child = command.spawn().unwrap();
        writeln!(child.stdin.as_mut().unwrap(), "{all}").unwrap();
        let (sender, events) = std::sync::mpsc::channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        Self { child, events }
    }

    fn next(&self) -> Value {
        self.events.recv_timeout(Duration::from_mins(1)).unwrap()
    }

    fn next_but_progress(&self) -> Value {
        loop {
            let event = self.next();
            if event["progress"].is_null() {
                return event;
            }
        }
    }

    /// Ends its input and waits for its end.
    fn end(mut self) {
        drop(self.child.stdin.take());
        eventually("the keeper ends", 15, || self.child.try_wait().unwrap().is_some());
    }
}

/// A folder with a `go` that says `version`, logs its builds, and builds as `script` says with the output's path in `$out`.
fn fake_go(version: &str, script: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "#!/bin/sh\nPATH=/usr/bin:/bin\nif [ \"$1\" = version ]; then echo 'go version {version} linux/amd64'; exit; fi\n\
         while [ \"$1\" != -o ]; do shift; done\nout=$2\nbasename \"$3\" >> '{}/builds'\n{script}\n",
        folder.path().display()
    );
    let path = folder.path().join("go");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// Every file below a folder, as paths relative to it; folders without files count too.
fn files_below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.file_name().unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn two_processes_that_start_at_once_build_once() {
    let go = fake_go("go1.26.8", "sleep 0.5; echo whole > \"$out\"");
    let cache = tempfile::tempdir().unwrap();
    let environment = [("PATH", go.path()), ("ROSTER_CACHE", cache.path())];
    let both = [0, 1].map(|_| Keeper::start(&environment, &json!({})));
    let said = both.each_ref().map(|keeper| {
        let mut events = vec![keeper.next()];
        while events.last().unwrap()["programs"].is_null() {
            assert!(events.last().unwrap()["failed"].is_null(), "{events:?}");
            events.push(keeper.next());
        }
        events
    });
    let count = |kind: &str| said.iter().flatten().filter(|event| !event["progress"][kind].is_null()).count();
    assert_eq!(count("built"), 3, "{said:?}");
    assert!(count("waiting") >= 1, "{said:?}");
    assert_eq!(fs::read_to_string(go.path().join("builds")).unwrap(), "kube-apiserver\netcd\nkubectl\n");
    assert_eq!(said[0].last(), said[1].last());
    both.into_iter().for_each(Keeper::end);

    // What is there is used; what is missing is built, alone.
    Keeper::start(&environment, &json!({"controller_manager": true})).next_but_progress();
    let builds = fs::read_to_string(go.path().join("builds")).unwrap();
    assert_eq!(builds, "kube-apiserver\netcd\nkubectl\nkube-controller-manager\n");
    let expected = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl", "lock"];
    eventually("only programs", 5, || files_below(cache.path()) == expected);
}

#[test]
fn a_failed_or_interrupted_build_leaves_no_half_program() {
    let cache = tempfile::tempdir().unwrap();
    let failing = fake_go("go1.26.8", "echo half > \"$out\"; echo 'no space left' >&2; exit 1");
    let keeper = Keeper::start(&[("PATH", failing.path()), ("ROSTER_CACHE", cache.path())], &json!({}));
    let event = keeper.next_but_progress();
    let said = event["failed"].as_str().unwrap_or_default();
    assert!(said.contains("building kube-apiserver failed") && said.contains("no space left"), "{event}");
    keeper.end();
    assert_eq!(files_below(cache.path()), ["lock"]);

    let slow = fake_go("go1.26.8", "echo half > \"$out\"; sleep 60");
    let keeper = Keeper::start(&[("PATH", slow.path()), ("ROSTER_CACHE", cache.path())], &json!({}));
    assert!(!keeper.next()["progress"]["building"].is_null());
    eventually("a half program", 10, || files_below(cache.path()).contains(&"kube-apiserver".to_owned()));
    keeper.end();
    assert_eq!(files_below(cache.path()), ["lock"]);
    assert_eq!(processes_naming(cache.path()), [""; 0]);
}

#[test]
fn without_a_good_go_one_sentence_names_the_ways_out() {
    let none = tempfile::tempdir().unwrap();
    let old = fake_go("go1.20.3", "exit 1");
    let expected = [(none.path(), "no `go` command was found"), (old.path(), "Go 1.20 is too old for it")];
    for (path, reason) in expected {
        let cache = tempfile::tempdir().unwrap();
        let keeper = Keeper::start(&[("PATH", path), ("ROSTER_CACHE", cache.path())], &json!({}));
        let event = keeper.next_but_progress();
        let said = event["failed"].as_str().unwrap_or_else(|| panic!("{event}"));
        for part in [reason, "install Go 1.26", "`KUBEBUILDER_ASSETS`", "`--kubeconfig`"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains(". ") && !said.contains('\n'), "{said}");
        keeper.end();
    }
}

#[test]
fn kubebuilder_assets_come_first() {
    let assets = tempfile::tempdir().unwrap();
    for program in ["etcd", "kube-apiserver", "kubectl"] {
        fs::write(assets.path().join(program), "").unwrap();
    }
    let empty = tempfile::tempdir().unwrap();
    let environment = [("KUBEBUILDER_ASSETS", assets.path()), ("PATH", empty.path()), ("ROSTER_CACHE", empty.path())];
    let event = Keeper::start(&environment, &json!({})).next_but_progress();
    assert_eq!(event["programs"]["etcd"], assets.path().join("etcd").to_str().unwrap());
    assert_eq!(files_below(empty.path()), [""; 0]);
}
