//! The JSON Schema of gary.toml.

use std::collections::BTreeMap;

use schemars::{
    Schema,
    generate::SchemaSettings,
    transform::{RecursiveTransform, Transform},
};
use serde_json::{Map, Value};

use crate::Manifest;

/// The JSON Schema of gary.toml, for editors. It is made from the types that read it and is checked
/// in as docs/gary.schema.json.
pub fn json_schema() -> Value {
    let settings = SchemaSettings::draft07();
    let mut schema = settings.into_generator().into_root_schema_for::<Manifest>();
    // An option is a key that may be left out; TOML has no null to write there.
    RecursiveTransform(without_null).transform(&mut schema);
    schema.insert("title".into(), "gary.toml".into());
    schema.into()
}

/// Which keys each table has, by the table's name; the top of the file is the empty name.
pub(crate) type Tables<'s> = BTreeMap<String, &'s Map<String, Value>>;

/// The tables of a schema made by [`json_schema`] whose keys are fixed.
pub(crate) fn tables(schema: &Value) -> Tables<'_> {
    let mut tables = Tables::new();
    let Some(top) = schema["properties"].as_object() else {
        return tables;
    };
    for (name, property) in top {
        if let Some(keys) = target(schema, property)["properties"].as_object() {
            tables.insert(name.clone(), keys);
        }
    }
    tables.insert(String::new(), top);
    tables
}

/// Follows the `$ref` of a property, which stands alone or in an `allOf` or `anyOf` of one.
fn target<'s>(schema: &'s Value, property: &'s Value) -> &'s Value {
    let wrapped = ["allOf", "anyOf"]
        .iter()
        .find_map(|key| property[*key].get(0));
    let reference = wrapped.unwrap_or(property)["$ref"].as_str();
    let pointer = reference.and_then(|reference| reference.strip_prefix('#'));
    pointer
        .and_then(|pointer| schema.pointer(pointer))
        .unwrap_or(property)
}

fn without_null(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [kind] = types.as_slice() {
            let kind = kind.clone();
            object.insert("type".into(), kind);
        }
    }
    let Some(Value::Array(choices)) = object.get_mut("anyOf") else {
        return;
    };
    choices.retain(|choice| choice["type"] != "null");
    if let [Value::Object(choice)] = choices.as_slice() {
        let choice = choice.clone();
        object.remove("anyOf");
        object.extend(choice);
    }
}
