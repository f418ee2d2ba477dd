//! Many replicas over many nodes on this machine: from the deploy until all of them are bound, and run.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::super::report::Outcome;
use super::deadline::Deadline;
use super::dev::Dev;
use super::installation::Installation;
use super::weights::{available_bytes, pss_kib};

/// Longest for each number of replicas.
const LIMIT: Duration = Duration::from_secs(120);
/// What a replica is promised: twenty nodes of `gary dev`, of a gibibyte each, promise it 13,653 times.
const MEMORY: &str = "1536KiB";
const CPU: &str = "0.001";
/// Memory that is left to the rest of the machine. With less, what there was is told and nothing more is waited for.
const SPARE_BYTES: u64 = 2 << 30;

/// How far it got.
struct Reached {
    bound: usize,
    running: usize,
    /// When all were bound, and when all ran.
    all_bound: Option<Duration>,
    all_running: Option<Duration>,
    committed: Duration,
    waited: Duration,
    pss_mb: f64,
}

/// Tries the numbers in turn, until one is reached.
pub(super) fn measure(
    installation: &Installation,
    guest: &Path,
    nodes: usize,
    replicas: &[usize],
) -> Result<Outcome> {
    let mut outcome = Outcome::new(
        &format!("Many replicas over {nodes} processes"),
        &[
            "replicas",
            "committed",
            "all bound",
            "all run",
            "Pss of all nodes",
        ],
    );
    for &count in replicas {
        let reached = attempt(
            installation.another(&count.to_string())?,
            guest,
            nodes,
            count,
        )?;
        let when = |at: Option<Duration>, so_far: usize| match at {
            Some(at) => format!("{:.2} s", at.as_secs_f64()),
            None => format!("**{so_far} after {:.0} s**", reached.waited.as_secs_f64()),
        };
        let row = vec![
            count.to_string(),
            format!("{:.2} s", reached.committed.as_secs_f64()),
            when(reached.all_bound, reached.bound),
            when(reached.all_running, reached.running),
            format!("{:.0} MB", reached.pss_mb),
        ];
        eprintln!("bench: many: {}", row.join(", "));
        outcome.figures.push(row);
        if reached.all_running.is_some() {
            break;
        }
    }
    outcome.notes.push(format!(
        "One workload, hello_http.wasm, by `gary deploy --replicas N --memory {MEMORY} --cpu {CPU}`, on {nodes} nodes of \
         `gary dev`, all on this machine's processors. The clock runs from before the process of `gary deploy` is made \
         until `gary ps --json` lists all replicas for kept, and for running; it is called again and again, and takes \
         part of the processors meanwhile. A number that was not reached within {} s is followed by a smaller one.",
        LIMIT.as_secs()
    ));
    Ok(outcome)
}

fn attempt(
    installation: Installation,
    guest: &Path,
    nodes: usize,
    replicas: usize,
) -> Result<Reached> {
    let dev = Dev::up(installation, nodes)?;
    let guest = guest.to_string_lossy();
    let count = replicas.to_string();
    let limit = Deadline::within(LIMIT);
    let began = Instant::now();
    dev.installation()
        .begins(&[
            "deploy",
            &guest,
            "--name",
            "many",
            "--replicas",
            &count,
            "--memory",
            MEMORY,
            "--cpu",
            CPU,
            "--no-wait",
        ])?
        .ends(limit)?;
    let committed = began.elapsed();

    let mut reached = Reached {
        bound: 0,
        running: 0,
        all_bound: None,
        all_running: None,
        committed,
        waited: committed,
        pss_mb: 0.0,
    };
    // What fails here is not a failure of the benchmark: it is told how far it came.
    let waited = limit.until("all replicas run", || {
        // A node that is busy may not answer in time.
        let hostings = dev.hostings().unwrap_or_default();
        reached.waited = began.elapsed();
        reached.bound = hostings.len();
        reached.running = hostings.iter().filter(|its| its.runs).count();
        eprintln!(
            "bench: many, {:.1} s: {} bound, {} run",
            reached.waited.as_secs_f64(),
            reached.bound,
            reached.running
        );
        if reached.bound >= replicas {
            reached.all_bound.get_or_insert(reached.waited);
        }
        if reached.running >= replicas {
            reached.all_running = Some(reached.waited);
        }
        let is_full = available_bytes()? < SPARE_BYTES;
        Ok((reached.all_running.is_some() || is_full).then_some(()))
    });
    if let Err(error) = waited {
        eprintln!("bench: many, {replicas}: {error:#}");
    }
    for node in dev.nodes()? {
        reached.pss_mb += pss_kib(node.pid)? * 1024.0 / 1e6;
    }
    dev.down()?;
    Ok(reached)
}
