//! Requests per second under load, of several servers in turn.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::invocation::Invocation;
use super::process::Server;
use super::report::{Comparison, Goal, Outcome};
use super::sides::{Sides, TIMEOUT};
use super::stats::{Spread, Unit};
use super::wrk::{self, Load};

/// Load before the measured one: instances, connections and the processor's clock settle.
const WARM_UP: Duration = Duration::from_secs(1);

/// How often and how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rounds {
    pub(crate) count: usize,
    pub(crate) duration: Duration,
}

/// A server in the contest.
struct Side {
    name: &'static str,
    invocation: Invocation,
}

/// Two sides, by their place in the list, and what is asked of the first.
struct Pair {
    ours: usize,
    theirs: usize,
    rate: Vec<Goal>,
    p99: Vec<Goal>,
}

const GARY: usize = 0;
const GARY_EQUAL: usize = 1;
const DEFAULT: usize = 2;
const EQUAL: usize = 3;
const NATIVE: usize = 4;

/// A fresh instance for every request of the 0.2 guest.
pub(crate) fn fresh(sides: &Sides, rounds: Rounds) -> Result<Outcome> {
    let guest = sides.guest("wasm32-wasip2/release/hello_http.wasm")?;
    let p99 = || vec![Goal::floor_at_most(1.0)];
    contest(
        sides,
        rounds,
        "fresh",
        "A fresh instance for each request (0.2)",
        sides_of(sides, &guest, &[], &[]),
        vec![
            Pair {
                ours: GARY,
                theirs: DEFAULT,
                rate: vec![Goal::floor_at_least(1.5), Goal::aim_at_least(2.0)],
                p99: p99(),
            },
            Pair {
                ours: GARY_EQUAL,
                theirs: EQUAL,
                rate: vec![Goal::floor_at_least(1.1)],
                p99: p99(),
            },
            native(),
        ],
    )
}

/// The 0.2 guest with an instance that serves 128 requests.
pub(crate) fn reused(sides: &Sides, rounds: Rounds) -> Result<Outcome> {
    let guest = sides.guest("wasm32-wasip2/release/hello_http.wasm")?;
    contest(
        sides,
        rounds,
        "reuse",
        "An instance reused for 128 requests (0.2)",
        sides_of(
            sides,
            &guest,
            &["--reuse", "128"],
            &["--max-instance-reuse-count", "128"],
        ),
        reuse_pairs(),
    )
}

/// The 0.3 guest, whose instances serve 128 requests by default on both sides.
pub(crate) fn p3(sides: &Sides, rounds: Rounds) -> Result<Outcome> {
    let guest = sides.guest("wasm32-wasip2/release/http_p3.wasm")?;
    let mut outcome = contest(
        sides,
        rounds,
        "p3",
        "A 0.3 guest, an instance reused for 128 requests",
        sides_of(sides, &guest, &[], &[]),
        reuse_pairs(),
    )?;
    outcome.notes.push(
        "128 is the default reuse of a 0.3 guest on both sides. `wasmtime serve` besides gives up \
         to 16 requests at once to one instance, its default."
            .to_owned(),
    );
    Ok(outcome)
}

fn sides_of(sides: &Sides, guest: &Path, gary: &[&str], wasmtime: &[&str]) -> Vec<Side> {
    let gary_equal = [&["--timeout", TIMEOUT], gary].concat();
    let side = |name, invocation| Side { name, invocation };
    // In the order of the constants above.
    vec![
        side("gary", sides.gary(gary, guest)),
        side("gary --timeout", sides.gary(&gary_equal, guest)),
        side(
            "wasmtime serve (defaults)",
            sides.wasmtime_default(wasmtime, guest),
        ),
        side(
            "wasmtime serve (Gary's options)",
            sides.wasmtime_equal(wasmtime, guest),
        ),
        side("native hyper", sides.native()),
    ]
}

fn reuse_pairs() -> Vec<Pair> {
    let pair = |ours, theirs| Pair {
        ours,
        theirs,
        rate: vec![Goal::floor_at_least(1.1)],
        p99: Vec::new(),
    };
    vec![pair(GARY, DEFAULT), pair(GARY_EQUAL, EQUAL), native()]
}

/// What a guest costs at all; nothing is asked of it.
fn native() -> Pair {
    Pair {
        ours: GARY,
        theirs: NATIVE,
        rate: Vec::new(),
        p99: Vec::new(),
    }
}

fn contest(
    sides: &Sides,
    rounds: Rounds,
    name: &str,
    title: &str,
    servers: Vec<Side>,
    pairs: Vec<Pair>,
) -> Result<Outcome> {
    let mut loads: Vec<Vec<Load>> = vec![Vec::new(); servers.len()];
    for round in 0..rounds.count {
        for turn in 0..servers.len() {
            // Each goes first in some round, so that none always follows the same one.
            let index = (round + turn) % servers.len();
            let load = measure(&servers[index].invocation, rounds.duration)?;
            eprintln!(
                "bench: {name}, round {} of {}: {} {}, p99 {}",
                round + 1,
                rounds.count,
                servers[index].name,
                Unit::PerSecond.show(load.requests_per_second),
                Unit::Milliseconds.show(load.p99_ms)
            );
            loads[index].push(load);
        }
    }

    let column =
        |index: usize, of: fn(&Load) -> f64| -> Vec<f64> { loads[index].iter().map(of).collect() };
    let mut outcome = Outcome::new(title, &["", "requests/s", "p50", "p99"]);
    for (index, server) in servers.iter().enumerate() {
        outcome.figures.push(vec![
            server.name.to_owned(),
            Spread::of(&column(index, |load| load.requests_per_second))?.show(Unit::PerSecond),
            Spread::of(&column(index, |load| load.p50_ms))?.show(Unit::Milliseconds),
            Spread::of(&column(index, |load| load.p99_ms))?.show(Unit::Milliseconds),
        ]);
        outcome.command(server.name, sides.shown(&server.invocation));
    }
    for pair in pairs {
        let (ours, theirs) = (servers[pair.ours].name, servers[pair.theirs].name);
        let both = |of: fn(&Load) -> f64| (column(pair.ours, of), column(pair.theirs, of));
        let (a, b) = both(|load| load.requests_per_second);
        outcome.comparisons.push(Comparison::ratio(
            format!("{name}: requests/s, {ours} against {theirs}"),
            (&a, &b),
            Unit::PerSecond,
            pair.rate,
        )?);
        if !pair.p99.is_empty() {
            let (a, b) = both(|load| load.p99_ms);
            outcome.comparisons.push(Comparison::ratio(
                format!("{name}: p99, {ours} against {theirs}"),
                (&a, &b),
                Unit::Milliseconds,
                pair.p99,
            )?);
        }
    }
    outcome.notes.push(format!(
        "{} rounds; in each, every server is started afresh, warmed for {} s, and loaded with `{}`. \
         A ratio is taken within each round.",
        rounds.count,
        WARM_UP.as_secs(),
        wrk::shown(rounds.duration)
    ));
    Ok(outcome)
}

fn measure(invocation: &Invocation, duration: Duration) -> Result<Load> {
    let server = Server::start(invocation)?;
    wrk::run(server.addr(), WARM_UP)?;
    wrk::run(server.addr(), duration)
}
