//! What was measured, beside what was asked, as Markdown.

use std::fmt::Write;

use anyhow::Result;

use super::stats::{Spread, Unit};

/// What one measurement found.
pub(crate) struct Outcome {
    title: String,
    head: Vec<&'static str>,
    /// One row for each side, as `head` names the columns.
    pub(crate) figures: Vec<Vec<String>>,
    /// What the issue asks for, and what it does not but a reader would.
    pub(crate) comparisons: Vec<Comparison>,
    /// Remarks on how it was measured.
    pub(crate) notes: Vec<String>,
    commands: Vec<(String, String)>,
}

/// Gary beside a peer, or on its own where the goal is a plain number.
pub(crate) struct Comparison {
    what: String,
    ours: String,
    theirs: String,
    value: Spread,
    unit: Unit,
    goals: Vec<Goal>,
}

/// A bound that the median is held to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goal {
    kind: &'static str,
    at_least: bool,
    bound: f64,
}

impl Goal {
    pub(crate) fn floor_at_least(bound: f64) -> Self {
        Self::new("floor", true, bound)
    }

    pub(crate) fn floor_at_most(bound: f64) -> Self {
        Self::new("floor", false, bound)
    }

    pub(crate) fn aim_at_least(bound: f64) -> Self {
        Self::new("aim", true, bound)
    }

    pub(crate) fn aim_at_most(bound: f64) -> Self {
        Self::new("aim", false, bound)
    }

    fn new(kind: &'static str, at_least: bool, bound: f64) -> Self {
        Self {
            kind,
            at_least,
            bound,
        }
    }

    fn shown(self, unit: Unit) -> String {
        let sign = if self.at_least { '≥' } else { '≤' };
        format!("{} {sign} {}", self.kind, unit.show(self.bound))
    }

    /// `reached`, or by how much of the bound it was missed.
    fn verdict(self, value: f64) -> String {
        let short = if self.at_least {
            self.bound - value
        } else {
            value - self.bound
        };
        let short_percent = 100.0 * short / self.bound;
        match short_percent {
            _ if short <= 0.0 => format!("{} reached", self.kind),
            // Rounded, it would read as missed by nothing.
            _ if short_percent < 0.1 => format!("**{} missed by under 0.1%**", self.kind),
            _ => format!("**{} missed by {short_percent:.1}%**", self.kind),
        }
    }
}

impl Comparison {
    /// Ours over theirs, which were measured in the same rounds.
    ///
    /// # Errors
    /// When there was no round.
    pub(crate) fn ratio(
        what: String,
        (ours, theirs): (&[f64], &[f64]),
        unit: Unit,
        goals: Vec<Goal>,
    ) -> Result<Self> {
        Ok(Self {
            what,
            ours: unit.show(Spread::of(ours)?.median),
            theirs: unit.show(Spread::of(theirs)?.median),
            value: Spread::of_ratios(ours, theirs)?,
            unit: Unit::Times,
            goals,
        })
    }

    /// A figure of ours that no peer stands beside.
    ///
    /// # Errors
    /// When there was no round.
    pub(crate) fn plain(what: String, ours: &[f64], unit: Unit, goals: Vec<Goal>) -> Result<Self> {
        let value = Spread::of(ours)?;
        Ok(Self {
            what,
            ours: unit.show(value.median),
            theirs: String::new(),
            value,
            unit,
            goals,
        })
    }

    fn row(&self) -> Vec<String> {
        let each = |of: &dyn Fn(Goal) -> String| {
            let goals: Vec<String> = self.goals.iter().copied().map(of).collect();
            goals.join(", ")
        };
        vec![
            self.what.clone(),
            self.ours.clone(),
            self.theirs.clone(),
            self.value.show(self.unit),
            each(&|goal| goal.shown(self.unit)),
            each(&|goal| goal.verdict(self.value.median)),
        ]
    }
}

