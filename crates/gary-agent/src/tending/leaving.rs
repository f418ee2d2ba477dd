//! Hosts that leave: what they host is to be hosted elsewhere before it goes.

use std::collections::BTreeSet;

use gary_promise::{AgentId, Observer, PromiseId, Reason, Slot, Time, Version};
use rand::Rng;

use super::counted::{Counted, Standing};
use super::round::ROUND_SLOTS_MAX;
use super::tended::{Keeper, Tended, uncount};
use crate::voice::Speech;

/// A hosting whose host leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaving {
    /// In which slot.
    pub slot: Slot,
    /// Who hosts it.
    pub host: AgentId,
    /// By when that takes it back.
    pub by: Time,
}

impl Tended {
    /// Whether all who host a slot at the intent's generation leave.
    pub(super) fn is_left_by_all(&self, slot: Slot, observer: &Observer, now: Time) -> bool {
        // Most often nobody does.
        if !self.is_left(slot) {
            return false;
        }
        let generation = self.wanted.lineage.generation();
        let filling = self.filling(slot, observer, now);
        let mut current = filling
            .filter(|its| its.generation() == generation)
            .peekable();
        current.peek().is_some() && current.all(Counted::is_leaving)
    }

    /// Whether somebody leaves who hosts a slot.
    pub(super) fn is_left(&self, slot: Slot) -> bool {
        let mut counted = self.slots.get(&slot).into_iter().flatten();
        counted.any(Counted::is_leaving)
    }

    /// Lets go who leaves once another runs the same slot. What is exclusive that other runs only then, and has to have bound
    /// it. A run that has begun nobody goes on with: whoever has it has until its deadline to end it. Only whoever comes first among the keepers says so: two who leave, and of whom each of two keepers knows one, are
    /// not to stop for each other. Says which offers are not counted any more.
    pub(super) fn relieve<C: Speech, R: Rng>(
        &mut self,
        keeper: &mut Keeper<'_, C, R>,
    ) -> Vec<(AgentId, Version)> {
        let mut gone = Vec::new();
        let mut shared = self.slots.values().filter(|its| its.len() > 1);
        let is_any = shared.any(|its| its.iter().any(Counted::is_leaving));
        if !is_any || self.place(keeper) > 0 {
            return gone;
        }
        let (now, observer) = (keeper.now, keeper.observer());
        let is_exclusive = self.wanted.exclusive;
        let takes_over = |its: &&Counted| {
            let is_next = is_exclusive && its.is_bound();
            !its.is_leaving()
                && its.standing(&observer, now) == Standing::Good
                && (is_next || its.is_hosted(&observer, now))
        };
        let running: BTreeSet<PromiseId> = self.running().collect();
        for counted in self.slots.values_mut() {
            let others = counted.iter().filter(takes_over);
            let Some(latest) = others.map(Counted::generation).max() else {
                continue;
            };
            let goes = |its: &mut Counted| {
                let is_replaced = its.is_leaving() && its.generation() <= latest;
                is_replaced && !running.contains(&its.offer.id())
            };
            for its in counted.extract_if(.., goes) {
                let dismissed = &mut self.dismissed;
                gone.push(uncount(&its, Reason::Surplus, keeper.voice, dismissed));
            }
        }
        gone
    }

    /// What is hosted of the intent's generation by those who leave.
    pub(super) fn leaving(&self) -> Vec<Leaving> {
        let generation = self.wanted.lineage.generation();
        let current = self.counted().filter(|its| its.generation() == generation);
        let leaving = current.filter_map(|its| {
            Some(Leaving {
                slot: its.host.slot,
                host: its.offer.by(),
                by: its.ends_by?,
            })
        });
        leaving.take(ROUND_SLOTS_MAX).collect()
    }
}
