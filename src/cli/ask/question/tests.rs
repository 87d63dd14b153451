//! Questions as tables.

use clap::Parser;

use super::*;
use crate::access::{
    PrincipalId,
    listing::{Cluster, ClusterKind, ServiceAccount},
};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    about: About,
}

fn asked(words: &str, flags: &str) -> Result<Asked, String> {
    let line = Line::try_parse_from(["roster"].into_iter().chain(flags.split_whitespace())).unwrap();
    let cluster = Cluster {
        id: "lkc-1".to_owned(),
        environment: "env-1".to_owned(),
        display_name: String::new(),
        kind: ClusterKind::Granular,
    };
    let account = ServiceAccount { id: PrincipalId::new("sa-1"), display_name: "etl".to_owned() };
    // As manifests tell of an account whose id they do not say.
    let named = ServiceAccount { id: PrincipalId::new("sa-?exporter"), display_name: "exporter".to_owned() };
    let listing = Listing { clusters: vec![cluster], service_accounts: vec![account, named], ..Listing::default() };
    let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
    read(&words, &line.about, &listing, Catalogue::embedded()).map_err(|error| error.to_string())
}

fn needs(words: &str, flags: &str) -> Vec<String> {
    let asked = asked(words, flags).unwrap();
    let one = |it: &Need| {
        let whose = if it.whose == Whose::Anybodys { String::new() } else { format!(" ({:?})", it.whose) };
        format!("{} {} {}{whose}", it.operation, it.resource, it.place.describe())
    };
    asked.needs.iter().map(one).collect()
}

#[test]
fn words_become_the_rights_that_they_take() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("consume topic orders", "--cluster lkc-1", &["Read topic topic orders in lkc-1"]),
        (
            "consume topic orders-*",
            "--cluster lkc-1 --consumer-group app",
            &["Read topic topic orders-* in lkc-1", "Read group group app in lkc-1"],
        ),
        (
            "consume topic orders",
            "--cluster lkc-1 --with-cli",
            &["Read topic topic orders in lkc-1", "Read group group confluent_cli_consumer_* in lkc-1"],
        ),
        ("consume topic orders by hand", "--cluster lkc-1", &["Read topic topic orders in lkc-1"]),
        ("produce topic orders", "--cluster lkc-1", &["Write topic topic orders in lkc-1"]),
        (
            "produce to topic orders",
            "--cluster lkc-1 --transactional-id etl-*",
            &["Write topic topic orders in lkc-1", "Write transactional-id transactional id etl-* in lkc-1"],
        ),
        ("create connector sink", "--cluster lkc-1", &["Create connector connector sink in lkc-1"]),
        ("create a connector", "--cluster lkc-1", &["Create connector connector * in lkc-1"]),
        ("write topics", "--environment env-1", &["Write topic environment env-1"]),
        ("assign service-accounts", "--cluster lkc-1", &["Assign service-account service account *"]),
        ("run a Flink statement", "--cluster lkc-1", &["Run statement environment env-1"]),
        (
            "run statement",
            "--environment env-1 --as-service-account etl",
            &["Run statement environment env-1", "Assign service-account service account sa-1"],
        ),
        ("read results", "--environment env-1", &["Read result-set environment env-1 (Own)"]),
        (
            "read results",
            "--environment env-1 --as-service-account sa-1",
            &["Read result-set environment env-1 (Own)", "Assign service-account service account sa-1"],
        ),
        ("read others' result-sets", "--environment env-1", &["Read result-set environment env-1 (Others)"]),
        ("read messages of topic orders in the console", "--cluster lkc-1", &["Read topic topic orders in lkc-1"]),
        (
            "manage others' keys",
            "--cluster lkc-1",
            &[
                "Create resource-key cluster lkc-1 in env-1 (Others)",
                "Alter resource-key cluster lkc-1 in env-1 (Others)",
                "Delete resource-key cluster lkc-1 in env-1 (Others)",
            ],
        ),
        (
            "describe others' resource-keys",
            "--cluster lkc-1",
            &["Describe resource-key cluster lkc-1 in env-1 (Others)"],
        ),
        ("create resource-key", "--cluster lkc-1", &["Create resource-key cluster lkc-1 in env-1 (Own)"]),
        ("can manage access on environment env-1", "", &["AlterAccess environment environment env-1"]),
        ("delete cluster lkc-1", "", &["Delete cluster cluster lkc-1 in env-1"]),
        ("invite users", "", &["Invite user the organization"]),
        ("invite ada@example.com", "--cluster lkc-1", &["Invite user the organization"]),
        (
            "provision people",
            "--cluster lkc-1",
            &[
                "Invite user the organization",
                "Create service-account the organization",
                "AlterAccess cluster cluster lkc-1 in env-1",
            ],
        ),
        ("read metrics", "--environment env-1", &["Read metrics environment env-1"]),
        ("read subject orders-value", "--environment env-1", &["Read subject environment env-1"]),
        (
            "read subject orders-value",
            "--environment env-1 --schema-registry lsrc-1",
            &["Read subject subject orders-value in lsrc-1"],
        ),
        // The page's own words.
        ("describe consumers", "--cluster lkc-1", &["Describe client cluster lkc-1 in env-1"]),
        ("read schemas", "--environment env-1", &["Read subject environment env-1"]),
        ("describe keys", "--cluster lkc-1", &["Describe resource-key cluster lkc-1 in env-1 (Own)"]),
        ("read result-sets", "--environment env-1", &["Read result-set environment env-1 (Own)"]),
    ];
    for (words, flags, expected) in cases {
        assert_eq!(needs(words, flags), *expected, "{words}");
    }
}