impl Outcome {
    /// `head` names the columns of the figures; the first one is the side.
    pub(crate) fn new(title: &str, head: &[&'static str]) -> Self {
        Self {
            title: title.to_owned(),
            head: head.to_vec(),
            figures: Vec::new(),
            comparisons: Vec::new(),
            notes: Vec::new(),
            commands: Vec::new(),
        }
    }

    /// Something that was not measured, which the page says rather than leaves out.
    pub(crate) fn skipped(title: &str, reason: &str) -> Self {
        let mut outcome = Self::new(title, &[]);
        outcome.notes.push(format!("Not measured: {reason}"));
        outcome
    }

    /// The command a side was started with.
    pub(crate) fn command(&mut self, side: &str, shown: String) {
        self.commands.push((side.to_owned(), shown));
    }

    fn markdown(&self) -> String {
        let mut text = format!("### {}\n\n", self.title);
        if !self.figures.is_empty() {
            let head: Vec<String> = self.head.iter().map(|&name| name.to_owned()).collect();
            text += &table(&head, &self.figures);
            text.push('\n');
        }
        if !self.commands.is_empty() {
            text += "```sh\n";
            for (side, shown) in &self.commands {
                let _ = writeln!(text, "# {side}\n{shown}");
            }
            text += "```\n\n";
        }
        for note in &self.notes {
            let _ = writeln!(text, "{note}\n");
        }
        text
    }
}

/// Everything: first what was asked and whether it was reached, then each measurement in full.
pub(crate) fn markdown(outcomes: &[Outcome]) -> String {
    let head = ["", "Gary", "peer", "value", "asked", "result"].map(str::to_owned);
    let rows: Vec<Vec<String>> = outcomes
        .iter()
        .flat_map(|outcome| &outcome.comparisons)
        .map(Comparison::row)
        .collect();
    let mut text = String::new();
    if !rows.is_empty() {
        text += "A value is Gary's over the peer's where there is a peer: median (lowest–highest) \
                 over the rounds. For times and memory, less is better. A floor has to be reached; an \
                 aim is what would be good.\n\n";
        text += &table(&head, &rows);
        text.push('\n');
    }
    for outcome in outcomes {
        text += &outcome.markdown();
    }
    text
}

/// A table whose columns line up in plain text too.
fn table(head: &[String], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .chain(head.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let cells = cells.iter().zip(&widths);
        let padded: Vec<String> = cells
            .map(|(cell, &width)| format!("{cell:width$}"))
            .collect();
        format!("| {} |\n", padded.join(" | "))
    };
    let rule: Vec<String> = widths
        .iter()
        .map(|&width| "-".repeat(width.max(3)))
        .collect();
    let body: String = rows.iter().map(|row| line(row)).collect();
    line(head) + &format!("| {} |\n", rule.join(" | ")) + &body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_says_by_how_much_it_was_missed() {
        assert_eq!(Goal::floor_at_least(1.5).verdict(1.5), "floor reached");
        assert_eq!(
            Goal::aim_at_least(2.0).verdict(1.5),
            "**aim missed by 25.0%**"
        );
        assert_eq!(Goal::floor_at_most(40.0).verdict(39.0), "floor reached");
        assert_eq!(
            Goal::floor_at_most(250.0).verdict(300.0),
            "**floor missed by 20.0%**"
        );
        assert_eq!(
            Goal::floor_at_most(1.0).verdict(1.0003),
            "**floor missed by under 0.1%**"
        );
        assert_eq!(
            Goal::aim_at_most(15.0).shown(Unit::Megabytes),
            "aim ≤ 15.0 MB"
        );
    }

    #[test]
    fn a_row_holds_both_sides_the_ratio_and_the_verdicts() {
        let comparison = Comparison::ratio(
            "requests/s".to_owned(),
            (&[3000.0, 3300.0, 3600.0], &[2000.0, 2000.0, 2000.0]),
            Unit::PerSecond,
            vec![Goal::floor_at_least(1.5), Goal::aim_at_least(2.0)],
        )
        .unwrap();
        assert_eq!(
            comparison.row(),
            [
                "requests/s",
                "3,300/s",
                "2,000/s",
                "1.65× (1.50–1.80)",
                "floor ≥ 1.50×, aim ≥ 2.00×",
                "floor reached, **aim missed by 17.5%**"
            ]
        );
    }

    #[test]
    fn columns_line_up() {
        let cells = |row: [&str; 2]| row.map(str::to_owned).to_vec();
        let text = table(&cells(["", "p50"]), &[cells(["gary", "1 µs"])]);
        assert_eq!(text, "|      | p50  |\n| ---- | ---- |\n| gary | 1 µs |\n");
    }
}
