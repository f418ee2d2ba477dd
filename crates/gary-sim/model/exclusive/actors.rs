//! One keeper and one host of a model, each with a clock of its own.

use std::time::Duration;

use gary_agent::exclusive::{Grant, Grantor, Seat, Tenure, Terms, Turn};
use gary_promise::{
    AgentId, BootEpoch, BootNonce, Configuration, FencingEpoch, Holder, PromiseId, Sequence, Time,
    Version,
};

use super::Fault;

/// A tenure of two steps, by clocks that are wrong by a quarter at most.
pub(super) const TERMS: Terms = Terms {
    lasts: Duration::from_micros(8),
    drift_ppm: 250_000,
    stops_within: Duration::ZERO,
};

/// How far a clock goes in one step: slow, right or fast.
pub(super) const SLOW: u8 = 3;
pub(super) const RIGHT: u8 = 4;
pub(super) const FAST: u8 = 5;

/// What a clock shows that goes so far in each step.
fn clock(step: u8, pace: u8) -> Time {
    Time::from_us(u64::from(step) * u64::from(pace))
}

pub(super) fn agent(number: u8) -> AgentId {
    AgentId::from_bytes([number; 32])
}

fn stamp(number: u8) -> Version {
    Version {
        epoch: BootEpoch(1),
        sequence: Sequence::new(u64::from(number) + 1).expect("not zero"),
    }
}

fn holder(number: u8) -> Holder {
    Holder {
        offer: PromiseId {
            promiser: agent(100 + number),
            version: stamp(0),
        },
        start: BootNonce(0),
    }
}

/// What one says to the other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Word {
    Asks(FencingEpoch, u8),
    Grants(FencingEpoch, u8, Configuration),
    Refuses(u8, Option<FencingEpoch>, Configuration),
    Releases(FencingEpoch),
}

/// What a host says to a keeper's answer.
pub(super) enum Answer {
    ToOne(Word),
    ToAll(Word),
}

/// One keeper.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Keeper {
    pace: u8,
    grantor: Grantor,
    /// What its disk has, where that is not what it should be.
    stored: Option<Option<Grant>>,
    pub(super) seat: Seat,
    pub(super) has_voted: bool,
}

impl Keeper {
    pub(super) fn new(pace: u8, keepers: Configuration) -> Self {
        Self {
            pace,
            grantor: Grantor::new(TERMS),
            stored: None,
            seat: Seat::new(keepers, Time::from_us(0), &TERMS),
            has_voted: false,
        }
    }

    pub(super) fn hear(
        &mut self,
        step: u8,
        (me, from): (u8, u8),
        word: &Word,
        fault: Option<Fault>,
    ) -> Option<Word> {
        let now = clock(step, self.pace);
        let (epoch, asked) = match word {
            Word::Asks(epoch, asked) => (*epoch, *asked),
            Word::Releases(epoch) => {
                self.grantor.release(holder(from), *epoch);
                return None;
            }
            Word::Grants(..) | Word::Refuses(..) => return None,
        };
        let keepers = self.seat.configuration().clone();
        let before = self.grantor.grant().copied();
        let has_voted = self.has_voted && fault != Some(Fault::GrantsAfterVoting);
        let seat = match fault {
            Some(Fault::DoesNotWaitForChanges) => &settled(&keepers),
            _ => &self.seat,
        };
        let claim = (holder(from), epoch);
        let is_granted = keepers.has(&agent(me)) && self.grantor.ask(now, seat, has_voted, claim);
        if fault == Some(Fault::GrantsBeforeDurable) && self.grantor.grant() != before.as_ref() {
            self.stored = Some(before);
        }
        let latest = self.grantor.grant().map(|its| its.epoch);
        Some(match is_granted {
            true => Word::Grants(epoch, asked, keepers),
            false => Word::Refuses(asked, latest, keepers),
        })
    }

    /// Loses all but its disk.
    pub(super) fn restart(&mut self, step: u8, fault: Option<Fault>) {
        let grant = self.grantor.grant().copied();
        let grant = self.stored.take().unwrap_or(grant);
        let now = match fault {
            Some(Fault::GrantsAtOnceAfterStart) => Time::from_us(0),
            _ => clock(step, self.pace),
        };
        self.grantor = Grantor::resume(TERMS, grant, now);
        self.seat = Seat::new(self.seat.configuration().clone(), now, &TERMS);
    }

