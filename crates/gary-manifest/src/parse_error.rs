//! The one error of every value that is written as text.

use std::borrow::Cow;

/// How much of a refused value an error repeats, in characters; the rest becomes `...`.
const GIVEN_CHARS_MAX: usize = 80;

/// A value was refused.
///
/// The message says what was given, what it should have been and why it is not; [`hint`] says what
/// to write instead. They are apart so that people read the hint on a line of its own.
///
/// [`hint`]: ParseError::hint
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not {what}: {why}")]
pub struct ParseError {
    what: &'static str,
    given: String,
    why: Cow<'static, str>,
    hint: Cow<'static, str>,
}

impl ParseError {
    /// `what` carries its article ("a size"), so that the message reads as a sentence.
    pub(crate) fn new(
        what: &'static str,
        given: &str,
        why: impl Into<Cow<'static, str>>,
        hint: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            what,
            given: shown(given),
            why: why.into(),
            hint: hint.into(),
        }
    }

    /// What the text should have been, with its article: "a size".
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// The text that was refused, escaped and cut to a readable length.
    pub fn given(&self) -> &str {
        &self.given
    }

    /// Why it was refused.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// What to try instead.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

/// Escapes control characters and cuts, so that a refused value cannot garble a terminal.
fn shown(given: &str) -> String {
    let mut chars = given.chars();
    let mut shown = String::new();
    for c in chars.by_ref().take(GIVEN_CHARS_MAX) {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    if chars.next().is_some() {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_what_was_given_escaped_and_cut() {
        let error = ParseError::new("a name", "a\n\u{1b}[31m", "no", "try");
        assert_eq!(error.to_string(), r"`a\n\u{1b}[31m` is not a name: no");
        let error = ParseError::new("a name", &"x".repeat(1000), "no", "try");
        assert_eq!(error.given().len(), GIVEN_CHARS_MAX + 3);
    }
}
