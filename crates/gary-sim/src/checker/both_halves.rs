//! 4. No component runs on an offer or an acceptance alone.

use std::collections::BTreeMap;

use gary_agent::{Order, Start};
use gary_promise::{Body, PromiseId, Time};

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// How long a component may run after one of its halves is gone, in microseconds: a host takes time to stop
/// it, and an agent that stands still to say so.
const STOPS_WITHIN_US: u64 = 3_000_000;

/// Whatever runs has both halves, each made by whom it should be and stored before anything followed from it.
#[derive(Debug, Default)]
pub(super) struct BothHalves {
    /// What was withdrawn while it ran, by when it has to have stopped.
    stopping: BTreeMap<PromiseId, Time>,
    premises: u64,
}

impl Checker for BothHalves {
    fn property(&self) -> Property {
        Property {
            number: 4,
            name: "both halves",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Orders {
                agent,
                order: Order::Start(start),
            } => {
                self.premises += 1;
                let id = start.binding.id();
                let name = book.names.of_agent(&agent);
                let what = book.names.of_promise(&id.offer);
                if !matches(start) {
                    return Err(format!("{name} starts {what} by halves that do not match"));
                }
                let disk = book.agents.get(&agent).map(|its| &its.disk);
                let has = |id: &PromiseId| disk.is_some_and(|its| its.contains(id));
                if !has(&id.offer) || !has(&id.acceptance) || !has(&start.intent.id()) {
                    return Err(format!("{name} starts {what} before its halves are stored"));
                }
                let acceptance = book.acceptances.get(&id.acceptance);
                if acceptance.is_none_or(|its| its.heard_at.is_none()) {
                    return Err(format!("{name} starts {what}, which nobody has accepted"));
                }
                // What was decided before may have waited for the disk, and what was heard before a start and
                // not stored is forgotten.
                let started_at = book.agents.get(&agent).map(|its| its.started_at);
                let heard = acceptance.and_then(|its| its.withdrawal_heard_at);
                let withdrawn = heard.filter(|when| started_at.is_none_or(|start| *when >= start));
                // A withdrawal is final, in whatever order it comes.
                let accepted = acceptance.and_then(|its| its.heard_at);
                let is_early = withdrawn.zip(accepted).is_some_and(|(w, a)| w < a);
                if is_early
                    || withdrawn.is_some_and(|when| at.as_us() > when.as_us() + STOPS_WITHIN_US)
                {
                    return Err(format!(
                        "{name} starts {what} after its acceptance was withdrawn"
                    ));
                }
            }
            Seen::Says { from, .. } => {
                for id in book.made.iter().filter(|id| id.promiser == from) {
                    let seen = book.agents.get(&from);
                    let is_on_disk = seen.is_some_and(|its| its.disk.contains(id));
                    let acceptance = book.acceptances.get(id);
                    let stands = acceptance.is_some_and(|its| its.withdrawn.is_none());
                    // What was left to others stands, and was stored until then.
                    let is_left =
                        acceptance.is_some_and(|its| its.is_handed_over && its.stored_at.is_some());
                    let is_stored = is_on_disk || is_left;
                    if stands && !is_stored {
                        let name = book.names.of_agent(&from);
                        let what = book.names.of_promise(id);
                        return Err(format!("{name} says {what} before it is stored"));
                    }
                }
            }
            _ => {}
        }
        self.watch_the_stopping(at, seen, book)
    }

    fn scan(&mut self, at: Time, book: &Book) -> Verdict {
        // What an update has just let go still has as long to stop as is watched for above.
        let is_stopping = |withdrawn_at: Time| at.as_us() <= withdrawn_at.as_us() + STOPS_WITHIN_US;
        for (offer, run) in &book.runs {
            let name = book.names.of_promise(offer);
            let halves = run.binding.id();
            let offered = book.offers.get(&halves.offer);
            let withdrawn_at = offered.and_then(|its| its.withdrawn_at);
            if withdrawn_at.is_some_and(is_stopping) {
                continue;
            }
            if offered.is_none_or(|its| its.withdrawn_at.is_some()) {
                return Err(format!("{name} runs, and its offer does not stand"));
            }
            let keeper = run.binding.keeper();
            let is_reachable = book.is_up(&keeper);
            let accepted = book.acceptances.get(&halves.acceptance);
            if is_reachable && accepted.is_none_or(|its| its.withdrawn.is_some()) {
                return Err(format!("{name} runs, and its acceptance does not stand"));
            }
        }
        Ok(())
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

impl BothHalves {
    /// What was withdrawn by its host has to stop soon, once the host's node does anything at all.
    fn watch_the_stopping(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Stores { .. } | Seen::Says { .. } | Seen::Runs { .. } => {
                for offer in book.runs.keys() {
                    let withdrawn = book.offers.get(offer).and_then(|its| its.withdrawn_at);
                    if let Some(withdrawn_at) = withdrawn {
                        self.stopping.entry(*offer).or_insert(withdrawn_at);
                    }
                }
            }
            Seen::Halts { offer, .. } => {
                self.stopping.remove(&offer);
            }
            _ => {}
        }
        for (offer, withdrawn_at) in &self.stopping {
            let since = book.awake_since(&offer.promiser, *withdrawn_at);
            if at.as_us() > since.as_us() + STOPS_WITHIN_US {
                let name = book.names.of_promise(offer);
                return Err(format!("{name} runs on after it was withdrawn"));
            }
        }
        Ok(())
    }
}

/// Whether an offer and an acceptance are halves of one thing, and of this intent. What judges must not be what
/// binds: this says once more what a binding is, in words of its own.
fn matches(start: &Start) -> bool {
    let (Body::Use(wanted), Body::Host(host), Body::Accept(accept)) = (
        start.intent.body(),
        start.offer.body(),
        start.acceptance.body(),
    ) else {
        return false;
    };
    let (id, workload) = (start.binding.id(), start.intent.workload());
    let is_of_them = id.offer == start.offer.id() && id.acceptance == start.acceptance.id();
    let are_halves = accept.offer == id.offer
        && accept.intent == start.intent.id()
        && start.acceptance.by() == host.promisee;
    let is_one_workload = workload == Some(host.workload) && workload == Some(accept.workload);
    let is_one_place = wanted.lineage.generation() == host.generation
        && start.binding.slot() == host.slot
        && host.slot.0 < wanted.valency.get();
    is_of_them && are_halves && is_one_workload && is_one_place
}
