//! Which resources there are, and what a path means.

use std::{collections::BTreeMap, sync::LazyLock};

use serde_json::Value;

use super::path;

/// One resource.
#[derive(Debug)]
pub(super) struct Resource {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) plural: String,
    pub(super) kind: String,
    pub(super) namespaced: bool,
    /// The schema of one of our kinds; `None` for Kubernetes' own, which are kept as they come.
    pub(super) schema: Option<Value>,
    /// The same with that of `metadata` in it.
    pub(super) whole: Value,
}

impl Resource {
    fn own(group: &str, version: &str, plural: &str, kind: &str, namespaced: bool) -> Self {
        let text = str::to_owned;
        let (group, version, plural, kind) = (text(group), text(version), text(plural), text(kind));
        Self { group, version, plural, kind, namespaced, schema: None, whole: path::whole(None) }
    }

    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// As refusals name it.
    pub(super) fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }
}

/// By path prefix and plural.
static RESOURCES: LazyLock<BTreeMap<(String, String), &'static Resource>> = LazyLock::new(|| {
    let mut all = vec![
        Resource::own("", "v1", "namespaces", "Namespace", false),
        Resource::own("", "v1", "secrets", "Secret", true),
        Resource::own("coordination.k8s.io", "v1", "leases", "Lease", true),
        Resource::own("events.k8s.io", "v1", "events", "Event", true),
    ];
    for (_, crd) in roster::api::crds() {
        let version = crd.spec.versions.into_iter().next().unwrap();
        let schema = version.schema.unwrap().open_api_v3_schema.unwrap();
        let names = crd.spec.names;
        let namespaced = crd.spec.scope == "Namespaced";
        let own = Resource::own(&crd.spec.group, &version.name, &names.plural, &names.kind, namespaced);
        let schema = serde_json::to_value(schema).unwrap();
        all.push(Resource { whole: path::whole(Some(&schema)), schema: Some(schema), ..own });
    }
    let prefix = |it: &Resource| {
        let folder = if it.group.is_empty() { "/api/" } else { "/apis/" };
        format!("{folder}{}", it.api_version())
    };
    let keyed = all.into_iter().map(|it| ((prefix(&it), it.plural.clone()), &*Box::leak(Box::new(it))));
    keyed.collect()
});

/// What a path leads to.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) resource: &'static Resource,
    /// Empty for what has none, and for all.
    pub(super) namespace: String,
    /// Empty for a collection.
    pub(super) name: String,
    /// Empty for the object itself.
    pub(super) subresource: String,
}

/// Where one object is kept.
pub(super) type Place = (&'static str, String);

impl Target {
    pub(super) fn parse(path: &str) -> Option<Self> {
        let mut parts = path.trim_start_matches('/').split('/');
        let prefix = match parts.next()? {
            "api" => format!("/api/{}", parts.next()?),
            "apis" => format!("/apis/{}/{}", parts.next()?, parts.next()?),
            _ => return None,
        };
        let rest: Vec<&str> = parts.collect();
        let known = |plural: &str| RESOURCES.get(&(prefix.clone(), plural.to_owned())).copied();
        let target = |resource, namespace: &str, name: &str, subresource: &str| {
            let (namespace, name, subresource) = (namespace.to_owned(), name.to_owned(), subresource.to_owned());
            Some(Self { resource, namespace, name, subresource })
        };
        match rest.as_slice() {
            ["namespaces", namespace, plural, rest @ ..] if known(plural).is_some_and(|it| it.namespaced) => {
                let part = |index: usize| rest.get(index).copied().unwrap_or_default();
                target(known(plural)?, namespace, part(0), part(1))
            }
            [plural] => target(known(plural)?, "", "", ""),
            [plural, name] => target(known(plural).filter(|it| !it.namespaced)?, "", name, ""),
            [plural, name, subresource] => target(known(plural).filter(|it| !it.namespaced)?, "", name, subresource),
            _ => None,
        }
    }

    /// Where the object is kept. Keys are in the order of the real server's: `a-b/x` comes before `a/x`.
    pub(super) fn place(&self) -> Place {
        place(self.resource, &self.namespace, &self.name)
    }

    /// What follows the resource in the key of a store.
    pub(super) fn key(&self) -> String {
        if self.namespace.is_empty() { format!("/{}", self.name) } else { format!("/{}/{}", self.namespace, self.name) }
    }

    /// Whether the object of that key is one of this collection.
    pub(super) fn holds(&self, key: &str) -> bool {
        self.namespace.is_empty() || key.split_once('/').is_some_and(|(namespace, _)| namespace == self.namespace)
    }
}

pub(super) fn place(resource: &'static Resource, namespace: &str, name: &str) -> Place {
    (&resource.plural, format!("{namespace}/{name}"))
}

/// The resource of that plural.
pub(super) fn by_plural(plural: &str) -> &'static Resource {
    RESOURCES.values().find(|it| it.plural == plural).unwrap()
}

/// Every resource.
pub(super) fn all() -> impl Iterator<Item = &'static Resource> {
    RESOURCES.values().copied()
}
