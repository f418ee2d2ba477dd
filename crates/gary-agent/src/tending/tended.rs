//! One workload that this agent keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gary_promise::{
    Accept, AgentId, Body, BoundedSet, Dismissal, Evidence, Frame, Host, INVITED_SLOTS_MAX,
    Invitation, Observer, Own, Promise, Reason, Requirement, SignedRecord, Slot, Surplus, Time,
    Use, Value, Verified, Version, WorkloadId,
};
use rand::Rng;

use super::choice::{Occupancy, preference};
use super::counted::{Counted, Standing};
use super::refusals::Refusals;
use super::round::{INVITED_PER_SLOT, Offered, ROUND_SLOTS_MAX, ROUND_WAITS, Round, WIDENINGS_MAX};
use crate::backoff::Waits;
use crate::candidates::Candidates;
use crate::hosting::Order;
use crate::keepers::Keepers;
use crate::refused::Fault;
use crate::trust::Trust;
use crate::voice::{Speech, Voice};

/// How often a keeper looks at what it counts, besides when something happens.
pub(super) const LOOKS_EVERY: Duration = Duration::from_secs(1);

/// A promise that was kept for as long is one experience more for trust.
const KEPT_FOR: Duration = Duration::from_secs(60);

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

/// One workload that this agent keeps: the owner's intent, and the hostings counted against it.
#[derive(Debug)]
pub(super) struct Tended {
    pub(super) workload: WorkloadId,
    pub(super) intent: Verified<Promise>,
    pub(super) wanted: Use,
    pub(super) keep: Own<Promise>,
    slots: BTreeMap<Slot, Vec<Counted>>,
    round: Option<Round>,
    dismissed: BTreeSet<(AgentId, Version)>,
    /// Who hosted a slot last and broke that promise, until the slot is hosted again: whoever else offers comes
    /// first.
    failed: BTreeMap<Slot, AgentId>,
    /// When the last round was opened, and how many in a row without much time between them.
    opened_at: Time,
    opened: u32,
    /// Rounds in a row that left slots open.
    attempts: u32,
    next_round_at: Time,
    pub(super) refusals: Refusals,
}

/// What a keeper works with.
pub(super) struct Keeper<'a, C, R> {
    pub(super) now: Time,
    pub(super) voice: &'a mut Voice<C, Order>,
    pub(super) candidates: &'a Candidates,
    pub(super) keepers: &'a Keepers,
    pub(super) trust: &'a mut Trust,
    pub(super) random: &'a mut R,
}

impl<C: Speech, R> Keeper<'_, C, R> {
    fn observer(&self) -> Observer {
        Observer::new(self.voice.promiser(), super::counted::PATIENCE)
    }
}

impl Tended {
    pub(super) fn new(
        workload: WorkloadId,
        intent: Verified<Promise>,
        wanted: Use,
        keep: Own<Promise>,
        now: Time,
    ) -> Self {
        Self {
            workload,
            intent,
            wanted,
            keep,
            slots: BTreeMap::new(),
            round: None,
            dismissed: BTreeSet::new(),
            failed: BTreeMap::new(),
            opened_at: now,
            opened: 0,
            attempts: 0,
            next_round_at: now,
            refusals: Refusals::default(),
        }
    }

    /// A later generation takes the place of the intent. What is hosted stays until the later one is. What was
    /// offered for the earlier and waits to be accepted is not any more: says which offers these are.
    pub(super) fn update(
        &mut self,
        intent: Verified<Promise>,
        wanted: Use,
        now: Time,
    ) -> Vec<(AgentId, Version)> {
        let mut round = self.round.take();
        self.intent = intent;
        self.wanted = wanted;
        self.attempts = 0;
        self.next_round_at = now;
        let valency = self.wanted.valency;
        self.failed.retain(|slot, _| valency.has(*slot));
        let offers = round.as_mut().map(Round::take_offers).unwrap_or_default();
        offers
            .into_values()
            .flatten()
            .map(|its| (its.offer.by(), its.offer.version()))
            .collect()
    }

