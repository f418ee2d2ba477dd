//! Who keeps what by which register, by what keepers have on their disks.

use std::collections::{BTreeMap, BTreeSet};

use gary_promise::{
    AgentId, Body, Configuration, ConfigurationEpoch, Era, Generation, Promise, PromiseId, Time,
    Verified, WorkloadId, WorkloadName,
};

use super::eras::Superseded;

/// What is known of registers.
#[derive(Debug, Default)]
pub(super) struct Registers {
    of: BTreeMap<WorkloadId, RegisterSeen>,
    /// Which intents each keeper has on its disk to have stood before another.
    stood: BTreeSet<(AgentId, PromiseId)>,
    /// Which workload each agent knows a name to mean, and which each meant to it before that.
    means: BTreeMap<(AgentId, WorkloadName), (WorkloadId, Configuration)>,
    past: BTreeSet<(AgentId, WorkloadId)>,
    /// What agents knew when their disks went back, until they know it again.
    lost: BTreeSet<(AgentId, PromiseId)>,
    /// Which intents were ever chosen, and the first of each generation of a workload.
    chosen: BTreeSet<PromiseId>,
    by_generation: BTreeMap<(WorkloadId, Generation, Option<Era>), PromiseId>,
    /// Two that were chosen for the same.
    twice: Option<[PromiseId; 2]>,
    /// What was known to be kept before a register was begun again, and is not any more, by what was learned last.
    superseded: Vec<Superseded>,
}

/// What keepers have on their disks of one workload.
#[derive(Debug, Default)]
struct RegisterSeen {
    /// All who have ever kept it.
    keepers: BTreeSet<AgentId>,
    /// Who keeps it by the latest change that anybody knows of, and since when that is known.
    now: Option<(Configuration, Time)>,
    /// Since when each knows that it is one of them.
    since: BTreeMap<AgentId, Time>,
    /// Who of them came by a change, and since when they know.
    came: BTreeMap<AgentId, Time>,
    /// Of whom each knows that they keep it, as it was last chosen.
    by: BTreeMap<AgentId, Configuration>,
    /// Which intent each of them knows to be chosen, and its generation.
    known: BTreeMap<AgentId, Known>,
    /// The latest intent that each of them has voted for, or knows to be chosen.
    voted: BTreeMap<AgentId, Known>,
}

type Known = (Generation, PromiseId);

impl Registers {
    /// An agent has on its disk that it has voted for an intent, or that it is chosen.
    pub(super) fn voted(&mut self, by: AgentId, intent: &Verified<Promise>) {
        if let Some((workload, voted)) = read(intent) {
            let its = self.of.entry(workload).or_default();
            let latest = its.voted.entry(by).or_insert(voted);
            *latest = voted.max(*latest);
        }
    }

    /// The disk of an agent went back: it may not know what it has lost. Of a change of keepers that nobody else has on its
    /// disk, nobody knows any more.
    pub(super) fn restored(&mut self, at: Time, agent: AgentId) {
        let known = self.of.values().filter_map(|its| its.known.get(&agent));
        self.lost.extend(known.map(|(_, intent)| (agent, *intent)));
        for its in self.of.values_mut() {
            let others = its.by.iter().filter(|(by, _)| **by != agent);
            let latest = others.map(|(_, its)| its).max_by_key(|its| its.epoch());
            if let (Some(latest), Some((now, _))) = (latest, &its.now)
                && latest.epoch() < now.epoch()
            {
                its.now = Some((latest.clone(), at));
            }
        }
    }

    /// Whether an agent may have lost what it knew of a workload, as its disk went back, and has not learned it again.
    pub(super) fn has_lost(&self, workload: &WorkloadId, agent: &AgentId) -> bool {
        let known = self.known(workload, agent);
        known.is_some_and(|intent| self.lost.contains(&(*agent, intent)))
    }

    /// An agent has on its disk that an intent stood before another.
    pub(super) fn stood(&mut self, by: AgentId, intent: PromiseId) {
        self.stood.insert((by, intent));
    }

    /// Whether an agent has ever had on its disk that an intent stood before another.
    pub(super) fn has_stood(&self, intent: PromiseId, by: &AgentId) -> bool {
        self.stood.contains(&(*by, intent))
    }

    /// An agent has on its disk which workload a name means, and who keeps it.
    pub(super) fn means(
        &mut self,
        by: AgentId,
        name: &WorkloadName,
        workload: WorkloadId,
        keepers: &Configuration,
    ) {
        let means = (workload, keepers.clone());
        // Of two registers of one name, neither says anything of the other's workload.
        if let Some((before, kept_by)) = self.means.insert((by, name.clone()), means)
            && before != workload
            && kept_by.shares_founders(keepers)
        {
            self.past.insert((by, before));
        }
        self.past.remove(&(by, workload));
    }

    /// Whether an agent knows that the name of a workload means another by now: it was deleted.
    pub(super) fn is_past(&self, workload: &WorkloadId, by: &AgentId) -> bool {
        self.past.contains(&(*by, *workload))
    }

