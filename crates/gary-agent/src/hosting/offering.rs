//! Offering: what this agent answers whoever invites it.

use std::collections::BTreeSet;
use std::time::Duration;

use gary_promise::{
    AgentId, Bid, Body, BootEpoch, BoundedSet, Frame, Host, Invitation, Portion, Promise,
    RENEWED_MAX, Reason, Refusal, Signed, SignedRecord, Slot, Time, Use, Verified, Version, Why,
    WorkloadId,
};

use super::hosted::{Hosted, State};
use super::hostings::{HOSTINGS_MAX, Hosting};
use super::order::Order;
use crate::voice::{Speech, Voice};

/// How long an offer stands that nobody accepts. Longer than an inviter takes to choose, and no longer
/// than an agent can do without the room.
pub const OFFER_STANDS: Duration = Duration::from_secs(3);

/// An invitation whose intent was checked.
pub(crate) struct Invited<'a> {
    pub(crate) by: AgentId,
    pub(crate) intent: &'a Verified<Promise>,
    pub(crate) wanted: &'a Use,
    pub(crate) workload: WorkloadId,
    pub(crate) invitation: &'a Invitation,
}

impl Invited<'_> {
    /// Refuses all of it, with the reason.
    pub(crate) fn refuse<C: Speech>(&self, why: Why, voice: &mut Voice<C, Order>) {
        self.refuse_some(self.invitation.slots.iter().copied(), why, voice);
    }

    fn refuse_some<C: Speech>(
        &self,
        slots: impl IntoIterator<Item = Slot>,
        why: Why,
        voice: &mut Voice<C, Order>,
    ) {
        let slots = BoundedSet::new(slots).expect("no more than the invitation has");
        let refusal = Refusal {
            intent: self.intent.id(),
            workload: self.workload,
            slots,
            why,
        };
        voice.say(self.by, Frame::Refusal(refusal));
    }
}

impl Hosting {
    /// Offers for as many of the slots as there is room for, and refuses the others with the reason. Those come first in
    /// which it hosts nothing: the others are hosted meanwhile.
    pub(crate) fn handle_invitation<C: Speech>(
        &mut self,
        now: Time,
        invited: &Invited<'_>,
        voice: &mut Voice<C, Order>,
    ) {
        let mut offers = Vec::new();
        let mut refused: Vec<(Slot, Why)> = Vec::new();
        let is_hosted = |slot: &Slot| {
            let latest = self.latest(invited.workload, *slot);
            let hosted = latest.and_then(|version| self.hosted.get(&version));
            hosted.is_some_and(Hosted::is_bound)
        };
        let slots = invited.invitation.slots.iter().copied();
        let (hosted, new): (Vec<Slot>, Vec<Slot>) = slots.partition(is_hosted);
        for slot in new.into_iter().chain(hosted) {
            match self.offer(now, invited, slot, voice) {
                Ok(offer) => offers.push(SignedRecord::Promise(offer)),
                Err(why) => refused.push((slot, why)),
            }
        }
        voice.tell(invited.by, offers);
        while let Some((_, why)) = refused.first().cloned() {
            let (alike, others) = refused.into_iter().partition(|(_, other)| *other == why);
            refused = others;
            invited.refuse_some(Vec::into_iter(alike).map(|(slot, _)| slot), why, voice);
        }
    }

