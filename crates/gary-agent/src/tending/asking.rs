//! Whom a keeper asks for which slots.

use std::collections::{BTreeMap, BTreeSet};

use gary_promise::{AgentId, INVITED_SLOTS_MAX, Slot};
use rand::Rng;

use super::choice::Occupancy;
use super::holes::Holes;
use super::round::{INVITED_PER_SLOT, WIDENINGS_MAX};
use super::tended::{Keeper, Tended};
use crate::voice::Speech;

/// How many of the slots that an agent hosts at an earlier generation it is asked for at once: half of what it is asked
/// for at most, so that there is room in an invitation for others.
const IN_PLACE_MAX: usize = INVITED_SLOTS_MAX / 2;

/// Who is asked in a round that is about to open.
struct Asked {
    slots: BTreeMap<AgentId, BTreeSet<Slot>>,
    /// How crowded it will be where, if they offer.
    occupancy: Occupancy,
}

impl Asked {
    fn count(&self, agent: &AgentId) -> usize {
        self.slots.get(agent).map_or(0, BTreeSet::len)
    }

    fn add(&mut self, agent: AgentId, slot: Slot) {
        self.slots.entry(agent).or_default().insert(slot);
    }
}

impl Tended {
    /// Whom to ask for which slots. What is hosted at an earlier generation is asked for where it is. What room there is
    /// elsewhere, all slots needing alike, what nobody hosts can have first.
    pub(super) fn whom_to_ask<C: Speech, R: Rng>(
        &self,
        holes: &Holes,
        keeper: &mut Keeper<'_, C, R>,
    ) -> BTreeMap<AgentId, BTreeSet<Slot>> {
        let mut asked = Asked {
            slots: BTreeMap::new(),
            occupancy: self.occupancy(keeper.candidates),
        };
        let mut elsewhere = holes.outdated.clone();
        elsewhere.retain(|slot| !self.ask_in_place(*slot, &mut asked, keeper));
        // Their room is for what they host themselves, unless they will not have that.
        let in_place = asked.slots.keys().copied();
        let in_place = in_place
            .filter(|host| self.refusals.is_for_room(host))
            .collect();
        for slot in &holes.empty {
            if !self.ask_in_place(*slot, &mut asked, keeper) {
                self.ask_anybody(*slot, &BTreeSet::new(), &mut asked, keeper);
            }
        }
        if holes.empty.is_empty() {
            for slot in elsewhere {
                self.ask_anybody(slot, &in_place, &mut asked, keeper);
            }
        }
        asked.slots
    }

    /// Asks whoever hosts an earlier generation of a slot, who has the room, and perhaps the component. Says whether nobody
    /// else need be asked: that is not so of one that has not answered of late.
    fn ask_in_place<C: Speech, R>(
        &self,
        slot: Slot,
        asked: &mut Asked,
        keeper: &Keeper<'_, C, R>,
    ) -> bool {
        let (now, owner) = (keeper.now, self.intent.by());
        let host = self.earlier_host(slot, &keeper.observer(), now);
        let host = host.filter(|host| {
            let fits = keeper.candidates.fits(host, &self.wanted.needs, owner);
            fits && !self.refusals.rests(host, now)
        });
        let Some(host) = host else {
            return false;
        };
        // One that was asked for as much as can be is asked for the rest in the next round.
        if asked.count(&host) < IN_PLACE_MAX {
            asked.occupancy.add(host, keeper.candidates);
            asked.add(host, slot);
        }
        !self.silent.contains(&host)
    }

    /// Asks some for a slot, of those that are drawn, where it spreads best, and none of `spared`.
    fn ask_anybody<C: Speech, R: Rng>(
        &self,
        slot: Slot,
        spared: &BTreeSet<AgentId>,
        asked: &mut Asked,
        keeper: &mut Keeper<'_, C, R>,
    ) {
        let (now, candidates) = (keeper.now, keeper.candidates);
        let generation = self.wanted.lineage.generation();
        let counted = self.slots.get(&slot).map_or(&[][..], Vec::as_slice);
        let tried = counted.iter().filter(|its| its.generation() == generation);
        let tried: Vec<AgentId> = tried.map(|its| its.offer.by()).collect();
        let passed_over = |agent: &AgentId| {
            asked.count(agent) >= INVITED_SLOTS_MAX
                || spared.contains(agent)
                || tried.contains(agent)
                || self.refusals.rests(agent, now)
        };
        // Where a few would not, more are asked: else it takes a large cluster long to find the one with room.
        let wanted = INVITED_PER_SLOT << self.attempts.min(WIDENINGS_MAX);
        let (needs, owner) = (&self.wanted.needs, self.intent.by());
        let mut drawn = candidates.draw(wanted * 2, needs, owner, passed_over, keeper.random);
        // Where a round has left slots open, those come first who were not asked for longest: else the
        // emptiest refuse by turns, and nobody asks the one that has room.
        let refused_at = |agent: &AgentId| match self.attempts {
            0 => None,
            _ => self.refusals.at(agent),
        };
        let failed = self.failed.get(&slot);
        drawn.sort_by_cached_key(|agent| {
            let around = asked.occupancy.around(agent, candidates);
            (failed == Some(agent), refused_at(agent), around)
        });
        drawn.truncate(wanted);
        if let Some(first) = drawn.first() {
            asked.occupancy.add(*first, candidates);
        }
        for agent in drawn {
            asked.add(agent, slot);
        }
    }
}
