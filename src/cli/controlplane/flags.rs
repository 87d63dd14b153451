//! The command lines of the control plane. PURE.

use std::path::{Path, PathBuf};

use super::protocol::{Order, Program};

/// One event for each request, when it is answered: what a test counts.
pub(crate) const AUDIT_POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
";

/// What acts on objects that tests and the sandbox make. Without the last, the roles `view`, `edit` and `admin` are empty.
const CONTROLLERS: &str =
    "garbage-collector-controller,namespace-controller,serviceaccount-controller,clusterrole-aggregation-controller";

/// The ports of one attempt; kube-controller-manager listens on none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    pub(crate) etcd: u16,
    pub(crate) etcd_peer: u16,
    pub(crate) server: u16,
}

/// Where the files of one control plane lie.
#[derive(Clone, Debug)]
pub(crate) struct Layout(pub(crate) PathBuf);

impl Layout {
    pub(crate) fn certificates(&self) -> PathBuf {
        self.0.join("certificates")
    }

    pub(crate) fn serving_certificate(&self) -> PathBuf {
        self.certificates().join("apiserver.crt")
    }

    pub(crate) fn authority(&self) -> PathBuf {
        self.0.join("authority.crt")
    }

    pub(crate) fn tokens(&self) -> PathBuf {
        self.0.join("tokens.csv")
    }

    pub(crate) fn audit_policy(&self) -> PathBuf {
        self.0.join("audit-policy.yaml")
    }

    pub(crate) fn audit_log(&self) -> PathBuf {
        self.0.join("audit.log")
    }

    pub(crate) fn kubeconfig(&self, user: &str) -> PathBuf {
        self.0.join(format!("{user}.kubeconfig"))
    }

    pub(crate) fn log(&self, program: Program) -> PathBuf {
        self.0.join(format!("{program}.log"))
    }
}

/// The arguments of one program.
pub(crate) fn arguments(program: Program, order: &Order, layout: &Layout, ports: Ports) -> Vec<String> {
    match program {
        Program::Etcd => etcd(order, layout, ports),
        Program::KubeApiserver => apiserver(order, layout, ports),
        Program::KubeControllerManager => controller_manager(layout),
        Program::Kubectl => Vec::new(),
    }
}

fn etcd(order: &Order, layout: &Layout, ports: Ports) -> Vec<String> {
    let client = format!("http://127.0.0.1:{}", ports.etcd);
    let peer = format!("http://127.0.0.1:{}", ports.etcd_peer);
    let mut flags = vec![
        flag("name", "roster"),
        flag("data-dir", shown(&layout.0.join("etcd"))),
        flag("listen-client-urls", &client),
        flag("advertise-client-urls", &client),
        flag("listen-peer-urls", &peer),
        flag("initial-advertise-peer-urls", &peer),
        flag("initial-cluster", format!("roster={peer}")),
        flag("log-level", "warn"),
    ];
    if !order.fsync {
        // The data is thrown away anyway.
        flags.push("--unsafe-no-fsync".to_owned());
    }
    flags
}

fn apiserver(order: &Order, layout: &Layout, ports: Ports) -> Vec<String> {
    let key = shown(&layout.certificates().join("apiserver.key"));
    let mut flags = vec![
        flag("etcd-servers", format!("http://127.0.0.1:{}", ports.etcd)),
        flag("bind-address", "127.0.0.1"),
        flag("advertise-address", "127.0.0.1"),
        flag("secure-port", ports.server.to_string()),
        flag("cert-dir", shown(&layout.certificates())),
        flag("service-cluster-ip-range", "10.0.0.0/24"),
        flag("endpoint-reconciler-type", "none"),
        flag("service-account-issuer", "https://kubernetes.default.svc.cluster.local"),
        // The RSA key that kube-apiserver makes for its own certificate, before it reads these: no key generator is needed, neither
        // in the Go module nor on the machine, and `KUBEBUILDER_ASSETS` works without a Go.
        flag("service-account-key-file", &key),
        flag("service-account-signing-key-file", &key),
        flag("token-auth-file", shown(&layout.tokens())),
        flag("authorization-mode", "RBAC"),
    ];
    if !order.controller_manager {
        // It refuses Pods in namespaces without a default service account, and nothing else makes those.
        flags.push(flag("disable-admission-plugins", "ServiceAccount"));
    }
    if order.audit {
        flags.push(flag("audit-policy-file", shown(&layout.audit_policy())));
        flags.push(flag("audit-log-path", shown(&layout.audit_log())));
        // In megabytes; a rotated log would lose its count.
        flags.push(flag("audit-log-maxsize", "10000"));
    }
    flags
}

fn controller_manager(layout: &Layout) -> Vec<String> {
    vec![
        flag("kubeconfig", shown(&layout.kubeconfig(super::keeper::MANAGER))),
        flag("leader-elect", "false"),
        flag("controllers", CONTROLLERS),
        flag("secure-port", "0"),
    ]
}

fn flag(name: &str, value: impl AsRef<str>) -> String {
    format!("--{name}={}", value.as_ref())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::controlplane::protocol::Goal;

    fn lines(program: Program, controller_manager: bool, audit: bool, fsync: bool) -> String {
        let order = Order { controller_manager, audit, fsync, goal: Goal::Running };
        let ports = Ports { etcd: 1, etcd_peer: 2, server: 3 };
        arguments(program, &order, &Layout("/f".into()), ports).join("\n")
    }

    #[test]
    fn the_order_decides_the_flags() {
        let all = lines(Program::KubeApiserver, true, true, true);
        assert!(all.contains("--audit-log-path=/f/audit.log") && !all.contains("disable-admission-plugins"), "{all}");
        let least = lines(Program::KubeApiserver, false, false, false);
        assert!(least.contains("--disable-admission-plugins=ServiceAccount") && !least.contains("audit"), "{least}");
        assert!(least.contains("--authorization-mode=RBAC"), "{least}");
        assert!(lines(Program::Etcd, false, false, false).contains("--unsafe-no-fsync"));
        assert!(!lines(Program::Etcd, false, false, true).contains("--unsafe-no-fsync"));
    }
}
