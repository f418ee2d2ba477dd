//! An amount of memory or data, in bytes.

use std::{fmt, num::NonZeroU64, str::FromStr};

use crate::{
    ParseError,
    text_value::{TextValue, text_value},
};

/// An amount of memory or data, in bytes; never zero.
///
/// Written as a number and a unit: `KiB`, `MiB`, `GiB`, `TiB` are powers of 1024, `KB`, `MB`, `GB`,
/// `TB` powers of 1000, no unit or `B` is bytes. Case does not matter and `Mi` is `MiB`. A bare `M`
/// is refused, because it means 1024² to some tools and 1000² to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemorySize(NonZeroU64);

impl MemorySize {
    /// For sizes known when Gary is compiled; `None` for zero and for more than 2⁶⁴ bytes.
    pub const fn from_mib(mib: u64) -> Option<Self> {
        let Some(bytes) = mib.checked_mul(1 << 20) else {
            return None;
        };
        match NonZeroU64::new(bytes) {
            Some(bytes) => Some(Self(bytes)),
            None => None,
        }
    }

    /// The amount, in bytes.
    pub const fn bytes(self) -> u64 {
        self.0.get()
    }
}

impl From<NonZeroU64> for MemorySize {
    fn from(bytes: NonZeroU64) -> Self {
        Self(bytes)
    }
}

impl TextValue for MemorySize {
    const WHAT: &'static str = "a size";
    const EXAMPLES: &'static [&'static str] = &["64MiB", "1GiB", "512KiB", "64MB", "1048576"];
    const NUMBER: bool = true;
}

text_value!(MemorySize);

impl FromStr for MemorySize {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |why: String| ParseError::new(Self::WHAT, text, why, HINT);
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(refuse("it is empty".into()));
        }
        if trimmed.starts_with('-') {
            return Err(refuse("it is negative".into()));
        }
        let unit_at = trimmed
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(unit_at);
        if number.is_empty() {
            return Err(refuse("it does not start with a number".into()));
        }
        let unit_bytes = unit_bytes(unit.trim()).map_err(refuse)?;
        let bytes = scale(number, unit_bytes).map_err(|why| refuse(why.into()))?;
        NonZeroU64::new(bytes)
            .map(Self)
            .ok_or_else(|| refuse("it must be more than zero".into()))
    }
}

impl fmt::Display for MemorySize {
    /// The largest binary unit that divides the amount exactly: what was written reads the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
        let power = (self.0.trailing_zeros() / 10).min(4);
        write!(
            f,
            "{}{}",
            self.0.get() >> (10 * power),
            UNITS[power as usize]
        )
    }
}

const HINT: &str = "write a number and a unit, such as 64MiB or 1GiB";

/// How many digits after the point are read; more cannot change a whole number of bytes.
const FRACTION_DIGITS_MAX: usize = 12;

fn unit_bytes(unit: &str) -> Result<u64, String> {
    Ok(match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" | "ki" => 1 << 10,
        "mib" | "mi" => 1 << 20,
        "gib" | "gi" => 1 << 30,
        "tib" | "ti" => 1 << 40,
        "k" | "m" | "g" | "t" => {
            let letter = unit.to_ascii_uppercase();
            return Err(format!("`{unit}` may mean {letter}iB or {letter}B"));
        }
        _ => return Err(format!("`{unit}` is no unit of memory")),
    })
}

/// `number` times `unit_bytes`, exactly: 1.5 KiB is 1536, 0.3 KiB is refused.
fn scale(number: &str, unit_bytes: u64) -> Result<u64, &'static str> {
    const TOO_LARGE: &str = "it is more than 64 bits can count";
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
        return Err("its number is malformed");
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > FRACTION_DIGITS_MAX {
        return Err("it is not a whole number of bytes");
    }
    let whole: u64 = whole.parse().map_err(|_| TOO_LARGE)?;
    let whole_bytes = whole.checked_mul(unit_bytes).ok_or(TOO_LARGE)?;
    let fraction_units: u128 = if fraction.is_empty() {
        0
    } else {
        fraction.parse().map_err(|_| "its number is malformed")?
    };
    let divisor = 10_u128.pow(fraction.len() as u32);
    let fraction_bytes = fraction_units * u128::from(unit_bytes);
    if !fraction_bytes.is_multiple_of(divisor) {
        return Err("it is not a whole number of bytes");
    }
    u64::try_from(fraction_bytes / divisor)
        .ok()
        .and_then(|bytes| whole_bytes.checked_add(bytes))
        .ok_or(TOO_LARGE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_binary_and_decimal_units() {
        for (text, bytes) in [
            ("64MiB", 64 << 20),
            ("1GiB", 1 << 30),
            ("512KiB", 512 << 10),
            ("2TiB", 2 << 40),
            ("64MB", 64_000_000),
            ("1048576", 1 << 20),
            ("100B", 100),
            ("64 mib", 64 << 20),
            ("64Mi", 64 << 20),
            ("1.5KiB", 1536),
            ("0.5GiB", 1 << 29),
            ("1.50000000000000000000KiB", 1536),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(
                text.parse::<MemorySize>().map(MemorySize::bytes),
                Ok(bytes),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_with_the_reason() {
        for (text, why) in [
            ("", "it is empty"),
            ("0", "it must be more than zero"),
            ("0MiB", "it must be more than zero"),
            ("0.0", "it must be more than zero"),
            ("-1MiB", "it is negative"),
            ("MiB", "it does not start with a number"),
            ("lots", "it does not start with a number"),
            ("64XB", "`XB` is no unit of memory"),
            ("64M", "`M` may mean MiB or MB"),
            ("1e6", "`e6` is no unit of memory"),
            ("1..5KiB", "its number is malformed"),
            (".5KiB", "its number is malformed"),
            ("0.3KiB", "it is not a whole number of bytes"),
            ("0.0000000000001TiB", "it is not a whole number of bytes"),
            ("18446744073709551616", "it is more than 64 bits can count"),
            ("17000000TiB", "it is more than 64 bits can count"),
            ("16777215.9999TiB", "it is not a whole number of bytes"),
        ] {
            let error = text.parse::<MemorySize>().expect_err(text);
            assert_eq!(error.why(), why, "{text}");
        }
    }

    #[test]
    fn shows_the_largest_exact_unit() {
        for (bytes, text) in [
            (1, "1B"),
            (1000, "1000B"),
            (1 << 26, "64MiB"),
            (3 << 40, "3TiB"),
        ] {
            let size = MemorySize(NonZeroU64::new(bytes).expect("not zero"));
            assert_eq!(size.to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn shown_and_read_again_is_the_same(bytes in 1..=u64::MAX, zeros in 0..63_u32) {
            let bytes = (bytes >> zeros << zeros).max(1);
            let size = MemorySize(NonZeroU64::new(bytes).expect("at least one"));
            prop_assert_eq!(size.to_string().parse::<MemorySize>(), Ok(size));
        }

        #[test]
        fn never_panics(text in "[0-9.]{0,30} ?[a-zA-Z]{0,4}") {
            let _ = text.parse::<MemorySize>();
        }
    }
}
