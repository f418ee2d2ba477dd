//! What follows of what a register holds, where a run begins or has ended.

use gary_promise::{
    Completion, Mode, Outcome, Retries, Run, RunKey, Runner, Runs, Schedule, TICKS_KEPT_MAX,
};

/// Somebody would begin a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Begins {
    /// Which.
    pub(crate) key: RunKey,
    /// Who.
    pub(crate) by: Runner,
    /// Who has it by now, and is lost as far as its keeper knows.
    pub(crate) instead_of: Option<Runner>,
}

/// A run has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ends {
    /// Which.
    pub(crate) key: RunKey,
    /// By whose word.
    pub(crate) by: Runner,
    /// How.
    pub(crate) completion: Completion,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Follows {
    /// These are the runs from then on.
    Then(Runs),
    /// Nothing: it is so already, or does not matter any more.
    Already,
    /// Nothing: it may not be.
    Refused,
}

impl Begins {
    /// Whether it may have a run that somebody else has, or that it has itself by an earlier asking.
    fn displaces(&self, run: &Run) -> bool {
        self.instead_of == Some(run.by) || self.is_later(run)
    }

    /// Whether it is the same host, and has asked for it anew: what it had before is over, by its own word.
    fn is_later(&self, run: &Run) -> bool {
        self.by.offer == run.by.offer && self.by.asked > run.by.asked
    }

    /// Whether it asks by what it has asked by before something that was begun since.
    fn is_outdated(&self, run: &Run) -> bool {
        self.by.offer == run.by.offer && self.by.asked < run.by.asked
    }

    fn first(&self) -> Run {
        Run {
            attempt: 1,
            failures: 0,
            by: self.by,
            ended: None,
        }
    }

    fn next_of(&self, run: &Run) -> Run {
        Run {
            attempt: run.attempt.saturating_add(1),
            failures: run.failures,
            by: self.by,
            ended: None,
        }
    }
}

/// What follows where somebody begins a run.
pub(crate) fn begin(runs: &Runs, mode: &Mode, begins: &Begins) -> Follows {
    match mode {
        Mode::Service => Follows::Refused,
        Mode::Job(retries) => begin_job(runs, *retries, begins),
        Mode::Schedule(schedule, retries) => begin_tick(runs, schedule, *retries, begins),
    }
}

/// Each replica is begun until it is over: by whoever asks first, and by another once that is lost or its attempt has
/// failed.
fn begin_job(runs: &Runs, retries: Retries, begins: &Begins) -> Follows {
    let run = match runs.get(&begins.key) {
        None => return Follows::Then(runs.clone().with(begins.key, begins.first())),
        Some(run) if run.by == begins.by => return Follows::Already,
        Some(run) => run,
    };
    let has_it = run.ended.is_none() && !begins.displaces(run);
    if run.is_over(retries) || has_it || begins.is_outdated(run) {
        return Follows::Refused;
    }
    Follows::Then(runs.clone().with(begins.key, begins.next_of(run)))
}

/// Each tick is begun once, and after its failure again as often as its owner has it; never where its host was lost. A
/// tick begins after all those before it have ended. Those between are not run any more.
fn begin_tick(runs: &Runs, schedule: &Schedule, retries: Retries, begins: &Begins) -> Follows {
    if begins.key.tick < schedule.first() {
        return Follows::Refused;
    }
    let Some((last, run)) = runs.latest() else {
        return Follows::Then(runs.clone().with(begins.key, begins.first()));
    };
    if *last == begins.key && run.by == begins.by {
        return Follows::Already;
    }
    if begins.key < *last || begins.is_outdated(run) {
        return Follows::Refused;
    }
    if *last == begins.key {
        let has_failed = run.ended.as_ref().is_some_and(Completion::is_failure);
        return match has_failed && !run.is_over(retries) {
            true => Follows::Then(runs.clone().with(begins.key, begins.next_of(run))),
            false => Follows::Refused,
        };
    }
    if run.ended.is_none() && !begins.displaces(run) {
        return Follows::Refused;
    }
    let lost = Completion {
        outcome: Outcome::Lost,
        at: None,
        note: None,
    };
    let ended = run.ended.clone().unwrap_or(lost);
    let between = begins.key.tick.0 - last.tick.0 - 1;
    // Those that were due while it ran.
    let due = ended.at.and_then(|at| schedule.latest(at));
    let skipped = due.map_or(0, |due| due.0.saturating_sub(last.tick.0).min(between));
    let last_run = Run {
        ended: Some(ended),
        ..run.clone()
    };
    let mut then = runs
        .clone()
        .with(*last, last_run)
        .with(begins.key, begins.first())
        .keep_latest(TICKS_KEPT_MAX);
    then.skipped = then.skipped.saturating_add(skipped);
    then.missed = then.missed.saturating_add(between - skipped);
    Follows::Then(then)
}

