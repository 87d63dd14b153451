//! Starts the programs, waits until they answer, and knows how to start one again. Runs inside the keeper.

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use rustls::crypto::ring;
use tempfile::TempDir;

use super::{
    cache::{Tell, Ticks},
    child::Process,
    error::Error,
    flags::{self, Layout, Ports},
    kubeconfig,
    probe::Probe,
    protocol::{Order, Program, Programs, Progress, Ready, Signal},
    recipe,
    stop::Stop,
};

/// Users with a token of their own; the first two may do everything.
const USERS: [(&str, &str); 4] =
    [(super::ADMIN, "system:masters"), (MANAGER, "system:masters"), ("tenant-a", ""), ("tenant-b", "")];
/// kube-controller-manager's user: the log tells its requests from an administrator's.
pub(crate) const MANAGER: &str = "controller-manager";
/// How long the start of a program may take; it takes three seconds, and thirty on a machine that is busy with other tests.
const READY_WITHIN: Duration = Duration::from_mins(2);
/// How often a start with fresh ports is tried when another process took one meanwhile.
const ATTEMPTS: usize = 5;

/// Running programs and the folder that goes with them. Fields drop in order: first the programs, then the folder.
pub(crate) struct Plane {
    running: BTreeMap<Program, Process>,
    programs: Programs,
    order: Order,
    ports: Ports,
    token: String,
    layout: Layout,
    folder: TempDir,
}

impl Plane {
    /// Starts everything in the order; tries again with fresh ports when one was taken between its choice and its use.
    pub(crate) fn start(order: &Order, programs: &Programs, stop: &Stop, tell: Tell<'_>) -> Result<Self, Error> {
        let mut attempt = 1;
        loop {
            let mut plane = Self::prepare(order, programs)?;
            match plane.bring_up(stop, tell) {
                Ok(()) => return Ok(plane),
                Err(Error::Ended { said, .. }) if attempt < ATTEMPTS && said.contains("address already in use") => {
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// A folder with all files but those the programs write, and free ports.
    fn prepare(order: &Order, programs: &Programs) -> Result<Self, Error> {
        let parent = std::env::temp_dir();
        let folder = tempfile::Builder::new().prefix("roster-control-plane-").tempdir_in(&parent);
        let folder = folder.map_err(Error::file("make a folder in", &parent))?;
        let layout = Layout(folder.path().to_owned());
        let mut csv = String::new();
        let mut admin = String::new();
        for (user, group) in USERS {
            let token = random_token()?;
            csv += &[&token, user, user, &format!("\"{group}\"\n")].join(",");
            if user == super::ADMIN {
                admin = token;
            }
        }
        let files =
            [(layout.tokens(), csv.as_str()), (layout.audit_policy(), flags::AUDIT_POLICY), (layout.audit_log(), "")];
        for (path, content) in files {
            fs::write(&path, content).map_err(Error::file("write", path))?;
        }
        let ports = free_ports().map_err(Error::file("find free ports for", folder.path()))?;
        let (programs, order) = (programs.clone(), order.clone());
        Ok(Self { running: BTreeMap::new(), programs, order, ports, token: admin, layout, folder })
    }

    fn bring_up(&mut self, stop: &Stop, tell: Tell<'_>) -> Result<(), Error> {
        let mut ticks = Ticks::new();
        let mut tick = || ticks.tick(|seconds| tell(Progress::Starting { seconds }));
        self.launch(Program::Etcd, stop, &mut tick)?;
        self.launch(Program::KubeApiserver, stop, &mut tick)?;
        if self.order.controller_manager {
            self.launch(Program::KubeControllerManager, stop, &mut tick)?;
        }
        Ok(())
    }

    /// Starts one program that is not running and waits until it does its work.
    pub(crate) fn launch(&mut self, program: Program, stop: &Stop, tick: &mut dyn FnMut()) -> Result<(), Error> {
        let path = self.programs.get(&program).cloned().unwrap_or_else(|| PathBuf::from(program.name()));
        let mut command = Command::new(&path);
        command.args(flags::arguments(program, &self.order, &self.layout, self.ports));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ETCD_")) {
            // etcd reads every flag from its environment too.
            command.env_remove(name);
        }
        let process = Process::spawn(&command, self.layout.log(program))?;
        self.running.insert(program, process);
        let since = Instant::now();
        while !self.works(program)? {
            self.check()?;
            if since.elapsed() > READY_WITHIN {
                let said = self.running.get(&program).map(Process::last_words).unwrap_or_default();
                return Err(Error::Unready { program, seconds: READY_WITHIN.as_secs(), said });
            }
            tick();
            stop.sleep(Duration::from_millis(50))?;
        }
        self.check()
    }

    /// Whether a program does what the others wait for.
    fn works(&self, program: Program) -> Result<bool, Error> {
        match program {
            Program::Etcd => Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, self.ports.etcd)).is_ok()),
            // `default` comes moments after the server is ready, and every user of it expects it.
            Program::KubeApiserver => Ok(self
                .probe()?
                .is_some_and(|probe| probe.answers("/readyz") && probe.answers("/api/v1/namespaces/default"))),
            Program::KubeControllerManager => {
                let path = "/api/v1/namespaces/default/serviceaccounts/default";
                Ok(self.probe()?.is_some_and(|probe| probe.answers(path)))
            }
            Program::Kubectl => Ok(true),
        }
    }

