//! How many of something.

use std::{borrow::Cow, fmt, num::NonZeroU32, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    ParseError,
    text_value::{self, TextValue},
};

/// How many of something: 1 to [`Count::MAX`].
///
/// Replicas, requests at once, requests per instance. Zero of them is never what is meant: a
/// workload that should not run is deleted, and an unlimited one leaves the key out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Count(NonZeroU32);

impl Count {
    /// The smallest count.
    pub const ONE: Self = Self(NonZeroU32::MIN);
    /// The largest count, a million; more is a slip of the hand.
    pub const MAX: u32 = 1_000_000;

    /// The number itself.
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl TextValue for Count {
    const WHAT: &'static str = "a count";
    const EXAMPLES: &'static [&'static str] = &["1", "3", "64"];
    const NUMBER: bool = true;
}

impl FromStr for Count {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |why: &'static str| {
            ParseError::new(
                Self::WHAT,
                text,
                why,
                "write a whole number from 1 to 1000000",
            )
        };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(refuse("it is empty"));
        }
        if trimmed.starts_with('-') {
            return Err(refuse("it is negative"));
        }
        if !trimmed.bytes().all(|b| b.is_ascii_digit()) {
            return Err(refuse("it is no whole number"));
        }
        let number = trimmed
            .parse()
            .ok()
            .filter(|number| *number <= Self::MAX)
            .ok_or_else(|| refuse("it is more than 1000000"))?;
        NonZeroU32::new(number)
            .map(Self)
            .ok_or_else(|| refuse("it must be 1 or more"))
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.get())
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_value::deserialize(deserializer)
    }
}

impl JsonSchema for Count {
    fn schema_name() -> Cow<'static, str> {
        "Count".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "integer",
            "description": "a count",
            "minimum": 1,
            "maximum": Self::MAX,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_one_to_a_million() {
        assert_eq!("1".parse(), Ok(Count::ONE));
        assert_eq!("1000000".parse::<Count>().map(Count::get), Ok(Count::MAX));
    }

    #[test]
    fn refuses_with_the_reason() {
        for (text, why) in [
            ("", "it is empty"),
            ("0", "it must be 1 or more"),
            ("-3", "it is negative"),
            ("1.5", "it is no whole number"),
            ("+1", "it is no whole number"),
            ("three", "it is no whole number"),
            ("1000001", "it is more than 1000000"),
            ("99999999999", "it is more than 1000000"),
        ] {
            assert_eq!(text.parse::<Count>().expect_err(text).why(), why, "{text}");
        }
    }
}
