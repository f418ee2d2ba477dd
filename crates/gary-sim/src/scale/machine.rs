//! One machine: who runs on it, its processor, its link, its disk and its host.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use gary_agent::{Fact, WriteId};
use gary_promise::{AgentId, Generation, PromiseId, Time, WorkloadId};

use super::costs::Costs;
use super::party::Party;

/// One machine.
pub(super) struct Machine {
    pub(super) id: AgentId,
    pub(super) key_seed: [u8; 32],
    pub(super) address: SocketAddr,
    /// `None` while it is dead.
    pub(super) party: Option<Party>,
    pub(super) boot: u64,
    /// Until when its processor is busy with what it has taken in.
    pub(super) busy_until: Time,
    /// Until when its link is busy, each way.
    sends_until: Time,
    receives_until: Time,
    /// Until when its host starts what it was told to start.
    pub(super) starts_until: Time,
    /// When it is going to be woken.
    pub(super) due_at: Option<Time>,
    pub(super) disk: Disk,
    /// What its host was told to run, and not to stop.
    pub(super) hosting: BTreeMap<PromiseId, Hosting>,
}

/// What a host was told to run.
pub(super) struct Hosting {
    pub(super) workload: WorkloadId,
    pub(super) slot: u32,
    pub(super) generation: Generation,
    pub(super) runs: bool,
}

/// A disk that syncs one batch after the other: what is written meanwhile shares the next.
#[derive(Default)]
pub(super) struct Disk {
    /// The last write that the running sync covers.
    pub(super) syncing: Option<WriteId>,
    pub(super) next: Option<WriteId>,
    /// What a start finds, in the order it was written; nothing is kept where nobody starts again.
    pub(super) facts: Vec<(WriteId, Vec<Fact>)>,
    pub(super) stored: WriteId,
}

impl Machine {
    pub(super) const fn new(id: AgentId, key_seed: [u8; 32], address: SocketAddr) -> Self {
        let start = Time::from_us(0);
        Self {
            id,
            key_seed,
            address,
            party: None,
            boot: 0,
            busy_until: start,
            sends_until: start,
            receives_until: start,
            starts_until: start,
            due_at: None,
            disk: Disk {
                syncing: None,
                next: None,
                facts: Vec::new(),
                stored: WriteId(0),
            },
            hosting: BTreeMap::new(),
        }
    }

    /// When so many bytes that are ready at `at` have left.
    pub(super) fn send(&mut self, at: Time, bytes: usize, costs: &Costs) -> Time {
        self.sends_until = at.max(self.sends_until).after(costs.transfer(bytes));
        self.sends_until
    }

    /// When so many bytes that arrive from `at` on are there.
    pub(super) fn receive(&mut self, at: Time, bytes: usize, costs: &Costs) -> Time {
        self.receives_until = at.max(self.receives_until).after(costs.transfer(bytes));
        self.receives_until
    }

    /// It loses power: all but what is on disk.
    pub(super) fn crash(&mut self) {
        let stored = self.disk.stored;
        self.party = None;
        self.due_at = None;
        self.hosting.clear();
        self.disk.syncing = None;
        self.disk.next = None;
        self.disk.facts.retain(|(write, _)| *write <= stored);
    }
}
