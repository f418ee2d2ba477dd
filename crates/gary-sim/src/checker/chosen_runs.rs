//! What keepers have on their disks of runs to completion.

use std::collections::{BTreeMap, BTreeSet};

use gary_agent::register::Votes;
use gary_promise::{
    AgentId, Completion, Entry, Generation, Learned, Mode, PromiseId, Run, RunKey, Runs, Slot,
    Tick, Use, WorkloadId,
};

use super::Book;

/// Which attempt of which run. That of a schedule is the same one in every generation.
pub(super) type AttemptKey = (WorkloadId, Option<Generation>, RunKey, u32);

/// What keepers have on their disks of runs to completion.
#[derive(Debug, Default)]
pub(super) struct ChosenRuns {
    /// What each keeper knows to be chosen, and which generation that is of.
    known: BTreeMap<(WorkloadId, AgentId), (Generation, Runs)>,
    /// The latest that anybody knows to be chosen.
    latest: BTreeMap<WorkloadId, (Learned, Generation, Runs)>,
    /// Who has ever voted for an attempt to begin.
    begun: BTreeMap<AttemptKey, BTreeSet<AgentId>>,
    /// Who has ever voted for how it ended.
    ended: BTreeMap<AttemptKey, (Completion, BTreeSet<AgentId>)>,
}

impl ChosenRuns {
    /// A keeper has on its disk how it has voted on the register of something that is meant like this. Says what has been
    /// chosen of runs and is not any more, if anything.
    pub(super) fn note(
        &mut self,
        by: AgentId,
        workload: WorkloadId,
        wanted: &Use,
        (votes, is_chosen): (&Votes<Entry>, bool),
    ) -> Option<RunKey> {
        let vote = match is_chosen {
            true => votes.chosen()?,
            false => votes.voted()?,
        };
        let (mode, generation) = (&wanted.mode, wanted.lineage.generation());
        let runs = &vote.entrusted.content.runs;
        for (key, run) in runs.iter() {
            let attempt = attempt_key(workload, mode, generation, (key, run.attempt));
            self.begun.entry(attempt).or_default().insert(by);
            if let Some(completion) = &run.ended {
                let ended = self.ended.entry(attempt);
                let ended = ended.or_insert_with(|| (completion.clone(), BTreeSet::new()));
                ended.1.insert(by);
            }
        }
        if !is_chosen {
            return None;
        }
        self.known
            .insert((workload, by), (generation, runs.clone()));
        let learned = Learned {
            epoch: vote.entrusted.configuration.epoch(),
            ballot: vote.ballot,
        };
        let now = (learned, generation, runs.clone());
        let latest = self.latest.entry(workload).or_insert_with(|| now.clone());
        let (earlier, later) = match latest.0 <= learned {
            true => (std::mem::replace(latest, now.clone()), now),
            false => (now, latest.clone()),
        };
        // A later generation of a job is run anew.
        let goes_on = earlier.1 == later.1 || matches!(mode, Mode::Schedule(..));
        goes_on.then(|| lost(&earlier.2, &later.2, mode)).flatten()
    }

    /// Who has on its disk, or had, that an attempt has begun.
    pub(super) fn begun(&self, attempt: &AttemptKey) -> Option<&BTreeSet<AgentId>> {
        self.begun.get(attempt)
    }

    /// Who has on its disk, or had, how an attempt ended.
    pub(super) fn ended(&self, attempt: &AttemptKey) -> Option<&BTreeSet<AgentId>> {
        self.ended.get(attempt).map(|(_, by)| by)
    }

    /// The latest that anybody knows to be chosen, of this generation.
    pub(super) fn latest(&self, workload: &WorkloadId, generation: Generation) -> Option<&Runs> {
        let (_, of, runs) = self.latest.get(workload)?;
        (*of == generation).then_some(runs)
    }

    /// What an agent knows to be chosen, of this generation.
    fn known_by(&self, workload: &WorkloadId, by: AgentId, of: Generation) -> Option<&Runs> {
        let (generation, runs) = self.known.get(&(*workload, by))?;
        (*generation == of).then_some(runs)
    }
}

/// What an attempt is of.
pub(super) fn attempt_key(
    workload: WorkloadId,
    mode: &Mode,
    generation: Generation,
    (key, number): (&RunKey, u32),
) -> AttemptKey {
    let generation = matches!(mode, Mode::Job(_)).then_some(generation);
    (workload, generation, *key, number)
}

/// How a run ended that has ended, and is not remembered so later. Of a schedule the earliest are forgotten, and of one that
/// was lost it may be told after all.
fn lost(earlier: &Runs, later: &Runs, mode: &Mode) -> Option<RunKey> {
    let first_kept = match mode {
        Mode::Schedule(..) => later.iter().next().map(|(key, _)| *key),
        Mode::Service | Mode::Job(_) => None,
    };
    let retries = mode.retries()?;
    let over = earlier.iter().filter(|(_, run)| run.is_over(retries));
    let mut over = over.filter(|(key, _)| first_kept.is_none_or(|first| **key >= first));
    let changed = over.find(|(key, run)| {
        let now = later.get(key);
        now.is_none_or(|now| now.ended != run.ended || now.attempt != run.attempt)
    });
    changed.map(|(key, _)| *key)
}

impl Book {
    /// Whether an agent has on its disk that a slot of a job is over.
    pub(super) fn knows_done(
        &self,
        by: AgentId,
        workload: &WorkloadId,
        (slot, generation): (Slot, Generation),
    ) -> bool {
        let known = self.chosen_runs.known_by(workload, by, generation);
        let run = known.and_then(|its| {
            let tick = Tick::ONLY;
            its.get(&RunKey { tick, slot })
        });
        run.is_some_and(|run| self.is_over(workload, generation, run))
    }

    /// Whether a run of this generation of a job is over, by how often its owner has it tried again.
    pub(super) fn is_over(&self, workload: &WorkloadId, of: Generation, run: &Run) -> bool {
        let mode = self.mode(workload, of);
        matches!(mode, Some(Mode::Job(retries)) if run.is_over(retries))
    }

    /// How a generation of a workload runs.
    pub(super) fn mode(&self, workload: &WorkloadId, of: Generation) -> Option<Mode> {
        let of_it = self.promises.iter();
        let of_it = of_it.filter(|(_, its)| its.workload() == Some(*workload));
        let mut intents = of_it.filter_map(|(id, _)| self.intent(id));
        let intent = intents.find(|its| its.lineage.generation() == of);
        intent.map(|its| its.mode)
    }

    /// Whether what an offer is of runs to completion, and not on and on.
    pub(super) fn completes(&self, offer: &PromiseId) -> bool {
        let host = self.offers.get(offer).map(|its| &its.host);
        let mode = host.and_then(|its| self.mode(&its.workload, its.generation));
        mode.is_some_and(|its| its.completes())
    }

    /// Whether a majority of some that keep a workload, or kept it, are among these.
    pub(super) fn is_majority(&self, workload: &WorkloadId, these: &BTreeSet<AgentId>) -> bool {
        self.registers.configurations(workload).any(|keepers| {
            let count = keepers.keepers().iter().filter(|its| these.contains(its));
            count.count() >= keepers.majority()
        })
    }
}