    /// What the intent is made under the condition of, and is not so. While there is any, the intent is pending:
    /// nobody is invited, and nobody to blame.
    pub(super) fn unmet(&self, keepers: &Keepers) -> Vec<&Requirement> {
        self.intent
            .condition()
            .unmet(|required| keepers.meet(required))
    }

    /// The hostings that are counted.
    pub(super) fn counted(&self) -> impl Iterator<Item = &Counted> {
        self.slots.values().flatten()
    }

    /// Whether the owner uses nothing any more, and nothing is counted.
    pub(super) fn is_over(&self) -> bool {
        self.wanted.valency.get() == 0 && self.slots.is_empty()
    }

    /// Counts again what was counted before a start.
    pub(super) fn resume(
        &mut self,
        offer: Verified<Promise>,
        host: Host,
        acceptance: Own<Promise>,
        now: Time,
    ) {
        let slot = host.slot;
        self.count(offer, host, acceptance, slot, now);
    }

    fn count(
        &mut self,
        offer: Verified<Promise>,
        host: Host,
        acceptance: Own<Promise>,
        slot: Slot,
        now: Time,
    ) {
        self.slots.entry(slot).or_default().push(Counted {
            evidence: Evidence::heard(gary_promise::Word::Renewal, offer.version(), now),
            offer,
            host,
            acceptance,
            is_withdrawn: false,
            is_surplus: false,
            kept_since: now,
            noted: Value::Kept,
        });
    }

    /// When something is to be done.
    pub(super) fn due_at(&self, now: Time) -> Time {
        let look = now.after(LOOKS_EVERY);
        match &self.round {
            Some(round) => round.ends_at.min(look),
            None if self.next_round_at > now => self.next_round_at.min(look),
            None => look,
        }
    }

    /// Whether a round has heard from everybody it asked, and waits to be closed.
    pub(super) fn is_answered(&self) -> bool {
        self.round.as_ref().is_some_and(Round::is_complete)
    }

    /// Looks at what is counted, and does what follows from it: lets go what is broken or surplus, and
    /// invites where there are holes.
    pub(super) fn look<C: Speech, R: Rng>(
        &mut self,
        keeper: &mut Keeper<'_, C, R>,
    ) -> Vec<(AgentId, Version)> {
        let mut gone = self.let_go(keeper);
        self.settle_surplus(keeper);
        if self
            .round
            .as_ref()
            .is_some_and(|round| round.is_complete() || round.ends_at <= keeper.now)
        {
            gone.extend(self.close_round(keeper));
        }
        let is_due = self.round.is_none() && self.next_round_at <= keeper.now;
        if is_due && self.unmet(keeper.keepers).is_empty() {
            self.open_round(keeper);
        }
        gone
    }

    /// Takes back the acceptance of what is broken, of what is beyond the valency, and of an earlier
    /// generation whose slot is hosted at the later one. Says which offers are not counted any more.
    fn let_go<C: Speech, R: Rng>(
        &mut self,
        keeper: &mut Keeper<'_, C, R>,
    ) -> Vec<(AgentId, Version)> {
        let (now, observer) = (keeper.now, keeper.observer());
        let generation = self.wanted.lineage.generation();
        let valency = self.wanted.valency;
        let mut gone = Vec::new();
        for (slot, counted) in &mut self.slots {
            let has_current = counted.iter().any(|its| {
                its.generation() == generation && its.standing(&observer, now) == Standing::Good
            });
            counted.retain_mut(|its| {
                let standing = its.standing(&observer, now);
                if let Some(news) = its.news(&observer, now) {
                    keeper.voice.note(news, self.workload, Some(*slot));
                }
                let is_outdated =
                    !valency.has(*slot) || (its.generation() < generation && has_current);
                let reason = match standing {
                    Standing::Bad => Reason::Unstated,
                    _ if is_outdated => Reason::Outdated,
                    Standing::Doubtful => return true,
                    Standing::Good => {
                        if now.since(its.kept_since) >= KEPT_FOR {
                            its.kept_since = now;
                            keeper.trust.kept(its.offer.by());
                        }
                        return true;
                    }
                };
                if standing == Standing::Bad && !its.is_withdrawn() {
                    keeper.trust.broken(its.offer.by());
                    self.failed.insert(*slot, its.offer.by());
                }
                let withdrawal = keeper.voice.withdraw(&its.acceptance, reason);
                keeper.voice.forget(its.offer.id());
                keeper.voice.tell(
                    its.offer.by(),
                    [SignedRecord::Withdrawal(withdrawal.signed().clone())],
                );
                gone.push((its.offer.by(), its.offer.version()));
                false
            });
        }
        self.slots.retain(|_, counted| !counted.is_empty());
        if !gone.is_empty() {
            self.reopen(keeper.now, keeper.random);
            self.attempts = 0;
        }
        gone
    }

