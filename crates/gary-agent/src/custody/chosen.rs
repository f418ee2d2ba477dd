//! What was chosen of the registers that this agent keeps: who tends it is to hear of it, and so are fellow keepers.

use std::collections::BTreeSet;

use gary_promise::{
    AgentId, Configuration, Consultation, Learned, Promise, Runs, Verified, Vote, WorkloadId,
    WorkloadName,
};
use rand::Rng;

use super::kept::Kept;
use super::machine::{Custody, NAMES_MAX, Parts};
use super::named::Named;
use crate::register::{Register, Votes};
use crate::voice::Speech;

/// What was chosen of late, for whoever tends it.
#[derive(Debug)]
pub(crate) struct Chosen {
    /// What is intended.
    pub(crate) intent: Verified<Promise>,
    /// Who keeps it.
    pub(crate) keepers: Configuration,
    /// What has been run of it.
    pub(crate) runs: Runs,
    /// This agent has voted for it, and has waited since for it to be chosen. Otherwise that may have been long ago.
    pub(crate) has_voted: bool,
}

impl Custody {
    /// Something was chosen, and whoever tends it is to hear of it.
    pub(super) fn note_chosen(&mut self, name: &WorkloadName, chosen: Vote<Kept>, has_voted: bool) {
        let kept = chosen.entrusted.content;
        let intent = kept.intent();
        let workload = intent.workload();
        if self.by_workload.len() < NAMES_MAX {
            self.by_workload.insert(workload, name.clone());
        }
        self.chosen.push_back(Chosen {
            intent: intent.promise().clone(),
            runs: kept.runs().clone(),
            keepers: chosen.entrusted.configuration,
            has_voted,
        });
    }

    /// What was chosen of late, for whoever tends it.
    pub(crate) fn poll_chosen(&mut self) -> Option<Chosen> {
        self.chosen.pop_front()
    }

    /// What is known to be chosen of a workload's register, with its name. It may be of another workload by now.
    pub(super) fn held(&self, workload: &WorkloadId) -> Option<(&WorkloadName, &Vote<Kept>)> {
        let name = self.by_workload.get(workload)?;
        let votes = self.names.get(name)?.register.votes()?;
        Some((name, votes.chosen()?))
    }

    /// Whether a workload that was kept here is deleted.
    pub(crate) fn is_over(&self, workload: &WorkloadId) -> bool {
        let is_over = |chosen: &Vote<Kept>| {
            let intent = chosen.entrusted.content.intent();
            intent.workload() != *workload || intent.deletes()
        };
        let held = self.held(workload);
        self.collected.has(workload) || held.is_some_and(|(_, chosen)| is_over(chosen))
    }

    /// Whether others keep a workload in the place of this agent.
    pub(crate) fn is_others(&self, workload: &WorkloadId) -> bool {
        let held = self.held(workload);
        held.is_some_and(|(_, chosen)| !chosen.entrusted.configuration.has(&self.me))
    }

    /// Others know of something later of this workload: finds out what.
    pub(crate) fn read<C: Speech>(
        &mut self,
        workload: &WorkloadId,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        if let Some((name, _)) = self.held(workload) {
            let name = name.clone();
            if self.is_sure_of(&name, parts) {
                self.step(&name, parts, Register::read);
            }
        }
    }

    /// A fellow keeper may not know what was chosen of this workload.
    pub(crate) fn show<C: Speech>(
        &mut self,
        workload: &WorkloadId,
        to: AgentId,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        if let Some((name, _)) = self.held(workload) {
            let name = name.clone();
            self.tell(&name, to, parts);
        }
    }

    /// An agent is there again, and may have missed what was chosen of the names that it keeps with this one, and that
    /// others keep in its place.
    pub(crate) fn show_all<C: Speech>(&mut self, to: AgentId, parts: &mut Parts<'_, C, impl Rng>) {
        let both = |named: &Named| named.keepers().is_some_and(|its| its.has(&to));
        let shared = self.names.iter().filter(|(_, named)| both(named));
        let mut shown: BTreeSet<WorkloadName> = shared.map(|(name, _)| name.clone()).collect();
        if !shown.is_empty() {
            self.ask_to_vouch(to, parts);
        }
        shown.extend(parts.keepers.names_of(&to).cloned());
        for name in shown {
            self.tell(&name, to, parts);
        }
    }

    /// These are the names that another agent keeps, by its sheet. Of those that others keep in its place, it has not
    /// heard so.
    pub(crate) fn handle_names<C: Speech>(
        &mut self,
        agent: AgentId,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        let keepers = parts.keepers;
        for name in keepers.names_of(&agent) {
            let named = self
                .names
                .get(name)
                .filter(|its| !its.untold.contains(&agent) && !self.is_namesake(name, &agent));
            let keepers = named.and_then(Named::keepers);
            if keepers.is_some_and(|its| !its.has(&agent)) {
                self.tell(name, agent, parts);
            }
        }
    }

    /// Tells a fellow keeper what was chosen, or one that was, until it says that it knows.
    pub(super) fn tell<C: Speech>(
        &mut self,
        name: &WorkloadName,
        to: AgentId,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        let me = self.me;
        let thinks_so = parts.keepers.shows(&to, name) && !self.is_namesake(name, &to);
        self.step(name, parts, |register, done| {
            let chosen = register.votes().and_then(Votes::chosen);
            let concerns = |its: &&Vote<Kept>| {
                let keepers = &its.entrusted.configuration;
                keepers.has(&me) && (keepers.has(&to) || thinks_so)
            };
            let chosen = chosen.filter(concerns).cloned();
            done.said
                .extend(chosen.map(|its| (to, Consultation::Chosen(its))));
        });
    }
}

/// Whether one was chosen after the other.
pub(super) fn is_later(one: &Vote<Kept>, other: &Vote<Kept>) -> bool {
    learned(one) > learned(other)
}

/// By what a keeper says that it knows what was chosen.
pub(super) fn learned(chosen: &Vote<Kept>) -> Learned {
    Learned {
        epoch: chosen.entrusted.configuration.epoch(),
        ballot: chosen.ballot,
    }
}
