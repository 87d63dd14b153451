//! The files that paths name. IO, to read them.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Check, Problem};

/// Standard input, as an argument.
const STDIN: &str = "-";
/// Largest file that is read, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// A file that was read.
pub(super) struct File {
    pub(super) path: Arc<Path>,
    pub(super) text: String,
}

/// Why a path cannot be looked at.
#[derive(Debug, thiserror::Error)]
#[error("{operation} `{}`", path.display())]
pub struct Error {
    operation: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// Every file below the paths, in order of their names; what cannot be read as text is a problem and no file.
pub(super) fn read(paths: &[PathBuf], problems: &mut Vec<Problem>) -> Result<Vec<File>, Error> {
    let mut files = Vec::new();
    for path in paths {
        if path.as_os_str() == STDIN {
            let mut bytes = Vec::new();
            let failed = |source| Error { operation: "read", path: PathBuf::from("standard input"), source };
            io::stdin().lock().read_to_end(&mut bytes).map_err(failed)?;
            files.extend(text(Path::new("stdin"), bytes, problems));
            continue;
        }
        let failed = |source| Error { operation: "look at", path: path.clone(), source };
        if fs::metadata(path).map_err(failed)?.is_dir() {
            folder(path, &mut files, problems)?;
        } else {
            one(path, &mut files, problems)?;
        }
    }
    Ok(files)
}

fn folder(path: &Path, files: &mut Vec<File>, problems: &mut Vec<Problem>) -> Result<(), Error> {
    let failed = |source| Error { operation: "list", path: path.to_owned(), source };
    let mut entries: Vec<fs::DirEntry> =
        fs::read_dir(path).and_then(Iterator::collect::<Result<_, _>>).map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let chart = path.join("Chart.yaml").is_file();
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() && chart && name == "templates" {
            let said = "these are templates of a Helm chart: judge what `helm template` makes of them";
            problems.push(Problem::of(Check::HelmTemplates, &path.into(), 1, said));
        } else if kind.is_dir() {
            folder(&path, files, problems)?;
        // A link to a file is followed, as mounted ConfigMaps have them; one to a folder is not, so that none is read twice.
        } else if is_manifest(&path) && fs::metadata(&path).is_ok_and(|it| it.is_file()) {
            one(&path, files, problems)?;
        }
    }
    Ok(())
}

/// The endings that `kubectl apply --filename FOLDER` takes.
fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "yaml" || it == "yml" || it == "json")
}

fn one(path: &Path, files: &mut Vec<File>, problems: &mut Vec<Problem>) -> Result<(), Error> {
    let failed = |source| Error { operation: "read", path: path.to_owned(), source };
    if fs::metadata(path).map_err(failed)?.len() > LARGEST {
        problems.push(Problem::of(Check::NotText, &path.into(), 1, "it is larger than 64 MiB"));
        return Ok(());
    }
    files.extend(text(path, fs::read(path).map_err(failed)?, problems));
    Ok(())
}

fn text(path: &Path, bytes: Vec<u8>, problems: &mut Vec<Problem>) -> Option<File> {
    let path: Arc<Path> = path.into();
    let line_of = |bytes: &[u8], at: usize| bytes[..at].split(|byte| *byte == b'\n').count();
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        let said = "it is a binary file: only text can be judged";
        problems.push(Problem::of(Check::NotText, &path, line_of(&bytes, at), said));
        return None;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some(File { path, text }),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let line = line_of(error.as_bytes(), at);
            problems.push(Problem::of(Check::NotText, &path, line, "it is not UTF-8 from here on"));
            None
        }
    }
}
