//! What is generated is what the code says: the CRDs under `crds/` and the tables of the README.

use std::{fs, path::PathBuf};

use roster::cli::generate::{self, Args};

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What `roster crds --check` compares.
fn check(folder: PathBuf, readme: PathBuf) -> Result<(), String> {
    let args = Args { dir: Some(folder), check: true, readme: Some(readme), ..Args::default() };
    generate::run(&args).map_err(|error| error.to_string())
}

#[test]
fn the_files_of_the_repository_are_fresh() {
    let root = repository();
    assert_eq!(check(root.join("crds"), root.join("README.md")), Ok(()));
    let rules = Some(root.join("src/access/advice/RULES.md"));
    let args = Args { dir: Some(root.join("crds")), check: true, rules, ..Args::default() };
    assert_eq!(generate::run(&args).map_err(|error| error.to_string()), Ok(()));
    let files: Vec<_> = generate::crd_files().unwrap().into_iter().map(|(name, _)| name).collect();
    let mut there: Vec<_> = fs::read_dir(root.join("crds")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    there.sort();
    let mut expected = files.clone();
    expected.sort_unstable();
    assert_eq!(there, expected, "`crds/` holds nothing else");
}

#[test]
fn a_file_that_drifted_is_noticed_named_and_mended() {
    let folder = tempfile::tempdir().unwrap();
    let (crds, readme) = (folder.path().join("crds"), folder.path().join("README.md"));
    let stale = ["roles", "conditions", "reasons", "rules"]
        .map(|table| format!("<!-- generated: {table} -->\nold\n<!-- end -->\n"));
    fs::write(&readme, stale.concat()).unwrap();
    let args = Args { dir: Some(crds.clone()), readme: Some(readme.clone()), ..Args::default() };
    generate::run(&args).unwrap();
    assert_eq!(check(crds.clone(), readme.clone()), Ok(()));

    let drifts = [crds.join("confluentusers.yaml"), crds.join("accessrolebindings.yaml"), readme.clone()];
    for path in &drifts {
        let text = fs::read_to_string(path).unwrap();
        fs::write(path, text.replacen("object", "thing", 1)).unwrap();
        let said = check(crds.clone(), readme.clone()).unwrap_err();
        let name = path.display().to_string();
        assert!(said.contains(&name) && said.contains("is not what the code says: run `roster crds --dir "), "{said}");
        generate::run(&args).unwrap();
    }
    fs::remove_file(&drifts[0]).unwrap();
    assert!(check(crds, readme).unwrap_err().contains("confluentusers.yaml"));
}

#[test]
fn every_role_reason_and_condition_has_its_row() {
    let text = generate::readme(&fs::read_to_string(repository().join("README.md")).unwrap()).unwrap();
    for role in roster::access::Catalogue::embedded().roles().iter().filter(|role| role.is_offered()) {
        assert_eq!(text.matches(&format!("\n| `{}` | ", role.name)).count(), 1, "{}", role.name);
    }
    for reason in roster::plan::Reason::ALL {
        assert_eq!(text.matches(&format!("\n| `{reason}` | ")).count(), 1, "{reason}");
    }
    for condition in roster::status::ConditionType::ALL {
        assert_eq!(text.matches(&format!("\n| `{condition}` | ")).count(), 1, "{condition}");
    }
}
