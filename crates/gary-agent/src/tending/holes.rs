//! Which slots of a workload are to be filled.

use gary_promise::{AgentId, Generation, Observer, Slot, Time};

use super::counted::{Counted, Standing};
use super::round::ROUND_SLOTS_MAX;
use super::tended::Tended;

/// Slots that no good hosting of the intent's generation fills, no more than a round can be for. Each kind has half a
/// round at least, so that neither waits for the other.
#[derive(Debug, Default)]
pub(super) struct Holes {
    /// Those that nobody hosts.
    pub(super) empty: Vec<Slot>,
    /// Those that are hosted at an earlier generation.
    pub(super) outdated: Vec<Slot>,
    /// Those that only such host who leave. They come last, since they are hosted well until then.
    pub(super) leaving: Vec<Slot>,
}

impl Holes {
    pub(super) fn of(tended: &Tended, observer: &Observer, now: Time) -> Self {
        let generation = tended.wanted.lineage.generation();
        let hosted = |slot: &Slot| tended.hosted_generation(*slot, observer, now);
        let over = tended.over();
        let all = tended.wanted.used().slots();
        let empty = all.filter(|slot| hosted(slot).is_none() && !over.contains(slot));
        let used = tended.slots.keys().copied();
        let used = used.filter(|slot| tended.wanted.used().has(*slot) && !over.contains(slot));
        let outdated = used
            .clone()
            .filter(|slot| hosted(slot).is_some_and(|its| its < generation));
        let leaving = used.filter(|slot| tended.is_left_by_all(*slot, observer, now));
        let mut holes = Self {
            empty: empty.take(ROUND_SLOTS_MAX).collect(),
            outdated: outdated.take(ROUND_SLOTS_MAX).collect(),
            leaving: leaving.take(ROUND_SLOTS_MAX).collect(),
        };
        let (half, outdated) = (ROUND_SLOTS_MAX / 2, holes.outdated.len());
        holes.empty.truncate(ROUND_SLOTS_MAX - outdated.min(half));
        holes.outdated.truncate(ROUND_SLOTS_MAX - holes.empty.len());
        let others = holes.empty.len() + holes.outdated.len();
        holes.leaving.truncate(ROUND_SLOTS_MAX - others);
        holes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.empty.is_empty() && self.outdated.is_empty() && self.leaving.is_empty()
    }

    /// Those that no good hosting of the intent's generation fills.
    pub(super) fn iter(&self) -> impl Iterator<Item = Slot> {
        self.empty.iter().chain(&self.outdated).copied()
    }
}

impl Tended {
    /// Whether no good hosting of the intent's generation fills a slot, or none that stays.
    pub(super) fn is_hole(&self, slot: Slot, observer: &Observer, now: Time) -> bool {
        let generation = self.wanted.lineage.generation();
        let hosted = self.hosted_generation(slot, observer, now);
        let is_filled = hosted.is_some_and(|its| its >= generation);
        self.wanted.used().has(slot)
            && !self.is_done(slot)
            && (!is_filled || self.is_left_by_all(slot, observer, now))
    }

    /// Whether nobody hosts a slot well, at any generation.
    pub(super) fn is_empty(&self, slot: Slot, observer: &Observer, now: Time) -> bool {
        self.hosted_generation(slot, observer, now).is_none()
    }

    /// Who hosts a slot at an earlier generation: of several, who does so well, and at the latest.
    pub(super) fn earlier_host(
        &self,
        slot: Slot,
        observer: &Observer,
        now: Time,
    ) -> Option<AgentId> {
        let generation = self.wanted.lineage.generation();
        let counted = self.slots.get(&slot)?.iter();
        let earlier = counted.filter(|its| its.generation() < generation);
        let is_good = |its: &Counted| its.standing(observer, now) == Standing::Good;
        let host = earlier.max_by_key(|its| (is_good(its), its.generation()))?;
        Some(host.offer.by())
    }

    /// The latest generation at which a slot is hosted well; or, of what is exclusive or runs to completion, may be: nobody
    /// else could run it while that holds it, or should.
    fn hosted_generation(&self, slot: Slot, observer: &Observer, now: Time) -> Option<Generation> {
        let filling = self.filling(slot, observer, now);
        filling.map(Counted::generation).max()
    }

    /// Who hosts a slot well; or, of what is exclusive, may.
    pub(super) fn filling(
        &self,
        slot: Slot,
        observer: &Observer,
        now: Time,
    ) -> impl Iterator<Item = &Counted> {
        let counted = self.slots.get(&slot).into_iter().flatten();
        counted.filter(move |its| match its.standing(observer, now) {
            Standing::Good => true,
            Standing::Doubtful => self.wanted.exclusive || self.wanted.mode.completes(),
            Standing::Bad => false,
        })
    }
}
