//! The packaged chart, and the versions that stand in it.
use std::{fs, path::Path};

use serde_json::Value;

use super::{
    helm::{CHART, Helm, values},
    render::objects,
};

/// One release: the chart, the operator and the crate.
#[test]
fn the_versions_are_one() {
    let chart: Value = serde_yaml::from_str(&fs::read_to_string(Path::new(CHART).join("Chart.yaml")).unwrap()).unwrap();
    assert_eq!(chart["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(chart["appVersion"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_package_renders_what_its_folder_renders_and_holds_no_tests() {
    for helm in Helm::ALL {
        let folder = tempfile::tempdir().unwrap();
        helm.done(&["package", CHART, "--destination", folder.path().to_str().unwrap()]);
        let package = folder.path().join(format!("roster-{}.tgz", env!("CARGO_PKG_VERSION")));
        let package = package.to_str().unwrap();
        for file in values() {
            // A key drawn at random would differ.
            let arguments = ["--values", &file, "--set", "simulator.existingSecret=given"];
            let [packed, loose] = [package, CHART].map(|chart| objects(&helm.render(chart, &arguments)));
            assert_eq!(packed, loose, "{helm:?} {file}");
        }
        for (what, needle) in [("readme", "## Uninstall"), ("values", "replicas: 1"), ("chart", "kubeVersion")] {
            assert!(helm.done(&["show", what, package]).contains(needle), "{what}");
        }
        let typo = helm.run(&["template", package, "--set", "replica=2"]);
        assert!(String::from_utf8_lossy(&typo.stderr).contains("'replica' not allowed"), "{typo:?}");

        let listed = std::process::Command::new("tar").args(["-tzf", package]).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let has = |name: &str| listed.lines().any(|line| line.starts_with(&format!("roster/{name}")));
        assert!(has("templates/NOTES.txt") && has("values.schema.json") && has("files/crds/"), "{listed}");
        assert!(!has("ci/") && !has("files/identity.yaml"), "{listed}");
    }
}
