//! The clockwork: the world with its network on one runtime, each replica on another, all moved on in small steps.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::body::to_bytes;
use bytes::Bytes;
use futures::future::{BoxFuture, LocalBoxFuture};
use http::{Request, Response};
use kube::{Client, client::Body};
use roster::{
    backend::{Endpoint, Transport, TransportError},
    controller::{self, Outside},
    simulator::router,
    telemetry::Metrics,
};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::{oneshot, watch},
    time::{Instant, advance, sleep, sleep_until},
};
use tower::ServiceExt;

use crate::{
    chance::Chance,
    stage::{OPERATOR, SYSTEM, Stage, WAY},
    wire::{Moment, local, remote},
};

/// How far everybody moves on in one step.
const STEP: Duration = Duration::from_millis(20);

/// A write at which a replica stops.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    pub(super) what: String,
    /// Before the write arrives, which then is on its way until it is released, or when it was carried out.
    pub(super) moment: Moment,
}

/// What the network knows.
#[derive(Default)]
struct Net {
    holds: BTreeMap<u32, Hold>,
    /// Who reached its hold.
    frozen: Vec<u32>,
    /// Whose requests about the lease get no answer.
    cut: Vec<u32>,
    /// Who wrote what, and when it arrived.
    log: Vec<(u32, Instant, String)>,
}

/// The network. Clones share it.
#[derive(Clone)]
struct Network {
    net: Arc<Mutex<Net>>,
    released: watch::Sender<bool>,
    world: Handle,
    chance: Chance,
}

impl Network {
    fn lock(&self) -> MutexGuard<'_, Net> {
        self.net.lock().unwrap()
    }

    /// Carries a request there and its answer back, whatever becomes of who sent it.
    async fn carry<T: Send + 'static>(
        &self,
        replica: u32,
        what: Option<String>,
        answer: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let (network, (send, receive)) = (self.clone(), oneshot::channel());
        self.world.spawn(async move {
            sleep(network.chance.pause(WAY)).await;
            let held = network.arrives(replica, what.as_deref());
            if held == Some(Moment::Before) {
                let mut released = network.released.subscribe();
                released.wait_for(|released| *released).await.unwrap();
            }
            let answer = answer.await;
            sleep(network.chance.pause(WAY)).await;
            // Who is gone does not learn it.
            let _ = send.send(answer);
        });
        receive.await.unwrap()
    }

    fn arrives(&self, replica: u32, what: Option<&str>) -> Option<Moment> {
        let what = what?;
        let mut net = self.lock();
        net.log.push((replica, Instant::now(), what.to_owned()));
        let moment = net.holds.get(&replica).filter(|hold| hold.what == what)?.moment;
        net.holds.remove(&replica);
        net.frozen.push(replica);
        Some(moment)
    }

    fn client(&self, stage: &Stage, replica: u32) -> Client {
        // Each end of it lives where it is: what arrived is carried out, also where who sent it is frozen.
        let inner = {
            let _world = self.world.enter();
            stage.memory.client(OPERATOR, Chance::new(0), 0)
        };
        let network = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let (network, inner) = (network.clone(), inner.clone());
            let answer: BoxFuture<'static, Result<_, kube::Error>> = Box::pin(async move {
                let (head, body) = request.into_parts();
                let body = body.collect_bytes().await?;
                if head.uri.path().contains("/leases") && network.lock().cut.contains(&replica) {
                    std::future::pending::<()>().await;
                }
                let what = local(&head.method, head.uri.path(), &body);
                let request = Request::from_parts(head, Body::from(body.to_vec()));
                network.carry(replica, what, async move { inner.send(request).await }).await
            });
            answer
        });
        Client::new(service, "default")
    }

    fn outside(&self, stage: &Stage, replica: u32) -> Outside {
        let (network, router, clock) = (self.clone(), router(stage.simulator.clone()), Arc::clone(&stage.clock));
        let ways = move |_: &Endpoint| {
            let (network, router) = (network.clone(), router.clone());
            let send = move |request: Request<Bytes>| {
                let (network, router) = (network.clone(), router.clone());
                let answer: BoxFuture<'static, _> = Box::pin(async move {
                    let what = remote(request.method().as_str(), request.uri().path());
                    let asked = router.oneshot(request.map(axum::body::Body::from));
                    let (head, body) = network.carry(replica, what, asked).await.unwrap().into_parts();
                    let body = to_bytes(body, usize::MAX).await.map_err(TransportError::broken)?;
                    Ok(Response::from_parts(head, body))
                });
                answer
            };
            Ok(Box::new(send) as Box<dyn Transport>)
        };
        Outside::new(move || clock(), ways, replica.into())
    }
}

