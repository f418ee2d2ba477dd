//! The keys of a gary.toml: which there are, and where they stand in a text.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::schema;

/// A key that means nothing where it stands.
pub(crate) struct UnknownKey {
    /// Where it begins, in bytes.
    pub(crate) at: usize,
    /// The key as written.
    pub(crate) key: String,
    /// The table it stands in; empty at the top.
    pub(crate) table: String,
    /// The nearest key that is known: a bare key of the same table, or a dotted one of another.
    pub(crate) nearest: Option<String>,
}

/// The unknown key that comes first in the file.
pub(crate) fn unknown(document: &DeTable<'_>) -> Option<UnknownKey> {
    let schema = schema::json_schema();
    let known = schema::tables(&schema);
    let mut first: Option<(Range<usize>, &str, &str)> = None;
    let mut consider = |span: Range<usize>, table, key| {
        let earlier = first.as_ref().is_none_or(|(at, ..)| span.start < at.start);
        if earlier {
            first = Some((span, table, key));
        }
    };
    for (table, keys) in &known {
        let Some(entries) = entries_of(document, table) else {
            continue;
        };
        for key in entries.keys() {
            if !keys.contains_key(key.get_ref().as_ref()) {
                consider(key.span(), table.as_str(), key.get_ref());
            }
        }
    }
    let (span, table, key) = first?;
    Some(UnknownKey {
        at: span.start,
        key: key.to_owned(),
        table: table.to_owned(),
        nearest: nearest(&known, table, key),
    })
}

/// The document itself for the empty name, else the table of that name.
fn entries_of<'d, 'i>(document: &'d DeTable<'i>, table: &str) -> Option<&'d DeTable<'i>> {
    if table.is_empty() {
        return Some(document);
    }
    match document.get(table)?.get_ref() {
        DeValue::Table(entries) => Some(entries),
        _ => None,
    }
}

/// A key of the same table within a few slips of the hand; else that very key in another table.
fn nearest(known: &schema::Tables<'_>, table: &str, key: &str) -> Option<String> {
    let slips_max = (key.chars().count() / 3).max(1);
    let nearest = known.get(table)?.keys();
    let nearest = nearest
        .map(|known| (strsim::damerau_levenshtein(known, key), known))
        .filter(|(slips, _)| *slips <= slips_max)
        .min();
    if let Some((_, nearest)) = nearest {
        return Some((*nearest).to_string());
    }
    let elsewhere = known.iter().find(|(_, keys)| keys.contains_key(key));
    elsewhere.map(|(table, _)| match table.as_str() {
        "" => key.to_owned(),
        table => format!("{table}.{key}"),
    })
}

/// Whether a key at the top is a table whose keys are fixed.
pub(crate) fn is_table(key: &str) -> bool {
    !key.is_empty() && schema::tables(&schema::json_schema()).contains_key(key)
}

/// The keys of a table, for people.
pub(crate) fn known(table: &str) -> String {
    let schema = schema::json_schema();
    let known = schema::tables(&schema);
    let keys = known.get(table).into_iter().flat_map(|keys| keys.keys());
    keys.map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The keys that lead to the value, or the key, at exactly this place.
pub(crate) fn path_of(table: &DeTable<'_>, place: &Range<usize>) -> Option<Vec<String>> {
    for (key, value) in table {
        let here = key.get_ref().to_string();
        if key.span() == *place || value.span() == *place {
            return Some(vec![here]);
        }
        let below = match value.get_ref() {
            DeValue::Table(table) => path_of(table, place),
            DeValue::Array(items) => items
                .iter()
                .position(|item| item.span() == *place)
                .map(|index| vec![index.to_string()]),
            _ => None,
        };
        if let Some(mut below) = below {
            below.insert(0, here);
            return Some(below);
        }
    }
    None
}

/// Where the key at the end of `path` begins.
pub(crate) fn place_of(table: &DeTable<'_>, path: &[&str]) -> Option<usize> {
    let (first, rest) = path.split_first()?;
    let (key, value) = table.get_key_value(*first)?;
    if rest.is_empty() {
        return Some(key.span().start);
    }
    match value.get_ref() {
        DeValue::Table(table) => place_of(table, rest),
        _ => None,
    }
}
