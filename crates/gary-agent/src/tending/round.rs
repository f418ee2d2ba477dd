//! One round of invitations: who was asked for which slots, and what was offered until now.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gary_promise::{AgentId, Evidence, Host, Promise, Slot, Time, Verified, Version};

use crate::backoff::Waits;

/// How many agents are invited for each slot: the d of "power of d choices". Each one more costs a
/// message and room that is set aside for nothing, and gains ever less.
pub const INVITED_PER_SLOT: usize = 2;

/// How many times twice as many agents are invited for a slot as in the round before, where rounds leave it open.
pub const WIDENINGS_MAX: u32 = 4;

/// The most slots of one round of one workload: what is in flight is bounded.
pub const ROUND_SLOTS_MAX: usize = 1024;

/// How long a round waits for answers. Shorter than an offer stands.
pub const ANSWERS_WITHIN: Duration = Duration::from_millis(500);

/// How long a workload waits after a round that left slots open.
pub const ROUND_WAITS: Waits = Waits {
    first_ms: 200,
    longest_ms: 2_500,
};

/// One round of invitations.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) ends_at: Time,
    /// The slots that somebody was asked for.
    pub(super) slots: BTreeSet<Slot>,
    /// Those of them that were asked for beside what is hosted of an earlier generation.
    pub(super) beside: BTreeSet<Slot>,
    /// Those that were asked for in the place of that.
    instead: BTreeSet<Slot>,
    /// Who has yet to answer for which slots.
    awaited: BTreeMap<AgentId, BTreeSet<Slot>>,
    offers: BTreeMap<Slot, Vec<Offered>>,
}

/// An offer that a round has brought.
#[derive(Debug)]
pub(super) struct Offered {
    pub(super) offer: Verified<Promise>,
    pub(super) host: Host,
    /// What its host has said since, such as that it goes away for a while.
    pub(super) evidence: Option<Evidence>,
}

impl Offered {
    fn is_of(&self, host: &AgentId, offer: Version) -> bool {
        self.offer.by() == *host && self.offer.version() == offer
    }
}

impl Round {
    /// A round of those who were asked for these.
    pub(super) fn new(
        now: Time,
        awaited: BTreeMap<AgentId, BTreeSet<Slot>>,
        (beside, instead): (BTreeSet<Slot>, BTreeSet<Slot>),
    ) -> Self {
        Self {
            beside,
            instead,
            ends_at: now.after(ANSWERS_WITHIN),
            slots: awaited.values().flatten().copied().collect(),
            awaited,
            offers: BTreeMap::new(),
        }
    }

    /// Whether the agent was asked for the slot in this round.
    pub(super) fn awaits(&self, agent: &AgentId, slot: Slot) -> bool {
        self.awaited
            .get(agent)
            .is_some_and(|slots| slots.contains(&slot))
    }

    /// Whether it has brought this offer for the slot already.
    pub(super) fn has(&self, slot: Slot, offer: &Verified<Promise>) -> bool {
        let mut offers = self.offers.get(&slot).into_iter().flatten();
        offers.any(|its| its.offer.id() == offer.id())
    }

    /// An offer for the slot was taken back before anybody has accepted it.
    pub(super) fn withdrawn(&mut self, slot: Slot, host: &AgentId, offer: Version) {
        if let Some(offers) = self.offers.get_mut(&slot) {
            offers.retain(|its| !its.is_of(host, offer));
        }
    }

    /// Learns something of an offer that waits. Says whether it is news.
    pub(super) fn learn(
        &mut self,
        slot: Slot,
        host: &AgentId,
        offer: Version,
        evidence: Evidence,
    ) -> bool {
        let mut waiting = self.offers.get_mut(&slot).into_iter().flatten();
        let its = waiting.find(|its| its.is_of(host, offer));
        its.is_some_and(|its| {
            let joined = its
                .evidence
                .map_or(evidence, |before| before.join(evidence));
            its.evidence.replace(joined) != Some(joined)
        })
    }

    pub(super) fn offered(&mut self, offer: Offered) {
        self.answered(offer.offer.by(), [offer.host.slot]);
        self.offers.entry(offer.host.slot).or_default().push(offer);
    }

    pub(super) fn answered(&mut self, agent: AgentId, slots: impl IntoIterator<Item = Slot>) {
        let Some(awaited) = self.awaited.get_mut(&agent) else {
            return;
        };
        for slot in slots {
            awaited.remove(&slot);
        }
        if awaited.is_empty() {
            self.awaited.remove(&agent);
        }
    }

    /// Who has not answered yet.
    pub(super) fn awaited(&self) -> impl Iterator<Item = AgentId> {
        self.awaited.keys().copied()
    }

    /// Whether it asked for nothing but what finds room beside what is hosted.
    pub(super) fn is_all_beside(&self) -> bool {
        self.slots.len() == self.beside.len()
    }

    /// Whether none of these was asked for in the place of what is hosted.
    pub(super) fn is_besides(&self, slots: &[Slot]) -> bool {
        slots.iter().all(|slot| !self.instead.contains(slot))
    }

    /// Whoever is gone answers no more, and what it has offered is no more to be had.
    pub(super) fn lost(&mut self, agent: &AgentId) {
        for offers in self.offers.values_mut() {
            offers.retain(|its| its.offer.by() != *agent);
        }
        self.awaited.remove(agent);
    }

    /// Whether it was as large as a round can be, and most of its slots are filled now: the next one can follow
    /// at once, for those that this one had no room for.
    pub(super) fn goes_on(&self, filled: usize) -> bool {
        self.slots.len() == ROUND_SLOTS_MAX && 2 * filled > ROUND_SLOTS_MAX
    }

    pub(super) fn is_complete(&self) -> bool {
        self.awaited.is_empty()
    }

    /// What it has brought. Nothing is left to wait for.
    pub(super) fn take_offers(&mut self) -> BTreeMap<Slot, Vec<Offered>> {
        std::mem::take(&mut self.offers)
    }
}
