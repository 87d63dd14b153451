//! The pinned Go module the control plane is built from, carried inside this program, and the key of what it makes. PURE.

use sha2::{Digest, Sha256};

use super::protocol::Program;

/// The files of `tests/controlplane/`: path in the module, content.
pub(crate) const FILES: [(&str, &str); 6] = [
    ("go.mod", include_str!("../../../tests/controlplane/go.mod")),
    ("go.sum", include_str!("../../../tests/controlplane/go.sum")),
    ("cmd/etcd/main.go", include_str!("../../../tests/controlplane/cmd/etcd/main.go")),
    ("cmd/kube-apiserver/main.go", include_str!("../../../tests/controlplane/cmd/kube-apiserver/main.go")),
    (
        "cmd/kube-controller-manager/main.go",
        include_str!("../../../tests/controlplane/cmd/kube-controller-manager/main.go"),
    ),
    ("cmd/kubectl/main.go", include_str!("../../../tests/controlplane/cmd/kubectl/main.go")),
];

/// The flags of `go build` before the program: no paths of this machine in the programs, no look at a surrounding repository,
/// no symbol tables (a third of the size).
pub(crate) fn build_flags() -> Vec<String> {
    let version = kubernetes_version();
    let (major, minor) = version.trim_start_matches('v').split_once('.').unwrap_or_default();
    let minor = minor.split('.').next().unwrap_or_default();
    let set = |name: &str, value: &str| format!(" -X k8s.io/component-base/version.{name}={value}");
    let stamps =
        set("gitVersion", version) + &set("gitMajor", major) + &set("gitMinor", minor) + &set("gitTreeState", "clean");
    vec!["-trimpath".into(), "-buildvcs=false".into(), "-ldflags".into(), format!("-s -w{stamps}")]
}

/// The version of Kubernetes that `go.mod` pins, for example `v1.36.3`.
pub(crate) fn kubernetes_version() -> &'static str {
    let after = |line: &'static str| line.trim().strip_prefix("k8s.io/kubernetes ");
    FILES[0].1.lines().find_map(after).unwrap_or("v0.0.0")
}

/// The Go version that `go.mod` asks for, for example `1.26.0`.
pub(crate) fn go_version() -> &'static str {
    FILES[0].1.lines().find_map(|line| line.strip_prefix("go ")).map_or("1.0.0", str::trim)
}

/// Go's words for the system this program runs on.
pub(crate) fn go_target() -> (&'static str, &'static str) {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let processor = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        other => other,
    };
    (system, processor)
}

/// Names the folder of the cache: whatever changes the programs changes it.
pub(crate) fn cache_key() -> String {
    let (system, processor) = go_target();
    key(&FILES, &build_flags(), &[system, processor])
}

fn key(files: &[(&str, &str)], flags: &[String], target: &[&str]) -> String {
    let mut hash = Sha256::new();
    let files = files.iter().flat_map(|(path, content)| [*path, *content]);
    for part in files.chain(flags.iter().map(String::as_str)).chain(target.iter().copied()) {
        // Lengths keep two splits of the same text apart.
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    hexadecimal(hash.finalize().get(..8).unwrap_or_default())
}

/// Two digits a byte.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The programs of a control plane, in the order in which they are built: the largest first, for the others share most of it.
pub(crate) fn wanted(controller_manager: bool) -> Vec<Program> {
    let mut wanted = vec![Program::KubeApiserver, Program::Etcd, Program::Kubectl];
    if controller_manager {
        wanted.push(Program::KubeControllerManager);
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_changes_with_each_thing_that_changes_a_program() {
        let files = [("go.mod", "a"), ("main.go", "b")];
        let flags = ["-trimpath".to_owned()];
        let base = key(&files, &flags, &["linux", "amd64"]);
        assert_eq!(base.len(), 16);
        assert_eq!(base, key(&files, &flags, &["linux", "amd64"]));
        for (what, other) in [
            ("content", key(&[("go.mod", "a2"), ("main.go", "b")], &flags, &["linux", "amd64"])),
            ("path", key(&[("go.mod", "a"), ("main2.go", "b")], &flags, &["linux", "amd64"])),
            ("split", key(&[("go.mod", "am"), ("ain.go", "b")], &flags, &["linux", "amd64"])),
            ("flags", key(&files, &["-race".to_owned()], &["linux", "amd64"])),
            ("target", key(&files, &flags, &["linux", "arm64"])),
        ] {
            assert_ne!(base, other, "{what}");
        }
    }

    #[test]
    fn the_module_pins_what_the_flags_stamp() {
        assert!(kubernetes_version().starts_with("v1."));
        let stamps = build_flags().pop().unwrap();
        assert!(stamps.contains(&format!("gitVersion={}", kubernetes_version())), "{stamps}");
        assert!(stamps.contains("gitMajor=1 "), "{stamps}");
        assert!(go_version().starts_with("1."));
    }
}
