//! Whether keepers make of silence what they have to, in time.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_promise::{AgentId, Frame, PromiseId, Time, Value};

use super::entry::AcceptanceSeen;
use super::{Book, Verdict};
use crate::seen::Seen;

/// After how long a silent host has to be in doubt, in microseconds.
const DOUBTED_AFTER_US: u64 = 7_500_000;

/// How long a hosting stands without being renewed, in milliseconds. It stands in docs/PROMISES.md, and not in what is
/// checked alone.
const LEASE_MS: u32 = 10_000;

/// How long a node is away by plan at the most.
const NOTICE_MAX: Duration = Duration::from_secs(10);

/// How soon a keeper has to have written down what it makes of it, in microseconds: it looks every second, by a clock
/// that may go wrong, and its disk takes a while.
const WRITTEN_WITHIN_US: u64 = 2_000_000;

/// How often all that is counted is looked at: it takes long to look.
const LOOKED_AT_EVERY: Duration = Duration::from_millis(200);

/// When keepers have last heard hosts, and since when they were awake. What counts is the least silence there can have
/// been: whatever a host says ends it, and so does every sleep of the keeper's own.
#[derive(Debug, Default)]
pub(super) struct Silences {
    heard: BTreeMap<(AgentId, AgentId), Time>,
    awake_since: BTreeMap<AgentId, Time>,
    looked_at: Option<Time>,
}

impl Silences {
    /// Notes what was just seen.
    ///
    /// # Errors
    ///
    /// A lease that is not what it should be, or silence that nothing follows from.
    pub(super) fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Starts { agent, .. } => {
                self.awake_since.insert(agent, at);
            }
            Seen::Stalls { agent, span_ms, .. } => {
                let until = at.after(Duration::from_millis(span_ms));
                let since = self.awake_since.entry(agent).or_insert(until);
                *since = until.max(*since);
            }
            Seen::Hears {
                from,
                to,
                frame: Frame::Told(_) | Frame::Renewal(_) | Frame::Absence(_) | Frame::Denial(_),
                ..
            } => {
                self.heard.insert((to, from), at);
            }
            Seen::Says { from, .. } => {
                for id in book.made.iter().filter(|id| id.promiser == from) {
                    check_lease(id, book)?;
                }
            }
            _ => {}
        }
        let soonest = self.looked_at.map(|last| last.after(LOOKED_AT_EVERY));
        if soonest.is_some_and(|soonest| at < soonest) {
            return Ok(());
        }
        self.looked_at = Some(at);
        for (id, its) in &book.acceptances {
            self.look(at, id.promiser, its, book)?;
        }
        Ok(())
    }

    fn look(&self, at: Time, keeper: AgentId, its: &AcceptanceSeen, book: &Book) -> Verdict {
        let (offer, host) = (its.accept.offer, its.accept.offer.promiser);
        let Some(stored_at) = its.stored_at.filter(|_| its.is_counted()) else {
            return Ok(());
        };
        // What an agent says to itself is not seen.
        if host == keeper || !book.is_up(&keeper) {
            return Ok(());
        }
        if let Some(back_by) = book.hearings.back_by(keeper, &offer) {
            return self.look_for(at, keeper, &offer, back_by, book);
        }
        let heard_at = self.heard.get(&(keeper, host)).copied();
        let awake_since = self.awake_since.get(&keeper).copied();
        let since = stored_at.max(heard_at.unwrap_or(stored_at));
        let since = since.max(awake_since.unwrap_or(since));
        let silent_us = at.as_us().saturating_sub(since.as_us());
        let what = match silent_us.checked_sub(WRITTEN_WITHIN_US) {
            Some(us) if us > u64::from(LEASE_MS) * 1000 => "counts it",
            Some(us) if us > DOUBTED_AFTER_US && !is_doubted(keeper, &offer, book) => {
                "does not doubt it"
            }
            _ => return Ok(()),
        };
        let (keeper, offer) = (book.names.of_agent(&keeper), book.names.of_promise(&offer));
        let ms = silent_us / 1000;
        Err(format!(
            "{keeper} has not heard of {offer} for {ms} ms, and {what}"
        ))
    }

    /// Who is away by plan keeps its promise until it should be back, and breaks it then.
    fn look_for(
        &self,
        at: Time,
        keeper: AgentId,
        offer: &PromiseId,
        back_by: Time,
        book: &Book,
    ) -> Verdict {
        let awake_since = self.awake_since.get(&keeper).copied();
        // What a keeper has slept through of it does not count.
        let due_at = back_by.max(awake_since.map_or(back_by, |since| since.after(NOTICE_MAX)));
        if at.as_us() < due_at.as_us() + WRITTEN_WITHIN_US {
            return Ok(());
        }
        let (keeper, offer) = (book.names.of_agent(&keeper), book.names.of_promise(offer));
        Err(format!(
            "{keeper} counts {offer}, whose host was to be back by {:.3} s",
            back_by.as_us() as f64 / 1e6
        ))
    }
}

/// Whether a keeper has written down in this life that it cannot tell of a hosting whether it is kept.
fn is_doubted(keeper: AgentId, offer: &PromiseId, book: &Book) -> bool {
    let epoch = book.agents.get(&keeper).map(|its| its.epoch);
    let judged = book.judged.get(&(keeper, *offer));
    judged.is_some_and(|its| {
        Some(its.epoch) == epoch && its.assessment.judgement().value() != Value::Kept
    })
}

fn check_lease(offer: &PromiseId, book: &Book) -> Verdict {
    let Some(its) = book.offers.get(offer) else {
        return Ok(());
    };
    let ms = its.host.lease.as_ms();
    if ms == LEASE_MS {
        return Ok(());
    }
    let what = book.names.of_promise(offer);
    Err(format!("{what} is offered for {ms} ms"))
}
