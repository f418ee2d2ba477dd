//! Filling the slots of a workload: whom its keeper invites, and whose offers it accepts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gary_promise::{
    Accept, AgentId, Body, BoundedSet, Dismissal, Frame, Host, INVITED_SLOTS_MAX, Invitation,
    Promise, SignedRecord, Slot, Time, Verified, Version, Why,
};
use rand::Rng;

use super::choice::{Occupancy, preference};
use super::holes::Holes;
use super::round::{INVITED_PER_SLOT, Offered, ROUND_WAITS, Round, WIDENINGS_MAX};
use super::tended::{Keeper, Tended};
use crate::backoff::Waits;
use crate::candidates::Candidates;
use crate::dealings::LEASE_MS;
use crate::hosting::Order;
use crate::refused::Fault;
use crate::voice::{Speech, Voice};

/// The most dismissed offers that are remembered for a workload; then it begins anew. An offer that was
/// dismissed and is told again is dismissed again: the first word may still be under way, and would end what
/// was bound in the meantime.
pub const DISMISSED_MAX: usize = 4096;

/// How soon a workload whose slots open again and again is looked after again: at once the first times, then
/// less and less often.
pub const REOPEN_WAITS: Waits = Waits {
    first_ms: 100,
    longest_ms: 1_000,
};

/// How many rounds in a row are opened without a wait.
pub const ROUNDS_AT_ONCE: u32 = 3;

/// After how long without a round a workload is calm.
const CALM_AFTER: Duration = Duration::from_secs(10);

/// Who is asked in a round that is about to open.
struct Asked {
    slots: BTreeMap<AgentId, BTreeSet<Slot>>,
    /// Those who are asked for what they host at an earlier generation.
    in_place: BTreeSet<AgentId>,
    /// How crowded it will be where, if they offer.
    occupancy: Occupancy,
}

impl Asked {
    fn is_full(&self, agent: &AgentId) -> bool {
        let theirs = self.slots.get(agent);
        theirs.is_some_and(|its| its.len() >= INVITED_SLOTS_MAX)
    }

    fn add(&mut self, agent: AgentId, slot: Slot) {
        self.slots.entry(agent).or_default().insert(slot);
    }
}

impl Tended {
    /// Invites for every hole.
    pub(super) fn open_round<C: Speech, R: Rng>(&mut self, keeper: &mut Keeper<'_, C, R>) {
        let (now, observer) = (keeper.now, keeper.observer());
        let holes = Holes::of(self, &observer, now);
        if holes.is_empty() {
            self.attempts = 0;
            return;
        }
        let invited = self.whom_to_ask(&holes, keeper);
        if invited.is_empty() {
            self.wait(keeper);
            return;
        }
        for (agent, slots) in &invited {
            let invitation = Invitation {
                intent: self.intent.signed().clone(),
                epoch: keeper.voice.promiser().epoch(),
                slots: BoundedSet::new(slots.iter().copied())
                    .expect("those who are full are passed over"),
            };
            keeper.voice.say(*agent, Frame::Invitation(invitation));
        }
        let is_calm = now.since(self.opened_at) >= CALM_AFTER;
        self.opened = if is_calm {
            1
        } else {
            self.opened.saturating_add(1)
        };
        self.opened_at = now;
        self.round = Some(Round::new(now, holes.len(), invited));
    }

    /// Whom to ask for which slots.
    fn whom_to_ask<C: Speech, R: Rng>(
        &self,
        holes: &Holes,
        keeper: &mut Keeper<'_, C, R>,
    ) -> BTreeMap<AgentId, BTreeSet<Slot>> {
        let mut asked = Asked {
            slots: BTreeMap::new(),
            in_place: BTreeSet::new(),
            occupancy: self.occupancy(keeper.candidates),
        };
        for slot in &holes.empty {
            if !self.ask_in_place(*slot, &mut asked, keeper) {
                self.ask_anybody(*slot, &mut asked, keeper);
            }
        }
        let mut elsewhere = holes.outdated.clone();
        elsewhere.retain(|slot| !self.ask_in_place(*slot, &mut asked, keeper));
        // All slots need alike: what is hosted takes no room that one could have which nobody hosts.
        if holes.empty.is_empty() {
            for slot in elsewhere {
                self.ask_anybody(slot, &mut asked, keeper);
            }
        }
        asked.slots
    }

