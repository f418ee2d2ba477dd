//! Disks that lie, and agents that use theirs for what is not their own.

use gary_agent::{Fact, Write};
use gary_promise::{AgentId, Frame, SignedRecord};

use super::twin::Twin;
use crate::adapter::{Adapter, Passed};

/// Says that it has stored something, and has lost it: one write in three.
#[derive(Debug, Default)]
pub(super) struct LosesWrites {
    writes: u64,
}

impl Adapter for LosesWrites {
    fn stores(&mut self, write: Write) -> Vec<Fact> {
        self.writes += 1;
        match self.writes % 3 {
            0 => Vec::new(),
            _ => write.facts,
        }
    }
}

/// Says how it has voted, and has not stored it.
#[derive(Debug)]
pub(super) struct VotesFromMemory;

impl Adapter for VotesFromMemory {
    fn stores(&mut self, write: Write) -> Vec<Fact> {
        let mut facts = write.facts;
        facts.retain(|fact| !matches!(fact, Fact::Votes { .. }));
        facts
    }
}

/// Forgets nothing of what others have told it.
#[derive(Debug)]
pub(super) struct ForgetsNothing {
    pub(super) me: AgentId,
}

impl Adapter for ForgetsNothing {
    fn stores(&mut self, write: Write) -> Vec<Fact> {
        let mut facts = write.facts;
        facts.retain(|fact| match fact {
            Fact::Forgotten(id) => id.promiser == self.me,
            _ => true,
        });
        facts
    }
}

/// Writes down what others promise one another, as far as it comes to hear of it.
#[derive(Debug)]
pub(super) struct WritesDownEverything {
    pub(super) twin: Twin,
    pub(super) heard: Vec<SignedRecord>,
}

impl Adapter for WritesDownEverything {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        if let Frame::Told(batch) = &frame {
            for record in batch.records() {
                if self.twin.is_between_others(record) {
                    self.heard.push(record.clone());
                }
            }
        }
        Passed {
            hears: vec![(from, frame)],
            ..Passed::default()
        }
    }

    fn stores(&mut self, write: Write) -> Vec<Fact> {
        let heard = std::mem::take(&mut self.heard);
        let heard = heard.into_iter().map(Fact::Record);
        write.facts.into_iter().chain(heard).collect()
    }
}
