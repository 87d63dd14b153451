//! Removals of a lane's task: one after the other, each after a fresh look, past the guards and the budget, with a permit. IO.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    backend::{ErrorKind, Purpose},
    plan::Guarded,
};

use super::{
    Author, Job, LONGEST_LAG, Lane, State, booking,
    failure::Failure,
    job::told,
    realm::{Again, GuardBy, Realm},
    sweep::Claim,
    task::{add, failed, finish, is_wanted, note, sit_out_pause, span, write},
};

/// How long what the guards look at besides the picture may be known. Shorter than a doubt lasts, so that no removal in doubt
/// is forgotten by what was read before it.
const FRESH: Duration = Duration::from_secs(30);
/// The same where the vendor's rate draws the looks themselves out.
const LONGEST_FRESH: Duration = Duration::from_mins(1);

/// What the guards look at besides the picture, and when it was read.
struct Around<R: Realm> {
    known: R::Around,
    read: Instant,
}

/// Makes the steps of jobs that remove something, one job after the other.
pub(super) async fn remove_each<R: Realm>(lane: &Lane<R>, jobs: Vec<Job<R::Step>>) {
    let mut around = None;
    for mut job in jobs {
        let (pass, span) = (job.author.pass.clone(), span(lane, &job.author));
        let steps = async {
            let result = match add(lane, &job).await {
                Ok(true) => remove_all(lane, &mut job, &mut around).await,
                Ok(false) => Ok(()),
                Err(failure) => Err(failure),
            };
            finish(lane, &job.author, result);
        };
        pass.follow(span, steps).await;
    }
}

/// Makes an object's removals. What the guards look at is read once for a batch, while it is fresh; what is removed is read
/// for itself.
async fn remove_all<R: Realm>(
    lane: &Lane<R>,
    job: &mut Job<R::Step>,
    around: &mut Option<Around<R>>,
) -> Result<(), Failure> {
    lane.write().budget.begin(&job.author.object.uid, Instant::now());
    for at in 0..job.steps.len() {
        // A failure is one of what is left: the same object with other steps is not kept from these by it.
        job.author.told = told(&job.steps[at..]);
        let job = &*job;
        let step = &job.steps[at];
        let Some(removal) = R::removal(step) else { continue };
        booking::load(lane).await?;
        booking::hold_back(lane, job, at)?;
        if lane.read().listing.in_doubt() {
            return Err(Failure::in_doubt());
        }
        sit_out_pause(lane, Purpose::Change).await;
        if !is_wanted(lane, job, step) {
            return Ok(());
        }
        if R::takes_more_along(removal) && lane.view().along(&job.steps) != job.along {
            return Err(Failure::outdated());
        }
        let began = Instant::now();
        let read = look_around(lane, step, around.take()).await?;
        let around = around.insert(read);
        look_closer(lane, step, removal, &mut around.known).await?;
        let fresh = look_again(lane, step, removal).await?;
        look_under(lane, step, removal).await?;
        await_turn(lane, began).await?;
        if !is_wanted(lane, job, step) {
            return Ok(());
        }
        let claim = undeclared(lane, &job.author, removal).await?;
        let judged = supposing(lane, &fresh, &around.known);
        let written = remove(lane, job, at, fresh, &judged).await?;
        R::passed(&mut around.known, &written);
        if let Some(claim) = claim {
            lane.parts.wake.speakers(&lane.parts.name, &claim);
        }
        let survivors = lane.read().picture.as_ref().and_then(|picture| R::survivors(picture, &written));
        note(lane, &job.author, step, &written, survivors);
        booking::made(lane, job, at).await;
    }
    Ok(())
}

/// What the guards look at besides the picture, without what we removed and a read that lags behind may still show.
async fn look_around<R: Realm>(
    lane: &Lane<R>,
    step: &R::Step,
    before: Option<Around<R>>,
) -> Result<Around<R>, Failure> {
    if let Some(fresh) = before.filter(|around| around.read.elapsed() < FRESH) {
        return Ok(fresh);
    }
    sit_out_pause(lane, Purpose::Change).await;
    let read = Instant::now();
    let mut known = lane.parts.realm.look_around().await.map_err(|error| failed(lane, step, &error))?;
    for (written, _) in &lane.read().unconfirmed {
        R::passed(&mut known, written);
    }
    Ok(Around { known, read })
}

