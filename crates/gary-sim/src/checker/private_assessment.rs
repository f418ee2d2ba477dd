//! 9. Private assessment: under an asymmetric partition one observer holds a promise for broken and another holds
//!    it for kept, and both stand.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_agent::{Assessed, Fact};
use gary_promise::{AgentId, Binding, Judgement, PromiseId, Time, Value, WorkloadId};

use super::entry::AcceptanceSeen;
use super::{Book, Checker, Verdict, first_hand};
use crate::property::Property;
use crate::seen::Seen;

/// How long it may take everybody to find that an agent is gone, in microseconds.
const FOUND_WITHIN_US: u64 = 10_000_000;

/// How long it may take a host to know by which promise a workload is kept that it hosts.
const KNOWN_WITHIN: Duration = Duration::from_secs(10);

/// What an agent writes down is its own judgement, by what it has seen itself, and nobody else's judgement
/// changes it. Where one of two observers cannot reach whom they both depend on, they differ.
///
/// Two observers of one promise are the hosts of one workload, who depend on its custody. Two keepers that
/// count hostings of one agent observe one promiser.
#[derive(Debug, Default)]
pub(super) struct PrivateAssessment {
    /// When each was last written down.
    noted: BTreeMap<(AgentId, PromiseId), Time>,
    /// When agents have ended that never come back.
    gone: BTreeMap<AgentId, Time>,
    premises: u64,
}

