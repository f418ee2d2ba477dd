//! Who has promised what to whom, and what an agent makes of it.

use gary_agent::{Agent, LEASE_MS};
use gary_promise::{AgentId, Body, Promise, Time, Verified};
use gary_wire::WireCodec;

use super::kept::{Times, kept};
use super::node::PromiseShown;
use super::view::{labels, name, workload_name};
use super::workload::WorkloadShown;

/// All promises in this agent's scope: what nodes promise to everyone, what it hosts, and what it keeps for owners with
/// all that is hosted of it.
pub(super) fn promises_shown(agent: &Agent<WireCodec>, now: Time) -> Vec<PromiseShown> {
    let times = Times::at(now);
    let own = agent.sheets().sheet(agent.id());
    let others = agent
        .sheets()
        .sheets()
        .filter(|its| its.owner() != agent.id());
    let sheets = own.into_iter().chain(others);
    let published = sheets.flat_map(|sheet| sheet.promises());
    let mut shown = Vec::from_iter(published.map(|its| of_everyone(agent, its, &times)));
    let own = agent
        .dealings()
        .offers()
        .map(|(offer, is_bound)| PromiseShown {
            state: "own".to_owned(),
            evidence: if is_bound {
                "it is bound"
            } else {
                "it is not accepted yet"
            }
            .to_owned(),
            since_ms: times.now_ms(),
            ..of(agent, offer)
        });
    shown.extend(own);
    for workload in kept(agent, now) {
        shown.extend(of_kept(agent, &workload));
    }
    shown.sort_by(|one, other| {
        let key = |its: &PromiseShown| (its.by.clone(), its.kind.clone(), its.what.clone());
        key(one).cmp(&key(other))
    });
    shown
}

/// What an owner uses that this agent keeps, and what others host of it.
fn of_kept(agent: &Agent<WireCodec>, workload: &WorkloadShown) -> Vec<PromiseShown> {
    let me = agent.id().to_string();
    let id = workload.id.parse().ok();
    let intent = id.and_then(|id| agent.dealings().intent(&id));
    let intent = intent.map(|intent| PromiseShown {
        state: "kept".to_owned(),
        evidence: "its owner has signed nothing later".to_owned(),
        since_ms: workload.seen_at_ms,
        ..of(agent, intent)
    });
    let others = workload.hostings.iter().filter(|its| its.node_id != me);
    let others = others.map(|its| PromiseShown {
        promise: its.promise.clone(),
        by: its.node.clone(),
        kind: "+host".to_owned(),
        what: format!("{}/{} gen {}", workload.name, its.slot, its.generation),
        to: workload.keeper.clone(),
        workload: Some(workload.name.clone()),
        until_ms: (its.state == "kept").then(|| its.since_ms + u64::from(LEASE_MS)),
        state: its.state.clone(),
        evidence: its.evidence.clone(),
        since_ms: its.since_ms,
    });
    intent.into_iter().chain(others).collect()
}

/// What a node promises to everyone is taken for kept as long as it is there.
fn of_everyone(
    agent: &Agent<WireCodec>,
    promise: &Verified<Promise>,
    times: &Times,
) -> PromiseShown {
    let by = promise.by();
    let is_up =
        |agent: &Agent<WireCodec>, by: &AgentId| agent.membership().members().contains_key(by);
    let (state, evidence) = match () {
        () if by == agent.id() => ("own", "it says so itself"),
        () if is_up(agent, &by) => ("kept", "it is there"),
        () => ("unknown", "it cannot be reached"),
    };
    let gone = agent.gone().find(|(its, _)| *its == by);
    PromiseShown {
        state: state.to_owned(),
        evidence: evidence.to_owned(),
        since_ms: gone.map_or(times.now_ms(), |(_, since)| times.ms(since)),
        ..of(agent, promise)
    }
}

fn of(agent: &Agent<WireCodec>, promise: &Verified<Promise>) -> PromiseShown {
    let everyone = || "everyone".to_owned();
    let (what, to) = match promise.body() {
        Body::Capacity(its) => {
            let labels = labels(its);
            let what = match labels.is_empty() {
                true => its.resources.to_string(),
                false => format!("{}, {}", its.resources, labels.join(", ")),
            };
            (what, everyone())
        }
        Body::Consider(_) => ("what clients submit".to_owned(), everyone()),
        Body::Keep(its) => (its.name.to_string(), everyone()),
        Body::Host(its) => {
            let of = workload_name(agent, promise).unwrap_or_else(|| its.workload.to_string());
            let resources = its.portion.resources();
            let what = format!("{of}/{} gen {}, {resources}", its.slot.0, its.generation);
            (what, name(agent, &its.promisee))
        }
        Body::Use(its) => {
            let generation = its.lineage.generation();
            let what = format!("{} of {} gen {generation}", its.valency.get(), its.name);
            (what, "its keepers".to_owned())
        }
        _ => (String::new(), everyone()),
    };
    let workload = match promise.body() {
        Body::Keep(its) => Some(its.name.to_string()),
        Body::Use(its) => Some(its.name.to_string()),
        Body::Host(_) => workload_name(agent, promise),
        _ => None,
    };
    PromiseShown {
        promise: promise.id().to_string(),
        by: name(agent, &promise.by()),
        kind: promise.body().notation().to_owned(),
        what,
        to,
        workload,
        ..PromiseShown::default()
    }
}