/// Leaves out whoever is known to administer and is there no more, which only a look at each tells, until as many are seen as have to
/// remain.
async fn look_closer<R: Realm>(
    lane: &Lane<R>,
    step: &R::Step,
    removal: &R::Removal,
    around: &mut R::Around,
) -> Result<(), Failure> {
    let (others, enough) = {
        let (state, protection) = (lane.read(), (lane.parts.protection)());
        let picture = state.picture.as_ref().filter(|_| ends_administration(&state, removal, around));
        let Some(picture) = picture else { return Ok(()) };
        lane.parts.realm.remaining(removal, GuardBy { picture, around, protection: &protection })
    };
    let mut seen = 0;
    for who in others {
        if seen == enough {
            break;
        }
        sit_out_pause(lane, Purpose::Change).await;
        if lane.parts.realm.is_there(&who).await.map_err(|error| failed(lane, step, &error))? {
            seen += 1;
        } else {
            R::leave_out(around, &who);
        }
    }
    Ok(())
}

/// Whether a removal takes one of those away of whom a number has to remain, by anything that is known.
fn ends_administration<R: Realm>(state: &State<R>, removal: &R::Removal, known: &R::Around) -> bool {
    let by_picture = |picture: &R::Picture| R::would_end_administration(removal, picture);
    R::ends_administration(removal, known) || state.picture.as_ref().is_some_and(by_picture)
}

/// What a removal is judged by: as if every other one that may have happened had, but for those with which it would itself end
/// nothing any more. What is to go was read right before, so none of these can be relied on: an account that was not deleted after
/// all would lose its role unjudged.
fn supposing<R: Realm>(lane: &Lane<R>, removal: &R::Removal, known: &R::Around) -> R::Around {
    let (mut known, own) = (known.clone(), R::canonical(removal));
    let state = lane.read();
    let doubtful = state.doubtful.iter().filter(|(_, at)| at.elapsed() < LONGEST_LAG);
    for (doubtful, _) in doubtful.filter(|(doubtful, _)| R::canonical(doubtful) != own) {
        let mut without = known.clone();
        R::passed(&mut without, &R::supposed(doubtful));
        if R::ends_administration(removal, &without) || !R::ends_administration(removal, &known) {
            known = without;
        }
    }
    known
}

/// Makes one removal: the guards first, so that what they hold is not counted; then the budget; and the guards once more,
/// at the moment itself.
async fn remove<R: Realm>(
    lane: &Lane<R>,
    job: &Job<R::Step>,
    at: usize,
    fresh: R::Removal,
    known: &R::Around,
) -> Result<R::Written, Failure> {
    guard(lane, &job.author, fresh.clone(), known)?;
    let ends = ends_administration(&lane.read(), &fresh, known);
    let booked = booking::book(lane, job, at, ends).await?;
    // Counting it took a write, which may have taken long.
    if !is_wanted(lane, job, &job.steps[at]) {
        booking::give_back(lane, &booked.counted);
        return Err(Failure::overtaken());
    }
    let passed =
        guard(lane, &job.author, fresh.clone(), known).inspect_err(|_| booking::give_back(lane, &booked.counted))?;
    let removed = write(lane, lane.parts.realm.remove(passed.with(booked.leave))).await?;
    removed.map_err(|error| {
        if error.kind == ErrorKind::Invalid && R::takes_more_along(&fresh) {
            // It is another by now: an invitation that was accepted is no longer withdrawn.
            lane.write().listing.want();
        }
        if certainly_not_made(error.kind) {
            booking::give_back(lane, &booked.counted);
        } else {
            lane.write().doubtful.push((fresh, Instant::now()));
        }
        failed(lane, &job.steps[at], &error)
    })
}

/// Whether an answer leaves no doubt that a removal was not made, now or at an earlier try. A gateway that repeats one passes on what
/// the repetition is told: that it is not there, which may be a 403, or in conflict.
fn certainly_not_made(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::CredentialsRejected | ErrorKind::Invalid | ErrorKind::QuotaExceeded | ErrorKind::Throttled => true,
        ErrorKind::Forbidden
        | ErrorKind::Conflict
        | ErrorKind::NotFound
        | ErrorKind::Unavailable
        | ErrorKind::Ambiguous
        | ErrorKind::Malformed => false,
    }
}

