//! Manifests in files: every object of ours with the place where it stands, and a sentence for whatever is none. IO, to read
//! the files.
//!
//! Other people's manifests may lie beside ours, and so may files that are no manifests at all; they are counted and passed
//! over. What cannot be read is a problem of its document, and the rest is still judged.

mod check;
mod document;
mod file;
mod kustomize;
mod scalar;
pub(crate) mod tree;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

use serde_json::Value;

use crate::api;

pub use check::Check;
pub use file::Error;
use file::File;
use kustomize::Kustomization;
use tree::{Content, Node};

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) file: Arc<Path>,
    /// From 1.
    pub(crate) line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// Something about a file that keeps a part of it from being judged, or that makes it doubtful.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) check: Check,
    pub(crate) place: Place,
    pub(crate) message: String,
}

impl Problem {
    fn of(check: Check, file: &Arc<Path>, line: usize, message: impl Into<String>) -> Self {
        Self { check, place: Place { file: file.clone(), line }, message: message.into() }
    }
}

/// Into which namespace an object goes, as far as files tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Namespace {
    /// Its kind has none.
    Cluster,
    /// That one.
    Named(String),
    /// The one that whoever applies this folder chooses.
    Chosen(PathBuf),
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster => f.write_str("the cluster"),
            Self::Named(name) => write!(f, "the namespace `{name}`"),
            Self::Chosen(_) => f.write_str("the same namespace"),
        }
    }
}

/// An object of one of our kinds.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    file: Arc<Path>,
    node: Node,
    pub(crate) kind: String,
    pub(crate) namespace: Namespace,
    pub(crate) name: String,
    /// As JSON.
    pub(crate) value: Value,
}

impl Object {
    /// Where a field of it stands.
    pub(crate) fn place(&self, path: &str) -> Place {
        Place { file: self.file.clone(), line: self.node.line_of(path) }
    }

    /// How it is called in a sentence.
    pub(crate) fn title(&self) -> String {
        match &self.namespace {
            Namespace::Named(namespace) => format!("{} {namespace}/{}", self.kind, self.name),
            Namespace::Cluster | Namespace::Chosen(_) => format!("{} {}", self.kind, self.name),
        }
    }
}

/// The names of our kinds.
static OURS: LazyLock<BTreeSet<String>> =
    LazyLock::new(|| api::crds().into_iter().map(|(_, crd)| crd.spec.names.kind).collect());

/// What the files hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manifests {
    pub(crate) objects: Vec<Object>,
    pub(crate) problems: Vec<Problem>,
    /// The labels of the namespaces that the files make.
    pub(crate) namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// How many files were read.
    pub(crate) files: usize,
    /// How many documents are none of ours.
    pub(crate) passed_over: usize,
}

/// A document of a file.
struct Part {
    file: Arc<Path>,
    /// The folder or file that was named, below which it was found.
    root: PathBuf,
    node: Node,
}

impl Manifests {
    /// Reads the files that paths name; `namespace` is that of objects that say none.
    pub(crate) fn read(paths: &[PathBuf], namespace: Option<&str>) -> Result<Self, Error> {
        let mut manifests = Self::default();
        let (mut parts, mut known) = (Vec::new(), BTreeSet::new());
        for root in paths {
            let before = manifests.problems.len();
            let mut files = file::read(std::slice::from_ref(root), &mut manifests.problems)?;
            if files.is_empty() && manifests.problems.len() == before {
                let said = "nothing here can be read as a manifest: name files, or folders with `.yaml`, `.yml` or `.json` in them";
                manifests.problems.push(Problem::of(Check::Empty, &root.as_path().into(), 1, said));
            }
            // A folder and a file in it may both be named.
            files.retain(|file| known.insert(file.path.clone()));
            manifests.files += files.len();
            for file in &files {
                manifests.documents(file, root, &mut parts);
            }
        }
        manifests.sort_out(parts, namespace);
        manifests.repeated();
        Ok(manifests)
    }

    fn documents(&mut self, file: &File, root: &Path, parts: &mut Vec<Part>) {
        // Configuration of other programs is JSON with comments and the like, and no concern of ours.
        if file.path.extension().is_some_and(|it| it == "json") && !file.text.contains(api::GROUP) {
            self.passed_over += 1;
            return;
        }
        for document in document::split(&file.text) {
            match Node::read(document.text, document.first_line) {
                Ok(Some(node)) => parts.push(Part { file: file.path.clone(), root: root.to_owned(), node }),
                Ok(None) => {}
                Err(error) => {
                    self.problems.push(Problem::of(Check::NotYaml, &file.path, error.line, error.message));
                }
            }
        }
    }

