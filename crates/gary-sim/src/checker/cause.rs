//! Why a host may have ended a hosting.

use std::collections::BTreeSet;

use gary_agent::HostReport;
use gary_promise::{AgentId, Frame, PromiseId, RunWord, Time};

use super::Book;
use super::entry::DrainSeen;
use super::hearings::DECIDED_BEFORE_US;
use crate::world::DRIFT_PPM_MAX;

/// What was seen that a host may end a hosting for: a keeper's word, or that it fails. Anything else, its
/// own machine's mood among it, is none.
#[derive(Debug, Default)]
pub(super) struct Causes {
    /// The offers that may be ended.
    offers: BTreeSet<PromiseId>,
    /// Those of them that their agent's own person wants ended.
    by_person: BTreeSet<PromiseId>,
    /// Those of them that another keeper than the agent itself has dismissed.
    dismissed: BTreeSet<PromiseId>,
}

impl Causes {
    /// A keeper has said something that ends it, be it the agent itself.
    pub(super) fn by_keeper(&mut self, offer: PromiseId) {
        self.offers.insert(offer);
    }

    /// The agent's own person wants it to.
    pub(super) fn by_person(&mut self, offer: PromiseId) {
        self.offers.insert(offer);
        self.by_person.insert(offer);
    }

    /// Whether another keeper than its agent itself has dismissed it.
    pub(super) fn is_dismissed(&self, offer: &PromiseId) -> bool {
        self.dismissed.contains(offer)
    }

    pub(super) fn report(&mut self, report: &HostReport) {
        if let HostReport::Failed { offer, .. } = report {
            self.offers.insert(*offer);
        }
    }

    /// Whether there is any.
    pub(super) fn has(&self, offer: &PromiseId) -> bool {
        self.offers.contains(offer)
    }

    /// Whether its agent's own person wants it to.
    pub(super) fn is_by_person(&self, offer: &PromiseId) -> bool {
        self.by_person.contains(offer)
    }
}

/// Whether an agent may have decided before this what it does now.
const fn is_recent(at: Time, when: Time) -> bool {
    at.as_us() <= when.as_us() + DECIDED_BEFORE_US
}

impl Book {
    /// Whether an agent may hold for standing what it has heard of another.
    pub(super) fn holds_for_standing(&self, at: Time, agent: AgentId, offer: &PromiseId) -> bool {
        let withdrawn_at = self.hearings.withdrawn_at(agent, offer);
        self.hearings.stands_at(agent, offer).is_some()
            && withdrawn_at.is_none_or(|when| is_recent(at, when))
    }

    /// Whether its agent has a cause to end a hosting. What an agent says to itself as a keeper is not seen: where it
    /// keeps the workload and another has bound this, it may if something is in its place, or it knows of a later
    /// generation, for which it has invited itself, or that the name means another workload by now.
    pub(super) fn has_cause(&self, at: Time, offer: &PromiseId) -> bool {
        // Whoever leaves takes back what it had just offered too.
        let promiser = self.agents.get(&offer.promiser);
        if promiser.is_some_and(|its| its.leaves_at.is_some()) {
            return true;
        }
        let Some(host) = self.offers.get(offer).map(|its| &its.host) else {
            return self.causes.has(offer);
        };
        let knows = || {
            let known = self.registers.known(&host.workload, &offer.promiser);
            known.and_then(|intent| self.intent(&intent))
        };
        let is_outdated = || {
            knows().is_some_and(|its| its.lineage.generation() > host.generation)
                || self.registers.is_past(&host.workload, &offer.promiser)
        };
        let is_shared = || {
            let others = self.offers.iter().filter(|(other, its)| {
                *other != offer
                    && (its.host.workload, its.host.slot) == (host.workload, host.slot)
                    && its.host.generation >= host.generation
                    && its.accepted_at.is_some()
            });
            let me = offer.promiser;
            let mut stand = others.map(|(other, its)| match other.promiser == me {
                true => its.withdrawn_at.is_none_or(|when| is_recent(at, when)),
                false => self.holds_for_standing(at, me, other),
            });
            stand.any(|stands| stands)
        };
        let is_keeper = || {
            host.promisee != offer.promiser && self.registers.has(&host.workload, &offer.promiser)
        };
        let is_done = || {
            let place = (host.slot, host.generation);
            self.knows_done(offer.promiser, &host.workload, place)
        };
        let by_itself = is_outdated() || is_shared() || is_done();
        self.causes.has(offer) || self.is_ended(at, &offer.promiser) || (is_keeper() && by_itself)
    }

    /// Whether an agent has taken back what it hosts, since it was drained, by a clock that may go faster. It may have ceased
    /// to be drained just after it did.
    pub(super) fn is_ended(&self, at: Time, agent: &AgentId) -> bool {
        let Some(seen) = self.agents.get(agent) else {
            return false;
        };
        let has_ended = |its: &DrainSeen, by: Time| {
            let span_us = its.until.as_us().saturating_sub(its.since.as_us());
            let ahead_us = span_us * DRIFT_PPM_MAX as u64 / 1_000_000;
            by.as_us() + ahead_us >= its.until.as_us()
        };
        let undrained = seen.undrained.filter(|(when, _)| is_recent(at, *when));
        seen.drained.is_some_and(|its| has_ended(&its, at))
            || undrained.is_some_and(|(when, its)| has_ended(&its, when))
    }

    /// Why an agent that hears this may end one of its hostings.
    pub(super) fn causes_of(&mut self, from: AgentId, to: AgentId, frame: &Frame) {
        match frame {
            Frame::Told(_) => {
                for (id, _) in &self.taken_back {
                    if let Some(acceptance) = self.acceptances.get(id)
                        && acceptance.accept.offer.promiser == to
                    {
                        self.causes.by_keeper(acceptance.accept.offer);
                    }
                }
            }
            Frame::Dismissal(dismissal) => {
                for version in dismissal.offers.iter() {
                    let offer = PromiseId {
                        promiser: to,
                        version: *version,
                    };
                    if self.is_counted_by(&offer, &from) {
                        self.causes.by_keeper(offer);
                        self.causes.dismissed.insert(offer);
                    }
                }
            }
            // What is over is what its host has promised to run.
            Frame::Running(running) => {
                let offer = PromiseId {
                    promiser: to,
                    version: running.offer,
                };
                let (workload, of) = (&running.workload, running.generation);
                let run = match &running.word {
                    RunWord::Stands(_, run) | RunWord::Kept(Some((_, run))) => Some(run),
                    RunWord::Kept(None) | RunWord::Claims | RunWord::Ends(_) => None,
                };
                if run.is_some_and(|run| self.is_over(workload, of, run))
                    && self.is_counted_by(&offer, &from)
                {
                    self.causes.by_keeper(offer);
                }
            }
            Frame::Invitation(invitation) => {
                for id in &self.made {
                    let Some(workload) = self.promises.get(id).and_then(|its| its.workload())
                    else {
                        continue;
                    };
                    let generation = self.intent(id).map(|its| its.lineage.generation());
                    let outdated: Vec<PromiseId> = self
                        .standing_of(to)
                        .filter(|(_, its)| {
                            its.host.workload == workload
                                && invitation.slots.contains(&its.host.slot)
                                && Some(its.host.generation) < generation
                                && self
                                    .lets_update(workload, its.host.generation, id.promiser)
                                    .any(|lets| lets)
                        })
                        .map(|(id, _)| *id)
                        .collect();
                    for offer in outdated {
                        self.causes.by_keeper(offer);
                    }
                }
            }
            _ => {}
        }
    }
}
