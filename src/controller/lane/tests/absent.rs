//! What one listing lacks.

use std::collections::{BTreeSet, HashSet};

use super::{super::absent::Lacking, *};
use crate::backend::BackendError;

#[tokio::test]
async fn what_is_missing_counts_as_gone_after_a_listing_that_was_asked_for() {
    let scene = Scene::open().await;
    let (lane, key) = (&scene.lane, job(1, Vec::new()).author.object);
    let gone = |what: &str| lane.view().lacks_twice(&key.uid, what);
    task::list(lane).await;
    assert!(!gone("a"), "nobody asked for that one");
    lane.look_twice(&key, "a");
    assert!(!gone("a") && lane.read().doubters.contains(&key));
    // One that fails tells nothing.
    lane.write().listing_failed(&BackendError::new(ErrorKind::Unavailable, "list", "no"), Instant::now());
    assert!(!gone("a"));
    task::list(lane).await;
    assert!(gone("a") && !gone("b"));
    lane.look_twice(&key, "a");
    assert!(gone("a"), "it was asked for before");
    lane.shows(&key.uid, "b");
    assert!(gone("a"));
    lane.shows(&key.uid, "a");
    assert!(!gone("a"), "it was there in between");
}

#[test]
fn what_stays_is_forgotten_when_two_listings_in_a_row_lack_it() {
    let marks = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect::<BTreeSet<String>>();
    let mut lacking = Lacking::default();
    for (shown, gone) in [(&["a", "b"][..], ""), (&["b"], ""), (&["a"], ""), (&[], "b"), (&[], "ab"), (&["a"], "b")] {
        lacking.look(&marks(&["a", "b"]), &marks(shown).into_iter().collect::<HashSet<String>>());
        assert_eq!(["a", "b"].into_iter().filter(|it| lacking.is_gone(it)).collect::<String>(), gone, "{shown:?}");
    }
}