    /// Where two good hostings share a slot, tells those who do not win. It informs them; they withdraw.
    fn settle_surplus<C: Speech, R: Rng>(&mut self, keeper: &mut Keeper<'_, C, R>) {
        let (now, observer) = (keeper.now, keeper.observer());
        let generation = self.wanted.lineage.generation();
        let mut held: BTreeMap<AgentId, u32> = BTreeMap::new();
        for its in self.counted() {
            *held.entry(its.offer.by()).or_default() += 1;
        }
        for (slot, counted) in &mut self.slots {
            let good = counted.iter_mut().filter(|its| {
                its.generation() == generation && its.standing(&observer, now) == Standing::Good
            });
            let mut good: Vec<_> = good.collect();
            if good.len() < 2 {
                continue;
            }
            // Who was told of another before may be about to withdraw. Of the others, who holds no other
            // slot comes first, then an order that is the same for everyone.
            good.sort_by_key(|its| {
                let others = held.get(&its.offer.by()).copied();
                (its.is_surplus, others, its.offer.id())
            });
            let (winner, losers) = good.split_first_mut().expect("two at least");
            for loser in losers {
                loser.is_surplus = true;
                let surplus = Surplus {
                    workload: self.workload,
                    generation,
                    slot: *slot,
                    yours: loser.offer.id(),
                    winner: winner.offer.id(),
                };
                keeper.voice.say(loser.offer.by(), Frame::Surplus(surplus));
            }
        }
    }

    /// Slots that no good hosting of this generation fills.
    pub(super) fn holes(&self, observer: &Observer, now: Time) -> Vec<Slot> {
        let generation = self.wanted.lineage.generation();
        let is_hole = |slot: &Slot| {
            let counted = self.slots.get(slot).map_or(&[][..], Vec::as_slice);
            !counted.iter().any(|its| {
                its.generation() == generation && its.standing(observer, now) == Standing::Good
            })
        };
        let holes = self.wanted.valency.slots().filter(is_hole);
        holes.take(ROUND_SLOTS_MAX).collect()
    }

