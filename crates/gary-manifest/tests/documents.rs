//! The checked-in schema and the manual say what the types say.

use std::{fs, path::PathBuf};

use gary_manifest::{Manifest, json_schema};
use serde_json::Value;

fn docs(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(file)
}

/// `GARY_BLESS=1` rewrites the file. Values are compared and not text, because the order of keys
/// depends on which features other crates of the workspace turn on.
#[test]
fn the_schema_is_fresh() {
    let path = docs("gary.schema.json");
    let mut schema = json_schema();
    if std::env::var_os("GARY_BLESS").is_some() {
        schema.sort_all_objects();
        let text = serde_json::to_string_pretty(&schema).expect("a value is always json");
        fs::write(&path, text + "\n").expect("docs can be written");
    }
    let text = fs::read_to_string(&path).unwrap_or_default();
    let checked_in: Value = serde_json::from_str(&text).unwrap_or_default();
    assert!(
        checked_in == schema,
        "docs/gary.schema.json is stale; run GARY_BLESS=1 cargo test -p gary-manifest"
    );
}

#[test]
fn the_manual_has_an_example_that_is_read() {
    let manual = fs::read_to_string(docs("manifest.md")).expect("docs/manifest.md");
    let (_, rest) = manual.split_once("```toml\n").expect("an example");
    let (example, _) = rest.split_once("```").expect("the example ends");
    Manifest::parse(example).expect("the example is legal");
}

#[test]
fn the_manual_has_every_key() {
    let manual = fs::read_to_string(docs("manifest.md")).expect("docs/manifest.md");
    let schema = json_schema();
    let tables = schema["definitions"].as_object().expect("tables");
    let tables = tables.iter().map(|(_, table)| table).chain([&schema]);
    for table in tables {
        for key in table["properties"].as_object().into_iter().flatten() {
            let key = key.0;
            let named =
                manual.contains(&format!("`{key}`")) || manual.contains(&format!("`[{key}]`"));
            assert!(named, "docs/manifest.md does not name `{key}`");
        }
    }
}

#[test]
fn the_schema_knows_no_null() {
    let text = json_schema().to_string();
    assert!(!text.contains("\"null\""), "{text}");
    assert!(!text.contains("\"default\":null"), "{text}");
}
