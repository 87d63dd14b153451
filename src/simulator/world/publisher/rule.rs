//! What publishers do where the vendor's pages are silent, and what they know of the world's mail domains. PURE.

use serde::{Deserialize, Serialize};

/// The rules of publishers and of the tokens for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct PublisherRules {
    /// Whether contributors may manage users too; no page of the vendor says.
    pub contributors_may_manage_users: bool,
    /// Whether the last owner who is there keeps the role.
    pub guard_last_owner: bool,
    /// Domains of Microsoft accounts; people there are invited, and have to accept.
    pub microsoft_domains: Vec<String>,
    /// Domains where nobody has a Microsoft account or an organization ID. All others are organizations'.
    pub unsupported_domains: Vec<String>,
    /// How many seconds a token opens the door.
    pub token_lifetime: u32,
    /// For what tokens are asked, without `/.default`. Where it is empty, for anything.
    pub audiences: Vec<String>,
}

impl Default for PublisherRules {
    fn default() -> Self {
        let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            contributors_may_manage_users: false,
            guard_last_owner: true,
            microsoft_domains: all(&["outlook.com", "hotmail.com", "live.com"]),
            unsupported_domains: all(&["gmail.com", "yahoo.com", "icloud.com", "proton.me"]),
            token_lifetime: 3599,
            audiences: all(&["https://cloudpartner.azure.com"]),
        }
    }
}

impl PublisherRules {
    /// Whether tokens for that are issued.
    pub fn knows_audience(&self, audience: &str) -> bool {
        let plain = |text: &str| text.trim_end_matches('/').to_owned();
        self.audiences.is_empty() || self.audiences.iter().any(|known| plain(known) == plain(audience))
    }
}