    /// Offers for one slot. What this agent hosts of an earlier generation in it goes on until the later one is
    /// bound, and makes room at once only where there is no other.
    fn offer<C: Speech>(
        &mut self,
        now: Time,
        invited: &Invited<'_>,
        slot: Slot,
        voice: &mut Voice<C, Order>,
    ) -> Result<Signed<Promise>, Why> {
        let wanted = invited.wanted;
        let generation = wanted.lineage.generation();
        let mut earlier = None;
        if let Some(version) = self.latest(invited.workload, slot)
            && let Some(hosted) = self.hosted.get(&version)
        {
            let theirs = hosted.host.generation;
            if theirs > generation {
                return Err(Why::Superseded { by: theirs });
            }
            let asked = (hosted.host.promisee, hosted.host.asked_in);
            if theirs == generation && (hosted.is_bound() || asked.0 != invited.by) {
                return Err(Why::Hosting);
            }
            if theirs == generation && asked.1 == invited.invitation.epoch {
                // Whoever asks again is told the same again: two invitations under way at once would
                // otherwise take each other's offers back without end.
                return Ok(hosted.offer.signed().clone());
            }
            if !hosted.is_bound() {
                self.withdraw(version, Reason::Outdated, voice);
            } else if may_update(&hosted.intent, invited.intent) {
                earlier = Some(version);
            } else {
                return Err(Why::NotConsidered);
            }
        }
        self.capacity.fits(&wanted.needs).map_err(Why::Misfit)?;
        let theirs = self.by_promisee.get(&invited.by).map_or(0, BTreeSet::len);
        let taken = self.hosted.len() + self.stopping.len();
        if taken >= HOSTINGS_MAX || theirs >= RENEWED_MAX || voice.is_behind() {
            return Err(Why::Busy);
        }
        // What a component's memory grows by is what a host can promise; what is in force is what both have.
        let portion = wanted.needs.portion.in_pages();
        let entry = match (self.ledger.reserve(portion), earlier) {
            (Ok(entry), _) => entry,
            // What stops already makes room enough.
            (Err(_), _) if self.has_room_soon(portion) => return Err(Why::Busy),
            (Err(_), Some(earlier))
                if !invited.invitation.beside.contains(&slot)
                    && self.has_room_without(earlier, portion) =>
            {
                // Once it has stopped there is room.
                self.withdraw(earlier, Reason::Outdated, voice);
                return Err(Why::Busy);
            }
            (Err(full), _) => {
                return Err(Why::NoRoom {
                    needed: full.needed,
                    left: full.left,
                });
            }
        };
        let host = Host {
            promisee: invited.by,
            asked_in: invited.invitation.epoch,
            workload: invited.workload,
            generation,
            slot,
            portion,
            bid: self.bid(),
            besides: self.besides(invited.workload, slot),
            lease: self.lease,
        };
        let offer = voice.promise(Body::Host(host.clone()));
        let signed = offer.signed().clone();
        let lapses_at = now.after(OFFER_STANDS);
        self.insert(Hosted {
            offer,
            host,
            intent: invited.intent.clone(),
            keepers: invited.invitation.keepers.clone(),
            is_handed_over: false,
            is_replacing: invited.invitation.awaited.contains(&slot),
            entry,
            state: State::Offered { lapses_at },
        });
        Ok(signed)
    }

    /// Whether there is room once a hosting is let go.
    fn has_room_without(&self, hosted: Version, portion: Portion) -> bool {
        let entry = self.hosted.get(&hosted).map(|its| its.entry);
        let left = self.ledger.left_without(entry);
        left.covers(portion.resources())
    }

    /// Whether there is room once everything has stopped that was withdrawn.
    fn has_room_soon(&self, portion: Portion) -> bool {
        let left = self.ledger.left_without(self.stopping.values().copied());
        left.covers(portion.resources())
    }

    /// The latest offer for a slot.
    fn latest(&self, workload: WorkloadId, slot: Slot) -> Option<Version> {
        let first = Version::first(BootEpoch(0));
        let next = Slot(slot.0.saturating_add(1));
        let theirs = (workload, slot, first)..(workload, next, first);
        self.by_slot
            .range(theirs)
            .next_back()
            .map(|(_, _, version)| *version)
    }

    /// How many other slots of a workload this agent hosts or offers to.
    fn besides(&self, workload: WorkloadId, slot: Slot) -> u32 {
        let first = Version::first(BootEpoch(0));
        let of_it = self.by_slot.range((workload, Slot(0), first)..);
        let of_it = of_it.take_while(|(its, _, _)| *its == workload);
        let mut others: Vec<Slot> = of_it
            .map(|(_, its, _)| *its)
            .filter(|its| *its != slot)
            .collect();
        others.dedup();
        u32::try_from(others.len()).unwrap_or(u32::MAX)
    }

    /// How much this agent wants a hosting: the share of its machine that is left, in thousandths, of
    /// whichever is scarcer.
    fn bid(&self) -> Bid {
        let (left, all) = (self.ledger.left(), self.ledger.capacity());
        let share =
            |left: u64, all: u64| u64::from(u32::MAX).min(left.saturating_mul(1000) / all.max(1));
        let cpu = share(left.cpu_cores_micro(), all.cpu_cores_micro());
        let memory = share(left.memory_bytes(), all.memory_bytes());
        // In range by the line above.
        Bid(cpu.min(memory) as u32)
    }
}

/// Whether a later intent may take the place of an earlier one: nobody has an agent stop what another owner lets
/// only some update.
fn may_update(earlier: &Verified<Promise>, later: &Verified<Promise>) -> bool {
    match earlier.body() {
        Body::Use(wanted) => wanted.lets_update(earlier.by(), later.by()),
        _ => false,
    }
}
