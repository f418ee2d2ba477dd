//! Agents that take liberties with what is pending with them.

use std::collections::{BTreeMap, BTreeSet};

use gary_agent::{Fact, Transmit, Write};
use gary_promise::{
    AgentId, Asked, Body, Consultation, Entry, Frame, Generation, Invitation, Promise, PromiseId,
    Question, Signed, Slot, Verified, WorkloadId,
};

use super::twin::Twin;
use crate::adapter::{Adapter, Passed};

/// Asks others to host what is pending with it, once for each.
#[derive(Debug)]
pub(super) struct RunsWhatIsPending {
    pub(super) twin: Twin,
    pub(super) pending: BTreeSet<PromiseId>,
}

impl Adapter for RunsWhatIsPending {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        let mut passed = Passed::default();
        if let Some(intent) = self.pending.pop_first()
            && let Some(intent) = self.twin.intents.get(&intent)
            && let Ok(invitation) =
                Invitation::new(intent.signed().clone(), self.twin.epoch(), [Slot(0)])
        {
            let frame = Frame::Invitation(invitation);
            passed.says.push(Transmit { to: from, frame });
        }
        passed.hears.push((from, frame));
        passed
    }

    fn stores(&mut self, write: Write) -> Vec<Fact> {
        self.pending.extend(pending(&mut self.twin, &write));
        write.facts
    }
}

/// Proposes what is pending with it in the place of what stands, whatever that was made from.
#[derive(Debug)]
pub(super) struct Overwrites {
    pub(super) twin: Twin,
    pub(super) pending: BTreeMap<(WorkloadId, Generation), PromiseId>,
}

impl Adapter for Overwrites {
    fn says(&mut self, mut transmit: Transmit) -> Vec<Transmit> {
        if let Frame::Consults(consults) = &mut transmit.frame {
            let entrusted = match &mut consults.what {
                Consultation::Asked(Asked {
                    question: Question::Accept(entrusted),
                    ..
                }) => Some(entrusted),
                Consultation::Chosen(chosen) => Some(&mut chosen.entrusted),
                _ => None,
            };
            if let Some(entrusted) = entrusted {
                self.overwrite(&mut entrusted.content);
            }
        }
        vec![transmit]
    }

    fn stores(&mut self, write: Write) -> Vec<Fact> {
        for id in pending(&mut self.twin, &write) {
            let place = self.twin.intents.get(&id).and_then(place);
            self.pending.extend(place.map(|place| (place, id)));
        }
        write.facts
    }
}

impl Overwrites {
    fn overwrite(&mut self, entry: &mut Entry) {
        let stands = self.twin.intent(&entry.intent).and_then(|its| place(&its));
        let pending = stands.and_then(|its| self.pending.get(&its));
        let pending: Option<Signed<Promise>> = pending
            .and_then(|its| self.twin.intents.get(its))
            .map(|its| its.signed().clone());
        if let Some(pending) = pending {
            entry.intent = pending;
        }
    }
}

/// Which intents come to be pending by what is stored.
fn pending(twin: &mut Twin, write: &Write) -> Vec<PromiseId> {
    for fact in &write.facts {
        if let Fact::Record(record) = fact {
            twin.read_record(record);
        }
    }
    let pending = write.facts.iter().filter_map(|fact| match fact {
        Fact::Pending { intent, .. } => Some(*intent),
        _ => None,
    });
    pending.collect()
}

/// Which generation of which workload an intent is.
fn place(intent: &Verified<Promise>) -> Option<(WorkloadId, Generation)> {
    match intent.body() {
        Body::Use(wanted) => Some((intent.workload()?, wanted.lineage.generation())),
        _ => None,
    }
}
