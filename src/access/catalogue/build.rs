//! From what is written to a catalogue: patches are laid on one another, and the whole is checked. PURE.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::PrincipalKind;

use super::{
    Catalogue, Caveat, Correction, DefaultMapping, Denial, Gap, Permission, Role, Rule,
    file::{
        CatalogueError, CaveatText, DefaultText, DenialText, File, GapText, Patch, PermissionText, RolePatch, RuleText,
        Verb, read,
    },
    word::{Operation, Resource, Sure},
};

const TEXT: &str = include_str!("roles.yaml");
/// The version of the shape that this program reads.
const VERSION: u32 = 1;
/// The source of what an administrator says.
const OVERRIDE: &str = "override";

/// With or without what came after the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Page,
    Corrected,
}

/// What the program holds.
pub(super) fn embedded(reading: Reading) -> Result<Catalogue, CatalogueError> {
    let file: File = read(TEXT)?;
    let writer = Writer { text: TEXT, source: "page" };
    writer.version(file.version)?;
    let mut catalogue =
        Catalogue { version: file.version, date: Some(file.date), sources: file.sources, ..Catalogue::default() };
    let (granular, defaults) = (file.granular, Some(file.defaults));
    let base = Patch { version: None, granular, defaults, rules: file.rules, roles: file.roles };
    writer.lay(base, &mut catalogue)?;
    for correction in file.corrections {
        let applied = reading == Reading::Corrected;
        if applied {
            Writer { text: TEXT, source: &correction.source }.lay(correction.patch, &mut catalogue)?;
        }
        let (id, date, source, says) = (correction.id, correction.date, correction.source, correction.says);
        catalogue.corrections.push(Correction { id, date, source, says, applied });
    }
    writer.check(catalogue)
}

/// A catalogue with an administrator's patch.
pub(super) fn patched(catalogue: &Catalogue, text: &str) -> Result<Catalogue, CatalogueError> {
    let patch: Patch = read(text)?;
    let writer = Writer { text, source: OVERRIDE };
    let version = patch.version.ok_or_else(|| writer.wrong("", "it lacks `version: 1`"))?;
    writer.version(version)?;
    let mut patched = catalogue.clone();
    patched.sources.entry(OVERRIDE.to_owned()).or_insert_with(|| "the override of this installation".to_owned());
    writer.lay(patch, &mut patched)?;
    writer.check(patched)
}

/// Lays what one text says on a catalogue.
struct Writer<'a> {
    text: &'a str,
    /// Who says what does not say who says it.
    source: &'a str,
}

