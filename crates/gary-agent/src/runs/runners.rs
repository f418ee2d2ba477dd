//! What this agent hosts that runs to completion: what it has claimed of it, runs, and has yet to tell.

use std::collections::{BTreeMap, BTreeSet};

use gary_promise::{AgentId, Completion, Mode, Running, Time, Version};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::runner::{Hosts, Runner, State, Step};
use super::wall_clock::WallClock;
use crate::backoff::Waits;
use crate::hosting::Ended;

/// How long a host waits before it claims a run once more, or tells once more how one has ended, each time by another of
/// its keepers.
pub const CLAIMS_WAITS: Waits = Waits {
    first_ms: 500,
    longest_ms: 2_000,
};

/// Of the agent's seed, what runs are drawn by: nothing else depends on whether there are any.
const STREAM: u64 = 0x9a1_4e75;

/// What this agent hosts that runs to completion. They are no more than it hosts.
#[derive(Debug)]
pub(crate) struct Runners {
    random: ChaCha8Rng,
    by_offer: BTreeMap<Version, Runner>,
    due: BTreeSet<(Time, Version)>,
}

impl Runners {
    /// Those of an agent whose randomness comes from this seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: ChaCha8Rng::seed_from_u64(seed ^ STREAM),
            by_offer: BTreeMap::new(),
            due: BTreeSet::new(),
        }
    }

    /// It hosts this by this offer, and claims what is to be run of it. Of an earlier start it remembers how a run ended
    /// that it may not have told yet.
    pub(crate) fn begin(&mut self, now: Time, offer: Version, hosts: Hosts, ended: Option<Ended>) {
        let runner = self.by_offer.entry(offer);
        runner.or_insert_with(|| Runner::new(now, hosts, ended));
        self.queue(offer);
    }

    /// Whether it hosts something that runs to completion by this offer.
    pub(crate) fn has(&self, offer: &Version) -> bool {
        self.by_offer.contains_key(offer)
    }

    /// How late it is has been told anew.
    pub(crate) fn look_again(&mut self, now: Time) {
        let offers: Vec<Version> = self.by_offer.keys().copied().collect();
        for offer in offers {
            if let Some(runner) = self.by_offer.get_mut(&offer)
                && let (State::Rests(at), Mode::Schedule(..)) =
                    (&mut runner.state, runner.hosts.mode)
            {
                *at = Some(at.map_or(now, |at| at.min(now)));
            }
            self.queue(offer);
        }
    }

    /// Which offers something is to be done about by now.
    pub(crate) fn take_due(&mut self, now: Time) -> Vec<Version> {
        let mut due = Vec::new();
        while let Some((at, offer)) = self.due.first().copied()
            && at <= now
        {
            self.due.pop_first();
            if let Some(runner) = self.by_offer.get_mut(&offer) {
                runner.due_at = None;
            }
            due.push(offer);
        }
        due
    }

    pub(crate) fn due_at(&self) -> Option<Time> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Does what is due about an offer. What is to be said of it, and how often that was said before: each time another
    /// keeper is to hear it. A claim goes by `stamp`, which nobody has used.
    pub(crate) fn see_to(
        &mut self,
        now: Time,
        offer: Version,
        wall: &WallClock,
        stamp: impl FnOnce() -> Version,
    ) -> Option<(u32, Running)> {
        let runner = self.by_offer.get_mut(&offer)?;
        runner.look(now, wall, stamp);
        let waits = CLAIMS_WAITS.after(runner.said + 1, &mut self.random);
        let said = runner.say(now, offer, now.after(waits));
        self.queue(offer);
        said
    }

    /// A keeper answers. What follows, if anything does; `None` of what was not asked.
    pub(crate) fn handle(
        &mut self,
        now: Time,
        me: AgentId,
        running: &Running,
    ) -> Option<Option<Step>> {
        let runner = self.by_offer.get_mut(&running.offer)?;
        if runner.hosts.workload != running.workload {
            return None;
        }
        let step = runner.hear(now, me, running, &mut self.random)?;
        self.queue(running.offer);
        Some(step)
    }

    /// What runs by an offer has ended; `asked` is by what it was claimed, where that is known. Says what is to be
    /// remembered before it is told.
    pub(crate) fn ended(
        &mut self,
        now: Time,
        offer: Version,
        asked: Option<Version>,
        completion: Completion,
    ) -> Option<Ended> {
        let runner = self.by_offer.get_mut(&offer)?;
        let State::Runs { key, asked: its } = runner.state else {
            return None;
        };
        if asked.is_some_and(|asked| asked != its) {
            return None;
        }
        let ended = Ended {
            key,
            asked: its,
            completion,
        };
        runner.rest_in(State::Ended {
            ended: Box::new(ended.clone()),
            again_at: now,
        });
        self.queue(offer);
        Some(ended)
    }

    /// It hosts nothing by this offer any more.
    pub(crate) fn end(&mut self, offer: Version) {
        if let Some(at) = self.by_offer.remove(&offer).and_then(|its| its.due_at) {
            self.due.remove(&(at, offer));
        }
    }

    /// It hosts nothing any more.
    pub(crate) fn clear(&mut self) {
        self.by_offer.clear();
        self.due.clear();
    }

    fn queue(&mut self, offer: Version) {
        let Some(runner) = self.by_offer.get_mut(&offer) else {
            return;
        };
        let due_at = runner.state.due_at();
        if let Some(at) = std::mem::replace(&mut runner.due_at, due_at) {
            self.due.remove(&(at, offer));
        }
        self.due.extend(due_at.map(|at| (at, offer)));
    }
}
