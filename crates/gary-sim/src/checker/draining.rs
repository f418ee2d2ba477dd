//! Whether what a host that is drained has hosted goes on elsewhere, and nothing is left of it afterwards.

use gary_agent::Order;
use gary_promise::{AgentId, Host, PromiseId, Time, Use, Valency, WorkloadId};

use super::convergence::{all_with_room, is_pending};
use super::quiet::{Quiet, involved};
use super::{Book, Verdict};
use crate::seen::Seen;
use crate::world::Frailty;

/// How soon what is hosted by whoever is drained is hosted elsewhere where somebody has room, in microseconds, as long as
/// nothing goes wrong: who has just come to keep it listens for four seconds, and who would not is left alone for five.
const MOVES_WITHIN_US: u64 = 9_000_000;

/// How soon others keep what is kept by whoever is drained, once nothing goes wrong any more, in microseconds: what is
/// exclusive changes its keepers once in ten seconds, and who could not change them waits before it tries again.
const HANDED_OVER_WITHIN_US: u64 = 20_000_000;

/// How long after its deadline what is hosted still has to be gone, in microseconds, by an agent that is awake.
const ENDS_WITHIN_US: u64 = 5_000_000;

/// How long after its deadline somebody waits at the least who leaves once it keeps nothing, in microseconds, by a clock
/// that may go faster.
const GOES_WITHIN_US: u64 = 59_000_000;

/// In a larger world it takes chance to find the one that has room.
const AMONG_MAX: usize = 32;

/// Who is drained lets nothing go that nobody else runs, as long as it has time; by then it runs elsewhere if somebody has
/// room; and in the end it hosts and keeps nothing.
#[derive(Debug, Default)]
pub(super) struct Draining {
    quiet: Quiet,
    calm_since: Option<Time>,
}

impl Draining {
    /// Looks at what was just seen.
    ///
    /// # Errors
    ///
    /// What was let go too early, or not moved in time.
    pub(super) fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        self.quiet.note(at, seen);
        match *seen {
            Seen::Calms => self.calm_since = Some(at),
            Seen::Orders {
                agent,
                order: Order::Stop { offer },
            } if book.runs.contains_key(offer) => {
                return self.check_stopped(at, agent, offer, book);
            }
            Seen::Leaves {
                agent,
                is_drained: true,
            } => return check_left(at, agent, book),
            _ => {}
        }
        Ok(())
    }

    /// Everything should be settled.
    ///
    /// # Errors
    ///
    /// What is left of whoever is drained.
    pub(super) fn scan(&self, at: Time, book: &Book) -> Verdict {
        for (agent, seen) in book.agents.iter().filter(|(_, its)| its.is_up) {
            let Some(drained) = seen.drained else {
                continue;
            };
            let ends_by = book.awake_since(agent, drained.until);
            if at.as_us() > ends_by.as_us() + ENDS_WITHIN_US {
                let mut left = book.runs.keys().filter(|its| its.promiser == *agent);
                let mut standing = book.standing_of(*agent).map(|(id, _)| id);
                if let Some(left) = left.next().or_else(|| standing.next()) {
                    let (name, what) = (book.names.of_agent(agent), book.names.of_promise(left));
                    return Err(format!("{name} is drained, and hosts {what} still"));
                }
            }
            let since = self.calm_since.map(|its| its.max(drained.since));
            if since.is_some_and(|its| at.as_us() > its.as_us() + HANDED_OVER_WITHIN_US) {
                check_handed_over(at, agent, book)?;
            }
        }
        Ok(())
    }

    /// Something stops that is hosted by whoever is drained: another runs it by then, or has had no room.
    fn check_stopped(&self, at: Time, agent: AgentId, offer: &PromiseId, book: &Book) -> Verdict {
        let (Some(drained), Some(its)) = (book.drained(&agent), book.offers.get(offer)) else {
            return Ok(());
        };
        let Some((intent, wanted)) = self.undisturbed(at, &its.host, book) else {
            return Ok(());
        };
        let host = &its.host;
        let mut others = book.runs.values().map(|its| &its.binding);
        let is_elsewhere = others.any(|its| {
            let is_same = (its.workload(), its.slot()) == (host.workload, host.slot);
            is_same && its.generation() >= host.generation && its.id().offer != *offer
        });
        if is_elsewhere {
            return Ok(());
        }
        let (name, what) = (book.names.of_agent(&agent), book.names.of_promise(offer));
        if !book.is_ended(at, &agent) {
            return Err(format!(
                "{name} is drained, and stops {what} before anybody else runs it"
            ));
        }
        let had_time = drained.until.as_us() > drained.since.as_us() + MOVES_WITHIN_US;
        let is_known = |by: &AgentId, _| book.is_up(by);
        if !had_time || is_pending(&intent, is_known, book) || book.agents.len() > AMONG_MAX {
            return Ok(());
        }
        let mut able = all_with_room(at, (&intent, wanted), None, book);
        let able = able.find(|its| {
            let seen = book.agents.get(its);
            let is_old = seen.is_some_and(|its| is_past(at, its.started_at));
            is_old
                && self.quiet.is_quiet((at, at), MOVES_WITHIN_US, its)
                && !book.was_drained(at, its, MOVES_WITHIN_US)
                && book.last_freed(*its).is_none_or(|when| is_past(at, when))
        });
        match able {
            Some(able) => {
                let able = book.names.of_agent(&able);
                Err(format!(
                    "{name} is drained, and nobody else runs {what} by its deadline, though {able} has room"
                ))
            }
            None => Ok(()),
        }
    }

    /// The intent that a hosting is of, if that is wanted still and sound, and nothing has gone wrong of late with those who
    /// keep it or have hosted it, nor an update gone on.
    fn undisturbed<'a>(
        &self,
        at: Time,
        host: &Host,
        book: &'a Book,
    ) -> Option<(PromiseId, &'a Use)> {
        let intent = book.registers.latest(&host.workload, |_| true)?;
        let wanted = book.intent(&intent)?;
        let is_wanted = wanted.lineage.generation() == host.generation
            && wanted.valency.has(host.slot)
            && !wanted.exclusive
            && Frailty::of(&wanted.component) == Frailty::Sound;
        let mut offers = book.offers.values();
        let is_updated = offers.any(|its| {
            let is_late = its.withdrawn_at.is_none_or(|when| !is_past(at, when));
            let is_of_it = its.host.workload == host.workload;
            is_of_it && its.host.generation != host.generation && is_late
        });
        let times = (at, at);
        let mut involved = involved(&host.workload, book);
        let is_quiet = involved.all(|its| self.quiet.is_quiet(times, MOVES_WITHIN_US, &its));
        (is_wanted && !is_updated && is_quiet).then_some((intent, wanted))
    }
}

