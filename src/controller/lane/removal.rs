//! Removals of a lane's task: one after the other, each after a fresh look, past the guards and the budget, with a permit. IO.

use tokio::time::Instant;

use crate::{backend::ErrorKind, plan::Guarded};

use super::{
    Author, Job, Lane, booking,
    failure::Failure,
    realm::{Again, Realm},
    task::{add, failed, finish, note, sit_out_pause, span, write},
};

/// Makes the steps of jobs that remove something, one job after the other.
pub(super) async fn remove_each<R: Realm>(lane: &Lane<R>, jobs: Vec<Job<R::Step>>) {
    let mut around: Option<Result<R::Around, Failure>> = None;
    for job in jobs {
        let steps = async {
            let result = match add(lane, &job).await {
                Ok(()) => remove_all(lane, &job, &mut around).await,
                Err(failure) => Err(failure),
            };
            finish(lane, &job.author, result);
        };
        job.author.pass.follow(span(lane, &job.author), steps).await;
    }
}

/// Makes an object's removals. What the guards look at is read once for the whole batch; what is removed is read for
/// itself.
async fn remove_all<R: Realm>(
    lane: &Lane<R>,
    job: &Job<R::Step>,
    around: &mut Option<Result<R::Around, Failure>>,
) -> Result<(), Failure> {
    lane.write().budget.forget(&job.author.object.uid, Instant::now());
    for (at, step) in job.steps.iter().enumerate() {
        let Some(removal) = R::removal(step) else { continue };
        booking::load(lane).await?;
        booking::hold_back(lane, job, at)?;
        if lane.read().listing.in_doubt() {
            return Err(Failure::in_doubt());
        }
        sit_out_pause(lane).await;
        if !lane.parts.wake.wants(&job.author) {
            return Ok(());
        }
        if R::takes_more_along(removal) && !lane.read().listing.is_recent(Instant::now()) {
            lane.write().listing.want();
            return Err(Failure::looking_again::<R>());
        }
        if around.is_none() {
            let read = lane.parts.realm.look_around().await;
            *around = Some(read.map_err(|error| failed(lane, step, &error)));
        }
        let Some(Ok(known)) = around else {
            let Some(Err(failure)) = around.take() else { continue };
            return Err(failure);
        };
        let fresh = look_again(lane, step, removal).await?;
        let written = remove(lane, job, at, fresh, known).await?;
        R::passed(known, &written);
        let survivors = lane.read().picture.as_ref().and_then(|picture| R::survivors(picture, &written));
        note(lane, &job.author, step, &written, survivors);
        booking::made(lane, job, at).await;
    }
    Ok(())
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
    let booked = booking::book(lane, job, at).await?;
    let passed = guard(lane, &job.author, fresh, known).inspect_err(|_| booking::give_back(lane, &booked.counted))?;
    let removed = write(lane, lane.parts.realm.remove(passed.with(booked.leave))).await?;
    removed.map_err(|error| {
        if certainly_not_made(error.kind) {
            booking::give_back(lane, &booked.counted);
        }
        failed(lane, &job.steps[at], &error)
    })
}

/// Whether an answer leaves no doubt that a removal was not made, now or at an earlier try.
fn certainly_not_made(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::CredentialsRejected
        | ErrorKind::Forbidden
        | ErrorKind::Conflict
        | ErrorKind::Invalid
        | ErrorKind::QuotaExceeded
        | ErrorKind::Throttled => true,
        ErrorKind::NotFound | ErrorKind::Unavailable | ErrorKind::Ambiguous | ErrorKind::Malformed => false,
    }
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
    if R::ends_administration(&removal, known)
        && let Some(wait) = booking::await_former(lane, &state, author, &removal)
    {
        return Err(Failure::former(wait));
    }
    let protection = (lane.parts.protection)();
    let passed = lane.parts.realm.pass(removal, picture, known, &protection, &author.confirmed);
    passed.map_err(|held| Failure::held(held, state.version))
}

/// What is to be removed, as it is now.
async fn look_again<R: Realm>(lane: &Lane<R>, step: &R::Step, removal: &R::Removal) -> Result<R::Removal, Failure> {
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
