//! `cargo xtask sim`: many agents in virtual time, under many seeds.

use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use anyhow::{Result, bail};
use gary_sim::Report;

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

/// How many seeds are run between two words about how far it is.
const SEEDS_BETWEEN_WORDS: u64 = 1_000;

/// Runs `count` seeds from `first` on, as many at once as there are processors: each is a world of its own on one
/// thread, and what comes of it is the same whatever runs beside it.
///
/// # Errors
/// When a property does not hold under one of them, or none of them puts it to the test.
pub(crate) fn many(first: u64, count: u64) -> Result<()> {
    let began = Instant::now();
    let (next, end) = (AtomicU64::new(first), first.saturating_add(count));
    let mut report = Report::default();
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            let (tell, next) = (tell.clone(), &next);
            scope.spawn(move || {
                let seeds = std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)));
                for seed in seeds.take_while(|seed| *seed < end) {
                    if tell.send(gary_sim::run_seed(seed, false)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tell);
        for outcome in told {
            if let Some(violation) = &outcome.violation {
                eprintln!("seed {}: {violation}", outcome.seed);
            }
            report.add(outcome);
            if report.runs % SEEDS_BETWEEN_WORDS == 0 && report.runs < count {
                let seconds = began.elapsed().as_secs();
                eprintln!("{} of {count} seeds after {seconds} s", report.runs);
            }
        }
    });
    report.failures.sort_by_key(|(seed, _)| *seed);
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
