//! Entries that gary.toml writes as a table and the command line as `K=V`.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use schemars::{Schema, SchemaGenerator};
use serde::{
    Deserialize, Deserializer, Serializer,
    de::{DeserializeSeed, MapAccess, Visitor},
};

use crate::{ParseError, text_value::serde_error};

/// One entry of such a table.
pub(crate) trait Entry: Sized {
    /// What the key is, with its article, for "expected a table of ...".
    const KEY: &'static str;

    /// The entry, if both parts are legal.
    fn new(key: &str, value: &str) -> Result<Self, ParseError>;

    /// Key and value.
    fn parts(&self) -> (&str, &str);
}

/// For `#[serde(with)]`: a list of entries as a table, in the order of their keys.
pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Entry,
    D: Deserializer<'de>,
{
    deserializer.deserialize_map(TableVisitor(PhantomData))
}

/// The other half of [`deserialize`].
pub(crate) fn serialize<T, S>(entries: &[T], serializer: S) -> Result<S::Ok, S::Error>
where
    T: Entry,
    S: Serializer,
{
    serializer.collect_map(entries.iter().map(Entry::parts))
}

/// For `#[schemars(schema_with)]`: a table of strings.
pub(crate) fn schema(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<BTreeMap<String, String>>()
}

struct TableVisitor<T>(PhantomData<T>);

impl<'de, T: Entry> Visitor<'de> for TableVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a table of strings, each under {}", T::KEY)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<T>, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            entries.push(map.next_value_seed(EntrySeed {
                key,
                entry: PhantomData,
            })?);
        }
        Ok(entries)
    }
}

/// Makes the entry while its value is read, so that toml points at the entry and not at its table.
struct EntrySeed<T> {
    key: String,
    entry: PhantomData<T>,
}

impl<'de, T: Entry> DeserializeSeed<'de> for EntrySeed<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        let value = String::deserialize(deserializer)?;
        T::new(&self.key, &value).map_err(|error| serde_error(&error))
    }
}
