//! Whose turn it is, where several keep one workload.
//!
//! None of them leads. Each can do all there is to do, and what two do at once, the slots settle. So that they seldom
//! do, each leaves it for a while to those before it that are there.

use std::time::Duration;

use gary_promise::{AgentId, Time, WorkloadId, rendezvous};
use rand::Rng;

use super::holes::Holes;
use super::tended::{Keeper, Tended};
use crate::voice::Speech;

/// How long a keeper leaves to each before it what is to be done, as long as nothing of it is done.
pub const TAKES_TURN_AFTER: Duration = Duration::from_secs(3);

/// For how long a keeper invites nobody after a start, or after it has become one: hosts tell it meanwhile, as they
/// renew, what others have bound.
pub const LEARNS_FOR: Duration = Duration::from_secs(4);

/// Since when something was to be done that is not this keeper's turn.
#[derive(Debug, Default)]
pub(super) struct Turn {
    since: Option<Time>,
}

impl Turn {
    /// Whether it is its turn by now, who comes after so many others.
    pub(super) fn comes(&mut self, place: usize, now: Time) -> bool {
        let since = *self.since.get_or_insert(now);
        let waits = u32::try_from(place).unwrap_or(u32::MAX);
        now.since(since) >= TAKES_TURN_AFTER.saturating_mul(waits)
    }

    /// Nothing is to be done, or somebody does it.
    pub(super) const fn rest(&mut self) {
        self.since = None;
    }
}

impl Tended {
    /// How many of those keepers who are there come before this one.
    pub(super) fn place<C: Speech, R>(&self, keeper: &Keeper<'_, C, R>) -> usize {
        let me = keeper.voice.id();
        let before = self.keepers.iter().take_while(|its| **its != me);
        before.filter(|its| keeper.candidates.is_up(its)).count()
    }

    /// Whether it is this keeper's turn to fill what holes there are.
    pub(super) fn fills_holes<C: Speech, R: Rng>(&mut self, keeper: &Keeper<'_, C, R>) -> bool {
        if self.keepers.len() < 2 {
            return true;
        }
        let (now, place) = (keeper.now, self.place(keeper));
        if now < self.learns_until {
            return false;
        }
        if place > 0 && Holes::of(self, &keeper.observer(), now).is_empty() {
            self.fills.rest();
            return false;
        }
        self.fills.comes(place, now)
    }
}

/// In which order it is the turn of those who keep a workload: another for each workload.
pub(super) fn in_turn(workload: WorkloadId, keepers: &[AgentId]) -> Vec<AgentId> {
    let mut keepers = keepers.to_vec();
    keepers.sort_by_key(|its| rendezvous(workload.as_bytes(), *its));
    keepers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_later_leaves_it_to_those_before_for_a_while() {
        let at = |s: u64| Time::from_us(s * 1_000_000);
        let mut first = Turn::default();
        assert!(first.comes(0, at(1)));
        let mut third = Turn::default();
        assert!(!third.comes(2, at(1)) && !third.comes(2, at(6)));
        assert!(third.comes(2, at(7)) && third.comes(1, at(7)));
        // Once something was done it waits anew.
        third.rest();
        assert!(!third.comes(1, at(8)) && third.comes(1, at(11)));
    }

    #[test]
    fn everyone_has_the_same_order_and_each_workload_another() {
        let agents: Vec<AgentId> = (1..=3)
            .map(|number| AgentId::from_bytes([number; 32]))
            .collect();
        let reversed: Vec<AgentId> = agents.iter().rev().copied().collect();
        let workloads = (0..20).map(|number| WorkloadId::from_bytes([number; 16]));
        let orders: Vec<Vec<AgentId>> = workloads
            .map(|workload| {
                let order = in_turn(workload, &agents);
                assert_eq!(order, in_turn(workload, &reversed));
                order
            })
            .collect();
        for agent in agents {
            assert!(orders.iter().any(|order| order[0] == agent));
        }
    }
}