    /// It comes to know that these keep it now.
    pub(super) fn learn(&mut self, step: u8, keepers: &Configuration) {
        let now = clock(step, self.pace);
        self.seat.move_to(keepers, now, &TERMS);
        self.has_voted = false;
    }
}

/// With whom a keeper votes that waits for nothing.
fn settled(keepers: &Configuration) -> Seat {
    Seat::new(
        keepers.clone(),
        Time::from_us(0),
        &Terms {
            lasts: Duration::ZERO,
            ..TERMS
        },
    )
}

/// One host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Host {
    pace: u8,
    tenure: Tenure,
    /// Until when it runs, unless it is told otherwise. It stops by itself.
    until: Option<Time>,
    asks: u8,
    pub(super) asks_left: u8,
    pub(super) may_release: bool,
}

impl Host {
    pub(super) const fn new(pace: u8, asks: u8, may_release: bool) -> Self {
        Self {
            pace,
            tenure: Tenure::new(TERMS),
            until: None,
            asks: 0,
            asks_left: asks,
            may_release,
        }
    }

    /// Whether it runs.
    pub(super) fn runs(&self, step: u8) -> bool {
        self.until
            .is_some_and(|until| until > clock(step, self.pace))
    }

    /// Whether it has anything to release.
    pub(super) const fn has_asked(&self) -> bool {
        self.asks > 0
    }

    pub(super) fn ask(&mut self, step: u8) -> Word {
        let now = clock(step, self.pace);
        self.settle(now);
        self.asks += 1;
        self.asks_left -= 1;
        self.tenure.ask(now, stamp(self.asks));
        Word::Asks(self.tenure.epoch(), self.asks)
    }

    /// Stops for good, and says so.
    pub(super) fn release(&mut self) -> Word {
        self.may_release = false;
        self.asks_left = 0;
        self.until = None;
        let epoch = self.tenure.epoch();
        self.tenure = Tenure::new(TERMS);
        Word::Releases(epoch)
    }

    /// Hears what a keeper answers. Says under which epoch it begins to run, if it does, and what it says to whom.
    pub(super) fn hear(
        &mut self,
        step: u8,
        from: u8,
        word: Word,
        fault: Option<Fault>,
    ) -> (Option<FencingEpoch>, Option<Answer>) {
        let now = clock(step, self.pace);
        let said = match word {
            Word::Grants(epoch, asked, keepers) => {
                let (mut asked, mut named) = (stamp(asked), keepers);
                if fault == Some(Fault::CountsFromTheAnswer) && epoch == self.tenure.epoch() {
                    self.asks += 1;
                    asked = stamp(self.asks);
                    self.tenure.ask(now, asked);
                }
                if fault == Some(Fault::BeginsAmongOthers) {
                    named = among(&named, epoch);
                }
                let is_late = self.tenure.granted(agent(from), epoch, asked, &named);
                is_late.then_some(Answer::ToOne(Word::Releases(epoch)))
            }
            Word::Refuses(asked, latest, keepers) => {
                let given_up = self.tenure.refused(stamp(asked), latest, &keepers);
                given_up.map(|epoch| Answer::ToAll(Word::Releases(epoch)))
            }
            Word::Asks(..) | Word::Releases(_) => return (None, None),
        };
        (self.settle(now), said)
    }

    fn settle(&mut self, now: Time) -> Option<FencingEpoch> {
        match self.tenure.settle(now, self.until)? {
            Turn::Begins(until) => {
                self.until = Some(until);
                Some(self.tenure.epoch())
            }
            Turn::Lasts(until) => {
                self.until = Some(until);
                None
            }
            Turn::Ends => {
                self.until = None;
                None
            }
        }
    }
}

/// The same keepers, as if they were those that an epoch is of.
fn among(keepers: &Configuration, epoch: FencingEpoch) -> Configuration {
    let all = keepers.keepers().iter().copied();
    let among = Configuration::new(epoch.configuration(), all).expect("they are as many as before");
    among.founded_by(keepers)
}
