//! `cargo xtask bench host`: Gary beside `wasmtime` and a native server, on this machine, in one run.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::ValueEnum;

use super::load::Rounds;
use super::report::{self, Outcome};
use super::sides::{Given, Sides};
use super::wanted::measured;
use super::{components, load, machine, memory, page, start};
use crate::repository;

/// Measure Gary beside wasmtime and a native server, and write docs/benchmarks.md.
///
/// The page is written by a run of everything at full length; others print only.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Measure briefly, and only print
    #[arg(long)]
    quick: bool,
    /// Measure only this, and only print; may be repeated
    #[arg(long, value_enum, value_name = "NAME")]
    only: Vec<Measurement>,
    /// Rounds of each load [default: 5, or 3 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    #[command(flatten)]
    given: Given,
    /// Write this page, whatever was measured
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What can be measured on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measurement {
    /// Requests per second, a fresh instance for each
    Fresh,
    /// Requests per second, an instance reused for 128
    Reuse,
    /// Requests per second of a WASI 0.3 guest
    P3,
    /// Process start to the first 200
    Start,
    /// A whole run of a command
    Run,
    /// Memory of a serving process
    Memory,
    /// Instantiation, and memory of a loaded component
    Component,
    /// Size of the binary
    Binary,
    /// Start of a JavaScript component
    Javascript,
}

const SECTION: page::Section = page::Section {
    command: "host",
    heading: "host",
};

/// How often each thing is measured.
struct Effort {
    rounds: Rounds,
    memory_rounds: Rounds,
    starts: usize,
    runs: usize,
    components: u32,
    javascript_cold: usize,
    javascript_warm: usize,
}

impl Effort {
    fn new(args: &Args) -> Self {
        let count = args.rounds.unwrap_or(if args.quick { 3 } else { 5 }) as usize;
        let rounds = |count, seconds| Rounds {
            count,
            duration: Duration::from_secs(seconds),
        };
        if args.quick {
            Self {
                rounds: rounds(count, 3),
                memory_rounds: rounds(1, 3),
                starts: 10,
                runs: 10,
                components: 50,
                javascript_cold: 1,
                javascript_warm: 5,
            }
        } else {
            Self {
                rounds: rounds(count, 6),
                memory_rounds: rounds(3, 6),
                starts: 30,
                runs: 50,
                components: 200,
                javascript_cold: 3,
                javascript_warm: 20,
            }
        }
    }
}

/// Measures what `args` ask for and prints it.
pub(crate) fn run(args: Args) -> Result<()> {
    let effort = Effort::new(&args);
    let sides = Sides::prepare(args.given)?;

    let busy_before = machine::busy_percent_before()?;
    let (outcomes, failures) = measured(&args.only, |measurement, _| {
        measure(&sides, &effort, measurement)
    });

    let text = format!(
        "Made by `cargo xtask bench host{}`; `TMP` stands for a temporary directory.\n\n{}{}\n{}",
        if args.quick { " --quick" } else { "" },
        machine::describe(&sides.versions()?)?,
        machine::disturbance(busy_before, machine::busy_percent()?, "these numbers are"),
        report::markdown(&outcomes)
    );
    println!("{text}");
    let whole = args.only.is_empty() && !args.quick;
    let default = || whole.then(|| repository::root().join("docs/benchmarks.md"));
    if let Some(path) = args.out.or_else(default) {
        page::write(&path, SECTION, &text)?;
        eprintln!("bench: wrote {}", path.display());
    }
    if failures > 0 {
        bail!("{failures} of {} measurements failed", outcomes.len());
    }
    Ok(())
}

fn measure(sides: &Sides, effort: &Effort, measurement: Measurement) -> Result<Outcome> {
    match measurement {
        Measurement::Fresh => load::fresh(sides, effort.rounds),
        Measurement::Reuse => load::reused(sides, effort.rounds),
        Measurement::P3 => load::p3(sides, effort.rounds),
        Measurement::Start => start::serve(sides, effort.starts),
        Measurement::Run => start::run(sides, effort.runs),
        Measurement::Memory => memory::serving(sides, effort.memory_rounds),
        Measurement::Component => components::measure(sides, effort.components),
        Measurement::Binary => memory::binary(sides),
        Measurement::Javascript => {
            start::javascript(sides, effort.javascript_cold, effort.javascript_warm)
        }
    }
}
