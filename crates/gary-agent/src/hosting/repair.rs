//! Keeping what runs running: a host repairs its own hostings first, and says so only where it cannot.

use std::time::Duration;

use gary_promise::{AgentId, Denial, Frame, Generation, PromiseId, Reason, Time};
use rand::Rng;

use super::hosted::{Hosted, Run, State};
use super::hostings::Hosting;
use super::order::{HostReport, Order};
use crate::backoff::Waits;
use crate::voice::{Speech, Voice};

/// After as many failures in a row a host says that it does not keep its promise. Until then it repairs
/// without a word.
pub const DENIED_AFTER: u32 = 3;

/// After as many failures in a row a host withdraws, so that somebody else may try.
pub const GIVEN_UP_AFTER: u32 = 6;

/// For how long a component has to run before its earlier failures are forgotten. One that starts and ends again
/// and again fails as one does that never starts.
pub const STEADY_AFTER: Duration = Duration::from_secs(10);

/// How long a host waits before it starts a failed component again.
pub const REPAIR_WAITS: Waits = Waits {
    first_ms: 250,
    longest_ms: 10_000,
};

impl Hosting {
    /// What its own host tells.
    pub(crate) fn handle_report<C: Speech>(
        &mut self,
        now: Time,
        report: HostReport,
        voice: &mut Voice<C, Order>,
        random: &mut impl Rng,
    ) {
        match report {
            HostReport::Started { offer } => self.started(now, offer, voice),
            HostReport::Stopped { offer } => {
                if let Some(entry) = self.stopping.remove(&offer) {
                    self.ledger.free(entry);
                }
                self.tenure_stopped(now, offer, voice);
            }
            HostReport::Failed { offer } => self.repair(now, offer, voice, random),
        }
    }

    /// Where a later generation runs for the first time, its keepers wait to hear so: what it takes the place of ends then.
    fn started<C: Speech>(&mut self, now: Time, offer: PromiseId, voice: &mut Voice<C, Order>) {
        let mut is_awaited = false;
        if let Some(hosted) = self.hosted.get_mut(&offer.version)
            && hosted.offer.id() == offer
            && let State::Bound {
                run: Run::On { since, failures },
                ..
            } = &mut hosted.state
        {
            let is_first = since.is_none() && *failures == 0;
            since.get_or_insert(now);
            let is_later = hosted.host.generation > Generation::FIRST;
            is_awaited = is_first && is_later;
        }
        if is_awaited {
            for keeper in self.keepers_of(offer.version) {
                self.renew_to(keeper, voice);
            }
        }
    }

    /// Its own repair comes first: nobody hears of it before it has failed several times.
    fn repair<C: Speech>(
        &mut self,
        now: Time,
        offer: PromiseId,
        voice: &mut Voice<C, Order>,
        random: &mut impl Rng,
    ) {
        let Some(hosted) = self.hosted.get_mut(&offer.version) else {
            return;
        };
        let State::Bound { run, .. } = &mut hosted.state else {
            return;
        };
        // What is off already waits for its time: a second report of the same failure is none.
        let Run::On { failures, since } = *run else {
            return;
        };
        let was_steady = since.is_some_and(|since| now.since(since) >= STEADY_AFTER);
        let failures = if was_steady { 1 } else { failures + 1 };
        if failures >= GIVEN_UP_AFTER {
            self.withdraw(offer.version, Reason::Failing, voice);
            return;
        }
        let again_at = now.after(REPAIR_WAITS.after(failures, random));
        *run = Run::Off { failures, again_at };
        self.due.insert((again_at, offer.version));
        if failures == DENIED_AFTER {
            let keepers = self.keepers_of(offer.version);
            if let Some(hosted) = self.hosted.get(&offer.version) {
                for keeper in keepers {
                    deny(hosted, keeper, voice);
                }
            }
        }
    }

    /// Does what is due: answers are given, offers lapse, and what failed is started again.
    pub(crate) fn handle_timeout<C: Speech>(&mut self, now: Time, voice: &mut Voice<C, Order>) {
        self.answer(now, voice);
        self.see_to_tenures(now, voice);
        while let Some((at, version)) = self.due.first().copied()
            && at <= now
        {
            self.due.pop_first();
            let Some(hosted) = self.hosted.get_mut(&version) else {
                continue;
            };
            match &mut hosted.state {
                State::Offered { .. } => self.withdraw(version, Reason::Surplus, voice),
                State::Bound { run, .. } => {
                    if let Run::Off { failures, .. } = *run {
                        *run = Run::On {
                            failures,
                            since: None,
                        };
                        let start = hosted.start().expect("it is bound");
                        self.run(now, start, voice);
                    }
                }
            }
        }
    }
}

/// Says to one of its keepers that a hosting is not kept now.
pub(super) fn deny<C: Speech>(hosted: &Hosted, to: AgentId, voice: &mut Voice<C, Order>) {
    let denial = Denial {
        version: voice.stamp(),
        of: hosted.offer.version(),
    };
    voice.say(to, Frame::Denial(denial));
}
