//! `cargo xtask bench core`: the promise core in virtual time, from ten agents to a million replicas.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use gary_sim::scale::{
    Costs, DealingsShape, Handling, MillionShape, Pace, Timings, UpdateShape, WholeShape, chatter,
    commits, deaths, deploys, handling_of_dealings, handling_of_whole, million, names, successions,
    update,
};

use super::core_tables::{
    chatter_outcome, costs_shown, deaths_outcome, deploys_outcome, handling_outcome,
    million_outcome,
};
use super::custody_tables::{commits_outcome, names_outcome, successions_outcome, updates_outcome};
use super::report::{self, Outcome};
use super::usage::{ThreadClock, Usage, resident_kib};
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
    /// From a deploy or an update until it is committed, and what is said and written for it
    Commit,
    /// From a keeper's death until another keeps what it kept
    Succession,
    /// Ten thousand names in custody
    Names,
    /// From an update until all of it runs
    Update,
    /// A million replicas
    Million,
}

/// How long it takes from one keeper to another and back: in one room, and across an ocean.
const ROUND_TRIPS: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(80)];

/// How many more and how many fewer than are used may run because of an update: by default, and in haste.
const PACES: [(u32, u32); 2] = [(1, 0), (100, 0)];

/// How much is measured.
struct Effort {
    /// How many agents, and for how long.
    chatter: &'static [(usize, u64)],
    /// How many agents, how many replicas, how often.
    deploys: &'static [(usize, usize, usize)],
    deaths: usize,
    /// On how many agents, and how often.
    commits: (usize, usize),
    successions: (usize, usize),
    /// On how many agents, how many, and for how long nothing happens then.
    names: (usize, usize, u64),
    /// How many agents, how many replicas.
    updates: (usize, usize),
    million: MillionShape,
    whole: WholeShape,
    dealings: DealingsShape,
}

impl Effort {
    const FULL: Self = Self {
        chatter: &[(10, 60), (100, 60), (1000, 60), (5000, 15)],
        deploys: &[(100, 1, 100), (100, 100, 100), (1000, 10_000, 10)],
        deaths: 150,
        commits: (100, 50),
        successions: (100, 20),
        names: (100, 10_000, 60),
        updates: (100, 1_000),
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
        commits: (20, 10),
        successions: (20, 3),
        names: (20, 200, 30),
        updates: (20, 50),
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
    let busy_before = machine::busy_percent_before()?;
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
        Measurement::Commit => {
            let (agents, times) = effort.commits;
            let mut measured = Vec::new();
            for round_trip in ROUND_TRIPS {
                eprintln!("bench: {times} commits with {round_trip:?} between keepers");
                let costs = Costs {
                    latency: round_trip / 2,
                    ..costs.clone()
                };
                measured.push((round_trip, commits(agents, times, seed, &costs)));
            }
            Ok(vec![commits_outcome((agents, times), &measured, &usage)?])
        }
        Measurement::Succession => {
            let (agents, times) = effort.successions;
            eprintln!("bench: {times} deaths of keepers");
            let its = successions(agents, times, seed, costs);
            Ok(vec![successions_outcome((agents, times), &its, &usage)?])
        }
        Measurement::Names => {
            let (agents, count, seconds) = effort.names;
            eprintln!("bench: {count} names in custody");
            let (span, mut resident) = (Duration::from_secs(seconds), Vec::new());
            let its = names((agents, count), span, seed, costs, || {
                resident.push(resident_kib());
            });
            let resident = resident.into_iter().collect::<Result<Vec<f64>>>()?;
            Ok(vec![names_outcome(
                (agents, count, seconds),
                &its,
                &resident,
                &usage,
            )?])
        }
        Measurement::Update => {
            let (agents, replicas) = effort.updates;
            let mut measured = Vec::new();
            for (max_surge, max_unavailable) in PACES {
                eprintln!(
                    "bench: an update of {replicas} replicas, {max_surge} more and {max_unavailable} fewer"
                );
                let pace = Pace::new(max_surge, max_unavailable).context("no such pace")?;
                let shape = UpdateShape {
                    agents,
                    replicas,
                    pace,
                    patience: Duration::from_secs(7_200),
                };
                measured.push((shape, update(shape, seed, costs)));
            }
            Ok(vec![updates_outcome(&measured, &usage)?])
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