    /// A probe, once kube-apiserver has written its certificate; the kubeconfigs are written along with the first.
    fn probe(&self) -> Result<Option<Probe>, Error> {
        let chain = fs::read_to_string(self.layout.serving_certificate()).unwrap_or_default();
        let Some(authority) = kubeconfig::authority(&chain) else { return Ok(None) };
        if !self.layout.authority().exists() {
            self.write_kubeconfigs(authority)?;
        }
        let probe = Probe::new(self.ports.server, authority, &self.token);
        probe.map(Some).map_err(Error::file("trust", self.layout.serving_certificate()))
    }

    fn write_kubeconfigs(&self, authority: &str) -> Result<(), Error> {
        let tokens = fs::read_to_string(self.layout.tokens()).map_err(Error::file("read", self.layout.tokens()))?;
        for line in tokens.lines() {
            let mut fields = line.split(',');
            let (token, user) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
            kubeconfig::write(&self.layout.kubeconfig(user), &self.server(), authority, user, token)?;
        }
        fs::write(self.layout.authority(), authority).map_err(Error::file("write", self.layout.authority()))
    }

    /// An error for a program that ended on its own; it is told once.
    pub(crate) fn check(&mut self) -> Result<(), Error> {
        let ended = self.running.iter_mut().find_map(|(&program, process)| Some((program, process.ended()?)));
        let Some((program, status)) = ended else { return Ok(()) };
        let said = self.running.remove(&program).map(|process| process.last_words()).unwrap_or_default();
        let path = self.programs.get(&program).cloned().unwrap_or_default();
        Err(Error::Ended { program, path, status: status.to_string(), said })
    }

    /// Sends a signal; a kill returns when the program is gone, and is not reported by [`Plane::check`].
    pub(crate) fn signal(&mut self, program: Program, signal: Signal) -> Result<(), Error> {
        let Some(process) = self.running.get_mut(&program) else {
            return Err(Error::Keeper(format!("{program} is not running")));
        };
        let sent = match signal {
            Signal::Kill => {
                self.running.remove(&program);
                return Ok(());
            }
            Signal::Terminate => process.signal(rustix::process::Signal::TERM),
            Signal::Pause => process.signal(rustix::process::Signal::STOP),
            Signal::Resume => process.signal(rustix::process::Signal::CONT),
        };
        sent.map_err(Error::file("signal", program.name()))
    }

    /// Whether a program runs.
    pub(crate) fn runs(&self, program: Program) -> bool {
        self.running.contains_key(&program)
    }

    /// What the parent learns.
    pub(crate) fn ready(&self) -> Ready {
        Ready { server: self.server(), folder: self.folder.path().to_owned(), programs: self.programs.clone() }
    }

    fn server(&self) -> String {
        format!("https://127.0.0.1:{}", self.ports.server)
    }
}

/// Three ports that are free at this moment; all are held until the last is known, so that they differ.
fn free_ports() -> std::io::Result<Ports> {
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let (first, second, third) = (bind()?, bind()?, bind()?);
    let port = |socket: &TcpListener| socket.local_addr().map(|address| address.port());
    Ok(Ports { etcd: port(&first)?, etcd_peer: port(&second)?, server: port(&third)? })
}

fn random_token() -> Result<String, Error> {
    let mut bytes = [0; 24];
    let filled = ring::default_provider().secure_random.fill(&mut bytes);
    filled.map_err(|_| Error::Keeper("the system gave no random bytes".to_owned()))?;
    Ok(recipe::hexadecimal(&bytes))
}