    fn sort_out(&mut self, parts: Vec<Part>, namespace: Option<&str>) {
        let kustomizations: Vec<Kustomization> = parts
            .iter()
            .filter(|part| kustomize::is_kustomization(&part.file, &part.node))
            .map(|part| Kustomization::read(&part.file, &part.node))
            .collect();
        for part in parts {
            if kustomize::is_kustomization(&part.file, &part.node) {
                self.passed_over += 1;
            } else if kustomizations.iter().any(|it| it.patches(&part.file)) {
                self.passed_over += 1;
                let said =
                    "this is a patch of a kustomization and no manifest: judge what `kubectl kustomize` makes of it";
                self.problems.push(Problem::of(Check::KustomizePatch, &part.file, part.node.line, said));
            } else {
                self.document(part, &kustomizations, namespace);
            }
        }
    }

    fn document(&mut self, part: Part, kustomizations: &[Kustomization], namespace: Option<&str>) {
        let text = |field: &str| part.node.field(field).and_then(Node::text).unwrap_or_default().to_owned();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        if group == api::GROUP {
            self.object(part, kind, kustomizations, namespace);
        } else if kind.ends_with("List") && !part.node.field("items").map(Node::items).unwrap_or_default().is_empty() {
            for node in part.node.field("items").map(Node::items).unwrap_or_default() {
                let part = Part { file: part.file.clone(), root: part.root.clone(), node: node.clone() };
                self.document(part, kustomizations, namespace);
            }
        } else if api_version == "v1" && kind == "Namespace" {
            self.passed_over += 1;
            self.labels(&part.node);
        } else {
            self.passed_over += 1;
            self.other(&part, &api_version, &kind);
        }
    }

    /// A document that is none of ours: most are fine, and some look as if they were to be.
    fn other(&mut self, part: &Part, api_version: &str, kind: &str) {
        let said = match (api_version, kind) {
            ("", kind) if OURS.contains(kind) => {
                format!("it has no `apiVersion`: a {kind} needs `{}/v1alpha1`", api::GROUP)
            }
            ("", "") if part.node.field("metadata").is_some() => "it has neither `apiVersion` nor `kind`".to_owned(),
            (_, "") if !api_version.is_empty() => "it has an `apiVersion` and no `kind`".to_owned(),
            _ => match &part.node.content {
                Content::Map(_) => return,
                Content::Scalar(_) | Content::List(_) => "it is no manifest: a manifest is a map".to_owned(),
            },
        };
        self.problems.push(Problem::of(Check::NoManifest, &part.file, part.node.line, said));
    }

    fn labels(&mut self, node: &Node) {
        let Some(metadata) = node.field("metadata") else { return };
        let Some(name) = metadata.field("name").and_then(Node::text) else { return };
        let labels = match metadata.field("labels").map(|it| &it.content) {
            Some(Content::Map(fields)) => {
                let pair = |(key, _, value): &(String, usize, Node)| Some((key.clone(), value.text()?.to_owned()));
                fields.iter().filter_map(pair).collect()
            }
            Some(Content::Scalar(_) | Content::List(_)) | None => BTreeMap::new(),
        };
        self.namespaces.insert(name.to_owned(), labels);
    }

    fn object(&mut self, part: Part, kind: String, kustomizations: &[Kustomization], namespace: Option<&str>) {
        let value = part.node.value();
        let metadata = |field: &str| value["metadata"][field].as_str().map(str::to_owned);
        let home = kustomizations.iter().find(|it| it.has(&part.file));
        let namespace = match kind.as_str() {
            "ConfluentOrganization" | "Publisher" => Namespace::Cluster,
            _ => home
                .and_then(|it| it.namespace.clone())
                .or_else(|| metadata("namespace"))
                .or_else(|| namespace.map(str::to_owned))
                .map_or_else(|| Namespace::Chosen(home.map_or(part.root, |it| it.folder.clone())), Namespace::Named),
        };
        let name = metadata("name").unwrap_or_default();
        self.objects.push(Object { file: part.file, node: part.node, kind, namespace, name, value });
    }

    /// Objects that would be one and the same to the API server.
    fn repeated(&mut self) {
        let mut known: BTreeMap<(&str, &Namespace, &str), &Object> = BTreeMap::new();
        for object in self.objects.iter().filter(|object| !object.name.is_empty()) {
            let key = (object.kind.as_str(), &object.namespace, object.name.as_str());
            let Some(first) = known.get(&key) else {
                known.insert(key, object);
                continue;
            };
            let said = format!(
                "{} stands at {} already, and the later of the two would replace it: give it another name",
                object.title(),
                first.place("metadata.name")
            );
            let place = object.place("metadata.name");
            self.problems.push(Problem { check: Check::DuplicateName, place, message: said });
        }
    }
}
