//! Agents in one thread with a network between them, good or bad, that is the same again for a seed.

use std::{collections::BTreeMap, time::Duration};

use gary_promise::{AgentId, Body, BootEpoch, Frame, PromiseId, Time, Verifier};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

use super::{
    Sheets,
    testing::{Agent, Book, bytes, verifier},
};

/// How long a frame takes in a good network.
pub(super) const LATENCY: Duration = Duration::from_millis(1);

/// To how many members a hint is told.
pub(super) const HINTED: usize = 3;

/// What a network does to frames, each in so many of a hundred cases.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Faults {
    pub(super) lost: u32,
    pub(super) repeated: u32,
    /// Up to how much longer a frame takes than it should.
    pub(super) delay: Duration,
    pub(super) hints_lost: u32,
}

/// An agent, with what it knows of others.
pub(super) struct Node {
    pub(super) agent: Agent,
    pub(super) sheets: Sheets,
    /// What its owner's events add up to, which must be what it knows.
    told: BTreeMap<AgentId, Vec<PromiseId>>,
}

/// Agents, and what is on its way among them.
pub(super) struct Network {
    pub(super) nodes: BTreeMap<AgentId, Node>,
    /// In the order in which it arrives; a hint comes without its sender's name on some ways.
    on_way: BTreeMap<(Time, u64), (AgentId, AgentId, Frame)>,
    pub(super) sent: u64,
    pub(super) sent_bytes: usize,
    pub(super) now: Time,
    pub(super) faults: Faults,
    rng: ChaCha8Rng,
    verifier: Verifier,
}

impl Network {
    /// Agents that know of each other, and nothing yet of what the others have promised.
    pub(super) fn new(count: u16, seed: u64) -> Self {
        let now = Time::from_us(0);
        let nodes = (0..count).map(|number| {
            let mut agent = Agent::new(number);
            agent.promise(Body::Admit);
            agent.sign();
            let sheets = Sheets::new(agent.id(), seed ^ u64::from(number) << 32, now);
            let told = BTreeMap::new();
            let node = Node {
                agent,
                sheets,
                told,
            };
            (node.agent.id(), node)
        });
        let mut network = Self {
            nodes: nodes.collect(),
            on_way: BTreeMap::new(),
            sent: 0,
            sent_bytes: 0,
            now,
            faults: Faults::default(),
            rng: ChaCha8Rng::seed_from_u64(seed),
            verifier: verifier(),
        };
        for agent in network.ids() {
            network.introduce(agent);
        }
        network
    }

    pub(super) fn ids(&self) -> Vec<AgentId> {
        self.nodes.keys().copied().collect()
    }

    /// The agent learns who else there is, and publishes what it has promised.
    pub(super) fn introduce(&mut self, agent: AgentId) {
        let others = self.ids();
        let node = self.nodes.get_mut(&agent).expect("it is there");
        for other in others {
            node.sheets.handle_up(self.now, other, BootEpoch(0));
        }
        node.sheets.publish(&node.agent.sheet);
        self.collect(agent);
    }

    /// The agent of this place, counted around, changes its mind.
    pub(super) fn change(&mut self, place: usize, act: u8) {
        let agent = self.ids()[place % self.nodes.len()];
        let node = self.nodes.get_mut(&agent).expect("it is there");
        let last = node.agent.promises.last().cloned();
        let owner = &mut node.agent;
        match (act % 5, last) {
            (0, Some(last)) => {
                owner.withdraw(&last);
            }
            (1, Some(last)) => {
                owner.revise(&last, Body::Admit);
            }
            // A restart: what stood before does so no longer, but for what is promised again.
            (2, _) => {
                *owner = Agent::started(owner.number, owner.head().epoch.0 + 1);
                owner.keep(act);
            }
            _ => {
                owner.keep(act);
            }
        }
        node.agent.sign();
        node.sheets.publish(&node.agent.sheet);
        self.collect(agent);
    }