#[test]
fn an_answer_says_in_which_way_it_was_asked() {
    let cases = [
        ("consume topic orders", "", "consume topic `orders` without a consumer group"),
        ("consume topic orders by hand", "", "consume topic `orders` by hand"),
        ("consume topic orders", "--consumer-group app", "consume topic `orders` in the consumer group `app`"),
        ("consume topic orders", "--with-cli", "consume topic `orders` with the vendor's CLI"),
        (
            "run statement",
            "--as-service-account etl",
            "run statement in environment env-1 as the service account `etl`",
        ),
        ("consume topic topic", "--with-cli", "consume topic `topic` with the vendor's CLI"),
        ("read messages of topic a in the console", "", "read messages of topic `a` in the console"),
        ("provision people", "", "provision people in cluster lkc-1 in env-1"),
        ("delete topic orders", "", "delete topic `orders`"),
    ];
    for (words, flags, expected) in cases {
        assert_eq!(asked(words, &format!("--cluster lkc-1 {flags}")).unwrap().words, expected);
    }
}

#[test]
fn what_cannot_be_answered_says_what_to_give() {
    let cases = [
        ("read dream x", "", "no kind of thing is named in `read dream x`"),
        ("fly topic x", "--cluster lkc-1", "`fly` is nothing that is done to topic"),
        ("grant DeveloperRead on topic x", "--cluster lkc-1", "`manage access on topic …` says who grants there"),
        ("invite topic x", "--cluster lkc-1", "`invite` is nothing that is done to topic"),
        ("consum topic x", "--cluster lkc-1", "did you mean `consume topic NAME`"),
        ("provison somebody", "", "did you mean `provision person`"),
        ("read topic x", "", "Give `--cluster`"),
        ("consume topics", "--consumer-group app", "`--consumer-group` needs `--cluster`"),
        ("read topic x", "--cluster lkc-9", "give `--environment` too"),
        ("read topic x y", "--cluster lkc-1", "`x y` is more than one name"),
        ("consume topic x y", "--cluster lkc-1", "`consume` is nothing that is done to topic"),
        ("produce topic x", "--cluster lkc-1 --consumer-group app", "`--consumer-group` says nothing about"),
        ("read topic x", "--cluster lkc-1 --with-cli", "it is for `consume topic NAME`"),
        ("consume topic x by hand", "--cluster lkc-1 --with-cli", "`--with-cli` says nothing about"),
        ("consume topic x", "--cluster lkc-1 --with-cli --consumer-group app", "are two questions"),
        ("run statement", "--as-service-account nobody", "no service account is called `nobody`"),
        (
            "run statement",
            "--as-service-account exporter",
            "do not say which id `exporter` has: give `--as-service-account sa-…`",
        ),
    ];
    for (words, flags, part) in cases {
        let said = asked(words, flags).unwrap_err();
        assert!(said.contains(part), "{words}: {said}");
    }
}
