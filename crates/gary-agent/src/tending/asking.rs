//! Whom a keeper asks for which slots.

use std::collections::{BTreeMap, BTreeSet};

use gary_promise::{AgentId, INVITED_SLOTS_MAX, Slot};
use rand::Rng;

use super::choice::Occupancy;
use super::holes::Holes;
use super::rolling::Progress;
use super::round::{INVITED_PER_SLOT, WIDENINGS_MAX};
use super::tended::{Keeper, Tended};
use crate::voice::Speech;

/// How many of the slots that an agent hosts at an earlier generation it is asked for at once: half of what it is asked
/// for at most, so that there is room in an invitation for others.
const IN_PLACE_MAX: usize = INVITED_SLOTS_MAX / 2;

/// Who is asked in a round that is about to open.
pub(super) struct Asked {
    pub(super) slots: BTreeMap<AgentId, BTreeSet<Slot>>,
    /// For which slots beside what is hosted of an earlier generation.
    pub(super) beside: BTreeSet<Slot>,
    /// For which slots in the place of that.
    pub(super) instead: BTreeSet<Slot>,
    /// For which slots in the place of who leaves.
    pub(super) awaited: BTreeSet<Slot>,
    /// How crowded it will be where, if they offer.
    occupancy: Occupancy,
    /// Nobody was found who might have room for what is hosted elsewhere: for another slot nobody would be either.
    is_nobody_left: bool,
}

impl Asked {
    fn count(&self, agent: &AgentId) -> usize {
        self.slots.get(agent).map_or(0, BTreeSet::len)
    }

    fn add(&mut self, agent: AgentId, slot: Slot) {
        self.slots.entry(agent).or_default().insert(slot);
    }
}

/// In what way a slot is asked for that is hosted at an earlier generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Both are bound for a while.
    Beside,
    /// The earlier makes way where there is no room for both.
    Instead,
}

/// Whether somebody was asked for what it hosts itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InPlace {
    /// Nobody need be asked besides.
    Asked,
    /// It has not answered of late: others are asked too.
    Silent,
    Nobody,
}

impl Tended {
    /// Whom to ask for which slots. What is hosted at an earlier generation is asked for where it is, and only as much of it
    /// at once as the owner has it. What room there is elsewhere, all slots needing alike, what nobody hosts can have first.
    pub(super) fn whom_to_ask<C: Speech, R: Rng>(
        &self,
        holes: &Holes,
        progress: &Progress,
        keeper: &mut Keeper<'_, C, R>,
    ) -> Asked {
        let mut asked = Asked {
            slots: BTreeMap::new(),
            beside: BTreeSet::new(),
            instead: BTreeSet::new(),
            awaited: holes.leaving.iter().copied().collect(),
            occupancy: self.occupancy(keeper.candidates),
            is_nobody_left: !holes.empty.is_empty(),
        };
        // Where nobody has room for one more, whoever is asked again is asked in vain.
        let is_full = self.attempts > WIDENINGS_MAX && progress.makes_do();
        let most = if is_full { 0 } else { progress.beside() };
        for slot in self.in_place_first(holes, Way::Beside, keeper) {
            if asked.beside.len() >= most {
                break;
            }
            if self.ask_outdated(slot, Way::Beside, &mut asked, keeper) {
                asked.beside.insert(slot);
            }
        }
        let nobody_has_room = asked.beside.is_empty() && progress.both == 0;
        let makes_do = nobody_has_room && progress.makes_do();
        let most = progress.instead().max(usize::from(makes_do));
        let (now, observer) = (keeper.now, keeper.observer());
        let (mut running, mut idle) = (0, 0);
        for slot in self.in_place_first(holes, Way::Instead, keeper) {
            if asked.beside.contains(&slot) {
                continue;
            }
            // What does not run anyway leaves nobody without it.
            let (count, most) = match self.is_idle(slot, &observer, now) {
                true => (
                    &mut idle,
                    progress.begins().saturating_sub(asked.beside.len()),
                ),
                false => (&mut running, most),
            };
            if *count < most && self.ask_outdated(slot, Way::Instead, &mut asked, keeper) {
                *count += 1;
                asked.instead.insert(slot);
            }
        }
        for slot in &holes.empty {
            if self.ask_in_place(*slot, Way::Instead, &mut asked, keeper) != InPlace::Asked {
                self.ask_anybody(*slot, &BTreeSet::new(), &mut asked, keeper);
            }
        }
        for slot in &holes.leaving {
            self.ask_anybody(*slot, &BTreeSet::new(), &mut asked, keeper);
        }
        asked
    }

