//! One hosting of something that runs to completion: what its host has claimed of it, runs, and has yet to tell.

use gary_promise::{
    AgentId, Generation, Mode, PromiseId, Run, RunKey, RunWord, Running, Slot, Tick, Time, Version,
    WorkloadId,
};
use rand::Rng;

use super::wall_clock::WallClock;
use crate::hosting::{Ended, REPAIR_WAITS, RunAttempt};

/// What is hosted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hosts {
    pub(crate) workload: WorkloadId,
    pub(crate) generation: Generation,
    pub(crate) slot: Slot,
    pub(crate) mode: Mode,
}

/// One hosting.
#[derive(Debug)]
pub(super) struct Runner {
    pub(super) hosts: Hosts,
    pub(super) state: State,
    /// The latest tick that it need not look at any more.
    past: Option<Tick>,
    /// How often in a row it has said the same.
    pub(super) said: u32,
    /// When it stands in the queue.
    pub(super) due_at: Option<Time>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// It looks then whether there is something to claim; `None` where there is nothing more, or nobody has said how late
    /// it is.
    Rests(Option<Time>),
    /// It claims a run, and does so again then.
    Claims {
        key: RunKey,
        asked: Version,
        again_at: Time,
    },
    /// It runs it.
    Runs { key: RunKey, asked: Version },
    /// It has run it, and says how it ended, and does so again then.
    Ended { ended: Box<Ended>, again_at: Time },
}

/// What follows of what a keeper says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// To start a run: it is this host's.
    Start(RunAttempt),
    /// How it ended is kept, and need not be remembered any more.
    Forget,
    /// There is nothing more to be run of it: what was promised is done.
    Done,
}

impl State {
    pub(super) const fn due_at(&self) -> Option<Time> {
        match self {
            Self::Rests(at) => *at,
            Self::Claims { again_at, .. } | Self::Ended { again_at, .. } => Some(*again_at),
            Self::Runs { .. } => None,
        }
    }
}

impl Runner {
    /// That of what is hosted from now on, or was before a start.
    pub(super) fn new(now: Time, hosts: Hosts, ended: Option<Ended>) -> Self {
        let state = match ended {
            Some(ended) => State::Ended {
                ended: Box::new(ended),
                again_at: now,
            },
            None => State::Rests(Some(now)),
        };
        Self {
            hosts,
            state,
            past: None,
            said: 0,
            due_at: None,
        }
    }

    /// Looks whether there is something to claim, or something later than it claims.
    pub(super) fn look(&mut self, now: Time, wall: &WallClock, stamp: impl FnOnce() -> Version) {
        let claimed = match &self.state {
            State::Rests(Some(at)) if *at <= now => None,
            State::Claims { key, .. } => Some(key.tick),
            State::Rests(_) | State::Runs { .. } | State::Ended { .. } => return,
        };
        let tick = match self.hosts.mode {
            Mode::Service => return,
            Mode::Job(_) => Tick::ONLY,
            Mode::Schedule(schedule, _) => {
                let latest = wall.read(now).and_then(|wall| schedule.latest(wall));
                match latest.filter(|latest| Some(*latest) > self.past) {
                    Some(latest) => latest,
                    None => {
                        let next = self.past.max(latest).map_or(schedule.first(), Tick::next);
                        let next = next.max(schedule.first());
                        let next_at = wall.when(now, schedule.due_at(next));
                        return self.rest_in(State::Rests(next_at));
                    }
                }
            }
        };
        if claimed == Some(tick) {
            return;
        }
        let slot = self.hosts.slot;
        self.rest_in(State::Claims {
            key: RunKey { tick, slot },
            asked: stamp(),
            again_at: now,
        });
    }

