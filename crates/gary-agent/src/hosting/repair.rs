//! Keeping what runs running: a host repairs its own hostings first, and says so only where it cannot.

use std::time::Duration;

use gary_promise::{AgentId, Denial, Failure, Frame, Outcome, PromiseId, Reason, Time};
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

/// For how long a component has to run before its host tells that it does, where somebody waits for that to let an earlier
/// generation go: one that ends as soon as it has started takes nothing's place. Longer than most take that fail at their
/// start, and short enough for an update to go on by.
pub const PROVEN_AFTER: Duration = Duration::from_millis(500);

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
            HostReport::Started { offer } => self.started(now, offer),
            HostReport::Stopped { offer } => {
                if let Some(entry) = self.stopping.remove(&offer) {
                    self.ledger.free(entry);
                }
                self.tenure_stopped(now, offer, voice);
            }
            HostReport::Ended {
                offer,
                asked,
                outcome,
                note,
            } => {
                let (which, how) = ((offer, Some(asked)), (outcome, note));
                self.run_ended(now, which, how, voice);
            }
            HostReport::Failed { offer, failure }
                if self.run_ended(now, (offer, None), (Outcome::Failed(failure), None), voice) => {}
            HostReport::Failed { offer, failure } => {
                self.repair(now, (offer, failure), voice, random);
            }
        }
    }

    /// A component runs. Whether it goes on to, those are told a little later who wait for it.
    fn started(&mut self, now: Time, offer: PromiseId) {
        let Some(hosted) = self.hosted.get_mut(&offer.version) else {
            return;
        };
        if hosted.offer.id() == offer
            && let State::Bound {
                run: Run::On { since, .. },
                ..
            } = &mut hosted.state
        {
            since.get_or_insert(now);
            if let Some(at) = hosted.due_at() {
                self.due.insert((at, offer.version));
            }
        }
    }

    /// Its own repair comes first: nobody hears of it before it has failed several times, but for those who were told that
    /// a later generation runs.
    fn repair<C: Speech>(
        &mut self,
        now: Time,
        (offer, failure): (PromiseId, Failure),
        voice: &mut Voice<C, Order>,
        random: &mut impl Rng,
    ) {
        let Some(hosted) = self.hosted.get_mut(&offer.version) else {
            return;
        };
        let outdated = hosted.due_at();
        let State::Bound { run, .. } = &mut hosted.state else {
            return;
        };
        // What is off already waits for its time: a second report of the same failure is none.
        let Run::On {
            failures,
            since,
            is_proven,
        } = *run
        else {
            return;
        };
        let was_steady = since.is_some_and(|since| now.since(since) >= STEADY_AFTER);
        let failures = if was_steady { 1 } else { failures + 1 };
        if failures >= GIVEN_UP_AFTER {
            self.withdraw(offer.version, Reason::Failing, voice);
            return;
        }
        let again_at = now.after(REPAIR_WAITS.after(failures, random));
        *run = Run::Off {
            failures,
            failure,
            again_at,
        };
        if let Some(at) = outdated {
            self.due.remove(&(at, offer.version));
        }
        self.due.insert((again_at, offer.version));
        let is_denied = failures == DENIED_AFTER;
        let keepers = match is_denied || is_proven {
            true => self.keepers_of(offer.version),
            false => Vec::new(),
        };
        for keeper in keepers {
            match is_denied {
                true => {
                    if let Some(hosted) = self.hosted.get(&offer.version) {
                        deny(hosted, keeper, voice);
                    }
                }
                false => self.renew_to(now, keeper, voice),
            }
        }
    }

    /// Does what is due: answers are given, offers lapse, and what failed is started again.
    pub(crate) fn handle_timeout<C: Speech>(&mut self, now: Time, voice: &mut Voice<C, Order>) {
        self.answer(now, voice);
        self.see_to_tenures(now, voice);
        self.see_to_runs(now, voice);
        while let Some((at, version)) = self.due.first().copied()
            && at <= now
        {
            self.due.pop_first();
            let Some(hosted) = self.hosted.get_mut(&version) else {
                continue;
            };
            match &mut hosted.state {
                State::Offered { .. } => self.withdraw(version, Reason::Surplus, voice),
                State::Bound { run, .. } => match run {
                    Run::Off { failures, .. } => {
                        *run = Run::On {
                            failures: *failures,
                            since: None,
                            is_proven: false,
                        };
                        let start = hosted.start().expect("it is bound");
                        self.run(now, start, voice);
                    }
                    // Its keepers wait to hear so: what it takes the place of ends then.
                    Run::On {
                        is_proven,
                        since: Some(_),
                        ..
                    } => {
                        *is_proven = true;
                        for keeper in self.keepers_of(version) {
                            self.renew_to(now, keeper, voice);
                        }
                    }
                    Run::On { .. } => {}
                },
            }
        }
    }
}

/// Says to one of its keepers that a hosting is not kept now, if it has failed often enough.
pub(super) fn deny<C: Speech>(hosted: &Hosted, to: AgentId, voice: &mut Voice<C, Order>) {
    if let Some(failure) = hosted.denied() {
        let denial = Denial {
            version: voice.stamp(),
            of: hosted.offer.version(),
            failure,
        };
        voice.say(to, Frame::Denial(denial));
    }
}
