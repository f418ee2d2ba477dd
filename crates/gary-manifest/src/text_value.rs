//! Values that are written as text: serde and JSON Schema by way of `FromStr` and `Display`.

use std::{borrow::Cow, fmt, marker::PhantomData, str::FromStr};

use schemars::Schema;
use serde::{
    Deserializer,
    de::{self, Visitor},
};

use crate::ParseError;

/// A value whose one written form is text.
pub(crate) trait TextValue: FromStr<Err = ParseError> + fmt::Display {
    /// What it is, with its article: "a size". The schema's description too.
    const WHAT: &'static str;
    /// Examples that parse; the first one stands in "expected ... such as ...".
    const EXAMPLES: &'static [&'static str];
    /// Whether a bare number in toml says the same as its digits in quotes.
    const NUMBER: bool = false;
}

/// Implements `Serialize`, `Deserialize` and `JsonSchema` for a [`TextValue`].
macro_rules! text_value {
    ($type:ident) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::text_value::deserialize(deserializer)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::text_value::schema::<$type>()
            }
        }
    };
}
pub(crate) use text_value;

pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: TextValue,
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(TextVisitor(PhantomData))
}

pub(crate) fn schema<T: TextValue>() -> Schema {
    let types: &[&str] = if T::NUMBER {
        &["string", "number"]
    } else {
        &["string"]
    };
    schemars::json_schema!({
        "type": types,
        "description": Cow::Borrowed(T::WHAT),
        "examples": T::EXAMPLES,
    })
}

/// Carries a [`ParseError`] through a serde error, which is text only: the message, then the hint
/// on a line of its own. `ManifestError` takes the two apart again.
pub(crate) fn serde_error<E: de::Error>(error: &ParseError) -> E {
    E::custom(format_args!("{error}\n{}", error.hint()))
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: TextValue> TextVisitor<T> {
    fn number<E: de::Error>(digits: &str, unexpected: de::Unexpected<'_>) -> Result<T, E> {
        if !T::NUMBER {
            return Err(E::invalid_type(unexpected, &Self(PhantomData)));
        }
        digits.parse().map_err(|error| serde_error(&error))
    }
}

impl<T: TextValue> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WHAT)?;
        match T::EXAMPLES.first() {
            Some(example) => write!(f, " such as \"{example}\""),
            None => Ok(()),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|error| serde_error(&error))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        Self::number(&number.to_string(), de::Unexpected::Signed(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        Self::number(&number.to_string(), de::Unexpected::Unsigned(number))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
        Self::number(&number.to_string(), de::Unexpected::Float(number))
    }
}
