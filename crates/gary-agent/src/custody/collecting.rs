//! Forgetting workloads that were deleted, once nobody is left who has to be told so.
//!
//! A register that is forgotten begins anew when somebody deploys its name, and must not come upon what an agent still
//! holds of it from before (Rystsov's CASPaxos collects so too): whoever forgets one votes in no attempt any more, on
//! whichever register it knows nothing of, that is not later than all that it has forgotten. One number does for that.

use std::collections::BTreeSet;

use gary_promise::{
    AgentId, Ballot, ConfigurationEpoch, Consultation, Question, Time, WorkloadId, WorkloadName,
};
use rand::Rng;

use super::chosen::learned;
use super::kept::Kept;
use super::machine::{Custody, Parts};
use super::named::Named;
use crate::backoff::Waits;
use crate::hosting::Order;
use crate::refused::Fault;
use crate::register::{Register, Votes};
use crate::tending::Over;
use crate::voice::{Speech, Voice};

/// The most deleted workloads that an agent remembers to have forgotten. Beyond, the first is not remembered any more:
/// whoever submits again what founded it founds it anew.
pub const COLLECTED_MAX: usize = 4_096;

/// How long a keeper waits before it looks whether a deleted workload can be forgotten: at first as long as a lease, so that
/// its hosts had time to withdraw.
pub const COLLECT_WAITS: Waits = Waits {
    first_ms: 10_000,
    longest_ms: 600_000,
};

/// What an agent has forgotten.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    workloads: Over<WorkloadId, COLLECTED_MAX>,
    /// The latest attempt that it had promised to vote in, or knew of, of any register that it has forgotten.
    floor: Option<Ballot>,
}

impl Collected {
    pub(crate) fn add(&mut self, workload: WorkloadId, floor: Option<Ballot>) {
        self.workloads.add(workload);
        self.floor = self.floor.max(floor);
    }

    pub(super) const fn floor(&self) -> Option<Ballot> {
        self.floor
    }

    pub(super) fn has(&self, workload: &WorkloadId) -> bool {
        self.workloads.has(workload)
    }
}

impl Named {
    /// Which workload it was that is deleted, and may be forgotten once all know so: nobody has kept it but those who began
    /// with it, so that nobody else remembers anything of it.
    fn tombstone(&self) -> Option<WorkloadId> {
        let votes = self.register.votes()?;
        let intent = votes.chosen()?.entrusted.content.intent();
        let is_settled = votes.voted().is_none()
            && votes.configuration().epoch() == ConfigurationEpoch::FIRST
            && self.register.changes().is_empty()
            && !self.register.is_trying();
        (intent.deletes() && is_settled).then_some(intent.workload())
    }

    /// Comes back to what is deleted.
    pub(super) fn note_tombstone(&mut self, now: Time, random: &mut impl Rng) {
        if self.tombstone().is_none() {
            self.collects_at = None;
            self.collects = 0;
            self.is_collected = false;
        } else if self.collects_at.is_none() {
            self.collects = self.collects.saturating_add(1);
            self.collects_at = Some(now.after(COLLECT_WAITS.after(self.collects, random)));
        }
    }
}

impl Custody {
    /// Remembers after a start what it has forgotten.
    pub(crate) fn resume_collected(&mut self, collected: Collected) {
        self.collected = collected;
    }

    /// A register of which it knows nothing.
    pub(super) fn blank_register<V: Clone + Eq, C: crate::register::Change<V>>(
        &self,
    ) -> Register<V, C> {
        self.blank_register_after(None)
    }

    /// The same, in the place of one in which it knows of an attempt as late as this.
    pub(super) fn blank_register_after<V: Clone + Eq, C: crate::register::Change<V>>(
        &self,
        latest: Option<Ballot>,
    ) -> Register<V, C> {
        Register::new(self.me, self.epoch, None).after(latest.max(self.collected.floor()))
    }

