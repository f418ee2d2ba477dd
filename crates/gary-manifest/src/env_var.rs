//! One environment variable of a guest.

use std::{fmt, str::FromStr};

use crate::{
    ParseError,
    entry_table::Entry,
    text_value::{TextValue, text_value},
};

/// One environment variable, written `NAME=VALUE`; the value may be empty.
///
/// The name is not empty and has no `=`; neither part has a NUL, which WASI cannot pass on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvVar {
    name: String,
    value: String,
}

impl EnvVar {
    /// The variable's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The variable's value.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl Entry for EnvVar {
    const KEY: &'static str = "a variable's name";

    fn new(name: &str, value: &str) -> Result<Self, ParseError> {
        let refuse = |why: &'static str| ParseError::new(Self::WHAT, name, why, HINT);
        if name.is_empty() {
            return Err(refuse("its name is empty"));
        }
        if name.contains('=') {
            return Err(refuse("its name has an `=`"));
        }
        if name.contains('\0') || value.contains('\0') {
            return Err(refuse("it has a NUL character"));
        }
        Ok(Self {
            name: name.to_owned(),
            value: value.to_owned(),
        })
    }

    fn parts(&self) -> (&str, &str) {
        (&self.name, &self.value)
    }
}

impl TextValue for EnvVar {
    const WHAT: &'static str = "an environment variable";
    const EXAMPLES: &'static [&'static str] = &["GREETING=hello", "EMPTY="];
}

text_value!(EnvVar);

impl FromStr for EnvVar {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let Some((name, value)) = text.split_once('=') else {
            return Err(ParseError::new(
                Self::WHAT,
                text,
                "it has no `=`",
                without_value(text),
            ));
        };
        Self::new(name, value)
    }
}

impl fmt::Display for EnvVar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

const HINT: &str = "write NAME=VALUE";

/// Other tools read `-e NAME` as "pass mine on"; nothing passes to a guest unsaid.
fn without_value(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if name.is_empty() || !name.bytes().all(plain) {
        return HINT.into();
    }
    format!("write {name}=VALUE, or {name}=\"${name}\" to pass your own on")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_the_first_equals_sign() {
        for (text, name, value) in [
            ("GREETING=hello", "GREETING", "hello"),
            ("EMPTY=", "EMPTY", ""),
            ("URL=a?b=c", "URL", "a?b=c"),
            ("with space= x ", "with space", " x "),
        ] {
            let var: EnvVar = text.parse().expect(text);
            assert_eq!((var.name(), var.value()), (name, value));
            assert_eq!(var.to_string(), text);
        }
    }

    #[test]
    fn refuses_with_the_reason() {
        for (text, why) in [
            ("HOME", "it has no `=`"),
            ("", "it has no `=`"),
            ("=x", "its name is empty"),
            ("A=\0", "it has a NUL character"),
        ] {
            assert_eq!(text.parse::<EnvVar>().expect_err(text).why(), why, "{text}");
        }
        assert!(EnvVar::new("A=B", "c").is_err());
    }
}
