//! Requests per second through the ingress: of a workload that is hosted there, and of one that is a hop away.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::super::invocation::Invocation;
use super::super::load::Rounds;
use super::super::process::Server;
use super::super::report::{Comparison, Goal, Outcome};
use super::super::stats::{Spread, Unit};
use super::super::wrk::{self, Load};
use super::asking::host_of;
use super::dev::Dev;
use super::installation::Installation;

const NODES: usize = 3;
const NAME: &str = "hello";
/// Load before the measured one.
const WARM_UP: Duration = Duration::from_secs(1);

/// What the replica is promised: all of this machine, so that nothing is held back. A node holds a replica to it.
const CPU: &str = "2";

/// Who is loaded, in the order of the columns below.
const SIDES: [&str; 4] = [
    "gary run",
    "gary run --cpu 2",
    "ingress of the host",
    "ingress one hop away",
];
const RUN: usize = 0;
const RUN_HELD: usize = 1;
const LOCAL: usize = 2;
const HOP: usize = 3;

/// Loads each in turn, in every round.
pub(super) fn measure(installation: Installation, guest: &Path, rounds: Rounds) -> Result<Outcome> {
    let alone = installation.another("alone")?;
    let dev = Dev::up(installation, NODES)?;
    let file = guest.to_string_lossy();
    dev.installation()
        .does(&["deploy", &file, "--name", NAME, "--cpu", CPU, "--wait"])?;
    let hostings = dev.hostings()?;
    let host = hostings.first().context("nobody hosts it")?;
    let nodes = dev.nodes()?;
    let ingress = |is_host: bool| {
        let node = nodes
            .iter()
            .find(|node| (node.name == host.node) == is_host);
        node.map(|node| node.ingress).context("a node is missing")
    };
    let (local, hop) = (ingress(true)?, ingress(false)?);
    let run = alone.invocation(&["run", &file]);
    let run_held = alone.invocation(&["run", "--cpu", CPU, &file]);

    let mut loads: [Vec<Load>; SIDES.len()] = Default::default();
    for round in 0..rounds.count {
        for turn in 0..SIDES.len() {
            // Each goes first in some round, so that none always follows the same one.
            let side = (round + turn) % SIDES.len();
            let load = match side {
                RUN => alone_under(&run, rounds.duration)?,
                RUN_HELD => alone_under(&run_held, rounds.duration)?,
                LOCAL => through(local, rounds.duration)?,
                _ => through(hop, rounds.duration)?,
            };
            eprintln!(
                "bench: traffic, round {} of {}: {} {}, p99 {}",
                round + 1,
                rounds.count,
                SIDES[side],
                Unit::PerSecond.show(load.requests_per_second),
                Unit::Milliseconds.show(load.p99_ms)
            );
            loads[side].push(load);
        }
    }
    dev.down()?;
    outcome(&loads, rounds)
}

fn alone_under(run: &Invocation, duration: Duration) -> Result<Load> {
    let server = Server::start(run)?;
    wrk::run(server.addr(), WARM_UP)?;
    wrk::run(server.addr(), duration)
}

fn through(ingress: SocketAddr, duration: Duration) -> Result<Load> {
    wrk::run_host(ingress, &host_of(NAME), WARM_UP)?;
    wrk::run_host(ingress, &host_of(NAME), duration)
}

fn outcome(loads: &[Vec<Load>; SIDES.len()], rounds: Rounds) -> Result<Outcome> {
    let column =
        |side: usize, of: fn(&Load) -> f64| -> Vec<f64> { loads[side].iter().map(of).collect() };
    let mut outcome = Outcome::new(
        "Requests through the ingress",
        &["", "requests/s", "p50", "p99"],
    );
    for (side, name) in SIDES.iter().enumerate() {
        outcome.figures.push(vec![
            (*name).to_owned(),
            Spread::of(&column(side, |load| load.requests_per_second))?.show(Unit::PerSecond),
            Spread::of(&column(side, |load| load.p50_ms))?.show(Unit::Milliseconds),
            Spread::of(&column(side, |load| load.p99_ms))?.show(Unit::Milliseconds),
        ]);
    }
    for (ours, theirs, goals) in [
        (LOCAL, RUN, vec![Goal::aim_at_least(0.95)]),
        (LOCAL, RUN_HELD, Vec::new()),
        (HOP, LOCAL, vec![Goal::aim_at_least(0.6)]),
    ] {
        outcome.comparisons.push(Comparison::ratio(
            format!("requests/s, {} against {}", SIDES[ours], SIDES[theirs]),
            (
                &column(ours, |load| load.requests_per_second),
                &column(theirs, |load| load.requests_per_second),
            ),
            Unit::PerSecond,
            goals,
        )?);
    }
    outcome.notes.push(format!(
        "{} rounds; in each, every side is warmed for {} s and loaded with `{}` in turn, hello_http.wasm with a fresh \
         instance for each request. {NODES} nodes of `gary dev` run all the while and host one replica, deployed with `--cpu \
         {CPU}`: a node holds a replica to what it is promised, a tenth of a core where nothing says how much, and counts \
         its processor time for that, as `gary run --cpu` does and `gary run` does not. `gary run` is started afresh. Load, both nodes of a hop and the guest share this machine's processors, so that what a hop \
         costs, it costs the guest. A ratio is taken within each round.",
        rounds.count,
        WARM_UP.as_secs(),
        wrk::shown(rounds.duration)
    ));
    Ok(outcome)
}