    /// What is to be said now, where it is time to.
    pub(super) fn say(
        &mut self,
        now: Time,
        offer: Version,
        next_at: Time,
    ) -> Option<(u32, Running)> {
        let (key, asked, word, at) = match &mut self.state {
            State::Claims {
                key,
                asked,
                again_at,
            } => (*key, *asked, RunWord::Claims, again_at),
            State::Ended { ended, again_at } => {
                let word = RunWord::Ends(ended.completion.clone());
                (ended.key, ended.asked, word, again_at)
            }
            State::Rests(_) | State::Runs { .. } => return None,
        };
        if *at > now {
            return None;
        }
        *at = next_at;
        let said = self.said;
        self.said = said.saturating_add(1);
        let running = Running {
            workload: self.hosts.workload,
            generation: self.hosts.generation,
            offer,
            asked,
            key,
            word,
        };
        Some((said, running))
    }

    pub(super) fn hear(
        &mut self,
        now: Time,
        me: AgentId,
        running: &Running,
        random: &mut impl Rng,
    ) -> Option<Option<Step>> {
        let by = gary_promise::Runner {
            offer: PromiseId {
                promiser: me,
                version: running.offer,
            },
            asked: running.asked,
        };
        let is_about =
            |key: &RunKey, asked: &Version| running.key == *key && running.asked == *asked;
        match (&self.state, &running.word) {
            (State::Claims { key, asked, .. }, RunWord::Stands(of, run))
                if is_about(key, asked) =>
            {
                let (key, asked) = (*key, *asked);
                if run.by == by && *of == key && run.ended.is_none() {
                    self.rest_in(State::Runs { key, asked });
                    let number = run.attempt;
                    return Some(Some(Step::Start(RunAttempt { key, asked, number })));
                }
                Some(self.give_way(now, key, (of, run)))
            }
            (State::Ended { ended, .. }, RunWord::Kept(run))
                if is_about(&ended.key, &ended.asked) =>
            {
                let key = ended.key;
                let again_at = self.tries_again_at(now, key, run.as_ref(), by, random);
                self.rest_in(State::Rests(again_at));
                let is_done = run.as_ref().is_some_and(|(_, run)| self.is_done(run));
                Some(Some(if is_done { Step::Done } else { Step::Forget }))
            }
            _ => None,
        }
    }

    /// Another has what it claims, or had. Where that is over it claims it no more, and otherwise goes on.
    fn give_way(&mut self, now: Time, key: RunKey, (of, run): (&RunKey, &Run)) -> Option<Step> {
        if self.is_done(run) {
            self.rest_in(State::Rests(None));
            return Some(Step::Done);
        }
        if matches!(self.hosts.mode, Mode::Schedule(..)) && of.tick >= key.tick {
            self.past = self.past.max(Some(of.tick));
            self.rest_in(State::Rests(Some(now)));
        }
        None
    }

    /// Whether nothing more is to be run of a job whose run has become this.
    fn is_done(&self, run: &Run) -> bool {
        matches!(self.hosts.mode, Mode::Job(retries) if run.is_over(retries))
    }

    /// When it claims the next run of it, now that this one has ended and that is kept; `None` where there is no other.
    fn tries_again_at(
        &mut self,
        now: Time,
        key: RunKey,
        kept: Option<&(RunKey, Run)>,
        by: gary_promise::Runner,
        random: &mut impl Rng,
    ) -> Option<Time> {
        let run = kept.filter(|(of, _)| *of == key).map(|(_, run)| run);
        let retries = self.hosts.mode.retries()?;
        let is_open = run.is_some_and(|run| !run.is_over(retries));
        let failures = run.filter(|its| its.by == by).map_or(1, |its| its.failures);
        let wait = REPAIR_WAITS.after(failures.max(1), random);
        match self.hosts.mode {
            Mode::Service => None,
            Mode::Job(_) => is_open.then(|| now.after(wait)),
            Mode::Schedule(..) if is_open => {
                self.past = key.tick.0.checked_sub(1).map(Tick);
                Some(now.after(wait))
            }
            Mode::Schedule(..) => {
                self.past = self.past.max(Some(key.tick));
                Some(now)
            }
        }
    }

