//! Memory of a serving process, and the size of the binary.

use std::time::Duration;

use anyhow::{Context, Result};

use super::invocation::Invocation;
use super::load::Rounds;
use super::process::Server;
use super::report::{Comparison, Goal, Outcome};
use super::sides::Sides;
use super::stats::{Spread, Unit};
use super::wrk;

/// Time a server is left alone before it is weighed; both drop idle instances after a second.
const SETTLE: Duration = Duration::from_secs(3);

/// A side, and its megabytes in each round.
struct Weights {
    name: &'static str,
    invocation: Invocation,
    idle: Vec<f64>,
    loaded: Vec<f64>,
}

/// Pss after the first request, and after load.
pub(crate) fn serving(sides: &Sides, rounds: Rounds) -> Result<Outcome> {
    let guest = sides.guest("wasm32-wasip2/release/hello_http.wasm")?;
    let mut weights = [
        ("gary", sides.gary(&[], &guest)),
        (
            "wasmtime serve (defaults)",
            sides.wasmtime_default(&[], &guest),
        ),
        (
            "wasmtime serve (Gary's options)",
            sides.wasmtime_equal(&[], &guest),
        ),
        ("native hyper", sides.native()),
    ]
    .map(|(name, invocation)| Weights {
        name,
        invocation,
        idle: Vec::new(),
        loaded: Vec::new(),
    });

    // A start that fills the cache: a process that has just compiled weighs more.
    for side in &weights {
        Server::start(&side.invocation)?;
    }
    for _ in 0..rounds.count {
        for side in &mut weights {
            let server = Server::start(&side.invocation)?;
            std::thread::sleep(SETTLE);
            side.idle.push(server.pss_megabytes()?);
            wrk::run(server.addr(), rounds.duration)?;
            std::thread::sleep(SETTLE);
            side.loaded.push(server.pss_megabytes()?);
        }
    }

    let mut outcome = Outcome::new("Memory (Pss)", &["", "idle", "after load"]);
    for side in &weights {
        let row = vec![
            side.name.to_owned(),
            Spread::of(&side.idle)?.show(Unit::Megabytes),
            Spread::of(&side.loaded)?.show(Unit::Megabytes),
        ];
        eprintln!("bench: memory: {}", row.join(", "));
        outcome.figures.push(row);
        outcome.command(side.name, sides.shown(&side.invocation));
    }
    let [gary, default, equal, _] = &weights;
    outcome.comparisons = vec![
        Comparison::ratio(
            format!("memory: idle, gary against {}", default.name),
            (&gary.idle, &default.idle),
            Unit::Megabytes,
            vec![Goal::floor_at_most(1.0)],
        )?,
        Comparison::plain(
            "memory: idle".to_owned(),
            &gary.idle,
            Unit::Megabytes,
            vec![Goal::aim_at_most(15.0)],
        )?,
        Comparison::ratio(
            format!("memory: after load, gary against {}", default.name),
            (&gary.loaded, &default.loaded),
            Unit::Megabytes,
            Vec::new(),
        )?,
        Comparison::ratio(
            format!("memory: after load, gary against {}", equal.name),
            (&gary.loaded, &equal.loaded),
            Unit::Megabytes,
            Vec::new(),
        )?,
    ];
    outcome.notes.push(format!(
        "Pss of `/proc/PID/smaps_rollup` with the guest from the cache, {} s after the first \
         request and {} s after `{}`; rounds: {}, one server at a time. Megabytes are millions of \
         bytes.",
        SETTLE.as_secs(),
        SETTLE.as_secs(),
        wrk::shown(rounds.duration),
        rounds.count
    ));
    Ok(outcome)
}

/// The binary that was measured.
pub(crate) fn binary(sides: &Sides) -> Result<Outcome> {
    let path = sides.gary_binary();
    let megabytes = std::fs::metadata(path)
        .with_context(|| format!("cannot read {}", path.display()))?
        .len() as f64
        / 1e6;
    let mut outcome = Outcome::new("Size of the binary", &["", "size"]);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    outcome
        .figures
        .push(vec![name.into_owned(), Unit::Megabytes.show(megabytes)]);
    outcome.comparisons.push(Comparison::plain(
        "binary: size".to_owned(),
        &[megabytes],
        Unit::Megabytes,
        vec![Goal::floor_at_most(40.0)],
    )?);
    Ok(outcome)
}
