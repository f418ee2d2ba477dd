//! Who keeps which workload, by what keepers promise to everyone.

use std::collections::{BTreeMap, BTreeSet};

use gary_promise::{AgentId, BootEpoch, PromiseId, Requirement, Version, WorkloadId, WorkloadName};

use crate::dealings::Keeps;

/// Who keeps which workload: every `+keep` on a sheet that this agent knows, its own among them. The sheets
/// bound how many there are.
///
/// One change of a sheet takes as many steps as there are promises that came or went, each in maps: a hundred agents follow
/// every change of a sheet on which hundreds stand. Where an agent says twice that it keeps the same, the later counts.
#[derive(Debug, Default)]
pub(crate) struct Keepers {
    by_agent: BTreeMap<AgentId, BTreeMap<Version, Kept>>,
    by_workload: BTreeMap<WorkloadId, BTreeSet<PromiseId>>,
    /// What other agents than this one keep under which name.
    by_name: BTreeMap<WorkloadName, BTreeMap<PromiseId, WorkloadId>>,
}

/// What is kept by one promise, and of another agent's under which name.
#[derive(Debug)]
struct Kept {
    workload: WorkloadId,
    name: Option<WorkloadName>,
}

/// What has changed of what an agent keeps.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changed {
    /// Whether anything has.
    pub(crate) is_any: bool,
    /// Under which names it keeps nothing any more, or another workload.
    pub(crate) given_up: Vec<WorkloadName>,
}

impl Keepers {
    /// What has changed on the sheet of another agent.
    pub(crate) fn change(
        &mut self,
        agent: AgentId,
        came: Vec<Keeps>,
        went: &[PromiseId],
    ) -> Changed {
        let known = self.by_agent.get(&agent);
        // Whose disk was restored may say something else by the same version.
        let versions = went.iter().chain(came.iter().map(|its| &its.by));
        let gone = versions.filter_map(|id| known?.get(&id.version));
        let names = gone.filter_map(|its| its.name.clone());
        let names: BTreeSet<_> = names
            .chain(came.iter().map(|its| its.name.clone()))
            .collect();
        let meant = |keepers: &Self, name: &WorkloadName| keepers.meant(&agent, name);
        let before = names.into_iter().filter_map(|name| {
            let before = meant(self, &name)?;
            Some((name, before))
        });
        let before: Vec<(WorkloadName, WorkloadId)> = before.collect();

        let mut is_any = !came.is_empty();
        for id in went {
            is_any |= self.remove(*id);
        }
        for its in came {
            self.insert(its.by, its.workload, Some(its.name));
        }
        let is_given_up = |(name, before): &(_, _)| meant(self, name) != Some(*before);
        let given_up = before.into_iter().filter(is_given_up);
        Changed {
            is_any,
            given_up: given_up.map(|(name, _)| name).collect(),
        }
    }

    /// An agent is gone, and all that it showed.
    pub(crate) fn forget(&mut self, agent: AgentId) {
        let kept = self.by_agent.get(&agent);
        let kept: Vec<Version> = kept.into_iter().flat_map(BTreeMap::keys).copied().collect();
        for version in kept {
            self.remove(PromiseId {
                promiser: agent,
                version,
            });
        }
    }

    /// Who keeps something under a name besides this agent, and what, by their sheets.
    pub(crate) fn of_name(
        &self,
        name: &WorkloadName,
    ) -> impl Iterator<Item = (AgentId, WorkloadId)> + use<> {
        let kept = self.by_name.get(name).into_iter().flatten();
        // In order, so that the last of an agent stays.
        let last: BTreeMap<_, _> = kept.map(|(by, its)| (by.promiser, *its)).collect();
        last.into_iter()
    }

    /// Whether another agent keeps something under a name, by its sheet.
    pub(crate) fn shows(&self, agent: &AgentId, name: &WorkloadName) -> bool {
        self.meant(agent, name).is_some()
    }

    /// Under which names others keep something.
    pub(crate) fn names(&self) -> impl Iterator<Item = &WorkloadName> {
        self.by_name.keys()
    }

    /// Under which names another agent keeps something, by its sheet.
    pub(crate) fn names_of(&self, agent: &AgentId) -> impl Iterator<Item = &WorkloadName> {
        let kept = self.by_agent.get(agent).into_iter().flatten();
        kept.filter_map(|(_, its)| its.name.as_ref())
    }

    /// This agent keeps one more workload, or by another promise.
    pub(crate) fn add(&mut self, workload: WorkloadId, keep: PromiseId) {
        if let Some(before) = self.keep(&keep.promiser, &workload) {
            self.remove(before);
        }
        self.insert(keep, workload, None);
    }

