//! The name of a workload.

use std::{fmt, str::FromStr};

use crate::{
    ParseError,
    text_value::{TextValue, text_value},
};

/// The name of a workload: a DNS label, so that it can stand in a host name.
///
/// Lower-case letters, digits and `-`, with a letter or digit at both ends, at most
/// [`Name::CHARS_MAX`] characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// The longest name, in characters.
    pub const CHARS_MAX: usize = 63;

    /// The nearest name to a file's stem: lower case, every other character a `-`, no `-` at the
    /// ends or twice in a row, cut to length. A stem with nothing to keep becomes `workload`.
    pub fn from_stem(stem: &str) -> Self {
        let mut name = String::new();
        for c in stem.chars().flat_map(char::to_lowercase) {
            if name.len() == Self::CHARS_MAX {
                break;
            }
            if c.is_ascii_alphanumeric() {
                name.push(c);
            } else if !name.is_empty() && !name.ends_with('-') {
                name.push('-');
            }
        }
        name.truncate(name.trim_end_matches('-').len());
        if name.is_empty() {
            name.push_str("workload");
        }
        Self(name)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TextValue for Name {
    const WHAT: &'static str = "a workload's name";
    const EXAMPLES: &'static [&'static str] = &["hello", "web-2"];
}

text_value!(Name);

impl FromStr for Name {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |why: &'static str| {
            let hint = format!("write it as {}", Self::from_stem(text));
            ParseError::new(Self::WHAT, text, why, hint)
        };
        if text.is_empty() {
            return Err(refuse("it is empty"));
        }
        let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !text.bytes().all(legal) {
            return Err(refuse("it may have only a to z, 0 to 9 and `-`"));
        }
        if text.starts_with('-') || text.ends_with('-') {
            return Err(refuse("it begins or ends with `-`"));
        }
        if text.len() > Self::CHARS_MAX {
            return Err(refuse("it is longer than 63 characters"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_with_the_reason_and_the_nearest_name() {
        let long = "a".repeat(64);
        for (text, why, hint) in [
            ("", "it is empty", "write it as workload"),
            (
                "Hello",
                "it may have only a to z, 0 to 9 and `-`",
                "write it as hello",
            ),
            (
                "my_app",
                "it may have only a to z, 0 to 9 and `-`",
                "write it as my-app",
            ),
            ("-a-", "it begins or ends with `-`", "write it as a"),
            (
                &long,
                "it is longer than 63 characters",
                &format!("write it as {}", &long[1..]),
            ),
        ] {
            let error = text.parse::<Name>().expect_err(text);
            assert_eq!((error.why(), error.hint()), (why, hint), "{text}");
        }
    }

    #[test]
    fn comes_from_a_stem() {
        for (stem, name) in [
            ("hello", "hello"),
            ("Hello_World.v2", "hello-world-v2"),
            ("__a  b__", "a-b"),
            ("日本", "workload"),
            ("", "workload"),
        ] {
            assert_eq!(Name::from_stem(stem).as_str(), name);
        }
    }

    proptest! {
        #[test]
        fn every_stem_gives_a_legal_name(stem in ".{0,100}") {
            let name = Name::from_stem(&stem);
            prop_assert_eq!(name.as_str().parse::<Name>(), Ok(name.clone()));
        }
    }
}
