//! What a removal is judged by at the moment that it is made, whatever was decided before.

use super::*;
use crate::access::catalogue::ORGANIZATION_ADMIN;

fn operator(number: usize) -> Removal {
    Removal::Binding(binding(&format!("u-{number}"), "Operator"))
}

fn administrator(number: usize) -> Removal {
    Removal::Binding(binding(&format!("u-{number}"), ORGANIZATION_ADMIN))
}

fn account(number: usize) -> Removal {
    let User { id: user, email, .. } = user(number);
    Removal::Account { user, email }
}

fn grant(number: usize) -> Step {
    let principal = PrincipalId::new(format!("u-{number}"));
    Step::Grant(Grant { principal, role: "MetricsViewer".to_owned(), scope: Scope::organization() })
}

#[tokio::test]
async fn what_a_fresh_look_no_longer_shows_is_not_removed() {
    let scene = Scene::open().await;
    *scene.vendor.hides.lock().unwrap() = true;
    assert!(scene.revoke(2).await.is_some());
    assert_eq!((scene.removed(), scene.counted()), (0, 0));
    *scene.vendor.hides.lock().unwrap() = false;
    assert_eq!(scene.revoke(2).await, None);
    assert_eq!(scene.removed(), 1);
}

/// The administrators are read once for a batch, so each removal has to be taken out of what the next one is judged by. Whom
/// the operator acts as is not known here, so that one of three may go, and no second.
#[tokio::test]
async fn of_administrators_who_go_together_each_is_judged_without_those_before() {
    let scene = Scene::open().await;
    let jobs = (0..3).map(|number| job(number, vec![Step::Remove(administrator(number))])).collect();
    task::work(&scene.lane, jobs).await;
    assert_eq!(scene.removed(), 1);
    let reasons: Vec<_> = (0..3).map(|number| scene.failure(number)).collect();
    assert_eq!(reasons, [None, Some(Reason::LastOrganizationAdmin), Some(Reason::LastOrganizationAdmin)]);
}

#[tokio::test]
async fn what_replaces_a_grant_is_made_before_that_ends_and_where_it_cannot_be_made_nothing_ends() {
    let scene = Scene::open().await;
    let steps = |number| vec![grant(number), Step::Remove(operator(number))];
    *scene.vendor.grants.lock().unwrap() = Some(ErrorKind::Invalid);
    task::work(&scene.lane, vec![job(2, steps(2))]).await;
    assert!(scene.failure(2).is_some() && scene.removed() == 0);
    *scene.vendor.grants.lock().unwrap() = None;
    task::work(&scene.lane, vec![job(3, steps(3))]).await;
    assert!(scene.failure(3).is_none() && scene.removed() == 1);
}

#[tokio::test]
async fn a_grant_whose_answer_was_lost_is_looked_for_before_it_counts_as_not_made() {
    for (hidden, failure) in [(false, None), (true, Some(Reason::BackendUnavailable))] {
        let scene = Scene::open().await;
        *scene.vendor.grants.lock().unwrap() = Some(ErrorKind::Ambiguous);
        *scene.vendor.hides.lock().unwrap() = hidden;
        task::work(&scene.lane, vec![job(2, vec![grant(2)])]).await;
        assert_eq!(scene.failure(2), failure, "{hidden}");
    }
}

/// However old the picture is, by then somebody may have put more under the account, or taken some away.
#[tokio::test(start_paused = true)]
async fn an_account_goes_where_a_look_shows_under_it_what_the_picture_does() {
    let add = |number: usize| {
        let mut listing = listing(20);
        listing.bindings.push(binding(&format!("u-{number}"), "MetricsViewer"));
        listing
    };
    let mut less = listing(20);
    less.bindings.retain(|binding| binding.principal.as_str() != "u-7");
    let (user, email) = (PrincipalId::new("u-8"), user(8).email);
    let invitation = Removal::Invitation { id: "i-8".to_owned(), user: Some(user), email };
    for (removal, now) in [(account(6), add(6)), (account(7), less), (invitation, add(8))] {
        let scene = Scene::open().await;
        tokio::time::sleep(Duration::from_mins(9)).await;
        assert_eq!(scene.remove(5, account(5)).await, None);
        *scene.vendor.listing.lock().unwrap() = now;
        assert_eq!(scene.remove(6, removal.clone()).await, Some(Reason::Progressing), "{removal:?}");
        assert_eq!((scene.removed(), scene.counted()), (1, 1), "{removal:?}");
        // A listing shows it, by which the object decides once more.
        task::list(&scene.lane).await;
        assert_eq!(scene.remove(6, removal.clone()).await, None, "{removal:?}");
        assert_eq!(scene.removed(), 2, "{removal:?}");
    }
}

