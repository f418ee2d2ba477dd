//! `cargo xtask sim`: many agents in virtual time, under many seeds.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};
use std::num::NonZero;
use std::ops::Range;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::value_parser;
use gary_sim::{Mutation, Report, Transcript, Tried};

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
    /// Of that, print only what agents deal in with one another
    #[arg(long, requires = "replay")]
    brief: bool,
    /// Put this fault, or each that has a name, into the world of these seeds: something has to catch it
    #[arg(long, value_name = "FAULT", num_args = 0..=1, value_parser = fault)]
    mutate: Option<Option<Mutation>>,
}

/// Reads a fault by its name.
fn fault(name: &str) -> Result<Mutation> {
    let mut all = Mutation::ALL.into_iter();
    let found = all.find(|its| its.to_string() == name);
    found.with_context(|| {
        let names = Mutation::ALL.map(|its| its.to_string()).join(", ");
        format!("there is no fault of that name, but {names}")
    })
}

/// Runs seeds, or one again.
pub(crate) fn run(args: &Args) -> Result<()> {
    let seeds = |count| seeds(args.first, args.seeds.unwrap_or(count));
    match (args.replay, args.mutate) {
        (Some(_), Some(None)) => {
            bail!("a replay has one fault: say which, as in --mutate NeverStops")
        }
        (Some(seed), fault) => replay(seed, fault.flatten(), args.brief),
        (None, Some(Some(fault))) => mutate(&[fault], seeds(MUTATED_SEEDS)?),
        (None, Some(None)) => mutate(&Mutation::ALL, seeds(MUTATED_SEEDS)?),
        (None, None) => many(seeds(CI_SEEDS)?),
    }
}

/// So many seeds from the first on.
fn seeds(first: u64, count: u64) -> Result<Range<u64>> {
    let end = first.checked_add(count);
    let end = end.with_context(|| {
        let last = u64::MAX - 1;
        format!("there are no {count} seeds from {first} on: the last is {last}")
    })?;
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
    let run_seed = |seed| gary_sim::run_seed(seed, None);
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
    print(&shown(&report, began.elapsed()))?;
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

/// What came of many seeds.
fn shown(report: &Report, took: Duration) -> String {
    let mut text = format!(
        "{} runs of {} nodes in all: {} s of virtual time in {:.1} s, {} frames\n",
        report.runs,
        report.nodes,
        report.virtual_time.as_secs(),
        took.as_secs_f64(),
        report.frames,
    );
    text += &row("", "property, and how often it was put to the test");
    for (property, count) in &report.premises {
        text += &row(count, property);
    }
    for (seed, violation) in &report.failures {
        let replay = gary_sim::replay_line(*seed);
        text += &format!("seed {seed}: {violation}\n    {replay}\n");
    }
    text
}

/// Tries these faults under these seeds, and prints what caught each.
fn mutate(faults: &[Mutation], seeds: Range<u64>) -> Result<()> {
    let count = seeds.end - seeds.start;
    let (mut done, mut tried) = (0, Vec::new());
    let try_one = |fault| gary_sim::try_mutation(fault, seeds.clone());
    on_all_processors(faults.iter().copied(), try_one, |its| {
        done += 1;
        eprintln!("{done} of {}: {}", faults.len(), its.mutation);
        tried.push(its);
    });
    tried.sort_by_key(|its| its.mutation);
    let mut text = row(
        "seeds",
        "fault, and which properties failed first, under how many",
    );
    for its in &tried {
        text += &row(its.runs, its.mutation);
        for (property, count) in &its.caught {
            text += &row("", format!("{count:>4}  {property}"));
        }
        if !its.is_caught() {
            text += &row("", "   0  nothing has caught it");
        }
    }
    print(&text)?;
    let missed = tried.iter().filter(|its| !its.is_caught());
    let missed: Vec<String> = missed.map(|its: &Tried| its.mutation.to_string()).collect();
    let missed = missed.join(", ");
    match missed.is_empty() {
        true => Ok(()),
        false if count < MUTATED_SEEDS => bail!(
            "nothing has caught {missed}, and {count} seeds may be too few: try --seeds {MUTATED_SEEDS}"
        ),
        false => bail!("nothing has caught {missed}"),
    }
}

/// A line of a table: a number, and what it is of.
fn row(count: impl Display, what: impl Display) -> String {
    format!("{count:>10}  {what}\n")
}

/// Prints all of a text, or as much as somebody reads.
fn print(text: &str) -> Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever reads along has read enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("cannot print what came of it"),
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

/// Runs one seed again, as it is or with a fault in its world, and prints what was said. What came of it goes to
/// standard error, where a pager leaves it.
fn replay(seed: u64, fault: Option<Mutation>, is_brief: bool) -> Result<()> {
    let transcript = match is_brief {
        true => Transcript::of_dealings(),
        false => Transcript::default(),
    };
    let outcome = match fault {
        Some(fault) => gary_sim::run_with(seed, |node| fault.adapter(seed, node), Some(transcript)),
        None => gary_sim::run_seed(seed, Some(transcript)),
    };
    print(outcome.transcript.as_deref().unwrap_or_default())?;
    if let Some(violation) = outcome.violation {
        bail!("{violation}");
    }
    let (nodes, seconds) = (outcome.nodes, outcome.virtual_time.as_secs());
    eprintln!("no property failed under seed {seed}: {nodes} nodes, {seconds} s of virtual time");
    let untested: Vec<String> = outcome.unchecked().map(|its| its.to_string()).collect();
    if !untested.is_empty() {
        eprintln!("not put to the test: {}", untested.join(", "));
    }
    Ok(())
}