    /// Something else is to be said from now on, if anything.
    pub(super) fn rest_in(&mut self, state: State) {
        self.state = state;
        self.said = 0;
    }
}

#[cfg(test)]
mod tests {
    use gary_promise::{BootEpoch, Completion, Outcome, Retries, Schedule, Sequence, WallTime};
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;

    use super::*;

    const ME: AgentId = AgentId::from_bytes([1; 32]);
    const OTHER: AgentId = AgentId::from_bytes([2; 32]);

    fn at(ms: u64) -> Time {
        Time::from_us(ms * 1_000)
    }

    fn version(number: u64) -> Version {
        Version {
            epoch: BootEpoch(1),
            sequence: Sequence::new(number).expect("not zero"),
        }
    }

    struct Scene {
        runner: Runner,
        wall: WallClock,
        stamps: u64,
        random: ChaCha8Rng,
    }

    impl Scene {
        fn of(mode: Mode) -> Self {
            let hosts = Hosts {
                workload: WorkloadId::from_bytes([7; 16]),
                generation: Generation::FIRST,
                slot: Slot(0),
                mode,
            };
            let mut wall = WallClock::default();
            wall.set(at(0), WallTime(0));
            Self {
                runner: Runner::new(at(0), hosts, None),
                wall,
                stamps: 0,
                random: ChaCha8Rng::seed_from_u64(1),
            }
        }

        /// What it says at a time, by an offer of its own.
        fn says(&mut self, now: Time) -> Option<Running> {
            self.stamps += 1;
            let stamp = version(10 + self.stamps);
            self.runner.look(now, &self.wall, || stamp);
            let said = self
                .runner
                .say(now, version(1), now.after(REPAIR_WAITS.least()));
            said.map(|(_, running)| running)
        }

        fn hears(&mut self, now: Time, said: &Running, word: RunWord) -> Option<Option<Step>> {
            let running = Running {
                word,
                ..said.clone()
            };
            self.runner.hear(now, ME, &running, &mut self.random)
        }

        fn ends(&mut self, now: Time, outcome: Outcome) {
            let State::Runs { key, asked } = self.runner.state else {
                panic!("it does not run: {:?}", self.runner.state);
            };
            let completion = Completion {
                outcome,
                at: None,
                note: None,
            };
            let ended = Ended {
                key,
                asked,
                completion,
            };
            self.runner.rest_in(State::Ended {
                ended: Box::new(ended),
                again_at: now,
            });
        }
    }

    fn run(
        by: AgentId,
        asked: Version,
        (attempt, failures): (u32, u32),
        ended: Option<Outcome>,
    ) -> Run {
        Run {
            attempt,
            failures,
            by: gary_promise::Runner {
                offer: PromiseId {
                    promiser: by,
                    version: version(1),
                },
                asked,
            },
            ended: ended.map(|outcome| Completion {
                outcome,
                at: None,
                note: None,
            }),
        }
    }

    fn retries(count: u32) -> Retries {
        Retries::new(count).expect("few enough")
    }

