//! The image, as far as it can be looked at where nothing builds images: the program that it holds is built by the script that
//! the `Containerfile` calls, and run in a root directory that holds what the image holds; the `Containerfile` is read.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::{
    collections::BTreeSet,
    env,
    fs::{self, File, Permissions},
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use kube::config::Kubeconfig;
use tempfile::TempDir;

use crate::{
    replica::House,
    stage::{Stage, eventually, message},
};

mod containerfile;

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");
const MEBIBYTE: usize = 1024 * 1024;
/// What a kind of an ELF file's segment says: this file names another program that loads it.
const PT_INTERP: u32 = 3;
/// As whom the image runs.
const USER: &str = "65532:65532";
/// Makes the folder `$0` read-only for what comes after.
const READ_ONLY: &str = r#"mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && "#;

/// The static program, built at the first call. Cargo knows what is fresh, and tells its progress on standard error.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        // The target folder of this very test: `target/debug/roster`, two up.
        let target = Path::new(env!("CARGO_BIN_EXE_roster")).ancestors().nth(2).unwrap();
        let script = Path::new(REPOSITORY).join(".ci/static");
        let built = Command::new(script).env("CARGO_TARGET_DIR", target).stderr(Stdio::inherit()).output().unwrap();
        assert!(built.status.success(), "`.ci/static` says above what is wrong");
        PathBuf::from(String::from_utf8(built.stdout).unwrap().trim())
    })
}

#[test]
fn the_program_needs_no_other_file() {
    let text = fs::read(program()).unwrap();
    let kinds = segments(&text);
    assert!(!kinds.is_empty() && !kinds.contains(&PT_INTERP), "{kinds:?}");
    // What is looked for is there where it should be.
    assert!(segments(&fs::read(env!("CARGO_BIN_EXE_roster")).unwrap()).contains(&PT_INTERP));
}

#[test]
fn the_program_is_small() {
    let size = fs::metadata(program()).unwrap().len();
    assert!(size <= 15 * MEBIBYTE as u64, "{size} bytes are more than 15 MiB");
}

#[test]
fn the_program_does_not_tell_where_it_was_built() {
    let text = fs::read(program()).unwrap();
    let holds = |needle: &str| text.windows(needle.len()).any(|window| window == needle.as_bytes());
    let home = env::var("HOME").unwrap();
    let mut places = vec![REPOSITORY.to_owned(), format!("{home}/."), ".cargo/registry".into(), ".rustup/".into()];
    places.extend(["CARGO_HOME", "CARGO_TARGET_DIR", "RUSTUP_HOME"].iter().filter_map(|name| env::var(name).ok()));
    assert_eq!(places.iter().filter(|place| holds(place)).collect::<Vec<_>>(), Vec::<&String>::new());
    // Places are in it, under the names that the script gives them.
    for name in ["/cargo/registry/src/", "/rustc/"] {
        assert!(holds(name), "{name}");
    }
}

#[test]
fn the_context_of_the_image_holds_what_the_program_is_made_of() {
    let list = fs::read_to_string(Path::new(REPOSITORY).join(".dockerignore")).unwrap();
    let listed: Vec<&str> = list.lines().filter_map(|line| line.strip_prefix('!')).collect();
    assert!(list.lines().any(|line| line == "*") && listed.iter().all(|it| Path::new(REPOSITORY).join(it).exists()));
    let made_of = fs::read_to_string(program().with_extension("d")).unwrap();
    let files = made_of.split_whitespace().filter_map(|word| word.strip_prefix(REPOSITORY)?.strip_prefix('/'));
    let sources: BTreeSet<&str> = files.filter(|file| !file.starts_with("target/")).collect();
    assert!(sources.contains("src/main.rs"), "{made_of}");
    let missing = sources.iter().filter(|file| !listed.iter().any(|it| Path::new(file).starts_with(it)));
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&&str>::new());
}

