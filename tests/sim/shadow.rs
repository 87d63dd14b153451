//! What would be without one knob: a simulator beside the real one, the same but for that knob, which gets whatever the real one
//! gets. Where the two first answer otherwise, the knob has struck.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures::future::{BoxFuture, join_all};
use http::{Request, Response};
use roster::simulator::{
    Knobs, Simulator,
    world::{Actor, Command},
};
use tokio::time::Instant;

/// Of an answer, all that a knob can change: how long it took, its status, whether it says that no request is left, and its body.
type Told = (Duration, u16, bool, Bytes);

fn told(began: Instant, answer: &Response<Bytes>) -> Told {
    let left = answer.headers().get("x-ratelimit-remaining");
    (began.elapsed(), answer.status().as_u16(), left.is_some_and(|it| it == "0"), answer.body().clone())
}

/// The answers of those beside, with their names.
pub(crate) type Beside = Vec<(String, Told)>;

/// All that go beside. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Shadows {
    beside: Arc<Mutex<Vec<(String, Simulator)>>>,
    parted: Arc<Mutex<BTreeSet<String>>>,
}

impl Shadows {
    /// One more.
    pub(crate) fn add(&self, name: &str, simulator: Simulator) {
        self.beside.lock().unwrap().push((name.to_owned(), simulator));
    }

    /// Whether the real one has gone another way than that.
    pub(crate) fn has_parted(&self, name: &str) -> bool {
        self.parted.lock().unwrap().contains(name)
    }

    fn part(&self, name: &str) {
        self.beside.lock().unwrap().retain(|(own, _)| own != name);
        self.parted.lock().unwrap().insert(name.to_owned());
    }

    fn each(&self) -> Vec<(String, Simulator)> {
        self.beside.lock().unwrap().clone()
    }

    /// Turns knobs in all.
    pub(crate) fn update(&self, turn: fn(&mut Knobs)) {
        for (_, simulator) in self.each() {
            simulator.update(turn).unwrap();
        }
    }

    /// Does what was just done to the real one; where it is refused, that goes another way.
    pub(crate) fn act(&self, actor: &Actor, command: &Command) {
        for (name, simulator) in self.each() {
            if simulator.act(actor, command).is_err() {
                self.part(&name);
            }
        }
    }

    /// Asks all the same.
    pub(crate) fn ask(&self, request: &Request<Bytes>) -> BoxFuture<'static, Beside> {
        let (asked, began) = (self.each(), Instant::now());
        let each = asked.into_iter().map(|(name, simulator)| {
            let request = request.clone();
            async move { (name, told(began, &simulator.call(request).await)) }
        });
        Box::pin(join_all(each))
    }

    /// Holds the answers of those beside against that of the real one, which was asked at that time.
    pub(crate) fn compare(&self, began: Instant, answer: &Response<Bytes>, beside: &Beside) {
        let real = told(began, answer);
        for (name, _) in beside.iter().filter(|(_, told)| *told != real) {
            self.part(name);
        }
    }
}
