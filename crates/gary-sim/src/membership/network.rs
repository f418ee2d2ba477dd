//! Agents on a virtual network, under a virtual clock.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use gary_agent::membership::{Event, Membership, Seed, Settings};
use gary_promise::{AgentId, BootEpoch, BootNonce, MemberId, Renewals, Time};
use rand::{Rng as _, SeedableRng as _, rngs::ChaCha8Rng};

use super::{Faults, MemoCodec};

/// The most packets that wait for a stalled agent; later ones are lost, as they are by a socket.
const INBOX_PACKETS_MAX: usize = 512;

/// Something that an agent said, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed {
    /// When.
    pub at: Time,
    /// Which agent, by its number.
    pub by: usize,
    /// What.
    pub event: Event,
}

/// Agents, by their numbers, and what is on its way between them.
pub struct Network {
    now: Time,
    rng: ChaCha8Rng,
    settings: Settings,
    faults: Faults,
    codec: MemoCodec,
    nodes: Vec<Node>,
    queue: BinaryHeap<Reverse<(Time, u64, Happening)>>,
    happened: u64,
    observed: Vec<Observed>,
    packets: u64,
    bytes: u64,
}

struct Node {
    membership: Membership<MemoCodec>,
    epoch: BootEpoch,
    alive: bool,
    stalled: bool,
    /// Which side of a partition it is on.
    side: u8,
    inbox: VecDeque<(AgentId, Vec<u8>)>,
    /// When it is going to be woken.
    alarm: Option<Time>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Alarm(usize),
    Stall(usize),
    Wake(usize),
    Arrival {
        from: usize,
        to: usize,
        bytes: Vec<u8>,
    },
}

impl Network {
    /// So many agents, none of which knows any other.
    pub fn new(agents: usize, seed: u64, settings: &Settings, faults: &Faults) -> Self {
        let mut network = Self {
            now: Time::from_us(0),
            rng: ChaCha8Rng::seed_from_u64(seed),
            settings: settings.clone(),
            faults: *faults,
            codec: MemoCodec::default(),
            nodes: Vec::with_capacity(agents),
            queue: BinaryHeap::new(),
            happened: 0,
            observed: Vec::new(),
            packets: 0,
            bytes: 0,
        };
        for agent in 0..agents {
            let node = network.start(agent, BootEpoch(1));
            network.nodes.push(node);
            network.stall_later(agent);
        }
        network
    }

    /// So many agents, each of which knows all the others.
    ///
    /// # Panics
    ///
    /// When they do not find each other within ten minutes.
    pub fn formed(agents: usize, seed: u64, settings: &Settings, faults: &Faults) -> Self {
        let mut network = Self::new(agents, seed, settings, &Faults::calm());
        for agent in 1..agents {
            network.join(agent, &[0, agent / 2]);
        }
        assert!(
            network.run_until(Duration::from_secs(600), Self::all_know_all),
            "agents found each other, seed {seed}"
        );
        network.set_faults(faults);
        network
    }

    /// Now.
    pub const fn now(&self) -> Time {
        self.now
    }

    /// How many agents there are, alive or not.
    pub fn agents(&self) -> usize {
        self.nodes.len()
    }

    /// An agent.
    pub fn agent(&self, agent: usize) -> &Membership<MemoCodec> {
        &self.nodes[agent].membership
    }

    /// Whether an agent runs.
    pub fn is_alive(&self, agent: usize) -> bool {
        self.nodes[agent].alive
    }

    /// How many packets, and bytes in them, were sent so far.
    pub const fn sent(&self) -> (u64, u64) {
        (self.packets, self.bytes)
    }

    /// Takes what agents have said since the last time.
    pub fn observed(&mut self) -> Vec<Observed> {
        std::mem::take(&mut self.observed)
    }

