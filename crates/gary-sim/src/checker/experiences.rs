//! What a keeper has found of others, as far as it can be seen from outside.

use std::collections::BTreeMap;

use gary_promise::{AgentId, PromiseId, Time};

use super::Book;

/// A promise that was kept for a minute is an experience too, and none that can be seen. In a shorter time than that
/// there is none, by whatever clock, in microseconds.
const NOTHING_KEPT_BEFORE_US: u64 = 55_000_000;

/// How many breakages can be told by: a keeper counts in whole thousandths, which say little of more, and what it
/// remembers fades.
const CERTAIN_MAX: u64 = 8;

/// How often keepers have found others to break a promise since they started, by what they have written down. This
/// says once more what a keeper should make of it, in words of its own: what judges a choice must not be what makes
/// it.
#[derive(Debug, Default)]
pub(super) struct Experiences {
    broken: BTreeMap<(AgentId, AgentId), Broken>,
}

#[derive(Debug, Clone, Copy)]
struct Broken {
    times: u64,
    last_at: Time,
}

impl Experiences {
    /// A keeper has found a host to break a promise.
    pub(super) fn broken(&mut self, at: Time, keeper: AgentId, host: AgentId) {
        let new = Broken {
            times: 0,
            last_at: at,
        };
        let its = self.broken.entry((keeper, host)).or_insert(new);
        its.times += 1;
        its.last_at = at;
    }

    /// A keeper has started: trust is of one life.
    pub(super) fn forget(&mut self, keeper: AgentId) {
        self.broken.retain(|(its, _), _| *its != keeper);
    }

    /// Whether one bid is worth more to a keeper than another: as much as it is higher, and as much as its bidder is
    /// the likelier to keep its promise. By the rule of succession one that has broken n is as likely to as one in
    /// n + 2. `None` where that cannot be told.
    pub(super) fn promises_more(
        &self,
        at: Time,
        keeper: AgentId,
        one: &PromiseId,
        other: &PromiseId,
        book: &Book,
    ) -> Option<bool> {
        let started_at = book.agents.get(&keeper)?.started_at;
        if at.as_us() - started_at.as_us() > NOTHING_KEPT_BEFORE_US {
            return None;
        }
        let bid = |offer: &PromiseId| Some(u64::from(book.offers.get(offer)?.host.bid.0));
        let broken = |host: AgentId| match self.broken.get(&(keeper, host)) {
            // It may have been found after the choice was made.
            Some(its) if its.last_at == at || its.times > CERTAIN_MAX => None,
            Some(its) => Some(its.times),
            None => Some(0),
        };
        let (one_bid, other_bid) = (bid(one)?, bid(other)?);
        let (one_broken, other_broken) = (broken(one.promiser)?, broken(other.promiser)?);
        // What is within a hundredth, whole thousandths may tell otherwise.
        let worth = one_bid * (other_broken + 2) * 99;
        Some(worth > other_bid * (one_broken + 2) * 100)
    }
}
