//! Folders as people have them: what is an object of ours, and what is said of everything else.

use std::{fmt::Write as _, fs};

use super::*;

/// A folder with these files, read.
fn read(files: &[(&str, &[u8])]) -> (Vec<String>, Vec<String>, usize) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let manifests = Manifests::read(&[folder.path().to_owned()], None).unwrap();
    let short = |place: &Place| {
        let file = place.file.strip_prefix(folder.path()).unwrap_or(&place.file);
        format!("{}:{}", file.display(), place.line)
    };
    let objects = manifests.objects.iter().map(|it| format!("{} {} {}", short(&it.place("")), it.kind, it.name));
    let problems = manifests.problems.iter().map(|it| format!("{} {}: {}", short(&it.place), it.check, it.message));
    (objects.collect(), problems.collect(), manifests.passed_over)
}

const USER: &[u8] = b"apiVersion: access.roster.dev/v1alpha1\nkind: ConfluentUser\nmetadata: {name: ada}\n";

/// A file, the objects and the problem that are told of it, and how many documents are passed over.
type Case<'a> = (&'a str, &'a [u8], &'a [&'a str], &'a str, usize);

#[test]
fn other_peoples_files_are_passed_over_and_broken_ones_said() {
    let secret: &[u8] = b"apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n";
    let cases: [Case<'_>; 16] = [
        ("a.yaml", USER, &["a.yaml:1 ConfluentUser ada"], "", 0),
        ("a.yml", USER, &["a.yml:1 ConfluentUser ada"], "", 0),
        (
            "deep/er/a.json",
            br#"{"apiVersion": "access.roster.dev/v1alpha1", "kind": "RoleBinding"}"#,
            &["deep/er/a.json:1 RoleBinding "],
            "",
            0,
        ),
        ("a.txt", USER, &[], ":1 Empty: nothing here can be read as a manifest", 0),
        (".git/a.yaml", USER, &[], ":1 Empty: nothing here", 0),
        ("secret.yaml", secret, &[], "", 1),
        ("values.yaml", b"replicas: 1\n", &[], "", 1),
        ("tsconfig.json", b"// comment\n{\"a\": 1,}\n", &[], "", 1),
        ("broken.yaml", b"a: 1\nb: [\n---\nkind: x\n", &[], "broken.yaml:2 NotYaml: it is no YAML", 1),
        ("twice.yaml", b"kind: a\nb: 1\nb: 2\n", &[], "twice.yaml:3 NotYaml: the key `b` stands on line 2 already", 0),
        ("binary.yaml", b"a: 1\nb: \0\n", &[], "binary.yaml:2 NotText: it is a binary file", 0),
        ("latin.yaml", b"a: 1\n# \xe9\n", &[], "latin.yaml:2 NotText: it is not UTF-8 from here on", 0),
        (
            "kind.yaml",
            b"\nkind: RoleBinding\nmetadata: {}\n",
            &[],
            "kind.yaml:2 NoManifest: it has no `apiVersion`: a RoleBinding needs",
            1,
        ),
        ("list.yaml", b"- 1\n", &[], "list.yaml:1 NoManifest: it is no manifest", 1),
        ("none.yaml", b"metadata: {name: x}\n", &[], "none.yaml:1 NoManifest: it has neither", 1),
        ("old.yaml", b"apiVersion: access.roster.dev/v0\nkind: Role\n", &["old.yaml:1 Role "], "", 0),
    ];
    for (name, bytes, objects, problem, passed_over) in cases {
        let told = read(&[(name, bytes)]);
        assert_eq!(
            (told.0.as_slice(), told.2),
            (objects.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>().as_slice(), passed_over),
            "{name}"
        );
        assert_eq!(told.1.len(), usize::from(!problem.is_empty()), "{name}: {:?}", told.1);
        assert!(told.1.iter().all(|it| it.contains(problem)), "{name}: {:?}", told.1);
    }
}

