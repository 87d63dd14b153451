//! What a person said yes to, and for how long it stays so.

use super::*;

impl Scene {
    /// A person says yes to what is held.
    fn acknowledge(&self) -> usize {
        let (now, instant) = (self.lane.parts.outside.now(), Instant::now() + Duration::from_mins(1));
        let mut state = self.lane.write();
        state.budget.publish(instant);
        let budget::HeldNews::Known(held) = state.budget.news.clone() else { return 0 };
        let limits = Limits { acknowledged: Some(held.digest()), ..(self.lane.parts.limits)() };
        state.budget.review(&limits, true, |_| true, (now, instant)).len()
    }

    /// How many yeses are kept where a restart finds them.
    fn kept(&self) -> usize {
        self.book.kept.lock().unwrap().removals.acknowledged.len()
    }

    /// A scene in which the budget is used up.
    async fn spent() -> Self {
        let scene = Self::open().await;
        for number in 2..7 {
            assert_eq!(scene.revoke(number).await, None);
        }
        scene
    }
}

#[tokio::test]
async fn what_was_acknowledged_goes_however_often_others_are_acknowledged_meanwhile() {
    let scene = Scene::spent().await;
    let (held, fails) = (Some(Reason::RemovalBudgetExceeded), Some(Reason::BackendUnavailable));
    assert_eq!(scene.revoke(7).await, held);
    assert_eq!(scene.acknowledge(), 1);
    *scene.vendor.refuses.lock().unwrap() = Some(ErrorKind::Unavailable);
    assert_eq!(scene.revoke(7).await, fails, "it was let go, and waits for the vendor");
    assert_eq!(scene.revoke(8).await, held);
    assert_eq!(scene.acknowledge(), 1);
    assert_eq!((scene.revoke(7).await, scene.revoke(8).await), (fails, fails), "neither is held again");
    *scene.vendor.refuses.lock().unwrap() = None;
    assert_eq!((scene.revoke(7).await, scene.revoke(8).await), (None, None));
    assert_eq!((scene.removed(), scene.counted(), scene.kept()), (7, 5, 0));
    assert_eq!(scene.revoke(9).await, held, "nobody said yes to that one");
}

#[tokio::test]
async fn each_yes_is_kept_when_it_is_heard_and_outlasts_a_ledger_that_others_wrote() {
    let scene = Scene::spent().await;
    for (number, yeses) in [(7, 1), (8, 2)] {
        scene.revoke(number).await;
        assert_eq!(scene.acknowledge(), 1);
        booking::keep_heard(&scene.lane).await;
        booking::keep_heard(&scene.lane).await;
        assert_eq!(
            (scene.kept(), scene.book.writes.load(Ordering::Relaxed)),
            (yeses, 5 + u32::try_from(yeses).unwrap())
        );
    }
    scene.revoke(9).await;
    assert_eq!(scene.acknowledge(), 1);
    // Another leader counted something since.
    {
        let mut kept = scene.book.kept.lock().unwrap();
        kept.removals = kept.removals.counting(1, &RemovalBudget::default(), 0, jiff::Timestamp::now());
        kept.version = "theirs".to_owned();
    }
    booking::keep_heard(&scene.lane).await;
    assert_eq!((scene.kept(), scene.counted()), (3, 6));
    // Whoever follows finds them all.
    scene.lane.write().budget = budget::BudgetState::default();
    for number in [9, 8, 7] {
        assert_eq!(scene.revoke(number).await, None);
    }
    assert_eq!((scene.removed(), scene.kept()), (8, 0));
}

#[tokio::test(start_paused = true)]
async fn a_yes_outlasts_a_try_that_was_given_up_because_the_connection_was_edited() {
    let scene = Scene::spent().await;
    scene.revoke(7).await;
    assert_eq!(scene.acknowledge(), 1);
    booking::keep_heard(&scene.lane).await;
    tokio::time::advance(Duration::from_mins(20)).await;
    let mut edited = job(7, vec![Step::Remove(Removal::Binding(binding("u-7", "Operator")))]);
    edited.grounds = Some(9);
    task::work(&scene.lane, vec![edited]).await;
    assert_eq!((scene.failure(7), scene.removed()), (None, 5), "it decides again");
    booking::tidy(&scene.lane).await;
    assert_eq!(scene.kept(), 1);
    // What nothing wants for a whole resync any more is taken off.
    tokio::time::advance(Duration::from_mins(10)).await;
    booking::tidy(&scene.lane).await;
    assert_eq!(scene.kept(), 1);
    tokio::time::advance(Duration::from_secs(1)).await;
    booking::tidy(&scene.lane).await;
    assert_eq!(scene.kept(), 0);
    assert_eq!(scene.revoke(7).await, Some(Reason::RemovalBudgetExceeded));
}
