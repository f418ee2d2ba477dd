//! Who might host: what agents have promised of their machines, and whether they are there.

use std::collections::{BTreeMap, BTreeSet};

use gary_promise::{AgentId, Capacity, Consider, Needs};
use rand::{Rng, RngCore};

/// In a cluster of up to this many machines all are looked at. In a larger one a few are drawn: to take
/// the best of a few is nearly as good as the best of all, and needs no list that everybody agrees on.
/// (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001.)
pub const ALL_CONSIDERED_MAX: usize = 32;

/// How many machines are drawn for one that is wanted, at most: most draws may be of machines that do not
/// fit.
pub const DRAWS_PER_CANDIDATE: usize = 8;

/// What this agent knows of the machines of its cluster, by what their agents have promised.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    known: BTreeMap<AgentId, Known>,
    /// Those with a capacity that are there, to draw from. Its order follows from what was learned when,
    /// so that a run replays.
    ready: Vec<AgentId>,
    places: BTreeMap<AgentId, usize>,
}

#[derive(Debug, Default)]
struct Known {
    capacity: Option<Capacity>,
    considers: Option<Consider>,
    is_up: bool,
}

impl Candidates {
    pub(crate) fn set_up(&mut self, agent: AgentId, is_up: bool) {
        self.known.entry(agent).or_default().is_up = is_up;
        self.settle(agent);
    }

    pub(crate) fn set_capacity(&mut self, agent: AgentId, capacity: Option<Capacity>) {
        self.known.entry(agent).or_default().capacity = capacity;
        self.settle(agent);
    }

    pub(crate) fn set_considers(&mut self, agent: AgentId, considers: Option<Consider>) {
        self.known.entry(agent).or_default().considers = considers;
        self.settle(agent);
    }

    pub(crate) fn forget(&mut self, agent: &AgentId) {
        if let Some(known) = self.known.get_mut(agent) {
            *known = Known::default();
        }
        self.settle(*agent);
        self.known.remove(agent);
    }

    pub(crate) fn capacity(&self, agent: &AgentId) -> Option<&Capacity> {
        self.known.get(agent)?.capacity.as_ref()
    }

    pub(crate) fn is_up(&self, agent: &AgentId) -> bool {
        self.known.get(agent).is_some_and(|known| known.is_up)
    }

    /// Machines that fit, not among those that are `passed_over`: all there are in a small cluster, some
    /// drawn by chance in a large one, each once and in an order of chance.
    pub(crate) fn draw(
        &self,
        wanted: usize,
        needs: &Needs,
        owner: AgentId,
        passed_over: impl Fn(&AgentId) -> bool,
        random: &mut impl RngCore,
    ) -> Vec<AgentId> {
        let fits = |agent: &AgentId| {
            let known = self.known.get(agent);
            let is_willing = known.is_some_and(|known| {
                let considers = known.considers.as_ref();
                // Whether an owner is a client, each agent knows for itself: it was admitted.
                considers.is_some_and(|its| its.submitters.include(owner, true))
                    && known
                        .capacity
                        .as_ref()
                        .is_some_and(|its| its.fits(needs).is_ok())
            });
            is_willing && !passed_over(agent)
        };
        let mut drawn: Vec<AgentId> = Vec::new();
        if self.ready.len() <= ALL_CONSIDERED_MAX {
            drawn.extend(self.ready.iter().filter(|agent| fits(agent)));
            for place in (1..drawn.len()).rev() {
                drawn.swap(place, random.random_range(0..=place));
            }
            return drawn;
        }
        let mut seen = BTreeSet::new();
        for _ in 0..wanted.saturating_mul(DRAWS_PER_CANDIDATE) {
            if drawn.len() == wanted {
                break;
            }
            let agent = self.ready[random.random_range(0..self.ready.len())];
            if seen.insert(agent) && fits(&agent) {
                drawn.push(agent);
            }
        }
        drawn
    }

    /// Keeps the list to draw from in step with what is known of one agent.
    fn settle(&mut self, agent: AgentId) {
        let known = self.known.get(&agent);
        let is_ready = known.is_some_and(|known| {
            known.is_up && known.capacity.is_some() && known.considers.is_some()
        });
        match (is_ready, self.places.get(&agent).copied()) {
            (true, None) => {
                self.places.insert(agent, self.ready.len());
                self.ready.push(agent);
            }
            (false, Some(place)) => {
                self.ready.swap_remove(place);
                self.places.remove(&agent);
                if let Some(moved) = self.ready.get(place) {
                    self.places.insert(*moved, place);
                }
            }
            _ => {}
        }
    }
}
