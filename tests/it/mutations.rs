//! The mutations that `.ci/mutations` tries are patches of the code as it is, each with the tests that notice it.

use std::{fs, path::PathBuf, process::Command};

#[test]
fn each_mutation_is_a_patch_of_the_code_as_it_is_and_says_who_notices() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("tests/mutations");
    let patches: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(patches.len() >= 15, "{}", patches.len());
    for patch in patches {
        let text = fs::read_to_string(&patch).unwrap();
        let (about, change) = text.split_once("\ndiff --git a/src/").unwrap_or_default();
        let who = about.lines().find_map(|line| line.strip_prefix("Caught by: "));
        let named = who.is_some_and(|who| who.starts_with("--lib ") || who.starts_with("--test "));
        let name = patch.display();
        assert!(named && about.lines().next().is_some_and(|first| first.ends_with('.')), "{name}: {about}");
        assert!(change.lines().any(|line| line.starts_with('+') || line.starts_with('-')), "{name} changes nothing");
        // Whoever the folder belongs to.
        let check = ["-c", "safe.directory=*", "apply", "--check"];
        let applied = Command::new("git").current_dir(&root).args(check).arg(&patch).output();
        let applied = applied.unwrap_or_else(|error| panic!("`git` is needed for this test: {error}"));
        let said = String::from_utf8_lossy(&applied.stderr);
        assert!(applied.status.success(), "{name} has to be made anew: {said}");
    }
}
