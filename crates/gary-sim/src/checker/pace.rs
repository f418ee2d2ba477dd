//! Whether an update goes no faster than its owner has it, and a generation that fails no further.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gary_agent::Order;
use gary_promise::{AgentId, Frame, Generation, Host, PromiseId, Slot, Time, Use, WorkloadId};

use super::entry::dismissed;
use super::quiet::{Quiet, involved};
use super::{Book, Verdict};
use crate::seen::Seen;
use crate::world::Frailty;

/// How long nothing may have gone wrong, in microseconds, for what runs to be held to the pace: what ran before is known
/// to those who keep it by then, as hosts renew every three seconds and keepers that start listen for four.
const HEARD_WITHIN_US: u64 = 6_000_000;

/// The same for what is bound: what keepers held for lost before is found again or expired by then.
const SETTLED_WITHIN_US: u64 = 12_000_000;

/// How soon after one slot of an update the next has begun to run, in microseconds, by agents that have no room for two at
/// once and wait for a busy one.
const STEP_US: u64 = 4_000_000;

/// For how long two keepers may both have something under way, in microseconds, where one takes the other's turn.
const TAKES_TURN_US: u64 = 100_000;

/// For how long after faults have ceased an update may go on by its owner's pace, in microseconds.
const GOES_ON_US: u64 = 20_000_000;

/// No more hostings are bound because of an update than its owner has it, and no fewer run. What never runs takes the
/// place of nothing.
#[derive(Debug, Default)]
pub(super) struct Pace {
    quiet: Quiet,
    /// Since when nothing goes wrong any more.
    calm_at: Option<Time>,
    /// What agents have had their own hosts stop.
    stopped: BTreeSet<PromiseId>,
    /// What keepers have said that they do not count.
    dismissed: BTreeSet<PromiseId>,
    /// Who has invited an agent last for which workload.
    invited_by: BTreeMap<(AgentId, WorkloadId), AgentId>,
    /// Of what a host has let go as it was invited: when, and by whom it was.
    made_way: BTreeMap<(WorkloadId, Slot), (Time, AgentId)>,
    /// Workloads of which every slot ran soundly at the generation of that time: since when, how many slots those were,
    /// and which generation comes next.
    whole: BTreeMap<WorkloadId, (Time, u32, Generation)>,
    /// When something of which generation last began to run.
    begun: BTreeMap<(WorkloadId, Generation), Time>,
}

