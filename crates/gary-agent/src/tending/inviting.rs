//! Filling the slots of a workload: whom its keeper invites, and whose offers it accepts.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_promise::{
    Accept, AgentId, Body, BoundedSet, Frame, Host, Invitation, Promise, SignedRecord, Slot, Time,
    Verified, Version, Why,
};
use rand::Rng;

use super::choice::{Occupancy, preference};
use super::counted::{Acceptance, Counted};
use super::dismissed::dismiss;
use super::holes::Holes;
use super::refusals::BUSY_FOR;
use super::round::{Offered, ROUND_WAITS, Round, WIDENINGS_MAX};
use super::sharing::is_enough;
use super::tended::{Keeper, Tended};
use crate::backoff::Waits;
use crate::candidates::Candidates;
use crate::refused::Fault;
use crate::voice::Speech;

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

impl Tended {
    /// Invites for every hole.
    pub(super) fn open_round<C: Speech, R: Rng>(&mut self, keeper: &mut Keeper<'_, C, R>) {
        let (now, observer) = (keeper.now, keeper.observer());
        let mut holes = Holes::of(self, &observer, now);
        if holes.is_empty() {
            self.attempts = 0;
            return;
        }
        let progress = self.progress(&observer, now);
        // Of what fails, those who come first among its keepers try again.
        if self.stands_still(&holes) && self.place(keeper) > 0 {
            holes.outdated.clear();
        } else {
            self.hold_back(&mut holes, &progress);
        }
        let asked = self.whom_to_ask(&holes, &progress, keeper);
        let invited = asked.slots;
        if invited.is_empty() {
            // What is under way is waited for, and no reason to look less often.
            if progress.is_under_way() && holes.empty.is_empty() && holes.leaving.is_empty() {
                return;
            }
            self.wait(now, keeper);
            return;
        }
        self.makes_do = match asked.instead.is_empty() {
            true => self.makes_do && asked.beside.is_empty(),
            false => progress.makes_do(),
        };
        self.instead.extend(&asked.instead);
        let me = keeper.voice.id();
        for (agent, slots) in &invited {
            let invitation = Invitation {
                intent: self.intent.signed().clone(),
                epoch: keeper.voice.promiser().epoch(),
                slots: BoundedSet::new(slots.iter().copied())
                    .expect("those who are full are passed over"),
                beside: BoundedSet::new(slots.intersection(&asked.beside).copied())
                    .expect("they are some of the slots"),
                awaited: BoundedSet::new(slots.intersection(&asked.awaited).copied())
                    .expect("they are some of the slots"),
                keepers: BoundedSet::new(self.keepers.iter().copied().filter(|its| *its != me))
                    .expect("no register has more"),
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
        self.round = Some(Round::new(now, invited, (asked.beside, asked.instead)));
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
        let is_enough = is_enough(&host, &self.wanted);
        let is_of_this_life = host.asked_in == keeper.voice.promiser().epoch();
        let is_awaited = host.generation == generation
            && is_of_this_life
            && self.wanted.used().has(host.slot)
            && is_enough
            && !self.dismissed.has(offer.by(), offer.version());
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
                let is_new = self.dismissed.add(offer.by(), offer.version());
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
        let mut is_besides = false;
        if let Some(round) = &mut self.round {
            let slots: Vec<Slot> = slots.into_iter().collect();
            is_besides = round.is_besides(&slots);
            round.answered(from, slots);
        }
        self.silent.remove(&from);
        self.refusals.remember(from, why, is_besides, now);
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
        let by_slot = round.take_offers();
        let mut filled = 0;
        let mut pacing = self.pacing(&observer, now);
        let mut gone = Vec::new();
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
            if !is_pending
                && self.is_hole(slot, &observer, now)
                && self.makes_way(
                    slot,
                    round.beside.contains(&slot),
                    &mut pacing,
                    keeper,
                    &mut gone,
                )
                && let Some(Offered {
                    offer,
                    host,
                    evidence,
                }) = offers.next()
            {
                occupancy.add(offer.by(), keeper.candidates);
                filled += 1;
                pacing.changes += 1;
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
                self.count(offer, host, Acceptance::Own(acceptance.into()), slot, now);
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
        for (agent, versions) in dismissed {
            // It has the room again that it had set aside.
            self.refusals.has_room(&agent);
            gone.extend(versions.iter().map(|version| (agent, *version)));
            for version in &versions {
                self.dismissed.add(agent, *version);
            }
            dismiss(keeper.voice, agent, versions);
        }
        let mut asked_for = round.slots.iter();
        let is_filled = is_pending || !asked_for.any(|slot| self.is_hole(*slot, &observer, now));
        if is_filled || round.goes_on(filled) {
            self.attempts = 0;
        } else if round.is_all_beside() && self.attempts <= WIDENINGS_MAX {
            // Others are asked soon: where nobody has room for one more, that shows the sooner.
            self.attempts += 1;
            self.next_round_at = now.after(ROUND_WAITS.after(1, keeper.random));
        } else {
            self.wait(self.opened_at, keeper);
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

    /// Slots are open still: waits before the next round, longer each time. Who is busy since then has room soon: where that
    /// can be asked earlier, the wait is shorter.
    fn wait<C: Speech, R: Rng>(&mut self, since: Time, keeper: &mut Keeper<'_, C, R>) {
        let now = keeper.now;
        self.attempts = self.attempts.saturating_add(1);
        let wait = ROUND_WAITS.after(self.attempts, keeper.random);
        let soonest =
            (ROUND_WAITS.first_ms << (self.attempts - 1).min(8)).min(ROUND_WAITS.longest_ms);
        let soonest = now.after(Duration::from_millis(soonest).min(BUSY_FOR));
        let busy_until = self.refusals.busy_until(since);
        let next_at = now.after(wait);
        self.next_round_at = busy_until.map_or(next_at, |until| next_at.min(until.max(soonest)));
    }

    /// How many hostings of the current generation there are where, and stay there.
    pub(super) fn occupancy(&self, candidates: &Candidates) -> Occupancy {
        let generation = self.wanted.lineage.generation();
        let mut occupancy = Occupancy::new(&self.wanted.spread);
        let stays = |its: &&Counted| its.generation() == generation && !its.is_leaving();
        for its in self.counted().filter(stays) {
            occupancy.add(its.offer.by(), candidates);
        }
        occupancy
    }
}
