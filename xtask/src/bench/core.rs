//! `cargo xtask bench core`: the promise core in virtual time, from ten agents to a million replicas.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use gary_sim::scale::{
    Costs, DealingsShape, Handling, MillionShape, Timings, WholeShape, chatter, deaths, deploys,
    handling_of_dealings, handling_of_whole, million,
};

use super::core_tables::{
    chatter_outcome, costs_shown, deaths_outcome, deploys_outcome, handling_outcome,
    million_outcome,
};
use super::report::{self, Outcome};
use super::usage::{ThreadClock, Usage};
use super::{machine, page, release};
use crate::repository;

const SECTION: page::Section = page::Section {
    command: "core",
    heading: "The promise core",
};

/// Measure the promise core in virtual time, and write docs/benchmarks.md.
///
/// The page is written by a run of everything at full length, which takes about half an hour and 18 GB of memory;
/// others print only.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Measure small clusters briefly, and only print
    #[arg(long)]
    quick: bool,
    /// Measure only this, and only print; may be repeated
    #[arg(long, value_enum, value_name = "NAME")]
    only: Vec<Measurement>,
    /// Seed of all random numbers
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
    /// Write this page too, whatever was measured
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What can be measured on its own. What handling takes is always measured: virtual time charges it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measurement {
    /// What agents say to one another, idle and under churn
    Chatter,
    /// From a deploy until all of it runs
    Deploy,
    /// From a host's death until its slots are bound elsewhere
    Death,
    /// A million replicas
    Million,
}

/// How much is measured.
struct Effort {
    /// How many agents, and for how long.
    chatter: &'static [(usize, u64)],
    /// How many agents, how many replicas, how often.
    deploys: &'static [(usize, usize, usize)],
    deaths: usize,
    million: MillionShape,
    whole: WholeShape,
    dealings: DealingsShape,
}

impl Effort {
    const FULL: Self = Self {
        chatter: &[(10, 60), (100, 60), (1000, 60), (5000, 15)],
        deploys: &[(100, 1, 100), (100, 100, 100), (1000, 10_000, 10)],
        deaths: 150,
        million: MillionShape {
            agents: 6100,
            workloads: 1000,
            replicas: 1000,
            patience: Duration::from_secs(900),
        },
        whole: WholeShape {
            agents: 100,
            span: Duration::from_secs(30),
        },
        dealings: DealingsShape {
            agents: 2440,
            workloads: 8,
            replicas: 1000,
        },
    };
    const QUICK: Self = Self {
        chatter: &[(10, 10), (100, 10)],
        deploys: &[(100, 1, 10), (100, 100, 10), (100, 2000, 3)],
        deaths: 20,
        million: MillionShape {
            agents: 61,
            workloads: 10,
            replicas: 1000,
            ..Self::FULL.million
        },
        whole: WholeShape {
            agents: 30,
            span: Duration::from_secs(10),
        },
        dealings: DealingsShape {
            agents: 610,
            workloads: 2,
            ..Self::FULL.dealings
        },
    };
}

/// Measures what `args` ask for and prints it, in a release build of this program.
pub(crate) fn run(args: &Args) -> Result<()> {
    if cfg!(debug_assertions) {
        return run_in_release();
    }
    let effort = if args.quick {
        Effort::QUICK
    } else {
        Effort::FULL
    };
    let busy_before = machine::busy_percent()?;
    if busy_before > machine::QUIET_BUSY_PERCENT {
        eprintln!("bench: the machine is {busy_before:.0}% busy with something else: expect noise");
    }
    eprintln!("bench: what handling takes");
    let timings = timings(&effort, args.seed);
    let costs = Costs::usual(Handling::measured(&timings));
    let mut outcomes = vec![handling_outcome(&timings)];
    for measurement in Measurement::value_variants() {
        if args.only.is_empty() || args.only.contains(measurement) {
            outcomes.extend(measure(*measurement, &effort, &costs, args.seed)?);
        }
    }
    let text = format!(
        "Made by `cargo xtask bench core{}`, seed {}.\n\n{}{}\n{}\n{}",
        if args.quick { " --quick" } else { "" },
        args.seed,
        machine::describe(&[])?,
        machine::disturbance(
            busy_before,
            machine::busy_percent()?,
            "what handling takes, and virtual time with it, is in part",
        ),
        costs_shown(&costs),
        report::markdown(&outcomes)
    );
    println!("{text}");
    let whole = args.only.is_empty() && !args.quick;
    let default = || whole.then(|| repository::root().join("docs/benchmarks.md"));
    if let Some(path) = args.out.clone().or_else(default) {
        page::write(&path, SECTION, &text)?;
        eprintln!("bench: wrote {}", path.display());
    }
    Ok(())
}

/// The same command, by a release build: a simulation of thousands is worth the wait for one.
fn run_in_release() -> Result<()> {
    let program = release::build(&[])?;
    let status = Command::new(&program)
        .args(std::env::args_os().skip(1))
        .status()
        .with_context(|| format!("{} did not start", program.display()))?;
    if !status.success() {
        bail!("{} ended with {status}", program.display());
    }
    Ok(())
}

fn timings(effort: &Effort, seed: u64) -> Timings {
    let mut timings = handling_of_dealings(effort.dealings, seed, Box::new(ThreadClock));
    timings.join(handling_of_whole(effort.whole, seed, Box::new(ThreadClock)));
    timings
}

fn measure(
    measurement: Measurement,
    effort: &Effort,
    costs: &Costs,
    seed: u64,
) -> Result<Vec<Outcome>> {
    let usage = Usage::begin();
    match measurement {
        Measurement::Chatter => {
            let mut measured = Vec::new();
            for (agents, seconds) in effort.chatter {
                eprintln!("bench: what {agents} agents say");
                let span = Duration::from_secs(*seconds);
                measured.push(chatter(*agents, span, seed, costs, || {}));
            }
            Ok(vec![chatter_outcome(&measured, &usage)?])
        }
        Measurement::Deploy => {
            let mut measured = Vec::new();
            for (agents, replicas, times) in effort.deploys {
                eprintln!("bench: {times} deploys of {replicas} on {agents} agents");
                let its = deploys(*agents, *replicas, *times, seed, costs);
                measured.push((*agents, *replicas, *times, its));
            }
            Ok(vec![deploys_outcome(&measured, &usage)?])
        }
        Measurement::Death => {
            eprintln!("bench: {} deaths", effort.deaths);
            let its = deaths(100, effort.deaths, seed, costs);
            Ok(vec![deaths_outcome(&its, &usage)?])
        }
        Measurement::Million => {
            let shape = effort.million;
            eprintln!("bench: {} replicas", shape.workloads * shape.replicas);
            let its = million(shape, seed, costs, |after, bound, running| {
                eprintln!("bench: {bound} bound and {running} running after {after:?}");
            });
            Ok(vec![million_outcome(shape, &its, &usage)?])
        }
    }
}
