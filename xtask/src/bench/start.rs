//! How long it takes from nothing: to the first answer, and to the end of a command.

use std::time::Duration;

use anyhow::Result;

use super::invocation::Invocation;
use super::process;
use super::report::{Comparison, Goal, Outcome};
use super::sides::Sides;
use super::stats::{Spread, Unit};

/// A component that takes seconds to compile, as every JavaScript component does: it brings its
/// engine along.
const JAVASCRIPT: &str = "js-http.wasm";

/// A side and the milliseconds that each of its starts took.
struct Starts {
    name: &'static str,
    invocation: Invocation,
    took_ms: Vec<f64>,
}

impl Starts {
    fn new(name: &'static str, invocation: Invocation) -> Self {
        Self {
            name,
            invocation,
            took_ms: Vec::new(),
        }
    }
}

/// From process start to the first 200, with a warm cache.
pub(crate) fn serve(sides: &Sides, count: usize) -> Result<Outcome> {
    let guest = sides.guest("wasm32-wasip2/release/hello_http.wasm")?;
    let compiled = sides.scratch("hello_http.cwasm");
    process::time_to_end(&sides.wasmtime("compile", &["-o", &compiled.to_string_lossy()], &guest))?;
    let mut starts = [
        Starts::new("gary", sides.gary(&[], &guest)),
        Starts::new("wasmtime serve", sides.wasmtime_default(&[], &guest)),
        Starts::new(
            "wasmtime serve (compiled beforehand)",
            sides.wasmtime_default(&["--allow-precompiled"], &compiled),
        ),
    ];
    alternate(&mut starts, count, process::time_to_first_200)?;

    let mut outcome = outcome("Process start to the first 200, warm cache", sides, &starts)?;
    let goal = Goal::floor_at_most(1.0);
    outcome.comparisons = vec![
        compare(
            "start: to the first 200",
            &starts[0],
            &starts[1],
            vec![goal],
        )?,
        compare("start: to the first 200", &starts[0], &starts[2], vec![])?,
    ];
    outcome.notes.push(format!(
        "{count} starts of each side, in turn. Both caches hold the compiled guest. The client \
         connects from before the server listens, every 0.1 ms; the clock runs from before the \
         process is made to the status line of the answer. The last side stands for no cache at \
         all: `wasmtime compile` made the file beforehand, and nobody checks it."
    ));
    Ok(outcome)
}

/// A whole run of a command that prints a line, with a warm cache.
pub(crate) fn run(sides: &Sides, count: usize) -> Result<Outcome> {
    let guest = sides.guest("wasm32-wasip2/release/hello-cli.wasm")?;
    let mut starts = [
        Starts::new("gary run", sides.gary(&[], &guest)),
        Starts::new("wasmtime run", sides.wasmtime("run", &[], &guest)),
    ];
    alternate(&mut starts, count, process::time_to_end)?;

    let mut outcome = outcome("A whole run of hello-cli, warm cache", sides, &starts)?;
    let goal = Goal::floor_at_most(1.1);
    outcome.comparisons = vec![compare(
        "run: hello-cli from start to end",
        &starts[0],
        &starts[1],
        vec![goal],
    )?];
    outcome.notes.push(format!(
        "{count} runs of each side, in turn; their output goes to /dev/null."
    ));
    Ok(outcome)
}

/// A component that takes seconds to compile: the first start, and those from the cache.
///
/// It takes npm to build, so it may be absent: then that is said, and nothing is measured.
pub(crate) fn javascript(sides: &Sides, cold: usize, warm: usize) -> Result<Outcome> {
    const TITLE: &str = "A JavaScript component to its first 200";
    let Ok(guest) = sides.guest(JAVASCRIPT) else {
        eprintln!("bench: SKIPPED javascript: {JAVASCRIPT} is missing");
        return Ok(Outcome::skipped(
            TITLE,
            "the component was not built: `cargo xtask guests --js` needs npm",
        ));
    };
    let file_mb = std::fs::metadata(&guest)?.len() as f64 / 1e6;

    let mut first = [
        Starts::new("gary (empty cache)", sides.gary_in("js", &[], &guest)),
        Starts::new(
            "wasmtime serve (no cache)",
            sides.wasmtime_default(&["-C", "cache=n"], &guest),
        ),
    ];
    for index in 0..cold {
        first[0].invocation = sides.gary_in(&format!("js-{index}"), &[], &guest);
        for side in &mut first {
            let took = process::time_to_first_200(&side.invocation)?;
            side.took_ms.push(milliseconds(took));
        }
    }
    let mut second = [
        Starts::new("gary (from its cache)", sides.gary(&[], &guest)),
        Starts::new(
            "wasmtime serve (from its cache)",
            sides.wasmtime_default(&[], &guest),
        ),
    ];
    alternate(&mut second, warm, process::time_to_first_200)?;

    let starts: Vec<Starts> = first.into_iter().chain(second).collect();
    let mut outcome = outcome(TITLE, sides, &starts)?;
    let [cold_gary, cold_peer, warm_gary, warm_peer] = &starts[..] else {
        unreachable!("two sides, each cold and warm");
    };
    outcome.comparisons = vec![
        compare("javascript: first start", cold_gary, cold_peer, vec![])?,
        Comparison::plain(
            "javascript: second start".to_owned(),
            &warm_gary.took_ms,
            Unit::Milliseconds,
            vec![Goal::floor_at_most(100.0)],
        )?,
        compare("javascript: second start", warm_gary, warm_peer, vec![])?,
    ];
    outcome.notes.push(format!(
        "{JAVASCRIPT}, {file_mb:.1} MB: starts of each side that compile: {cold}, and from the cache: \
         {warm}, the sides in turn."
    ));
    Ok(outcome)
}

/// Measures the sides in turn, after one start of each that is not counted: it fills the cache.
fn alternate(
    starts: &mut [Starts],
    count: usize,
    measure: fn(&Invocation) -> Result<Duration>,
) -> Result<()> {
    for side in starts.iter() {
        measure(&side.invocation)?;
    }
    for _ in 0..count {
        for side in starts.iter_mut() {
            side.took_ms.push(milliseconds(measure(&side.invocation)?));
        }
    }
    Ok(())
}

fn outcome(title: &str, sides: &Sides, starts: &[Starts]) -> Result<Outcome> {
    let mut outcome = Outcome::new(title, &["", "time"]);
    for side in starts {
        let spread = Spread::of(&side.took_ms)?;
        eprintln!("bench: {}: {}", side.name, spread.show(Unit::Milliseconds));
        outcome
            .figures
            .push(vec![side.name.to_owned(), spread.show(Unit::Milliseconds)]);
        outcome.command(side.name, sides.shown(&side.invocation));
    }
    Ok(outcome)
}

fn compare(what: &str, ours: &Starts, theirs: &Starts, goals: Vec<Goal>) -> Result<Comparison> {
    Comparison::ratio(
        format!("{what}, {} against {}", ours.name, theirs.name),
        (&ours.took_ms, &theirs.took_ms),
        Unit::Milliseconds,
        goals,
    )
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