    /// A keeper has on its disk what was chosen.
    pub(super) fn chosen(
        &mut self,
        at: Time,
        by: AgentId,
        intent: &Verified<Promise>,
        configuration: &Configuration,
    ) {
        if let Some((workload, known)) = read(intent) {
            self.chosen.insert(known.1);
            let era = configuration.epoch().era();
            let first = self.by_generation.entry((workload, known.0, era));
            let first = *first.or_insert(known.1);
            if first != known.1 {
                self.twice.get_or_insert([first, known.1]);
            }
            let its = self.of.entry(workload).or_default();
            let before = its.by.get(&by).map(|its| its.epoch().era());
            if let (Some(before), Some((_, intent))) = (before, its.known.get(&by))
                && before < era
                && *intent != known.1
                && !self.stood.contains(&(by, *intent))
                && !self.lost.contains(&(by, *intent))
            {
                self.superseded.push((by, *intent));
            }
            its.keepers.extend(configuration.keepers());
            its.by.insert(by, configuration.clone());
            let is_founder = configuration.epoch() == ConfigurationEpoch::FIRST;
            if configuration.has(&by) && !its.since.contains_key(&by) && !is_founder {
                its.came.insert(by, at);
            }
            match configuration.has(&by) {
                true => *its.since.entry(by).or_insert(at),
                false => its.since.remove(&by).unwrap_or(at),
            };
            let is_earlier = |now: &(Configuration, Time)| now.0.epoch() < configuration.epoch();
            if its.now.as_ref().is_none_or(is_earlier) {
                its.now = Some((configuration.clone(), at));
            }
            its.known.insert(by, known);
            self.lost.remove(&(by, known.1));
        }
    }

    /// Begins to note what comes next.
    pub(super) fn turn_over(&mut self) {
        self.superseded.clear();
    }

    /// What was known to be kept before a register was begun again, and is not any more, by what was learned last.
    pub(super) fn superseded(&self) -> &[Superseded] {
        &self.superseded
    }

    /// Whether an intent was ever chosen, by anybody's disk.
    pub(super) fn was_chosen(&self, intent: &PromiseId) -> bool {
        self.chosen.contains(intent)
    }

    /// Two intents that were chosen for one generation of one workload, while its register was not begun again, if that
    /// ever was.
    pub(super) const fn chosen_twice(&self) -> Option<[PromiseId; 2]> {
        self.twice
    }

    /// Which intent of a workload a keeper knows to be chosen.
    pub(super) fn known(&self, workload: &WorkloadId, by: &AgentId) -> Option<PromiseId> {
        let known = self.of.get(workload)?.known.get(by)?;
        Some(known.1)
    }

    /// The latest generation of a workload that an agent has ever voted for, or known to be chosen.
    pub(super) fn voted_for(&self, workload: &WorkloadId, by: &AgentId) -> Option<Generation> {
        let voted = self.of.get(workload)?.voted.get(by)?;
        Some(voted.0)
    }

    /// The latest intent of a workload that any of these knows to be chosen.
    pub(super) fn latest(
        &self,
        workload: &WorkloadId,
        among: impl Fn(&AgentId) -> bool,
    ) -> Option<PromiseId> {
        let known = self.of.get(workload)?.known.iter();
        let known = known.filter(|(agent, _)| among(agent));
        known
            .map(|(_, known)| *known)
            .max()
            .map(|(_, intent)| intent)
    }

    /// Whether an agent has ever been one of those who keep a workload.
    pub(super) fn has(&self, workload: &WorkloadId, agent: &AgentId) -> bool {
        let its = self.of.get(workload);
        its.is_some_and(|its| its.keepers.contains(agent))
    }

    /// Whether an agent knows that others keep a workload in its place.
    pub(super) fn has_left(&self, workload: &WorkloadId, agent: &AgentId) -> bool {
        let its = self.of.get(workload).and_then(|its| its.by.get(agent));
        its.is_some_and(|its| !its.has(agent))
    }

    /// Who keeps a workload, as each that does knows it.
    pub(super) fn configurations(
        &self,
        workload: &WorkloadId,
    ) -> impl Iterator<Item = &Configuration> {
        let its = self.of.get(workload).into_iter();
        its.flat_map(|its| its.by.values())
    }

    /// All workloads, and who keeps each by the latest change.
    pub(super) fn all(&self) -> impl Iterator<Item = (&WorkloadId, &[AgentId])> {
        let all = self.of.iter();
        all.filter_map(|(workload, its)| Some((workload, its.now.as_ref()?.0.keepers())))
    }

    /// Since when anybody knows who keeps a workload by the latest change.
    pub(super) fn changed_at(&self, workload: &WorkloadId) -> Option<Time> {
        self.of.get(workload)?.now.as_ref().map(|(_, at)| *at)
    }

    /// Since when an agent knows that it keeps a workload.
    pub(super) fn kept_since(&self, workload: &WorkloadId, by: &AgentId) -> Option<Time> {
        self.of.get(workload)?.since.get(by).copied()
    }

    /// Since when an agent knows that it keeps a workload, if others kept that before.
    pub(super) fn came_at(&self, workload: &WorkloadId, by: &AgentId) -> Option<Time> {
        self.of.get(workload)?.came.get(by).copied()
    }
}

/// Which workload an intent is of, and which generation.
fn read(intent: &Verified<Promise>) -> Option<(WorkloadId, Known)> {
    match (intent.body(), intent.workload()) {
        (Body::Use(wanted), Some(workload)) => {
            Some((workload, (wanted.lineage.generation(), intent.id())))
        }
        _ => None,
    }
}
