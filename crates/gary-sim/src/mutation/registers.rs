//! Keepers of registers that take liberties with what they remember.

use std::collections::{BTreeMap, BTreeSet};

use gary_agent::Transmit;
use gary_promise::{
    AgentId, Body, BootEpoch, CommitSequence, Configuration, Consultation, Consults, Frame,
    Question, Recall, Valency, WorkloadId, WorkloadName,
};

use crate::adapter::{Adapter, Passed};
use crate::reader::Reader;

/// Does not hear that its disk went back, and votes by it.
#[derive(Debug)]
pub(super) struct VotesByABackup;

impl Adapter for VotesByABackup {
    fn hears(&mut self, from: AgentId, mut frame: Frame) -> Passed {
        if let Frame::Recall(Recall::Saw { sequence, .. }) = &mut frame {
            *sequence = CommitSequence(0);
        }
        Passed {
            hears: vec![(from, frame)],
            ..Passed::default()
        }
    }
}

/// Makes its attempts as if it had never started again, so that one of an earlier start comes twice.
#[derive(Debug)]
pub(super) struct ReusesBallots {
    pub(super) me: AgentId,
    /// The start that its agent is in.
    pub(super) now: BootEpoch,
}

/// The start that all attempts are said to be of.
const FIRST_START: BootEpoch = BootEpoch(1);

impl Adapter for ReusesBallots {
    fn hears(&mut self, from: AgentId, mut frame: Frame) -> Passed {
        if let Frame::Consults(consults) = &mut frame
            && let Consultation::Answered(answered) = &mut consults.what
            && answered.ballot.by == self.me
        {
            answered.ballot.epoch = self.now;
        }
        Passed {
            hears: vec![(from, frame)],
            ..Passed::default()
        }
    }

    fn says(&mut self, mut transmit: Transmit) -> Vec<Transmit> {
        if let Frame::Consults(consults) = &mut transmit.frame
            && let Consultation::Asked(asked) = &mut consults.what
        {
            self.now = asked.ballot.epoch;
            asked.ballot.epoch = FIRST_START;
        }
        vec![transmit]
    }
}

/// Has one keeper go and two others come in one change.
#[derive(Debug, Default)]
pub(super) struct SkipsTheOverlap {
    met: BTreeSet<AgentId>,
}

impl SkipsTheOverlap {
    /// The same change with another keeper in the place of one that stays.
    fn skips(&self, to: &Configuration) -> Option<Configuration> {
        let other = *self.met.iter().find(|its| !to.has(its))?;
        let keepers = to.keepers().iter().skip(1).copied().chain([other]);
        let skips = Configuration::new(to.epoch(), keepers).ok()?;
        Some(skips.founded_by(to))
    }
}

impl Adapter for SkipsTheOverlap {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        self.met.insert(from);
        Passed {
            hears: vec![(from, frame)],
            ..Passed::default()
        }
    }

    fn says(&mut self, mut transmit: Transmit) -> Vec<Transmit> {
        if let Frame::Consults(consults) = &mut transmit.frame
            && let Consultation::Chosen(chosen) = &mut consults.what
            && chosen.ballot.is_none()
            && let Some(skips) = self.skips(&chosen.entrusted.configuration)
        {
            chosen.entrusted.configuration = skips;
        }
        vec![transmit]
    }
}

/// Takes the first fellow keeper that knows of a deletion for all of them, and forgets the workload.
#[derive(Debug)]
pub(super) struct CollectsEarly {
    pub(super) reader: Reader,
    /// Which workload is deleted, by its name.
    pub(super) deleted: BTreeMap<WorkloadName, WorkloadId>,
}

impl CollectsEarly {
    fn read(&mut self, consults: &Consults) {
        let entrusted = match &consults.what {
            Consultation::Chosen(chosen) => &chosen.entrusted,
            Consultation::Asked(asked) => match &asked.question {
                Question::Accept(entrusted) => entrusted,
                Question::Prepare => return,
            },
            _ => return,
        };
        let Some(intent) = self.reader.promise(&entrusted.content.intent) else {
            return;
        };
        let is_deleted =
            matches!(intent.body(), Body::Use(wanted) if wanted.valency == Valency::NONE);
        match intent.workload().filter(|_| is_deleted) {
            Some(workload) => self.deleted.insert(consults.name.clone(), workload),
            None => self.deleted.remove(&consults.name),
        };
    }
}

impl Adapter for CollectsEarly {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        let mut hears = vec![(from, frame)];
        if let Frame::Consults(consults) = &hears[0].1 {
            let (name, sequence) = (consults.name.clone(), consults.sequence);
            self.read(consults);
            let knows = matches!(
                consults.what,
                Consultation::Learned(_) | Consultation::Chosen(_)
            );
            if let Some(workload) = self.deleted.get(&name).filter(|_| knows) {
                let consults = Consults {
                    name,
                    sequence,
                    what: Consultation::Collected(*workload),
                };
                hears.push((from, Frame::Consults(Box::new(consults))));
            }
        }
        Passed {
            hears,
            ..Passed::default()
        }
    }

    fn says(&mut self, transmit: Transmit) -> Vec<Transmit> {
        if let Frame::Consults(consults) = &transmit.frame {
            self.read(consults);
        }
        vec![transmit]
    }
}
