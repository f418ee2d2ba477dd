//! Who keeps what by which register, by what keepers have on their disks.

use std::collections::{BTreeMap, BTreeSet};

use gary_promise::{
    AgentId, Body, Configuration, Generation, Promise, PromiseId, Verified, WorkloadId,
};

/// What is known of each workload that a register is of.
#[derive(Debug, Default)]
pub(super) struct Registers(BTreeMap<WorkloadId, RegisterSeen>);

/// What keepers have on their disks of one workload.
#[derive(Debug, Default)]
pub(super) struct RegisterSeen {
    /// All who have ever kept it.
    keepers: BTreeSet<AgentId>,
    /// Which intent each of them knows to be chosen, and its generation.
    known: BTreeMap<AgentId, (Generation, PromiseId)>,
}

impl Registers {
    /// A keeper has on its disk what was chosen.
    pub(super) fn chosen(
        &mut self,
        by: AgentId,
        intent: &Verified<Promise>,
        configuration: &Configuration,
    ) {
        let (Body::Use(wanted), Some(workload)) = (intent.body(), intent.workload()) else {
            return;
        };
        let its = self.0.entry(workload).or_default();
        its.keepers.extend(configuration.keepers());
        let known = (wanted.lineage.generation(), intent.id());
        its.known.insert(by, known);
    }

    /// Which intent of a workload a keeper knows to be chosen.
    pub(super) fn known(&self, workload: &WorkloadId, by: &AgentId) -> Option<PromiseId> {
        let known = self.0.get(workload)?.known.get(by)?;
        Some(known.1)
    }

    /// Whether an agent has ever been one of those who keep a workload.
    pub(super) fn has(&self, workload: &WorkloadId, agent: &AgentId) -> bool {
        let its = self.0.get(workload);
        its.is_some_and(|its| its.keepers.contains(agent))
    }
}
