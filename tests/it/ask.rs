//! `roster snapshot`, `can`, `who` and `roles` as a person uses them, against a simulator that is a process of its own.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use serde_json::Value;

const ORGANIZATION: &str = "9bb441c4-edef-46ac-8a41-c49e44a3fd9a";

/// A simulator, and what it prints: it ends when nobody can read that any more.
struct Simulated(Child, BufReader<ChildStdout>);

impl Drop for Simulated {
    fn drop(&mut self) {
        // Both fail where it has ended already, which is all that is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn roster(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_roster")).args(arguments).output().unwrap()
}

fn said(output: &Output) -> (Option<i32>, String) {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// A simulator, the folder with its key, and the address.
fn simulator() -> (Simulated, tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_roster"));
    command.args(["simulator", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut simulator = Simulated(child, out);
    let mut lines = simulator.1.by_ref().lines().map(Result::unwrap);
    let url = lines.next().unwrap().rsplit(' ').next().unwrap().to_owned();
    for word in ["key", "secret"] {
        let line = lines.find(|line| line.split_whitespace().next() == Some(word)).unwrap();
        std::fs::write(folder.path().join(word), line.split_whitespace().nth(1).unwrap()).unwrap();
    }
    (simulator, folder, url)
}

#[test]
fn who_may_do_what_is_saved_asked_and_answered() {
    let (_simulator, folder, url) = simulator();
    let credential = folder.path().to_str().unwrap();
    let live = ["--endpoint", &url, "--organization-id", ORGANIZATION, "--credential", credential];
    let file = folder.path().join("snapshot.yaml");
    let file = file.to_str().unwrap();
    assert!(roster(&[&["snapshot", "--output", file][..], &live].concat()).status.success());
    let saved = std::fs::read_to_string(file).unwrap();
    let secret = std::fs::read_to_string(folder.path().join("secret")).unwrap();
    assert!(saved.contains("grace@example.com") && !saved.contains(&secret), "{saved}");

    let topic = ["topic", "orders-eu", "--cluster", "lkc-orders"];
    let ask = |who: &str, verb: &str, more: &[&str]| said(&roster(&[&["can", who, verb][..], &topic, more].concat()));
    // The file and the organization give the same answer.
    let (code, yes) = ask("grace@example.com", "consume", &["--snapshot", file]);
    assert_eq!((code, &yes), (Some(0), &ask("grace@example.com", "consume", &live).1));
    assert!(yes.starts_with("yes: ") && yes.contains("OrganizationAdmin on the organization"), "{yes}");
    let (code, no) = ask("mary@example.com", "consume", &["--consumer-group", "app", "--snapshot", file]);
    assert_eq!(code, Some(1), "{no}");
    for part in ["no: ", "DeveloperRead on topic orders-eu in lkc-orders", "DeveloperRead on group app in lkc-orders"] {
        assert!(no.contains(part), "`{part}` is not in\n{no}");
    }
    let (code, answer) = ask("mary@example.com", "write", &["--output", "json", "--snapshot", file]);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!((code, &answer["answer"]), (Some(1), &Value::from("no")));
    assert_eq!(answer["rights"][0]["remedies"][0]["role"], "DeveloperWrite");
    for (who, verb, part) in
        [("nobody@example.com", "read", "nobody in the organization"), ("mary@example.com", "fly", "`fly`")]
    {
        let (code, sentence) = ask(who, verb, &["--snapshot", file]);
        assert!(code == Some(2) && sentence.contains(part), "{sentence}");
    }
    let who = ["who", "can", "manage", "access", "on", "environment", "env-prod01", "--snapshot", file];
    let (code, able) = said(&roster(&who));
    assert!(code == Some(0) && able.contains("grace@example.com") && !able.contains("mary@example.com"), "{able}");
    let (code, nobody) = said(&roster(&["can", "mary@example.com", "read", "topic", "x", "--cluster", "lkc-orders"]));
    assert!(code == Some(2) && nobody.contains("--organization-id"), "{nobody}");
    let (code, offered) = said(&roster(&["roles", "offered", "--scope", "/environment=env-1"]));
    assert!(code == Some(0) && offered.contains("FlinkAdmin") && !offered.contains("KsqlAdmin"), "{offered}");
}

/// What the simulator's organization does not have: somebody invited, grants on resources, a group mapping, a place of a
/// form that nobody knows.
fn furnished(saved: &str) -> String {
    let invited = "invitations:\n- {email: ada@example.com, user: u-ada001, state: Pending}\nserviceAccounts:\n";
    let production = "/environment=env-prod01";
    let orders = format!("{production}/cloud-cluster=lkc-orders");
    let bindings = [
        ("u-ada001", "DeveloperRead", format!("{orders}/kafka=lkc-orders/topic=orders-*")),
        ("u-ada001", "DeveloperRead", format!("{orders}/kafka=lkc-orders/group=app")),
        ("sa-ordetl", "DeveloperWrite", format!("{orders}/kafka=lkc-orders/topic=orders-eu")),
        ("sa-ordetl", "Operator", orders.clone()),
        ("u-mary01", "FlinkDeveloper", production.to_owned()),
        ("u-mary01", "Assigner", "/service-account=sa-ordetl".to_owned()),
        ("u-mary01", "Later", "/planet=mars".to_owned()),
        ("u-lena01", "DataDiscovery", production.to_owned()),
        ("u-lena01", "DeveloperRead", format!("{orders}/kafka=lkc-orders/topic=orders-eu")),
        ("u-dora01", "AccountAdmin", String::new()),
        ("u-dora01", "CloudClusterAdmin", orders.clone()),
        ("group-plat", "CloudClusterAdmin", orders),
    ];
    let binding = |(who, role, place): &(&str, &str, String)| {
        format!(
            "- {{principal: {who}, role: {role}, crn: 'crn://confluent.cloud/organization={ORGANIZATION}{place}'}}\n"
        )
    };
    saved.replace("serviceAccounts:\n", invited) + &bindings.iter().map(binding).collect::<String>()
}

/// Who is asked about, the question, the exit code, and parts of the answer.
type Case = (&'static str, String, i32, &'static [&'static str]);

fn cases(patched: &str) -> Vec<Case> {
    let orders = "--cluster lkc-orders";
    let topic = format!("consume topic orders-eu {orders}");
    let flink = "run a Flink statement --environment";
    vec![
        (
            "ada@example.com",
            format!("{topic} --consumer-group app"),
            0,
            &["read group app in lkc-orders", "is only invited"],
        ),
        ("ada@example.com", format!("{topic} --with-cli"), 1, &["DeveloperRead on group confluent_cli_consumer_* in"]),
        ("ada@example.com", topic.clone(), 0, &["without a consumer group", "an ACL that denies"]),
        (
            "ada@example.com",
            format!("consume topics {orders}"),
            1,
            &["in a part of it only", "DeveloperRead on topic *"],
        ),
        ("orders-etl", format!("produce to topic orders-eu {orders}"), 0, &["DeveloperWrite.write"]),
        (
            "orders-etl",
            format!("produce to topic orders-eu {orders} --transactional-id etl"),
            1,
            &["DeveloperWrite on transactional id etl", "an ACL may allow"],
        ),
        ("orders-etl", format!("manage own keys {orders}"), 0, &["create, alter and delete own API keys"]),
        ("orders-etl", format!("manage others' keys {orders}"), 1, &["ResourceKeyAdmin on the organization"]),
        ("orders-etl", "manage Cloud keys".to_owned(), 1, &["OrganizationAdmin on the organization (administrative)"]),
        ("mary@example.com", format!("{flink} env-prod01 --as-service-account orders-etl"), 0, &["Assigner.assign"]),
        (
            "mary@example.com",
            format!("{flink} env-prod01 --as-service-account roster-operator"),
            1,
            &["Assigner on service account sa-roster", "not counted", "Later on crn:"],
        ),
        ("mary@example.com", "read results --environment env-prod01".to_owned(), 0, &["FlinkDeveloper.results"]),
        ("mary@example.com", format!("{flink} env-dev001"), 1, &["ask with `--sso`"]),
        ("mary@example.com", format!("{flink} env-dev001 --sso"), 0, &["all-sso-users", "inferred"]),
        ("mary@example.com", format!("{flink} env-dev001 --sso {patched}"), 1, &["FlinkDeveloper on environment"]),
        ("mary@example.com", format!("{topic} --group group-plat"), 0, &["counts on membership in a group"]),
        ("mary@example.com", format!("create a connector {orders}"), 1, &["ResourceOwner on connector *"]),
        ("mary@example.com", "consume topic x --cluster lkc-scratc".to_owned(), 1, &["is a Basic cluster"]),
        (
            "mary@example.com",
            format!("provision people {orders}"),
            1,
            &["AccountAdmin on the organization (administrative) and CloudClusterAdmin on cluster lkc-orders"],
        ),
        ("u-dora01", format!("provision people {orders}"), 0, &["account-administrator", "CloudClusterAdmin.access"]),
        ("u-dora01", "provision people --cluster lkc-paymnt".to_owned(), 1, &["on cluster lkc-paymnt"]),
        // What nobody says is no answer, rather than a no.
        (
            "u-lena01",
            "read lineage --environment env-prod01".to_owned(),
            2,
            &["not known: ", "may be able to", "may give it (DataDiscovery.lineage)"],
        ),
        ("u-lena01", format!("invoke model {orders}"), 2, &["(DeveloperRead.which-models)"]),
        ("u-lena01", "read lineage --environment env-dev001".to_owned(), 1, &["no: "]),
        ("u-lena01", format!("describe client {orders}"), 1, &["clients-are-visible"]),
        ("u-lena01", "read metrics --environment env-dev001".to_owned(), 1, &["Operator on environment env-dev001"]),
        (
            "mary@example.com",
            "read subject x-value --environment env-prod01".to_owned(),
            1,
            &["ask about `x-value` alone with `--schema-registry ID`"],
        ),
        (
            "mary@example.com",
            "read subject x-value --environment env-prod01 --schema-registry lsrc-1".to_owned(),
            1,
            &["DeveloperRead on subject x-value in lsrc-1"],
        ),
        // What an entry adds stands under the chain.
        ("u-dora01", "manage access on service-account sa-ordetl".to_owned(), 0, &["nobody becomes Assigner"]),
        (
            "mary@example.com",
            format!("pause connector sink {orders}"),
            1,
            &["ConnectManager on connector sink in lkc-orders, unverified"],
        ),
        ("mary@example.com", format!("consumme topic x {orders}"), 2, &["did you mean `consume topic NAME`"]),
        ("mary@example.com", format!("read topic x {orders} --with-cli"), 2, &["`--with-cli` says nothing about"]),
    ]
}

#[test]
fn a_task_is_answered_with_all_the_rights_that_it_takes() {
    let (_simulator, folder, url) = simulator();
    let credential = folder.path().to_str().unwrap();
    let file = folder.path().join("snapshot.yaml");
    let path = file.to_str().unwrap();
    let live = ["--endpoint", &url, "--organization-id", ORGANIZATION, "--credential", credential];
    assert!(roster(&[&["snapshot", "--output", path][..], &live].concat()).status.success());
    std::fs::write(&file, furnished(&std::fs::read_to_string(&file).unwrap())).unwrap();
    let changed = folder.path().join("roles.yaml");
    std::fs::write(&changed, "version: 1\ndefaults: []\n").unwrap();
    for (who, question, code, parts) in cases(&format!("--role-catalogue {}", changed.display())) {
        let words: Vec<&str> =
            ["can", who].into_iter().chain(question.split(' ')).chain(["--snapshot", path]).collect();
        let (found, answer) = said(&roster(&words));
        assert_eq!(found, Some(code), "{question}: {answer}");
        for part in parts {
            assert!(answer.contains(part), "{who} {question}: `{part}` is not in\n{answer}");
        }
    }
    let group = ["who", "can", "consume", "topic", "orders-eu", "--cluster", "lkc-orders", "--consumer-group", "app"];
    let (code, able) = said(&roster(&[&group[..], &["--snapshot", path]].concat()));
    assert_eq!(code, Some(0), "{able}");
    for part in
        ["  ada@example.com\n", "is only invited", "everybody in the group mapping group-plat", "grace@example.com"]
    {
        assert!(able.contains(part), "`{part}` is not in\n{able}");
    }
    assert!(!able.contains("mary@example.com") && !able.contains("orders-etl"), "{able}");
    for verb in ["can", "who"] {
        let (_, help) = said(&roster(&[verb, "--help"]));
        for part in ["consume topic NAME --with-cli", "manage others' keys", "provision person"] {
            assert!(help.contains(part), "`{part}` is not in\n{help}");
        }
    }
}
