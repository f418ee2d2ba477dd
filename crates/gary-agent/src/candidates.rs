//! Who might host: what agents have promised of their machines, and whether they are there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gary_promise::{AgentId, Capacity, Consider, LabelKey, Needs};
use rand::{Rng, RngExt};

use crate::custody::Considering;
use crate::dense::dense;

/// In a cluster of up to this many machines all are looked at. In a larger one a few are drawn: to take
/// the best of a few is nearly as good as the best of all, and needs no list that everybody agrees on.
/// (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001.)
pub const ALL_CONSIDERED_MAX: usize = 32;

/// How many machines are drawn for one that is wanted, at most: most draws may be of machines that do not
/// fit.
pub const DRAWS_PER_CANDIDATE: usize = 8;

/// The label of machines that fail together.
pub(crate) const ZONE: &str = "zone";

/// What this agent knows of the machines of its cluster, by what their agents have promised.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    known: BTreeMap<AgentId, Known>,
    /// Those with a capacity that are there, to draw from. Its order follows from what was learned when,
    /// so that a run replays.
    ready: Vec<AgentId>,
    /// How many look at what anybody submits.
    considering: usize,
}

/// What is known of one machine. There are as many as agents, and a copy of each with every agent.
#[derive(Debug, Default)]
struct Known {
    capacity: Option<Arc<Capacity>>,
    considers: Option<Consider>,
    is_up: bool,
    /// Where it is among those that are ready.
    place: Option<usize>,
}

/// What has changed of whom an agent looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Considers {
    /// It looks at what somebody submits.
    Begins,
    /// It looks at nothing any more.
    Ceases,
}

impl Candidates {
    pub(crate) fn set_up(&mut self, agent: AgentId, is_up: bool) {
        self.known.entry(agent).or_default().is_up = is_up;
        self.settle(agent);
    }

    pub(crate) fn is_up(&self, agent: &AgentId) -> bool {
        self.known.get(agent).is_some_and(|its| its.is_up)
    }

    /// What an agent's machine has. Says whether that is another than was known.
    pub(crate) fn set_capacity(&mut self, agent: AgentId, capacity: Option<Arc<Capacity>>) -> bool {
        let known = &mut self.known.entry(agent).or_default().capacity;
        let is_revised = known.is_some() && *known != capacity;
        *known = capacity;
        self.settle(agent);
        is_revised
    }

    /// Whose submissions an agent looks at. Says whether it begins to look at somebody's, or ceases to.
    pub(crate) fn set_considers(
        &mut self,
        agent: AgentId,
        considers: Option<Consider>,
    ) -> Option<Considers> {
        let known = self.known.entry(agent).or_default();
        let (was_considering, is_considering) = (known.considers.is_some(), considers.is_some());
        self.considering -= usize::from(was_considering);
        self.considering += usize::from(is_considering);
        known.considers = considers;
        self.settle(agent);
        match (was_considering, is_considering) {
            (false, true) => Some(Considers::Begins),
            (true, false) => Some(Considers::Ceases),
            _ => None,
        }
    }

    /// Whether an agent looks at nothing that others submit, by its own word: its sheet is known, and says nothing of that.
    pub(crate) fn looks_at_nothing(&self, agent: &AgentId) -> bool {
        let known = self.known.get(agent);
        known.is_some_and(|its| its.capacity.is_some() && its.considers.is_none())
    }

    pub(crate) fn forget(&mut self, agent: &AgentId) {
        if let Some(known) = self.known.get_mut(agent) {
            known.is_up = false;
        }
        self.settle(*agent);
        let known = self.known.remove(agent);
        let considered = known.is_some_and(|its| its.considers.is_some());
        self.considering -= usize::from(considered);
    }

    /// Takes as little memory as it can.
    pub(crate) fn pack(&mut self) {
        dense(&mut self.known);
    }

    pub(crate) fn capacity(&self, agent: &AgentId) -> Option<&Capacity> {
        self.known.get(agent)?.capacity.as_deref()
    }

    /// Whether an agent is there, looks at what this owner submits, and its machine fits.
    pub(crate) fn fits(&self, agent: &AgentId, needs: &Needs, owner: AgentId) -> bool {
        let Some(known) = self.known.get(agent).filter(|its| its.is_up) else {
            return false;
        };
        let (considers, capacity) = (known.considers.as_ref(), known.capacity.as_ref());
        // Whether an owner is a client, each agent knows for itself: it was admitted.
        considers.is_some_and(|its| its.submitters.include(owner, true))
            && capacity.is_some_and(|its| its.fits(needs).is_ok())
    }

