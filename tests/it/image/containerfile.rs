//! What the `Containerfile` must keep, as rules over its instructions. PURE but for the reading of the files.

use std::{collections::BTreeMap, fs, path::Path};

const PREFIX: &str = "org.opencontainers.image.";

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// One stage: its base, its name, and the instructions in it.
#[derive(Default)]
struct Stage {
    base: String,
    name: String,
    instructions: Vec<(String, String)>,
}

impl Stage {
    /// What the last instruction of that kind says, which is the one that counts.
    fn last(&self, kind: &str) -> &str {
        self.instructions.iter().rfind(|(it, _)| it == kind).map_or("", |(_, rest)| rest)
    }

    fn all<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        self.instructions.iter().filter(move |(it, _)| it == kind).map(|(_, rest)| rest.as_str())
    }
}

/// Instructions by stage. Comments go, wherever they stand, and a line that ends with a backslash goes on in the next.
fn stages(text: &str) -> Vec<Stage> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let mut stages: Vec<Stage> = Vec::new();
    for line in lines.join("\n").replace("\\\n", " ").lines().filter(|line| !line.trim().is_empty()) {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        if kind == "FROM" {
            let (base, name) = rest.split_once(" AS ").unwrap_or((rest, ""));
            stages.push(Stage { base: base.to_owned(), name: name.to_owned(), ..Stage::default() });
        } else if let Some(stage) = stages.last_mut() {
            stage.instructions.push((kind.to_owned(), rest.trim().to_owned()));
        } else {
            stages.push(Stage { instructions: vec![(kind.to_owned(), rest.to_owned())], ..Stage::default() });
        }
    }
    stages
}

/// `key="value"` pairs.
fn labels(text: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let mut rest = text.trim();
    while let Some((key, more)) = rest.split_once("=\"") {
        let (value, more) = more.split_once('"').unwrap_or((more, ""));
        labels.insert(key.trim().to_owned(), value.to_owned());
        rest = more;
    }
    labels
}

/// What is wrong with a `Containerfile`.
fn judged(text: &str) -> Vec<String> {
    let stages = stages(text);
    let mut complaints: Vec<String> =
        stages.iter().enumerate().flat_map(|(at, stage)| of_any(stage, &stages[..at])).collect();
    if !stages.iter().any(|stage| stage.all("RUN").any(|run| run.contains("$(.ci/static)"))) {
        complaints.push("the program is what `.ci/static` builds".into());
    }
    complaints.extend(stages.last().map_or_else(|| vec!["there is no stage".into()], of_the_last));
    complaints
}

fn of_any(stage: &Stage, before: &[Stage]) -> Vec<String> {
    let mut complaints = Vec::new();
    let digest = stage.base.rsplit_once("@sha256:").map_or("", |(_, digest)| digest);
    let pinned = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    if stage.base != "scratch" && !pinned {
        complaints.push(format!("the base `{}` has no digest", stage.base));
    }
    for (kind, rest) in &stage.instructions {
        match kind.as_str() {
            "ARG" | "LABEL" | "WORKDIR" | "USER" | "EXPOSE" => {}
            "COPY" => {
                let from = rest.split(' ').find_map(|word| word.strip_prefix("--from="));
                if from.is_some_and(|from| before.iter().all(|stage| stage.name != from)) {
                    complaints.push(format!("`COPY {rest}` copies from no stage"));
                }
            }
            "RUN" => {
                if ["cargo ", "rustc ", "RUSTFLAGS", "CFLAGS", "curl ", "wget "].iter().any(|word| rest.contains(word))
                {
                    complaints.push(format!("`RUN {rest}` does what is the script's"));
                }
            }
            "ENTRYPOINT" | "CMD" => {
                if serde_json::from_str::<Vec<String>>(rest).is_err() {
                    complaints.push(format!("`{kind} {rest}` needs a shell, which is not there"));
                }
            }
            // `ADD` loads from anywhere, and `ENV` could hold flags.
            other => complaints.push(format!("`{other}` is not used here")),
        }
    }
    complaints
}

