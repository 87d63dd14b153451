//! What a `kustomization.yaml` says about the files beside it: the namespace that they go into, and which of them are patches
//! and so no manifests. No IO.

use std::path::{Component, Path, PathBuf};

use super::tree::{Content, Node};

/// A `kustomization.yaml`, as far as it tells about files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Kustomization {
    /// Its folder.
    pub(super) folder: PathBuf,
    /// The namespace that its resources get.
    pub(super) namespace: Option<String>,
    /// Its resources, files and folders.
    resources: Vec<PathBuf>,
    /// Files that are patches.
    patches: Vec<PathBuf>,
}

/// Whether a document is one of these.
pub(super) fn is_kustomization(path: &Path, document: &Node) -> bool {
    let named = path.file_name().is_some_and(|name| {
        ["kustomization.yaml", "kustomization.yml", "Kustomization"].iter().any(|known| name == *known)
    });
    let api = document.field("apiVersion").and_then(Node::text).unwrap_or_default();
    named || api.starts_with("kustomize.config.k8s.io/")
}

impl Kustomization {
    /// Reads one.
    pub(super) fn read(path: &Path, document: &Node) -> Self {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let named = |field: &str| -> Vec<PathBuf> {
            let items = document.field(field).map(Node::items).unwrap_or_default();
            let path = |item: &Node| match &item.content {
                Content::Map(_) => item.field("path").and_then(Node::text).map(str::to_owned),
                Content::Scalar(_) | Content::List(_) => item.text().map(str::to_owned),
            };
            // A patch may be written out in its place instead of naming a file.
            items.iter().filter_map(path).filter(|it| !it.contains('\n')).map(|it| tidy(&folder.join(it))).collect()
        };
        let patches = ["patches", "patchesStrategicMerge", "patchesJson6902"].into_iter().flat_map(named).collect();
        let resources = ["resources", "bases"].into_iter().flat_map(named).collect();
        let namespace = document.field("namespace").and_then(Node::text).map(str::to_owned);
        Self { folder, namespace, resources, patches }
    }

    /// Whether that file is a patch of it.
    pub(super) fn patches(&self, file: &Path) -> bool {
        self.patches.contains(&tidy(file))
    }

    /// Whether that file is one of its resources.
    pub(super) fn has(&self, file: &Path) -> bool {
        self.resources.contains(&tidy(file))
    }
}

/// A path without `.` and `a/..`.
fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(tidied.components().next_back(), Some(Component::Normal(_))) => {
                tidied.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::ParentDir | Component::Normal(_) => {
                tidied.push(component);
            }
        }
    }
    tidied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kustomization_tells_patches_from_resources() {
        let text = "namespace: orders\nresources: [../base/user.yaml, ./read.yaml, https://example.com/x]\n\
                    patches:\n- path: patch.yaml\n- patch: |-\n    x: 1\n\
                    patchesStrategicMerge:\n- more.yaml\n- |-\n  kind: RoleBinding\n";
        let document = Node::read(text, 1).unwrap().unwrap();
        let path = Path::new("a/b/kustomization.yaml");
        assert!(is_kustomization(path, &document));
        let read = Kustomization::read(path, &document);
        assert_eq!(read.namespace.as_deref(), Some("orders"));
        for (file, is_resource, is_patch) in [
            ("a/b/read.yaml", true, false),
            ("a/base/user.yaml", true, false),
            ("./a/b/patch.yaml", false, true),
            ("a/b/more.yaml", false, true),
            ("a/b/other.yaml", false, false),
        ] {
            assert_eq!((read.has(Path::new(file)), read.patches(Path::new(file))), (is_resource, is_patch), "{file}");
        }
    }
}
