//! Checks a document against one of the schemas in docs/schemas.
//!
//! It knows the few words of JSON Schema that these schemas are made of and refuses any other, so
//! that nothing is passed over. It asks for more than the standard does in one way: every key of
//! the document has to be described.

use std::fs;

use serde_json::Value;

use super::checkout;

/// Words that describe and do not restrict.
const SILENT: &[&str] = &[
    "$defs",
    "$schema",
    "description",
    "format",
    "title",
    "minimum",
    "maximum",
    "default",
];

/// Asserts that `document` is as docs/schemas/`name` says.
#[track_caller]
pub(crate) fn check(name: &str, document: &Value) {
    let path = checkout().join("docs/schemas").join(name);
    let text = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error} (GARY_BLESS=1 writes it)", path.display()));
    let schema: Value = serde_json::from_str(&text).expect("the schema is JSON");
    if let Err(why) = fits(&schema, &schema, document) {
        panic!("{document:#} does not fit {name}: {why}");
    }
}

/// Asserts that `document` is as docs/openapi.json says of what is called `name`, or a list of such.
#[track_caller]
pub(crate) fn check_listing(name: &str, document: &Value) {
    let path = checkout().join("docs/openapi.json");
    let text = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error} (GARY_BLESS=1 writes it)", path.display()));
    let described: Value = serde_json::from_str(&text).expect("the description is JSON");
    let schema = serde_json::json!({ "$ref": format!("#/components/schemas/{name}") });
    let listed = document
        .as_array()
        .map_or(std::slice::from_ref(document), Vec::as_slice);
    for its in listed {
        if let Err(why) = fits(&described, &schema, its) {
            panic!("{its:#} does not fit {name}: {why}");
        }
    }
}

fn fits(root: &Value, schema: &Value, document: &Value) -> Result<(), String> {
    let words = schema.as_object().ok_or("a schema is an object")?;
    for (word, meaning) in words {
        match word.as_str() {
            "$ref" => {
                let pointer = meaning
                    .as_str()
                    .and_then(|reference| reference.strip_prefix('#'));
                let target = pointer.and_then(|pointer| root.pointer(pointer));
                fits(
                    root,
                    target.ok_or(format!("{meaning} leads nowhere"))?,
                    document,
                )?;
            }
            "oneOf" | "anyOf" => {
                let choices = meaning.as_array().ok_or("choices are a list")?;
                let tries: Vec<_> = choices
                    .iter()
                    .map(|choice| fits(root, choice, document))
                    .collect();
                let fitting = tries.iter().filter(|tried| tried.is_ok()).count();
                if fitting == 0 || (word == "oneOf" && fitting > 1) {
                    return Err(format!("{fitting} of {word} fit {document}: {tries:?}"));
                }
            }
            "type" => {
                let kinds = meaning
                    .as_array()
                    .map_or(std::slice::from_ref(meaning), Vec::as_slice);
                if !kinds.iter().any(|kind| is(document, kind)) {
                    return Err(format!("{document} is no {meaning}"));
                }
            }
            "const" if document != meaning => return Err(format!("{document} is not {meaning}")),
            "enum"
                if !meaning
                    .as_array()
                    .is_some_and(|values| values.contains(document)) =>
            {
                return Err(format!("{document} is none of {meaning}"));
            }
            "const" | "enum" => {}
            "items" => {
                for item in document.as_array().into_iter().flatten() {
                    fits(root, meaning, item)?;
                }
            }
            "required" => {
                let missing = meaning
                    .as_array()
                    .into_iter()
                    .flatten()
                    .find(|key| key.as_str().is_none_or(|key| document.get(key).is_none()));
                if let Some(missing) = missing {
                    return Err(format!("{missing} is missing"));
                }
            }
            "properties" => {
                for (key, value) in document.as_object().into_iter().flatten() {
                    let schema = meaning.get(key).ok_or(format!("{key} is not described"))?;
                    fits(root, schema, value).map_err(|why| format!("{key}: {why}"))?;
                }
            }
            silent if SILENT.contains(&silent) => {}
            other => return Err(format!("{other} is a word this check does not know")),
        }
    }
    Ok(())
}

fn is(document: &Value, kind: &Value) -> bool {
    match kind.as_str() {
        Some("object") => document.is_object(),
        Some("array") => document.is_array(),
        Some("string") => document.is_string(),
        Some("boolean") => document.is_boolean(),
        Some("number") => document.is_number(),
        Some("integer") => document.is_i64() || document.is_u64(),
        Some("null") => document.is_null(),
        _ => false,
    }
}
