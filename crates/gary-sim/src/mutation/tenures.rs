//! Hosts and keepers of what is exclusive that take liberties with time and with memory.

use std::collections::{BTreeMap, VecDeque};

use gary_agent::{Fact, Transmit, Write};
use gary_promise::{AgentId, Frame, Tenancy, TenancyWord, Version};

use crate::adapter::{Adapter, Passed};

/// How many times it has asked again before it hears what it was granted.
const ASKS_LATE: usize = 3;

/// Counts from when it hears an answer, which reaches it late: by what it asked last before that.
#[derive(Debug, Default)]
pub(super) struct HolderCountsFromTheAnswer {
    /// What it has asked by each of its offers, the latest last.
    asked: BTreeMap<Version, VecDeque<Version>>,
    /// What was granted, and is not heard yet.
    granted: VecDeque<(AgentId, Tenancy)>,
}

impl HolderCountsFromTheAnswer {
    /// What was granted long enough ago, as if it had been asked for now.
    fn answers(&mut self) -> Vec<(AgentId, Frame)> {
        let mut heard = Vec::new();
        let mut kept = VecDeque::new();
        for (from, mut tenancy) in self.granted.drain(..) {
            let asked = self.asked.get(&tenancy.claim.offer);
            let latest = asked.and_then(|its| its.back()).copied();
            if let TenancyWord::Grants { asked: its, .. } = &mut tenancy.word
                && let Some(latest) = latest
                && asked
                    .is_some_and(|known| known.iter().filter(|one| *one > its).count() >= ASKS_LATE)
            {
                *its = latest;
                heard.push((from, Frame::Tenancy(Box::new(tenancy))));
            } else {
                kept.push_back((from, tenancy));
            }
        }
        self.granted = kept;
        heard
    }
}

impl Adapter for HolderCountsFromTheAnswer {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        let mut hears = self.answers();
        match frame {
            Frame::Tenancy(its) if matches!(its.word, TenancyWord::Grants { .. }) => {
                self.granted.push_back((from, *its));
            }
            frame => hears.push((from, frame)),
        }
        Passed {
            hears,
            ..Passed::default()
        }
    }

    fn says(&mut self, transmit: Transmit) -> Vec<Transmit> {
        if let Frame::Tenancy(its) = &transmit.frame
            && let TenancyWord::Asks(stamp) = its.word
        {
            let asked = self.asked.entry(its.claim.offer).or_default();
            if asked.back() != Some(&stamp) {
                asked.push_back(stamp);
            }
        }
        vec![transmit]
    }
}

/// Says what it grants, and has not stored it.
#[derive(Debug)]
pub(super) struct GrantsFromMemory;

impl Adapter for GrantsFromMemory {
    fn stores(&mut self, write: Write) -> Vec<Fact> {
        let mut facts = write.facts;
        facts.retain(|fact| !matches!(fact, Fact::Granted { .. }));
        facts
    }
}
