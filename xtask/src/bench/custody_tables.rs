//! What `bench core` has measured of custody and of updates, as tables.

use std::time::Duration;

use anyhow::Result;
use gary_sim::scale::{
    Commits, Committed, Kind, Layer, Names, REPLACES_AFTER, Successions, UpdateShape, Updated,
};

use super::core_tables::{percentiles, time};
use super::report::Outcome;
use super::usage::Usage;

/// From a deploy or an update until it is committed.
pub(super) fn commits_outcome(
    (agents, times): (usize, usize),
    measured: &[(Duration, Commits)],
    usage: &Usage,
) -> Result<Outcome> {
    let mut outcome = Outcome::new(
        "From a deploy or an update until it is committed",
        &[
            "",
            "between keepers",
            "p50",
            "p99",
            "missed",
            "votes, frames",
            "hosting, frames",
            "sheets, frames",
            "syncs",
        ],
    );
    for (round_trip, its) in measured {
        for (name, its) in [("deploy", &its.deploys), ("update", &its.updates)] {
            let mut row = vec![name.to_owned(), time(*round_trip)];
            row.extend(percentiles(&its.told));
            row.push(its.missed.to_string());
            row.extend(each_of(its, times));
            outcome.figures.push(row);
        }
    }
    outcome.notes.push(format!(
        "{times} deploys of one replica on {agents} agents, each updated once, by way of nodes at random; in virtual \
         time, until whoever asked is told that a majority of the keepers has it on disk. Between keepers it takes \
         so long there and back. Frames and syncs are for each of them, until all is quiet again: votes with what \
         is passed on and answered, hosting from invitations to what other keepers are told, without renewals, \
         and sheets with all that everybody fetches of them. {}",
        usage.shown()?
    ));
    Ok(outcome)
}

/// From a keeper's death until another keeps what it kept.
pub(super) fn successions_outcome(
    (agents, times): (usize, usize),
    its: &Successions,
    usage: &Usage,
) -> Result<Outcome> {
    let mut outcome = Outcome::new(
        "From a keeper's death until another keeps what it kept",
        &["", "count", "p50", "p99", "longest"],
    );
    let mut row = vec![
        "as many keep it".to_owned(),
        its.replaced.count().to_string(),
    ];
    row.extend(percentiles(&its.replaced));
    row.push(time(its.replaced.max()));
    outcome.figures.push(row);
    outcome.notes.push(format!(
        "{times} keepers of {agents} agents die for good, one at a time. {} of them are never replaced. A keeper counts \
         for gone after {}, a setting; the rest is what it takes. {}",
        its.missed,
        time(REPLACES_AFTER),
        usage.shown()?
    ));
    Ok(outcome)
}

/// Many names in custody.
pub(super) fn names_outcome(
    (agents, count, seconds): (usize, usize, u64),
    its: &Names,
    resident_kib: &[f64],
    usage: &Usage,
) -> Result<Outcome> {
    let mut outcome = Outcome::new(
        &format!("{count} names in custody on {agents} agents"),
        &["", "count"],
    );
    let grown_kib = match resident_kib {
        [before, .., after] => after - before,
        _ => 0.0,
    };
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    outcome.figures.extend([
        row("committed", its.committed.to_string()),
        row("running", its.running.to_string()),
        row(
            "memory for each, KiB",
            format!("{:.1}", grown_kib / count as f64),
        ),
        row(
            &format!("votes sent in {seconds} s while nothing happens"),
            its.idle.of(Kind::Consults).messages.to_string(),
        ),
        row(
            "renewals sent meanwhile",
            its.idle.of(Kind::Renewal).messages.to_string(),
        ),
        row(
            "other frames of dealings",
            (its.idle.for_layer(Layer::Dealings).messages
                - its.idle.of(Kind::Consults).messages
                - its.idle.of(Kind::Renewal).messages)
                .to_string(),
        ),
        row("syncs meanwhile", its.idle_syncs.to_string()),
    ]);
    outcome.notes.push(format!(
        "Memory is all that this process has more when all are kept than before: the registers of each name at three \
         or five keepers, what they count of its one hosting, what its host remembers, the sheets on which all of \
         this is shown, at every agent, and what the simulation notes. After other measurements it is less: it takes \
         first what they have freed, and `--only names` shows all of it. {}",
        usage.shown()?
    ));
    Ok(outcome)
}

/// From an update until all of it runs at the later generation.
pub(super) fn updates_outcome(
    measured: &[(UpdateShape, Updated)],
    usage: &Usage,
) -> Result<Outcome> {
    let mut outcome = Outcome::new(
        "From an update until all of it runs at the later generation",
        &[
            "replicas",
            "max_surge",
            "max_unavailable",
            "took",
            "fewest slots",
            "most hostings",
            "frames for each",
            "syncs for each",
        ],
    );
    for (shape, its) in measured {
        let replicas = shape.replicas as f64;
        let renewals = its.traffic.of(Kind::Renewal).messages;
        let frames = its.traffic.for_layer(Layer::Dealings).messages - renewals;
        outcome.figures.push(vec![
            shape.replicas.to_string(),
            shape.pace.max_surge().to_string(),
            shape.pace.max_unavailable().to_string(),
            its.after.map_or("not all".to_owned(), time),
            its.fewest.to_string(),
            its.most.to_string(),
            format!("{:.1}", frames as f64 / replicas),
            format!("{:.1}", its.syncs as f64 / replicas),
        ]);
    }
    let agents = measured.first().map_or(0, |(shape, _)| shape.agents);
    outcome.notes.push(format!(
        "In virtual time, on {agents} agents. Looked at every 100 ms: the fewest slots that ran, at either generation, \
         and the most hostings of both together. Frames are of dealings, without renewals. {}",
        usage.shown()?
    ));
    Ok(outcome)
}

/// What was sent and synced for each.
fn each_of(its: &Committed, times: usize) -> [String; 4] {
    let each = |count: u64| format!("{:.1}", count as f64 / times as f64);
    let of = |kinds: &[Kind]| {
        kinds
            .iter()
            .map(|kind| its.traffic.of(*kind).messages)
            .sum()
    };
    let votes = [Kind::Consults, Kind::Submission, Kind::Settlement];
    let dealings = its.traffic.for_layer(Layer::Dealings).messages;
    let hosting = dealings - of(&votes) - of(&[Kind::Renewal]);
    let sheets = of(&[Kind::Hint, Kind::Fetch, Kind::Sheet]);
    [
        each(of(&votes)),
        each(hosting),
        each(sheets),
        each(its.syncs),
    ]
}