    /// Who keeps a workload.
    pub(crate) fn of(&self, workload: &WorkloadId) -> impl Iterator<Item = AgentId> + use<> {
        let kept = self.by_workload.get(workload).into_iter().flatten();
        let agents: BTreeSet<AgentId> = kept.map(|by| by.promiser).collect();
        agents.into_iter()
    }

    /// The `+keep` by which an agent has a workload in its custody.
    pub(crate) fn keep(&self, agent: &AgentId, workload: &WorkloadId) -> Option<PromiseId> {
        let kept = self.by_workload.get(workload)?.range(first(agent)..);
        kept.copied().take_while(|by| by.promiser == *agent).last()
    }

    /// Whether what a promise requires is met, as far as this agent knows.
    ///
    /// An intent that founds a workload stands where somebody keeps the workload: that outlives each
    /// keeper's own promise of it. Of what others bind nobody tells yet, so that what requires it waits.
    pub(crate) fn meet(&self, required: &Requirement) -> bool {
        match required {
            Requirement::Promised(id) => {
                let founded = WorkloadId::founded_by(*id);
                let kept = self.by_agent.get(&id.promiser);
                self.by_workload.contains_key(&founded)
                    || kept.is_some_and(|its| its.contains_key(&id.version))
            }
            Requirement::Bound(_) => false,
        }
    }

    /// What another agent keeps under a name.
    fn meant(&self, agent: &AgentId, name: &WorkloadName) -> Option<WorkloadId> {
        let kept = self.by_name.get(name)?.range(first(agent)..);
        let theirs = kept.take_while(|(by, _)| by.promiser == *agent);
        theirs.last().map(|(_, workload)| *workload)
    }

    fn insert(&mut self, by: PromiseId, workload: WorkloadId, name: Option<WorkloadName>) {
        self.remove(by);
        if let Some(name) = &name {
            let kept = self.by_name.entry(name.clone()).or_default();
            kept.insert(by, workload);
        }
        self.by_workload.entry(workload).or_default().insert(by);
        let kept = self.by_agent.entry(by.promiser).or_default();
        kept.insert(by.version, Kept { workload, name });
    }

    /// An agent does not keep any more what it kept by this promise. Says whether there was anything.
    pub(crate) fn remove(&mut self, by: PromiseId) -> bool {
        let Some(kept) = self.by_agent.get_mut(&by.promiser) else {
            return false;
        };
        let Some(Kept { workload, name }) = kept.remove(&by.version) else {
            return false;
        };
        if kept.is_empty() {
            self.by_agent.remove(&by.promiser);
        }
        if let Some(keepers) = self.by_workload.get_mut(&workload) {
            keepers.remove(&by);
            if keepers.is_empty() {
                self.by_workload.remove(&workload);
            }
        }
        if let Some(name) = name
            && let Some(keepers) = self.by_name.get_mut(&name)
        {
            keepers.remove(&by);
            if keepers.is_empty() {
                self.by_name.remove(&name);
            }
        }
        true
    }
}

