//! Columns of text, and what stands in them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::console;

/// Columns that are as wide as what is in them.
pub(super) struct Table<const COLUMNS: usize>(Vec<[String; COLUMNS]>);

impl<const COLUMNS: usize> Table<COLUMNS> {
    pub(super) fn new(head: [&str; COLUMNS]) -> Self {
        Self(vec![head.map(str::to_owned)])
    }

    pub(super) fn row(&mut self, row: [String; COLUMNS]) {
        self.0.push(row);
    }

    /// As it is written: on a terminal no line is wider than that, and whatever else reads it gets all of it.
    pub(super) fn text(&self) -> String {
        self.within(console::columns())
    }

    fn within(&self, columns_max: Option<usize>) -> String {
        let width = |column: usize| {
            let widths = self.0.iter().map(|row| row[column].chars().count());
            widths.max().unwrap_or(0)
        };
        let mut text = String::new();
        for row in &self.0 {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let width = width(column);
                line.push_str(&format!("{cell:width$}  "));
            }
            let line = line.trim_end();
            match columns_max {
                Some(columns_max) => text.push_str(&cut(line, columns_max)),
                None => text.push_str(line),
            }
            text.push('\n');
        }
        text
    }
}

/// Bytes, for people.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0 => "0".to_owned(),
        bytes if bytes < 10 << 20 => format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)),
        bytes if bytes < 10 << 30 => format!("{} MiB", bytes >> 20),
        bytes => format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30)),
    }
}

/// How long ago something was, in its two largest units.
pub(super) fn ago(at_ms: u64) -> String {
    format!("{} ago", span(now_ms().saturating_sub(at_ms)))
}

/// How long it is until then, in its two largest units.
pub(super) fn to_come(at_ms: u64) -> String {
    span(at_ms.saturating_sub(now_ms()))
}

/// How late it is, in milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

/// A span of time, in its two largest units.
pub(super) fn span(ms: u64) -> String {
    let exact = humantime::format_duration(Duration::from_secs(ms / 1_000)).to_string();
    let units = exact.split(' ').take(2);
    Vec::from_iter(units).join(" ")
}

/// A time, in milliseconds since 1970, as it is written down: in UTC.
pub(super) fn time(at_ms: u64) -> String {
    let at = UNIX_EPOCH + Duration::from_millis(at_ms);
    humantime::format_rfc3339_millis(at).to_string()
}

/// As much of a text as there is room for.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(chars_max) {
        None => line.to_owned(),
        Some(_) => line.chars().take(chars_max - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them_and_no_line_ends_in_blanks() {
        let mut table = Table::new(["NAME", "N", ""]);
        table.row(["a-long-name", "1", "x"].map(str::to_owned));
        table.row(["b", "10", ""].map(str::to_owned));
        assert_eq!(
            table.text(),
            "NAME         N\na-long-name  1   x\nb            10\n"
        );
        assert_eq!(
            table.within(Some(15)),
            "NAME         N\na-long-name  1…\nb            10\n"
        );
    }

    #[test]
    fn what_is_long_is_cut_and_says_so() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer\nand more", 5), "long…");
        assert_eq!(cut("é", 1), "é");
    }

    #[test]
    fn a_span_is_told_in_its_two_largest_units() {
        assert_eq!(span(999), "0s");
        assert_eq!(span(63_000), "1m 3s");
        assert_eq!(span(90_061_000), "1day 1h");
    }
}
