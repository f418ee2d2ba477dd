//! What `bench core` has measured, as tables.

use std::time::Duration;

use anyhow::Result;
use gary_sim::membership::Distribution;
use gary_sim::scale::{
    CHURN_DEPLOYS_EVERY, CHURN_REPLICAS, CHURN_RESTARTS_EVERY, Chatter, Costs, Count, Deaths,
    Deploys, Kind, Layer, MACHINE_CORES, MACHINE_MEBIBYTES, Million, MillionShape,
    REPLICA_CORES_MILLI, REPLICA_MEBIBYTES, Timings,
};

use super::report::{Comparison, Goal, Outcome};
use super::stats::Unit;
use super::usage::Usage;

/// How long slots may be without a host, at 100 agents on a local network.
const DEATH_P99_MS_MAX: f64 = 3000.0;
/// How long a million replicas may take to be bound.
const MILLION_MS_MAX: f64 = 300_000.0;

/// What virtual time charges.
pub(crate) fn costs_shown(costs: &Costs) -> String {
    format!(
        "Everything runs in virtual time on one thread. It charges {} for the way from one machine to \
         another, {} Mbit/s on each machine's link, each way, for the bytes as they are packed (what QUIC \
         and IP add is not counted), {} for a sync (what is written meanwhile shares the next), {} for a \
         start (a machine starts one component after the other), and for each message what handling it \
         takes by the table below, on one thread of each agent, rounded up to whole microseconds. Nothing \
         is lost on the way. A machine has {MACHINE_CORES} cores and {MACHINE_MEBIBYTES} MiB; a replica \
         takes {REPLICA_CORES_MILLI} thousandths of a core and {REPLICA_MEBIBYTES} MiB.\n",
        time(costs.latency),
        costs.bytes_per_second * 8 / 1_000_000,
        time(costs.sync),
        time(costs.start),
    )
}

/// What handling takes.
pub(crate) fn handling_outcome(timings: &Timings) -> Outcome {
    let mut outcome = Outcome::new(
        "What handling takes",
        &["", "handled", "mean", "p50", "p99"],
    );
    for kind in Kind::ALL
        .into_iter()
        .filter(|kind| timings.count(*kind) > 0)
    {
        outcome.figures.push(vec![
            kind.name().to_owned(),
            timings.count(kind).to_string(),
            nanoseconds(timings.mean(kind)),
            nanoseconds(timings.percentile(kind, 50)),
            nanoseconds(timings.percentile(kind, 99)),
        ]);
    }
    outcome.notes.push(
        "To read it from its bytes, to check every signature in it, to do what follows and to pack what is \
         said: time on a processor of this machine. Virtual time charges the mean; of what does not stand \
         here, nothing."
            .to_owned(),
    );
    outcome
}

/// What agents say to one another.
pub(crate) fn chatter_outcome(measured: &[Chatter], usage: &Usage) -> Result<Outcome> {
    let mut outcome = Outcome::new(
        "What agents say to one another",
        &[
            "agents",
            "",
            "for, s",
            "packets/s",
            "packets, B/s",
            "sheets, frames/s",
            "sheets, B/s",
            "dealings, frames/s",
            "dealings, B/s",
            "all, messages/s",
            "all, B/s",
        ],
    );
    for its in measured {
        for (name, traffic) in [("idle", &its.idle), ("churn", &its.churn)] {
            let mut row = vec![
                its.agents.to_string(),
                name.to_owned(),
                its.span.as_secs().to_string(),
            ];
            let layers = [Layer::Membership, Layer::Sheets, Layer::Dealings];
            let counts = layers.map(|layer| traffic.for_layer(layer));
            for count in counts.into_iter().chain([traffic.all()]) {
                row.extend(each(count, its));
            }
            outcome.figures.push(row);
        }
    }
    outcome.notes.push(format!(
        "Sent by each agent in a second, packets being datagrams of the membership (LAN settings) and frames \
         being on streams. Churn is of the whole cluster, whatever its size: a machine loses power every {}, \
         and starts again 3 s later; every {} somebody deploys {CHURN_REPLICAS} replicas. Clusters begin as \
         if they had stood for a while: each agent takes over who is there and what they promise, and is left \
         alone for 5 s before anything is counted.",
        time(CHURN_RESTARTS_EVERY),
        time(CHURN_DEPLOYS_EVERY),
    ));
    if let (Some(first), Some(last)) = (measured.first(), measured.last()) {
        let growth = |of: fn(&Chatter) -> Count| {
            let each = |its: &Chatter| of(its).messages as f64 / agent_seconds(its);
            each(last) / each(first)
        };
        outcome.notes.push(format!(
            "They should grow no faster than the logarithm of the cluster. From {} agents to {} that grows {:.2} \
             times, the messages of an agent {:.2} times while idle and {:.2} times under churn; those of the sheet exchange {:.2} and {:.2} \
             times. An idle agent compares what it knows with one other every ten seconds, whatever the size \
             of the cluster; a sheet that has changed is fetched by every agent once.",
            first.agents,
            last.agents,
            (last.agents as f64).ln() / (first.agents as f64).ln(),
            growth(|its| its.idle.all()),
            growth(|its| its.churn.all()),
            growth(|its| its.idle.for_layer(Layer::Sheets)),
            growth(|its| its.churn.for_layer(Layer::Sheets)),
        ));
    }
    let running: Vec<String> = measured
        .iter()
        .map(|its| format!("{} of {}", its.running, its.deployed))
        .collect();
    outcome.notes.push(format!(
        "Of the replicas deployed under churn there ran in the end: {}. {}",
        running.join(", "),
        usage.shown()?
    ));
    Ok(outcome)
}

