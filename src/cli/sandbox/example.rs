//! The examples, which this program carries: each is applied as its README says, into a namespace of its own. IO.

use std::fs;

use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client, Resource,
    api::{Patch, PatchParams},
};

use super::{Error, cluster::Cluster, install, say};

/// The first example's namespace, which the lines to try next name.
pub(super) const ONBOARDING: &str = "portal-onboarding";
/// The namespace of the example of a publisher's users.
pub(super) const PUBLISHER: &str = "publisher-onboarding";

macro_rules! examples {
    ($($folder:literal: [$($file:literal),+ $(,)?],)+) => {
        /// Each example with its files.
        pub(super) const ALL: &[(&str, &[(&str, &str)])] = &[
            $(($folder, &[$(($file, include_str!(concat!("../../../examples/", $folder, "/", $file)))),+]),)+
        ];
    };
}

examples! {
    "portal-onboarding": ["README.md", "kustomization.yaml", "role.yaml", "user.yaml"],
    "account-and-cluster-admin": ["README.md", "account-admin.yaml", "cluster-admin.yaml", "kustomization.yaml", "user.yaml"],
    "topic-developer": ["README.md", "kustomization.yaml", "read.yaml", "user.yaml", "write.yaml"],
    "assigner": ["README.md", "assigner.yaml", "data.yaml", "kustomization.yaml", "user.yaml"],
    "publisher-onboarding": [
        "README.md", "application.yaml", "contributor.yaml", "group.yaml", "kustomization.yaml", "owner.yaml",
    ],
}

/// Writes the examples down, and applies each with kubectl.
pub(super) async fn apply(cluster: &Cluster, client: &Client) -> Result<(), Error> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    for (name, files) in ALL {
        let folder = cluster.folder().join("examples").join(name);
        fs::create_dir_all(&folder).map_err(|source| Error::File { path: folder.clone(), source })?;
        for (file, text) in *files {
            let path = folder.join(file);
            fs::write(&path, text).map_err(|source| Error::File { path: path.clone(), source })?;
        }
        let mut namespace = Namespace::default();
        namespace.meta_mut().name = Some((*name).to_owned());
        let what = |error| Error::Apply(format!("the namespace `{name}`"), Box::new(error));
        let parameters = PatchParams::apply("roster-sandbox").force();
        namespaces.patch(name, &parameters, &Patch::Apply(&namespace)).await.map_err(what)?;
        let folder = folder.display().to_string();
        cluster.kubectl(&["apply", "--namespace", name, "-k", &folder]).await?;
        say(&format!("applied examples/{name} into the namespace `{name}`"));
    }
    Ok(())
}

/// Deletes what was applied, while the operator still runs, so that it revokes what it made.
pub(super) async fn take_back(cluster: &Cluster) -> Result<(), Error> {
    for (name, _) in ALL {
        let folder = cluster.folder().join("examples").join(name).display().to_string();
        cluster.kubectl(&["delete", "--ignore-not-found", "--timeout=60s", "--namespace", name, "-k", &folder]).await?;
        cluster.kubectl(&["delete", "--ignore-not-found", "--timeout=60s", "namespace", name]).await?;
    }
    let namespace = install::NAMESPACE;
    for (kind, name) in [("confluentorganization", install::ORGANIZATION), ("publisher", install::PUBLISHER)] {
        cluster.kubectl(&["delete", "--ignore-not-found", "--timeout=60s", kind, name]).await?;
    }
    for secret in [install::CREDENTIALS, install::PUBLISHER_CREDENTIALS] {
        cluster.kubectl(&["delete", "--ignore-not-found", "--namespace", namespace, "secret", secret]).await?;
    }
    say(&format!("the custom resources and the namespace `{namespace}` stay in the cluster; nothing else does"));
    Ok(())
}
