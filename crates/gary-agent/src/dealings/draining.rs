//! Draining: an agent takes on nothing new, and what it hosts and keeps, others come to host and keep before it lets it go.
//!
//! Nobody is told to do anything. It takes back its promise to look at what others submit, so that nobody invites it, or
//! thinks of it as a keeper, and who keeps something with it looks for another in its place. And it gives notice in its
//! renewals, so that who counts what it hosts does.

use std::time::Duration;

use gary_promise::{Notice, Slot, Time, WorkloadId, WorkloadName};

use super::machine::Dealings;
use crate::voice::Speech;

/// How long an agent that leaves once it is drained stays to tell that it keeps and hosts nothing any more.
pub const TELLS_FOR: Duration = Duration::from_secs(2);

/// How long after its deadline it leaves at the latest, whatever it keeps or runs still: as long as a keeper is waited for
/// that is not there. A name that it keeps with one other would be lost to both if it left before.
pub const GOES_WITHIN: Duration = Duration::from_secs(60);

/// How an agent is drained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drain {
    /// For how long it hosts on what nobody else does. Then it takes it back.
    pub within: Notice,
    /// What comes afterwards.
    pub then: Afterwards,
}

/// What an agent does once it is drained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Afterwards {
    /// It stays a member, and takes on nothing until it is wanted to again.
    Stays,
    /// It leaves its cluster.
    Leaves,
}

/// What is left of an agent's that is drained, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draining {
    /// Since when, in this life of its own.
    pub since: Time,
    /// When it takes back what it hosts still.
    pub until: Time,
    /// What comes afterwards.
    pub then: Afterwards,
    /// What it hosts, no more than it can.
    pub slots: Vec<(WorkloadId, Slot)>,
    /// Which names it keeps, no more than it can.
    pub names: Vec<WorkloadName>,
}

impl Draining {
    /// Whether it hosts and keeps nothing any more.
    pub const fn is_done(&self) -> bool {
        self.slots.is_empty() && self.names.is_empty()
    }
}

/// What an agent that is drained goes by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drained {
    drain: Drain,
    since: Time,
    until: Time,
    /// It has taken back what was left.
    is_over: bool,
    /// Since when there is nothing that it has to do before it leaves.
    is_free_since: Option<Time>,
}

impl Drained {
    const fn new(now: Time, until: Time, drain: Drain) -> Self {
        Self {
            drain,
            since: now,
            until,
            is_over: false,
            is_free_since: None,
        }
    }

    /// When something is to be done.
    pub(super) fn due_at(&self) -> Option<Time> {
        let ends_at = (!self.is_over).then_some(self.until);
        let leaves_at = (self.drain.then == Afterwards::Leaves).then(|| self.leaves_at());
        ends_at.into_iter().chain(leaves_at).min()
    }

    fn leaves_at(&self) -> Time {
        let at_last = self.until.after(GOES_WITHIN);
        let told = self.is_free_since.map(|since| since.after(TELLS_FOR));
        told.map_or(at_last, |told| told.min(at_last))
    }
}

impl<C: Speech> Dealings<C> {
    /// Takes on nothing new, and takes back within a while what it hosts. Of two drains the earlier deadline holds, and that
    /// it leaves; so the same again changes nothing. It is remembered across a start, from which on the time counts anew.
    pub fn drain(&mut self, now: Time, drain: Drain) {
        self.wake(now);
        let until = now.after(drain.within.duration());
        let before = self.drained;
        let drained = match before {
            Some(known) => Drained {
                drain: Drain {
                    within: known.drain.within.min(drain.within),
                    then: known.drain.then.max(drain.then),
                },
                until: known.until.min(until),
                ..known
            },
            None => Drained::new(now, until, drain),
        };
        self.drained = Some(drained);
        if before.map(|its| its.drain) != Some(drained.drain) {
            self.voice.keep_drain(Some(drained.drain));
        }
        if before.is_none() && self.cease_to_consider() {
            let (custody, mut parts) = self.custody(now);
            custody.handle_departure(&mut parts);
            self.look_after_own(now);
        }
        if before.is_none_or(|its| !its.is_over && drained.until < its.until) {
            self.hosting.end_at(now, drained.until, &mut self.voice);
        }
        self.settle(now);
    }

    /// Takes things on again. What others have come to host and keep meanwhile, they go on with.
    pub fn undrain(&mut self, now: Time) {
        self.wake(now);
        if self.drained.take().is_some() {
            self.voice.keep_drain(None);
            self.hosting.go_on(now, &mut self.voice);
            self.begin_to_consider();
            self.look_after_own(now);
        }
        self.settle(now);
    }

    /// Goes on as it was drained before a start, at which it has not counted itself among those who keep something.
    pub(super) fn resume_drain(&mut self, now: Time, drain: Drain) {
        let until = now.after(drain.within.duration());
        self.drained = Some(Drained::new(now, until, drain));
        self.cease_to_consider();
        self.look_after_own(now);
        self.hosting.end_at(now, until, &mut self.voice);
    }

    /// What is left, where it is drained.
    pub fn draining(&self) -> Option<Draining> {
        let Drained {
            drain,
            since,
            until,
            ..
        } = self.drained?;
        Some(Draining {
            since,
            until,
            then: drain.then,
            slots: self.hosting.bound().collect(),
            names: self.custody.kept().cloned().collect(),
        })
    }

    /// It is another keeper to its names than before.
    fn look_after_own(&mut self, now: Time) {
        let me = self.id();
        let (custody, mut parts) = self.custody(now);
        custody.handle_members(&mut parts);
        custody.handle_fellow(&me, &mut parts);
    }

    /// Takes back what is left, if it is time.
    pub(super) fn see_to_drain(&mut self, now: Time) {
        let Some(drained) = &mut self.drained else {
            return;
        };
        if !drained.is_over && drained.until <= now {
            drained.is_over = true;
            self.hosting.leave(&mut self.voice);
        }
    }

    /// Whether it is drained, and leaves now.
    pub(crate) fn goes(&mut self, now: Time) -> bool {
        let is_free = self.is_free(now);
        let Some(drained) = &mut self.drained else {
            return false;
        };
        let since = drained.is_free_since.unwrap_or(now);
        drained.is_free_since = is_free.then_some(since);
        drained.drain.then == Afterwards::Leaves && drained.leaves_at() <= now
    }

    fn keeps_nothing(&self) -> bool {
        self.tending.kept().next().is_none() && self.custody.kept().next().is_none()
    }

    /// Whether it has handed over all there is, or all that anybody else could keep. What its host has not stopped yet may be
    /// held by it. Who has just started knows of nobody yet, and remembers how many there were.
    fn is_free(&mut self, now: Time) -> bool {
        let leaves = |its: &Drained| its.drain.then == Afterwards::Leaves;
        if !self.drained.as_ref().is_some_and(leaves) || !self.hosting.is_vacant() {
            return false;
        }
        let (custody, parts) = self.custody(now);
        let is_alone = custody.members(&parts) == 0;
        is_alone || self.keeps_nothing()
    }
}
