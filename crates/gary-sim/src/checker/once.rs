//! 23. What runs to completion does so once: each attempt of a run is begun by one host, by the vote of a majority of its
//!     keepers; what is over is never begun again, and how it ended is not lost; and what is due is run.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_agent::{HostReport, Order, Start};
use gary_promise::{
    AgentId, Frame, Generation, Mode, Outcome, PromiseId, RunKey, RunWord, Running, Schedule, Slot,
    Tick, Time, Version, WorkloadId,
};

use super::chosen_runs::{AttemptKey, attempt_key};
use super::convergence::{is_pending, who_has_room};
use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::running::which;
use crate::seen::Seen;
use crate::world::wall;

/// How soon what has become due is begun while nothing goes wrong: a host asks one keeper after the other, and waits after
/// a failure.
const BEGINS_WITHIN: Duration = Duration::from_secs(15);

/// How long after nothing goes wrong any more what was lost with its host is begun again: its lease runs out, its keepers
/// find another host, and that learns who had it.
const BEGINS_AGAIN_WITHIN: Duration = Duration::from_secs(20);

/// Who has begun what, and what became of it.
#[derive(Debug, Default)]
pub(super) struct OncePerRun {
    /// By which asking of whom each attempt was begun.
    started: BTreeMap<AttemptKey, (PromiseId, Version)>,
    /// What each hosting has begun last, when, and whether it has ended.
    last: BTreeMap<PromiseId, (RunKey, Time, bool)>,
    /// How often a tick was seen to fail.
    failures: BTreeMap<(WorkloadId, RunKey), u32>,
    /// The latest tick that was begun of each schedule, and when its run ended.
    latest: BTreeMap<WorkloadId, (Tick, Option<Time>)>,
    calm_since: Option<Time>,
    premises: u64,
}

impl Checker for OncePerRun {
    fn property(&self) -> Property {
        Property {
            number: 23,
            name: "once per run",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Orders {
                agent,
                order: Order::Start(start),
            } => self.check_started(at, agent, start, book)?,
            Seen::Reports { report, .. } => self.note_ended(at, report, book),
            Seen::Says {
                from,
                frame: Frame::Running(its),
                ..
            } => check_kept(from, its, book)?,
            Seen::Stores { agent, .. } => {
                if let Some((workload, key)) = book.lost_run {
                    let (name, what) = (book.names.of_agent(&agent), which(&key));
                    let workload = book.names.of_workload(&workload);
                    return Err(format!(
                        "{name} has on its disk that how {what} of {workload} ended is lost, or another"
                    ));
                }
            }
            Seen::Calms => self.calm_since = Some(at),
            _ => {}
        }
        Ok(())
    }

