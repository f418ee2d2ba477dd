//! How much a run tells.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    ParseError,
    text_value::{self, TextValue},
};

/// How much a run tells beyond the necessary: 0 is the least, 1 logs each request, 2 also what the
/// cache, the engine and the network decide.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerboseLevel(u8);

impl VerboseLevel {
    /// The most that can be told.
    pub const MAX: Self = Self(2);

    /// From how often `-v` was typed; more than [`VerboseLevel::MAX`] is that.
    pub fn from_count(count: u8) -> Self {
        Self(count).min(Self::MAX)
    }

    /// The level, 0 to 2.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl TextValue for VerboseLevel {
    const WHAT: &'static str = "a level of detail";
    const EXAMPLES: &'static [&'static str] = &["0", "1", "2"];
    const NUMBER: bool = true;
}

impl FromStr for VerboseLevel {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text.trim() {
            "0" => Ok(Self(0)),
            "1" => Ok(Self(1)),
            "2" => Ok(Self(2)),
            _ => Err(ParseError::new(
                Self::WHAT,
                text,
                "it must be 0, 1 or 2",
                "write 1 to log each request, 2 for diagnostics as well",
            )),
        }
    }
}

impl fmt::Display for VerboseLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for VerboseLevel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.0)
    }
}

impl<'de> Deserialize<'de> for VerboseLevel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_value::deserialize(deserializer)
    }
}

impl JsonSchema for VerboseLevel {
    fn schema_name() -> Cow<'static, str> {
        "VerboseLevel".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "integer",
            "description": "a level of detail",
            "minimum": 0,
            "maximum": Self::MAX.get(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_three_levels() {
        assert_eq!("2".parse(), Ok(VerboseLevel::MAX));
        for text in ["", "3", "-1", "very"] {
            text.parse::<VerboseLevel>().expect_err(text);
        }
    }

    #[test]
    fn typed_more_often_is_the_most() {
        assert_eq!(VerboseLevel::from_count(200), VerboseLevel::MAX);
    }
}
