//! From the death of a host until what it hosted is served elsewhere.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::super::report::{Comparison, Goal, Outcome};
use super::super::stats::{Unit, percentile};
use super::asking::first_200;
use super::deadline::Deadline;
use super::dev::{Dev, Hosting};
use super::installation::Installation;

const NODES: usize = 5;
/// Workloads of one replica each: what any of them is served by after a death is elsewhere.
const WORKLOADS: usize = 10;

/// Longest for all deaths.
const LIMIT: Duration = Duration::from_secs(420);
/// For how long all nodes are up before one of them dies. One that has just come back leaves what is to be done to others for
/// four seconds, while it learns what they have done: a death within that is a case of its own.
const UP_FOR: Duration = Duration::from_secs(5);
/// Each of so many is one of that case.
const EARLY_EVERY: usize = 3;
/// Longest that is waited after one for a slot to be served.
const SERVED_WITHIN: Duration = Duration::from_secs(30);
/// Longest that is waited for everything to run again, with the host back.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
/// How long each of a slot's clients waits for one answer before it asks anew. Of the one who asks often no request is
/// left to an ingress for long enough to be sent to a second node; the other one's may hang at whoever is dead.
const PATIENCE: [Duration; 2] = [Duration::from_millis(200), SERVED_WITHIN];

/// Kills so many hosts, one at a time.
pub(super) fn measure(installation: Installation, guest: &Path, count: usize) -> Result<Outcome> {
    let dev = Dev::up(installation, NODES)?;
    let names: Vec<String> = (0..WORKLOADS).map(|number| format!("d{number}")).collect();
    let guest = guest.to_string_lossy();
    for name in &names {
        dev.installation()
            .does(&["deploy", &guest, "--name", name, "--wait"])?;
    }

    let limit = Deadline::within(LIMIT);
    let (mut slots_ms, mut hosts_ms, mut early_ms) = (Vec::new(), Vec::new(), Vec::new());
    let (mut missed, mut back_since) = (0, Instant::now());
    for turn in 0..count {
        if limit.is_over() {
            break;
        }
        let is_early = turn % EARLY_EVERY == EARLY_EVERY - 1;
        if !is_early {
            thread::sleep(UP_FOR.saturating_sub(back_since.elapsed()));
        }
        let hostings = dev.settled(NODES, WORKLOADS, limit.or_within(SETTLED_WITHIN))?;
        let (victim, took) = kill_one(&dev, hostings, turn)?;
        let served: Vec<f64> = took.iter().flatten().copied().collect();
        missed += took.len() - served.len();
        let when = if is_early { "early" } else { "in time" };
        eprintln!(
            "bench: deaths, {victim}, {when}: {served:?} ms of {}",
            took.len()
        );
        match is_early {
            true => early_ms.extend(served),
            false => {
                hosts_ms.push(served.iter().copied().fold(0.0, f64::max));
                slots_ms.extend(served);
            }
        }
        dev.installation().does(&["dev", "start", &victim])?;
        back_since = Instant::now();
    }
    dev.down()?;
    ensure!(!hosts_ms.is_empty(), "no host was killed in time");

    let mut outcome = Outcome::new(
        "From kill -9 of a host until its slots are served elsewhere",
        &["", "count", "p50", "p99", "longest"],
    );
    let rows = [
        ("a slot", &slots_ms),
        ("all slots of a host", &hosts_ms),
        ("a slot, where another node has just come back", &early_ms),
    ];
    for (what, values) in rows.into_iter().filter(|(_, values)| !values.is_empty()) {
        let shown = |percent| Ok(seconds(percentile(values, percent)?));
        let row: Result<Vec<String>> = [50.0, 99.0, 100.0].into_iter().map(shown).collect();
        let head = vec![what.to_owned(), values.len().to_string()];
        outcome.figures.push([head, row?].concat());
    }
    outcome.comparisons.push(Comparison::plain(
        "kill -9 of a host: a slot is served elsewhere, p99".to_owned(),
        &[percentile(&slots_ms, 99.0)?],
        Unit::Milliseconds,
        vec![Goal::aim_at_most(3_000.0)],
    )?);
    outcome.notes.push(format!(
        "{NODES} nodes of `gary dev` host {WORKLOADS} workloads of one replica each, hello_http.wasm. One node that hosts \
         some is killed by `gary dev kill`, whose process the clock includes, and each workload that it hosted is asked \
         for at another's ingress until the first 200 by two clients, of whom one asks anew after {} ms without an answer and \
         the other one waits. The killed is started again, \
         and everything runs and all nodes are up for {} s, before the next is; but every {EARLY_EVERY}rd is as soon as everything \
         runs, while the one that has come back leaves it to others to find new hosts. {missed} slots were not served within {} s.",
        PATIENCE[0].as_millis(),
        UP_FOR.as_secs(),
        SERVED_WITHIN.as_secs()
    ));
    outcome.notes.push(
        "Context, and no ratio: with their defaults, Kubernetes takes about six minutes to have the pods of a lost node \
         run elsewhere, Nomad 20 to 50 s, Swarm 15 s."
            .to_owned(),
    );
    Ok(outcome)
}

/// Kills a host, another one each time, and says of each of its slots when it was served elsewhere, in milliseconds.
fn kill_one(dev: &Dev, hostings: Vec<Hosting>, turn: usize) -> Result<(String, Vec<Option<f64>>)> {
    let mut hosted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for hosting in hostings {
        hosted
            .entry(hosting.node)
            .or_default()
            .push(hosting.workload);
    }
    let turn = turn.checked_rem(hosted.len());
    let (victim, workloads) = turn
        .and_then(|turn| hosted.into_iter().nth(turn))
        .context("nobody hosts anything")?;
    let nodes = dev.nodes()?;
    let other = nodes.iter().find(|node| node.name != victim);
    let ingress = other.context("there is no other node")?.ingress;

    let began = Instant::now();
    dev.installation().does(&["dev", "kill", &victim])?;
    let deadline = Deadline::within(SERVED_WITHIN);
    let served: Vec<Option<Instant>> = thread::scope(|scope| {
        let ask =
            |name, patience| scope.spawn(move || first_200(ingress, name, patience, deadline));
        let asking: Vec<_> = workloads
            .iter()
            .map(|name| PATIENCE.map(|patience| ask(name.as_str(), patience)))
            .collect();
        let heard = asking.into_iter().map(|clients| {
            let heard = clients.map(|thread| thread.join().ok().flatten());
            heard.into_iter().flatten().min()
        });
        heard.collect()
    });
    let took = served
        .into_iter()
        .map(|at| at.map(|at| (at - began).as_secs_f64() * 1e3));
    Ok((victim, took.collect()))
}

fn seconds(milliseconds: f64) -> String {
    format!("{:.2} s", milliseconds / 1e3)
}
