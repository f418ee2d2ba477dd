//! What a node costs that has nothing to do.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::super::report::{Comparison, Goal, Outcome};
use super::super::stats::{Spread, Unit};
use super::dev::Dev;
use super::installation::Installation;
use super::weights::{cpu_ms, pss_kib};

/// Time the nodes are left alone before they are watched: they have just got to know each other.
const SETTLE: Duration = Duration::from_secs(5);

/// A cluster's nodes.
struct Idle {
    nodes: usize,
    megabytes: Vec<f64>,
    cpu_percent: Vec<f64>,
}

/// Watches clusters of so many nodes, one after the other, each for so long.
pub(super) fn measure(
    installation: &Installation,
    sizes: &[usize],
    watch: Duration,
) -> Result<Outcome> {
    let mut outcome = Outcome::new(
        "An idle node",
        &["nodes on this machine", "Pss of one", "of a core, each"],
    );
    for &nodes in sizes {
        let idle = of(installation.another(&nodes.to_string())?, nodes, watch)?;
        let (memory, cpu) = (Spread::of(&idle.megabytes)?, Spread::of(&idle.cpu_percent)?);
        let row = vec![
            idle.nodes.to_string(),
            memory.show(Unit::Megabytes),
            format!("{:.2} % ({:.2}–{:.2})", cpu.median, cpu.min, cpu.max),
        ];
        eprintln!("bench: idle: {}", row.join(", "));
        outcome.figures.push(row);
        let aims = |goal: Goal| if nodes == 5 { vec![goal] } else { Vec::new() };
        outcome.comparisons.push(Comparison::plain(
            format!("idle node, {nodes} on this machine: memory"),
            &idle.megabytes,
            Unit::Megabytes,
            aims(Goal::aim_at_most(30.0)),
        )?);
        outcome.comparisons.push(Comparison::plain(
            format!("idle node, {nodes} on this machine: processor"),
            &idle.cpu_percent,
            Unit::Percent,
            aims(Goal::aim_at_most(0.5)),
        )?);
    }
    outcome.notes.push(format!(
        "Nodes of `gary dev` to which nothing was deployed, watched for {} s. Pss of `/proc/PID/smaps_rollup` divides the \
         pages of the binary's file among the processes that have them, so that one node alone has them all to itself. \
         Processor time is that of `/proc/PID/stat`, in ticks of 10 ms. Median (lowest–highest) over the nodes. k3s \
         documents 268 MB for an agent.",
        watch.as_secs()
    ));
    Ok(outcome)
}

fn of(installation: Installation, nodes: usize, watch: Duration) -> Result<Idle> {
    let dev = Dev::up(installation, nodes)?;
    let running = dev.nodes()?;
    thread::sleep(SETTLE);
    let cpu = || -> Result<Vec<f64>> { running.iter().map(|node| cpu_ms(node.pid)).collect() };
    let (before, began) = (cpu()?, Instant::now());
    thread::sleep(watch);
    let (after, took) = (cpu()?, began.elapsed());
    let percent = |(before, after): (&f64, &f64)| (after - before) / took.as_secs_f64() / 10.0;
    let cpu_percent = before.iter().zip(&after).map(percent).collect();
    let megabytes: Result<Vec<f64>> = running
        .iter()
        .map(|node| Ok(pss_kib(node.pid)? * 1024.0 / 1e6))
        .collect();
    dev.down()?;
    Ok(Idle {
        nodes,
        megabytes: megabytes?,
        cpu_percent,
    })
}
