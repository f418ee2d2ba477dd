//! Hosting what runs to completion: it is bound as anything is, and each run of it is claimed before it is started.

use gary_promise::{
    AgentId, Body, Completion, Frame, Note, Outcome, Promise, PromiseId, Reason, Running, Time,
    Verified, Version, WallTime,
};

use super::ended::Ended;
use super::hostings::Hosting;
use super::order::{Order, Start};
use crate::refused::Fault;
use crate::runs::{Hosts, Step};
use crate::voice::{Speech, Voice};

impl Hosting {
    /// Begins with what runs to completion. Of an earlier start it remembers how a run of it ended.
    pub(super) fn begin_runs(&mut self, now: Time, start: &Start, ended: Option<Ended>) {
        if let Some(hosts) = hosts(start) {
            let offer = start.offer.version();
            self.runners.begin(now, offer, hosts, ended);
        }
    }

    /// Its shell tells how late it is, as people count it.
    pub(crate) fn set_wall_clock(&mut self, now: Time, wall: WallTime) {
        self.wall.set(now, wall);
        self.runners.look_again(now);
    }

    /// Does what is due: claims runs, and tells how some ended, each time by another keeper.
    pub(super) fn see_to_runs<C: Speech>(&mut self, now: Time, voice: &mut Voice<C, Order>) {
        for offer in self.runners.take_due(now) {
            let keepers = self.keepers_of(offer);
            let said = self
                .runners
                .see_to(now, offer, &self.wall, || voice.stamp());
            let Some((nth, running)) = said else { continue };
            let place = usize::try_from(nth).unwrap_or_default();
            if let Some(keeper) = keepers.get(place % keepers.len().max(1)) {
                voice.say(*keeper, Frame::Running(Box::new(running)));
            }
        }
    }

    /// A keeper says what a majority has of a run.
    pub(crate) fn handle_running<C: Speech>(
        &mut self,
        now: Time,
        from: AgentId,
        running: &Running,
        voice: &mut Voice<C, Order>,
    ) -> Result<(), Fault> {
        let hosted = self.hosted.get(&running.offer).ok_or(Fault::Gone)?;
        if !self.is_kept_by(hosted, from) {
            return Err(Fault::NotForMe);
        }
        let (me, start) = (voice.id(), hosted.start());
        let step = self
            .runners
            .handle(now, me, running)
            .ok_or(Fault::Unasked)?;
        match (step, start) {
            (Some(Step::Start(attempt)), Some(start)) => {
                voice.order(Order::Start(Box::new(Start {
                    run: Some(attempt),
                    ..start
                })));
            }
            (Some(Step::Forget), _) => {
                let promiser = me;
                let version = running.offer;
                voice.keep_ended(PromiseId { promiser, version }, None);
            }
            // What it remembers of it goes with its promise.
            (Some(Step::Done), _) => self.withdraw(running.offer, Reason::Completed, voice),
            _ => {}
        }
        Ok(())
    }

    /// What runs to completion has ended, or could not be started. Says whether it was that.
    pub(super) fn run_ended<C: Speech>(
        &mut self,
        now: Time,
        (offer, asked): (PromiseId, Option<Version>),
        (outcome, note): (Outcome, Option<Note>),
        voice: &mut Voice<C, Order>,
    ) -> bool {
        let version = offer.version;
        if !self.runners.has(&version) {
            return false;
        }
        let at = self.wall.read(now);
        let completion = Completion { outcome, at, note };
        if let Some(ended) = self.runners.ended(now, version, asked, completion) {
            voice.keep_ended(offer, Some(ended));
            self.see_to_runs(now, voice);
        }
        true
    }
}

/// What there is to run to completion, if that is what it is.
fn hosts(start: &Start) -> Option<Hosts> {
    let Body::Use(wanted) = start.intent.body() else {
        return None;
    };
    let Body::Host(host) = start.offer.body() else {
        return None;
    };
    wanted.mode.completes().then_some(Hosts {
        workload: host.workload,
        generation: host.generation,
        slot: host.slot,
        mode: wanted.mode,
    })
}

/// Whether an intent is of what runs to completion.
pub(super) fn completes(intent: &Verified<Promise>) -> bool {
    matches!(intent.body(), Body::Use(wanted) if wanted.mode.completes())
}