    /// Takes what the agent has to say.
    fn collect(&mut self, agent: AgentId) {
        let node = self.nodes.get_mut(&agent).expect("it is there");
        let mut frames = Vec::new();
        while let Some(frame) = node.sheets.poll_frame() {
            frames.push(frame);
        }
        let mut hints = Vec::new();
        while let Some(hint) = node.sheets.poll_hint() {
            hints.push(hint);
        }
        while let Some(change) = node.sheets.poll_change() {
            let told = node.told.entry(change.owner).or_default();
            let before = told.len();
            told.retain(|promise| !change.went.contains(promise));
            assert_eq!(
                told.len() + change.went.len(),
                before,
                "all that went was there"
            );
            told.extend(change.came.iter().map(|promise| promise.id()));
        }
        for (to, frame) in frames {
            self.send(agent, to, frame);
        }
        let members = self.ids();
        for hint in hints {
            for _ in 0..HINTED {
                let to = members[self.rng.random_range(0..members.len())];
                if self.rng.random_range(0..100) >= self.faults.hints_lost {
                    self.send(agent, to, Frame::Hint(hint));
                }
            }
        }
    }

    fn send(&mut self, from: AgentId, to: AgentId, frame: Frame) {
        self.sent_bytes += bytes(&frame);
        let copies = 1 + u32::from(self.rng.random_range(0..100) < self.faults.repeated);
        for _ in 0..copies {
            self.sent += 1;
            if self.rng.random_range(0..100) < self.faults.lost {
                continue;
            }
            let delay = self.faults.delay.mul_f64(self.rng.random());
            let at = self.now.after(LATENCY + delay);
            self.on_way
                .insert((at, self.sent), (from, to, frame.clone()));
        }
    }

    fn deliver(&mut self, from: AgentId, to: AgentId, frame: Frame) {
        let Some(Node { sheets, .. }) = self.nodes.get_mut(&to) else {
            return;
        };
        match frame {
            Frame::Hint(hint) => sheets.handle_hint(self.now, Some(from), hint),
            Frame::Fetch(fetch) => sheets.handle_fetch(from, fetch),
            Frame::Sheet(part) => {
                sheets.handle_part(self.now, from, part, &mut self.verifier, &Book);
            }
            Frame::Digest(digest) => sheets.handle_digest(from, digest),
            Frame::Listing(listing) => sheets.handle_listing(self.now, from, listing),
            _ => panic!("no frame of sheets"),
        }
        self.collect(to);
    }

    /// Lets time pass until a condition holds, which is looked at every second; says whether it did
    /// within `span`.
    pub(super) fn run_until(&mut self, span: Duration, is_met: impl Fn(&Self) -> bool) -> bool {
        let end = self.now.after(span);
        while self.now < end {
            if is_met(self) {
                return true;
            }
            self.run(Duration::from_secs(1));
        }
        is_met(self)
    }

    /// Lets time pass.
    pub(super) fn run(&mut self, span: Duration) {
        let end = self.now.after(span);
        loop {
            let arrival = self.on_way.first_key_value().map(|((at, _), _)| *at);
            let timeouts = self.nodes.iter();
            let (timeout, agent) = timeouts
                .map(|(agent, node)| (node.sheets.poll_timeout(), *agent))
                .min()
                .expect("there are agents");
            let next = arrival.map_or(timeout, |at| at.min(timeout));
            if next > end {
                break;
            }
            self.now = self.now.max(next);
            if arrival == Some(next) {
                let (_, (from, to, frame)) = self.on_way.pop_first().expect("it is there");
                self.deliver(from, to, frame);
            } else {
                let node = self.nodes.get_mut(&agent).expect("it is there");
                node.sheets.handle_timeout(self.now);
                self.collect(agent);
            }
        }
        self.now = end;
    }

    /// Whether everybody knows every sheet as its owner signed it last.
    pub(super) fn is_converged(&self) -> bool {
        let owners = self.nodes.values().map(|node| &node.agent);
        let mut heads = owners.map(|owner| (owner.id(), owner.head()));
        heads.all(|(owner, head)| {
            let mut everybody = self.nodes.values();
            everybody.all(|node| node.sheets.version_of(owner) == Some(head))
        })
    }

    /// That everybody knows of each sheet what is on it, and was told so by what its events add up to.
    pub(super) fn check_contents(&self) {
        for node in self.nodes.values() {
            for owner in self.nodes.values().map(|node| &node.agent) {
                let known = node.sheets.sheet(owner.id()).expect("it is known");
                let known: Vec<PromiseId> = known.promises().map(|its| its.id()).collect();
                let own: Vec<PromiseId> = owner.promises.iter().map(|its| its.id()).collect();
                assert_eq!(known, own);
                if owner.id() != node.agent.id() {
                    let mut told = node.told[&owner.id()].clone();
                    told.sort();
                    assert_eq!(told, own, "events tell of every change");
                }
            }
        }
    }
}