/// What follows where a run has ended. Of a job, that it has succeeded counts also where it was given up for lost and
/// another has begun it: it was done once, and need not be again.
pub(crate) fn end(runs: &Runs, mode: &Mode, ends: &Ends) -> Follows {
    let (Some(run), Some(retries)) = (runs.get(&ends.key), mode.retries()) else {
        return Follows::Already;
    };
    let was_lost = |its: &Completion| its.outcome == Outcome::Lost;
    let is_open = run.ended.as_ref().is_none_or(was_lost);
    let has_succeeded = ends.completion.is_success();
    let counts = match run.by == ends.by {
        true => is_open,
        false => matches!(mode, Mode::Job(_)) && has_succeeded && !run.is_over(retries),
    };
    if !counts {
        return Follows::Already;
    }
    let failures = match ends.completion.is_failure() {
        true => run.failures.saturating_add(1),
        false => run.failures,
    };
    let run = Run {
        attempt: run.attempt,
        failures,
        by: ends.by,
        ended: Some(ends.completion.clone()),
    };
    Follows::Then(runs.clone().with(ends.key, run))
}

#[cfg(test)]
mod tests {
    use gary_promise::{
        AgentId, BootEpoch, Failure, PromiseId, Sequence, Slot, Tick, Version, WallTime,
    };

    use super::*;

    fn version(number: u64) -> Version {
        Version {
            epoch: BootEpoch(1),
            sequence: Sequence::new(number).expect("not zero"),
        }
    }

    fn runner(host: u8, asked: u64) -> Runner {
        Runner {
            offer: PromiseId {
                promiser: AgentId::from_bytes([host; 32]),
                version: version(1),
            },
            asked: version(asked),
        }
    }

    fn key(tick: u64) -> RunKey {
        RunKey {
            tick: Tick(tick),
            slot: Slot(0),
        }
    }

    fn job(retries: u32) -> Mode {
        Mode::Job(Retries::new(retries).expect("few enough"))
    }

    fn every_second(retries: u32) -> Mode {
        let schedule = Schedule::new(1_000, 0, Tick(0)).expect("long enough");
        Mode::Schedule(schedule, Retries::new(retries).expect("few enough"))
    }

    /// What a register holds, and what is done with it.
    struct Scene {
        mode: Mode,
        runs: Runs,
    }

    impl Scene {
        fn of(mode: Mode) -> Self {
            let runs = Runs::default();
            Self { mode, runs }
        }

        fn then(&mut self, follows: Follows) -> bool {
            match follows {
                Follows::Then(runs) => {
                    self.runs = runs;
                    true
                }
                Follows::Already | Follows::Refused => false,
            }
        }

        fn begins(&mut self, tick: u64, by: Runner, instead_of: Option<Runner>) -> bool {
            let key = key(tick);
            let begins = Begins {
                key,
                by,
                instead_of,
            };
            self.then(begin(&self.runs, &self.mode, &begins))
        }

        fn ends(&mut self, tick: u64, by: Runner, outcome: Outcome) -> bool {
            let completion = Completion {
                outcome,
                at: Some(WallTime(tick * 1_000 + 2_500)),
                note: None,
            };
            let key = key(tick);
            let ends = Ends {
                key,
                by,
                completion,
            };
            self.then(end(&self.runs, &self.mode, &ends))
        }

        fn run(&self, tick: u64) -> &Run {
            self.runs.get(&key(tick)).expect("it was begun")
        }
    }

    const DONE: Outcome = Outcome::Exited(0);
    const FAILED: Outcome = Outcome::Exited(3);

    #[test]
    fn a_job_is_begun_by_one_and_never_again_once_it_is_done() {
        let mut its = Scene::of(job(0));
        assert!(its.begins(0, runner(1, 1), None));
        assert!(!its.begins(0, runner(1, 1), None), "it has it already");
        assert!(!its.begins(0, runner(2, 1), None), "another has it");
        assert!(its.ends(0, runner(1, 1), DONE));
        assert!(!its.ends(0, runner(1, 1), DONE), "once is enough");
        assert!(!its.ends(0, runner(1, 1), FAILED), "how it ended stays");
        let lost = Some(runner(1, 1));
        assert!(!its.begins(0, runner(2, 1), lost));
        assert!(!its.begins(0, runner(1, 2), None));
        assert!(its.run(0).is_over(Retries::default()));
    }