/// Before all that an agent has promised.
const fn first(agent: &AgentId) -> PromiseId {
    PromiseId {
        promiser: *agent,
        version: Version::first(BootEpoch(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> PromiseId {
        PromiseId {
            promiser: AgentId::from_bytes([number; 32]),
            version: Version::first(BootEpoch(1)),
        }
    }

    fn keeps(number: u8, version: Version, name: &str, workload: WorkloadId) -> Keeps {
        let promiser = AgentId::from_bytes([number; 32]);
        Keeps {
            by: PromiseId { promiser, version },
            workload,
            name: name.parse().expect("it is a label"),
        }
    }

    fn is_empty(keepers: &Keepers) -> bool {
        keepers.by_agent.is_empty() && keepers.by_workload.is_empty() && keepers.by_name.is_empty()
    }

    #[test]
    fn who_keeps_a_name_shows_on_sheets() {
        let [first, second] = versions();
        let name = |its: &str| -> WorkloadName { its.parse().expect("it is a label") };
        let of = |keepers: &Keepers, its: &str| {
            let agents = keepers.of_name(&name(its)).map(|(agent, _)| agent);
            agents.collect::<Vec<_>>()
        };
        let workload = WorkloadId::from_bytes([7; 16]);
        let [one, other] = [1, 2].map(|number| AgentId::from_bytes([number; 32]));
        let mut keepers = Keepers::default();
        let a_and_b = vec![
            keeps(1, first, "a", workload),
            keeps(1, second, "b", workload),
        ];
        assert_eq!(keepers.change(one, a_and_b, &[]).given_up, []);
        keepers.change(other, vec![keeps(2, first, "b", workload)], &[]);
        assert_eq!(
            (of(&keepers, "a"), of(&keepers, "b")),
            (vec![one], vec![one, other])
        );
        let went = [PromiseId {
            promiser: one,
            version: second,
        }];
        assert_eq!(keepers.change(one, Vec::new(), &went).given_up, [name("b")]);
        assert_eq!(keepers.change(one, Vec::new(), &went), Changed::default());
        assert_eq!(
            (of(&keepers, "a"), of(&keepers, "b")),
            (vec![one], vec![other])
        );
        keepers.forget(one);
        keepers.forget(other);
        assert!(is_empty(&keepers));
    }

    #[test]
    fn of_what_an_agent_says_twice_the_later_counts() {
        let [first, second] = versions();
        let [before, now] = [1, 2].map(|number| WorkloadId::from_bytes([number; 16]));
        let one = AgentId::from_bytes([1; 32]);
        let [earlier, later] = [keeps(1, first, "a", before), keeps(1, second, "a", now)];
        let mut keepers = Keepers::default();
        // In whichever order it came.
        assert!(
            keepers
                .change(one, vec![later.clone()], &[])
                .given_up
                .is_empty()
        );
        assert!(
            keepers
                .change(one, vec![earlier.clone()], &[])
                .given_up
                .is_empty()
        );
        assert!(keepers.of_name(&later.name).eq([(one, now)]));
        // What the name means changes as the later one goes, and what each was kept by is known all along.
        assert_eq!(keepers.keep(&one, &before), Some(earlier.by));
        let changed = keepers.change(one, Vec::new(), &[later.by]);
        assert_eq!(changed.given_up, [later.name]);
        assert!(keepers.of_name(&earlier.name).eq([(one, before)]));
        assert_eq!(keepers.keep(&one, &now), None);
        let changed = keepers.change(one, Vec::new(), &[earlier.by]);
        assert_eq!(changed.given_up, [earlier.name]);
        assert!(is_empty(&keepers));
    }

    #[test]
    fn what_is_said_anew_by_the_same_version_takes_the_place_of_what_was() {
        let [first, _] = versions();
        let [before, now] = [1, 2].map(|number| WorkloadId::from_bytes([number; 16]));
        let one = AgentId::from_bytes([1; 32]);
        let [was, is] = [keeps(1, first, "a", before), keeps(1, first, "b", now)];
        let mut keepers = Keepers::default();
        keepers.change(one, vec![was.clone()], &[]);
        let changed = keepers.change(one, vec![is.clone()], &[]);
        assert_eq!(changed.given_up, std::slice::from_ref(&was.name));
        assert!(!keepers.shows(&one, &was.name) && keepers.shows(&one, &is.name));
        assert_eq!(keepers.keep(&one, &before), None);
        keepers.forget(one);
        assert!(is_empty(&keepers));
    }

    #[test]
    fn an_intent_stands_where_somebody_keeps_its_workload() {
        let (intent, keeper) = (id(1), id(2));
        let workload = WorkloadId::founded_by(intent);
        let mut keepers = Keepers::default();
        let (founded, kept) = (Requirement::Promised(intent), Requirement::Promised(keeper));
        assert!(!keepers.meet(&founded) && !keepers.meet(&kept));

        let shown = vec![keeps(2, keeper.version, "a", workload)];
        assert!(keepers.change(keeper.promiser, shown, &[]).is_any);
        assert!(keepers.meet(&founded) && keepers.meet(&kept));
        assert_eq!(keepers.keep(&keeper.promiser, &workload), Some(keeper));
        assert!(
            keepers
                .change(keeper.promiser, Vec::new(), &[keeper])
                .is_any
        );
        assert!(!keepers.meet(&founded) && is_empty(&keepers));

        // Its own, which takes the place of what it kept it by.
        let [first, second] = versions().map(|version| PromiseId { version, ..keeper });
        keepers.add(workload, first);
        keepers.add(workload, second);
        assert!(keepers.meet(&founded) && !keepers.meet(&Requirement::Promised(first)));
        keepers.remove(second);
        assert!(!keepers.meet(&founded) && is_empty(&keepers));
    }

    fn versions() -> [Version; 2] {
        let first = Version::first(BootEpoch(1));
        [first, first.next().expect("there are many")]
    }
}
