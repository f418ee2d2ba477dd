//! `cargo xtask sim`: many agents in virtual time, under many seeds.

use std::io::{self, ErrorKind, Write as _};
use std::num::NonZero;
use std::ops::Range;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::value_parser;
use gary_sim::{Mutation, Report, Tried};

/// How many seeds `cargo xtask ci` runs.
pub(crate) const CI_SEEDS: u64 = 300;

/// How many seeds each fault is tried under.
const MUTATED_SEEDS: u64 = 16;

/// Run the simulator, and say how often each property was put to the test
///
/// What the properties are, and how a transcript is read, stands in docs/PROMISES.md.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many seeds to run [default: 300, or 16 with --mutate]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    seeds: Option<u64>,
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
        None if args.mutate => mutate(seeds(args.first, args.seeds.unwrap_or(MUTATED_SEEDS))?),
        None => many(seeds(args.first, args.seeds.unwrap_or(CI_SEEDS))?),
    }
}

/// So many seeds from the first on.
fn seeds(first: u64, count: u64) -> Result<Range<u64>> {
    let end = first.checked_add(count);
    let end = end.with_context(|| format!("there are no {count} seeds from {first} on"))?;
    Ok(first..end)
}

/// How many seeds are run between two words about how far it is.
const SEEDS_BETWEEN_WORDS: u64 = 1_000;

/// Runs seeds, as many at once as there are processors: each is a world of its own on one thread, and what comes of
/// it is the same whatever runs beside it.
///
/// # Errors
/// When a property does not hold under one of them, or none of them puts it to the test.
pub(crate) fn many(seeds: Range<u64>) -> Result<()> {
    let began = Instant::now();
    let count = seeds.end - seeds.start;
    let mut report = Report::default();
    let run_seed = |seed| gary_sim::run_seed(seed, false);
    on_all_processors(seeds, run_seed, |outcome| {
        if let Some(violation) = &outcome.violation {
            eprintln!("seed {}: {violation}", outcome.seed);
        }
        report.add(outcome);
        if report.runs % SEEDS_BETWEEN_WORDS == 0 && report.runs < count {
            let seconds = began.elapsed().as_secs();
            eprintln!("{} of {count} seeds after {seconds} s", report.runs);
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
    match report.failures.len() {
        0 => {}
        failed => bail!("a property does not hold under {failed} of {count} seeds"),
    }
    let unchecked: Vec<String> = report.unchecked().map(|its| its.to_string()).collect();
    if !unchecked.is_empty() {
        let unchecked = unchecked.join(", ");
        bail!(
            "nothing failed, but {count} seeds are too few, try --seeds {CI_SEEDS}: none put this to the test: {unchecked}"
        );
    }
    Ok(())
}

/// Tries every named fault under these seeds, and prints what caught it.
fn mutate(seeds: Range<u64>) -> Result<()> {
    let (mut done, mut tried) = (0, Vec::new());
    let try_one = |mutation| gary_sim::try_mutation(mutation, seeds.clone());
    on_all_processors(Mutation::ALL, try_one, |its| {
        done += 1;
        eprintln!("{done} of {}: {}", Mutation::ALL.len(), its.mutation);
        tried.push(its);
    });
    tried.sort_by_key(|its| its.mutation);
    for its in &tried {
        println!("{}, {} runs", its.mutation, its.runs);
        for (property, count) in &its.caught {
            println!("{count:>10}  {property}");
        }
    }
    let missed = tried.iter().filter(|its| !its.is_caught());
    let missed: Vec<String> = missed.map(|its: &Tried| its.mutation.to_string()).collect();
    match missed.is_empty() {
        true => Ok(()),
        false => bail!("nothing has caught {}", missed.join(", ")),
    }
}

/// Does the work on all items, as many at once as there are processors, and takes in what comes of each as it comes.
fn on_all_processors<T, R: Send>(
    items: impl IntoIterator<Item = T, IntoIter: Send>,
    work: impl Fn(T) -> R + Sync,
    mut take: impl FnMut(R),
) {
    let items = Mutex::new(items.into_iter());
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            let (tell, next, work) = (tell.clone(), &next, &work);
            scope.spawn(move || {
                while let Some(item) = next() {
                    if tell.send(work(item)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tell);
        told.into_iter().for_each(&mut take);
    });
}

/// Runs one seed again and prints what was said. What came of it goes to standard error, where a pager leaves it.
fn replay(seed: u64) -> Result<()> {
    let outcome = gary_sim::run_seed(seed, true);
    let transcript = outcome.transcript.unwrap_or_default();
    match io::stdout().write_all(transcript.as_bytes()) {
        // Whoever reads along has read enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        printed => printed.context("cannot print the transcript")?,
    }
    if let Some(violation) = outcome.violation {
        bail!("{violation}");
    }
    let (nodes, seconds) = (outcome.nodes, outcome.virtual_time.as_secs());
    eprintln!("every property held under seed {seed}: {nodes} nodes, {seconds} s of virtual time");
    Ok(())
}
