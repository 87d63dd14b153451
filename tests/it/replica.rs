//! The operator as a process of its own, which can be killed, stopped and told to end; and what the audit log knows of it.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kube::config::Kubeconfig;
use rustix::process::{Pid, Signal, kill_process};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::stage::{Theatre, eventually};

/// The operator's account in the audit log.
pub(crate) const OPERATOR: &str = "system:serviceaccount:roster-system:roster";

/// A theatre whose operators are processes. Only one test at a time has it: two operators of two tests would be rivals.
pub(crate) struct House {
    pub(crate) theatre: &'static Theatre,
    _alone: MutexGuard<'static, ()>,
}

impl House {
    /// Waits until no other test has it.
    pub(crate) fn enter() -> Self {
        static THEATRE: OnceLock<Theatre> = OnceLock::new();
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        Self { theatre: THEATRE.get_or_init(Theatre::empty), _alone: alone }
    }

    /// Starts a replica.
    pub(crate) fn replica(&self, name: &str) -> Replica {
        Replica::start(self.theatre, name, "roster=debug,info")
    }

    /// Starts a replica and waits until it leads.
    pub(crate) fn leader(&self, name: &str) -> Replica {
        let replica = self.replica(name);
        replica.leads(self);
        replica
    }

    /// Who holds the Lease; empty for nobody.
    pub(crate) fn holder(&self) -> String {
        let lease = ["get", "lease", "roster", "-n", "roster-system", "--ignore-not-found"];
        self.theatre.done(&[&lease[..], &["-o", "jsonpath={.spec.holderIdentity}"]].concat(), "")
    }

    /// The operators' requests so far, as the API server's audit log has them.
    pub(crate) fn requests(&self) -> Vec<Value> {
        requests(self.theatre)
    }
}

/// The operators' requests to a theatre's API server so far.
pub(crate) fn requests(theatre: &Theatre) -> Vec<Value> {
    let log = fs::read_to_string(theatre.plane.audit_log()).unwrap();
    let events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    events.filter(|event| event["user"]["username"] == OPERATOR).collect()
}

/// Whether a request writes to an object of ours, as told apart from Leases and Events.
pub(crate) fn is_write_to_our_kinds(request: &Value) -> bool {
    request["objectRef"]["apiGroup"] == "access.roster.dev"
        && ["create", "update", "patch", "delete"].iter().any(|verb| request["verb"] == *verb)
}

/// One operator process; dropping it kills it.
pub(crate) struct Replica {
    child: Child,
    /// Its name, with which its identity in the Lease begins.
    pub(crate) name: String,
    /// What the audit log calls its token.
    credential: String,
    /// The token itself.
    pub(crate) token: String,
    /// Where it logs.
    pub(crate) log: PathBuf,
}

impl Replica {
    /// Starts one, with that filter for its log.
    pub(crate) fn start(theatre: &Theatre, name: &str, filter: &str) -> Self {
        Self::start_with(theatre, name, filter, &[])
    }

    /// The same with more arguments.
    pub(crate) fn start_with(theatre: &Theatre, name: &str, filter: &str, more: &[&str]) -> Self {
        let kubeconfig = theatre.operator_kubeconfig();
        let own = theatre.plane.folder().join(format!("{name}.kubeconfig"));
        fs::copy(kubeconfig, &own).unwrap();
        let token = token(&own);
        let log = theatre.plane.folder().join(format!("{name}.operator.log"));
        let child = Command::new(env!("CARGO_BIN_EXE_roster"))
            .args([
                "run",
                "--end-with-stdin",
                "--lease-seconds",
                "3",
                "--listen",
                "127.0.0.1:0",
                "--log",
                filter,
                "--kubeconfig",
            ])
            .arg(&own)
            .args(more)
            .env("HOSTNAME", name)
            .env_remove("ROSTER_NAMESPACE")
            // Held by this process: should it be killed, the operator does not stay behind.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self { child, name: name.to_owned(), credential: credential(&token), token, log }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets it hang, with its sockets open.
    pub(crate) fn pause(&self) {
        kill_process(self.pid(), Signal::STOP).unwrap();
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        kill_process(self.pid(), Signal::CONT).unwrap();
    }

    /// Asks it to end, without waiting.
    pub(crate) fn terminate(&self) {
        kill_process(self.pid(), Signal::TERM).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> ExitStatus {
        let mut status = None;
        let log = self.log.clone();
        eventually(
            &format!("{} has ended", self.name),
            &mut || {
                status = self.child.try_wait().unwrap();
                status.is_some()
            },
            &mut || fs::read_to_string(&log).unwrap(),
        );
        status.unwrap()
    }

    /// Waits until it leads.
    pub(crate) fn leads(&self, house: &House) {
        let mine = || house.holder().starts_with(&format!("{}-", self.name));
        eventually(&format!("{} leads", self.name), &mut || mine(), &mut || self.said());
    }

    /// Its log so far, without colours.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Its requests so far.
    pub(crate) fn requests(&self, house: &House) -> Vec<Value> {
        let own = |event: &Value| {
            let ids = &event["user"]["extra"]["authentication.kubernetes.io/credential-id"];
            ids.as_array().is_some_and(|ids| ids.iter().any(|id| *id == *self.credential))
        };
        house.requests().into_iter().filter(own).collect()
    }

    /// Its requests so far that write to our kinds, as `verb plural/subresource name`.
    pub(crate) fn writes(&self, house: &House) -> Vec<String> {
        let part = |event: &Value, key: &str| event["objectRef"][key].as_str().unwrap_or_default().to_owned();
        let requests = self.requests(house);
        let writes = requests.iter().filter(|event| is_write_to_our_kinds(event));
        writes
            .map(|it| {
                let verb = it["verb"].as_str().unwrap();
                format!("{verb} {}/{} {}", part(it, "resource"), part(it, "subresource"), part(it, "name"))
            })
            .collect()
    }

    /// What it answers on its port for probes and metrics.
    pub(crate) fn page(&self, path: &str) -> String {
        let said = self.said();
        let address = said.split("address=").nth(1).and_then(|rest| rest.split_whitespace().next());
        let mut socket = TcpStream::connect(address.unwrap()).unwrap();
        socket.write_all(format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        // Both fail where it has ended already, which is all that is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn token(kubeconfig: &std::path::Path) -> String {
    let read = Kubeconfig::read_from(kubeconfig).unwrap();
    let user = read.auth_infos[0].auth_info.clone().unwrap();
    user.token.unwrap().expose_secret().to_owned()
}

/// What the API server calls a token: `JTI=` and its id.
fn credential(token: &str) -> String {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    format!("JTI={}", claims["jti"].as_str().unwrap())
}
