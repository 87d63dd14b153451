//! A cluster that is lost and made again from git alone: nothing is written to the vendor, and what nobody may take over
//! unasked says so.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{path::Path, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use roster::simulator::{Simulator, journal::Journal, world::World};
use serde_json::{Value, json};

use crate::stage::{EXAMPLE, Stage, Theatre, message};

/// What is in git.
fn manifests(stage: &Stage) -> Vec<Value> {
    let ada = || json!({"userRef": {"name": "ada"}});
    let (production, everywhere) = (json!({"environment": "env-prod01"}), json!({"organization": {}}));
    vec![
        stage.organization(|_| {}),
        stage.user("ada", "ada@example.com", json!({})),
        stage.binding("ada-operates", ada(), "Operator", production.clone(), json!({})),
        stage.binding("ada-administers", ada(), "EnvironmentAdmin", production, json!({"adoption": "Adopt"})),
        stage.binding(
            "mary-administers",
            json!({"email": "mary@example.com"}),
            "OrganizationAdmin",
            everywhere,
            json!({}),
        ),
    ]
}

/// The organization as it is, hours after everything that its journal tells of.
fn hours_later(journal: &Path) -> Simulator {
    let kept = Journal::open(journal).unwrap().unwrap();
    let back = SignedDuration::from_hours(3);
    let mut founding = kept.founding;
    founding.at -= back;
    let mut world = World::founded(&founding);
    for entry in kept.entries {
        world.apply(&entry.actor, &entry.command, entry.at - back).unwrap();
    }
    Simulator::new(world, Arc::new(Timestamp::now))
}

fn theatre() -> &'static Theatre {
    let theatre: &'static Theatre = Box::leak(Box::new(Theatre::empty()));
    theatre.runtime.spawn(theatre.operator("restore", std::future::pending()));
    theatre
}

#[test]
fn a_cluster_made_again_from_git_writes_nothing_to_the_vendor() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("organization.db");
    let simulator = Simulator::open(Some(&journal), 7, Arc::new(Timestamp::now)).unwrap();
    let before = Stage::over(theatre(), "restore", simulator, EXAMPLE.to_owned());
    before.apply(&manifests(&before));
    for name in ["ada-operates", "ada-administers", "mary-administers"] {
        before.settled("arb", name, "True", "InSync");
    }
    before.settled("cuser", "ada", "True", "InSync");
    let declared = before.remote();
    // The cluster burns, with everything that its statuses knew.
    drop(before);

    let after = Stage::over(theatre(), "restore", hours_later(&journal), EXAMPLE.to_owned());
    assert_eq!(after.remote(), declared);
    after.apply(&manifests(&after));
    for name in ["ada-operates", "ada-administers"] {
        after.settled("arb", name, "True", "InSync");
    }
    after.settled("cuser", "ada", "True", "InSync");
    let untouched = after.settled("arb", "mary-administers", "False", "AdoptionRequired");
    assert!(message(&untouched).contains("adoption: Adopt"), "{untouched}");
    // Deleted in this state, the object never stood for the access.
    after.delete("arb", "mary-administers");
    after.gone("arb", "mary-administers");
    // Spelled, it is taken over.
    let adopt = json!({"adoption": "Adopt"});
    let (principal, everywhere) = (json!({"email": "mary@example.com"}), json!({"organization": {}}));
    after.apply(&[after.binding("mary-administers", principal, "OrganizationAdmin", everywhere, adopt)]);
    after.settled("arb", "mary-administers", "True", "InSync");
    assert_eq!(after.remote(), declared);
    assert_eq!(after.remote_writes(), Vec::<String>::new());
}