    #[test]
    fn what_was_lost_is_begun_again_and_has_not_failed() {
        let mut its = Scene::of(job(0));
        assert!(its.begins(0, runner(1, 1), None));
        // Somebody else was lost.
        assert!(!its.begins(0, runner(2, 1), Some(runner(1, 9))));
        assert!(its.begins(0, runner(2, 1), Some(runner(1, 1))));
        assert_eq!((its.run(0).attempt, its.run(0).failures), (2, 0));
        // Its host has started again.
        assert!(its.begins(0, runner(2, 5), None));
        assert!(!its.begins(0, runner(2, 1), None), "that is of before");
        assert_eq!((its.run(0).attempt, its.run(0).by), (3, runner(2, 5)));
        // That the lost one has failed does not matter, and that it has succeeded does.
        assert!(!its.ends(0, runner(1, 1), FAILED));
        assert!(its.ends(0, runner(1, 1), DONE));
        assert_eq!((its.run(0).by, its.run(0).attempt), (runner(1, 1), 3));
        assert!(!its.ends(0, runner(2, 5), DONE));
    }

    #[test]
    fn what_has_failed_is_tried_again_so_often() {
        let mut its = Scene::of(job(1));
        assert!(its.begins(0, runner(1, 1), None));
        assert!(its.ends(0, runner(1, 1), Outcome::Failed(Failure::Start)));
        assert!(its.begins(0, runner(1, 2), None));
        assert_eq!((its.run(0).attempt, its.run(0).failures), (2, 1));
        assert!(its.ends(0, runner(1, 2), FAILED));
        assert!(!its.begins(0, runner(1, 3), None));
        assert!(!its.begins(0, runner(2, 1), None));
    }

    #[test]
    fn a_tick_is_begun_once_whatever_becomes_of_its_host() {
        let mut its = Scene::of(every_second(0));
        assert!(its.begins(7, runner(1, 1), None));
        assert!(!its.begins(7, runner(2, 1), Some(runner(1, 1))));
        assert!(!its.begins(7, runner(1, 2), None));
        assert!(!its.begins(6, runner(2, 1), None), "that is past");
        // The next waits for it to end, or for its host to be lost.
        assert!(!its.begins(8, runner(2, 1), None));
        assert!(its.begins(8, runner(2, 1), Some(runner(1, 1))));
        let ended = its.run(7).ended.as_ref().map(|its| its.outcome);
        assert_eq!(ended, Some(Outcome::Lost));
        // How it ended is kept if it is told after all, and it is never begun again.
        assert!(its.ends(7, runner(1, 1), DONE));
        assert!(!its.begins(7, runner(1, 3), None));
    }

    #[test]
    fn ticks_between_are_skipped_while_one_runs_and_missed_where_none_does() {
        let mut its = Scene::of(every_second(0));
        assert!(its.begins(10, runner(1, 1), None));
        assert_eq!((its.runs.missed, its.runs.skipped), (0, 0));
        // It ends at 12.5 s.
        assert!(its.ends(10, runner(1, 1), DONE));
        assert!(its.begins(20, runner(1, 2), None));
        assert_eq!((its.runs.missed, its.runs.skipped), (7, 2));
        assert!(its.ends(20, runner(1, 2), FAILED));
        assert!(its.begins(21, runner(2, 1), None));
        assert_eq!((its.runs.missed, its.runs.skipped), (7, 2));
    }

    #[test]
    fn nothing_is_begun_before_the_first_tick() {
        let schedule = Schedule::new(1_000, 0, Tick(5)).expect("long enough");
        let mut its = Scene::of(Mode::Schedule(schedule, Retries::default()));
        assert!(!its.begins(4, runner(1, 1), None));
        assert!(its.begins(5, runner(1, 1), None));
    }

    #[test]
    fn a_tick_that_failed_is_tried_again_until_the_next() {
        let mut its = Scene::of(every_second(2));
        assert!(its.begins(1, runner(1, 1), None));
        assert!(!its.begins(1, runner(1, 2), None), "it runs");
        assert!(its.ends(1, runner(1, 1), FAILED));
        assert!(its.begins(1, runner(1, 2), None));
        assert!(its.ends(1, runner(1, 2), FAILED));
        assert!(its.begins(2, runner(1, 3), None));
        assert!(!its.begins(1, runner(1, 4), None));
    }

    #[test]
    fn only_so_many_ticks_are_remembered() {
        let mut its = Scene::of(every_second(0));
        for tick in 1..=TICKS_KEPT_MAX as u64 + 3 {
            assert!(its.begins(tick, runner(1, tick), None));
            assert!(its.ends(tick, runner(1, tick), DONE));
        }
        assert_eq!(its.runs.iter().count(), TICKS_KEPT_MAX);
        assert!(its.runs.get(&key(3)).is_none());
        // What is forgotten is past all the same.
        assert!(!its.begins(3, runner(2, 1), None));
    }

    #[test]
    fn what_runs_on_and_on_has_no_runs() {
        let mut its = Scene::of(Mode::Service);
        assert!(!its.begins(0, runner(1, 1), None));
        assert!(!its.ends(0, runner(1, 1), DONE));
    }
}
