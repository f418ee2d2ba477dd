//! Beginning the register of a name again, because a majority of those who keep it is gone for good.
//!
//! No agent does so by itself: that a machine is gone for good, and not only cut off, a person has to know. Whoever does is
//! told first what may be lost by it, and signs what is to stand from then on. That is a later generation than any that may
//! be lost, so that what is hosted of those makes way for it as for any later one.

use gary_promise::{
    AgentId, Configuration, ConfigurationEpoch, Entrusted, Era, Generation, Learned, Lineage,
    Promise, PromiseId, Signed, Verdict, Vote, WorkloadId, WorkloadName,
};
use rand::Rng;

use super::chosen::learned;
use super::kept::{Intent, Kept};
use super::machine::{Custody, Parts};
use crate::candidates::Candidates;
use crate::membership::HeldOff;
use crate::register::Votes;
use crate::voice::{Speech, Unverified};

/// By how many generations at least what stands after a recovery is later than what was known by then. As many may be lost,
/// and more updates of one workload than that nobody makes. By how many more, the agent decides that does it: of two that
/// recover a name at once, what the one signs whose era goes before the other is the later generation too, and no two
/// contents ever stand under one.
pub const RECOVERY_SKIPS: u64 = 1_000_000;

/// What a recovery of a name is of: what was known of it, and who was there, when somebody looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryId {
    /// The name.
    pub name: WorkloadName,
    /// What is known to be chosen.
    pub known: Learned,
    /// Who of those who keep it is not there.
    pub missing: Vec<AgentId>,
}

/// What a person has to know before it recovers a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// What it is of. Once any of that is otherwise, it has to be looked at anew.
    pub id: RecoveryId,
    /// Whose name it is, as far as is known here.
    pub workload: WorkloadId,
    /// The latest intent that is known here to be kept. Later ones may have been kept, and those are lost.
    pub intent: Signed<Promise>,
    /// Its generation.
    pub generation: Generation,
    /// An intent that was voted for here, of which it is not known whether it came to be kept.
    pub undecided: Option<PromiseId>,
    /// Who keeps the name, as far as is known here.
    pub keepers: Configuration,
    /// Which generation whoever recovers it has to sign.
    pub next: Generation,
}

