//! What hosts of what runs to completion say to its keepers, and these to them.

use gary_promise::{AgentId, Mode, PromiseId, RunWord, Runner, Running, Time, WallTime};

use super::machine::Dealings;
use crate::custody::What;
use crate::refused::Fault;
use crate::runs::{Begins, Ends};
use crate::voice::Speech;

impl<C: Speech> Dealings<C> {
    /// Its shell tells how late it is, as people count it: at a start, and whenever that clock is set. What runs by schedule
    /// is not run before.
    pub fn set_wall_clock(&mut self, now: Time, wall: WallTime) {
        self.wake(now);
        self.hosting.set_wall_clock(now, wall);
        self.settle(now);
    }

    /// A host would begin a run or says how one ended, or a keeper answers.
    pub(super) fn running(
        &mut self,
        now: Time,
        from: AgentId,
        running: Running,
    ) -> Result<(), Fault> {
        let Running {
            workload,
            offer,
            asked,
            key,
            ..
        } = running;
        let by = Runner {
            offer: PromiseId {
                promiser: from,
                version: offer,
            },
            asked,
        };
        let what = match &running.word {
            RunWord::Stands(..) | RunWord::Kept(_) => {
                let voice = &mut self.voice;
                return self.hosting.handle_running(now, from, &running, voice);
            }
            RunWord::Claims => {
                let (waking, place) = (self.waking(now), (&key, &by.offer));
                let begins = self.tending.begins(waking, &workload, place, &self.voice);
                let instead_of = begins?;
                if let Some(Mode::Schedule(schedule, _)) = self.custody.mode(&workload)
                    && !self.hosting.wall.lets_begin(now, &schedule, key.tick)
                {
                    return Err(Fault::Mismatch);
                }
                What::Begins(Begins {
                    key,
                    by,
                    instead_of,
                })
            }
            RunWord::Ends(completion) => {
                // Whoever has neither begun it nor hosts it has nothing to say of it.
                let is_known = self.custody.runner(&workload, &key) == Some(by)
                    || self.tending.counts(&workload, &by.offer);
                if !is_known {
                    return Err(Fault::Gone);
                }
                let completion = completion.clone();
                What::Ends(Ends {
                    key,
                    by,
                    completion,
                })
            }
        };
        let (custody, mut parts) = self.custody(now);
        custody.want_run((from, running, what), &mut parts)
    }
}
