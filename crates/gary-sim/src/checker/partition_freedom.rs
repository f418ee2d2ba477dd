//! 18. Both sides of a partition keep and make promises; healing shows the surplus, and withdrawal resolves it.

use std::collections::{BTreeMap, BTreeSet};

use gary_agent::Order;
use gary_promise::{AgentId, Frame, PromiseId, Reason, Slot, Time};

use super::convergence::{all_with_room, is_pending, kept};
use super::entry::AcceptanceSeen;
use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;
use crate::world::Frailty;

/// A host that cannot reach its keeper goes on; a keeper that cannot reach a host counts others; and of those that
/// share a slot afterwards, it lets none go but for one that stays.
#[derive(Debug, Default)]
pub(super) struct PartitionFreedom {
    /// When a keeper has heard last that a hosting stands.
    heard: BTreeMap<(AgentId, PromiseId), Time>,
    /// Which way nothing passes, and since when that is so.
    cut: Option<(Time, BTreeSet<(AgentId, AgentId)>)>,
    /// When owners were told that an intent is kept.
    told: BTreeMap<PromiseId, Time>,
    premises: u64,
}

impl Checker for PartitionFreedom {
    fn property(&self) -> Property {
        Property {
            number: 18,
            name: "partition freedom",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Hears {
                from,
                to,
                frame: Frame::Renewal(renewal),
                ..
            } => {
                for version in renewal.bound.iter().chain(renewal.offered.iter()) {
                    let (promiser, version) = (from, *version);
                    self.heard.insert((to, PromiseId { promiser, version }), at);
                }
            }
            Seen::Says {
                from,
                frame: Frame::Told(_),
                ..
            } => {
                for (acceptance, reason) in &book.taken_back {
                    if acceptance.promiser == from && *reason == Reason::Surplus {
                        self.check_surplus(at, *acceptance, book)?;
                    }
                }
            }
            Seen::Acknowledges { intent, .. } => {
                self.told.entry(intent).or_insert(at);
            }
            // The last cut counts from when it began: until then more was in reach.
            Seen::Cuts { from, to } => {
                let before = self.cut.take().map(|(_, pairs)| pairs);
                let mut pairs = before.unwrap_or_default();
                for from in from {
                    pairs.extend(to.iter().map(|to| (*from, *to)));
                }
                self.cut = Some((at, pairs));
            }
            Seen::Heals | Seen::Calms => {
                if let Some((since, pairs)) = self.cut.take()
                    && at.as_us() >= since.as_us() + MENDS_WITHIN_US
                {
                    self.check_sides(at, since, &pairs, book)?;
                }
            }
            Seen::Orders {
                agent,
                order: Order::Stop { offer },
            } => {
                let keeper = book.offers.get(offer).map(|its| its.host.promisee);
                let is_cut = keeper.is_some_and(|keeper| book.is_cut(agent, keeper));
                if is_cut && !book.causes.has(offer) {
                    let name = book.names.of_agent(&agent);
                    let offer = book.names.of_promise(offer);
                    return Err(format!(
                        "{name} stops {offer} because it cannot reach its keeper"
                    ));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

/// For how long a hosting that was heard to stand is fresh, in microseconds, and its keeper's word waits for its
/// disk.
const FRESH_US: u64 = 7_500_000 + WRITTEN_WITHIN_US;

/// How long what a keeper has decided may wait for its disk, in microseconds.
const WRITTEN_WITHIN_US: u64 = 2_000_000;

/// How long a keeper may take to have what it cannot reach hosted by somebody whom it can, in microseconds: a lease,
/// rounds that find nobody, and a disk.
const MENDS_WITHIN_US: u64 = 16_000_000;

impl PartitionFreedom {
    /// Each side goes on by itself, however few are on it: what a keeper has not heard of for so long is hosted by
    /// somebody else, if anybody in its reach has room.
    fn check_sides(
        &self,
        at: Time,
        since: Time,
        cut: &BTreeSet<(AgentId, AgentId)>,
        book: &Book,
    ) -> Verdict {
        let was_there = |agent: &AgentId| {
            let seen = book.agents.get(agent);
            seen.is_some_and(|its| its.is_up && its.started_at < since && its.stalled_until < since)
        };
        for (workload, seen) in &book.workloads {
            let keeper = seen.keeper;
            let Some((intent, wanted)) = kept(workload, keeper, book)? else {
                continue;
            };
            let is_old = self.told.get(intent).is_some_and(|when| *when < since);
            let is_sound = !Frailty::of(&wanted.component).is_lasting();
            if !was_there(&keeper) || !is_old || !is_sound || is_pending(intent, since, book) {
                continue;
            }
            let is_heard = |agent: &AgentId| !cut.contains(&(*agent, keeper));
            let is_reached = |agent: &AgentId| is_heard(agent) && !cut.contains(&(keeper, *agent));
            let hosted: BTreeSet<Slot> = book
                .acceptances
                .iter()
                .filter(|(id, its)| id.promiser == keeper && its.withdrawn.is_none())
                .filter_map(|(_, its)| book.offers.get_key_value(&its.accept.offer))
                .filter(|(offer, its)| its.host.workload == *workload && is_heard(&offer.promiser))
                .map(|(_, its)| its.host.slot)
                .collect();
            let mut able = all_with_room(at, (intent, wanted), None, book);
            let able = able.find(|agent| is_reached(agent) && was_there(agent));
            let missing = wanted.valency.slots().find(|slot| !hosted.contains(slot));
            if let Some((slot, able)) = missing.zip(able) {
                let (keeper, workload) = (
                    book.names.of_agent(&keeper),
                    book.names.of_workload(workload),
                );
                let able = book.names.of_agent(&able);
                return Err(format!(
                    "{keeper} is cut from whoever hosts slot {slot} of {workload} and asks nobody else, and {able} has room"
                ));
            }
        }
        Ok(())
    }

    /// Nobody is let go but for another that stays in its place: one that its keeper counts, and has heard of since
    /// its start, and of late.
    fn check_surplus(&mut self, at: Time, loser: PromiseId, book: &Book) -> Verdict {
        let keeper = loser.promiser;
        let place = |id: &PromiseId| {
            let offer = book.acceptances.get(id).map(|its| its.accept.offer)?;
            let host = book.offers.get(&offer).map(|its| &its.host)?;
            Some((host.workload, host.slot, host.generation))
        };
        let Some(shared) = place(&loser) else {
            return Ok(());
        };
        self.premises += 1;
        let seen = book.agents.get(&keeper);
        let is_steady = seen.is_some_and(|its| its.stalled_until <= its.started_at);
        let started_at = seen.map(|its| its.started_at);
        let stays = |id: &PromiseId, its: &AcceptanceSeen| {
            let offer = its.accept.offer;
            let heard = self.heard.get(&(keeper, offer)).copied();
            let last = heard.max(its.stored_at).filter(|_| its.stored_at.is_some());
            let last = last.filter(|last| Some(*last) >= started_at);
            let is_fresh = last.is_some_and(|last| at.as_us() <= last.as_us() + FRESH_US);
            let is_let_go = match its.withdrawn {
                Some((_, Some(Reason::Surplus))) => true,
                // Something else may have happened to it while the keeper's word waited for its disk.
                Some((when, _)) => when.as_us() + WRITTEN_WITHIN_US < at.as_us(),
                None => false,
            };
            let is_known = is_fresh || !is_steady || offer.promiser == keeper;
            id.promiser == keeper && *id != loser && is_known && !is_let_go
        };
        let mut others = book.acceptances.iter();
        if others.any(|(id, its)| place(id) == Some(shared) && stays(id, its)) {
            return Ok(());
        }
        let (name, what) = (book.names.of_agent(&keeper), book.names.of_promise(&loser));
        Err(format!(
            "{name} takes {what} back as surplus, and has heard of no other in its place of late"
        ))
    }
}
