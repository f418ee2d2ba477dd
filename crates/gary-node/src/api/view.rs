//! What an agent shows of itself, and of the nodes that it sees.

use gary_agent::{Afterwards, Agent};
use gary_promise::{AgentId, Body, Capacity, LabelKey, Promise, Resources, Time, Verified};
use gary_wire::WireCodec;

use super::kept::Times;
use super::node::{DrainingShown, NodeShown, NodeState};
use super::words::ThisNode;
use crate::store_node;

/// Under which label a node says what people call it.
pub(crate) const NAME_LABEL: &str = "name";

/// As much of an id as people tell nodes apart by.
pub(super) const ID_CHARS: usize = 12;

/// The nodes that an agent sees, itself among them, and those that were there of late.
pub(super) fn nodes(agent: &Agent<WireCodec>, now: Time) -> Vec<NodeShown> {
    let me = *agent.membership().me();
    let members = agent.membership().members().into_values();
    let members = members
        .map(|its| its.id)
        .filter(|its| its.agent != me.agent);
    let up = [me].into_iter().chain(members).map(|member| {
        let state = match capacity(agent, member.agent) {
            // It has just come, or this one has.
            None => "unheard",
            Some(_) if takes_nothing_on(agent, member.agent) => "drained",
            Some(_) => "up",
        };
        NodeShown {
            address: member.address.to_string(),
            state: state.to_owned(),
            is_this: member.agent == me.agent,
            ..node(agent, member.agent)
        }
    });
    let times = Times::at(now);
    let gone = agent.gone().map(|(gone, since)| NodeShown {
        address: agent
            .membership()
            .address_of(&gone)
            .map(|at| at.to_string())
            .unwrap_or_default(),
        state: "down".to_owned(),
        down_since_ms: Some(times.ms(since)),
        ..node(agent, gone)
    });
    let mut nodes = Vec::from_iter(up.chain(gone));
    nodes.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
    nodes
}

/// What a node says of itself.
fn node(agent: &Agent<WireCodec>, of: AgentId) -> NodeShown {
    let capacity = capacity(agent, of);
    let resources = capacity.map_or(Resources::NONE, |its| its.resources);
    NodeShown {
        name: name(agent, &of),
        id: of.to_string(),
        cpu_cores: cores(resources),
        memory_bytes: resources.memory_bytes(),
        labels: capacity.map(labels).unwrap_or_default(),
        interfaces: capacity.map(interfaces).unwrap_or_default(),
        ..NodeShown::default()
    }
}

/// What an agent has promised, and what is left of it.
pub(super) fn own_state(agent: &Agent<WireCodec>, this: ThisNode, now: Time) -> NodeState {
    let NodeShown {
        cpu_cores,
        memory_bytes,
        labels,
        interfaces,
        ..
    } = node(agent, agent.id());
    let left = agent.dealings().left();
    let times = Times::at(now);
    let bound = agent.dealings().offers().filter(|(_, is_bound)| *is_bound);
    let hosts = bound.filter_map(|(offer, _)| match offer.body() {
        Body::Host(host) => {
            let generation = host.generation;
            let of = workload_name(agent, offer).unwrap_or_else(|| host.workload.to_string());
            Some(format!(
                "{of} replica {} generation {generation}",
                host.slot.0
            ))
        }
        _ => None,
    });
    let draining = agent.draining().map(|its| DrainingShown {
        until_ms: times.ms(its.until),
        leaves: its.then == Afterwards::Leaves,
        hosts: its.slots.len(),
        keeps: its.names.iter().map(ToString::to_string).collect(),
    });
    NodeState {
        node: this,
        start: agent.membership().me().epoch.0,
        since_ms: times.ms(Time::from_us(0)),
        cpu_cores,
        cpu_cores_left: cores(left),
        memory_bytes,
        memory_bytes_left: left.memory_bytes(),
        labels,
        interfaces,
        hosts: hosts.collect(),
        keeps: names_kept(agent),
        members: agent.membership().members_count(),
        has_left: agent.has_left(),
        held_off: agent.membership().held_off().map(|why| why.to_string()),
        draining,
    }
}

fn names_kept(agent: &Agent<WireCodec>) -> Vec<String> {
    let kept = agent.dealings().kept();
    let intents = kept.filter_map(|(workload, ..)| agent.dealings().intent(&workload));
    let names = intents.filter_map(|intent| match intent.body() {
        Body::Use(wanted) => Some(wanted.name.to_string()),
        _ => None,
    });
    names.collect()
}

/// What a workload is called that an offer is for, as far as this agent or those who keep it say so.
pub(super) fn workload_name(agent: &Agent<WireCodec>, offer: &Verified<Promise>) -> Option<String> {
    let Body::Host(host) = offer.body() else {
        return None;
    };
    if let Some(intent) = agent.dealings().intent(&host.workload)
        && let Body::Use(wanted) = intent.body()
    {
        return Some(wanted.name.to_string());
    }
    let mut theirs = promises(agent, host.promisee);
    theirs.find_map(|its| match its.body() {
        Body::Keep(keep) if keep.workload == host.workload => Some(keep.name.to_string()),
        _ => None,
    })
}

/// What an agent promises to everyone.
pub(super) fn promises(
    agent: &Agent<WireCodec>,
    of: AgentId,
) -> impl Iterator<Item = &Verified<Promise>> {
    let sheet = agent.sheets().sheet(of);
    sheet.into_iter().flat_map(|sheet| sheet.promises())
}

/// What an agent promises of its machine.
pub(super) fn capacity(agent: &Agent<WireCodec>, of: AgentId) -> Option<&Capacity> {
    promises(agent, of).find_map(|its| match its.body() {
        Body::Capacity(capacity) => Some(capacity.as_ref()),
        _ => None,
    })
}

/// Whether an agent considers nothing that is submitted: it is drained, or was made so.
pub(super) fn takes_nothing_on(agent: &Agent<WireCodec>, of: AgentId) -> bool {
    promises(agent, of).all(|its| !matches!(its.body(), Body::Consider(_)))
}

pub(super) fn cores(resources: Resources) -> f64 {
    resources.cpu_cores_micro() as f64 / 1e6
}

/// What an operator says of a machine; what people call it and which one it is are told besides.
pub(super) fn labels(capacity: &Capacity) -> Vec<String> {
    let labels = capacity.labels.iter();
    let is_own = |key: &LabelKey| [NAME_LABEL, store_node::LABEL].contains(&key.as_str());
    let labels = labels.filter(|(key, _)| !is_own(key));
    labels
        .map(|(key, value)| format!("{key}={value}"))
        .collect()
}

/// What a machine gives to components.
fn interfaces(capacity: &Capacity) -> Vec<String> {
    capacity
        .interfaces
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// What people call a node, by its own word; the beginning of its id where it has said nothing yet.
pub(crate) fn name(agent: &Agent<WireCodec>, of: &AgentId) -> String {
    own_name(agent, of).unwrap_or_else(|| {
        let mut id = of.to_string();
        id.truncate(ID_CHARS);
        id
    })
}

/// What people call a node, if it has said so.
pub(crate) fn own_name(agent: &Agent<WireCodec>, of: &AgentId) -> Option<String> {
    let key: LabelKey = NAME_LABEL.parse().ok()?;
    let label = capacity(agent, *of)?.labels.get(&key);
    label.map(ToString::to_string)
}
