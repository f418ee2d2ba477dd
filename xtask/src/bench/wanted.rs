//! Which measurements of a benchmark are made, one after the other, and what is said of those that are not.

use anyhow::Result;
use clap::ValueEnum;

use super::report::Outcome;

/// What came of the measurements that are wanted, and how many of them could not be made: all where `only` is empty.
pub(super) fn measured<M: ValueEnum + PartialEq + Copy>(
    only: &[M],
    mut measure: impl FnMut(M, &str) -> Result<Outcome>,
) -> (Vec<Outcome>, usize) {
    let mut failures = 0;
    let all = M::value_variants().iter().copied();
    let wanted = all.filter(|each| only.is_empty() || only.contains(each));
    let outcomes = wanted.map(|measurement| {
        let name = name(measurement);
        eprintln!("bench: {name}");
        measure(measurement, &name).unwrap_or_else(|error| {
            eprintln!("bench: {name} was NOT MEASURED: {error:#}");
            failures += 1;
            Outcome::skipped(&name, &format!("{error:#}"))
        })
    });
    let outcomes = outcomes.collect();
    (outcomes, failures)
}

/// As it is typed.
fn name(measurement: impl ValueEnum) -> String {
    let value = measurement.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}
