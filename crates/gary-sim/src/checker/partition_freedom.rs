//! 18. Both sides of a partition keep and make promises; healing shows the surplus, and withdrawal resolves it.

use std::collections::{BTreeMap, BTreeSet};

use gary_agent::{Fact, Order};
use gary_promise::{AgentId, Frame, PromiseId, Reason, Slot, Time, Version};

use super::convergence::{all_with_room, is_pending, kept};
use super::entry::{AcceptanceSeen, OfferSeen, dismissed};
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
    /// What keepers have dismissed once, in this life: that word may still be under way, and is said again.
    dismissed: BTreeSet<(AgentId, PromiseId)>,
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
        if let Some((_, intent, _)) = seen.committed() {
            self.told.entry(intent).or_insert(at);
        }
        match *seen {
            Seen::Starts { agent, .. } => {
                self.renewed.retain(|(keeper, _), _| *keeper != agent);
                self.dismissed.retain(|(keeper, _)| *keeper != agent);
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
                for version in renewal.bound.iter().chain(renewal.by_others.iter()) {
                    let (promiser, version) = (from, *version);
                    self.heard.insert((to, PromiseId { promiser, version }), at);
                }
            }
            // Its host says that it hosts it.
            Seen::Hears {
                to,
                frame: Frame::Bound(_),
                ..
            } => {
                self.heard
                    .extend(book.bound.iter().map(|its| ((to, *its), at)));
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
                    if acceptance.promiser == from
                        && *reason == Reason::Surplus
                        && let Some(its) = book.acceptances.get(acceptance)
                    {
                        let let_go_at = its.withdrawn.map(|(when, _)| when);
                        self.check_surplus(at, from, its.accept.offer, let_go_at, book)?;
                    }
                }
            }
            Seen::Says {
                from,
                to,
                frame: Frame::Dismissal(dismissal),
            } => {
                for offer in dismissed(to, dismissal) {
                    if self.dismissed.insert((from, offer)) {
                        self.check_dismissed(at, from, offer, book)?;
                    }
                }
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
                if is_cut && !book.has_cause(at, offer) {
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
        let kept_by = book.registers.all();
        let kept_by =
            kept_by.flat_map(|(workload, its)| its.iter().map(move |its| (workload, *its)));
        for (workload, keeper) in kept_by {
            let Some((intent, wanted)) = kept(workload, keeper, book) else {
                continue;
            };
            // Who has come to keep it since then may hear hosts that it cannot ask what they host.
            let kept_since = book.registers.kept_since(workload, &keeper);
            let is_old = self.told.get(&intent).is_some_and(|when| *when < since)
                && kept_since.is_some_and(|when| when < since);
            let is_sound = !Frailty::of(&wanted.component).is_lasting();
            let is_heard = |agent: &AgentId| !cut.contains(&(*agent, keeper));
            let is_reached = |agent: &AgentId| is_heard(agent) && !cut.contains(&(keeper, *agent));
            // Known is what was promised before the wall, or long enough ago by somebody who can be asked for it.
            let is_known = |by: &AgentId, made_at: Time| {
                let is_old = at.as_us() >= made_at.as_us() + MENDS_WITHIN_US;
                book.is_up(by) && (made_at <= since || (is_reached(by) && is_old))
            };
            let is_pending = is_pending(&intent, is_known, book);
            if !was_there(&keeper) || !is_old || !is_sound || is_pending {
                continue;
            }
            // What was taken back of late is about to be hosted by another.
            let was_late = |offer: &OfferSeen| {
                let withdrawn_at = offer.withdrawn_at;
                withdrawn_at.is_some_and(|when| at.as_us() <= when.as_us() + MENDS_WITHIN_US)
            };
            let hosted: BTreeSet<Slot> = book
                .acceptances
                .iter()
                .filter_map(|(id, its)| {
                    let (offer, seen) = book.offers.get_key_value(&its.accept.offer)?;
                    let counts = book.still_counts(keeper, id, its)
                        || (was_late(seen) && book.counts(keeper, id, its));
                    counts.then_some((offer, seen))
                })
                .filter(|(offer, its)| its.host.workload == *workload && is_heard(&offer.promiser))
                .map(|(_, its)| its.host.slot)
                .collect();
            // What has run to completion is hosted no more.
            let generation = wanted.lineage.generation();
            let is_done = |slot: &Slot| book.knows_done(keeper, workload, (*slot, generation));
            let mut able = all_with_room(at, (&intent, wanted), None, book);
            let able = able.find(|agent| is_reached(agent) && was_there(agent));
            let mut slots = wanted.valency.slots();
            let missing = slots.find(|slot| !hosted.contains(slot) && !is_done(slot));
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

    /// A keeper says of what another has bound that it is not needed: nobody uses it any more, or another is in its
    /// place.
    fn check_dismissed(
        &mut self,
        at: Time,
        keeper: AgentId,
        offer: PromiseId,
        book: &Book,
    ) -> Verdict {
        let Some(host) = book.offers.get(&offer).map(|its| &its.host) else {
            return Ok(());
        };
        let known = book.registers.known(&host.workload, &keeper);
        // Its name may mean another by now, so that this one is deleted.
        let known = known.filter(|its| !book.registers.has_stood(*its, &keeper));
        let Some(wanted) = known.and_then(|intent| book.intent(&intent)) else {
            return Ok(());
        };
        let is_current = wanted.lineage.generation() == host.generation;
        let is_replaced = book.acceptances.iter().any(|(id, its)| {
            let later = book.offers.get(&its.accept.offer).map(|its| &its.host);
            let is_later = later.is_some_and(|later| {
                (later.workload, later.slot) == (host.workload, host.slot)
                    && later.generation > host.generation
            });
            is_later && book.counts(keeper, id, its)
        });
        if is_replaced {
            return Ok(());
        }
        match host.promisee != keeper && is_current && wanted.valency.has(host.slot) {
            true => self.check_surplus(at, keeper, offer, None, book),
            false => Ok(()),
        }
    }

    /// Nobody is let go but for another that stays in its place: one that the keeper counts, and has heard of since
    /// its start, and of late. `let_go_at` is when its own acceptance was taken back, if that is the keeper's.
    fn check_surplus(
        &mut self,
        at: Time,
        keeper: AgentId,
        loser: PromiseId,
        let_go_at: Option<Time>,
        book: &Book,
    ) -> Verdict {
        let place = |offer: &PromiseId| {
            let host = book.offers.get(offer).map(|its| &its.host)?;
            Some((host.workload, host.slot, host.generation))
        };
        let Some(shared) = place(&loser) else {
            return Ok(());
        };
        self.premises += 1;
        let seen = book.agents.get(&keeper);
        let is_steady = seen.is_some_and(|its| its.stalled_until <= its.started_at);
        // Where a later generation is wanted by now, its own may have made room for that.
        let wanted = kept(&shared.0, keeper, book);
        let is_current = wanted.is_some_and(|(_, its)| its.lineage.generation() == shared.2);
        let let_go_at = let_go_at.filter(|_| is_current);
        let stays = |id: &PromiseId, its: &AcceptanceSeen| {
            let offer = its.accept.offer;
            let heard = self.heard.get(&(keeper, offer));
            let is_fresh = its.stored_at.is_some()
                && heard.is_some_and(|last| at.as_us() <= last.as_us() + FRESH_US);
            let is_over = |when: Time| when.as_us() + WRITTEN_WITHIN_US < at.as_us();
            let is_let_go = match its.withdrawn {
                // That another keeper has taken it back, it goes by once it has heard so.
                _ if id.promiser != keeper => match offer.promiser == keeper {
                    true => its.withdrawal_heard_at.is_some_and(is_over),
                    false => book
                        .hearings
                        .withdrawn_at(keeper, &offer)
                        .is_some_and(is_over),
                },
                Some((_, Some(Reason::Surplus))) => true,
                // Of its own it says nothing. What it forgets in the same moment it lets go as well.
                Some((when, None)) if offer.promiser == keeper && Some(when) == let_go_at => true,
                // Something else may have happened to it while the keeper's word waited for its disk.
                Some((when, _)) => is_over(when),
                None => false,
            };
            let is_known = is_fresh || !is_steady || offer.promiser == keeper;
            book.counts(keeper, id, its) && offer != loser && is_known && !is_let_go
        };
        let others = book.acceptances.iter();
        let others =
            others.filter(|(id, its)| place(&its.accept.offer) == Some(shared) && stays(id, its));
        let winners: Vec<PromiseId> = others.map(|(_, its)| its.accept.offer).collect();
        let besides = |offer: &PromiseId| book.offers.get(offer).map(|its| its.host.besides);
        let mut winners = winners.iter().map(besides);
        let why = match winners.clone().next() {
            None => "has heard of no other in its place of late",
            // Who held fewer other slots when it offered goes on.
            // Who leaves makes way for whoever stays.
            Some(_) if book.was_drained(at, &loser.promiser, FRESH_US) => return Ok(()),
            Some(_) if winners.all(|its| its > besides(&loser)) => "keeps one whose host held more",
            Some(_) => return Ok(()),
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
        let wanted = kept(&host.workload, keeper, book);
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
            id.promiser == keeper && *id != acceptance && its.is_counted() && is_same
        });
        let causes = &book.causes;
        let is_by_others = causes.is_by_person(&offer)
            || causes.is_dismissed(&offer)
            || book.is_ended(at, &offer.promiser);
        match is_own && is_wanted && is_shared && !is_by_others {
            true => {
                let let_go_at = its.withdrawn.map(|(when, _)| when);
                self.check_surplus(at, keeper, offer, let_go_at, book)
            }
            false => Ok(()),
        }
    }
}
