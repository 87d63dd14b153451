//! Kubeconfigs for the control plane's users. Rendering is PURE.

use std::{fs::File, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;

use super::error::Error;

/// Writes a kubeconfig that only its owner may read.
pub(crate) fn write(path: &Path, server: &str, authority: &str, user: &str, token: &str) -> Result<(), Error> {
    let text = render(server, authority, user, token);
    let file = File::options().create(true).write(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(Error::file("write", path))
}

/// JSON, which is YAML.
fn render(server: &str, authority: &str, user: &str, token: &str) -> String {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "roster", "cluster": {
            "server": server,
            "certificate-authority-data": BASE64_STANDARD.encode(authority),
        }}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "roster", "context": {"cluster": "roster", "user": user}}],
        "current-context": "roster",
    });
    format!("{config:#}\n")
}

/// The certificate authority in kube-apiserver's own certificate file: it writes the serving certificate, then its issuer.
pub(crate) fn authority(chain: &str) -> Option<&str> {
    let begin = chain.rfind("-----BEGIN CERTIFICATE-----")?;
    let issuer = chain.get(begin..)?;
    (begin > 0 && issuer.trim_end().ends_with("-----END CERTIFICATE-----")).then_some(issuer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kubeconfig_names_server_authority_and_token() {
        let text = render("https://127.0.0.1:1", "PEM", "tenant-a", "secret");
        let config: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(config["clusters"][0]["cluster"]["server"], "https://127.0.0.1:1");
        assert_eq!(config["clusters"][0]["cluster"]["certificate-authority-data"], "UEVN");
        assert_eq!(config["users"][0]["user"]["token"], "secret");
        assert_eq!(config["contexts"][0]["context"]["user"], "tenant-a");
        assert!(!text.contains("insecure"));
    }

    #[test]
    fn the_authority_is_the_second_certificate() {
        let one = "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n";
        let two = "-----BEGIN CERTIFICATE-----\nB\n-----END CERTIFICATE-----\n";
        assert_eq!(authority(&format!("{one}{two}")), Some(two));
        // A file that is still being written.
        assert_eq!(authority(one), None);
        assert_eq!(authority(&format!("{one}-----BEGIN CERTIFICATE-----\nB")), None);
        assert_eq!(authority(""), None);
    }
}
