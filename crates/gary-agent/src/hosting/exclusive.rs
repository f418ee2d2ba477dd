//! Hosting what is exclusive: it is bound as anything is, and runs only while a tenure of it is held.

use gary_promise::{AgentId, Body, Frame, Promise, PromiseId, Tenancy, Time, Verified, Version};

use super::hosted::{Hosted, Run, State};
use super::hostings::Hosting;
use super::order::{Order, Start};
use super::running::completes;
use crate::exclusive::Step;
use crate::refused::Fault;
use crate::voice::{Speech, Voice};

impl Hosting {
    /// Has what is bound run: at once, or, where it is exclusive, once it is held, and where it runs to completion, as it is
    /// claimed.
    pub(super) fn run<C: Speech>(&mut self, now: Time, start: Start, voice: &mut Voice<C, Order>) {
        if completes(&start.intent) {
            self.begin_runs(now, &start, None);
            return;
        }
        if !is_exclusive(&start.intent) {
            voice.order(Order::Start(Box::new(start)));
            return;
        }
        let (offer, workload) = (start.offer.version(), start.binding.workload());
        self.tenants.begin(now, offer, workload);
        self.run_held(now, offer, voice);
    }

    /// Has what is exclusive run, if it is held and does not wait to be repaired.
    fn run_held<C: Speech>(&mut self, now: Time, offer: Version, voice: &mut Voice<C, Order>) {
        let Some(hosted) = self.hosted.get(&offer).filter(|its| is_on(its)) else {
            return;
        };
        let Some(mut start) = hosted.start() else {
            return;
        };
        if let Some(term) = self.tenants.start(now, offer) {
            start.term = Some(term);
            voice.order(Order::Start(Box::new(start)));
        }
    }

    /// Does what is due: asks for what is exclusive, or for more time, and stops what has none left.
    pub(super) fn see_to_tenures<C: Speech>(&mut self, now: Time, voice: &mut Voice<C, Order>) {
        for offer in self.tenants.take_due(now) {
            self.settle_tenure(now, offer, voice);
            if self.tenants.asks(now, offer) {
                let (stamp, keepers) = (voice.stamp(), self.keepers_of(offer));
                let said = self.tenants.ask(now, offer, stamp, keepers);
                say_all(said, voice);
            }
        }
    }

    /// A keeper answers a claim of this host's.
    pub(crate) fn handle_tenancy<C: Speech>(
        &mut self,
        now: Time,
        from: AgentId,
        tenancy: &Tenancy,
        voice: &mut Voice<C, Order>,
    ) -> Result<(), Fault> {
        let said = self.tenants.handle(from, tenancy).ok_or(Fault::Unasked)?;
        say_all(said, voice);
        self.settle_tenure(now, tenancy.claim.offer, voice);
        Ok(())
    }

    fn settle_tenure<C: Speech>(&mut self, now: Time, offer: Version, voice: &mut Voice<C, Order>) {
        let id = PromiseId {
            promiser: voice.id(),
            version: offer,
        };
        match self.tenants.settle(now, offer) {
            Some(Step::Start) => self.run_held(now, offer, voice),
            Some(Step::Prolong(term)) => voice.order(Order::Prolong { offer: id, term }),
            Some(Step::Suspend) => {
                let hosted = self.hosted.get_mut(&offer);
                if let Some(State::Bound { run, .. }) = hosted.map(|its| &mut its.state)
                    && let Run::On { since, .. } = run
                {
                    *since = None;
                }
                // What was to start, and has waited for the disk, does not.
                voice.take_back_orders(|order| order.is_for(&id));
                voice.order(Order::Suspend { offer: id });
            }
            None => {}
        }
    }

    /// Its own host has stopped something.
    pub(super) fn tenure_stopped<C: Speech>(
        &mut self,
        now: Time,
        offer: PromiseId,
        voice: &mut Voice<C, Order>,
    ) {
        let (said, goes_on) = self.tenants.stopped(now, offer.version);
        say_all(said, voice);
        if goes_on {
            self.settle_tenure(now, offer.version, voice);
            self.run_held(now, offer.version, voice);
        }
    }
}

/// Whether an intent is of what is exclusive.
pub(super) fn is_exclusive(intent: &Verified<Promise>) -> bool {
    matches!(intent.body(), Body::Use(wanted) if wanted.exclusive)
}

/// Whether it is to run, and does not wait for its time to be started again.
const fn is_on(hosted: &Hosted) -> bool {
    matches!(
        hosted.state,
        State::Bound {
            run: Run::On { .. },
            ..
        }
    )
}

fn say_all<C: Speech>(said: Vec<(AgentId, Tenancy)>, voice: &mut Voice<C, Order>) {
    for (to, tenancy) in said {
        voice.say(to, Frame::Tenancy(Box::new(tenancy)));
    }
}
