//! What the derive leaves to be said about a schema: one pass over each generated CRD. No IO.
//!
//! An `Option` becomes an absent field, not a nullable one: the API server then takes `email: null` (an empty value in a
//! template) for what it means, and CEL's `has()` stays true to it.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};

/// A CRD as it is installed.
pub(super) fn finished(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut crd.spec.versions {
        let root = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut());
        if let Some(root) = root {
            finish(root);
        }
    }
    crd
}

fn finish(schema: &mut JSONSchemaProps) {
    schema.title = None;
    schema.nullable = None;
    // Kubernetes knows the signed formats alone, and warns about others.
    if schema.format.as_deref() == Some("uint32") {
        schema.format = Some("int64".to_owned());
    }
    if let Some(description) = &mut schema.description {
        // A line break of the source is none of the reader's.
        *description = description.replace('\n', " ");
    }
    children(schema).into_iter().for_each(finish);
}

fn children(schema: &mut JSONSchemaProps) -> Vec<&mut JSONSchemaProps> {
    let mut all: Vec<&mut JSONSchemaProps> = schema.properties.iter_mut().flat_map(|map| map.values_mut()).collect();
    if let Some(JSONSchemaPropsOrArray::Schema(item)) = &mut schema.items {
        all.push(item);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(value)) = &mut schema.additional_properties {
        all.push(value);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the conventions of the Kubernetes API ask of every node, as sentences about what is wrong.
    fn wrong(path: &str, schema: &mut JSONSchemaProps, found: &mut Vec<String>) {
        let mut say = |what: &str| found.push(format!("{path}: {what}"));
        let description = schema.description.as_deref().unwrap_or_default();
        let described = !description.is_empty() || path.ends_with("[]");
        if !described || description.contains("Auto-generated") || description.contains('\n') {
            say("no description of its own");
        }
        match schema.type_.as_deref() {
            Some("string") => {
                let bounded = schema.max_length.is_some() || schema.enum_.is_some() || schema.format.is_some();
                if !bounded {
                    say("a string without `maxLength`");
                }
            }
            Some("array") => {
                if schema.max_items.is_none() || schema.x_kubernetes_list_type.is_none() {
                    say("a list without `maxItems` or without a list type");
                }
            }
            Some("object") => {
                if schema.additional_properties.is_some() && schema.max_properties.is_none() {
                    say("a map without `maxProperties`");
                }
            }
            Some("integer") => {
                if schema.minimum.is_none() && !path.ends_with("observedGeneration") {
                    say("a number without `minimum`");
                }
                if !matches!(schema.format.as_deref(), Some("int32" | "int64")) {
                    say("a number of an unknown format");
                }
            }
            // Bounded by what it is.
            Some("boolean") => {}
            other => say(&format!("type {other:?}")),
        }
        if schema.nullable.is_some() || schema.x_kubernetes_preserve_unknown_fields.is_some() {
            say("nullable, or open to unknown fields");
        }
        for rule in schema.x_kubernetes_validations.iter().flatten() {
            let text = rule.message.as_ref().or(rule.message_expression.as_ref());
            if text.is_none_or(|text| !text.contains('`')) {
                say(&format!("the rule {:?} does not say what to do", rule.rule));
            }
        }
        let names: Vec<String> = schema.properties.iter().flat_map(|map| map.keys().cloned()).collect();
        for (index, child) in children(schema).into_iter().enumerate() {
            let name = names.get(index).map_or("[]", String::as_str);
            wrong(&format!("{path}.{name}"), child, found);
        }
    }

    #[test]
    fn every_field_is_described_and_bounded() {
        let mut found = Vec::new();
        for (name, mut crd) in super::super::crds() {
            for version in &mut crd.spec.versions {
                let root = version.schema.as_mut().unwrap().open_api_v3_schema.as_mut().unwrap();
                wrong(name, root, &mut found);
            }
        }
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}
