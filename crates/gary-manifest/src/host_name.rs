//! The name of a host.

use std::{fmt, str::FromStr};

use crate::{
    ParseError,
    text_value::{TextValue, text_value},
};

/// The DNS name of a host, in lower case and without the final dot.
///
/// Letters, digits, `-` and `_`, at most [`HostName::CHARS_MAX`]. A name that ends in a number is
/// refused: it is a mistyped address, and resolvers read it as one (WHATWG URL, "ends in a number").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(String);

impl HostName {
    /// The longest name that DNS carries, in characters.
    pub const CHARS_MAX: usize = 253;
    /// The longest part between two dots, in characters.
    pub const LABEL_CHARS_MAX: usize = 63;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TextValue for HostName {
    const WHAT: &'static str = "a host name";
    const EXAMPLES: &'static [&'static str] = &["api.example.com", "hello.localhost"];
}

text_value!(HostName);

impl FromStr for HostName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |why: &'static str| {
            let hint = "write a name such as api.example.com";
            ParseError::new(Self::WHAT, text, why, hint)
        };
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        if name.is_empty() {
            return Err(refuse("it is empty"));
        }
        if !name.is_ascii() {
            let hint = "write its ASCII form, which begins with xn--";
            let why = "it has letters beyond ASCII";
            return Err(ParseError::new(Self::WHAT, text, why, hint));
        }
        if name.len() > Self::CHARS_MAX {
            return Err(refuse("it is longer than 253 characters"));
        }
        for label in name.split('.') {
            check_label(label).map_err(refuse)?;
        }
        let last = name.rsplit('.').next().unwrap_or_default();
        if last.bytes().all(|b| b.is_ascii_digit()) {
            return Err(refuse("it ends in a number but is no IP address"));
        }
        Ok(Self(name))
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_label(label: &str) -> Result<(), &'static str> {
    if label.is_empty() {
        return Err("it has an empty part between dots");
    }
    if label.len() > HostName::LABEL_CHARS_MAX {
        return Err("a part of it is longer than 63 characters");
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err("a part of it begins or ends with `-`");
    }
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !label.bytes().all(legal) {
        return Err("it has a character that no host name has");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_in_lower_case() {
        for (text, name) in [
            ("API.Example.com", "api.example.com"),
            ("localhost", "localhost"),
            ("example.com.", "example.com"),
            ("_dmarc.x-1.example", "_dmarc.x-1.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("1.example1", "1.example1"),
        ] {
            assert_eq!(text.parse::<HostName>().expect(text).as_str(), name);
        }
    }

    #[test]
    fn refuses_with_the_reason() {
        let long_label = "a".repeat(64);
        let long_name = "abc.".repeat(64) + "com";
        for (text, why) in [
            ("", "it is empty"),
            (".", "it is empty"),
            ("a..b", "it has an empty part between dots"),
            ("a b", "it has a character that no host name has"),
            ("a/b", "it has a character that no host name has"),
            ("-a.com", "a part of it begins or ends with `-`"),
            ("bücher.example", "it has letters beyond ASCII"),
            ("256.1.1.1", "it ends in a number but is no IP address"),
            (&long_label, "a part of it is longer than 63 characters"),
            (&long_name, "it is longer than 253 characters"),
        ] {
            assert_eq!(
                text.parse::<HostName>().expect_err(text).why(),
                why,
                "{text}"
            );
        }
    }
}