    /// The slots that are hosted at an earlier generation, first those that can be asked for where they are: one for which
    /// only others might have room, and have not, is not to keep the rest from going on.
    fn in_place_first<C: Speech, R>(
        &self,
        holes: &Holes,
        way: Way,
        keeper: &Keeper<'_, C, R>,
    ) -> Vec<Slot> {
        let is_elsewhere = |slot: &Slot| self.may_host_in_place(*slot, way, keeper).is_none();
        let mut outdated = holes.outdated.clone();
        outdated.sort_by_cached_key(is_elsewhere);
        outdated
    }

    /// Asks for a slot that is hosted at an earlier generation. Says whether there was anybody to ask.
    fn ask_outdated<C: Speech, R: Rng>(
        &self,
        slot: Slot,
        way: Way,
        asked: &mut Asked,
        keeper: &mut Keeper<'_, C, R>,
    ) -> bool {
        let in_place = self.ask_in_place(slot, way, asked, keeper);
        if in_place == InPlace::Asked || asked.is_nobody_left {
            return in_place != InPlace::Nobody;
        }
        // Their room is for what they host themselves, unless they will not have that.
        let hosts = asked.slots.keys().copied();
        let spared = hosts.filter(|host| self.refusals.is_for_room(host));
        let is_any = self.ask_anybody(slot, &spared.collect(), asked, keeper);
        asked.is_nobody_left = !is_any;
        is_any || in_place == InPlace::Silent
    }

    /// Asks whoever hosts an earlier generation of a slot, who has the room, and perhaps the component.
    fn ask_in_place<C: Speech, R>(
        &self,
        slot: Slot,
        way: Way,
        asked: &mut Asked,
        keeper: &Keeper<'_, C, R>,
    ) -> InPlace {
        let Some(host) = self.may_host_in_place(slot, way, keeper) else {
            return InPlace::Nobody;
        };
        // One that was asked for as much as can be is asked for the rest in the next round.
        if asked.count(&host) < IN_PLACE_MAX {
            asked.occupancy.add(host, keeper.candidates);
            asked.add(host, slot);
        }
        match self.silent.contains(&host) {
            true => InPlace::Silent,
            false => InPlace::Asked,
        }
    }

    /// Whoever hosts an earlier generation of a slot, if that can be asked for the intent's.
    fn may_host_in_place<C: Speech, R>(
        &self,
        slot: Slot,
        way: Way,
        keeper: &Keeper<'_, C, R>,
    ) -> Option<AgentId> {
        let (now, owner) = (keeper.now, self.intent.by());
        let host = self.earlier_host(slot, &keeper.observer(), now)?;
        let fits = keeper.candidates.fits(&host, &self.wanted.needs, owner);
        let rests = match way {
            Way::Beside => self.refusals.rests(&host, now),
            Way::Instead => self.refusals.rests_in_place(&host, now),
        };
        (fits && !rests).then_some(host)
    }

    /// Asks some for a slot, of those that are drawn, where it spreads best, and none of `spared`. Says whether there was
    /// anybody but such as have not answered of late.
    fn ask_anybody<C: Speech, R: Rng>(
        &self,
        slot: Slot,
        spared: &BTreeSet<AgentId>,
        asked: &mut Asked,
        keeper: &mut Keeper<'_, C, R>,
    ) -> bool {
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
        let is_any = drawn.iter().any(|agent| !self.silent.contains(agent));
        for agent in drawn {
            asked.add(agent, slot);
        }
        is_any
    }
}
