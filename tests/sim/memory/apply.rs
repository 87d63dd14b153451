//! Server-side apply: what is declared comes, what was declared and is no longer goes, and what is another's is a conflict.

use serde_json::{Value, json};

use super::{
    field::{Manager, Who},
    path::{self, List, below, item, list_of},
};

/// Somebody else owns fields that were to be changed: who, and which.
pub(super) type Conflicts = Vec<(String, String)>;

/// The object and its managers after a declaration.
pub(super) fn applied(
    schema: &Value,
    live: &Value,
    managers: &[Manager],
    declared: &Value,
    who: &Who<'_>,
    force: bool,
) -> Result<(Value, Vec<Manager>), Conflicts> {
    let claims = path::fields(schema, declared);
    let mut new = live.clone();
    merge(schema, &mut new, declared);
    let mut managers = managers.to_vec();
    let changes = |path: &path::Path| {
        let value = |whole| path::at(schema, whole, path).map(|(_, value)| value);
        value(live) != value(&new)
    };
    let mut conflicts = Conflicts::new();
    for manager in managers.iter_mut().filter(|manager| !manager.is(who)) {
        for taken in manager.fields.clone().iter().filter(|path| claims.contains(*path) && changes(path)) {
            // An item of a list is no value of its own.
            if taken.last().is_some_and(|step| step.starts_with("f:")) {
                conflicts.push((manager.name.clone(), dotted(taken)));
                manager.fields.remove(taken);
            }
        }
    }
    if !force && !conflicts.is_empty() {
        return Err(conflicts);
    }
    let before = managers.iter().position(|manager| manager.is(who)).map(|index| managers.remove(index));
    let owned = |path: &[String], managers: &[Manager]| {
        claims.iter().chain(managers.iter().flat_map(|it| &it.fields)).any(|it| it.starts_with(path))
    };
    // An item before what is in it: without its keys it would not be found.
    for gone in before.iter().flat_map(|it| &it.fields).filter(|path| !owned(path, &managers)) {
        path::remove(schema, &mut new, gone, &|path| owned(path, &managers));
    }
    managers.retain(|manager| !manager.fields.is_empty());
    let same = before.as_ref().is_some_and(|it| it.fields == claims) && new == *live;
    let at = before.filter(|_| same).map_or(who.at, |it| it.at);
    managers.push(Who { at, ..*who }.owning(claims));
    Ok((new, managers))
}

fn dotted(path: &[String]) -> String {
    path.iter().fold(String::new(), |text, step| match step.split_once(':') {
        Some(("f", name)) => format!("{text}.{name}"),
        Some((_, key)) => {
            let named: Value = serde_json::from_str(key).unwrap_or_default();
            let keys = named.as_object().into_iter().flatten();
            let keys: Vec<String> = keys.map(|(name, value)| format!("{name}={value}")).collect();
            format!("{text}[{}]", keys.join(","))
        }
        None => text,
    })
}

fn merge(schema: &Value, live: &mut Value, declared: &Value) {
    match (declared, &mut *live) {
        (Value::Object(fields), Value::Object(into)) if schema["x-kubernetes-map-type"] != "atomic" => {
            for (name, field) in fields {
                merge(below(schema, name), into.entry(name).or_insert(Value::Null), field);
            }
        }
        (Value::Object(fields), _) if !fields.is_empty() && schema["x-kubernetes-map-type"] != "atomic" => {
            *live = json!({});
            merge(schema, live, declared);
        }
        (Value::Array(items), Value::Array(into)) if !matches!(list_of(schema), List::Atomic) => {
            let list = list_of(schema);
            for one in items {
                let key = item(&list, one);
                match into.iter_mut().find(|it| item(&list, it) == key) {
                    Some(there) => merge(&schema["items"], there, one),
                    None => into.push(one.clone()),
                }
            }
            // What is declared stands in the order in which it is declared.
            let order: Vec<String> = items.iter().map(|one| item(&list, one)).collect();
            let rank = |it: &Value| order.iter().position(|key| *key == item(&list, it)).unwrap_or(usize::MAX);
            if into.iter().all(|it| rank(it) != usize::MAX) {
                into.sort_by_key(rank);
            }
        }
        _ => *live = declared.clone(),
    }
}