    fn scan(&mut self, at: Time, book: &Book) -> Verdict {
        let is_time = self
            .calm_since
            .is_some_and(|calm| at >= calm.after(BEGINS_AGAIN_WITHIN));
        if !is_time {
            return Ok(());
        }
        for (workload, keepers) in book.registers.all() {
            let up = keepers.iter().filter(|its| book.is_up(its)).count();
            let latest = book.registers.latest(workload, |its| book.is_up(its));
            if let Some(intent) = latest
                && 2 * up > keepers.len()
                && !is_pending(&intent, |by, _| book.is_up(by), book)
            {
                self.check_due(at, workload, &intent, book)?;
            }
        }
        Ok(())
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

impl OncePerRun {
    /// Nothing that runs to completion is started but as an attempt that a majority has voted for, and once.
    fn check_started(&mut self, at: Time, host: AgentId, start: &Start, book: &Book) -> Verdict {
        let (binding, offer) = (&start.binding, start.offer.id());
        let (workload, generation) = (binding.workload(), binding.generation());
        let Some(wanted) = book.intent(&start.intent.id()) else {
            return Ok(());
        };
        let mode = wanted.mode;
        let Some(retries) = mode.retries() else {
            return Ok(());
        };
        let (name, what) = (
            book.names.of_agent(&host),
            book.names.of_workload(&workload),
        );
        let Some(run) = start.run else {
            return Err(format!("{name} runs {what}, and has claimed no run of it"));
        };
        self.premises += 1;
        let attempt = attempt_key(workload, &mode, generation, (&run.key, run.number));
        let of = format!("{} of {what}", which(&run.key));
        if run.key.slot != binding.slot() {
            return Err(format!("{name} runs {of} by an offer for another"));
        }
        let begun = book.chosen_runs.begun(&attempt);
        if !begun.is_some_and(|by| book.is_majority(&workload, by)) {
            return Err(format!(
                "{name} begins {of}, which no majority has voted for"
            ));
        }
        let by = (offer, run.asked);
        if let Some((before, _)) = self.started.insert(attempt, by) {
            let before = book.names.of_promise(&before);
            let number = run.number;
            return Err(format!(
                "{name} begins attempt {number} of {of}, which {before} had begun"
            ));
        }
        let known = book.chosen_runs.latest(&workload, generation);
        let known = known.and_then(|runs| runs.get(&run.key));
        if known.is_some_and(|its| its.is_over(retries) && its.attempt < run.number) {
            return Err(format!("{name} begins {of} again, which is over"));
        }
        if let Mode::Schedule(schedule, _) = mode {
            self.check_tick(at, (workload, &schedule), (run.key, run.number), book)?;
        }
        self.last.insert(offer, (run.key, at, false));
        Ok(())
    }

    /// A tick is begun after those before it, not before it is due, and again only after it has failed.
    fn check_tick(
        &mut self,
        at: Time,
        (workload, schedule): (WorkloadId, &Schedule),
        (key, number): (RunKey, u32),
        book: &Book,
    ) -> Verdict {
        let what = book.names.of_workload(&workload);
        let of = format!("{} of {what}", which(&key));
        let failed = self.failures.get(&(workload, key)).copied();
        if failed.unwrap_or_default() + 1 < number {
            return Err(format!(
                "attempt {number} of {of} begins, and it has not failed"
            ));
        }
        // By the clock of whoever began it, which goes wrong by a little.
        let soon = at.after(Duration::from_secs(1));
        if schedule.latest(wall(soon)) < Some(key.tick) {
            return Err(format!("{of} begins before it is due"));
        }
        let latest = self.latest.entry(workload).or_insert((key.tick, None));
        if latest.0 > key.tick {
            return Err(format!("{of} begins after tick {}", latest.0));
        }
        *latest = (key.tick, None);
        Ok(())
    }

    fn note_ended(&mut self, at: Time, report: &HostReport, book: &Book) {
        let (offer, is_failure) = match report {
            HostReport::Ended { offer, outcome, .. } => (offer, *outcome != Outcome::Exited(0)),
            HostReport::Failed { offer, .. } => (offer, true),
            HostReport::Started { .. } | HostReport::Stopped { .. } => return,
        };
        let Some(last) = self.last.get_mut(offer) else {
            return;
        };
        last.1 = at;
        last.2 = true;
        if let Some(host) = book.offers.get(offer).map(|its| &its.host) {
            if is_failure {
                *self.failures.entry((host.workload, last.0)).or_default() += 1;
            }
            if let Some(latest) = self.latest.get_mut(&host.workload)
                && latest.0 == last.0.tick
            {
                latest.1 = Some(at);
            }
        }
    }

    /// What is due is run, where somebody hosts it or could.
    fn check_due(
        &self,
        at: Time,
        workload: &WorkloadId,
        intent: &PromiseId,
        book: &Book,
    ) -> Verdict {
        let Some(wanted) = book.intent(intent).filter(|its| its.valency.get() > 0) else {
            return Ok(());
        };
        let generation = wanted.lineage.generation();
        let (name, mode) = (book.names.of_workload(workload), wanted.mode);
        let known = book.chosen_runs.latest(workload, generation);
        for slot in wanted.valency.slots() {
            let retries = match mode {
                Mode::Service => return Ok(()),
                Mode::Job(retries) => Some(retries),
                Mode::Schedule(..) => None,
            };
            let tick = Tick::ONLY;
            let run = known.and_then(|runs| runs.get(&RunKey { tick, slot }));
            if retries.is_some_and(|retries| run.is_some_and(|run| run.is_over(retries))) {
                continue;
            }
            let bound = bound(workload, (slot, generation), book);
            let Some((offer, since)) = bound else {
                match who_has_room(at, (intent, wanted), None, book) {
                    Some(agent) => {
                        let agent = book.names.of_agent(&agent);
                        return Err(format!(
                            "nobody hosts slot {slot} of {name}, which is to be run, and {agent} has room"
                        ));
                    }
                    None => continue,
                }
            };
            let since = book.awake_since(&offer.promiser, since);
            if book.runs.contains_key(&offer) || at < since.after(BEGINS_WITHIN) {
                continue;
            }
            let offer_name = book.names.of_promise(&offer);
            match mode {
                Mode::Schedule(schedule, _) => self.check_latest(at, workload, &schedule, &name)?,
                Mode::Service | Mode::Job(_) => {
                    let last = self.last.get(&offer);
                    if last.is_none_or(|(_, when, _)| at > when.after(BEGINS_WITHIN)) {
                        return Err(format!(
                            "{offer_name} hosts slot {slot} of {name}, and does not run it"
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    /// The latest tick that is due was begun, unless the one before it ran until lately.
    fn check_latest(
        &self,
        at: Time,
        workload: &WorkloadId,
        schedule: &Schedule,
        name: &str,
    ) -> Verdict {
        let back_us = BEGINS_WITHIN.as_micros() as u64;
        let before = Time::from_us(at.as_us().saturating_sub(back_us));
        let due = schedule.latest(wall(before));
        let latest = self.latest.get(workload);
        let ran_until = latest.and_then(|(_, ended)| *ended);
        let ran_of_late = ran_until.is_some_and(|when| when >= before);
        match due.filter(|_| !ran_of_late) > latest.map(|(tick, _)| *tick) {
            true => {
                let due = due.unwrap_or_default();
                Err(format!(
                    "tick {due} of {name} is due, and nobody has begun it"
                ))
            }
            false => Ok(()),
        }
    }
}

/// How something ended is said to be kept once a majority has it on disk.
fn check_kept(from: AgentId, its: &Running, book: &Book) -> Verdict {
    let RunWord::Kept(Some((key, run))) = &its.word else {
        return Ok(());
    };
    let Some(mode) = book.mode(&its.workload, its.generation) else {
        return Ok(());
    };
    let attempt = attempt_key(its.workload, &mode, its.generation, (key, run.attempt));
    let have = book.chosen_runs.ended(&attempt);
    let is_kept = have.is_some_and(|have| book.is_majority(&its.workload, have));
    if run.ended.is_none() || is_kept {
        return Ok(());
    }
    let (name, what) = (
        book.names.of_agent(&from),
        book.names.of_workload(&its.workload),
    );
    Err(format!(
        "{name} says how {} of {what} ended, and no majority has stored it",
        which(key)
    ))
}

/// Who hosts a slot at this generation, and since when: the last, of several.
fn bound(
    workload: &WorkloadId,
    (slot, generation): (Slot, Generation),
    book: &Book,
) -> Option<(PromiseId, Time)> {
    let standing = book.standing().filter(|(id, its)| {
        let host = &its.host;
        (host.workload, host.slot, host.generation) == (*workload, slot, generation)
            && book.is_up(&id.promiser)
    });
    let bound = standing.filter_map(|(id, its)| Some((*id, its.accepted_at?)));
    bound.max_by_key(|(_, since)| *since)
}
