//! What a person calls agents, workloads and promises.

use std::collections::BTreeMap;

use gary_promise::{AgentId, PromiseId, WorkloadId};

/// Short names: `n1` is a node, `p1` a person, `w1` a workload, and `n1:2.3` what n1 promised third since its
/// second start.
#[derive(Debug, Default)]
pub struct Names {
    agents: BTreeMap<AgentId, String>,
    workloads: BTreeMap<WorkloadId, usize>,
}

impl Names {
    /// Gives an agent its name.
    pub fn agent(&mut self, agent: AgentId, name: String) {
        self.agents.insert(agent, name);
    }

    /// Gives a workload its name, if it has none: they are numbered as they come.
    pub fn workload(&mut self, workload: WorkloadId) {
        let next = self.workloads.len() + 1;
        self.workloads.entry(workload).or_insert(next);
    }

    /// What an agent is called.
    pub fn of_agent(&self, agent: &AgentId) -> String {
        let name = self.agents.get(agent).cloned();
        name.unwrap_or_else(|| format!("{agent:?}"))
    }

    /// What a workload is called.
    pub fn of_workload(&self, workload: &WorkloadId) -> String {
        match self.workloads.get(workload) {
            Some(number) => format!("w{number}"),
            None => format!("{workload:?}"),
        }
    }

    /// What a promise is called.
    pub fn of_promise(&self, promise: &PromiseId) -> String {
        format!("{}:{}", self.of_agent(&promise.promiser), promise.version)
    }
}
