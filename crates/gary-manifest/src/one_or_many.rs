//! A key that takes one path or a list of them.

use std::{fmt, path::PathBuf};

use schemars::{Schema, SchemaGenerator};
use serde::{
    Deserializer,
    de::{self, SeqAccess, Visitor},
};

/// For `#[serde(deserialize_with)]`: `"one"` or `["one", "two"]`.
pub(crate) fn deserialize<'de, D>(deserializer: D) -> Result<Vec<PathBuf>, D::Error>
where
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(PathsVisitor)
}

/// For `#[schemars(schema_with)]`: the same, for an editor.
pub(crate) fn schema(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({
        "type": ["string", "array"],
        "items": { "type": "string" },
    })
}

struct PathsVisitor;

impl<'de> Visitor<'de> for PathsVisitor {
    type Value = Vec<PathBuf>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path or a list of paths")
    }

    fn visit_str<E: de::Error>(self, path: &str) -> Result<Vec<PathBuf>, E> {
        Ok(vec![path.into()])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<PathBuf>, A::Error> {
        let mut paths = Vec::new();
        while let Some(path) = seq.next_element()? {
            paths.push(path);
        }
        Ok(paths)
    }
}
