//! 18. Both sides of a partition keep and make promises; healing shows the surplus, and withdrawal resolves it.

use std::collections::{BTreeMap, BTreeSet};

use gary_agent::Order;
use gary_promise::{AgentId, Frame, PromiseId, Slot, Surplus, Time};

use super::convergence::{all_with_room, is_pending, kept};
use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;
use crate::world::Frailty;

/// A host that cannot reach its keeper goes on; a keeper that cannot reach a host counts others; and of two that
/// share a slot afterwards, never do both withdraw for each other.
#[derive(Debug, Default)]
pub(super) struct PartitionFreedom {
    /// By whose word who has won against whom.
    settled: BTreeMap<PromiseId, PromiseId>,
    /// When a keeper has heard last that a hosting stands.
    heard: BTreeMap<(AgentId, PromiseId), Time>,
    /// Which way nothing passes, and since when that is so.
    cut: Option<(Time, BTreeSet<(AgentId, AgentId)>)>,
    /// When owners were told that an intent is kept.
    told: BTreeMap<PromiseId, Time>,
    /// Whose hosts have withdrawn by that word.
    withdrawn: BTreeSet<PromiseId>,
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
                to,
                frame: Frame::Surplus(surplus),
                is_noise: false,
                ..
            } if surplus.yours.promiser == to => {
                self.premises += 1;
                self.settled.insert(surplus.yours, surplus.winner);
            }
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
                frame: Frame::Surplus(surplus),
                ..
            } => self.check_surplus(at, from, surplus, book)?,
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
                self.withdrawn.insert(*offer);
                if let Some(winner) = self.settled.get(offer)
                    && self.settled.get(winner) == Some(offer)
                    && self.withdrawn.contains(winner)
                {
                    let (one, other) =
                        (book.names.of_promise(offer), book.names.of_promise(winner));
                    return Err(format!("{one} and {other} are withdrawn for each other"));
                }
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
const FRESH_US: u64 = 7_500_000 + 2_000_000;

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
            if !was_there(&keeper) || !is_old || !is_sound || is_pending(intent, book) {
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

    /// Nobody is told to go for one that its keeper does not count, has not heard of late, or is away.
    fn check_surplus(&self, at: Time, keeper: AgentId, surplus: &Surplus, book: &Book) -> Verdict {
        let seen = book.agents.get(&keeper);
        let is_steady = seen.is_some_and(|its| its.stalled_until <= its.started_at);
        let started_at = seen.map(|its| its.started_at);
        let winner = surplus.winner;
        let mut accepted = book.acceptances.iter().filter(|(id, its)| {
            id.promiser == keeper && its.accept.offer == winner && its.stored_at.is_some()
        });
        let accepted_at = accepted.next().and_then(|(_, its)| its.stored_at);
        let heard = self.heard.get(&(keeper, winner)).copied();
        let last = heard.max(accepted_at).max(started_at);
        let is_fresh = last.is_some_and(|last| at.as_us() <= last.as_us() + FRESH_US);
        let place = |id: &PromiseId| {
            let host = book.offers.get(id).map(|its| &its.host);
            host.map(|its| (its.workload, its.slot, its.generation))
        };
        let is_one_place = place(&winner).is_some() && place(&winner) == place(&surplus.yours);
        if is_one_place
            && accepted_at.is_some()
            && (is_fresh || !is_steady || winner.promiser == keeper)
        {
            return Ok(());
        }
        let (name, what) = (
            book.names.of_agent(&keeper),
            book.names.of_promise(&surplus.yours),
        );
        let winner = book.names.of_promise(&winner);
        Err(format!(
            "{name} has {what} go for {winner}, which it has not heard of late"
        ))
    }
}