    /// Invites for every hole.
    fn open_round<C: Speech, R: Rng>(&mut self, keeper: &mut Keeper<'_, C, R>) {
        let (now, observer) = (keeper.now, keeper.observer());
        let holes = self.holes(&observer, now);
        if holes.is_empty() {
            self.attempts = 0;
            return;
        }
        let mut occupancy = self.occupancy(keeper.candidates);
        let mut invited: BTreeMap<AgentId, BTreeSet<Slot>> = BTreeMap::new();
        let owner = self.intent.by();
        let generation = self.wanted.lineage.generation();
        // Where a few would not, more are asked: else it takes a large cluster long to find the one with room.
        let invited_per_slot = INVITED_PER_SLOT << self.attempts.min(WIDENINGS_MAX);
        for slot in &holes {
            // Whoever hosts an earlier generation of it has the room, and perhaps the component.
            let hosting = self.slots.get(slot).and_then(|its| its.first());
            let passed_over = |agent: &AgentId| {
                let is_full = invited
                    .get(agent)
                    .is_some_and(|its| its.len() >= INVITED_SLOTS_MAX);
                let is_tried = hosting
                    .is_some_and(|its| its.offer.by() == *agent && its.generation() == generation);
                is_full || is_tried || self.refusals.rests(agent, now)
            };
            let mut drawn = keeper.candidates.draw(
                invited_per_slot * 2,
                &self.wanted.needs,
                owner,
                passed_over,
                keeper.random,
            );
            // Where a round has left slots open, those come first who were not asked for longest: else the
            // emptiest refuse by turns, and nobody asks the one that has room.
            let refused_at = |agent: &AgentId| match self.attempts {
                0 => None,
                _ => self.refusals.at(agent),
            };
            let failed = self.failed.get(slot);
            drawn.sort_by_cached_key(|agent| {
                (
                    failed == Some(agent),
                    refused_at(agent),
                    occupancy.around(agent, keeper.candidates),
                )
            });
            drawn.truncate(invited_per_slot);
            let in_place = hosting.filter(|its| {
                its.generation() < generation
                    && keeper.candidates.is_up(&its.offer.by())
                    && !self.refusals.rests(&its.offer.by(), now)
            });
            if let Some(hosting) = in_place {
                drawn = vec![hosting.offer.by()];
            }
            if let Some(first) = drawn.first() {
                occupancy.add(*first, keeper.candidates);
            }
            for agent in drawn {
                invited.entry(agent).or_default().insert(*slot);
            }
        }
        if invited.is_empty() {
            self.wait(keeper);
            return;
        }
        for (agent, slots) in &invited {
            let invitation = Invitation {
                intent: self.intent.signed().clone(),
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

    /// How many hostings of the current generation there are where.
    fn occupancy(&self, candidates: &Candidates) -> Occupancy {
        let generation = self.wanted.lineage.generation();
        let mut occupancy = Occupancy::new(&self.wanted.spread);
        for its in self.counted().filter(|its| its.generation() == generation) {
            occupancy.add(its.offer.by(), candidates);
        }
        occupancy
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
        let is_awaited = host.generation == generation
            && self.wanted.valency.has(host.slot)
            && !self.dismissed.contains(&(offer.by(), offer.version()));
        let round = self.round.as_ref();
        let is_known = round.is_some_and(|round| round.has(host.slot, &offer));
        // What comes again changes nothing.
        if is_known || self.counts(host.slot, &offer.by(), offer.version()) {
            return Err(Fault::Replay);
        }
        match &mut self.round {
            Some(round) if is_awaited && round.awaits(&offer.by(), host.slot) => {
                self.refusals.forget(&offer.by());
                round.offered(Offered { offer, host });
                Ok(())
            }
            _ => {
                if self.dismissed.len() >= DISMISSED_MAX {
                    self.dismissed.clear();
                }
                let is_new = self.dismissed.insert((offer.by(), offer.version()));
                dismiss(keeper.voice, offer.by(), [offer.version()]);
                Err(match host.generation < generation {
                    true => Fault::Stale,
                    false if is_new => Fault::Unasked,
                    false => Fault::Replay,
                })
            }
        }
    }

    pub(super) fn handle_refusal(
        &mut self,
        from: AgentId,
        slots: impl IntoIterator<Item = Slot>,
        why: gary_promise::Why,
        now: Time,
    ) {
        if let Some(round) = &mut self.round {
            round.answered(from, slots);
        }
        self.refusals.remember(from, why, now);
    }

    /// Whoever is gone answers no more, and what it hosts is in doubt: these offers of its.
    pub(super) fn handle_lost(
        &mut self,
        agent: &AgentId,
        offers: impl IntoIterator<Item = (Slot, Version)>,
        now: Time,
        random: &mut impl Rng,
    ) {
        if let Some(round) = &mut self.round {
            round.lost(agent);
        }
        for (slot, offer) in offers {
            self.learn(slot, agent, offer, Evidence::lost(now));
        }
        self.reopen(now, random);
        self.attempts = 0;
    }

    /// Accepts the best offer for each slot, and dismisses the others. Says which these are.
    fn close_round<C: Speech, R: Rng>(
        &mut self,
        keeper: &mut Keeper<'_, C, R>,
    ) -> Vec<(AgentId, Version)> {
        let Some(mut round) = self.round.take() else {
            return Vec::new();
        };
        let (now, observer) = (keeper.now, keeper.observer());
        let mut occupancy = self.occupancy(keeper.candidates);
        let mut dismissed: BTreeMap<AgentId, Vec<Version>> = BTreeMap::new();
        let mut accepted: BTreeMap<AgentId, Vec<SignedRecord>> = BTreeMap::new();
        // What was offered before the condition ceased to be met is not accepted.
        let is_pending = !self.unmet(keeper.keepers).is_empty();
        let holes: BTreeSet<Slot> = match is_pending {
            true => BTreeSet::new(),
            false => self.holes(&observer, now).into_iter().collect(),
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
                && let Some(Offered { offer, host }) = offers.next()
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
                self.count(offer, host, acceptance, slot, now);
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
            gone.extend(versions.iter().map(|version| (agent, *version)));
            if self.dismissed.len() >= DISMISSED_MAX {
                self.dismissed.clear();
            }
            let these = versions.iter().map(|version| (agent, *version));
            self.dismissed.extend(these);
            dismiss(keeper.voice, agent, versions);
        }
        let is_filled = is_pending || self.holes(&observer, now).is_empty();
        if is_filled || round.goes_on(filled) {
            self.attempts = 0;
        } else {
            self.wait(keeper);
        }
        gone
    }

    /// Slots may have opened: looks after them at once, unless that happens again and again.
    fn reopen(&mut self, now: Time, random: &mut impl Rng) {
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

    /// Slots are open still: waits before the next round, longer each time.
    fn wait<C: Speech, R: Rng>(&mut self, keeper: &mut Keeper<'_, C, R>) {
        self.attempts = self.attempts.saturating_add(1);
        let wait = ROUND_WAITS.after(self.attempts, keeper.random);
        self.next_round_at = keeper.now.after(wait);
    }

    /// Learns something of one hosting. Says whether it is news.
    pub(super) fn learn(
        &mut self,
        slot: Slot,
        host: &AgentId,
        offer: Version,
        evidence: Evidence,
    ) -> bool {
        let counted = self.slots.get_mut(&slot).into_iter().flatten();
        let mut is_news = false;
        for its in counted.filter(|its| its.offer.by() == *host && its.offer.version() == offer) {
            is_news |= its.learn(evidence);
        }
        is_news
    }

    /// A host took its offer back, or does not stand by it. Says whether it is counted, until it is let go.
    pub(super) fn handle_withdrawn(
        &mut self,
        slot: Slot,
        host: &AgentId,
        offer: Version,
        now: Time,
    ) -> bool {
        if let Some(round) = &mut self.round {
            round.withdrawn(slot, host, offer);
        }
        let counted = self.slots.get_mut(&slot).into_iter().flatten();
        let mut is_counted = false;
        for its in counted.filter(|its| its.offer.by() == *host && its.offer.version() == offer) {
            its.withdrawn(now);
            is_counted = true;
        }
        is_counted
    }

    /// The acceptance of an offer, where it is counted.
    pub(super) fn acceptance(
        &self,
        slot: Slot,
        host: &AgentId,
        offer: Version,
    ) -> Option<SignedRecord> {
        let mut counted = self.slots.get(&slot)?.iter();
        let its = counted.find(|its| its.offer.by() == *host && its.offer.version() == offer)?;
        Some(SignedRecord::Promise(its.acceptance.signed().clone()))
    }

    fn counts(&self, slot: Slot, host: &AgentId, offer: Version) -> bool {
        let mut counted = self.slots.get(&slot).into_iter().flatten();
        counted.any(|its| its.offer.by() == *host && its.offer.version() == offer)
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
