//! Memory of a workload that is deployed and that nobody asks for.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::super::report::{Comparison, Outcome};
use super::super::stats::Unit;
use super::asking::first_200;
use super::deadline::Deadline;
use super::dev::kept;
use super::installation::Installation;
use super::lone::Lone;
use super::weights::pss_kib;

/// Longest for the deploys: those that are made by then count.
const DEPLOYS_LIMIT: Duration = Duration::from_secs(180);
/// Longest until all of them run.
const RUNS_WITHIN: Duration = Duration::from_secs(60);
/// Longest for all of them to be asked once, and for one.
const ASKED_WITHIN: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(5);
/// Time the node is left alone before it is weighed: idle instances are dropped after a second.
const SETTLE: Duration = Duration::from_secs(5);

/// What the node promises, and each workload is promised of it.
const NODE_CPU: &str = "200";
const NODE_MEMORY: &str = "128GiB";
const CPU: &str = "0.1";
const MEMORY: &str = "64MiB";

/// Deploys so many workloads, one after the other, and weighs the node.
pub(super) fn measure(installation: Installation, guest: &Path, count: usize) -> Result<Outcome> {
    let lone = Lone::up(installation, NODE_CPU, NODE_MEMORY)?;
    let guest = guest.to_string_lossy();
    let deploy = |name: &str| {
        let args = [
            "deploy",
            &*guest,
            "--name",
            name,
            "--memory",
            MEMORY,
            "--cpu",
            CPU,
            "--no-wait",
        ];
        lone.installation().does(&args).map(drop)
    };
    // The first one has the component fetched and compiled, which is not a workload's share.
    deploy("first")?;
    runs(&lone, 1)?;
    thread::sleep(SETTLE);
    let before_kib = pss_kib(lone.pid())?;

    let limit = Deadline::within(DEPLOYS_LIMIT);
    let began = Instant::now();
    let mut names: Vec<String> = Vec::new();
    while names.len() < count && !limit.is_over() {
        let name = format!("w{}", names.len());
        deploy(&name)?;
        names.push(name);
    }
    let took = began.elapsed();
    runs(&lone, names.len() + 1)?;
    thread::sleep(SETTLE);
    let deployed_kib = pss_kib(lone.pid())?;

    let asked = Deadline::within(ASKED_WITHIN);
    for name in &names {
        let answer = first_200(lone.ingress(), name, PATIENCE, asked);
        ensure!(answer.is_some(), "{name} was not served");
    }
    thread::sleep(SETTLE);
    let asked_kib = pss_kib(lone.pid())?;

    let each = |kib: f64| (kib - before_kib) / names.len() as f64;
    let megabytes = |kib: f64| Unit::Megabytes.show(kib * 1024.0 / 1e6);
    let mut outcome = Outcome::new(
        &format!("{} idle workloads on one node", names.len()),
        &["", "Pss of the node", "of each workload"],
    );
    for (what, kib) in [
        ("none of them", before_kib),
        ("all deployed", deployed_kib),
        ("each asked once", asked_kib),
    ] {
        let share = if kib == before_kib {
            String::new()
        } else {
            Unit::Kibibytes.show(each(kib))
        };
        outcome
            .figures
            .push(vec![what.to_owned(), megabytes(kib), share]);
    }
    outcome.comparisons.push(Comparison::plain(
        format!(
            "memory of each of {} idle workloads on one node",
            names.len()
        ),
        &[each(deployed_kib)],
        Unit::Kibibytes,
        Vec::new(),
    )?);
    outcome.notes.push(format!(
        "One node by `gary node run --promise-cpu {NODE_CPU} --promise-memory {NODE_MEMORY}` keeps and hosts them all, \
         hello_http.wasm under a name each, by as many calls of `gary deploy --memory {MEMORY} --cpu {CPU}` one after the \
         other: {:.1} s for {} of them. {} s after the last one runs, and again {} s after each was asked once, the node \
         is weighed; one workload of the same component was there before.",
        took.as_secs_f64(),
        names.len(),
        SETTLE.as_secs(),
        SETTLE.as_secs(),
    ));
    Ok(outcome)
}

fn runs(lone: &Lone, count: usize) -> Result<()> {
    Deadline::within(RUNS_WITHIN).until("all that is deployed runs", || {
        let hostings = kept(&lone.installation().lists(&["ps"])?);
        let running = hostings.iter().filter(|its| its.runs).count();
        Ok((running == count).then_some(()))
    })
}
