//! The parent's side: what to start, and the handle of what runs. Blocking; call it from a thread that may wait.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{
    error::Error,
    flags::Layout,
    kubeconfig,
    link::Link,
    protocol::{Event, Goal, Order, Program, Programs, Progress, Ready, Request, Signal},
};

/// How long the keeper may be silent; it speaks every five seconds while it builds, waits or starts.
const SILENT_WITHIN: Duration = Duration::from_mins(2);
/// How long the keeper may take to do what it is asked; starting a program is the longest, and has a shorter deadline of its own.
const DONE_WITHIN: Duration = Duration::from_secs(150);

/// What to start.
#[derive(Clone, Debug)]
pub struct Options {
    /// The `roster` executable: it runs [`super::keeper`].
    pub keeper: PathBuf,
    /// Run kube-controller-manager: namespaces end, garbage is collected, each namespace gets its `default` service account (and
    /// with it the admission plugin `ServiceAccount` is on, as in a cluster).
    pub controller_manager: bool,
    /// Write an audit log: one JSON line a request at level Metadata.
    pub audit: bool,
    /// Let etcd sync its files to the disk, as a benchmark wants it.
    pub fsync: bool,
}

impl Options {
    /// An audited control plane without controllers, on a store that does not sync.
    pub fn new(keeper: impl Into<PathBuf>) -> Self {
        Self { keeper: keeper.into(), controller_manager: false, audit: true, fsync: false }
    }

    fn order(&self, goal: Goal) -> Order {
        Order { controller_manager: self.controller_manager, audit: self.audit, fsync: self.fsync, goal }
    }
}

/// A running control plane. Dropping it ends every program and removes the folder before it returns.
#[derive(Debug)]
pub struct ControlPlane {
    link: Link,
    ready: Ready,
    admin: PathBuf,
    audit_log: PathBuf,
}

impl ControlPlane {
    /// Starts a control plane and returns when it answers; the first time this builds it, which takes minutes.
    pub fn start(options: &Options, mut progress: impl FnMut(&Progress)) -> Result<Self, Error> {
        let link = Link::open(&options.keeper, &options.order(Goal::Running))?;
        let Event::Ready(ready) = link.next_but_progress(SILENT_WITHIN, &mut progress)? else {
            return Err(misunderstood());
        };
        let layout = Layout(ready.folder.clone());
        let (admin, audit_log) = (layout.kubeconfig(super::ADMIN), layout.audit_log());
        Ok(Self { link, ready, admin, audit_log })
    }

    /// Finds or builds the programs without starting them.
    pub fn prepare(options: &Options, mut progress: impl FnMut(&Progress)) -> Result<Programs, Error> {
        let link = Link::open(&options.keeper, &options.order(Goal::Programs))?;
        let Event::Programs(programs) = link.next_but_progress(SILENT_WITHIN, &mut progress)? else {
            return Err(misunderstood());
        };
        Ok(programs)
    }

    /// The URL of the API server, `https://127.0.0.1:<port>`.
    pub fn server(&self) -> &str {
        &self.ready.server
    }

    /// A kubeconfig of the group `system:masters`; like all of them it carries the server's certificate authority.
    pub fn admin_kubeconfig(&self) -> &Path {
        &self.admin
    }

    /// A kubeconfig of the user `tenant-a`, who has no rights but those a test gives.
    pub fn tenant_a_kubeconfig(&self) -> PathBuf {
        Layout(self.ready.folder.clone()).kubeconfig("tenant-a")
    }

    /// A kubeconfig of the user `tenant-b`, who has no rights but those a test gives.
    pub fn tenant_b_kubeconfig(&self) -> PathBuf {
        Layout(self.ready.folder.clone()).kubeconfig("tenant-b")
    }

    /// Writes `<name>.kubeconfig` for the owner of a bearer token, for example a service account's.
    pub fn kubeconfig_for_token(&self, name: &str, token: &str) -> Result<PathBuf, Error> {
        let layout = Layout(self.ready.folder.clone());
        let path = layout.authority();
        let authority = fs::read_to_string(&path).map_err(Error::file("read", path))?;
        let path = layout.kubeconfig(name);
        kubeconfig::write(&path, &self.ready.server, &authority, name, token)?;
        Ok(path)
    }

    /// The kubectl that belongs to the control plane.
    pub fn kubectl(&self) -> &Path {
        self.ready.programs.get(&Program::Kubectl).map_or(Path::new("kubectl"), PathBuf::as_path)
    }

    /// kubectl as the administrator, blind to the user's own configuration, and with its caches in this control plane's folder.
    pub fn kubectl_command(&self) -> Command {
        let mut command = Command::new(self.kubectl());
        command
            .env("KUBECONFIG", &self.admin)
            .env("KUBECACHEDIR", self.folder().join("kubectl-cache"))
            .env("KUBERC", "off");
        command
    }

    /// The audit log: a JSON line for each request, written when it is answered (a watch: when it ends). Empty without an audit.
    pub fn audit_log(&self) -> &Path {
        &self.audit_log
    }

    /// The log of one program.
    pub fn log(&self, program: Program) -> PathBuf {
        Layout(self.ready.folder.clone()).log(program)
    }

    /// Everything of this control plane lies below here; other files put here are removed with it.
    pub fn folder(&self) -> &Path {
        &self.ready.folder
    }

    /// Sends a signal to a program.
    pub fn signal(&self, program: Program, signal: Signal) -> Result<(), Error> {
        self.ask(Request::Signal { program, signal })
    }

    /// Starts a program again that was killed, with the port and files it had, and returns when it answers.
    pub fn start_again(&self, program: Program) -> Result<(), Error> {
        self.ask(Request::Start { program })
    }

    /// What happened to a program that ended although nobody asked it to.
    pub fn died(&self) -> Option<String> {
        self.link.died()
    }

    fn ask(&self, request: Request) -> Result<(), Error> {
        let Event::Done = self.link.ask(request, DONE_WITHIN)? else { return Err(misunderstood()) };
        Ok(())
    }
}

/// A keeper of another version than this program.
fn misunderstood() -> Error {
    Error::Lost { said: "it answered something else than it was asked".to_owned() }
}