    /// Those who look at what somebody submits, whether they are there or not.
    pub(crate) fn considering(&self) -> impl Iterator<Item = Considering<'_>> {
        let zone: LabelKey = ZONE.parse().expect("it is a label's key");
        let known = self.known.iter();
        let known = known.filter(|(_, its)| its.considers.is_some());
        known.map(move |(agent, its)| Considering {
            agent: *agent,
            is_up: its.is_up,
            zone: its
                .capacity
                .as_deref()
                .and_then(|its| its.labels.get(&zone)),
        })
    }

    /// How many these are.
    pub(crate) const fn considering_count(&self) -> usize {
        self.considering
    }

    /// Machines that fit, not among those that are `passed_over`: all there are in a small cluster, some
    /// drawn by chance in a large one, each once and in an order of chance.
    pub(crate) fn draw(
        &self,
        wanted: usize,
        needs: &Needs,
        owner: AgentId,
        passed_over: impl Fn(&AgentId) -> bool,
        random: &mut impl Rng,
    ) -> Vec<AgentId> {
        let fits = |agent: &AgentId| self.fits(agent, needs, owner) && !passed_over(agent);
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
        let Some(known) = self.known.get_mut(&agent) else {
            return;
        };
        let is_ready = known.is_up && known.capacity.is_some() && known.considers.is_some();
        match (is_ready, known.place) {
            (true, None) => {
                known.place = Some(self.ready.len());
                self.ready.push(agent);
            }
            (false, Some(place)) => {
                known.place = None;
                self.ready.swap_remove(place);
                if let Some(moved) = self.ready.get(place)
                    && let Some(known) = self.known.get_mut(moved)
                {
                    known.place = Some(place);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use gary_promise::{Architecture, Interfaces, Labels, Portion, Resources, Submitters};
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;

    use super::*;

    fn agent(number: u32) -> AgentId {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        AgentId::from_bytes(bytes)
    }

    fn capacity(memory_bytes: u64) -> Capacity {
        let architecture: Architecture = "x86_64".parse().expect("an architecture");
        Capacity {
            resources: Resources::new(1_000_000, memory_bytes).expect("not absurd"),
            labels: Labels::default(),
            architecture,
            interfaces: Interfaces::default(),
        }
    }

    fn needs(memory_bytes: u64) -> Needs {
        Needs {
            portion: Portion::new(1000, memory_bytes).expect("something of both"),
            labels: Labels::default(),
            architecture: None,
            interfaces: Interfaces::default(),
        }
    }

    fn anybody() -> Consider {
        let submitters = Submitters::AnyClient;
        Consider { submitters }
    }

    /// A cluster in which every tenth machine is large.
    fn cluster(size: u32) -> Candidates {
        let mut candidates = Candidates::default();
        for number in 0..size {
            let memory_bytes = if number % 10 == 0 { 1000 } else { 10 };
            candidates.set_up(agent(number), true);
            candidates.set_capacity(agent(number), Some(capacity(memory_bytes).into()));
            candidates.set_considers(agent(number), Some(anybody()));
        }
        candidates
    }

    #[test]
    fn in_a_small_cluster_all_that_fit_are_looked_at() {
        let candidates = cluster(30);
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut drawn = candidates.draw(1, &needs(500), agent(99), |_| false, &mut random);
        drawn.sort_unstable();
        assert_eq!(drawn, [agent(0), agent(10), agent(20)]);
    }

    #[test]
    fn in_a_large_one_a_few_are_drawn_and_all_of_them_fit() {
        let candidates = cluster(1000);
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut seen = BTreeSet::new();
        for _ in 0..200 {
            let drawn = candidates.draw(4, &needs(500), agent(99), |_| false, &mut random);
            assert!(drawn.len() <= 4 && drawn.iter().collect::<BTreeSet<_>>().len() == drawn.len());
            assert!(
                drawn
                    .iter()
                    .all(|its| candidates.capacity(its) == Some(&capacity(1000)))
            );
            seen.extend(drawn);
        }
        assert!(
            seen.len() > 90,
            "chance reaches nearly all of the hundred: {}",
            seen.len()
        );
    }

    #[test]
    fn whoever_is_gone_considers_nobody_or_is_passed_over_is_not_drawn() {
        let mut candidates = cluster(30);
        candidates.set_up(agent(0), false);
        candidates.set_considers(agent(10), None);
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut draw = |candidates: &Candidates| {
            candidates.draw(
                1,
                &needs(500),
                agent(99),
                |its| *its == agent(20),
                &mut random,
            )
        };
        assert_eq!(draw(&candidates), []);
        candidates.set_up(agent(0), true);
        assert_eq!(draw(&candidates), [agent(0)]);
        candidates.forget(&agent(0));
        assert_eq!(draw(&candidates), []);
    }

    proptest! {
        #[test]
        fn the_list_to_draw_from_is_of_those_who_are_ready(
            steps in prop::collection::vec((0..3_u8, 0..12_u32, any::<bool>()), 0..80),
        ) {
            let mut candidates = Candidates::default();
            for (what, number, is_so) in steps {
                match what {
                    0 => candidates.set_up(agent(number), is_so),
                    1 => {
                        candidates.set_capacity(agent(number), is_so.then(|| capacity(10).into()));
                    }
                    _ => {
                        candidates.set_considers(agent(number), is_so.then(anybody));
                    }
                }
            }
            let is_ready = |known: &Known| {
                known.is_up && known.capacity.is_some() && known.considers.is_some()
            };
            let known = candidates.known.iter().filter(|(_, known)| is_ready(known));
            let ready: BTreeSet<_> = known.map(|(agent, _)| *agent).collect();
            prop_assert_eq!(candidates.ready.len(), ready.len());
            prop_assert_eq!(candidates.ready.iter().copied().collect::<BTreeSet<_>>(), ready);
        }
    }
}
