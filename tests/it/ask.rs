//! `roster snapshot`, `can`, `who` and `roles` as a person uses them, against a simulator that is a process of its own.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

const ORGANIZATION: &str = "9bb441c4-edef-46ac-8a41-c49e44a3fd9a";

struct Simulated(Child);

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

#[test]
fn who_may_do_what_is_saved_asked_and_answered() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_roster"));
    command.args(["simulator", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped());
    let mut simulator = Simulated(command.spawn().unwrap());
    let mut lines = BufReader::new(simulator.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let url = lines.next().unwrap().rsplit(' ').next().unwrap().to_owned();
    for word in ["key", "secret"] {
        let line = lines.find(|line| line.split_whitespace().next() == Some(word)).unwrap();
        std::fs::write(folder.path().join(word), line.split_whitespace().nth(1).unwrap()).unwrap();
    }
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