    /// From now on, these faults.
    pub fn set_faults(&mut self, faults: &Faults) {
        let stalled_before = self.faults.stalls.is_some();
        self.faults = *faults;
        if !stalled_before {
            for agent in 0..self.nodes.len() {
                self.stall_later(agent);
            }
        }
    }

    /// Lets an agent look for others.
    pub fn join(&mut self, agent: usize, seeds: &[usize]) {
        let seeds: Vec<_> = seeds
            .iter()
            .map(|seed| Seed {
                agent: agent_id(*seed),
                address: address(*seed),
            })
            .collect();
        let now = self.now;
        self.nodes[agent].membership.join(now, seeds);
        self.drain(agent);
    }

    /// Lets an agent leave.
    pub fn leave(&mut self, agent: usize) {
        let now = self.now;
        self.nodes[agent].membership.leave(now);
        self.drain(agent);
    }

    /// Stops an agent without a word.
    pub fn crash(&mut self, agent: usize) {
        self.nodes[agent].alive = false;
        self.nodes[agent].inbox.clear();
    }

    /// Starts an agent again.
    pub fn restart(&mut self, agent: usize, seeds: &[usize]) {
        let epoch = BootEpoch(self.nodes[agent].epoch.0 + 1);
        let side = self.nodes[agent].side;
        self.nodes[agent] = Node {
            side,
            ..self.start(agent, epoch)
        };
        self.join(agent, seeds);
    }

    /// Puts an agent on one side. Packets between sides are lost.
    pub fn put_on_side(&mut self, agent: usize, side: u8) {
        self.nodes[agent].side = side;
    }

    /// Whether every agent that runs knows exactly the others that do.
    pub fn all_know_all(&self) -> bool {
        let alive = self.nodes.iter().filter(|node| node.alive).count();
        self.nodes
            .iter()
            .filter(|node| node.alive)
            .all(|node| node.membership.members_count() + 1 == alive)
    }

    /// Goes on for `span`.
    pub fn run(&mut self, span: Duration) {
        let end = self.now.after(span);
        while let Some(Reverse((at, _, _))) = self.queue.peek()
            && *at <= end
        {
            self.step();
        }
        self.now = end;
    }

    /// Goes on until `done`, which is looked at ten times a second, and for `span` at most. Returns whether
    /// it was.
    pub fn run_until(&mut self, span: Duration, done: impl Fn(&Self) -> bool) -> bool {
        let end = self.now.after(span);
        while self.now < end {
            self.run(Duration::from_millis(100));
            if done(self) {
                return true;
            }
        }
        false
    }

    /// A number from 0 to below `bound`.
    pub fn draw(&mut self, bound: u64) -> u64 {
        // The bias is of no account: bounds are far below 2^64.
        self.rng.next_u64() % bound.max(1)
    }

    fn start(&mut self, agent: usize, epoch: BootEpoch) -> Node {
        let me = MemberId {
            agent: agent_id(agent),
            epoch,
            nonce: BootNonce(self.rng.next_u64()),
            renewals: Renewals(0),
            address: address(agent),
        };
        let seed = self.rng.next_u64();
        let settings = self.settings.clone();
        Node {
            membership: Membership::new(me, settings, seed, self.codec.clone(), self.now),
            epoch,
            alive: true,
            stalled: false,
            side: 0,
            inbox: VecDeque::new(),
            alarm: None,
        }
    }

    fn step(&mut self) {
        let Some(Reverse((at, _, happening))) = self.queue.pop() else {
            return;
        };
        self.now = at;
        match happening {
            Happening::Alarm(agent) => self.alarm(agent),
            Happening::Stall(agent) => self.stall(agent),
            Happening::Wake(agent) => self.wake(agent),
            Happening::Arrival { from, to, bytes } => self.arrive(from, to, bytes),
        }
    }

    fn alarm(&mut self, agent: usize) {
        let node = &mut self.nodes[agent];
        // Alarms are not taken back; one that no longer counts rings in vain.
        if node.alarm != Some(self.now) {
            return;
        }
        node.alarm = None;
        if node.alive && !node.stalled {
            node.membership.handle_timeout(self.now);
            self.drain(agent);
        }
    }

