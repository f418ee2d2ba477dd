//! Keepers that take liberties.

use std::collections::{BTreeMap, BTreeSet};

use gary_agent::{Fact, Transmit, Write};
use gary_promise::{
    AgentId, Answer, Answered, BoundedSet, CommitSequence, ConfigurationEpoch, Consultation,
    Consults, Frame, Host, Invitation, PromiseId, Question, Reason, SignedRecord, Slot,
    WorkloadName,
};

use super::twin::{Twin, told};
use crate::adapter::{Adapter, Passed};

/// Accepts the offers that it should dismiss.
#[derive(Debug)]
pub(super) struct AcceptsTwice(pub(super) Twin);

impl Adapter for AcceptsTwice {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        self.0.overhear(from, frame)
    }

    fn says(&mut self, transmit: Transmit) -> Vec<Transmit> {
        self.0.read(&transmit.frame);
        let Frame::Dismissal(dismissal) = &transmit.frame else {
            return vec![transmit];
        };
        let mut said = Vec::new();
        for version in dismissal.offers.iter() {
            let offer = PromiseId {
                promiser: transmit.to,
                version: *version,
            };
            if let Some(acceptance) = self.0.accept(&offer) {
                let record = SignedRecord::Promise(acceptance.signed().clone());
                let (to, frame) = (transmit.to, told(record));
                said.push(Transmit { to, frame });
            }
        }
        said
    }
}

/// Invites whoever refuses again at once.
#[derive(Debug, Default)]
pub(super) struct DoesNotTakeNo {
    invited: BTreeMap<AgentId, Invitation>,
}

impl Adapter for DoesNotTakeNo {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        let mut passed = Passed::default();
        if matches!(frame, Frame::Refusal(_))
            && let Some(invitation) = self.invited.get(&from)
        {
            let frame = Frame::Invitation(invitation.clone());
            passed.says.push(Transmit { to: from, frame });
        }
        passed.hears.push((from, frame));
        passed
    }

    fn says(&mut self, transmit: Transmit) -> Vec<Transmit> {
        if let Frame::Invitation(invitation) = &transmit.frame {
            self.invited.insert(transmit.to, invitation.clone());
        }
        vec![transmit]
    }
}

/// Holds for broken what it was just told stands.
#[derive(Debug)]
pub(super) struct Impatient(pub(super) Twin);

impl Adapter for Impatient {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        let mut passed = Passed::default();
        self.0.read(&frame);
        if let Frame::Renewal(renewal) = &frame {
            for version in renewal.bound.iter() {
                let offer = PromiseId {
                    promiser: from,
                    version: *version,
                };
                let acceptance = self.0.acceptance_of(&offer);
                let withdrawal = acceptance.and_then(|its| self.0.withdraw(&its, Reason::Unstated));
                if let Some(frame) = withdrawal {
                    passed.says.push(Transmit { to: from, frame });
                }
            }
        }
        passed.hears.push((from, frame));
        passed
    }

    fn says(&mut self, transmit: Transmit) -> Vec<Transmit> {
        self.0.read(&transmit.frame);
        vec![transmit]
    }
}

/// Lets both of two hosts go that share a slot.
#[derive(Debug)]
pub(super) struct LetsBothGo(pub(super) Twin);

impl Adapter for LetsBothGo {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        self.0.overhear(from, frame)
    }

    fn says(&mut self, transmit: Transmit) -> Vec<Transmit> {
        self.0.read(&transmit.frame);
        let Frame::Told(batch) = &transmit.frame else {
            return vec![transmit];
        };
        let losers = batch.records().iter();
        let losers = losers.filter_map(|record| self.0.offer_let_go(record, Reason::Surplus));
        let losers: Vec<(PromiseId, Host)> = losers.collect();
        let mut said = vec![transmit];
        for (loser, place) in losers {
            let sharing = self.0.all_offers().into_iter().filter(|(offer, host)| {
                let is_same = (host.workload, host.slot) == (place.workload, place.slot);
                is_same && host.generation == place.generation && *offer != loser
            });
            for (offer, _) in sharing {
                let acceptance = self.0.acceptance_of(&offer);
                let withdrawal = acceptance.and_then(|its| self.0.withdraw(&its, Reason::Surplus));
                said.extend(withdrawal.map(|frame| Transmit {
                    to: offer.promiser,
                    frame,
                }));
            }
        }
        said
    }
}

