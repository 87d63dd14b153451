//! A grant: principal x role x scope. PURE.
//!
//! This triple is the identity of a grant; the vendor's binding id is only a handle.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{PrincipalId, Scope};

/// Who holds which role where.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grant {
    /// The holder.
    pub principal: PrincipalId,
    /// The role's name; it need not be one that the catalogue knows.
    pub role: String,
    /// Where it holds.
    pub scope: Scope,
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {} for {}", self.role, self.scope.describe(), self.principal)
    }
}