    /// Forgets a workload that is deleted, if all that keep it know so and nobody hosts it. Tells who may not know.
    pub(super) fn try_to_collect<C: Speech>(
        &mut self,
        name: &WorkloadName,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        let Some(named) = self.names.get(name) else {
            return;
        };
        let (Some(workload), Some(votes)) = (named.tombstone(), named.register.votes()) else {
            return;
        };
        let me = self.me;
        let fellows = votes.configuration().keepers().iter();
        let fellows: Vec<AgentId> = fellows.copied().filter(|its| *its != me).collect();
        let knows = |its: &AgentId| named.knowing.contains(its);
        let keeps = |its: &AgentId| parts.keepers.keep(its, &workload).is_some();
        let all_know = fellows.iter().all(|its| knows(its) && !keeps(its));
        if (named.is_collected || all_know) && !parts.tending.tends(&workload) {
            self.collect(name, workload, parts.voice);
            for fellow in fellows {
                let collected = Consultation::Collected(workload);
                self.say(name, fellow, collected, parts.voice);
            }
            return;
        }
        let untold = fellows.into_iter().filter(|its| !knows(its));
        let untold: Vec<AgentId> = untold.filter(|its| parts.candidates.is_up(its)).collect();
        for fellow in untold {
            self.tell(name, fellow, parts);
        }
    }

    fn collect<C: Speech>(
        &mut self,
        name: &WorkloadName,
        workload: WorkloadId,
        voice: &mut Voice<C, Order>,
    ) {
        let register = self.names.get(name).map(|its| &its.register);
        let floor = register.and_then(Register::latest);
        let votes = register.and_then(Register::votes);
        // What the name meant before, nobody brings back either.
        let meant = self.by_workload.iter().filter(|(_, its)| *its == name);
        let meant = meant.map(|(its, _)| *its);
        let chosen = votes.and_then(Votes::chosen);
        let before = chosen.map(|its| its.entrusted.content.meant_before());
        let meant: BTreeSet<WorkloadId> = meant.chain(before.unwrap_or_default()).collect();
        self.forget_name(name);
        for workload in meant
            .into_iter()
            .filter(|its| *its != workload)
            .chain([workload])
        {
            self.collected.add(workload, floor);
            voice.keep_collected(name.clone(), workload, self.collected.floor());
        }
    }

    /// Another keeper has forgotten a workload: all of them knew that it is deleted. Whoever is none of them, and has only
    /// heard of it, forgets it at once.
    pub(super) fn handle_collected<C: Speech>(
        &mut self,
        name: &WorkloadName,
        workload: &WorkloadId,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        let votes = self.names.get(name).and_then(|its| its.register.votes());
        let is_of_others = votes.is_some_and(|votes| {
            let chosen = votes.chosen().map(|its| &its.entrusted.content);
            let is_it = chosen.is_some_and(|its| its.intent().workload() == *workload);
            is_it && !votes.configuration().has(&self.me)
        });
        if is_of_others {
            self.collect(name, *workload, parts.voice);
            return;
        }
        let named = self.names.get_mut(name);
        if let Some(named) = named.filter(|its| its.tombstone() == Some(*workload)) {
            named.is_collected = true;
            self.try_to_collect(name, parts);
        }
    }

    /// What another says may be of a workload that this agent has forgotten: then that is what it hears, if it can do with it.
    /// Says whether there is nothing more to it.
    pub(super) fn answer_of_collected<C: Speech>(
        &self,
        name: &WorkloadName,
        from: AgentId,
        what: &Consultation<Kept>,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> Result<bool, Fault> {
        let (kept, is_first) = match what {
            Consultation::Chosen(chosen) => (&chosen.entrusted.content, &chosen.entrusted),
            Consultation::Asked(asked) => match &asked.question {
                Question::Accept(entrusted) => (&entrusted.content, entrusted),
                Question::Prepare => return Ok(false),
            },
            _ => return Ok(false),
        };
        let is_first = is_first.configuration.epoch() == ConfigurationEpoch::FIRST;
        let workload = kept.intent().workload();
        if !self.collected.has(&workload) {
            return Ok(false);
        }
        if is_first {
            let collected = Consultation::Collected(workload);
            self.say(name, from, collected, parts.voice);
            return Ok(true);
        }
        // Others have come to keep what is left of it, and may be told by it that it is over.
        match kept.intent().deletes() {
            true => Ok(false),
            false => Err(Fault::Gone),
        }
    }
}

/// Whether a fellow keeper knows by what it says that this is chosen.
pub(super) fn shows_knowing(known: Option<&Votes<Kept>>, what: &Consultation<Kept>) -> bool {
    let known = known.and_then(Votes::chosen).map(learned);
    match what {
        Consultation::Chosen(chosen) => known == Some(learned(chosen)),
        Consultation::Learned(said) => known.is_some_and(|its| *said >= its),
        _ => false,
    }
}