impl Checker for PrivateAssessment {
    fn property(&self) -> Property {
        Property {
            number: 9,
            name: "private assessment",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        if let Seen::Ends {
            agent,
            for_good: true,
        } = *seen
        {
            self.gone.entry(agent).or_insert(at);
        }
        let Seen::Stores { agent, facts } = *seen else {
            return Ok(());
        };
        for fact in facts {
            let Fact::Assessed(assessed) = fact else {
                continue;
            };
            let (observer, promise) = (
                assessed.assessment.observer(),
                assessed.assessment.promise(),
            );
            let name = |agent: &AgentId| book.names.of_agent(agent);
            let what = book.names.of_promise(&promise);
            if observer != agent {
                let (agent, observer) = (name(&agent), name(&observer));
                return Err(format!(
                    "{agent} writes down for its own what {observer} makes of {what}"
                ));
            }
            let before = self.noted.insert((agent, promise), at);
            let seen = first_hand::check(at, assessed, before, book);
            if let Err(why) = seen {
                let (agent, judgement) = (name(&agent), assessed.assessment.judgement());
                return Err(format!("{agent} holds {what} for {judgement:?}, and {why}"));
            }
            if differs(agent, assessed, book) {
                self.premises += 1;
            }
        }
        Ok(())
    }

    /// By now everybody knows who is gone, and who is not.
    fn scan(&mut self, at: Time, book: &Book) -> Verdict {
        for run in book.runs.values() {
            self.check_found(at, &run.binding, book)?;
        }
        for (id, its) in &book.acceptances {
            let (keeper, host) = (id.promiser, its.accept.offer.promiser);
            let Some(gone_at) = self.gone.get(&keeper).copied() else {
                continue;
            };
            if at.as_us() < gone_at.as_us() + FOUND_WITHIN_US
                || !depended(its, gone_at, book)
                || doubts(host, keeper, its.accept.workload, book)
            {
                continue;
            }
            let (host, keeper) = (book.names.of_agent(&host), book.names.of_agent(&keeper));
            return Err(format!(
                "{host} hosts for {keeper}, which is gone, and does not doubt it"
            ));
        }
        Ok(())
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

impl PrivateAssessment {
    /// A host does not take its keeper for lost that has been there all the while.
    fn check_found(&self, at: Time, binding: &Binding, book: &Book) -> Verdict {
        let (host, keeper) = (binding.host(), binding.keeper());
        let seen = book.agents.get(&keeper).filter(|its| its.is_up);
        let is_back = seen.is_some_and(|its| {
            let since = book.awake_since(&keeper, its.started_at);
            at.as_us() > since.as_us() + FOUND_WITHIN_US
        });
        if host == keeper || !is_back || book.is_cut(host, keeper) {
            return Ok(());
        }
        let acceptance = book.acceptances.get(&binding.id().acceptance);
        let bound_at = acceptance.and_then(|its| its.heard_at);
        let epoch = book.agents.get(&host).map(|its| its.epoch);
        let mut judged = book.judged.iter();
        let is_lost = judged.any(|((observer, promise), its)| {
            // What it made of it in an earlier life, or before it came to depend on it again, is history.
            let noted_at = self.noted.get(&(*observer, *promise)).copied();
            (*observer, promise.promiser) == (host, keeper)
                && (its.slot, its.workload) == (None, binding.workload())
                && matches!(its.assessment.judgement(), Judgement::Unknown(_))
                && book.keeps.withdrawn_at(promise).is_none()
                && Some(its.epoch) == epoch
                && noted_at > bound_at
        });
        match is_lost {
            true => {
                let (host, keeper) = (book.names.of_agent(&host), book.names.of_agent(&keeper));
                Err(format!(
                    "{host} hosts for {keeper}, which is there, and takes it for lost"
                ))
            }
            false => Ok(()),
        }
    }
}

/// Whether a host depends on its keeper's custody, and did for long enough before the keeper ended to have known by
/// which promise.
fn depended(its: &AcceptanceSeen, gone_at: Time, book: &Book) -> bool {
    let known_by = |when: Time| when.after(KNOWN_WITHIN) <= gone_at;
    let host = book.agents.get(&its.accept.offer.promiser);
    let offer = book.offers.get(&its.accept.offer);
    // What is said in its name, it has not stored. Nobody depends on whom others keep it in the place of.
    its.stored_at.is_some()
        && !its.is_handed_over
        && its.heard_at.is_some_and(known_by)
        && host.is_some_and(|host| host.is_up && known_by(host.started_at))
        && offer.is_some_and(|offer| offer.withdrawn_at.is_none())
}

/// Whether a host has written down in this life that it cannot tell whether a workload is kept.
fn doubts(host: AgentId, keeper: AgentId, workload: WorkloadId, book: &Book) -> bool {
    let epoch = book.agents.get(&host).map(|its| its.epoch);
    book.judged.iter().any(|((observer, promise), judged)| {
        (*observer, promise.promiser) == (host, keeper)
            && (judged.slot, judged.workload) == (None, workload)
            && Some(judged.epoch) == epoch
            && judged.assessment.judgement().value() != Value::Kept
    })
}

/// Whether somebody whom nothing divides from the promiser, which it does from the observer, holds a promise of
/// the same promiser's for kept at the same time.
fn differs(observer: AgentId, assessed: &Assessed, book: &Book) -> bool {
    let promise = assessed.assessment.promise();
    let promiser = promise.promiser;
    if assessed.assessment.judgement().value() == Value::Kept || !book.is_cut(observer, promiser) {
        return false;
    }
    let holds_for_kept = |other: AgentId, promise: PromiseId| {
        let judged = book.judged.get(&(other, promise));
        let value = judged.map(|its| its.assessment.judgement().value());
        other != observer
            && other != promiser
            && book.is_up(&other)
            && !book.is_cut(other, promiser)
            && value.unwrap_or(Value::Kept) == Value::Kept
    };
    match assessed.slot {
        // Of one keeper's custody of one workload.
        None => book.runs.iter().any(|(offer, run)| {
            run.binding.workload() == assessed.workload
                && run.binding.keeper() == promiser
                && holds_for_kept(offer.promiser, promise)
        }),
        // Of one agent's hostings.
        Some(_) => book.acceptances.iter().any(|(id, its)| {
            its.is_counted()
                && its.accept.offer.promiser == promiser
                && holds_for_kept(id.promiser, its.accept.offer)
        }),
    }
}
