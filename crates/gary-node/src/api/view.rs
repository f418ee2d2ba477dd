//! What an agent shows of itself and of what it sees.

use gary_agent::Agent;
use gary_promise::{AgentId, Body, Capacity, LabelKey, Time, Use, Value, WorkloadId};
use gary_wire::WireCodec;

use super::words::{HostingShown, NodeShown, WorkloadShown};
use crate::sites::hosts;

/// Under which label a node says what people call it.
pub(crate) const NAME_LABEL: &str = "name";

/// The members that an agent sees, itself among them.
pub(super) fn nodes(agent: &Agent<WireCodec>) -> Vec<NodeShown> {
    let me = *agent.membership().me();
    let members = agent.membership().members().into_values();
    let members = members
        .map(|member| member.id)
        .filter(|its| its.agent != me.agent);
    let mut nodes: Vec<NodeShown> = [me]
        .into_iter()
        .chain(members)
        .map(|member| {
            let capacity = capacity(agent, member.agent);
            let resources = capacity.map(|its| its.resources);
            NodeShown {
                name: name(agent, &member.agent),
                id: member.agent.to_string(),
                address: member.address.to_string(),
                cpu_cores: resources.map_or(0.0, |its| its.cpu_cores_micro() as f64 / 1e6),
                memory_bytes: resources.map_or(0, |its| its.memory_bytes()),
                is_this: member.agent == me.agent,
            }
        })
        .collect();
    nodes.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
    nodes
}

fn capacity(agent: &Agent<WireCodec>, of: AgentId) -> Option<&Capacity> {
    let promises = agent.sheets().sheet(of)?.promises();
    let mut capacities = promises.filter_map(|its| match its.body() {
        Body::Capacity(capacity) => Some(capacity.as_ref()),
        _ => None,
    });
    capacities.next()
}

/// What people call a node, by its own word.
pub(crate) fn name(agent: &Agent<WireCodec>, of: &AgentId) -> String {
    let key: Option<LabelKey> = NAME_LABEL.parse().ok();
    let label = key.and_then(|key| capacity(agent, *of)?.labels.get(&key));
    label.map_or_else(|| of.to_string(), ToString::to_string)
}

/// The workloads that an agent keeps, as it sees them.
pub(super) fn kept(agent: &Agent<WireCodec>, now: Time) -> Vec<WorkloadShown> {
    let kept = agent.dealings().kept();
    let shown = kept.filter_map(|(workload, ..)| workload_shown(agent, &workload, now));
    shown.collect()
}

fn workload_shown(
    agent: &Agent<WireCodec>,
    workload: &WorkloadId,
    now: Time,
) -> Option<WorkloadShown> {
    let intent = agent.dealings().intent(workload)?;
    let Body::Use(wanted) = intent.body() else {
        return None;
    };
    let account = agent.dealings().account(workload, now)?;
    let wanted: &Use = wanted;
    let hostings = account.counted.iter().filter_map(|its| {
        let host = its.assessment.promise().promiser;
        let counts = account.hostings.get(&its.assessment.promise())?;
        Some(HostingShown {
            slot: its.slot?.0,
            node: name(agent, &host),
            node_id: host.to_string(),
            generation: counts.generation.get(),
            runs: counts.runs,
            state: match its.assessment.judgement().value() {
                Value::Kept => "kept",
                Value::Unknown => "unknown",
                Value::Broken => "broken",
            }
            .to_owned(),
        })
    });
    let refusals = account.refusals.iter();
    let refusals = refusals.map(|(host, why)| format!("{}: {}", name(agent, host), why.why));
    Some(WorkloadShown {
        name: wanted.name.to_string(),
        id: workload.to_string(),
        generation: account.generation.get(),
        replicas: wanted.valency.get(),
        hosts: hosts(&wanted.name, &wanted.routes),
        keeper: name(agent, &agent.id()),
        hostings: hostings.collect(),
        refusals: refusals.collect(),
    })
}