/// A runtime with its own clock, which is so far.
struct Clockwork {
    runtime: Runtime,
    began: Instant,
}

impl Clockwork {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let began = runtime.block_on(async { Instant::now() });
        Self { runtime, began }
    }

    /// Lives on until then.
    fn live(&self, until: Duration) {
        self.runtime.block_on(async { sleep_until(self.began + until).await });
    }

    /// Its clock jumps, and nothing happened meanwhile.
    fn jump(&self, to: Duration) {
        self.runtime.block_on(async { advance(to.saturating_sub(self.began.elapsed())).await });
    }
}

/// Everything.
pub(super) struct World {
    pub(super) stage: Stage,
    /// When the lease was cut off.
    pub(super) cut_at: Option<Instant>,
    clockwork: Clockwork,
    network: Network,
    replicas: BTreeMap<u32, Clockwork>,
    time: Duration,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let clockwork = Clockwork::new();
        let stage = clockwork.runtime.block_on(Stage::idle(seed));
        let network = Network {
            net: Arc::default(),
            released: watch::Sender::new(false),
            world: clockwork.runtime.handle().clone(),
            chance: Chance::new(seed),
        };
        Self { stage, cut_at: None, clockwork, network, replicas: BTreeMap::new(), time: Duration::ZERO }
    }

    /// Starts a replica.
    pub(super) fn start(&mut self, number: u32) {
        let clockwork = Clockwork::new();
        clockwork.jump(self.time);
        let within = clockwork.runtime.enter();
        let (client, outside) = (self.network.client(&self.stage, number), self.network.outside(&self.stage, number));
        let settings = Stage::settings(&format!("roster-{number}"), outside);
        drop(within);
        clockwork.runtime.spawn(async move {
            let run = controller::run(client, settings, Metrics::new("test"), std::future::pending());
            Box::pin(run).await.unwrap();
        });
        self.replicas.insert(number, clockwork);
    }

    /// One step of everybody who is not frozen.
    fn step(&mut self) {
        self.time += STEP;
        self.clockwork.live(self.time);
        for (number, replica) in &self.replicas {
            if !self.network.lock().frozen.contains(number) {
                replica.live(self.time);
            }
        }
    }

    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.time + time;
        while self.time < end {
            self.step();
        }
    }

    pub(super) fn until(&mut self, what: &str, holds: impl Fn(&Stage) -> bool) {
        let end = self.time + Duration::from_mins(10);
        while !holds(&self.stage) {
            assert!(self.time < end, "not within ten minutes: {what}\n{}", self.stage.tell());
            self.pass(STEP * 10);
        }
    }

    /// Somebody does something.
    pub(super) fn now<'a>(&'a self, act: impl FnOnce(&'a Stage) -> LocalBoxFuture<'a, ()>) {
        self.clockwork.runtime.block_on(act(&self.stage));
    }

    pub(super) fn hold(&self, replica: u32, hold: Hold) {
        self.network.lock().holds.insert(replica, hold);
    }

    pub(super) fn until_frozen(&mut self, replica: u32) {
        let end = self.time + Duration::from_mins(10);
        while !self.network.lock().frozen.contains(&replica) {
            assert!(self.time < end, "it never came to its hold\n{}", self.stage.tell());
            self.step();
        }
    }

    /// The process is gone, and what it sent is not.
    pub(super) fn kill(&mut self, replica: u32) {
        self.replicas.remove(&replica);
    }

    /// What was on its way arrives.
    pub(super) fn release(&self) {
        self.network.released.send_replace(true);
    }

    /// The process goes on, on a clock that went on without it.
    pub(super) fn thaw(&mut self, replica: u32) {
        self.network.lock().frozen.retain(|it| *it != replica);
        self.replicas[&replica].jump(self.time);
    }

    /// Requests about the lease get no answer any more.
    pub(super) fn cut_lease(&mut self, replica: u32) {
        self.network.lock().cut.push(replica);
        self.cut_at = Some(self.clockwork.runtime.block_on(async { Instant::now() }));
    }

    /// What a replica wrote, in order of arrival.
    pub(super) fn log(&self, replica: u32) -> Vec<String> {
        let net = self.network.lock();
        net.log.iter().filter(|it| it.0 == replica).map(|it| it.2.clone()).collect()
    }

    /// When that was.
    pub(super) fn written(&self, replica: u32) -> Vec<Instant> {
        self.network.lock().log.iter().filter(|it| it.0 == replica).map(|it| it.1).collect()
    }
}

/// Who holds the lease.
pub(super) fn holder(stage: &Stage) -> String {
    let lease = stage.memory.peek(&format!("/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/roster"));
    lease.unwrap_or_default()["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned()
}