/// Looks whether the caches show every object that may speak for what goes because nobody declares it; other removals are
/// their object's own, and nothing is asked.
async fn undeclared<R: Realm>(lane: &Lane<R>, author: &Author, removal: &R::Removal) -> Result<Option<Claim>, Failure> {
    if author.object.kind != R::KIND {
        return Ok(None);
    }
    let claim = lane.read().picture.as_ref().and_then(|picture| R::claim(removal, picture));
    let (Some(claim), Some(caches)) = (claim, &lane.parts.caches) else {
        return Err(Failure::behind("it cannot be told who declares it"));
    };
    match caches.are_current(author, &claim).await {
        Ok(true) => Ok(Some(claim)),
        Ok(false) => Err(Failure::behind("the operator's caches are behind")),
        Err(error) => Err(Failure::behind(&crate::telemetry::chain(&error))),
    }
}

/// Who may declare what is to go because nobody does.
fn spoken_for<R: Realm>(lane: &Lane<R>, author: &Author, removal: &R::Removal, picture: &R::Picture) -> Option<String> {
    if author.object.kind != R::KIND {
        return None;
    }
    let Some(claim) = R::claim(removal, picture) else { return Some("somebody".to_owned()) };
    lane.parts.wake.speaker(&lane.parts.name, &claim, lane.parts.outside.now())
}

/// Asks the guards, by the picture and the owner's rules as they are now.
fn guard<R: Realm>(
    lane: &Lane<R>,
    author: &Author,
    removal: R::Removal,
    known: &R::Around,
) -> Result<Guarded<R::Removal>, Failure> {
    let state = lane.read();
    let Some(picture) = &state.picture else {
        return Err(Failure::doubt("there is no listing to judge a removal by"));
    };
    if let Some(speaker) = spoken_for(lane, author, &removal, picture) {
        return Err(Failure::behind(&format!("`{speaker}` may declare it")));
    }
    let protection = (lane.parts.protection)();
    // One annotation on a connection would confirm every removal of a role.
    let confirmed = if author.object.kind == R::KIND { "" } else { author.confirmed.as_str() };
    let ends = ends_administration(&state, &removal, known);
    let passed = lane.parts.realm.pass(removal, picture, known, &protection, confirmed);
    let passed = passed.map_err(|held| Failure::held(held, state.version))?;
    // Afterwards: what is held whoever else went says so, and does not say something else after each start.
    match booking::await_former(lane, &state).filter(|_| ends) {
        Some(wait) => Err(Failure::former(wait)),
        None => Ok(passed),
    }
}

/// Looks whether what falls with a removal is what the picture shows, which may be old: what somebody granted in the portal since
/// would go with it. A few requests about one account, and no listing: where the vendor's rate is small, a listing that was young
/// enough would be old again before its removal had its turn.
async fn look_under<R: Realm>(lane: &Lane<R>, step: &R::Step, removal: &R::Removal) -> Result<(), Failure> {
    if !R::takes_more_along(removal) {
        return Ok(());
    }
    sit_out_pause(lane, Purpose::Change).await;
    let read = lane.parts.realm.look_under(removal).await.map_err(|error| failed(lane, step, &error))?;
    let Some(mut under) = read else { return Ok(()) };
    let state = lane.read();
    for (written, _) in &state.unconfirmed {
        R::apply(&mut under, written);
    }
    let known = state.picture.as_ref().map(|picture| R::along(removal, picture));
    if known == Some(R::along(removal, &under)) { Ok(()) } else { Err(Failure::looking_again::<R>()) }
}

/// Waits until the vendor takes the removal: in the client it would wait for less long, and begin anew, where the looks before it
/// use up what the vendor takes. They may be as old as they took to make: at that rate none are younger.
async fn await_turn<R: Realm>(lane: &Lane<R>, began: Instant) -> Result<(), Failure> {
    let longest = FRESH.max(began.elapsed() * 2).min(LONGEST_FRESH);
    sit_out_pause(lane, Purpose::Change).await;
    if began.elapsed() <= longest { Ok(()) } else { Err(Failure::stale()) }
}

/// What is to be removed, as it is now.
async fn look_again<R: Realm>(lane: &Lane<R>, step: &R::Step, removal: &R::Removal) -> Result<R::Removal, Failure> {
    sit_out_pause(lane, Purpose::Change).await;
    let again = lane.parts.realm.look_again(removal).await.map_err(|error| failed(lane, step, &error))?;
    match again {
        Again::There(removal) => Ok(removal),
        Again::Gone => {
            let mut state = lane.write();
            state.unconfirmed.retain(|(written, _)| !R::outdates(removal, written));
            state.listing.want();
            drop(state);
            let message = format!("a fresh look no longer shows what was to be removed ({step}); listing again");
            Err(Failure::doubt(message))
        }
        Again::Unreadable(what) => {
            Err(Failure::doubt(format!("`{what}` has a form that Roster cannot read, so it is never removed")))
        }
    }
}