/// Whether that is long enough ago for what follows from it to have happened.
const fn is_past(at: Time, when: Time) -> bool {
    at.as_us() > when.as_us() + MOVES_WITHIN_US
}

/// Who leaves has handed over what it kept, unless nobody else could keep it, or it has waited for long.
fn check_left(at: Time, agent: AgentId, book: &Book) -> Verdict {
    let mut others = book.agents.iter();
    let could = others.any(|(its, seen)| {
        let is_known = at.as_us() > seen.started_at.as_us() + MOVES_WITHIN_US;
        let is_there = !seen.is_gone && seen.consider.is_some() && is_known;
        is_there && *its != agent && !book.was_drained(at, its, MOVES_WITHIN_US)
    });
    let drained = book.drained(&agent);
    let waits_until_us = drained.map_or(0, |its| its.until.as_us() + GOES_WITHIN_US);
    if !could || at.as_us() >= waits_until_us {
        return Ok(());
    }
    // What it has never heard that it keeps, it cannot hand over.
    let knows = |workload: &WorkloadId| book.registers.kept_since(workload, &agent).is_some();
    match kept(book).find(|(workload, keepers)| keepers.contains(&agent) && knows(workload)) {
        Some((workload, _)) => {
            let name = book.names.of_agent(&agent);
            let what = book.names.of_workload(workload);
            Err(format!("{name} was drained and leaves, and keeps {what}"))
        }
        None => Ok(()),
    }
}

/// What is kept by whom. What is deleted may be forgotten by them, and its name be another's that others keep.
fn kept(book: &Book) -> impl Iterator<Item = (&WorkloadId, &[AgentId])> {
    book.registers.all().filter(|(workload, _)| {
        let latest = book.registers.latest(workload, |_| true);
        let wanted = latest.and_then(|its| book.intent(&its));
        wanted.is_none_or(|its| its.valency != Valency::NONE)
    })
}

/// Others keep what is kept by whoever is drained, if a majority is there, and somebody who could.
fn check_handed_over(at: Time, agent: &AgentId, book: &Book) -> Verdict {
    for (workload, keepers) in kept(book) {
        let up = keepers.iter().filter(|its| book.is_up(its)).count();
        if !keepers.contains(agent) || 2 * up <= keepers.len() {
            continue;
        }
        // Whoever else is gone has to be replaced too, one after the other: each change has as long as the first.
        let changed_at = book.registers.changed_at(workload);
        if changed_at.is_some_and(|its| at.as_us() <= its.as_us() + HANDED_OVER_WITHIN_US) {
            continue;
        }
        let mut others = book.agents.iter();
        let other = others.find(|(its, seen)| {
            let is_old = at.as_us() > seen.started_at.as_us() + HANDED_OVER_WITHIN_US;
            seen.is_up
                && seen.consider.is_some()
                && is_old
                && !keepers.contains(its)
                && !book.was_drained(at, its, HANDED_OVER_WITHIN_US)
        });
        if let Some((other, _)) = other {
            let (name, other) = (book.names.of_agent(agent), book.names.of_agent(other));
            let what = book.names.of_workload(workload);
            return Err(format!(
                "{name} is drained, and keeps {what} still, though {other} could"
            ));
        }
    }
    Ok(())
}
