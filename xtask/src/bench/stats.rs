//! What several rounds of one measurement say: a middle, and how far the rounds lie apart.

use anyhow::{Result, ensure};

/// The smallest, the middle and the largest of some values; the noise is what lies between.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

/// What a value counts; decides how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    PerSecond,
    Milliseconds,
    Microseconds,
    /// Millions of bytes.
    Megabytes,
    /// Units of 1,024 bytes.
    Kibibytes,
    Times,
    /// Hundredths, of a core for one.
    Percent,
}

impl Spread {
    /// # Errors
    /// When there is no value.
    pub(crate) fn of(values: &[f64]) -> Result<Self> {
        ensure!(!values.is_empty(), "no round was measured");
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        };
        Ok(Self {
            min: sorted[0],
            median,
            max: sorted[sorted.len() - 1],
        })
    }

    /// Ours over theirs, round by round: what slows a whole round down falls out of its ratio.
    ///
    /// # Errors
    /// When there is no round that both have.
    pub(crate) fn of_ratios(ours: &[f64], theirs: &[f64]) -> Result<Self> {
        let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(a, b)| a / b).collect();
        Self::of(&ratios)
    }

    /// `median (min–max)`, the unit behind the median.
    pub(crate) fn show(&self, unit: Unit) -> String {
        format!(
            "{}{} ({}–{})",
            unit.number(self.median),
            unit.suffix(),
            unit.number(self.min),
            unit.number(self.max)
        )
    }
}

impl Unit {
    /// The value with its unit.
    pub(crate) fn show(self, value: f64) -> String {
        format!("{}{}", self.number(value), self.suffix())
    }

    fn number(self, value: f64) -> String {
        match self {
            Self::PerSecond => thousands(value),
            Self::Times | Self::Milliseconds | Self::Percent => format!("{value:.2}"),
            Self::Microseconds | Self::Megabytes | Self::Kibibytes => format!("{value:.1}"),
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::PerSecond => "/s",
            Self::Milliseconds => " ms",
            Self::Microseconds => " µs",
            Self::Megabytes => " MB",
            Self::Kibibytes => " KiB",
            Self::Times => "×",
            Self::Percent => " %",
        }
    }
}

/// The value that so many percent of them do not exceed: one that was measured, by the nearest rank.
///
/// # Errors
/// When there is no value.
pub(crate) fn percentile(values: &[f64], percent: f64) -> Result<f64> {
    ensure!(!values.is_empty(), "nothing was measured");
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (percent / 100.0 * sorted.len() as f64).ceil().max(1.0) as usize;
    Ok(sorted[rank.min(sorted.len()) - 1])
}

/// A whole number with a comma before every three digits.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_count_lies_between_the_two_in_the_middle() {
        let spread = Spread::of(&[4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!((spread.min, spread.median, spread.max), (1.0, 2.5, 4.0));
        assert_eq!(Spread::of(&[5.0, 1.0, 2.0]).unwrap().median, 2.0);
        assert!(Spread::of(&[]).is_err());
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        // The machine was half as fast in the second round; the ratio does not see it.
        let ratio = Spread::of_ratios(&[20.0, 10.0], &[10.0, 5.0]).unwrap();
        assert_eq!((ratio.min, ratio.median, ratio.max), (2.0, 2.0, 2.0));
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<f64> = (1..=30).rev().map(f64::from).collect();
        let of = |percent| percentile(&values, percent).unwrap();
        assert_eq!(
            (of(0.0), of(50.0), of(99.0), of(100.0)),
            (1.0, 15.0, 30.0, 30.0)
        );
        assert!(percentile(&[], 50.0).is_err());
    }

    #[test]
    fn values_are_written_with_their_unit() {
        let spread = Spread {
            min: 999.4,
            median: 10_300.0,
            max: 1_234_567.0,
        };
        assert_eq!(spread.show(Unit::PerSecond), "10,300/s (999–1,234,567)");
        assert_eq!(Unit::Times.show(1.5), "1.50×");
        assert_eq!(Unit::Megabytes.show(23.61), "23.6 MB");
    }
}