/// The look may lag behind, and what we took away ourselves is not what somebody put there.
#[tokio::test(start_paused = true)]
async fn what_we_removed_ourselves_does_not_stand_under_an_account() {
    let scene = Scene::open().await;
    assert_eq!(scene.revoke(6).await, None);
    assert_eq!(scene.remove(6, account(6)).await, None);
    assert_eq!(scene.removed(), 2);
}

/// A removal whose answer was lost may have happened, and a look may not show it yet.
#[tokio::test(start_paused = true)]
async fn an_administrator_whose_removal_is_in_doubt_is_none_who_remains() {
    let scene = Scene::open().await;
    *scene.vendor.refuses.lock().unwrap() = Some(ErrorKind::Ambiguous);
    task::work(&scene.lane, vec![job(0, vec![Step::Remove(administrator(0))])]).await;
    assert_eq!((scene.failure(0), scene.removed()), (Some(Reason::BackendUnavailable), 0));
    *scene.vendor.refuses.lock().unwrap() = None;
    assert_eq!(scene.remove(1, administrator(1)).await, Some(Reason::LastOrganizationAdmin));
    // The one in doubt itself may be tried again, and then is in doubt no more, but gone.
    assert_eq!(scene.remove(0, administrator(0)).await, None);
    assert_eq!(scene.remove(1, administrator(1)).await, Some(Reason::LastOrganizationAdmin));
    // By then a listing would show what happened, and the vendor here still shows all three.
    tokio::time::sleep(LONGEST_LAG).await;
    task::list(&scene.lane).await;
    assert_eq!(scene.remove(1, administrator(1)).await, None);
    assert_eq!(scene.removed(), 2);
}

/// A role that was declared for the person while the removal waited in the queue falls with the account.
#[tokio::test]
async fn an_account_under_which_something_was_put_since_is_decided_about_again() {
    let scene = Scene::open().await;
    let mut removing = job(6, vec![Step::Remove(account(6))]);
    removing.along = scene.lane.view().along(&removing.steps);
    task::work(&scene.lane, vec![job(7, vec![grant(6)]), removing]).await;
    assert_eq!((scene.failure(7), scene.failure(6)), (None, Some(Reason::Progressing)));
    assert_eq!((scene.removed(), scene.counted()), (0, 0));
}

#[tokio::test]
async fn why_an_object_was_held_is_forgotten_with_the_object() {
    let scene = Scene::open().await;
    let jobs = (0..3).map(|number| job(number, vec![Step::Remove(administrator(number))]));
    let gone = |mut job: Job<Step>| {
        if job.author.object.uid == "uid-2" {
            job.author.object.namespace = GONE.to_owned();
        }
        job
    };
    task::work(&scene.lane, jobs.map(gone).collect()).await;
    assert!(scene.failure(1).is_some() && scene.failure(2).is_some());
    task::list(&scene.lane).await;
    assert!(scene.failure(1).is_some() && scene.failure(2).is_none());
}

#[tokio::test]
async fn what_is_not_wanted_any_more_when_it_has_been_counted_is_not_removed_and_given_back() {
    let scene = Scene::open().await;
    let steps = vec![Step::Remove(operator(2))];
    scene.lane.write().admit(job(2, steps.clone()), 0);
    let lane = Arc::downgrade(&scene.lane);
    let overtaken = move || lane.upgrade().unwrap().looked("uid-2", &[]);
    *scene.book.meanwhile.lock().unwrap() = Some(Box::new(overtaken));
    task::work(&scene.lane, vec![job(2, steps)]).await;
    let counted = scene.lane.read().budget.record.clone().unwrap();
    assert_eq!((scene.removed(), scene.failure(2)), (0, Some(Reason::Progressing)));
    assert!(counted.counted.iter().all(|entry| entry.count == 0) && counted.open.is_empty(), "{counted:?}");
}

#[tokio::test]
async fn where_what_replaces_a_grant_is_not_wanted_any_more_that_does_not_end() {
    let scene = Scene::open().await;
    let steps = vec![grant(2), Step::Remove(operator(2))];
    scene.lane.write().admit(job(2, steps.clone()), 0);
    scene.lane.looked("uid-2", &steps[1..]);
    task::work(&scene.lane, vec![job(2, steps)]).await;
    assert_eq!((scene.removed(), scene.failure(2)), (0, None), "it decides again");
}

#[tokio::test(start_paused = true)]
async fn what_a_guard_held_because_of_a_removal_in_doubt_is_worth_another_try_when_the_doubt_is_over() {
    let scene = Scene::open().await;
    let now = Instant::now();
    scene.lane.write().doubtful.push((administrator(1), now));
    task::list(&scene.lane).await;
    let version = scene.lane.read().version;
    tokio::time::advance(LONGEST_LAG).await;
    task::list(&scene.lane).await;
    assert!(scene.lane.read().version > version && scene.lane.read().doubtful.is_empty());
}