/// Invites nobody after the first few.
#[derive(Debug, Default)]
pub(super) struct GivesUp {
    invited: u32,
}

impl Adapter for GivesUp {
    fn says(&mut self, transmit: Transmit) -> Vec<Transmit> {
        if matches!(transmit.frame, Frame::Invitation(_)) {
            self.invited += 1;
            if self.invited > 2 {
                return Vec::new();
            }
        }
        vec![transmit]
    }
}

/// Does not wait until what an intent requires is there, and invites whomever it hears of next, once for each.
#[derive(Debug)]
pub(super) struct DoesNotWait {
    pub(super) twin: Twin,
    pub(super) invited: BTreeSet<PromiseId>,
}

impl Adapter for DoesNotWait {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        let mut passed = Passed::default();
        let waiting = self.twin.intents.values();
        let mut waiting = waiting.filter(|its| {
            !its.condition().requirements.is_empty() && !self.invited.contains(&its.id())
        });
        if let Some(intent) = waiting.next()
            && let Ok(invitation) =
                Invitation::new(intent.signed().clone(), self.twin.epoch(), [Slot(0)])
        {
            self.invited.insert(intent.id());
            let frame = Frame::Invitation(invitation);
            passed.says.push(Transmit { to: from, frame });
        }
        passed.hears.push((from, frame));
        passed
    }

    fn stores(&mut self, write: Write) -> Vec<Fact> {
        for fact in &write.facts {
            if let Fact::Record(record) = fact {
                self.twin.read_record(record);
            }
        }
        write.facts
    }
}

/// Listens to no offers but those of the first that has ever offered it anything.
#[derive(Debug)]
pub(super) struct HasAFavourite {
    pub(super) twin: Twin,
    pub(super) favourite: Option<AgentId>,
}

impl Adapter for HasAFavourite {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        let mut passed = Passed::default();
        let is_offer = match &frame {
            Frame::Told(batch) => batch
                .records()
                .iter()
                .any(|its| self.twin.is_offer_to_me(its)),
            _ => false,
        };
        if !is_offer || *self.favourite.get_or_insert(from) == from {
            passed.hears.push((from, frame));
        }
        passed
    }
}

/// Votes on with those that it voted with first, whatever it has heard since.
#[derive(Debug, Default)]
pub(super) struct VotesOn {
    /// With which configuration it votes on which name, by its disk.
    votes_with: BTreeMap<WorkloadName, ConfigurationEpoch>,
}

impl Adapter for VotesOn {
    fn hears(&mut self, from: AgentId, frame: Frame) -> Passed {
        let mut passed = Passed::default();
        if let Frame::Consults(consults) = &frame
            && let Consultation::Asked(asked) = &consults.what
            && let epoch = asked.configuration.epoch()
            && self.votes_with.get(&consults.name) > Some(&epoch)
        {
            let answer = match asked.question {
                Question::Prepare => Answer::Promised(None),
                Question::Accept(_) => Answer::Accepted,
            };
            let what = Consultation::Answered(Answered {
                epoch,
                ballot: asked.ballot,
                answer,
            });
            let consults = Consults {
                name: consults.name.clone(),
                sequence: CommitSequence::default(),
                what,
            };
            let frame = Frame::Consults(Box::new(consults));
            passed.says.push(Transmit { to: from, frame });
        }
        passed.hears.push((from, frame));
        passed
    }

    fn stores(&mut self, write: Write) -> Vec<Fact> {
        for fact in &write.facts {
            if let Fact::Votes { name, votes } = fact {
                let epoch = votes.configuration().epoch();
                self.votes_with.insert(name.clone(), epoch);
            }
        }
        write.facts
    }
}

/// Takes what is bound for what runs, so that an update goes through all slots at once.
#[derive(Debug)]
pub(super) struct RollsAllAtOnce;

impl Adapter for RollsAllAtOnce {
    fn hears(&mut self, from: AgentId, mut frame: Frame) -> Passed {
        if let Frame::Renewal(renewal) = &mut frame {
            renewal.idle = BoundedSet::default();
        }
        Passed {
            hears: vec![(from, frame)],
            ..Passed::default()
        }
    }
}
