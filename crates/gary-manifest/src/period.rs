//! A length of time.

use std::{fmt, str::FromStr, time::Duration};

use humantime::DurationError;

use crate::{
    ParseError,
    text_value::{TextValue, text_value},
};

/// A length of time; more than zero and at most [`Period::MAX`].
///
/// Written as numbers with units, `500ms`, `30s`, `1m30s`, `2h`, `1d`; the grammar is humantime's.
/// `M` is refused: humantime reads it as months, and who writes it means minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(Duration);

impl Period {
    /// The longest period, a year: it can be added to any clock without overflow.
    pub const MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

    /// For periods known when Gary is compiled; `None` for zero and for more than [`Period::MAX`].
    pub const fn from_secs(secs: u64) -> Option<Self> {
        if secs == 0 || secs > Self::MAX.as_secs() {
            return None;
        }
        Some(Self(Duration::from_secs(secs)))
    }

    /// The period as the standard library has it.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl TextValue for Period {
    const WHAT: &'static str = "a length of time";
    const EXAMPLES: &'static [&'static str] = &["30s", "500ms", "1m30s", "2m", "1h"];
}

text_value!(Period);

impl FromStr for Period {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |why: String| {
            let hint = "write a number and a unit, such as 30s, 500ms or 1m30s";
            ParseError::new(Self::WHAT, text, why, hint)
        };
        let trimmed = text.trim();
        if trimmed.starts_with('-') {
            return Err(refuse("it is negative".into()));
        }
        if trimmed.contains('M') {
            return Err(refuse("`M` is no unit of time".into()));
        }
        let duration = humantime::parse_duration(trimmed).map_err(|error| refuse(reason(error)))?;
        if duration.is_zero() {
            return Err(refuse("it must be more than zero".into()));
        }
        if duration > Self::MAX {
            return Err(refuse("it is more than 365 days".into()));
        }
        Ok(Self(duration))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = humantime::format_duration(self.0).to_string();
        f.write_str(&text.replace(' ', ""))
    }
}

/// humantime's errors in our words, without its byte offsets: these texts are a few letters long.
fn reason(error: DurationError) -> String {
    match error {
        DurationError::Empty => "it is empty".into(),
        DurationError::InvalidCharacter(_) | DurationError::NumberExpected(_) => {
            "it is no number with a unit".into()
        }
        DurationError::UnknownUnit { unit, .. } if unit.is_empty() => "it has no unit".into(),
        DurationError::UnknownUnit { unit, .. } => format!("`{unit}` is no unit of time"),
        DurationError::NumberOverflow => "its number is too large or too small".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_units() {
        for (text, ms) in [
            ("30s", 30_000),
            ("500ms", 500),
            ("1h", 3_600_000),
            ("2m", 120_000),
            ("1m30s", 90_000),
            ("1m 30s", 90_000),
            ("1.5s", 1_500),
            ("1d", 86_400_000),
        ] {
            let period: Period = text.parse().expect(text);
            assert_eq!(period.duration().as_millis(), ms, "{text}");
        }
    }

    #[test]
    fn refuses_with_the_reason() {
        for (text, why) in [
            ("", "it is empty"),
            ("0", "it must be more than zero"),
            ("0s", "it must be more than zero"),
            ("30", "it has no unit"),
            ("-1s", "it is negative"),
            ("5M", "`M` is no unit of time"),
            ("5parsecs", "`parsecs` is no unit of time"),
            ("soon", "it is no number with a unit"),
            ("1s!", "it is no number with a unit"),
            ("366d", "it is more than 365 days"),
            ("1y", "it is more than 365 days"),
            (
                "99999999999999999999s",
                "its number is too large or too small",
            ),
        ] {
            assert_eq!(text.parse::<Period>().expect_err(text).why(), why, "{text}");
        }
    }

    #[test]
    fn shows_without_spaces() {
        assert_eq!(Period::from_secs(90).expect("legal").to_string(), "1m30s");
    }

    proptest! {
        #[test]
        fn shown_and_read_again_is_the_same(secs in 0..31_536_000_u64, ns in 1..1_000_000_000_u32) {
            let period = Period(Duration::new(secs, ns));
            prop_assert_eq!(period.to_string().parse::<Period>(), Ok(period));
        }
    }
}
