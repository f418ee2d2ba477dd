//! A path to ask an HTTP guest for.

use std::{fmt, str::FromStr};

use crate::{
    ParseError,
    text_value::{TextValue, text_value},
};

/// The path and query of a request, from its first `/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpPath(String);

impl HttpPath {
    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TextValue for HttpPath {
    const WHAT: &'static str = "a request path";
    const EXAMPLES: &'static [&'static str] = &["/healthz", "/"];
}

text_value!(HttpPath);

impl FromStr for HttpPath {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |why: &'static str| {
            ParseError::new(Self::WHAT, text, why, "write a path such as /healthz")
        };
        if !text.starts_with('/') {
            return Err(refuse("it does not begin with `/`"));
        }
        if !text.bytes().all(|b| b.is_ascii_graphic() && b != b'#') {
            return Err(refuse("it has a character that must be written as %XX"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for HttpPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_with_a_slash_and_has_no_space() {
        for text in ["/", "/healthz", "/a/b?c=%20"] {
            assert_eq!(text.parse::<HttpPath>().expect(text).to_string(), text);
        }
        for text in ["", "healthz", "/a b", "/ä", "/a#b", "/a\r\nHost: x"] {
            text.parse::<HttpPath>().expect_err(text);
        }
    }
}
