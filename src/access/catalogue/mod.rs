//! The predefined roles as data: where each may be bound, what it gives and does not, which are administrative, and who
//! may grant them. PURE.
//!
//! The data is `roles.yaml`, made from the vendor's page on predefined roles (19 roles), with the scopes that its other
//! documents give and what came after the page. The page may change at any time, so an administrator may patch the
//! catalogue; a role that is missing is reported and kept where it exists, and refused where declared.

mod build;
mod difference;
mod file;
mod name;
mod role;
mod word;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use jiff::civil::Date;

use super::{Key, Scope};

pub(super) use name::nearest;

pub use difference::Difference;
pub use file::CatalogueError;
pub(super) use name::nearest as nearest_names;
pub(crate) use role::holder;
pub use role::{Caveat, Denial, Gap, Named, Permission, Role};
pub use word::{AccountOperation, Category, ClusterType, Operation, Reach, Resource, Sure};

/// The role that administers an organization.
pub const ORGANIZATION_ADMIN: &str = "OrganizationAdmin";
/// The role that manages accounts and, by itself, no roles.
pub const ACCOUNT_ADMIN: &str = "AccountAdmin";

/// The roles, and the rules that are about more than one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// The version of the shape of the data.
    pub version: u32,
    /// When the data was last looked over.
    pub date: Option<Date>,
    roles: Vec<Role>,
    granular: BTreeMap<Key, Vec<ClusterType>>,
    sources: BTreeMap<String, String>,
    defaults: Vec<DefaultMapping>,
    rules: Vec<Rule>,
    corrections: Vec<Correction>,
}

/// A group mapping that binds roles without anybody declaring it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultMapping {
    /// Its name in the catalogue.
    pub id: String,
    /// The mapping's name.
    pub mapping: String,
    /// The roles that it binds.
    pub roles: Vec<String>,
    /// For people.
    pub says: String,
}

/// A statement about more than one role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name in the catalogue.
    pub id: String,
    /// For people.
    pub says: String,
    /// Who says it, a key of the catalogue's sources.
    pub source: String,
    /// A prefix that it is about, such as that of the CLI's consumer groups.
    pub prefix: Option<String>,
    /// The audited method that it is about.
    pub method: Option<String>,
}

/// Something that changed after the page, or that other sources say beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Its name in the catalogue.
    pub id: String,
    /// Since when, or by when at the latest where no source tells.
    pub date: Date,
    /// Who says it, a key of the catalogue's sources.
    pub source: String,
    /// For people.
    pub says: String,
    /// Whether the catalogue is read with it.
    pub applied: bool,
}

static EMBEDDED: LazyLock<Result<Catalogue, CatalogueError>> =
    LazyLock::new(|| build::embedded(build::Reading::Corrected));
static NOTHING: LazyLock<Catalogue> = LazyLock::new(Catalogue::default);

impl Catalogue {
    /// The catalogue that the program holds. A test sees to it that it can be read; one that could not would be empty,
    /// and then nothing can be declared, nothing is adopted and everything that is there is kept.
    pub fn embedded() -> &'static Self {
        EMBEDDED.as_ref().unwrap_or(&NOTHING)
    }

    /// The catalogue that the program holds, or why it cannot be read.
    pub fn try_embedded() -> Result<&'static Self, &'static CatalogueError> {
        EMBEDDED.as_ref()
    }

    /// The catalogue as the page alone has it, without what came after it.
    pub fn of_the_page() -> Result<Self, CatalogueError> {
        build::embedded(build::Reading::Page)
    }

    /// This catalogue with an administrator's patch, which is YAML of the shape of a correction's patch.
    pub fn patched(&self, text: &str) -> Result<Self, CatalogueError> {
        build::patched(self, text)
    }

    /// What is otherwise in this catalogue than in another, one sentence each.
    pub fn differences(&self, from: &Self) -> Vec<Difference> {
        difference::between(from, self)
    }

    /// Every role, by name.
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// The role of that name, where the catalogue knows it. Names are compared exactly, as the vendor does.
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.binary_search_by(|role| role.name.as_str().cmp(name)).ok().map(|index| &self.roles[index])
    }

    /// Whether a role is administrative; a role that nobody knows is taken for one, so that doubt never adopts.
    pub fn is_administrative(&self, name: &str) -> bool {
        self.role(name).is_none_or(|role| role.administrative)
    }

    /// The names that are nearest to a wrong one, of roles that can be declared: at most three, the nearest first.
    pub fn nearest(&self, name: &str) -> Vec<&str> {
        let declarable = self.roles.iter().filter(|role| !role.at.is_empty());
        name::nearest(name, declarable.map(|role| role.name.as_str()))
    }

    /// Whether somebody who holds these roles may do that to accounts.
    pub fn may_operate<'a>(&self, held: impl IntoIterator<Item = &'a str>, operation: AccountOperation) -> bool {
        let operation = Operation::from(operation);
        held.into_iter().filter_map(|name| self.role(name)).any(|role| role.gives(Resource::User, operation))
    }

    /// The types of clusters in which roles on resources of that kind exist; `None` where every type will do.
    pub fn clusters_for(&self, kind: Key) -> Option<&[ClusterType]> {
        self.granular.get(&kind).map(Vec::as_slice)
    }

    /// What a role of that name gives when it is bound at that place; nothing for a role that nobody knows.
    pub fn permissions<'a>(&'a self, role: &str, bound: &'a Scope) -> impl Iterator<Item = &'a Permission> {
        self.role(role).into_iter().flat_map(|role| role.permissions_at(bound))
    }

    /// The roles, offered at that kind of place, that give the operation on things of that kind there.
    pub fn giving(&self, resource: Resource, operation: Operation, at: Key) -> impl Iterator<Item = &Role> {
        self.roles.iter().filter(move |role| {
            let there = |it: &&Permission| it.bound_to.is_empty() || it.bound_to.contains(&at);
            role.at.contains(&at) && role.may.iter().filter(there).any(|it| it.allows(resource, operation))
        })
    }

    /// What is bound without anybody declaring it.
    pub fn defaults(&self) -> &[DefaultMapping] {
        &self.defaults
    }

    /// The rules about more than one role.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What came after the page, whether it is applied or not.
    pub fn corrections(&self) -> &[Correction] {
        &self.corrections
    }

    /// What stands behind a source's key.
    pub fn source(&self, key: &str) -> Option<&str> {
        self.sources.get(key).map(String::as_str)
    }

    /// The names of everything that can be cited: entries of roles, the roles themselves, rules, defaults, corrections.
    pub fn ids(&self) -> BTreeSet<&str> {
        self.every_id().collect()
    }

    fn every_id(&self) -> impl Iterator<Item = &str> {
        let rules = self.rules.iter().map(|it| it.id.as_str());
        let defaults = self.defaults.iter().map(|it| it.id.as_str());
        let corrections = self.corrections.iter().map(|it| it.id.as_str());
        self.roles.iter().flat_map(Role::ids).chain(rules).chain(defaults).chain(corrections)
    }
}
