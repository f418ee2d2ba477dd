//! `cargo xtask sim`: many agents in virtual time, under many seeds.

use std::time::Instant;

use anyhow::{Result, bail};

/// How many seeds `cargo xtask ci` runs.
pub(crate) const CI_SEEDS: u64 = 300;

/// Run the simulator, and say how often each property was put to the test
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many seeds to run
    #[arg(long, value_name = "N", default_value_t = CI_SEEDS)]
    seeds: u64,
    /// The first of them
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    first: u64,
    /// Run this seed alone, and print what was said
    #[arg(long, value_name = "SEED", conflicts_with_all = ["seeds", "first"])]
    replay: Option<u64>,
    /// Put each named fault into the world of these seeds: something has to catch it
    #[arg(long, conflicts_with = "replay")]
    mutate: bool,
}

/// Runs seeds, or one again.
pub(crate) fn run(args: &Args) -> Result<()> {
    match args.replay {
        Some(seed) => replay(seed),
        None if args.mutate => mutate(args.first, args.seeds),
        None => many(args.first, args.seeds),
    }
}

/// Runs `count` seeds from `first` on.
///
/// # Errors
/// When a property does not hold under one of them, or none of them puts it to the test.
pub(crate) fn many(first: u64, count: u64) -> Result<()> {
    let began = Instant::now();
    let report = gary_sim::run(first..first.saturating_add(count));
    println!(
        "{} runs of {} nodes in all: {} s of virtual time in {:.1} s, {} frames",
        report.runs,
        report.nodes,
        report.virtual_time.as_secs(),
        began.elapsed().as_secs_f64(),
        report.frames,
    );
    println!("{:>10}  property, and how often it was put to the test", "");
    for (property, count) in &report.premises {
        println!("{count:>10}  {property}");
    }
    for (seed, violation) in &report.failures {
        println!(
            "seed {seed}: {violation}\n    {}",
            gary_sim::replay_line(*seed)
        );
    }
    let unchecked: Vec<String> = report.unchecked().map(|its| its.to_string()).collect();
    if !unchecked.is_empty() {
        bail!("no seed put this to the test: {}", unchecked.join(", "));
    }
    match report.failures.len() {
        0 => Ok(()),
        failed => bail!("a property does not hold under {failed} of {count} seeds"),
    }
}

/// Tries every named fault under these seeds, and prints what caught it.
fn mutate(first: u64, count: u64) -> Result<()> {
    let tried = gary_sim::try_mutations(first..first.saturating_add(count));
    for its in &tried {
        println!("{}, {} runs", its.mutation, its.runs);
        for (property, count) in &its.caught {
            println!("{count:>10}  {property}");
        }
    }
    match tried.iter().filter(|its| !its.is_caught()).count() {
        0 => Ok(()),
        missed => bail!("nothing has caught {missed} of {} faults", tried.len()),
    }
}

fn replay(seed: u64) -> Result<()> {
    let outcome = gary_sim::run_seed(seed, true);
    println!("{}", outcome.transcript.unwrap_or_default());
    match outcome.violation {
        Some(violation) => bail!("{violation}"),
        None => Ok(()),
    }
}
