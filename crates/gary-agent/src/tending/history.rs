//! Intents that stood, so that whoever looks for what was before can have it again.

use gary_promise::{
    Body, BootEpoch, Condition, Generation, Lineage, Own, Promise, Update, Use, Verified,
    WorkloadName,
};

use super::failing::Failing;
use super::tended::Tended;
use super::workloads::Tending;
use crate::hosting::Order;
use crate::voice::{Speech, StoodBefore, Voice};

/// The most earlier intents of a workload that a keeper remembers. Beyond, the earliest is forgotten.
pub const HISTORY_MAX: usize = 8;

/// The most bytes of them together, as they were signed. Beyond, the earliest are forgotten: of the largest there can be
/// three are remembered still.
pub const HISTORY_BYTES_MAX: usize = 256 << 10;

/// An intent that stands or stood, by what a keeper remembers: what it has seen chosen itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stood {
    /// The intent, as its owner signed it.
    pub intent: Verified<Promise>,
    /// Which hosting of it failed, if any did when it was superseded, or does now.
    pub failed: Option<Failing>,
    /// The start of the keeper since which the time of that counts.
    pub epoch: BootEpoch,
}

impl Stood {
    /// Its generation.
    pub fn generation(&self) -> Generation {
        match self.intent.body() {
            Body::Use(wanted) => wanted.lineage.generation(),
            // Nothing else is ever remembered so.
            _ => Generation::FIRST,
        }
    }
}

/// What an owner signs to go back: a new generation with the content of an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoingBack {
    /// What is intended.
    pub wanted: Use,
    /// Under which condition.
    pub condition: Condition,
}

/// There is nothing to go back to. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GoBackError {
    /// This agent does not keep the name.
    #[error("this node keeps nothing called {name}")]
    NotKept {
        /// Which name.
        name: WorkloadName,
    },
    /// It is the generation that stands.
    #[error("generation {} of {name} stands", generation.get())]
    Stands {
        /// Which name.
        name: WorkloadName,
        /// Which generation.
        generation: Generation,
    },
    /// This agent does not remember it.
    #[error("this node remembers no generation {} of {name}: at most the last {HISTORY_MAX} are", generation.get())]
    NotRemembered {
        /// Which name.
        name: WorkloadName,
        /// Which generation.
        generation: Generation,
    },
    /// There can be no later generation.
    #[error("{name} has had as many generations as there can be")]
    Last {
        /// Which name.
        name: WorkloadName,
    },
}

/// The intents of a workload before the one that stands, the latest last.
#[derive(Debug, Default)]
pub(super) struct History(Vec<Stood>);

impl History {
    /// Those that were remembered before a start.
    pub(super) fn resume<C: Speech>(stood: Vec<Stood>, voice: &mut Voice<C, Order>) -> Self {
        for its in &stood {
            voice.hold(its.intent.id());
        }
        Self(stood)
    }

    /// One more stood, and is stored already. What is too much is forgotten.
    pub(super) fn add<C: Speech>(&mut self, stood: Stood, voice: &mut Voice<C, Order>) {
        self.0.push(stood);
        while self.0.len() > HISTORY_MAX || self.bytes() > HISTORY_BYTES_MAX {
            let first = self.0.remove(0);
            voice.forget(first.intent.id());
        }
    }

    /// Stores which these are, by the `+keep` of the workload.
    pub(super) fn store<C: Speech>(&self, keep: &Own<Promise>, voice: &mut Voice<C, Order>) {
        let stood = self.0.iter().map(|its| StoodBefore {
            intent: its.intent.id(),
            failed: its.failed,
            epoch: its.epoch,
        });
        voice.keep_history(keep.id(), stood.collect());
    }

    /// The workload is over.
    pub(super) fn forget<C: Speech>(&self, voice: &mut Voice<C, Order>) {
        for its in &self.0 {
            voice.forget(its.intent.id());
        }
    }

    fn bytes(&self) -> usize {
        let each = self.0.iter();
        each.map(|its| its.intent.signed().bytes().len()).sum()
    }
}

impl Tended {
    /// The intent that stands, for when it does not any more.
    pub(super) fn stands(&self, epoch: BootEpoch) -> Stood {
        Stood {
            intent: self.intent.clone(),
            failed: self.failing.iter().next().copied(),
            epoch,
        }
    }
}

impl Tending {
    /// The intents of a name that this agent keeps, the one that stands last.
    pub(crate) fn history(&self, name: &WorkloadName, epoch: BootEpoch) -> Vec<Stood> {
        let tended = self.called(name);
        let all = tended.map(|its| its.history.0.iter().cloned().chain([its.stands(epoch)]));
        all.into_iter().flatten().collect()
    }

    /// What its owner signs to go back to an earlier generation of a name.
    ///
    /// # Errors
    ///
    /// When there is nothing to go back to.
    pub(crate) fn go_back(
        &self,
        name: &WorkloadName,
        generation: Generation,
    ) -> Result<GoingBack, GoBackError> {
        let name = name.clone();
        let Some(tended) = self.called(&name) else {
            return Err(GoBackError::NotKept { name });
        };
        let current = tended.wanted.lineage.generation();
        if current == generation {
            return Err(GoBackError::Stands { name, generation });
        }
        let mut earlier = tended.history.0.iter();
        let stood = earlier.find(|its| its.generation() == generation);
        let Some((stood, Body::Use(wanted))) = stood.map(|its| (its, its.intent.body())) else {
            return Err(GoBackError::NotRemembered { name, generation });
        };
        let next = current.next();
        let update = next.and_then(|next| Update::new(tended.workload, next).ok());
        let Some(update) = update else {
            return Err(GoBackError::Last { name });
        };
        Ok(GoingBack {
            wanted: Use {
                lineage: Lineage::Updates(update),
                ..Use::clone(wanted)
            },
            condition: stood.intent.condition().clone(),
        })
    }

    fn called(&self, name: &WorkloadName) -> Option<&Tended> {
        let mut tended = self.tended.values();
        tended.find(|its| its.wanted.name == *name)
    }
}
