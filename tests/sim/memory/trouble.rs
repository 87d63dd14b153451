//! What goes wrong between a client and this server: refusals, answers that are lost, requests that never arrive, and watches
//! that break off. Whoever administers is spared.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use ::http::{Method, Request, Response};
use axum::body::Body;
use serde_json::json;

use super::{Memory, answer::Refusal, http::refused, resource::Target, store::Kept};

/// One thing that goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    /// A write is refused, as if somebody else had been first.
    Conflict,
    /// A request is refused with this code, and nothing is done.
    Refused(u16),
    /// A write is carried out, and its answer is lost.
    LostAnswer,
    /// A write never arrives.
    LostRequest,
    /// Every watch breaks off.
    BrokenWatch,
    /// Every watch breaks off, and the version that it was at is forgotten.
    Gone,
    /// Watches tell nothing for a while.
    Still,
    /// Those of one kind, while the others tell.
    StillOf(&'static str),
    /// For a while no request arrives and no answer comes back, those for the lease included.
    CutOff,
}

impl Trouble {
    /// Each of them, with the codes that a server under load answers with.
    pub(crate) const ALL: [Self; 15] = [
        Self::Conflict,
        Self::Refused(429),
        Self::Refused(500),
        Self::Refused(503),
        Self::LostAnswer,
        Self::LostRequest,
        Self::BrokenWatch,
        Self::Gone,
        Self::Still,
        Self::StillOf("confluentorganizations"),
        Self::StillOf("confluentusers"),
        Self::StillOf("accessrolebindings"),
        Self::StillOf("publisherusers"),
        Self::StillOf("namespaces"),
        Self::CutOff,
    ];

    /// Whether it lasts until somebody ends it.
    pub(crate) fn lasts(self) -> bool {
        matches!(self, Self::Still | Self::StillOf(_) | Self::CutOff)
    }

    fn meets(self, method: &Method) -> bool {
        match self {
            Self::Refused(_) => true,
            Self::Conflict => matches!(*method, Method::PATCH | Method::PUT),
            _ => *method != Method::GET,
        }
    }
}

/// What goes wrong with requests to come, and how often what went wrong.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    coming: Vec<Trouble>,
    /// What lasts until somebody ends it.
    lasting: BTreeSet<Trouble>,
    struck: BTreeMap<Trouble, usize>,
}

/// After which time whoever is cut off learns that nobody answers.
const UNREACHABLE: Duration = Duration::from_secs(5);

/// All of them. Clones share it.
pub(super) type Shared = Arc<Mutex<Troubles>>;

impl Memory {
    /// From now on that goes wrong once, or at once for watches, or until it is ended.
    pub(crate) fn trouble(&self, trouble: Trouble) {
        match trouble {
            Trouble::Gone => self.compact(),
            Trouble::BrokenWatch => {
                let mut state = self.lock();
                (state.breaks, state.told) = (state.breaks + 1, state.told + 1);
                drop(state);
                self.ring();
            }
            _ => {
                let mut troubles = self.troubles.lock().unwrap();
                if trouble.lasts() {
                    troubles.lasting.insert(trouble);
                } else {
                    troubles.coming.push(trouble);
                }
            }
        }
    }

    /// What lasts does so no longer: watches tell what they owe, and who was cut off is not.
    pub(crate) fn tell(&self) {
        self.troubles.lock().unwrap().lasting.clear();
        self.lock().told += 1;
        self.ring();
    }

    /// Nothing goes wrong any more.
    pub(crate) fn mend(&self) {
        self.troubles.lock().unwrap().coming.clear();
        self.tell();
    }

    /// It went wrong.
    pub(super) fn strike(&self, trouble: Trouble) {
        *self.troubles.lock().unwrap().struck.entry(trouble).or_default() += 1;
    }

    /// Why watches of that kind tell nothing now; nothing where they do.
    pub(super) fn stillness(&self, plural: &'static str) -> Vec<Trouble> {
        let troubles = self.troubles.lock().unwrap();
        let why = [Trouble::CutOff, Trouble::Still, Trouble::StillOf(plural)];
        why.into_iter().filter(|it| troubles.lasting.contains(it)).collect()
    }

    /// Waits as whoever is cut off does; nothing else is worth the wait.
    pub(super) async fn reach(&self, user: &str) -> io::Result<()> {
        let cut = user != "admin" && self.troubles.lock().unwrap().lasting.contains(&Trouble::CutOff);
        if !cut {
            return Ok(());
        }
        self.strike(Trouble::CutOff);
        tokio::time::sleep(UNREACHABLE).await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    }

    /// What went wrong so far.
    pub(crate) fn struck(&self) -> Vec<Trouble> {
        self.troubles.lock().unwrap().struck.keys().copied().collect()
    }

    /// Answers a request of somebody who is not spared.
    pub(super) fn answer_if_well(&self, user: &str, request: &Request<Vec<u8>>) -> io::Result<Response<Body>> {
        let trouble = {
            let mut troubles = self.troubles.lock().unwrap();
            let met = troubles.coming.iter().position(|it| user != "admin" && it.meets(request.method()));
            let trouble = met.map(|index| troubles.coming.remove(index));
            if let Some(trouble) = trouble {
                *troubles.struck.entry(trouble).or_default() += 1;
            }
            trouble
        };
        let reset = || Err(io::Error::from(io::ErrorKind::ConnectionReset));
        match trouble {
            Some(Trouble::Conflict) => {
                self.touch(request.uri().path());
                let told =
                    "the object has been modified; please apply your changes to the latest version and try again";
                Ok(refused(&Refusal::new(409, "Conflict", told)))
            }
            Some(Trouble::Refused(code)) => {
                let reason = if code == 429 { "TooManyRequests" } else { "InternalError" };
                let refusal = Refusal::new(code, reason, "too much is asked");
                Ok(refused(&refusal.with(json!({"retryAfterSeconds": 1}))))
            }
            Some(Trouble::LostAnswer) => {
                self.answer(user, request);
                reset()
            }
            Some(Trouble::LostRequest) => reset(),
            _ => Ok(self.answer(user, request)),
        }
    }

    /// Somebody was first indeed: whoever is refused hears of it by a watch.
    fn touch(&self, path: &str) {
        let mut state = self.lock();
        let Some(place) = Target::parse(path).map(|target| target.place()) else { return };
        if let Some(mut kept) = state.objects.get(&place).map(|stored| Kept::clone(stored)) {
            kept.object["metadata"]["annotations"]["example.com/touched"] = json!(state.version.to_string());
            state.put(&place, kept);
        }
        drop(state);
        self.ring();
    }
}