/// From a deploy until all of it runs.
pub(crate) fn deploys_outcome(
    measured: &[(usize, usize, usize, Deploys)],
    usage: &Usage,
) -> Result<Outcome> {
    let mut outcome = Outcome::new(
        "From a deploy until all of it is bound, and runs",
        &[
            "replicas",
            "agents",
            "deploys",
            "bound p50",
            "bound p99",
            "running p50",
            "running p99",
            "missed",
        ],
    );
    for (agents, replicas, times, its) in measured {
        let mut row = vec![replicas.to_string(), agents.to_string(), times.to_string()];
        row.extend(percentiles(&its.bound));
        row.extend(percentiles(&its.running));
        row.push(its.missed.to_string());
        outcome.figures.push(row);
    }
    outcome.notes.push(format!(
        "In virtual time, from when a node is asked, which need not keep it. Bound is a replica when its host has \
         both halves on disk and is told to run it; running, when it has started. Missed are deploys of which not \
         everything ran after two minutes. Three or five agents keep a deploy, and one of them, on one thread, \
         invites for so many slots in a round and checks the signatures of all offers for them. {}",
        usage.shown()?
    ));
    Ok(outcome)
}

/// From a host's death until its slots are bound elsewhere.
pub(crate) fn deaths_outcome(its: &Deaths, usage: &Usage) -> Result<Outcome> {
    let title = "From a host's death until its slots are bound elsewhere";
    let mut outcome = Outcome::new(title, &["", "count", "p50", "p99", "longest"]);
    for (name, times) in [
        ("a slot is bound", &its.bound),
        ("a slot runs", &its.running),
        ("all of a host's slots are bound", &its.last),
    ] {
        let mut row = vec![name.to_owned(), times.count().to_string()];
        row.extend(percentiles(times));
        row.push(time(times.max()));
        outcome.figures.push(row);
    }
    let p99 = milliseconds(its.bound.percentile(99));
    outcome.comparisons.push(Comparison::plain(
        "death of a host: slots bound elsewhere, p99, 100 agents".to_owned(),
        &[p99],
        Unit::Milliseconds,
        vec![Goal::floor_at_most(DEATH_P99_MS_MAX)],
    )?);
    outcome.notes.push(format!(
        "{} deaths, one at a time, among 100 agents with LAN settings, ten of which keep ten workloads of five \
         replicas each; those that keep do not die. {} slots were not bound again after a minute. {}",
        its.deaths,
        its.missed,
        usage.shown()?
    ));
    Ok(outcome)
}

/// A million replicas.
pub(crate) fn million_outcome(
    shape: MillionShape,
    its: &Million,
    usage: &Usage,
) -> Result<Outcome> {
    let wanted = shape.workloads * shape.replicas;
    let mut outcome = Outcome::new(
        &format!("{wanted} replicas on {} machines", shape.agents),
        &["", "count", "time or size"],
    );
    let after = |span: Option<Duration>| span.map_or("not all".to_owned(), time);
    let row = |name: &str, value: String, more: String| vec![name.to_owned(), value, more];
    let sent = its.traffic.all();
    outcome.figures.extend([
        row("bound", its.bound.to_string(), after(its.bound_after)),
        row("running", its.running.to_string(), after(its.running_after)),
        row(
            "frames sent",
            sent.messages.to_string(),
            format!("{:.1} MB", sent.bytes as f64 / 1e6),
        ),
        row("handled", its.handled.to_string(), String::new()),
    ]);
    if let Some(after) = its.bound_after {
        outcome.comparisons.push(Comparison::plain(
            format!("{wanted} replicas on {} machines: bound", shape.agents),
            &[milliseconds(after)],
            Unit::Milliseconds,
            vec![Goal::floor_at_most(MILLION_MS_MAX)],
        )?);
    } else {
        outcome
            .notes
            .push("**Not all were bound: the goal was missed.**".to_owned());
    }
    outcome.notes.push(format!(
        "{} workloads of {} replicas are deployed at once, each by way of a node of its own, which keeps it: as \
         many keepers work side by side, so that this is bound sooner than ten thousand replicas of one. \
         Times are virtual, from the first deploy until the last replica. Left out is what agents say to one \
         another anyway, packets and sheets: those that keep were told directly who is there and what their \
         machines have. {}",
        shape.workloads,
        shape.replicas,
        usage.shown()?
    ));
    outcome.notes.push(
        "Context, and no ratio: in HashiCorp's challenges Nomad placed a million containers on 5,000 hosts in \
         less than five minutes (C1M), and two million on 6,100 in 22 minutes (C2M), on machines and not in a \
         simulation."
            .to_owned(),
    );
    Ok(outcome)
}

fn each(count: Count, its: &Chatter) -> [String; 2] {
    let per = agent_seconds(its);
    [
        format!("{:.2}", count.messages as f64 / per),
        format!("{:.0}", count.bytes as f64 / per),
    ]
}

fn agent_seconds(its: &Chatter) -> f64 {
    its.agents as f64 * its.span.as_secs_f64()
}

pub(super) fn percentiles(times: &Distribution) -> [String; 2] {
    [50, 99].map(|percent| time(times.percentile(percent)))
}

pub(super) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn nanoseconds(time: Duration) -> String {
    format!("{} ns", time.as_nanos())
}

pub(super) fn time(time: Duration) -> String {
    match time {
        _ if time >= Duration::from_secs(1) => format!("{:.2} s", time.as_secs_f64()),
        _ => format!("{:.1} ms", milliseconds(time)),
    }
}
