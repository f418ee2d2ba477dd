//! 18. Both sides of a partition keep and make promises; healing shows the surplus, and withdrawal resolves it.

use std::collections::{BTreeMap, BTreeSet};

use gary_agent::{Fact, Order};
use gary_promise::{AgentId, Frame, PromiseId, Reason, Slot, Time, Version};

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
    /// The last renewal of each host that each keeper has heard since its start.
    renewed: BTreeMap<(AgentId, AgentId), Version>,
    /// When a keeper has heard last, and since its start, that something is hosted.
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
            Seen::Starts { agent, .. } => {
                self.renewed.retain(|(keeper, _), _| *keeper != agent);
                self.heard.retain(|(keeper, _), _| *keeper != agent);
            }
            Seen::Hears {
                from,
                to,
                frame: Frame::Renewal(renewal),
                ..
            } => {
                // What is said again, or was said before it, is no news.
                let last = self.renewed.insert((to, from), renewal.version);
                if last >= Some(renewal.version) {
                    self.renewed.extend(last.map(|last| ((to, from), last)));
                    return Ok(());
                }
                for version in renewal.bound.iter() {
                    let (promiser, version) = (from, *version);
                    self.heard.insert((to, PromiseId { promiser, version }), at);
                }
            }
            Seen::Stores { agent, facts } => {
                for fact in facts {
                    if let Fact::Forgotten(id) = fact
                        && id.promiser == agent
                    {
                        self.check_own(at, *id, book)?;
                    }
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
                let keeper = book.made_to(offer);
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
            let is_heard = |agent: &AgentId| !cut.contains(&(*agent, keeper));
            let is_reached = |agent: &AgentId| is_heard(agent) && !cut.contains(&(keeper, *agent));
            // Known is what was promised before the wall, or long enough ago by somebody who can be asked for it.
            let is_known = |by: &AgentId, made_at: Time| {
                let is_old = at.as_us() >= made_at.as_us() + MENDS_WITHIN_US;
                book.is_up(by) && (made_at <= since || (is_reached(by) && is_old))
            };
            let is_pending = is_pending(intent, is_known, book);
            if !was_there(&keeper) || !is_old || !is_sound || is_pending {
                continue;
            }
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
        let let_go_at = book.acceptances.get(&loser).and_then(|its| its.withdrawn);
        // Where a later generation is wanted by now, its own may have made room for that.
        let wanted = kept(&shared.0, keeper, book)?;
        let is_current = wanted.is_some_and(|(_, its)| its.lineage.generation() == shared.2);
        let let_go_at = let_go_at.map(|(when, _)| when).filter(|_| is_current);
        let stays = |id: &PromiseId, its: &AcceptanceSeen| {
            let offer = its.accept.offer;
            let heard = self.heard.get(&(keeper, offer));
            let is_fresh = its.stored_at.is_some()
                && heard.is_some_and(|last| at.as_us() <= last.as_us() + FRESH_US);
            let is_let_go = match its.withdrawn {
                Some((_, Some(Reason::Surplus))) => true,
                // Of its own it says nothing. What it forgets in the same moment it lets go as well.
                Some((when, None)) if offer.promiser == keeper && Some(when) == let_go_at => true,
                // Something else may have happened to it while the keeper's word waited for its disk.
                Some((when, _)) => when.as_us() + WRITTEN_WITHIN_US < at.as_us(),
                None => false,
            };
            let is_known = is_fresh || !is_steady || offer.promiser == keeper;
            id.promiser == keeper && *id != loser && is_known && !is_let_go
        };
        let others = book.acceptances.iter();
        let others = others.filter(|(id, its)| place(id) == Some(shared) && stays(id, its));
        let winners: Vec<PromiseId> = others.map(|(_, its)| its.accept.offer).collect();
        let mut worse = winners.iter();
        let why = match worse.all(|winner| self.holds_more(at, loser, *winner, book)) {
            false => return Ok(()),
            true if winners.is_empty() => "has heard of no other in its place of late",
            true => "keeps one whose host holds more slots",
        };
        let (name, what) = (book.names.of_agent(&keeper), book.names.of_promise(&loser));
        Err(format!("{name} takes {what} back as surplus, and {why}"))
    }

    /// A keeper ends what it hosts of its own for another in its place only if it has heard that the other is hosted.
    /// Why it forgets its own acceptance it does not say: of what runs, is wanted and in its place, nothing else is to
    /// be seen.
    fn check_own(&mut self, at: Time, acceptance: PromiseId, book: &Book) -> Verdict {
        let Some(its) = book.acceptances.get(&acceptance) else {
            return Ok(());
        };
        let (keeper, offer) = (acceptance.promiser, its.accept.offer);
        let Some(host) = book.offers.get(&offer).map(|its| &its.host) else {
            return Ok(());
        };
        let is_own = offer.promiser == keeper && book.runs.contains_key(&offer);
        let wanted = kept(&host.workload, keeper, book)?;
        let is_wanted = wanted.is_some_and(|(_, wanted)| {
            wanted.valency.has(host.slot)
                && wanted.lineage.generation() == host.generation
                && Frailty::of(&wanted.component) == Frailty::Sound
        });
        let is_shared = book.acceptances.iter().any(|(id, its)| {
            let other = book.offers.get(&its.accept.offer).map(|its| &its.host);
            let is_same = other.is_some_and(|other| {
                (other.workload, other.slot, other.generation)
                    == (host.workload, host.slot, host.generation)
            });
            id.promiser == keeper
                && *id != acceptance
                && its.stored_at.is_some()
                && is_same
                && its.withdrawn.is_none()
        });
        match is_own && is_wanted && is_shared && !book.causes.is_by_person(&offer) {
            true => self.check_surplus(at, acceptance, book),
            false => Ok(()),
        }
    }

    /// Whether it is certain that of two hosts that share a slot the one that stays held more slots of the workload:
    /// nothing else of it has changed for as long as a word may wait for a disk, and the other was heard of late.
    fn holds_more(&self, at: Time, loser: PromiseId, winner: PromiseId, book: &Book) -> bool {
        let Some(its) = book.acceptances.get(&loser) else {
            return false;
        };
        let (keeper, workload, offer) = (loser.promiser, its.accept.workload, its.accept.offer);
        let seen = book.agents.get(&keeper);
        let is_steady = seen.is_some_and(|its| its.stalled_until <= its.started_at);
        let is_recent = |when: Time| at.as_us() <= when.as_us() + WRITTEN_WITHIN_US;
        let heard = self.heard.get(&(keeper, offer));
        let fresh_us = FRESH_US - 2 * WRITTEN_WITHIN_US;
        let is_heard = heard.is_some_and(|when| at.as_us() <= when.as_us() + fresh_us);
        let theirs = book.acceptances.iter().filter(|(id, its)| {
            id.promiser == keeper && its.accept.workload == workload && its.stored_at.is_some()
        });
        let mut others = theirs.clone().filter(|(id, _)| **id != loser);
        let has_changed = others.any(|(_, its)| {
            let withdrawn_at = its.withdrawn.map(|(when, _)| when);
            its.stored_at.is_some_and(is_recent) || withdrawn_at.is_some_and(is_recent)
        });
        let held = |host: AgentId| {
            let standing = theirs.clone().filter(|(_, its)| its.withdrawn.is_none());
            standing
                .filter(|(_, its)| its.accept.offer.promiser == host)
                .count()
        };
        is_steady
            && is_heard
            && !has_changed
            && !book.hearings.is_away(&offer)
            && held(winner.promiser) > held(offer.promiser) + 1
    }
}