fn of_the_last(stage: &Stage) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut expect = |holds: bool, complaint: &str| {
        if !holds {
            complaints.push(complaint.to_owned());
        }
    };
    expect(stage.base == "scratch", "the image begins with nothing");
    let numbers: Vec<Option<u32>> = stage.last("USER").split(':').map(|id| id.parse().ok()).collect();
    expect(numbers.iter().all(|id| id.is_some_and(|id| id > 0)), "the user is a number and not root");
    expect(stage.last("ENTRYPOINT") == r#"["/roster"]"#, "the image is the program");
    expect(stage.last("CMD") == r#"["run"]"#, "the program is the operator unless told otherwise");
    let labels = labels(&stage.all("LABEL").collect::<Vec<_>>().join(" "));
    let known = [
        ("title", "Roster"),
        ("description", env!("CARGO_PKG_DESCRIPTION")),
        ("version", env!("CARGO_PKG_VERSION")),
        ("licenses", env!("CARGO_PKG_LICENSE")),
        ("revision", "$REVISION"),
        ("source", "$SOURCE"),
    ];
    for (name, value) in known {
        expect(
            labels.get(&format!("{PREFIX}{name}")).is_some_and(|it| it == value),
            &format!("label `{name}` is `{value}`"),
        );
        // A variable is known only behind its declaration.
        let argument = value.strip_prefix('$').map(|name| format!("{name}=\"\""));
        expect(
            argument.is_none_or(|argument| stage.all("ARG").any(|it| it == argument)),
            &format!("`{value}` is declared"),
        );
    }
    complaints
}

#[test]
fn the_containerfile_keeps_its_rules() {
    assert_eq!(judged(&read("Containerfile")), Vec::<String>::new());
}

#[test]
fn its_compiler_is_that_of_the_repository() {
    let toolchain = read("rust-toolchain.toml");
    let channel = toolchain.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap().trim_matches('"');
    let containerfile = read("Containerfile");
    assert!(stages(&containerfile)[0].base.starts_with(&format!("docker.io/library/rust:{channel}-slim-")));
    assert!(toolchain.contains("\"x86_64-unknown-linux-musl\""));
}

#[test]
fn each_rule_is_noticed_when_broken() {
    let text = read("Containerfile");
    let cases = [
        ("@sha256:", ":", "has no digest"),
        ("FROM scratch", "FROM docker.io/library/alpine:3", "has no digest"),
        ("FROM scratch", "FROM build", "the image begins with nothing"),
        ("COPY . .", "ADD https://example.com/roster /roster", "`ADD` is not used here"),
        ("COPY . .", "COPI . .", "`COPI` is not used here"),
        ("COPY . .", "ENV RUSTFLAGS=-g", "`ENV` is not used here"),
        ("--from=build", "--from=builder", "copies from no stage"),
        (
            "RUN install -D \"$(.ci/static)\"",
            "RUN cargo build && install -D target/roster",
            "is what `.ci/static` builds",
        ),
        ("RUN install", "RUN RUSTFLAGS=-g install", "does what is the script's"),
        ("USER 65532:65532", "USER nonroot", "not root"),
        ("USER 65532:65532", "USER 0:65532", "not root"),
        ("USER 65532:65532", "", "not root"),
        ("USER 65532:65532", "USER 65532:65532\nUSER root", "not root"),
        ("[\"/roster\"]", "/roster", "needs a shell"),
        ("CMD [\"run\"]", "", "unless told otherwise"),
        ("image.source=", "image.url=", "label `source`"),
        ("image.version=\"0.1.0\"", "image.version=\"0.0.9\"", "label `version`"),
        ("ARG REVISION=\"\"", "", "`$REVISION` is declared"),
    ];
    for (from, to, complaint) in cases {
        let broken = text.replace(from, to);
        assert_ne!(broken, text, "{from}");
        let complaints = judged(&broken);
        assert!(complaints.iter().any(|it| it.contains(complaint)), "{from} -> {to}: {complaints:?}");
    }
}
