//! 14. From any reachable state, once faults stop, every promise settles; replaying any message changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use gary_promise::{
    AgentId, Capacity, Frame, PromiseId, Resources, Slot, Time, Use, Version, WorkloadId,
};

use super::entry::{fits, in_pages};
use super::mending::Mending;
use super::pace::Pace;
use super::scope_holds::keeps;
use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;
use crate::world::Frailty;

/// Every workload whose keeper is there is settled: each of its slots is hosted once, at the current generation,
/// if anybody has room for it.
#[derive(Debug, Default)]
pub(super) struct Convergence {
    /// What ran when messages of the past began to be heard again.
    before_replay: Option<BTreeSet<PromiseId>>,
    /// Which intents were known to be chosen then.
    chosen_then: BTreeMap<WorkloadId, Option<PromiseId>>,
    /// When a hosting was last said to be renewed.
    renewed: BTreeMap<PromiseId, Time>,
    mending: Mending,
    /// Since when nothing goes wrong any more.
    calm_since: Option<Time>,
    pace: Pace,
    premises: u64,
}

impl Checker for Convergence {
    fn property(&self) -> Property {
        Property {
            number: 14,
            name: "convergence",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        self.mending.check(at, seen, book)?;
        self.pace.check(at, seen, book)?;
        if let Seen::Says {
            from,
            frame: Frame::Renewal(renewal),
            ..
        } = *seen
        {
            let id = |version: &Version| {
                let (promiser, version) = (from, *version);
                PromiseId { promiser, version }
            };
            let is_handed_over = |its: &PromiseId| {
                let offer = book.offers.get(its);
                offer.is_some_and(|its| its.handed_over_at.is_some())
            };
            let others = renewal.by_others.iter().map(id).filter(is_handed_over);
            let renewed = renewal.bound.iter().map(id).chain(others);
            self.renewed.extend(renewed.map(|its| (its, at)));
        }
        if let Seen::Says { from, .. } = *seen {
            check_shown(at, from, book)?;
        }
        if matches!(seen, Seen::Calms) {
            self.calm_since = Some(at);
        }
        if matches!(seen, Seen::Replays) {
            let latest = |workload: &WorkloadId| book.registers.latest(workload, |_| true);
            // Of an earlier generation there is nothing but what the later has not replaced yet, which may be chosen before a
            // person is told so. Whoever is drained takes back what it hosts in any case, and what is exclusive ends where
            // no majority is left to grant it.
            let sound = book.runs.iter().filter(|(offer, run)| {
                let seen = book.workloads.get(&run.binding.workload());
                let wanted = seen.and_then(|its| book.intent(&its.acknowledged));
                let chosen = latest(&run.binding.workload()).and_then(|its| book.intent(&its));
                let is_latest = |its: &Use| run.binding.generation() == its.lineage.generation();
                wanted.is_some_and(|its| {
                    is_latest(its)
                        && chosen.is_none_or(is_latest)
                        && !Frailty::of(&its.component).is_lasting()
                        && !its.mode.completes()
                        && book.drained(&offer.promiser).is_none()
                        && !book.may_run_out(at, &run.binding.workload())
                })
            });
            let all = book.registers.all().map(|(its, _)| (*its, latest(its)));
            self.chosen_then = all.collect();
            self.before_replay = Some(sound.map(|(offer, _)| *offer).collect());
        }
        Ok(())
    }

    fn scan(&mut self, at: Time, book: &Book) -> Verdict {
        book.acquaintance.scan(at, book)?;
        let mut hosted: BTreeMap<WorkloadId, Hosted> = BTreeMap::new();
        for (offer, run) in &book.runs {
            self.check_renewed(at, offer, book)?;
            let its = hosted.entry(run.binding.workload()).or_default();
            its.entry(run.binding.slot()).or_default().push(*offer);
        }
        for (workload, keepers) in book.registers.all() {
            let hosted = hosted.remove(workload).unwrap_or_default();
            if keepers.iter().any(|its| book.is_up(its)) {
                self.premises += 1;
                self.check_workload(at, workload, &hosted, book)?;
            }
        }
        if let Some(before) = &self.before_replay {
            // What nobody knew what had become of may be carried out when it is heard again.
            let is_as_then = |offer: &&PromiseId| {
                let workload = book.offers.get(offer).map(|its| its.host.workload);
                workload.is_some_and(|its| {
                    self.chosen_then.get(&its) == Some(&book.registers.latest(&its, |_| true))
                })
            };
            let mut missing = before.iter().filter(|offer| !book.runs.contains_key(offer));
            let missing = missing.find(is_as_then);
            if let Some(offer) = missing {
                let offer = book.names.of_promise(offer);
                return Err(format!(
                    "{offer} ran before messages of the past came again"
                ));
            }
        }
        Ok(())
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

impl Convergence {
    /// What is bound is renewed, again and again: so each of the two mends what the other has missed.
    fn check_renewed(&self, at: Time, offer: &PromiseId, book: &Book) -> Verdict {
        let accepted = book.acceptances.values();
        let bound = accepted.filter(|its| its.accept.offer == *offer);
        let bound_at = bound.filter_map(|its| its.heard_at).min();
        let started_at = book.agents.get(&offer.promiser).map(|its| its.started_at);
        let last = self.renewed.get(offer).copied();
        // Until then it was renewed to somebody else.
        let handed_over_at = book.offers.get(offer).and_then(|its| its.handed_over_at);
        let since = last.max(bound_at).max(started_at).max(handed_over_at);
        let is_late = since.is_some_and(|since| at.as_us() > since.as_us() + RENEWED_WITHIN_US);
        // What an agent says to itself is not seen.
        if is_late && !book.is_told_to_itself(offer) {
            let what = book.names.of_promise(offer);
            return Err(format!("{what} is bound, and not renewed"));
        }
        Ok(())
    }

    fn check_workload(
        &self,
        at: Time,
        workload: &WorkloadId,
        hosted: &Hosted,
        book: &Book,
    ) -> Verdict {
        let name = book.names.of_workload(workload);
        let latest = book.registers.latest(workload, |its| book.is_up(its));
        let Some(intent) = &latest else {
            return Ok(());
        };
        for keeper in book.registers.all().filter(|(its, _)| *its == workload) {
            let changed_at = book.registers.changed_at(workload);
            let is_told = changed_at.is_some_and(|when| at.as_us() > when.as_us() + TOLD_WITHIN_US);
            let mut behind = keeper.1.iter().filter(|its| book.is_up(its));
            let knows = |its: &AgentId| book.registers.known(workload, its) == latest;
            // Whoever knew better may be gone for good: with no majority left, there may be nobody to hear it from.
            let up = behind.clone().count();
            let is_known = 2 * up > keeper.1.len() || behind.clone().any(knows);
            // Its name may mean another by now, which is looked at by itself.
            let mut all = book.agents.keys().filter(|its| book.is_up(its));
            let is_past = all.any(|its| book.registers.has_stood(*intent, its));
            let is_behind = |its: &&AgentId| is_known && !is_past && !knows(its);
            if is_told && let Some(behind) = behind.find(is_behind) {
                let (behind, what) = (book.names.of_agent(behind), book.names.of_promise(intent));
                return Err(format!(
                    "{behind} keeps {name}, and does not know of {what}"
                ));
            }
            let up = book.agents.iter().filter(|(_, seen)| seen.is_up);
            let mut up = up.map(|(agent, _)| *agent);
            if is_told
                && let Some(still) =
                    up.find(|its| !keeper.1.contains(its) && keeps(*its, *workload, book))
            {
                let still = book.names.of_agent(&still);
                return Err(format!(
                    "{still} keeps {name}, which others keep in its place"
                ));
            }
        }
        // Who deletes it and gives its name to another may have both chosen at once.
        let mut up = book.agents.keys().filter(|its| book.is_up(its));
        let is_past = up.any(|its| book.registers.is_past(workload, its));
        let wanted = book.intent(intent).filter(|_| !is_past);
        let Some(wanted) = wanted.filter(|its| its.valency.get() > 0) else {
            return match hosted.values().flatten().next() {
                Some(offer) => {
                    let offer = book.names.of_promise(offer);
                    Err(format!("{name} is deleted, and {offer} still runs"))
                }
                None => Ok(()),
            };
        };
        let generation = wanted.lineage.generation();
        // What it waits for may have come to be kept just now, as it may itself: an intent that nobody knew what had become of
        // is found out about later than others settle.
        let is_past = |when: Time| at.as_us() > when.as_us() + TAKEN_UP_WITHIN_US;
        let is_known = |by: &AgentId, made_at: Time| book.is_up(by) && is_past(made_at);
        let is_new = book
            .registers
            .changed_at(workload)
            .is_some_and(|when| !is_past(when));
        // What goes on by the owner's pace is not at its end yet, and what never runs takes the place of nothing.
        let goes_on = self.pace.goes_on(at, workload, generation);
        let is_lasting = Frailty::of(&wanted.component).is_lasting();
        // Where a slot has made way and lost its room, no more may make way.
        let made_way = has_made_way(workload, wanted, hosted, book);
        let is_current = |offer: &PromiseId| {
            let run = book.runs.get(offer);
            run.is_some_and(|its| its.binding.generation() == generation)
        };
        for (slot, offers) in hosted {
            let later = offers.iter().filter(|its| is_current(its)).count();
            let earlier = offers.len() - later;
            // Who leaves hosts on until another does.
            let is_left = offers
                .iter()
                .any(|its| book.drained(&its.promiser).is_some());
            if is_left {
                continue;
            }
            let is_rolling = (goes_on || is_lasting) && later <= 1 && earlier <= 1;
            if offers.len() > 1 && !is_rolling {
                let both: Vec<String> = offers
                    .iter()
                    .map(|its| book.names.of_promise(its))
                    .collect();
                let both = both.join(" and ");
                return Err(format!("slot {slot} of {name} is hosted by {both}"));
            }
            for offer in offers {
                let theirs = book.runs.get(offer).map(|its| its.binding.generation());
                let what = book.names.of_promise(offer);
                if !wanted.valency.has(*slot) {
                    return Err(format!(
                        "{what} hosts slot {slot} of {name}, which nobody uses"
                    ));
                }
                // Where the later never runs or nobody may host it, the earlier may be all there is. Of what is later than
                // anybody there knows, those who knew are gone: nobody takes it for outdated.
                if theirs < Some(generation)
                    && !goes_on
                    && !made_way
                    && !is_lasting
                    && !is_pending(intent, is_known, book)
                    && let Some(agent) = who_has_room(at, (intent, wanted), Some(offer), book)
                {
                    let agent = book.names.of_agent(&agent);
                    return Err(format!(
                        "{what} hosts an earlier generation of {name}, and {agent} has room for the later"
                    ));
                }
            }
        }
        // Whoever held it last may be gone: nobody else has it before that has run out.
        let calm_since = self.calm_since.unwrap_or(Time::from_us(0));
        let is_held = wanted.exclusive && at.as_us() < calm_since.as_us() + EXCLUSIVE_WITHIN_US;
        // What runs to completion is held to its runs.
        if is_lasting
            || wanted.mode.completes()
            || book.lacks_majority(at, workload)
            || is_pending(intent, is_known, book)
            || is_held
            || is_new
        {
            return Ok(());
        }
        // Whoever is left to keep it may never have heard of it: with no majority of them, there is nobody to hear it from.
        let keepers = book.registers.all().filter(|(its, _)| *its == workload);
        let mut left = keepers
            .flat_map(|(_, its)| its)
            .filter(|its| book.is_up(its));
        if !left.any(|its| book.registers.known(workload, its) == latest) {
            return Ok(());
        }
        for slot in wanted.valency.slots() {
            if !hosted.contains_key(&slot)
                && !goes_on
                && let Some(agent) = who_has_room(at, (intent, wanted), None, book)
            {
                let agent = book.names.of_agent(&agent);
                return Err(format!(
                    "nobody hosts slot {slot} of {name} at generation {generation}, and {agent} has room"
                ));
            }
        }
        Ok(())
    }
}

/// How long a hosting may go without being renewed, in microseconds: as long as agents take, and a clock that
/// goes slow.
const RENEWED_WITHIN_US: u64 = 3_000_000 + 1_000_000;

/// How soon whoever comes to keep something has heard so, and whoever others keep it in the place of, in microseconds.
const TOLD_WITHIN_US: u64 = 2_000_000;

/// How soon what is withdrawn is said no more to stand on its promiser's sheet, in microseconds: what is said may have
/// waited for a disk.
const UNSHOWN_WITHIN_US: u64 = 2_000_000;

/// How soon what has come to be kept is hosted, and what waits for it, in microseconds, by keepers that take turns.
const TAKEN_UP_WITHIN_US: u64 = 3_000_000;

/// How long a keeper may take to find out that somebody has room again, in microseconds: who has refused is left
/// alone for a while, and who finds nobody asks less and less often.
const KNOWN_WITHIN_US: u64 = 8_000_000;

/// How soon what is exclusive is hosted again once nothing goes wrong any more, in microseconds: whoever held it last is
/// waited for as long as it may hold it, and whoever is to hold it is invited and asks its keepers.
const EXCLUSIVE_WITHIN_US: u64 = 10_000_000 + 5_000_000;

/// A `+keep` that was withdrawn is on no sheet that its promiser shows.
fn check_shown(at: Time, agent: AgentId, book: &Book) -> Verdict {
    for id in &book.shown {
        let withdrawn_at = book.keeps.withdrawn_at(id);
        let since = withdrawn_at.map(|when| book.awake_since(&agent, when));
        if since.is_some_and(|since| at.as_us() > since.as_us() + UNSHOWN_WITHIN_US) {
            let (agent, what) = (book.names.of_agent(&agent), book.names.of_promise(id));
            return Err(format!("{agent} shows {what}, which it has withdrawn"));
        }
    }
    Ok(())
}

/// Which offers a workload runs by, for each slot.
type Hosted = BTreeMap<Slot, Vec<PromiseId>>;

/// Whether nobody hosts a slot that was hosted at an earlier generation.
fn has_made_way(workload: &WorkloadId, wanted: &Use, hosted: &Hosted, book: &Book) -> bool {
    book.offers.values().any(|its| {
        let host = &its.host;
        host.workload == *workload
            && host.generation < wanted.lineage.generation()
            && its.accepted_at.is_some()
            && wanted.valency.has(host.slot)
            && !hosted.contains_key(&host.slot)
    })
}

/// The intent that a keeper knows to be chosen. `None` for a workload that is deleted, or that it does not keep.
pub(super) fn kept<'a>(
    workload: &WorkloadId,
    keeper: AgentId,
    book: &'a Book,
) -> Option<(PromiseId, &'a Use)> {
    let intent = book.registers.known(workload, &keeper)?;
    let wanted = book.intent(&intent)?;
    (wanted.valency.get() > 0).then_some((intent, wanted))
}

/// Whether an intent is made under a condition of which it need not be known that it is met: by whom a promise
/// `is_known` that was made then.
pub(super) fn is_pending(
    intent: &PromiseId,
    is_known: impl Fn(&AgentId, Time) -> bool,
    book: &Book,
) -> bool {
    book.promises.get(intent).is_some_and(|promise| {
        let unmet = promise
            .condition()
            .unmet(|required| book.keeps.surely_meet(required, &is_known));
        !unmet.is_empty()
    })
}

/// Somebody who would host one more, and could, once this one is let go.
pub(super) fn who_has_room(
    at: Time,
    intended: (&PromiseId, &Use),
    instead_of: Option<&PromiseId>,
    book: &Book,
) -> Option<AgentId> {
    all_with_room(at, intended, instead_of, book).next()
}

/// All who would host one more, and could, once this one is let go.
pub(super) fn all_with_room(
    at: Time,
    (intent, wanted): (&PromiseId, &Use),
    instead_of: Option<&PromiseId>,
    book: &Book,
) -> impl Iterator<Item = AgentId> {
    let needed = in_pages(wanted.needs.portion.resources());
    let able = book.agents.iter().filter(move |(agent, seen)| {
        let since = book.acquaintance.known_since(at);
        let others = book
            .standing_of(**agent)
            .filter(|(offer, _)| Some(*offer) != instead_of);
        let mut taken = others.map(|(_, offer)| offer.host.portion.resources());
        let taken = taken.try_fold(needed, Resources::plus);
        let has_room = |its: &Capacity| {
            fits(its, &wanted.needs) && taken.is_some_and(|taken| its.resources.covers(taken))
        };
        let freed = book.last_freed(**agent);
        seen.is_up
            && seen.is_willing
            && !book.was_drained(at, agent, KNOWN_WITHIN_US)
            && seen.considers(intent.promiser)
            && freed.is_none_or(|when| at.as_us() > when.as_us() + KNOWN_WITHIN_US)
            && seen.published_since(since).all(has_room)
    });
    able.map(|(agent, _)| *agent)
}
