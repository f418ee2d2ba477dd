//! What is to be changed of the register of a name.

use std::collections::BTreeSet;

use gary_promise::{AgentId, Configuration, Entrusted, Lineage, Time, Verdict};

use super::kept::{Intent, Kept};
use super::running::RunChange;
use crate::register::Change;

/// What is to be changed of the register of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// An intent is to be kept.
    Intent(Box<Submitted>),
    /// Others are to keep the name than do.
    Keepers(Succession),
    /// Something is run to completion, or has been.
    Run(Box<RunChange>),
}

/// An intent that is to be kept, and who wants to know what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Submitted {
    pub(super) intent: Intent,
    pub(super) askers: BTreeSet<Asker>,
    /// When whoever asks is told that it is not known.
    pub(super) until: Time,
}

/// Who wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asker {
    /// A person, at this node.
    Person,
    /// Another node, at which a person is.
    Node(AgentId),
}

/// One keeper more is to keep a name, or one fewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Succession {
    pub(super) to: Configuration,
    /// When it is thought over once more.
    pub(super) until: Time,
}

impl Wanted {
    pub(super) const fn until(&self) -> Time {
        match self {
            Self::Intent(submitted) => submitted.until,
            Self::Keepers(succession) => succession.until,
            Self::Run(change) => change.until,
        }
    }

    /// Who asks for an intent, where it is to be kept.
    pub(super) fn submitted(&mut self, intent: &Intent) -> Option<&mut Submitted> {
        match self {
            Self::Intent(submitted) if submitted.intent == *intent => Some(submitted),
            _ => None,
        }
    }
}

impl Change<Kept> for Wanted {
    type Verdict = Verdict;

    fn verdict(&self, held: Option<&Entrusted<Kept>>) -> Option<Verdict> {
        match self {
            Self::Intent(submitted) => submitted.verdict(held),
            Self::Keepers(succession) => succession.verdict(held),
            Self::Run(change) => change.verdict(held),
        }
    }

    fn follow(
        &self,
        held: Option<&Entrusted<Kept>>,
        configuration: &Configuration,
    ) -> Entrusted<Kept> {
        match (self, held) {
            (Self::Keepers(succession), Some(held)) => Entrusted {
                configuration: succession.to.clone(),
                content: held.content.clone(),
            },
            (Self::Run(change), Some(held)) => Entrusted {
                configuration: configuration.clone(),
                content: change.follow(&held.content),
            },
            (Self::Keepers(_) | Self::Run(_), None) => {
                unreachable!("what nobody keeps has a verdict")
            }
            (Self::Intent(submitted), held) => Entrusted {
                configuration: configuration.clone(),
                content: Kept::after(held.map(|its| &its.content), submitted.intent.clone()),
            },
        }
    }
}

impl Succession {
    fn verdict(&self, held: Option<&Entrusted<Kept>>) -> Option<Verdict> {
        let Some(held) = held else {
            return Some(Verdict::NotKept);
        };
        let now = &held.configuration;
        if *now == self.to {
            return Some(Verdict::Committed(now.clone()));
        }
        // Another change came first: whether there is more to change, its keepers see.
        (!self.to.follows(now)).then(|| Verdict::Elsewhere(now.clone()))
    }
}

impl Submitted {
    fn verdict(&self, held: Option<&Entrusted<Kept>>) -> Option<Verdict> {
        let lineage = self.intent.wanted().lineage;
        let Some(held) = held else {
            return match lineage {
                Lineage::Founds => None,
                Lineage::Updates(_) => Some(Verdict::NotKept),
            };
        };
        let kept = &held.content;
        if kept.has(&self.intent) {
            return Some(Verdict::Committed(held.configuration.clone()));
        }
        let now = kept.intent();
        let is_same = now.workload() == self.intent.workload();
        match lineage {
            // The name of what was deleted may come to mean another workload, and never the same again.
            Lineage::Founds if is_same => Some(Verdict::Conflict(now.generation())),
            Lineage::Founds if now.deletes() => None,
            Lineage::Founds => Some(Verdict::NameTaken(now.workload())),
            Lineage::Updates(_) if !is_same || now.deletes() => Some(Verdict::NotKept),
            Lineage::Updates(_) if now.generation().next() != Some(self.intent.generation()) => {
                Some(Verdict::Conflict(now.generation()))
            }
            // Hostings of a generation that is not exclusive count for none that is.
            Lineage::Updates(_)
                if now.wanted().exclusive != self.intent.wanted().exclusive
                    && !self.intent.deletes() =>
            {
                Some(Verdict::Exclusivity)
            }
            Lineage::Updates(_)
                if !now.wanted().mode.is_like(&self.intent.wanted().mode)
                    && !self.intent.deletes() =>
            {
                Some(Verdict::Mode)
            }
            Lineage::Updates(_) => {
                let owner = now.promise().by();
                let may = now.wanted().lets_update(owner, self.intent.promise().by());
                (!may).then_some(Verdict::NotAllowed)
            }
        }
    }
}
