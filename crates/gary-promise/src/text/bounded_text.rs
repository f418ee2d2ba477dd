//! Text of a known form and length.

/// A text is not what it was read as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// There is nothing in it.
    #[error("{what} is empty")]
    Empty {
        /// What it was read as, with its article.
        what: &'static str,
    },
    /// It is too long.
    #[error("{what} has {bytes} bytes, more than {bytes_max}")]
    TooLong {
        /// What it was read as, with its article.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The most it may be.
        bytes_max: usize,
    },
    /// It has a character in it that may not be there.
    #[error("{what} has {found:?} in it")]
    Character {
        /// What it was read as, with its article.
        what: &'static str,
        /// The first such character.
        found: char,
    },
    /// Its characters are in an order that means nothing.
    #[error("{what} {why}")]
    Form {
        /// What it was read as, with its article.
        what: &'static str,
        /// What is wrong with it, as the end of a sentence about it.
        why: &'static str,
    },
}

/// Defines a text of 1 to `$bytes_max` bytes, all of them `$legal`, of which `$flaw` finds nothing to
/// say.
///
/// Cloning one copies no text: labels and interfaces stand in many promises at once.
macro_rules! bounded_text {
    (
        $(#[$doc:meta])* $name:ident,
        what: $what:literal,
        bytes_max: $bytes_max:literal,
        legal: $legal:expr,
        flaw: $flaw:expr $(,)?
    ) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// The greatest length, in bytes; a longer text is refused.
            pub const BYTES_MAX: usize = $bytes_max;

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::text::TextError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::text::bounded_text::check($what, text, $bytes_max, $legal, $flaw)?;
                Ok(Self(text.into()))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}
pub(super) use bounded_text;

/// Checks a text; the length first, so that an absurd one costs nothing.
pub(super) fn check(
    what: &'static str,
    text: &str,
    bytes_max: usize,
    legal: fn(char) -> bool,
    flaw: fn(&str) -> Option<&'static str>,
) -> Result<(), TextError> {
    if text.is_empty() {
        return Err(TextError::Empty { what });
    }
    if text.len() > bytes_max {
        return Err(TextError::TooLong {
            what,
            bytes: text.len(),
            bytes_max,
        });
    }
    if let Some(found) = text.chars().find(|c| !legal(*c)) {
        return Err(TextError::Character { what, found });
    }
    match flaw(text) {
        Some(why) => Err(TextError::Form { what, why }),
        None => Ok(()),
    }
}

/// For a text whose characters may stand in any order.
pub(super) fn flawless(_: &str) -> Option<&'static str> {
    None
}

/// What is wrong with one part of a name in DNS, whose characters are known to be legal.
pub(super) fn dns_flaw(part: &str) -> Option<&'static str> {
    const PART_BYTES_MAX: usize = 63;
    if part.is_empty() {
        return Some("has two dots in a row, or one at an end");
    }
    if part.len() > PART_BYTES_MAX {
        return Some("has a part of more than 63 bytes");
    }
    if part.starts_with('-') || part.ends_with('-') {
        return Some("has a part that begins or ends with `-`");
    }
    None
}