    fn arrive(&mut self, from: usize, to: usize, bytes: Vec<u8>) {
        let node = &mut self.nodes[to];
        if !node.alive {
            return;
        }
        if !node.stalled {
            node.membership
                .handle_packet(self.now, agent_id(from), &bytes);
            self.drain(to);
        } else if node.inbox.len() < INBOX_PACKETS_MAX {
            node.inbox.push_back((agent_id(from), bytes));
        }
    }

    fn stall(&mut self, agent: usize) {
        if let Some(stalls) = self.faults.stalls {
            self.nodes[agent].stalled = true;
            self.later(
                Duration::from_millis(stalls.length_ms),
                Happening::Wake(agent),
            );
        }
    }

    fn wake(&mut self, agent: usize) {
        let now = self.now;
        let node = &mut self.nodes[agent];
        node.stalled = false;
        if node.alive {
            node.membership.handle_timeout(now);
            for (from, bytes) in std::mem::take(&mut node.inbox) {
                node.membership.handle_packet(now, from, &bytes);
            }
            self.drain(agent);
        }
        self.stall_later(agent);
    }

    fn stall_later(&mut self, agent: usize) {
        if let Some(stalls) = self.faults.stalls {
            let gap_us = self.draw(stalls.gap_ms_mean * 2 * 1000);
            self.later(Duration::from_micros(gap_us), Happening::Stall(agent));
        }
    }

    /// Takes what an agent has to say.
    fn drain(&mut self, agent: usize) {
        while let Some((to, bytes)) = self.nodes[agent].membership.poll_packet() {
            self.send(agent, &to, bytes);
        }
        while let Some(event) = self.nodes[agent].membership.poll_event() {
            self.observed.push(Observed {
                at: self.now,
                by: agent,
                event,
            });
        }
        let next = self.nodes[agent].membership.poll_timeout();
        if next != self.nodes[agent].alarm {
            self.nodes[agent].alarm = next;
            if let Some(at) = next {
                self.at(at.max(self.now), Happening::Alarm(agent));
                self.nodes[agent].alarm = Some(at.max(self.now));
            }
        }
    }

    fn send(&mut self, from: usize, to: &MemberId, bytes: Vec<u8>) {
        self.packets += 1;
        self.bytes += bytes.len() as u64;
        let to = agent_number(&to.agent);
        let lost = self.draw(1000) < u64::from(self.faults.loss_permille);
        if lost || to >= self.nodes.len() || self.nodes[from].side != self.nodes[to].side {
            return;
        }
        let spread_us = self.faults.latency_us_max - self.faults.latency_us_min;
        let latency_us = self.faults.latency_us_min + self.draw(spread_us + 1);
        self.later(
            Duration::from_micros(latency_us),
            Happening::Arrival { from, to, bytes },
        );
    }

    fn later(&mut self, span: Duration, happening: Happening) {
        self.at(self.now.after(span), happening);
    }

    fn at(&mut self, at: Time, happening: Happening) {
        self.queue.push(Reverse((at, self.happened, happening)));
        self.happened += 1;
    }
}

/// The agent of this number. Its first bytes are spread, as those of keys are.
fn agent_id(agent: usize) -> AgentId {
    let number = agent as u64;
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    AgentId::from_bytes(bytes)
}

fn agent_number(agent: &AgentId) -> usize {
    let bytes: [u8; 8] = agent.as_bytes()[24..]
        .try_into()
        .expect("the last eight of 32 bytes are eight");
    usize::try_from(u64::from_be_bytes(bytes)).unwrap_or(usize::MAX)
}

fn address(agent: usize) -> SocketAddr {
    let ip = u32::try_from(agent).unwrap_or(u32::MAX) | 0x0a00_0000;
    SocketAddr::new(Ipv4Addr::from_bits(ip).into(), 4270)
}