impl Pace {
    /// Notes what was just seen.
    ///
    /// # Errors
    ///
    /// What went too fast.
    pub(super) fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        self.quiet.note(at, seen);
        match *seen {
            Seen::Calms => self.calm_at = Some(at),
            Seen::Says {
                to,
                frame: Frame::Dismissal(dismissal),
                ..
            } => self.dismissed.extend(dismissed(to, dismissal)),
            Seen::Hears {
                from,
                to,
                frame: Frame::Invitation(_),
                ..
            } => {
                let made = book.made.iter().filter_map(|id| book.promises.get(id));
                let workloads = made.filter_map(|its| its.workload());
                let invited = workloads.map(|its| ((to, its), from));
                self.invited_by.extend(invited);
            }
            Seen::Runs { binding, .. } => {
                let of = (binding.workload(), binding.generation());
                self.begun.insert(of, at);
                self.note_whole(at, &binding.workload(), book);
            }
            Seen::Orders {
                order: Order::Stop { offer },
                ..
            } => {
                self.stopped.insert(*offer);
            }
            Seen::Halts { offer, .. } => {
                // What fails by itself, or with its machine, nobody has let go.
                if let Some(host) = book.offers.get(&offer).map(|its| &its.host)
                    && self.stopped.contains(&offer)
                    && is_sound(&offer, book)
                {
                    self.note_made_way(at, &offer, host, book);
                    return self.check_fewer(at, host, book);
                }
            }
            // What it lets go for that, it has said before.
            Seen::Says {
                from,
                frame: Frame::Told(_),
                ..
            } => self.check_more(at, from, book)?,
            _ => {}
        }
        Ok(())
    }

    /// Whether an update to this generation goes on, by its owner's pace.
    pub(super) fn goes_on(&self, at: Time, workload: &WorkloadId, generation: Generation) -> bool {
        let is_late = |since: Time, within: u64| at.as_us() <= since.as_us() + within;
        let begun = self.begun.get(&(*workload, generation));
        generation > Generation::FIRST
            && begun.is_some_and(|when| is_late(*when, STEP_US))
            && self.calm_at.is_some_and(|when| is_late(when, GOES_ON_US))
    }

    /// Whether nothing has gone wrong since, nor for long enough, with those who keep a workload or have hosted it, and none
    /// of them is drained.
    fn is_quiet(
        &self,
        times: (Time, Time),
        for_us: u64,
        workload: &WorkloadId,
        book: &Book,
    ) -> bool {
        let mut involved = involved(workload, book);
        involved.all(|agent| {
            self.quiet.is_quiet(times, for_us, &agent) && !book.was_drained(times.0, &agent, for_us)
        })
    }

    /// Every slot that is wanted may run by now, at the generation that is wanted.
    fn note_whole(&mut self, at: Time, workload: &WorkloadId, book: &Book) {
        let Some((_, wanted)) = latest(workload, book) else {
            return;
        };
        let (count, generation) = (wanted.valency.get(), wanted.lineage.generation());
        let running = running(workload, book);
        let is_whole =
            running.len() == count as usize && running.values().all(|its| *its == generation);
        if let Some(next) = generation.next().filter(|_| is_whole) {
            self.whole.insert(*workload, (at, count, next));
        }
    }

    /// Whether an intent is the next after one of which every slot ran, and as many, and nothing has gone wrong since.
    fn was_whole(&self, at: Time, workload: &WorkloadId, wanted: &Use, book: &Book) -> bool {
        let as_many = (wanted.valency.get(), wanted.lineage.generation());
        self.whole
            .get(workload)
            .is_some_and(|(since, count, next)| {
                (*count, *next) == as_many
                    && self.is_quiet((at, *since), HEARD_WITHIN_US, workload, book)
            })
    }

    /// Something runs no more: where nobody has said that it does not count it, its host has let it go as it was invited.
    fn note_made_way(&mut self, at: Time, offer: &PromiseId, gone: &Host, book: &Book) {
        let mut accepted = book.acceptances.values();
        let is_taken_back =
            accepted.any(|its| its.accept.offer == *offer && its.withdrawn.is_some());
        let by = self.invited_by.get(&(offer.promiser, gone.workload));
        if let Some(by) = by.filter(|_| !is_taken_back && !self.dismissed.contains(offer)) {
            let place = (gone.workload, gone.slot);
            self.made_way.insert(place, (at, *by));
        }
    }

    /// In which slots something has just made way for another keeper than this: it may not have heard so yet.
    fn makes_way_for_another(&self, at: Time, gone: &Host) -> BTreeSet<Slot> {
        let of_it = |slot| self.made_way.get(&(gone.workload, slot));
        let Some((_, by)) = of_it(gone.slot).filter(|(when, _)| *when == at) else {
            return BTreeSet::new();
        };
        let slots = self.made_way.iter().filter(|((workload, _), its)| {
            *workload == gone.workload
                && its.1 != *by
                && at.as_us() <= its.0.as_us() + TAKES_TURN_US
        });
        slots.map(|((_, slot), _)| *slot).collect()
    }

    /// Something of an earlier generation runs no more: no more slots are without a hosting than may be.
    fn check_fewer(&mut self, at: Time, gone: &Host, book: &Book) -> Verdict {
        let (workload, generation) = (&gone.workload, gone.generation);
        let Some((_, wanted)) = latest(workload, book) else {
            return Ok(());
        };
        let count = wanted.valency.get();
        let is_update = generation < wanted.lineage.generation();
        // What fails now and then is let go by nobody.
        let frailty = Frailty::of(&wanted.component);
        let is_clear = frailty == Frailty::Sound || frailty.is_lasting();
        let is_clear = is_clear && !wanted.mode.completes();
        if !is_update || !is_clear || !self.was_whole(at, workload, wanted, book) {
            return Ok(());
        }
        // What has ended elsewhere, and its keeper has not heard so, it takes for running.
        let as_of = (workload, wanted.lineage.generation());
        let (believed, _) = self.bound(at, gone.promisee, as_of, book);
        let mut hosted: BTreeSet<Slot> = running(workload, book).into_keys().collect();
        let under_way = self.makes_way_for_another(at, gone);
        let others = believed.into_iter().chain(under_way);
        hosted.extend(others.filter(|slot| *slot != gone.slot));
        let hosted = u32::try_from(hosted.len()).unwrap_or(u32::MAX);
        let without = count.saturating_sub(hosted);
        // Where nobody has room for one more, one makes way also where none was to.
        let most = wanted.pace.max_unavailable().max(1);
        if without > most {
            let name = book.names.of_workload(workload);
            return Err(format!(
                "{without} of {count} of {name} are let go before the later generation runs, and at most {most} may be"
            ));
        }
        Ok(())
    }

    /// A keeper tells what it has promised: of no workload more is bound at two generations than may be, nor more of
    /// one that never runs.
    fn check_more(&mut self, at: Time, keeper: AgentId, book: &Book) -> Verdict {
        let made = book.made.iter().filter(|id| id.promiser == keeper);
        let accepted = made.filter_map(|id| book.acceptances.get(id));
        let workloads: BTreeSet<WorkloadId> = accepted.map(|its| its.accept.workload).collect();
        for workload in workloads {
            // What is run anew goes by no pace.
            let latest = latest(&workload, book).filter(|(_, its)| !its.mode.completes());
            let Some((_, wanted)) = latest else {
                continue;
            };
            let generation = wanted.lineage.generation();
            let (earlier, current) = self.bound(at, keeper, (&workload, generation), book);
            if earlier.is_empty() || !self.is_quiet((at, at), SETTLED_WITHIN_US, &workload, book) {
                continue;
            }
            let used = |slot: &&Slot| wanted.valency.has(**slot);
            let both: Vec<String> = earlier
                .intersection(&current)
                .filter(used)
                .map(ToString::to_string)
                .collect();
            let name = book.names.of_workload(&workload);
            let pace = wanted.pace;
            let most = pace.max_surge();
            if both.len() > most as usize {
                let both = both.join(" ");
                return Err(format!(
                    "slots {both} of {name} are bound at two generations, and at most {most} may be"
                ));
            }
            let most = most.saturating_add(pace.max_unavailable().max(1));
            let fails = Frailty::of(&wanted.component).is_lasting();
            let was_whole = self.was_whole(at, &workload, wanted, book);
            if fails && was_whole && current.len() > most as usize {
                let count = current.len();
                return Err(format!(
                    "{count} slots of {name} are bound at a generation that never runs, and at most {most} may be"
                ));
            }
        }
        Ok(())
    }

    /// The slots that are bound at an earlier generation than this, and those at this, by what a keeper counts.
    fn bound(
        &self,
        at: Time,
        keeper: AgentId,
        (workload, generation): (&WorkloadId, Generation),
        book: &Book,
    ) -> (BTreeSet<Slot>, BTreeSet<Slot>) {
        let (mut earlier, mut current) = (BTreeSet::new(), BTreeSet::new());
        for (id, its) in &book.acceptances {
            let offer = &its.accept.offer;
            let is_bound = its.accept.workload == *workload
                && its.stored_at.is_some()
                && book.still_counts(keeper, id, its)
                && (id.promiser == keeper
                    || (book.stands(offer) && !is_broken(at, keeper, offer, book)))
                && !self.dismissed.contains(offer);
            let host = book.offers.get(offer).map(|its| &its.host);
            if let Some(host) = host.filter(|_| is_bound) {
                match host.generation < generation {
                    true => earlier.insert(host.slot),
                    false => current.insert(host.slot),
                };
            }
        }
        (earlier, current)
    }
}

