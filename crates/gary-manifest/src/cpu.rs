//! A share of processor time, in cores.

use std::{borrow::Cow, fmt, num::NonZeroU32, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    ParseError,
    text_value::{self, TextValue},
};

/// A share of processor time, in cores: 0.5 is half of one core, 2 is two whole ones.
///
/// More than zero and at most [`Cpu::CORES_MAX`]; kept in millionths of a core, so that shares
/// compare and add exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cpu {
    cores_micro: NonZeroU32,
}

impl Cpu {
    /// The largest share, in cores: more than any machine Gary is for, so more is a mistyped unit.
    pub const CORES_MAX: u32 = 1024;

    /// The share, in cores.
    pub fn cores(self) -> f64 {
        f64::from(self.cores_micro.get()) / MICRO
    }

    /// The share, in millionths of a core.
    pub fn cores_micro(self) -> u32 {
        self.cores_micro.get()
    }
}

impl TextValue for Cpu {
    const WHAT: &'static str = "a number of cores";
    const EXAMPLES: &'static [&'static str] = &["0.5", "0.1", "2"];
    const NUMBER: bool = true;
}

impl FromStr for Cpu {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |why: &'static str| {
            let hint = "write a number of cores, such as 0.5 for half a core";
            ParseError::new(Self::WHAT, text, why, hint)
        };
        let cores: f64 = text
            .trim()
            .parse()
            .map_err(|_| refuse("it is no decimal number"))?;
        if !cores.is_finite() {
            return Err(refuse("it is not finite"));
        }
        if cores < 0.0 {
            return Err(refuse("it is negative"));
        }
        if cores == 0.0 {
            return Err(refuse("it must be more than zero"));
        }
        if cores > f64::from(Self::CORES_MAX) {
            return Err(refuse("it is more than 1024 cores"));
        }
        // In range by the check above: 1024 million fits 32 bits.
        let cores_micro = (cores * MICRO).round() as u32;
        NonZeroU32::new(cores_micro)
            .map(|cores_micro| Self { cores_micro })
            .ok_or_else(|| refuse("it is less than a millionth of a core"))
    }
}

impl fmt::Display for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.cores())
    }
}

impl Serialize for Cpu {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.cores())
    }
}

impl<'de> Deserialize<'de> for Cpu {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_value::deserialize(deserializer)
    }
}

impl JsonSchema for Cpu {
    fn schema_name() -> Cow<'static, str> {
        "Cpu".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "number",
            "description": "a number of cores",
            "exclusiveMinimum": 0,
            "maximum": Self::CORES_MAX,
            "examples": [0.5, 0.1, 2],
        })
    }
}

const MICRO: f64 = 1_000_000.0;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_cores() {
        for (text, cores_micro) in [
            ("0.5", 500_000),
            ("0.1", 100_000),
            ("2", 2_000_000),
            (" 1.25 ", 1_250_000),
            ("1e-3", 1_000),
            ("1024", 1_024_000_000),
        ] {
            assert_eq!(
                text.parse::<Cpu>().map(Cpu::cores_micro),
                Ok(cores_micro),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_with_the_reason() {
        for (text, why) in [
            ("", "it is no decimal number"),
            ("half", "it is no decimal number"),
            ("500m", "it is no decimal number"),
            ("50%", "it is no decimal number"),
            ("0", "it must be more than zero"),
            ("-0.0", "it must be more than zero"),
            ("-1", "it is negative"),
            ("NaN", "it is not finite"),
            ("inf", "it is not finite"),
            ("1e999", "it is not finite"),
            ("1024.001", "it is more than 1024 cores"),
            ("0.0000001", "it is less than a millionth of a core"),
        ] {
            assert_eq!(text.parse::<Cpu>().expect_err(text).why(), why, "{text}");
        }
    }

    proptest! {
        #[test]
        fn shown_and_read_again_is_the_same(cores_micro in 1..=1_024_000_000_u32) {
            let cores_micro = NonZeroU32::new(cores_micro).expect("at least one");
            let cpu = Cpu { cores_micro };
            prop_assert_eq!(cpu.to_string().parse::<Cpu>(), Ok(cpu));
        }
    }
}
