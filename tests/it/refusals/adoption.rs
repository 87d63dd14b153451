//! Access that was there before its object.

use serde_json::{Value, json};

use super::{Told, email, environment, everything, organization};
use crate::stage::{Stage, condition};

#[test]
fn access_that_was_there_before_is_taken_over_only_as_the_object_says() {
    let stage = Stage::new("adoption");
    let before = everything(&stage);
    let admin = |more| stage.binding("admin", email("linus@example.com"), "OrganizationAdmin", organization(), more);
    let viewer =
        |more| stage.binding("viewer", email("mary@example.com"), "MetricsViewer", environment("env-prod01"), more);
    let mary = |more| stage.user("mary", "mary@example.com", more);
    let refuse = || json!({"adoption": "Refuse"});
    let next = "set `adoption: Adopt` to take";

    stage.apply(&[admin(json!({})), viewer(refuse()), mary(refuse())]);
    let words = ["OrganizationAdmin", "is administrative and was there before this object", next];
    let refused = Told::invalid("arb", "admin", "AdoptionRequired", &words).by(&stage);
    assert_eq!(condition(&refused, "Granted")["status"], "True");
    Told::invalid("arb", "viewer", "AdoptionRequired", &["MetricsViewer", "was there before this object", next])
        .by(&stage);
    let words = ["`mary@example.com` was a member before this object, which says `adoption: Refuse`", next];
    Told::invalid("cuser", "mary", "AdoptionRequired", &words).by(&stage);

    for (kind, name) in [("arb", "admin"), ("arb", "viewer"), ("cuser", "mary")] {
        stage.delete(kind, name);
        stage.gone(kind, name);
    }
    assert_eq!(everything(&stage), before, "what was not taken over is left alone");
    assert_eq!(stage.remote_writes(), [""; 0]);

    stage.apply(&[admin(json!({})), viewer(refuse()), mary(refuse())]);
    for (kind, name) in [("arb", "admin"), ("arb", "viewer"), ("cuser", "mary")] {
        stage.settled(kind, name, "False", "AdoptionRequired");
    }
    let adopt = || json!({"adoption": "Adopt"});
    stage.apply(&[admin(adopt()), viewer(json!({})), mary(adopt())]);
    stage.settled("arb", "admin", "True", "InSync");
    // A field that is no longer spelled is given up by its manager, and an ordinary role is then taken over.
    let viewer = stage.settled("arb", "viewer", "True", "InSync");
    assert_eq!(viewer["spec"]["adoption"], Value::Null);
    stage.settled("cuser", "mary", "True", "InSync");
    assert_eq!(stage.remote_writes(), [""; 0]);
}
