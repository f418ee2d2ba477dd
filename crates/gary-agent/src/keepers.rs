//! Who keeps which workload, by what keepers promise to everyone.

use std::collections::{BTreeMap, BTreeSet};

use gary_promise::{AgentId, PromiseId, Requirement, WorkloadId, WorkloadName};

/// Who keeps which workload: every `+keep` on a sheet that this agent knows, its own among them. The sheets
/// bound how many there are.
#[derive(Debug, Default)]
pub(crate) struct Keepers {
    by_agent: BTreeMap<AgentId, BTreeMap<WorkloadId, PromiseId>>,
    by_workload: BTreeMap<WorkloadId, BTreeSet<AgentId>>,
    /// Under which names other agents than this one keep which workload.
    names: BTreeMap<AgentId, BTreeMap<WorkloadName, WorkloadId>>,
    by_name: BTreeMap<WorkloadName, BTreeMap<AgentId, WorkloadId>>,
}

impl Keepers {
    /// What an agent keeps, by its sheet. Says whether that has changed.
    pub(crate) fn set(&mut self, agent: AgentId, keeps: BTreeMap<WorkloadId, PromiseId>) -> bool {
        if self
            .by_agent
            .get(&agent)
            .map_or(keeps.is_empty(), |known| *known == keeps)
        {
            return false;
        }
        let before = match keeps.is_empty() {
            true => self.by_agent.remove(&agent),
            false => self.by_agent.insert(agent, keeps.clone()),
        };
        for workload in before.unwrap_or_default().keys() {
            self.forget(agent, workload);
        }
        for workload in keeps.keys() {
            self.by_workload.entry(*workload).or_default().insert(agent);
        }
        true
    }

    /// Under which names another agent keeps which workload, by its sheet. Says under which it keeps none any more, or
    /// another.
    pub(crate) fn set_names(
        &mut self,
        agent: AgentId,
        names: BTreeMap<WorkloadName, WorkloadId>,
    ) -> Vec<WorkloadName> {
        let known = self.names.get(&agent);
        if known.map_or(names.is_empty(), |known| *known == names) {
            return Vec::new();
        }
        let mut given_up = Vec::new();
        for (name, before) in self.names.remove(&agent).into_iter().flatten() {
            if let Some(keepers) = self.by_name.get_mut(&name) {
                keepers.remove(&agent);
                if keepers.is_empty() {
                    self.by_name.remove(&name);
                }
            }
            if names.get(&name) != Some(&before) {
                given_up.push(name);
            }
        }
        for (name, workload) in &names {
            let keepers = self.by_name.entry(name.clone()).or_default();
            keepers.insert(agent, *workload);
        }
        if !names.is_empty() {
            self.names.insert(agent, names);
        }
        given_up
    }

    /// Who keeps something under a name besides this agent, and what, by their sheets.
    pub(crate) fn of_name(
        &self,
        name: &WorkloadName,
    ) -> impl Iterator<Item = (AgentId, WorkloadId)> {
        let keepers = self.by_name.get(name).into_iter().flatten();
        keepers.map(|(agent, workload)| (*agent, *workload))
    }

    /// Whether another agent keeps something under a name, by its sheet.
    pub(crate) fn shows(&self, agent: &AgentId, name: &WorkloadName) -> bool {
        let keepers = self.by_name.get(name);
        keepers.is_some_and(|its| its.contains_key(agent))
    }

    /// Under which names others keep something.
    pub(crate) fn names(&self) -> impl Iterator<Item = &WorkloadName> {
        self.by_name.keys()
    }

    /// Under which names another agent keeps something, by its sheet.
    pub(crate) fn names_of(&self, agent: &AgentId) -> impl Iterator<Item = &WorkloadName> {
        self.names.get(agent).into_iter().flat_map(BTreeMap::keys)
    }

    /// An agent keeps one more workload, or by another promise.
    pub(crate) fn add(&mut self, agent: AgentId, workload: WorkloadId, keep: PromiseId) {
        self.by_agent
            .entry(agent)
            .or_default()
            .insert(workload, keep);
        self.by_workload.entry(workload).or_default().insert(agent);
    }

    /// An agent does not keep any more what it kept by this promise.
    pub(crate) fn remove(&mut self, keep: PromiseId) {
        let agent = keep.promiser;
        let Some(keeps) = self.by_agent.get_mut(&agent) else {
            return;
        };
        let Some(workload) = keeps
            .iter()
            .find(|(_, its)| **its == keep)
            .map(|(its, _)| *its)
        else {
            return;
        };
        keeps.remove(&workload);
        if keeps.is_empty() {
            self.by_agent.remove(&agent);
        }
        self.forget(agent, &workload);
    }

