//! The other members of a cluster, and where they are.

use futures::FutureExt;
use futures::future::BoxFuture;
use gary_agent::Agent;
use gary_promise::{AgentId, ComponentDigest, Promise, Signed, WorkloadName};
use gary_transport::Peer;
use gary_wire::WireCodec;
use tokio::sync::mpsc;

use crate::event::{Event, look};
use crate::gate::key;

/// What a node's own agent is asked where components are got and given. All of it is nothing once the node has ended.
pub(crate) trait OwnAgent: Send + Sync + 'static {
    /// The other members, and where they are.
    fn others(&self) -> BoxFuture<'_, Option<Vec<(AgentId, Peer)>>>;
    /// Who keeps a name besides this node.
    fn keepers(&self, name: WorkloadName) -> BoxFuture<'_, Option<Vec<AgentId>>>;
    /// Its promise that it has a component.
    fn have(&self, component: ComponentDigest) -> BoxFuture<'_, Option<Signed<Promise>>>;
}

/// It is asked by way of its loop.
impl OwnAgent for mpsc::Sender<Event> {
    fn others(&self) -> BoxFuture<'_, Option<Vec<(AgentId, Peer)>>> {
        look(self, |agent, _| others(agent)).boxed()
    }

    fn keepers(&self, name: WorkloadName) -> BoxFuture<'_, Option<Vec<AgentId>>> {
        let keepers = look(self, move |agent, _| {
            let keepers = agent.dealings().keepers_of(&name);
            keepers.map(|(keeper, _)| keeper).collect()
        });
        keepers.boxed()
    }

    fn have(&self, component: ComponentDigest) -> BoxFuture<'_, Option<Signed<Promise>>> {
        look(self, move |agent, _| agent.promise_have(component)).boxed()
    }
}

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
