//! The installed simulator: its rendered command, with the mounted folders where a test may write.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    helm::{CHART, Helm},
    render::{arguments, objects, of_kind},
};

struct Running {
    child: Child,
    address: String,
    said: String,
}

impl Running {
    fn start(folder: &Path) -> Self {
        let rendered = objects(&Helm::Four.render(CHART, &["--set", "simulator.enabled=true"]));
        let workload = of_kind(&rendered, "StatefulSet")[0];
        let mounts = workload["spec"]["template"]["spec"]["containers"][0]["volumeMounts"].as_array().unwrap();
        let mounts: Vec<&str> = mounts.iter().map(|it| it["mountPath"].as_str().unwrap()).collect();
        assert_eq!(mounts, ["/data", "/credential"]);
        let place = |argument: String| {
            let argument = mounts.iter().fold(argument, |text, mount| {
                text.replacen(&format!("={mount}"), &format!("={}{mount}", folder.display()), 1)
            });
            argument.replace("0.0.0.0:8090", "127.0.0.1:0")
        };
        let mut child = Command::new(env!("CARGO_BIN_EXE_roster"))
            .args(arguments(workload).into_iter().map(place))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains("/simulator/state") {
            assert_ne!(lines.read_line(&mut said).unwrap(), 0, "{said}");
        }
        let address = said.split("http://").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        Self { child, address, said }
    }

    fn status(&self, key: &str, secret: &str) -> String {
        let pair = STANDARD.encode(format!("{key}:{secret}"));
        let mut socket = TcpStream::connect(&self.address).unwrap();
        let request = "GET /iam/v2/users HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Basic ";
        socket.write_all(format!("{request}{pair}\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn an_installed_simulator_takes_the_key_of_its_secret() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["data", "credential"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let put = |key: &str, secret: &str| {
        fs::write(folder.path().join("credential/key"), key).unwrap();
        fs::write(folder.path().join("credential/secret"), secret).unwrap();
    };
    put("GIVEN", "hidden-one\n");
    let running = Running::start(folder.path());
    assert_eq!(running.status("GIVEN", "hidden-one"), "200");
    assert_eq!(running.status("GIVEN", "hidden-two"), "401");
    // Its output is a container's log.
    assert!(!running.said.contains("hidden"), "{}", running.said);
    drop(running);
    // Kept, with the key it had and with another one.
    assert_eq!(Running::start(folder.path()).status("GIVEN", "hidden-one"), "200");
    put("GIVEN", "hidden-two");
    let running = Running::start(folder.path());
    assert_eq!(running.status("GIVEN", "hidden-two"), "200");
    assert_eq!(running.status("GIVEN", "hidden-one"), "401");
    drop(running);

    put("", "hidden-two");
    let path = folder.path().join("credential");
    let refused =
        Command::new(env!("CARGO_BIN_EXE_roster")).args(["simulator", "--credential"]).arg(&path).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("is empty: put a text of your choice there"), "{said}");
}