    /// Asks whoever hosts an earlier generation of a slot, who has the room, and perhaps the component. Says whether there
    /// is anybody who can be asked now.
    fn ask_in_place<C, R>(&self, slot: Slot, asked: &mut Asked, keeper: &Keeper<'_, C, R>) -> bool {
        let (generation, owner) = (self.wanted.lineage.generation(), self.intent.by());
        let hosting = self.slots.get(&slot).and_then(|its| its.first());
        let earlier = hosting.filter(|its| its.generation() < generation);
        let host = earlier.map(|its| its.offer.by()).filter(|host| {
            keeper.candidates.fits(host, &self.wanted.needs, owner)
                && !self.refusals.rests(host, keeper.now)
                && !self.silent.contains(host)
        });
        let Some(host) = host else {
            return false;
        };
        // One that was asked for as much as can be is asked for the rest in the next round.
        if !asked.is_full(&host) {
            asked.in_place.insert(host);
            asked.occupancy.add(host, keeper.candidates);
            asked.add(host, slot);
        }
        true
    }

    /// Asks some for a slot, of those that are drawn: where it spreads best, and nobody whose room is for what it hosts.
    fn ask_anybody<C: Speech, R: Rng>(
        &self,
        slot: Slot,
        asked: &mut Asked,
        keeper: &mut Keeper<'_, C, R>,
    ) {
        let (now, candidates) = (keeper.now, keeper.candidates);
        let generation = self.wanted.lineage.generation();
        let hosting = self.slots.get(&slot).and_then(|its| its.first());
        let passed_over = |agent: &AgentId| {
            let is_tried = hosting
                .is_some_and(|its| its.offer.by() == *agent && its.generation() == generation);
            let is_spared = asked.is_full(agent) || asked.in_place.contains(agent);
            is_spared || is_tried || self.refusals.rests(agent, now)
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

    /// An offer has come, and waits for the end of a round. One that no round waits for is dismissed.
    ///
    /// # Errors
    ///
    /// Why it does not wait.
    pub(super) fn handle_offer<C: Speech, R: Rng>(
        &mut self,
        offer: Verified<Promise>,
        host: Host,
        keeper: &mut Keeper<'_, C, R>,
    ) -> Result<(), Fault> {
        let generation = self.wanted.lineage.generation();
        let is_enough = host.lease.as_ms() <= LEASE_MS
            && host
                .portion
                .resources()
                .covers(self.wanted.needs.portion.resources());
        let is_of_this_life = host.asked_in == keeper.voice.promiser().epoch();
        let is_awaited = host.generation == generation
            && is_of_this_life
            && self.wanted.valency.has(host.slot)
            && is_enough
            && !self.dismissed.contains(&(offer.by(), offer.version()));
        let round = self.round.as_ref();
        let is_known = round.is_some_and(|round| round.has(host.slot, &offer));
        // What comes again changes nothing.
        if is_known
            || self
                .counted_by(host.slot, &offer.by(), offer.version())
                .is_some()
        {
            return Err(Fault::Replay);
        }
        match &mut self.round {
            Some(round) if is_awaited && round.awaits(&offer.by(), host.slot) => {
                self.refusals.forget(&offer.by());
                self.silent.remove(&offer.by());
                round.offered(Offered {
                    offer,
                    host,
                    evidence: None,
                });
                Ok(())
            }
            _ => {
                if self.dismissed.len() >= DISMISSED_MAX {
                    self.dismissed.clear();
                }
                let is_new = self.dismissed.insert((offer.by(), offer.version()));
                dismiss(keeper.voice, offer.by(), [offer.version()]);
                Err(match host.generation < generation || !is_of_this_life {
                    true => Fault::Stale,
                    false if !is_enough => Fault::Mismatch,
                    false if is_new => Fault::Unasked,
                    false => Fault::Replay,
                })
            }
        }
    }

    /// An agent would not host these slots. That it says so again, or unasked, keeps only itself from being asked.
    pub(super) fn handle_refusal(
        &mut self,
        from: AgentId,
        slots: impl IntoIterator<Item = Slot>,
        why: Why,
        now: Time,
    ) {
        if let Some(round) = &mut self.round {
            round.answered(from, slots);
        }
        self.silent.remove(&from);
        self.refusals.remember(from, why, now);
    }

    /// Accepts the best offer for each slot, and dismisses the others. Says which these are.
    pub(super) fn close_round<C: Speech, R: Rng>(
        &mut self,
        keeper: &mut Keeper<'_, C, R>,
    ) -> Vec<(AgentId, Version)> {
        let Some(mut round) = self.round.take() else {
            return Vec::new();
        };
        let (now, observer) = (keeper.now, keeper.observer());
        self.silent.extend(round.awaited());
        let mut occupancy = self.occupancy(keeper.candidates);
        let mut dismissed: BTreeMap<AgentId, Vec<Version>> = BTreeMap::new();
        let mut accepted: BTreeMap<AgentId, Vec<SignedRecord>> = BTreeMap::new();
        // What was offered before the condition ceased to be met is not accepted.
        let is_pending = !self.unmet(keeper.keepers).is_empty();
        let holes: BTreeSet<Slot> = match is_pending {
            true => BTreeSet::new(),
            false => Holes::of(self, &observer, now).iter().collect(),
        };
        let by_slot = round.take_offers();
        let mut filled = 0;
        let mut elsewhere: BTreeMap<AgentId, u32> = BTreeMap::new();
        for its in by_slot.values().flatten() {
            *elsewhere.entry(its.offer.by()).or_default() += 1;
        }
        for (slot, mut offers) in by_slot {
            for its in &offers {
                *elsewhere.entry(its.offer.by()).or_default() -= 1;
            }
            offers.sort_by_cached_key(|its| {
                let (agent, bid) = (its.offer.by(), its.host.bid);
                let others = elsewhere.get(&agent).copied().unwrap_or_default();
                let (candidates, trust) = (keeper.candidates, &*keeper.trust);
                let has_failed = self.failed.get(&slot) == Some(&agent);
                let order = preference(&agent, bid, others, &occupancy, candidates, trust);
                (has_failed, order)
            });
            let mut offers = offers.into_iter();
            if holes.contains(&slot)
                && let Some(Offered {
                    offer,
                    host,
                    evidence,
                }) = offers.next()
            {
                occupancy.add(offer.by(), keeper.candidates);
                filled += 1;
                let acceptance = keeper.voice.promise(Body::Accept(Accept {
                    workload: self.workload,
                    intent: self.intent.id(),
                    offer: offer.id(),
                }));
                keeper.voice.keep_promise(&offer);
                let record = SignedRecord::Promise(acceptance.signed().clone());
                accepted.entry(offer.by()).or_default().push(record);
                self.failed.remove(&slot);
                let (by, version) = (offer.by(), offer.version());
                self.count(offer, host, acceptance, slot, now);
                if let Some(evidence) = evidence {
                    self.learn(slot, &by, version, evidence);
                }
            }
            for other in offers {
                dismissed
                    .entry(other.offer.by())
                    .or_default()
                    .push(other.offer.version());
            }
        }
        for (agent, records) in accepted {
            keeper.voice.tell(agent, records);
        }
        let mut gone = Vec::new();
        for (agent, versions) in dismissed {
            // It has the room again that it had set aside.
            self.refusals.has_room(&agent);
            gone.extend(versions.iter().map(|version| (agent, *version)));
            if self.dismissed.len() >= DISMISSED_MAX {
                self.dismissed.clear();
            }
            let these = versions.iter().map(|version| (agent, *version));
            self.dismissed.extend(these);
            dismiss(keeper.voice, agent, versions);
        }
        let is_filled = is_pending || Holes::of(self, &observer, now).is_empty();
        if is_filled || round.goes_on(filled) {
            self.attempts = 0;
        } else {
            self.wait(keeper);
        }
        gone
    }

    /// Slots may have opened: looks after them at once, unless that happens again and again.
    pub(super) fn reopen(&mut self, now: Time, random: &mut impl Rng) {
        let wait = match self.opened.checked_sub(ROUNDS_AT_ONCE) {
            Some(more) => REOPEN_WAITS.after(more + 1, random),
            None => Duration::ZERO,
        };
        let at = self.opened_at.after(wait).max(now);
        let waits = self.next_round_at > now;
        self.next_round_at = if waits {
            self.next_round_at.min(at)
        } else {
            at
        };
    }

    /// Slots are open still: waits before the next round, longer each time, and no longer than somebody is busy.
    fn wait<C: Speech, R: Rng>(&mut self, keeper: &mut Keeper<'_, C, R>) {
        self.attempts = self.attempts.saturating_add(1);
        let next_at = keeper
            .now
            .after(ROUND_WAITS.after(self.attempts, keeper.random));
        let soonest = keeper
            .now
            .after(Duration::from_millis(ROUND_WAITS.first_ms));
        let busy_until = self.refusals.busy_until(keeper.now);
        self.next_round_at = busy_until.map_or(next_at, |until| next_at.min(until.max(soonest)));
    }

    /// How many hostings of the current generation there are where.
    fn occupancy(&self, candidates: &Candidates) -> Occupancy {
        let generation = self.wanted.lineage.generation();
        let mut occupancy = Occupancy::new(&self.wanted.spread);
        for its in self.counted().filter(|its| its.generation() == generation) {
            occupancy.add(its.offer.by(), candidates);
        }
        occupancy
    }
}

/// Says that offers will not be accepted.
pub(super) fn dismiss<C: Speech>(
    voice: &mut Voice<C, Order>,
    to: AgentId,
    offers: impl IntoIterator<Item = Version>,
) {
    let offers: Vec<Version> = offers.into_iter().collect();
    for some in offers.chunks(INVITED_SLOTS_MAX) {
        let offers = BoundedSet::new(some.iter().copied()).expect("a chunk is no longer");
        voice.say(to, Frame::Dismissal(Dismissal { offers }));
    }
}
