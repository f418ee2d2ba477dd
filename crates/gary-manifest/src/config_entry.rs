//! One entry of a guest's configuration.

use std::{fmt, str::FromStr};

use crate::{
    ParseError,
    entry_table::Entry,
    text_value::{TextValue, text_value},
};

/// One entry that a guest reads through `wasi:config/store`, written `KEY=VALUE`.
///
/// The key is not empty; the value may be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigEntry {
    key: String,
    value: String,
}

impl ConfigEntry {
    /// The entry's key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The entry's value.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl Entry for ConfigEntry {
    const KEY: &'static str = "an entry's key";

    fn new(key: &str, value: &str) -> Result<Self, ParseError> {
        if key.is_empty() {
            return Err(ParseError::new(Self::WHAT, key, "its key is empty", HINT));
        }
        Ok(Self {
            key: key.to_owned(),
            value: value.to_owned(),
        })
    }

    fn parts(&self) -> (&str, &str) {
        (&self.key, &self.value)
    }
}

impl TextValue for ConfigEntry {
    const WHAT: &'static str = "a configuration entry";
    const EXAMPLES: &'static [&'static str] = &["theme=dark"];
}

text_value!(ConfigEntry);

impl FromStr for ConfigEntry {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| ParseError::new(Self::WHAT, text, "it has no `=`", HINT))?;
        Self::new(key, value)
    }
}

impl fmt::Display for ConfigEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

const HINT: &str = "write KEY=VALUE, such as theme=dark";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_the_first_equals_sign() {
        let entry: ConfigEntry = "theme=a=b".parse().expect("legal");
        assert_eq!((entry.key(), entry.value()), ("theme", "a=b"));
        assert_eq!(entry.to_string(), "theme=a=b");
    }

    #[test]
    fn refuses_with_the_reason() {
        for (text, why) in [("theme", "it has no `=`"), ("=x", "its key is empty")] {
            assert_eq!(text.parse::<ConfigEntry>().expect_err(text).why(), why);
        }
    }
}
