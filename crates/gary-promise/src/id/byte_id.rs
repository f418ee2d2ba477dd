//! Ids that are bytes, written in hexadecimal.

use std::fmt;

/// A text is not the id it was read as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// It begins with something else.
    #[error("it does not begin with `{prefix}`")]
    Prefix {
        /// What it should begin with.
        prefix: &'static str,
    },
    /// It is too short or too long.
    #[error("it has {digits} hexadecimal digits instead of {digits_wanted}")]
    Length {
        /// How many there are.
        digits: usize,
        /// How many there should be.
        digits_wanted: usize,
    },
    /// It has something else among its digits.
    #[error("{found:?} is no hexadecimal digit")]
    Digit {
        /// The first that is none.
        found: char,
    },
}

/// Defines an id of `$len` bytes that is written as `$prefix` and hexadecimal digits.
macro_rules! byte_id {
    ($(#[$doc:meta])* $name:ident, $len:literal, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// The id that is these bytes.
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The bytes of the id.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::id::IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::id::byte_id::parse(text, $prefix).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($prefix)?;
                $crate::id::byte_id::write_hex(f, &self.0)
            }
        }

        impl std::fmt::Debug for $name {
            /// Its first eight digits, which tell ids apart well enough in a transcript.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "("))?;
                $crate::id::byte_id::write_hex(f, &self.0[..4])?;
                f.write_str(")")
            }
        }
    };
}
pub(super) use byte_id;

pub(super) fn parse<const LEN: usize>(
    text: &str,
    prefix: &'static str,
) -> Result<[u8; LEN], IdError> {
    let digits = text
        .strip_prefix(prefix)
        .ok_or(IdError::Prefix { prefix })?;
    if let Some(found) = digits.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Err(IdError::Digit { found });
    }
    if digits.len() != 2 * LEN {
        return Err(IdError::Length {
            digits: digits.len(),
            digits_wanted: 2 * LEN,
        });
    }
    let mut bytes = [0; LEN];
    hex::decode_to_slice(digits, &mut bytes).expect("its digits were just checked and counted");
    Ok(bytes)
}

pub(super) fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_str(&hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::{AgentId, ComponentDigest};

    #[test]
    fn refuses_with_the_reason() {
        for (text, why) in [
            ("", "it has 0 hexadecimal digits instead of 64"),
            ("abc", "it has 3 hexadecimal digits instead of 64"),
            ("xyz", "'x' is no hexadecimal digit"),
        ] {
            let error = text.parse::<AgentId>().expect_err(text);
            assert_eq!(error.to_string(), why);
        }
        let error = "md5:00".parse::<ComponentDigest>().expect_err("no SHA-256");
        assert_eq!(error, IdError::Prefix { prefix: "sha256:" });
    }

    #[test]
    fn is_short_in_a_transcript() {
        let id = AgentId::from_bytes([0xab; 32]);
        assert_eq!(format!("{id:?}"), "AgentId(abababab)");
    }

    proptest! {
        #[test]
        fn shown_and_read_again_is_the_same(bytes: [u8; 32]) {
            let digest = ComponentDigest::from_bytes(bytes);
            prop_assert_eq!(digest.to_string().parse(), Ok(digest));
            let agent = AgentId::from_bytes(bytes);
            prop_assert_eq!(agent.to_string().to_uppercase().parse(), Ok(agent));
        }
    }
}
