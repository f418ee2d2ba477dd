//! Workloads of one name that were founded apart, by agents that did not know of each other: each has a register of its own,
//! and neither ever takes the other's place. Somebody has to delete one of them.

use std::collections::{BTreeMap, BTreeSet};

use gary_promise::{AgentId, Configuration, Consultation, Vote, WorkloadId, WorkloadName};
use rand::Rng;

use super::kept::Kept;
use super::machine::{Custody, Parts, entry, of_shown};
use crate::keepers::Keepers;
use crate::register::Votes;
use crate::voice::Speech;

/// Workloads of one name that were founded apart, as far as an agent knows by the sheets of others. For a moment it may be
/// one that was deleted, and the one after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namesakes {
    /// The name.
    pub name: WorkloadName,
    /// The workloads, and who keeps each.
    pub workloads: BTreeMap<WorkloadId, BTreeSet<AgentId>>,
}

impl Namesakes {
    /// Which of them has the name, in everybody's eyes: the one with the smallest id. The others go on, and only by their ids
    /// they are updated or deleted.
    pub fn has_name(&self) -> Option<WorkloadId> {
        self.workloads.keys().next().copied()
    }
}

/// Who is known, by its own word, to keep another workload of which name.
pub(super) type Known = BTreeMap<WorkloadName, BTreeSet<AgentId>>;

impl Custody {
    /// Whether another agent keeps another workload of this name, by its own word.
    pub(super) fn is_namesake(&self, name: &WorkloadName, agent: &AgentId) -> bool {
        let known = self.namesakes.get(name);
        known.is_some_and(|its| its.contains(agent))
    }

    /// Another tells what was chosen of a register that others founded, or that this agent keeps such a one. Says whether
    /// that is so: then nothing of it concerns this agent's own, and the other is told so if it does not know.
    pub(super) fn meets_namesake<C: Speech>(
        &mut self,
        name: &WorkloadName,
        from: AgentId,
        what: &Consultation<Kept>,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> bool {
        let (theirs, knows) = match what {
            Consultation::Chosen(told) => (&told.entrusted.configuration, false),
            Consultation::Namesake(theirs) => (theirs, true),
            _ => return false,
        };
        let Some(chosen) = self.founded(name) else {
            return knows;
        };
        let mine = &chosen.entrusted.configuration;
        if mine.shares_founders(theirs) {
            return knows;
        }
        // It is the same workload, founded twice: the other is told to come over.
        if let Consultation::Chosen(told) = what
            && goes_before(chosen, told)
        {
            let Ok(chosen) = chosen.clone().try_map(entry);
            self.say(name, from, Consultation::Chosen(chosen), parts.voice);
            return true;
        }
        let mine = mine.clone();
        let met = self.namesakes.entry(name.clone()).or_default();
        let is_news = met.insert(from);
        if let Some(named) = self.names.get_mut(name) {
            named.untold.remove(&from);
        }
        if !knows {
            self.say(name, from, Consultation::Namesake(mine), parts.voice);
        }
        if is_news {
            self.look_after(name, parts);
        }
        true
    }

    /// An agent keeps nothing of these names any more, by its sheet.
    pub(crate) fn handle_given_up<C: Speech>(
        &mut self,
        agent: &AgentId,
        names: &[WorkloadName],
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        for name in names {
            if let Some(met) = self.namesakes.get_mut(name) {
                met.remove(agent);
                if met.is_empty() {
                    self.namesakes.remove(name);
                }
            }
            // It may keep the name with this agent now.
            if self.amiss.contains(name) {
                self.look_after(name, parts);
            }
        }
    }

    /// What is chosen of the register of a name that this agent keeps.
    fn founded(&self, name: &WorkloadName) -> Option<&Vote<Kept>> {
        let chosen = self.names.get(name)?.register.votes()?.chosen()?;
        let keepers = &chosen.entrusted.configuration;
        keepers.has(&self.me).then_some(chosen)
    }

    /// Who keeps a workload of this name, where that is another than the one that this agent knows by it.
    pub(super) fn kept_apart(
        &self,
        name: &WorkloadName,
        workload: &WorkloadId,
        keepers: &Keepers,
    ) -> Option<Configuration> {
        let votes = self.names.get(name).map(|its| &its.register);
        let chosen = votes.and_then(|its| its.votes().and_then(Votes::chosen))?;
        let known = chosen.entrusted.content.intent();
        if known.workload() == *workload {
            return None;
        }
        let its_own = keepers.of_name(name).filter(|(_, its)| its == workload);
        // By what was deleted, nobody founds the name anew where another workload has it.
        of_shown(its_own.map(|(agent, _)| agent)).or_else(|| {
            let met = self.namesakes.get(name).filter(|_| known.deletes())?;
            let all = keepers.of_name(name).map(|(agent, _)| agent);
            of_shown(all.filter(|agent| met.contains(agent)))
        })
    }

    /// The workloads of which names were founded apart.
    pub(crate) fn namesakes(&self, keepers: &Keepers) -> Vec<Namesakes> {
        let names = keepers.names().map(|name| {
            let mut workloads = BTreeMap::<WorkloadId, BTreeSet<AgentId>>::new();
            let mine = self.founded(name).map(|its| its.entrusted.content.intent());
            let mine = mine.filter(|its| !its.deletes());
            let mine = mine.map(|its| (self.me, its.workload()));
            for (agent, workload) in keepers.of_name(name).chain(mine) {
                workloads.entry(workload).or_default().insert(agent);
            }
            Namesakes {
                name: name.clone(),
                workloads,
            }
        });
        names.filter(|its| its.workloads.len() > 1).collect()
    }
}

/// Whether two registers are of one workload, and one of them is that which everybody comes to.
pub(super) fn goes_before(one: &Vote<Kept>, other: &Vote<Kept>) -> bool {
    let workload = |its: &Vote<Kept>| its.entrusted.content.intent().workload();
    let founders = |its: &Vote<Kept>| its.entrusted.configuration.founders().to_vec();
    workload(one) == workload(other) && founders(one) < founders(other)
}
