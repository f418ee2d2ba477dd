//! What nodes are told of the membership and of sheets, until agents find out for themselves.
//!
//! This stands in for membership and sheets, and goes when the agent has them. Nothing else knows how an
//! agent comes to know who is there.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_promise::Time;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::node::NodeNo;

/// How long nodes take to find out.
#[derive(Debug, Clone, Copy)]
pub struct ViewSpec {
    /// Until a node that is gone is found to be, at most; at least half of it.
    pub lost: Duration,
    /// Until one that is there is found to be, at most; at least half of it.
    pub found: Duration,
}

impl ViewSpec {
    /// As the membership is tuned for in a house.
    pub const LAN: Self = Self {
        lost: Duration::from_millis(1_500),
        found: Duration::from_millis(300),
    };
}

/// What each node was told last of each other.
#[derive(Debug)]
pub(super) struct View {
    spec: ViewSpec,
    random: ChaCha8Rng,
    told: BTreeMap<(NodeNo, NodeNo), bool>,
}

impl View {
    pub(super) fn new(spec: ViewSpec, random: ChaCha8Rng) -> Self {
        Self {
            spec,
            random,
            told: BTreeMap::new(),
        }
    }

    /// An observer that has started knows of nobody.
    pub(super) fn forget(&mut self, observer: NodeNo) {
        self.told.retain(|(by, _), _| *by != observer);
    }

    /// Whether an observer was told last that the other is there.
    pub(super) fn is_told(&self, observer: NodeNo, other: NodeNo) -> bool {
        self.told.get(&(observer, other)) == Some(&true)
    }

    /// When an observer will notice that another is there, or is not; `None` where it is what it was told.
    pub(super) fn notices_at(
        &mut self,
        now: Time,
        observer: NodeNo,
        other: NodeNo,
        is_there: bool,
    ) -> Option<Time> {
        let told = self.told.get(&(observer, other)).copied();
        if told.unwrap_or(false) == is_there {
            return None;
        }
        let span = if is_there {
            self.spec.found
        } else {
            self.spec.lost
        };
        let most_us = span.as_micros() as u64;
        let wait_us = self.random.random_range(most_us / 2..=most_us);
        Some(now.after(Duration::from_micros(wait_us)))
    }

    /// Notes what an observer is told. Says whether it is news to it.
    pub(super) fn tell(&mut self, observer: NodeNo, other: NodeNo, is_there: bool) -> bool {
        let before = self.told.insert((observer, other), is_there);
        before.unwrap_or(false) != is_there
    }
}