    #[test]
    fn starts_what_is_its_own_and_tells_how_it_ended_until_that_is_kept() {
        let mut its = Scene::of(Mode::Job(retries(1)));
        let claim = its.says(at(1)).expect("it claims it");
        assert_eq!(claim.word, RunWord::Claims);
        assert_eq!(its.says(at(2)), None, "it waits");
        let begun = run(ME, claim.asked, (1, 0), None);
        let stands = RunWord::Stands(claim.key, begun.clone());
        let (key, asked, number) = (claim.key, claim.asked, 1);
        let start = Step::Start(RunAttempt { key, asked, number });
        assert_eq!(its.hears(at(3), &claim, stands.clone()), Some(Some(start)));
        assert_eq!(its.hears(at(3), &claim, stands), None, "once is enough");

        its.ends(at(4), Outcome::Exited(3));
        let ends = its.says(at(4)).expect("it tells");
        assert!(matches!(&ends.word, RunWord::Ends(its) if its.outcome == Outcome::Exited(3)));
        // An answer to its claim that comes late says nothing of how it ended.
        let late = RunWord::Stands(claim.key, begun);
        assert_eq!(its.hears(at(5), &claim, late), None);
        let failed = run(ME, claim.asked, (1, 1), Some(Outcome::Exited(3)));
        let kept = RunWord::Kept(Some((claim.key, failed)));
        assert_eq!(its.hears(at(6), &ends, kept), Some(Some(Step::Forget)));

        let again = its.says(at(11_000)).expect("it has failed once only");
        assert!(again.word == RunWord::Claims && again.asked > claim.asked);
        let begun = run(ME, again.asked, (2, 1), None);
        its.hears(at(11_001), &again, RunWord::Stands(again.key, begun));
        its.ends(at(12_000), Outcome::Exited(3));
        let ends = its.says(at(12_000)).expect("it tells");
        let failed = run(ME, again.asked, (2, 2), Some(Outcome::Exited(3)));
        let kept = RunWord::Kept(Some((again.key, failed)));
        assert_eq!(its.hears(at(12_001), &ends, kept), Some(Some(Step::Done)));
        assert_eq!(its.runner.state.due_at(), None);
    }

    #[test]
    fn waits_while_another_has_it_and_is_done_once_that_is() {
        let mut its = Scene::of(Mode::Job(retries(0)));
        let claim = its.says(at(1)).expect("it claims it");
        let theirs = run(OTHER, version(3), (1, 0), None);
        let stands = RunWord::Stands(claim.key, theirs);
        assert_eq!(its.hears(at(2), &claim, stands), Some(None));
        let again = its.says(at(1_000)).expect("it claims it still");
        assert_eq!(again.asked, claim.asked, "it asks for the same");
        let theirs = run(OTHER, version(3), (1, 0), Some(Outcome::Exited(0)));
        let stands = RunWord::Stands(again.key, theirs);
        assert_eq!(its.hears(at(1_001), &again, stands), Some(Some(Step::Done)));
    }

    #[test]
    fn claims_the_latest_tick_that_is_due_and_none_that_is_past() {
        let schedule = Schedule::new(1_000, 500, Tick(2)).expect("long enough");
        let mut its = Scene::of(Mode::Schedule(schedule, retries(0)));
        assert_eq!(its.says(at(0)), None);
        let due_at = its.runner.state.due_at();
        assert_eq!(due_at, Some(at(2_501)), "nothing is due before the first");
        let late = its.says(at(4_600)).expect("it is due");
        assert_eq!(late.key.tick, Tick(4));
        // Another has begun that one: the next is its own.
        let theirs = run(OTHER, version(3), (1, 0), None);
        let stands = RunWord::Stands(late.key, theirs.clone());
        assert_eq!(its.hears(at(4_700), &late, stands), Some(None));
        assert_eq!(its.says(at(4_700)), None);
        assert_eq!(its.runner.state.due_at(), Some(at(5_501)));
        let next = its.says(at(5_501)).expect("it is due");
        assert_eq!(next.key.tick, Tick(5));
        // The one before still runs: this is claimed until the next is due.
        let stands = RunWord::Stands(late.key, theirs);
        assert_eq!(its.hears(at(5_502), &next, stands), Some(None));
        let last = its.says(at(6_502)).expect("it is due");
        assert!(last.key.tick == Tick(6) && last.asked > next.asked);
    }

    #[test]
    fn nothing_is_due_as_long_as_nobody_has_said_how_late_it_is() {
        let schedule = Schedule::new(1_000, 0, Tick(0)).expect("long enough");
        let mut its = Scene::of(Mode::Schedule(schedule, retries(0)));
        its.wall = WallClock::default();
        assert_eq!(its.says(at(5_000)), None);
        assert_eq!(its.runner.state.due_at(), None);
    }
}