#[test]
fn a_stream_of_a_thousand_documents_is_read_beside_one_that_is_broken() {
    let mut stream = String::new();
    for number in 0..1_000 {
        let broken = if number == 500 { "  x: [\n" } else { "" };
        let _ = write!(
            stream,
            "---\napiVersion: access.roster.dev/v1alpha1\nkind: ConfluentUser\nmetadata: {{name: u{number}}}\n{broken}"
        );
    }
    let (objects, problems, passed_over) = read(&[("all.yaml", stream.as_bytes())]);
    assert_eq!((objects.len(), problems.len(), passed_over), (999, 1, 0), "{problems:?}");
    assert_eq!(objects[0], "all.yaml:2 ConfluentUser u0");
    assert_eq!(objects[998], "all.yaml:3999 ConfluentUser u999");
}

#[test]
fn lists_kustomizations_and_charts_are_seen_through() {
    let list = b"apiVersion: v1\nkind: List\nitems:\n- apiVersion: access.roster.dev/v1alpha1\n  kind: ConfluentUser\n  metadata: {name: ada}\n- apiVersion: v1\n  kind: Secret\n";
    let (objects, problems, passed_over) = read(&[("list.yaml", list)]);
    assert_eq!(
        (objects.as_slice(), problems.len(), passed_over),
        (["list.yaml:4 ConfluentUser ada".to_owned()].as_slice(), 0, 1)
    );

    let kustomization: &[u8] = b"resources: [user.yaml]\npatches: [{path: patch.yaml}]\nnamespace: orders\n";
    let files =
        [("a/kustomization.yaml", kustomization), ("a/user.yaml", USER), ("a/patch.yaml", USER), ("b/user.yaml", USER)];
    let (objects, problems, _) = read(&files);
    assert_eq!(objects, ["a/user.yaml:1 ConfluentUser ada", "b/user.yaml:1 ConfluentUser ada"]);
    assert!(problems.len() == 1 && problems[0].starts_with("a/patch.yaml:1 KustomizePatch"), "{problems:?}");

    let chart: [(&str, &[u8]); 3] =
        [("Chart.yaml", b"name: x\n"), ("templates/a.yaml", b"{{ x }}"), ("crds/a.yaml", USER)];
    let (objects, problems, _) = read(&chart);
    assert_eq!(objects, ["crds/a.yaml:1 ConfluentUser ada"]);
    assert!(problems.len() == 1 && problems[0].starts_with("templates:1 HelmTemplates"), "{problems:?}");
}

#[test]
fn each_path_has_to_hold_something_and_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let (full, empty) = (folder.path().join("full"), folder.path().join("empty"));
    for path in [&full, &empty] {
        fs::create_dir(path).unwrap();
    }
    let file = full.join("a.yaml");
    fs::write(&file, USER).unwrap();
    let manifests = Manifests::read(&[full, file, empty], None).unwrap();
    let problems: Vec<Check> = manifests.problems.iter().map(|it| it.check).collect();
    assert_eq!((manifests.objects.len(), problems), (1, vec![Check::Empty]));
}

#[test]
fn one_name_in_one_namespace_is_one_object() {
    let user = |namespace: &str| {
        format!("apiVersion: access.roster.dev/v1alpha1\nkind: ConfluentUser\nmetadata: {{name: ada{namespace}}}\n")
    };
    let repeated = |one: &str, other: &str| {
        let (_, problems, _) = read(&[("a.yaml", user(one).as_bytes()), ("b.yaml", user(other).as_bytes())]);
        problems.iter().any(|it| it.starts_with("b.yaml:3 DuplicateName"))
    };
    assert!(repeated("", "") && repeated(", namespace: a", ", namespace: a"));
    assert!(!repeated(", namespace: a", ", namespace: b") && !repeated("", ", namespace: a"));
    let kustomized: [(&str, &[u8]); 4] = [
        ("a/kustomization.yaml", b"resources: [user.yaml]\n"),
        ("a/user.yaml", USER),
        ("b/kustomization.yaml", b"resources: [user.yaml]\n"),
        ("b/user.yaml", USER),
    ];
    assert_eq!(read(&kustomized).1, Vec::<String>::new());
}
