//! A component inside the host: the time to make an instance, and the memory of one that is loaded.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use super::invocation::Invocation;
use super::report::{Comparison, Goal, Outcome};
use super::sides::Sides;
use super::stats::{Spread, Unit};

/// Measures in a process of its own, whose memory is nothing but the host's.
pub(crate) fn measure(sides: &Sides, count: u32) -> Result<Outcome> {
    let guest = sides.guest("wasm32-wasip2/release/hello_http.wasm")?;
    let file_bytes = std::fs::metadata(&guest)?.len();
    let count_text = count.to_string();
    let probe = |step: &str| {
        sides
            .probe(["bench", "probe", step, "--count", &count_text])
            .args(["--cache".into(), sides.scratch("probe")])
            .args([&guest])
    };

    // Compiling is left to a process that is gone before the other one is weighed.
    let mut outcome = Outcome::new("A component inside the host", &["", ""]);
    ask(&probe("fill"))?;
    let said = ask(&probe("load"))?;
    for invocation in [probe("fill"), probe("load")] {
        outcome.command("in this order", sides.shown(&invocation));
    }

    let numbers = |name: &str| -> Result<Vec<f64>> {
        said[name]
            .as_array()
            .map(|values| {
                values
                    .iter()
                    .filter_map(serde_json::Value::as_f64)
                    .collect()
            })
            .with_context(|| format!("the probe did not say {name}"))
    };
    let instantiate_us = numbers("instantiate_us")?;
    let loaded_kib = numbers("loaded_kib")?;
    let loaded_file_kib = numbers("loaded_file_kib")?;
    let used_kib = numbers("used_kib")?;
    outcome.figures = [
        (
            "make and drop an instance",
            &instantiate_us,
            Unit::Microseconds,
        ),
        (
            "each further component, loaded",
            &loaded_kib,
            Unit::Kibibytes,
        ),
        (
            "of that, pages of the cache's file",
            &loaded_file_kib,
            Unit::Kibibytes,
        ),
        (
            "each further component, loaded and used once",
            &used_kib,
            Unit::Kibibytes,
        ),
    ]
    .into_iter()
    .map(|(what, values, unit)| Ok(vec![what.to_owned(), Spread::of(values)?.show(unit)]))
    .collect::<Result<_>>()?;
    outcome.comparisons = vec![
        Comparison::plain(
            "component: make and drop an instance".to_owned(),
            &instantiate_us,
            Unit::Microseconds,
            Vec::new(),
        )?,
        Comparison::plain(
            "component: memory of each further one, loaded and idle".to_owned(),
            &loaded_kib,
            Unit::Kibibytes,
            vec![Goal::floor_at_most(250.0)],
        )?,
        Comparison::plain(
            "component: memory of each further one, used once".to_owned(),
            &used_kib,
            Unit::Kibibytes,
            Vec::new(),
        )?,
    ];
    outcome.notes.push(format!(
        "gary-host as a library, in release, with the allocator of `gary`. Instances are made one \
         after the other on one thread. Memory is the growth of the process' Pss over {count} \
         copies of hello_http.wasm ({:.1} kB, made distinct by a custom section), all from the \
         cache and linked; idle means that no instance of it lives.",
        file_bytes as f64 / 1e3
    ));
    Ok(outcome)
}

fn ask(invocation: &Invocation) -> Result<serde_json::Value> {
    let output = invocation
        .command()
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .context("the probe did not start")?
        .wait_with_output()?;
    ensure!(
        output.status.success(),
        "the probe ended with {}",
        output.status
    );
    serde_json::from_slice(&output.stdout).context("the probe did not print JSON")
}
