//! Whether to colour.

use std::{fmt, str::FromStr};

use crate::{
    ParseError,
    text_value::{TextValue, text_value},
};

/// Whether output to people is coloured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Even into a pipe.
    Always,
    /// Not at all.
    Never,
}

impl TextValue for Color {
    const WHAT: &'static str = "a choice of colour";
    const EXAMPLES: &'static [&'static str] = &["auto", "always", "never"];
}

text_value!(Color);

impl FromStr for Color {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "auto" => Ok(Self::Auto),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            _ => Err(ParseError::new(
                Self::WHAT,
                text,
                "there is no such choice",
                "write auto, always or never",
            )),
        }
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_shows() {
        for color in [Color::Auto, Color::Always, Color::Never] {
            assert_eq!(color.to_string().parse(), Ok(color));
        }
        "yes".parse::<Color>().expect_err("no such choice");
    }
}
