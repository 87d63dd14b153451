//! The user's Go: is there one, and is it new enough. Parsing is PURE; asking runs `go version`.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{child::Process, error::Error, recipe, stop::Stop};

/// How long `go version` may take: it may fetch a toolchain first.
const KNOWN_WITHIN: Duration = Duration::from_mins(10);

/// The `go` on the `PATH`, if it will do. Asked inside the module's folder: there a Go that may fetch its own successor (1.21 and
/// newer, unless `GOTOOLCHAIN=local`) answers with the version the module will be built with.
pub(crate) fn find(module: &Path, stop: &Stop, tick: &mut dyn FnMut()) -> Result<PathBuf, Error> {
    let folders = env::var_os("PATH").unwrap_or_default();
    let go =
        env::split_paths(&folders).map(|folder| folder.join("go")).find(|path| path.is_file()).ok_or(Error::NoGo)?;
    let mut command = Command::new(&go);
    command.arg("version").env("GOWORK", "off").current_dir(module);
    let mut asked = Process::spawn(&command, module.join("go-version.log"))?;
    let status = asked.wait(KNOWN_WITHIN, stop, tick)?;
    let said = asked.last_words();
    if !status.is_some_and(|status| status.success()) {
        return Err(Error::BrokenGo { said: said.trim().replace('\n', "; ") });
    }
    match parse(&said) {
        Some(found) if found < parse_number(recipe::go_version()) => {
            Err(Error::OldGo { found: format!("{}.{}", found.0, found.1) })
        }
        // A development version has no number; let it try.
        _ => Ok(go),
    }
}

/// Major and minor version; the patch never decides whether a module builds.
type Version = (u32, u32);

/// Reads `go version go1.26.8 linux/amd64`.
fn parse(said: &str) -> Option<Version> {
    let number = said
        .split_whitespace()
        .find_map(|word| word.strip_prefix("go").filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())))?;
    Some(parse_number(number))
}

fn parse_number(text: &str) -> Version {
    let mut parts = text.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_version_says_is_read() {
        for (said, expected) in [
            ("go version go1.26.8 linux/amd64", Some((1, 26))),
            ("go version go1.26 darwin/arm64\n", Some((1, 26))),
            ("go version go1.27rc1 linux/amd64", Some((1, 27))),
            ("go version devel go1.28-1a2b3c4 Mon Jan 2 linux/amd64", Some((1, 28))),
            ("go version go1.9.7 linux/amd64", Some((1, 9))),
            ("go version go1.26.8 X:nodwarf5 linux/amd64", Some((1, 26))),
            ("gofmt", None),
            ("", None),
        ] {
            assert_eq!(parse(said), expected, "{said}");
        }
        assert!(parse("go version go1.9.7 linux/amd64").unwrap() < parse_number("1.26.0"));
    }
}