/// Whether a keeper may hold what another has bound for broken: its host has said so, or has not been heard for a lease, and
/// may never come back to withdraw it.
fn is_broken(at: Time, keeper: AgentId, offer: &PromiseId, book: &Book) -> bool {
    let lease = book.offers.get(offer).map(|its| its.host.lease.duration());
    let silent_us = book.hearings.silent_us(at, keeper, offer);
    let silent = silent_us.map(Duration::from_micros);
    let has_run_out = silent
        .zip(lease)
        .is_some_and(|(silent, lease)| silent >= lease);
    has_run_out || book.hearings.is_contradicted(at, keeper, offer)
}

/// The latest intent of a workload that any of its keepers knows to be chosen.
fn latest<'a>(workload: &WorkloadId, book: &'a Book) -> Option<(PromiseId, &'a Use)> {
    let intent = book.registers.latest(workload, |_| true)?;
    Some((intent, book.intent(&intent)?))
}

/// Whether what was bound by an offer never fails.
fn is_sound(offer: &PromiseId, book: &Book) -> bool {
    let mut accepted = book.acceptances.values();
    let accepted = accepted.find(|its| its.accept.offer == *offer);
    let wanted = accepted.and_then(|its| book.intent(&its.accept.intent));
    wanted.is_some_and(|its| Frailty::of(&its.component) == Frailty::Sound)
}

/// The slots of a workload in which something runs that is not bound to fail, and its latest generation in each.
fn running(workload: &WorkloadId, book: &Book) -> BTreeMap<Slot, Generation> {
    let of_it = book.runs.values();
    let of_it = of_it.filter(|its| its.binding.workload() == *workload);
    let sound = of_it.filter(|its| {
        let wanted = book.intent(&its.binding.intent());
        wanted.is_some_and(|its| !Frailty::of(&its.component).is_lasting())
    });
    let mut slots = BTreeMap::new();
    for its in sound {
        let latest = slots.entry(its.binding.slot()).or_insert(Generation::FIRST);
        *latest = its.binding.generation().max(*latest);
    }
    slots
}
