//! The one control plane that the tests of this binary share, with our kinds installed, and kubectl to speak to it.
//!
//! Tests keep apart by namespaces of their own, and by names of their own for what has no namespace.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests fail and speak as tests do")]

use std::{
    io::Write,
    process::{Output, Stdio},
    sync::OnceLock,
};

use roster::cli::{
    controlplane::{ControlPlane, Options},
    generate,
};

use crate::tools;

/// The shared control plane; it ends with this process.
pub(crate) fn shared() -> &'static ControlPlane {
    static SHARED: OnceLock<ControlPlane> = OnceLock::new();
    SHARED.get_or_init(|| {
        tools::prepare();
        let mut options = Options::new(env!("CARGO_BIN_EXE_roster"));
        options.controller_manager = true;
        let plane = ControlPlane::start(&options, |progress| eprintln!("{progress}")).unwrap();
        let files = generate::crd_files().unwrap();
        let crds: Vec<String> = files.into_iter().map(|(_, text)| text).collect();
        let applied = run(&plane, &["apply", "--server-side", "-f", "-"], &crds.join("---\n"));
        assert!(applied.status.success() && applied.stderr.is_empty(), "{applied:?}");
        let established = run(&plane, &["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"], "");
        assert!(established.status.success(), "{established:?}");
        plane
    })
}

/// Runs kubectl as the administrator, with an input.
pub(crate) fn kubectl(arguments: &[&str], input: &str) -> Output {
    run(shared(), arguments, input)
}

/// What a kubectl that must succeed printed.
pub(crate) fn done(arguments: &[&str], input: &str) -> String {
    let output = kubectl(arguments, input);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What a kubectl that must fail complained about.
pub(crate) fn refused(arguments: &[&str], input: &str) -> String {
    let output = kubectl(arguments, input);
    assert!(!output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap().trim().to_owned()
}

fn run(plane: &ControlPlane, arguments: &[&str], input: &str) -> Output {
    let mut command = plane.kubectl_command();
    command.args(["--request-timeout=60s"]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}