    /// Who keeps a workload.
    pub(crate) fn of(&self, workload: &WorkloadId) -> impl Iterator<Item = AgentId> {
        let keepers = self.by_workload.get(workload);
        keepers.into_iter().flatten().copied()
    }

    /// The `+keep` by which an agent has a workload in its custody.
    pub(crate) fn keep(&self, agent: &AgentId, workload: &WorkloadId) -> Option<PromiseId> {
        self.by_agent.get(agent)?.get(workload).copied()
    }

    /// Whether what a promise requires is met, as far as this agent knows.
    ///
    /// An intent that founds a workload stands where somebody keeps the workload: that outlives each
    /// keeper's own promise of it. Of what others bind nobody tells yet, so that what requires it waits.
    pub(crate) fn meet(&self, required: &Requirement) -> bool {
        match required {
            Requirement::Promised(id) => {
                let founded = WorkloadId::founded_by(*id);
                let keeps = self.by_agent.get(&id.promiser);
                self.by_workload.contains_key(&founded)
                    || keeps.is_some_and(|its| its.values().any(|keep| keep == id))
            }
            Requirement::Bound(_) => false,
        }
    }

    fn forget(&mut self, agent: AgentId, workload: &WorkloadId) {
        if let Some(keepers) = self.by_workload.get_mut(workload) {
            keepers.remove(&agent);
            if keepers.is_empty() {
                self.by_workload.remove(workload);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use gary_promise::{BootEpoch, Version};

    use super::*;

    fn id(number: u8) -> PromiseId {
        PromiseId {
            promiser: AgentId::from_bytes([number; 32]),
            version: Version::first(BootEpoch(1)),
        }
    }

    #[test]
    fn who_keeps_a_name_shows_on_sheets() {
        let name = |its: &str| -> WorkloadName { its.parse().expect("it is a label") };
        let of = |keepers: &Keepers, its: &str| {
            let its = name(its);
            let agents = keepers.of_name(&its).map(|(agent, _)| agent);
            agents.collect::<Vec<_>>()
        };
        let names = |names: &[&str]| {
            let names = names
                .iter()
                .map(|its| (name(its), WorkloadId::from_bytes([7; 16])));
            names.collect::<BTreeMap<_, _>>()
        };
        let [one, other] = [1, 2].map(|number| AgentId::from_bytes([number; 32]));
        let mut keepers = Keepers::default();
        keepers.set_names(one, names(&["a", "b"]));
        keepers.set_names(other, names(&["b"]));
        assert_eq!(
            (of(&keepers, "a"), of(&keepers, "b")),
            (vec![one], vec![one, other])
        );
        assert_eq!(keepers.set_names(one, names(&["a"])), [name("b")]);
        assert_eq!(
            (of(&keepers, "a"), of(&keepers, "b")),
            (vec![one], vec![other])
        );
        keepers.set_names(one, BTreeMap::new());
        keepers.set_names(other, BTreeMap::new());
        assert!(keepers.names.is_empty() && keepers.by_name.is_empty());
    }

    #[test]
    fn an_intent_stands_where_somebody_keeps_its_workload() {
        let (intent, keeper) = (id(1), id(2));
        let workload = WorkloadId::founded_by(intent);
        let mut keepers = Keepers::default();
        let (founded, kept) = (Requirement::Promised(intent), Requirement::Promised(keeper));
        assert!(!keepers.meet(&founded) && !keepers.meet(&kept));

        let keeps = BTreeMap::from([(workload, keeper)]);
        assert!(keepers.set(keeper.promiser, keeps.clone()));
        assert!(!keepers.set(keeper.promiser, keeps), "nothing new");
        assert!(keepers.meet(&founded) && keepers.meet(&kept));
        assert_eq!(keepers.keep(&keeper.promiser, &workload), Some(keeper));

        keepers.remove(keeper);
        assert!(!keepers.meet(&founded) && keepers.by_agent.is_empty());
        keepers.add(keeper.promiser, workload, keeper);
        assert!(keepers.meet(&founded) && keepers.meet(&kept));

        assert!(keepers.set(keeper.promiser, BTreeMap::new()));
        assert!(!keepers.meet(&founded) && !keepers.meet(&kept));
        assert!(keepers.by_agent.is_empty() && keepers.by_workload.is_empty());
    }
}
