//! The other members of a cluster, and where they are.

use gary_agent::Agent;
use gary_promise::AgentId;
use gary_transport::Peer;
use gary_wire::WireCodec;

use crate::gate::key;

/// The other members that an agent sees, as its transport reaches them.
pub(crate) fn others(agent: &Agent<WireCodec>) -> Vec<(AgentId, Peer)> {
    let me = agent.id();
    let members = agent.membership().members().into_values();
    let others = members.map(|its| its.id).filter(|its| its.agent != me);
    let others = others.map(|its| {
        let (key, address) = (key(its.agent), its.address);
        (its.agent, Peer { key, address })
    });
    others.collect()
}
