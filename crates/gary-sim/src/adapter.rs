//! What stands between an agent and its world, where something is put wrong on purpose.

use std::fmt::Debug;

use gary_agent::{Drain, Fact, HostReport, Order, Transmit, Write};
use gary_promise::{AgentId, Capacity, Frame, Resources};

/// What becomes of something that passed an adapter.
#[derive(Debug, Default)]
pub struct Passed {
    /// What the agent hears.
    pub hears: Vec<(AgentId, Frame)>,
    /// What is said in the agent's name, by whoever has its key.
    pub says: Vec<Transmit>,
    /// What its host is ordered to do.
    pub orders: Vec<Order>,
}

/// Stands between an agent and its world, and lets everything pass unless it says otherwise.
///
/// Faults are put in here and never into the agent, so that what is tried is what is shipped.
pub trait Adapter: Debug {
    /// What the agent takes its machine for.
    fn capacity(&self, published: &Capacity) -> Capacity {
        published.clone()
    }

    /// What the agent takes its machine for from now on; `None` if it does not hear of it.
    fn revises(&mut self, published: &Capacity) -> Option<Capacity> {
        Some(self.capacity(published))
    }

    /// How the agent is drained; `None` if it just leaves.
    fn drains(&mut self, drain: Drain) -> Option<Drain> {
        Some(drain)
    }

    /// Something arrives for the agent.
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        Passed {
            hears: vec![(from, frame)],
            ..Passed::default()
        }
    }

    /// The agent says something.
    fn says(&mut self, transmit: Transmit) -> Vec<Transmit> {
        vec![transmit]
    }

    /// The agent orders something.
    fn orders(&mut self, order: Order) -> Vec<Order> {
        vec![order]
    }

    /// Its host reports something.
    fn reports(&mut self, report: HostReport) -> Option<HostReport> {
        Some(report)
    }

    /// What its disk keeps of a write that it says it has stored.
    fn stores(&mut self, write: Write) -> Vec<Fact> {
        write.facts
    }

    /// What its host gives to a component whose binding enforces so much.
    fn gives(&self, enforced: Resources) -> Resources {
        enforced
    }

    /// Its machine's free memory changes.
    fn measures(&mut self, _free_bytes: u64) -> Passed {
        Passed::default()
    }

    /// The membership says that another agent is gone.
    fn misses(&mut self, _other: AgentId) -> Passed {
        Passed::default()
    }
}
