//! The Lease on a real API server, under a role with its three verbs: handing on, being cut off, and a Lease that somebody deletes.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use roster::{
    cli::controlplane::{ControlPlane, Program, Signal},
    controller::{
        Outside,
        lease::{Candidate, Leadership, LeaseSettings, Lost},
    },
};
use tokio::{sync::oneshot, task::JoinHandle};

use crate::controlplane::{done, eventually, start};

const LEASE: Duration = Duration::from_secs(6);
const DEADLINE: Duration = Duration::from_secs(4);

/// A replica that competes, holds, and competes again until it is told to stop; then it gives the lease away.
struct Replica {
    leadership: Leadership,
    lost: mpsc::Receiver<Lost>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Replica {
    async fn start(kubeconfig: &Path, identity: &str) -> Self {
        let kubeconfig = kube::config::Kubeconfig::read_from(kubeconfig).unwrap();
        let options = kube::config::KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
        let settings = LeaseSettings {
            lease_duration: LEASE,
            renew_deadline: DEADLINE,
            retry_period: Duration::from_millis(500),
            ..LeaseSettings::new("default", "roster", identity)
        };
        let mut candidate = Candidate::new(kube::Client::try_from(config).unwrap(), settings, Outside::real()).unwrap();
        let leadership = candidate.leadership();
        let (stop, mut stopped) = oneshot::channel();
        let (losing, lost) = mpsc::channel();
        let task = tokio::spawn(async move {
            let forever = async {
                loop {
                    candidate.acquire().await;
                    losing.send(candidate.hold().await).unwrap();
                }
            };
            tokio::select! { () = forever => {}, _ = &mut stopped => {} }
            candidate.release().await;
        });
        Self { leadership, lost, stop, task }
    }

    fn leads(&self) -> bool {
        self.leadership.may_write()
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }
}

/// A kubeconfig that may do what the operator's role allows with Leases, and nothing else.
fn least_privilege(plane: &ControlPlane) -> std::path::PathBuf {
    done(plane, &["create", "serviceaccount", "roster"]);
    let verbs = "--verb=get,create,update";
    done(plane, &["create", "role", "roster", verbs, "--resource=leases.coordination.k8s.io"]);
    done(plane, &["create", "rolebinding", "roster", "--role=roster", "--serviceaccount=default:roster"]);
    let token = done(plane, &["create", "token", "roster"]);
    plane.kubeconfig_for_token("roster", &token).unwrap()
}

/// Looks all the time how many lead at once.
struct Umpire {
    over: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<usize>>,
}

impl Umpire {
    fn watch(leaderships: Vec<Leadership>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let ended = over.clone();
        let thread = thread::spawn(move || {
            let mut most = 0;
            while !ended.load(Ordering::Relaxed) {
                most = most.max(leaderships.iter().filter(|leadership| leadership.may_write()).count());
                thread::sleep(Duration::from_millis(2));
            }
            most
        });
        Self { over, thread: Some(thread) }
    }

    fn most_at_once(mut self) -> usize {
        self.over.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

#[test]
fn one_replica_leads_and_another_takes_over() {
    let plane = start(false);
    let kubeconfig = least_privilege(&plane);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let replica = |identity| runtime.block_on(Replica::start(&kubeconfig, identity));
    let holder = || done(&plane, &["get", "lease", "roster", "-o", "jsonpath={.spec.holderIdentity}"]);

    // The first of all need not wait; the second does, and longer than a lease.
    let first = replica("first");
    eventually("the first leads", 10, || first.leads());
    assert_eq!(holder(), "first");
    let (second, third) = (replica("second"), replica("third"));
    let all = [&first, &second, &third].map(|replica| replica.leadership.clone());
    let umpire = Umpire::watch(all.to_vec());
    thread::sleep(LEASE + Duration::from_secs(1));
    assert!(first.leads() && !second.leads() && !third.leads());

    // Released, it is taken at once.
    let since = Instant::now();
    runtime.block_on(first.stop());
    assert!(!all[0].may_write());
    eventually("another leads", 10, || second.leads() || third.leads());
    assert!(since.elapsed() < LEASE / 2, "{:?}", since.elapsed());

    // Cut off, the leader stops by itself before its lease can be taken, and nobody leads until the server is back; then one does.
    let (leader, follower) = if second.leads() { (&second, &third) } else { (&third, &second) };
    plane.signal(Program::KubeApiserver, Signal::Pause).unwrap();
    let since = Instant::now();
    eventually("the leader has stopped", 30, || !leader.leads());
    assert!(since.elapsed() < LEASE, "{:?}", since.elapsed());
    assert_eq!(leader.lost.recv_timeout(Duration::from_secs(5)).unwrap(), Lost::Expired);
    thread::sleep(LEASE);
    assert!(!leader.leads() && !follower.leads());
    plane.signal(Program::KubeApiserver, Signal::Resume).unwrap();
    eventually("one of them leads again", 30, || leader.leads() || follower.leads());

    // Deleted under its holder, it is nobody's for as long as its holder may not know.
    let leader = if second.leads() { &second } else { &third };
    done(&plane, &["delete", "lease", "roster"]);
    assert_eq!(leader.lost.recv_timeout(Duration::from_secs(5)).unwrap(), Lost::Withdrawn);
    let since = Instant::now();
    eventually("one of them leads again", 30, || second.leads() || third.leads());
    assert!(since.elapsed() > DEADLINE, "{:?}", since.elapsed());

    // Given to somebody else by hand, it is lost at once, and left to that holder for a lease.
    let (leader, follower) = if second.leads() { (&second, &third) } else { (&third, &second) };
    let somebody = r#"{"spec":{"holderIdentity":"somebody","leaseDurationSeconds":2}}"#;
    done(&plane, &["patch", "lease", "roster", "--type=merge", "-p", somebody]);
    let taken = Lost::Taken { holder: "somebody".to_owned() };
    assert_eq!(leader.lost.recv_timeout(Duration::from_secs(5)).unwrap(), taken);
    assert!(!leader.leads() && !follower.leads());
    eventually("one of them leads again", 30, || second.leads() || third.leads());

    assert_eq!(umpire.most_at_once(), 1);
    runtime.block_on(async {
        second.stop().await;
        third.stop().await;
    });
    assert_eq!(holder(), "");
}
