//! What a component's bytes hash to.

use std::{fmt, str::FromStr};

use crate::{
    ParseError,
    text_value::{TextValue, text_value},
};

/// The SHA-256 of a component's bytes, written `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// From the 32 bytes that SHA-256 gives.
    pub const fn from_sha256(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the SHA-256.
    pub const fn sha256(&self) -> &[u8; 32] {
        &self.0
    }
}

impl TextValue for Digest {
    const WHAT: &'static str = "a digest";
    const EXAMPLES: &'static [&'static str] =
        &["sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"];
}

text_value!(Digest);

impl FromStr for Digest {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |why: &'static str| {
            let hint = "write sha256: and 64 hexadecimal digits, as `gary inspect` shows them";
            ParseError::new(Self::WHAT, text, why, hint)
        };
        let digits = text
            .strip_prefix("sha256:")
            .ok_or_else(|| refuse("it does not begin with sha256:"))?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(refuse("it has a character that is no hexadecimal digit"));
        }
        if digits.len() != 64 {
            return Err(refuse("it does not have 64 hexadecimal digits"));
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).expect("its digits were just checked and counted");
        Ok(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_with_the_reason() {
        for (text, why) in [
            ("", "it does not begin with sha256:"),
            ("md5:00", "it does not begin with sha256:"),
            ("sha256:", "it does not have 64 hexadecimal digits"),
            ("sha256:abc", "it does not have 64 hexadecimal digits"),
            (
                "sha256:...",
                "it has a character that is no hexadecimal digit",
            ),
        ] {
            assert_eq!(text.parse::<Digest>().expect_err(text).why(), why, "{text}");
        }
    }

    proptest! {
        #[test]
        fn shown_and_read_again_is_the_same(bytes: [u8; 32]) {
            let digest = Digest::from_sha256(bytes);
            prop_assert_eq!(digest.to_string().parse::<Digest>(), Ok(digest));
            let upper = digest.to_string().to_uppercase().replace("SHA256", "sha256");
            prop_assert_eq!(upper.parse::<Digest>(), Ok(digest));
        }
    }
}