#[test]
fn it_runs_where_there_is_nothing_else() {
    let root = Root::new(&[]);
    let said = |arguments: &[&str]| {
        let output = root.command(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(said(&["--version"]), format!("roster {}\n", env!("CARGO_PKG_VERSION")));
    let mut printed: Vec<String> = said(&["crds"]).split("---\n").map(str::to_owned).collect();
    let folder = fs::read_dir(Path::new(REPOSITORY).join("crds")).unwrap();
    let mut files: Vec<String> = folder.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    printed.sort();
    files.sort();
    assert_eq!(printed, files);

    let mut simulator = root.command(&["simulator", "--listen", "127.0.0.1:0"]);
    let mut simulator = Running(simulator.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(simulator.0.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let state = page(first.rsplit_once("http://").unwrap().1, "/simulator/state");
    assert!(state.starts_with("HTTP/1.1 200") && state.contains("grace@example.com"), "{state}");
    drop(simulator);
    root.is_as_it_was();
}

#[test]
fn the_operator_works_where_there_is_nothing_else() {
    // Built before others wait for the house.
    program();
    let house = House::enter();
    let kubeconfig = fs::read_to_string(house.theatre.operator_kubeconfig()).unwrap();
    let cluster = Kubeconfig::from_yaml(&kubeconfig).unwrap().clusters.remove(0).cluster.unwrap();
    let authority = BASE64_STANDARD.decode(cluster.certificate_authority_data.unwrap()).unwrap();
    let root = Root::new(&[("kubeconfig", kubeconfig.as_bytes()), ("etc/ssl/certs/ca-certificates.crt", &authority)]);
    let log = house.theatre.plane.folder().join("image.operator.log");
    let arguments = ["run", "--end-with-stdin", "--lease-seconds", "3", "--listen", "127.0.0.1:0"];
    let mut operator = root.command(&[&arguments[..], &["--kubeconfig", "/kubeconfig"]].concat());
    operator.env("HOSTNAME", "image").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
    let mut operator = Running(operator.spawn().unwrap());
    let said = || fs::read_to_string(&log).unwrap();
    let leads = &mut || {
        let log = said();
        let address = log.split("address=").nth(1).and_then(|rest| rest.split_once('\n'));
        let answer = address.map(|(address, _)| page(address.trim(), "/readyz")).unwrap_or_default();
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("leading")
    };
    eventually("the operator in the empty root leads", leads, &mut || said());
    assert!(house.holder().starts_with("image-"));

    // An https endpoint whose authority only the file of authorities names: the API server, which knows no such key and says so,
    // to somebody unknown or to nobody, as it is set up.
    let stage = Stage::unconnected(house.theatre, "image");
    let server = cluster.server.unwrap();
    let organization = stage.organization(|it| it["spec"]["backend"]["confluentCloud"]["endpoint"] = server.into());
    stage.apply(&[organization]);
    let told = || stage.get("corg", "image").map(|object| message(&object)).unwrap_or_default();
    let answered = &mut || told().contains("(401)") || told().contains("(403)");
    eventually("the API server's refusal is told", answered, &mut || told());
    stage.delete("corg", "image");
    stage.gone("corg", "image");

    drop(operator.0.stdin.take());
    assert!(operator.0.wait().unwrap().success(), "{}", said());
    root.is_as_it_was();
}

/// The kinds of an ELF file's segments: the first word of each entry of the table that the header points at.
fn segments(text: &[u8]) -> Vec<u32> {
    let number = |at: usize, bytes: usize| {
        text[at..at + bytes].iter().rev().fold(0_usize, |all, byte| (all << 8) | usize::from(*byte))
    };
    assert_eq!(&text[..6], b"\x7fELF\x02\x01", "64 bits, the small end first");
    let (table, size, count) = (number(0x20, 8), number(0x36, 2), number(0x38, 2));
    (0..count).map(|entry| u32::try_from(number(table + entry * size, 4)).unwrap()).collect()
}

/// A root directory with the program, and what else it is given.
struct Root {
    folder: TempDir,
    /// The words before the folder and the program that make it the root.
    way: Vec<String>,
    names: BTreeSet<PathBuf>,
}

impl Root {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(program(), folder.path().join("roster")).unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        // A temporary folder is its owner's alone, and the image's user is somebody else.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let way = way(folder.path());
        let names = names(folder.path());
        Self { folder, way, names }
    }

    /// The program with that root, as the image's user where this user may become another, and with no environment.
    fn command(&self, arguments: &[&str]) -> Command {
        within(&self.way, self.folder.path(), arguments)
    }

    /// Nothing was written.
    fn is_as_it_was(&self) {
        assert_eq!(names(self.folder.path()), self.names);
    }
}

fn names(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { names(&path) } else { BTreeSet::from([path]) }).collect()
}

/// How this user may change the root, the strictest way first.
fn way(folder: &Path) -> Vec<String> {
    let root = format!(r#"{READ_ONLY} exec chroot --userspec={USER} "$0" "$@""#);
    let mapped = format!(r#"{READ_ONLY} exec chroot "$0" "$@""#);
    let ways: [&[&str]; 3] = [
        &["unshare", "--mount", "sh", "-c", &root],
        // Anybody, where user namespaces are allowed; there is no other user in there.
        &["unshare", "--map-root-user", "--mount", "sh", "-c", &mapped],
        // root in a container that may not mount: it is the user, then, who may not write.
        &["chroot", &format!("--userspec={USER}")],
    ];
    let mut tried = String::new();
    for way in ways {
        let way: Vec<String> = way.iter().map(|&word| word.to_owned()).collect();
        let output = within(&way, folder, &["--version"]).output().unwrap();
        if output.status.success() {
            return way;
        }
        tried += &String::from_utf8_lossy(&output.stderr);
    }
    panic!("the program could not be given a root directory; be root, or allow user namespaces to this user\n{tried}")
}

fn within(way: &[String], folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(&way[0]);
    // The image sets nothing; `PATH` is for the words before the program.
    command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
    command.args(&way[1..]).arg(folder).arg("/roster").args(arguments);
    command
}

/// What an address answers to a request without a body.
fn page(address: &str, path: &str) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    write!(socket, "GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

/// A process that is killed when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail where it has ended already, which is all that is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
