//! How an update goes on: in how many slots at once the intent's generation takes the place of an earlier one.

use std::cmp::Ordering;

use gary_promise::{AgentId, Observer, Reason, Slot, Time, Version};
use rand::Rng;

use super::counted::{Counted, Standing};
use super::holes::Holes;
use super::tended::{Keeper, Tended, uncount};
use crate::voice::Speech;

/// How an update stands, by what this keeper counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress {
    max_surge: usize,
    max_unavailable: usize,
    /// Slots that are bound at both generations.
    pub(super) both: usize,
    /// Slots that nobody is heard to host. Those do not count for which nobody has ever had room.
    pub(super) down: usize,
    /// Slots in which the intent's generation has begun and is not heard to run.
    under_way: usize,
}

impl Progress {
    /// In how many slots more the intent's generation may be bound beside an earlier one.
    pub(super) const fn beside(&self) -> usize {
        self.max_surge.saturating_sub(self.both)
    }

    /// In how many more an earlier one that runs may make way for it.
    pub(super) const fn instead(&self) -> usize {
        self.max_unavailable.saturating_sub(self.down)
    }

    /// In how many more it may be bound at all before some of it runs.
    pub(super) const fn begins(&self) -> usize {
        let most = self.max_surge.saturating_add(self.max_unavailable);
        most.saturating_sub(self.under_way)
    }

    /// Whether something has begun of which it is not heard yet that it runs.
    pub(super) const fn is_under_way(&self) -> bool {
        self.under_way > 0
    }

    /// Whether one may make way where nobody has room for both, though none was to be without a hosting: else an update of
    /// full machines would never begin.
    pub(super) const fn makes_do(&self) -> bool {
        self.max_unavailable == 0 && self.down == 0
    }
}

/// How an update stands in the course of a round. To look at it takes the longer the more slots there are, so that it is
/// looked at anew only where what has changed since may matter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pacing {
    progress: Progress,
    /// How much was bound or let go since.
    pub(super) changes: usize,
}

impl Tended {
    /// How the update stands at the beginning of a round.
    pub(super) fn pacing(&self, observer: &Observer, now: Time) -> Pacing {
        Pacing {
            progress: self.progress(observer, now),
            changes: 0,
        }
    }

    /// How the update stands.
    pub(super) fn progress(&self, observer: &Observer, now: Time) -> Progress {
        let (generation, valency) = (self.wanted.lineage.generation(), self.wanted.used());
        let (mut both, mut hosted, mut waiting, mut under_way) = (0, 0, 0, 0);
        let mut empty = self.instead.clone();
        empty.retain(|slot| valency.has(*slot));
        for (slot, counted) in self.slots.iter().filter(|(slot, _)| valency.has(**slot)) {
            let good = counted.iter();
            let good = good.filter(|its| its.standing(observer, now) == Standing::Good);
            let is_earlier = |its: &&Counted| its.generation() < generation;
            let (earlier, current): (Vec<&Counted>, Vec<&Counted>) = good.partition(is_earlier);
            if earlier.is_empty() && current.is_empty() {
                continue;
            }
            empty.remove(slot);
            let runs = current.iter().any(|its| its.is_hosted(observer, now));
            let is_hosted = runs || earlier.iter().any(|its| its.is_hosted(observer, now));
            both += usize::from(!earlier.is_empty() && !current.is_empty());
            under_way += usize::from(!runs && !current.is_empty());
            hosted += usize::from(is_hosted);
            waiting += usize::from(!is_hosted);
        }
        let all = usize::try_from(valency.get()).unwrap_or(usize::MAX);
        let never = all.saturating_sub(hosted + waiting + empty.len());
        let made_way = empty.len();
        // Where a round has left them open, nobody has room for them. What has made way counts whatever became of its room.
        let never = if self.attempts > 0 { 0 } else { never };
        let pace = self.wanted.pace;
        let size = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        Progress {
            max_surge: size(pace.max_surge()),
            max_unavailable: size(pace.max_unavailable()),
            both,
            down: waiting + made_way + never,
            under_way: under_way + made_way,
        }
    }

    /// A host lets an earlier generation go for the intent's, or this one for one that it has heard of before this keeper.
    pub(super) fn makes_room(&mut self, slot: Slot, host: &AgentId, offer: Version) {
        let generation = self.wanted.lineage.generation();
        let counted = self.counted_by(slot, host, offer);
        match counted.map(|its| its.generation().cmp(&generation)) {
            Some(Ordering::Less) => _ = self.instead.insert(slot),
            Some(Ordering::Equal) => _ = self.foreseen.insert(slot),
            Some(Ordering::Greater) | None => {}
        }
    }

    /// Whether what is offered for a slot may be bound now, beside what is hosted of an earlier generation or in its place.
    /// In that case this is let go, and says so by which offer.
    pub(super) fn makes_way<C: Speech, R: Rng>(
        &mut self,
        slot: Slot,
        is_beside: bool,
        pacing: &mut Pacing,
        keeper: &mut Keeper<'_, C, R>,
        gone: &mut Vec<(AgentId, Version)>,
    ) -> bool {
        let (now, observer) = (keeper.now, keeper.observer());
        if self.is_empty(slot, &observer, now) || self.is_left_by_all(slot, &observer, now) {
            return true;
        }
        // Each change has bound one slot more at both generations, at the most.
        if pacing.progress.beside() > pacing.changes {
            return true;
        }
        if pacing.changes > 0 {
            *pacing = self.pacing(&observer, now);
        }
        let progress = pacing.progress;
        if progress.beside() > 0 {
            return true;
        }
        let is_idle = self.is_idle(slot, &observer, now);
        let may_go = progress.instead() > 0 || (!is_beside && progress.makes_do());
        if !is_idle && !may_go {
            return false;
        }
        self.instead.insert(slot);
        pacing.changes += 1;
        let generation = self.wanted.lineage.generation();
        let counted = self.slots.entry(slot).or_default();
        for its in counted.extract_if(.., |its| its.generation() < generation) {
            self.refusals.has_room(&its.offer.by());
            let dismissed = &mut self.dismissed;
            gone.push(uncount(&its, Reason::Outdated, keeper.voice, dismissed));
        }
        true
    }

    /// Whether what is hosted of a slot is said not to run.
    pub(super) fn is_idle(&self, slot: Slot, observer: &Observer, now: Time) -> bool {
        let mut counted = self.slots.get(&slot).into_iter().flatten();
        let is_hosted = counted.clone().any(|its| its.is_hosted(observer, now));
        !is_hosted && counted.any(|its| its.is_idle)
    }

    /// Whether the update stands still, since what has begun of it fails.
    pub(super) fn stands_still(&self, holes: &Holes) -> bool {
        !self.failing.is_empty() && !holes.outdated.is_empty()
    }

    /// Of a generation that fails no more is asked for than fails already.
    pub(super) fn hold_back(&self, holes: &mut Holes, progress: &Progress) {
        if !self.stands_still(holes) {
            return;
        }
        let fails = |slot: &Slot| self.failing.has(*slot);
        holes.outdated.retain(fails);
        holes.empty.sort_by_key(|slot| !fails(slot));
        holes.empty.truncate(progress.begins());
        let rest = progress.begins() - holes.empty.len();
        holes.outdated.truncate(rest);
    }
}