/// A name was not recovered. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecoverError {
    /// Somebody else signed it, or it cannot be read.
    #[error(transparent)]
    Refused(#[from] Unverified),
    /// This agent takes no part.
    #[error(transparent)]
    HeldOff(#[from] HeldOff),
    /// This agent has left.
    #[error("this node has left its cluster")]
    Left,
    /// This agent looks at nothing that its signer submits.
    #[error("this node considers no submissions of {owner}")]
    NotConsidered {
        /// Who signed it.
        owner: AgentId,
    },
    /// Nothing is known here of the name.
    #[error("this node has never kept {name}")]
    NotKept {
        /// Which.
        name: WorkloadName,
    },
    /// The name was a workload's that is deleted.
    #[error("{name} is deleted, and there is nothing to recover")]
    Deleted {
        /// Which.
        name: WorkloadName,
    },
    /// It has a majority.
    #[error("{there} of the {all} nodes that keep {name} are there: deploy to it as ever")]
    Reachable {
        /// Which.
        name: WorkloadName,
        /// How many of those who keep it are there.
        there: usize,
        /// How many keep it.
        all: usize,
    },
    /// Something has changed since it was looked at.
    #[error("something has changed since the recovery of {name} was assessed: assess it again")]
    Changed {
        /// Which.
        name: WorkloadName,
    },
    /// What was signed is no update of its workload to the generation that it has to be.
    #[error("a recovery of {name} is an update of {workload} to generation {next}")]
    NotNext {
        /// Which.
        name: WorkloadName,
        /// Its workload.
        workload: WorkloadId,
        /// The generation.
        next: Generation,
    },
    /// Whoever signed it may not update the workload, or not so.
    #[error("{by} may not update {name} so")]
    NotAllowed {
        /// Who signed it.
        by: AgentId,
        /// Which.
        name: WorkloadName,
    },
    /// The disk is behind, and nothing new is taken on.
    #[error("this node is behind with what it has to store: try again")]
    Behind,
}

impl Custody {
    /// What a person has to know before it recovers a name.
    ///
    /// # Errors
    ///
    /// When it cannot be recovered here, or need not be.
    pub(crate) fn assess_recovery(
        &self,
        name: &WorkloadName,
        candidates: &Candidates,
    ) -> Result<Recovery, RecoverError> {
        let votes = self.names.get(name).and_then(|its| its.register.votes());
        let chosen: Option<&Vote<Kept>> = votes.and_then(Votes::chosen);
        let name = || name.clone();
        let (Some(votes), Some(chosen)) = (votes, chosen) else {
            return Err(RecoverError::NotKept { name: name() });
        };
        let intent = chosen.entrusted.content.intent();
        if intent.deletes() {
            return Err(RecoverError::Deleted { name: name() });
        }
        let keepers = &chosen.entrusted.configuration;
        let is_there = |its: &&AgentId| **its == self.me || candidates.is_up(its);
        let (there, missing): (Vec<&AgentId>, Vec<&AgentId>) =
            keepers.keepers().iter().partition(is_there);
        if there.len() >= keepers.majority() {
            let (there, all) = (there.len(), keepers.keepers().len());
            let name = name();
            return Err(RecoverError::Reachable { name, there, all });
        }
        let voted = votes.voted().map(|its| its.entrusted.content.intent());
        let undecided = voted.map(|its| its.promise().id());
        let generation = intent.generation();
        let skips = RECOVERY_SKIPS + u64::from(leading(&self.me));
        let next = Generation::new(generation.get().saturating_add(skips));
        Ok(Recovery {
            id: RecoveryId {
                name: name(),
                known: learned(chosen),
                missing: missing.into_iter().copied().collect(),
            },
            workload: intent.workload(),
            intent: intent.promise().signed().clone(),
            generation,
            undecided: undecided.filter(|its| *its != intent.promise().id()),
            keepers: keepers.clone(),
            next: next.unwrap_or(generation),
        })
    }

    /// A register was begun again, and what was known to be kept by then may not be what it was begun with: shows that it
    /// is lost.
    pub(super) fn note_superseded<C: Speech>(
        &mut self,
        name: &WorkloadName,
        before: Vote<Kept>,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        let votes = self.names.get(name).and_then(|its| its.register.votes());
        let lost = before.entrusted.content.intent();
        let Some(now) = votes.and_then(Votes::chosen) else {
            return;
        };
        let now = &now.entrusted.content;
        if lost.deletes() || now.has(lost) {
            return;
        }
        let verdict = Verdict::Conflict(now.intent().generation());
        let since = (self.epoch, parts.now);
        self.pending.show(lost.clone(), verdict, since, parts.voice);
    }

    /// Begins the register of a name again, with what a person has signed and with this agent as its only keeper; others
    /// come to keep it as they do where there are too few. Whoever kept it before votes no more once it hears of that.
    ///
    /// # Errors
    ///
    /// When it is not done; then nothing has changed.
    pub(crate) fn recover<C: Speech>(
        &mut self,
        id: &RecoveryId,
        intent: Intent,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> Result<(), RecoverError> {
        let name = id.name.clone();
        let now = self.assess_recovery(&name, parts.candidates)?;
        if now.id != *id {
            return Err(RecoverError::Changed { name });
        }
        if parts.voice.is_behind() {
            return Err(RecoverError::Behind);
        }
        let Recovery { workload, next, .. } = now;
        let is_next = matches!(intent.wanted().lineage, Lineage::Updates(_))
            && (intent.workload(), intent.generation()) == (workload, next)
            && *intent.name() == name;
        if !is_next {
            return Err(RecoverError::NotNext {
                name,
                workload,
                next,
            });
        }
        let votes = self.names.get(&name).and_then(|its| its.register.votes());
        let chosen = votes.and_then(Votes::chosen).map(|its| &its.entrusted);
        let Some(known) = chosen.map(|its| its.content.clone()) else {
            return Err(RecoverError::NotKept { name });
        };
        let stands = known.intent();
        let by = intent.promise().by();
        let may = stands.wanted().lets_update(stands.promise().by(), by);
        let is_alike = stands.wanted().exclusive == intent.wanted().exclusive;
        if !may || !(is_alike || intent.deletes()) {
            return Err(RecoverError::NotAllowed { by, name });
        }
        let era = Era::after(now.keepers.epoch().era(), self.me);
        let alone =
            era.and_then(|era| Configuration::new(ConfigurationEpoch::begins(era), [self.me]).ok());
        let Some(alone) = alone else {
            return Err(RecoverError::Changed { name });
        };
        let configuration = alone.founded_by(&now.keepers);
        let committed = Verdict::Committed(configuration.clone());
        let id = intent.promise().id();
        let content = Kept::after(Some(&known), intent);
        let entrusted = Entrusted {
            configuration,
            content,
        };
        self.acquaint(parts.voice);
        self.step(&name, parts, |register, done| {
            register.begin_again(entrusted, done);
        });
        self.tell_person(id, committed, parts);
        Ok(())
    }
}

/// The first bytes of an agent's id, in the order of ids.
fn leading(agent: &AgentId) -> u32 {
    let [a, b, c, d, ..] = *agent.as_bytes();
    u32::from_be_bytes([a, b, c, d])
}