impl Writer<'_> {
    fn version(&self, version: u32) -> Result<(), CatalogueError> {
        let other = || self.wrong("version:", format!("its version is {version}, and this program reads {VERSION}"));
        if version == VERSION { Ok(()) } else { Err(other()) }
    }

    fn lay(&self, patch: Patch, catalogue: &mut Catalogue) -> Result<(), CatalogueError> {
        for entry in patch.granular {
            self.source_known(entry.source.as_deref(), "granular:", catalogue)?;
            catalogue.granular.extend(entry.resources.iter().map(|place| (place.0, entry.clusters.clone())));
        }
        if let Some(defaults) = patch.defaults {
            catalogue.defaults = defaults.into_iter().map(DefaultMapping::from).collect();
        }
        for rule in patch.rules {
            upsert(&mut catalogue.rules, self.rule(rule), |rule| &rule.id);
        }
        for role in patch.roles {
            self.role(role, catalogue)?;
        }
        Ok(())
    }

    fn role(&self, patch: RolePatch, catalogue: &mut Catalogue) -> Result<(), CatalogueError> {
        let found = catalogue.roles.binary_search_by(|role| role.name.cmp(&patch.name));
        let index = match found {
            Ok(index) => index,
            Err(index) => {
                catalogue.roles.insert(index, self.new_role(&patch)?);
                index
            }
        };
        let role = &mut catalogue.roles[index];
        self.entries(role, patch)
    }

    /// A role that was not there before. Whether it is administrative decides what is taken over, so it is not guessed.
    fn new_role(&self, patch: &RolePatch) -> Result<Role, CatalogueError> {
        let lacks = [
            ("at", patch.at.is_none()),
            ("summary", patch.summary.is_none()),
            ("grantedBy", patch.granted_by.is_none()),
            ("administrative", patch.administrative.is_none()),
        ];
        let lacking: Vec<String> = lacks.iter().filter(|it| it.1).map(|it| format!("`{}`", it.0)).collect();
        if !lacking.is_empty() {
            let message = format!("the role `{}` is new, and lacks {}", patch.name, lacking.join(", "));
            return Err(self.wrong(&named(&patch.name), message));
        }
        Ok(Role {
            name: patch.name.clone(),
            source: self.source.to_owned(),
            granted_sure: Sure::Inferred,
            principals: PrincipalKind::ALL.iter().map(|(kind, _)| *kind).collect(),
            ..Role::default()
        })
    }

    fn entries(&self, role: &mut Role, patch: RolePatch) -> Result<(), CatalogueError> {
        let RolePatch { name, category, summary, at, elsewhere, source, sure, administrative, .. } = patch;
        let RolePatch { granted_by, granted_sure, principals, may, cannot, unknown, caveats, without, .. } = patch;
        set(&mut role.category, category);
        set(&mut role.summary, summary);
        set(&mut role.at, at.map(|places| places.into_iter().map(|place| place.0).collect()));
        set(&mut role.elsewhere, elsewhere);
        set(&mut role.source, source);
        set(&mut role.sure, sure);
        set(&mut role.administrative, administrative);
        set(&mut role.granted_by, granted_by);
        set(&mut role.granted_sure, granted_sure);
        set(&mut role.principals, principals);
        for id in without {
            let before = size(role);
            role.may.retain(|it| it.id != id);
            role.cannot.retain(|it| it.id != id);
            role.unknown.retain(|it| it.id != id);
            role.caveats.retain(|it| it.id != id);
            if size(role) == before {
                let message = format!("`without` names `{id}`, and the role `{name}` has no such entry");
                return Err(self.wrong(&id, message));
            }
        }
        for text in may {
            upsert(&mut role.may, self.permission(text)?, |it| &it.id);
        }
        for text in cannot {
            upsert(&mut role.cannot, self.denial(text)?, |it| &it.id);
        }
        for text in unknown {
            upsert(&mut role.unknown, Gap::from(text), |it| &it.id);
        }
        for text in caveats {
            upsert(&mut role.caveats, self.caveat(text), |it| &it.id);
        }
        Ok(())
    }

    fn permission(&self, text: PermissionText) -> Result<Permission, CatalogueError> {
        let gives = self.product(&text.id, &text.resources, &text.verbs)?;
        Ok(Permission {
            gives,
            bound_to: text.bound_to.iter().map(|place| place.0).collect(),
            reach: text.reach,
            source: self.source_of(text.source),
            sure: text.sure,
            says: text.says,
            id: text.id,
        })
    }

    fn denial(&self, text: DenialText) -> Result<Denial, CatalogueError> {
        let product = self.product(&text.id, &text.resources, &text.verbs)?;
        let operations: BTreeSet<Operation> = product.into_values().flatten().collect();
        let (id, on, says, source) = (text.id, text.resources, text.says, self.source_of(text.source));
        Ok(Denial { id, on, operations: operations.into_iter().collect(), says, source })
    }

    /// Each operation on each kind of thing that knows it. Neither may come out empty.
    fn product(
        &self,
        id: &str,
        on: &[Resource],
        verbs: &[Verb],
    ) -> Result<BTreeMap<Resource, BTreeSet<Operation>>, CatalogueError> {
        let one = |resource: Resource| -> BTreeSet<Operation> {
            let of = |verb: &Verb| match verb {
                Verb::All => resource.operations().to_vec(),
                Verb::One(operation) => Vec::from_iter(resource.knows(*operation).then_some(*operation)),
            };
            verbs.iter().flat_map(of).collect()
        };
        let product: BTreeMap<Resource, BTreeSet<Operation>> = on.iter().map(|it| (*it, one(*it))).collect();
        let idle = verbs.iter().find_map(|verb| match verb {
            Verb::One(operation) if !on.iter().any(|resource| resource.knows(*operation)) => Some(*operation),
            Verb::One(_) | Verb::All => None,
        });
        if let Some(operation) = idle {
            let message = format!("`{id}` says `{operation}`, which none of its `resources` knows");
            return Err(self.wrong(id, message));
        }
        if let Some((resource, _)) = product.iter().find(|(_, operations)| operations.is_empty()) {
            let known: Vec<String> = resource.operations().iter().map(ToString::to_string).collect();
            let message = format!("`{id}` says nothing that is done to `{resource}`, which knows {}", known.join(", "));
            return Err(self.wrong(id, message));
        }
        if product.is_empty() {
            return Err(self.wrong(id, format!("`{id}` is about nothing: name kinds of things under `resources`")));
        }
        Ok(product)
    }

    fn rule(&self, text: RuleText) -> Rule {
        let source = self.source_of(text.source);
        Rule { id: text.id, says: text.says, source, prefix: text.prefix, method: text.method }
    }

    fn caveat(&self, text: CaveatText) -> Caveat {
        Caveat { id: text.id, says: text.says, source: self.source_of(text.source) }
    }

    fn source_of(&self, said: Option<String>) -> String {
        said.unwrap_or_else(|| self.source.to_owned())
    }

    fn source_known(&self, source: Option<&str>, near: &str, catalogue: &Catalogue) -> Result<(), CatalogueError> {
        match source {
            Some(source) if !catalogue.sources.contains_key(source) => {
                Err(self.wrong(near, format!("`{source}` is not among the catalogue's sources")))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What can be seen of the whole alone: names that name nothing, and names that are there twice.
    fn check(&self, catalogue: Catalogue) -> Result<Catalogue, CatalogueError> {
        let mut seen = BTreeSet::new();
        if let Some(id) = catalogue.every_id().find(|id| !seen.insert(*id)) {
            return Err(self.wrong(id, format!("`{id}` is there twice")));
        }
        for role in &catalogue.roles {
            self.check_role(role, &catalogue)?;
        }
        let missing =
            |mapping: &DefaultMapping| mapping.roles.iter().find(|name| catalogue.role(name).is_none()).cloned();
        if let Some(name) = catalogue.defaults.iter().find_map(missing) {
            return Err(self.wrong(&name, format!("a default mapping binds `{name}`, which is no role here")));
        }
        for rule in &catalogue.rules {
            self.source_known(Some(&rule.source), &rule.id, &catalogue)?;
        }
        for correction in &catalogue.corrections {
            self.source_known(Some(&correction.source), &correction.id, &catalogue)?;
        }
        Ok(catalogue)
    }

    fn check_role(&self, role: &Role, catalogue: &Catalogue) -> Result<(), CatalogueError> {
        let near = named(&role.name);
        self.source_known(Some(&role.source), &near, catalogue)?;
        if let Some(granter) = role.granted_by.iter().find(|name| catalogue.role(name).is_none()) {
            let message = format!("the role `{}` is granted by `{granter}`, which is no role here", role.name);
            return Err(self.wrong(&near, message));
        }
        for permission in &role.may {
            self.source_known(Some(&permission.source), &permission.id, catalogue)?;
        }
        let cited = role.cannot.iter().map(|it| (&it.source, &it.id));
        let cited = cited.chain(role.caveats.iter().map(|it| (&it.source, &it.id)));
        for (source, id) in cited {
            self.source_known(Some(source), id, catalogue)?;
        }
        Ok(())
    }

    /// The sentence, with the first line that holds what it is about.
    fn wrong(&self, near: &str, message: impl Into<String>) -> CatalogueError {
        let found = self.text.lines().position(|line| !near.is_empty() && line.contains(near));
        CatalogueError::Meaning { message: message.into(), line: found.map(|index| index + 1) }
    }
}

impl From<DefaultText> for DefaultMapping {
    fn from(it: DefaultText) -> Self {
        Self { id: it.id, mapping: it.mapping, roles: it.roles, says: it.says }
    }
}

impl From<GapText> for Gap {
    fn from(it: GapText) -> Self {
        Self { id: it.id, on: it.resources, says: it.says }
    }
}

fn named(role: &str) -> String {
    format!("name: {role}")
}

fn size(role: &Role) -> usize {
    role.may.len() + role.cannot.len() + role.unknown.len() + role.caveats.len()
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

fn upsert<T>(entries: &mut Vec<T>, entry: T, id: impl Fn(&T) -> &String) {
    match entries.iter_mut().find(|it| id(it) == id(&entry)) {
        Some(found) => *found = entry,
        None => entries.push(entry),
    }
}
