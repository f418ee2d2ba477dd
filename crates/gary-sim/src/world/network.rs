//! What lies between nodes: frames ride streams, which break, and packets are datagrams, which get lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gary_promise::Time;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::node::NodeNo;

/// How a network is. Probabilities are for each frame, in millionths.
#[derive(Debug, Clone, Copy)]
pub struct NetworkSpec {
    /// How long a frame takes at least.
    pub latency: Duration,
    /// How much longer it may take.
    pub jitter: Duration,
    /// How likely a connection breaks, with all that is in flight on it.
    pub breaks_ppm: u32,
    /// How likely a frame arrives a second time, later.
    pub doubles_ppm: u32,
    /// How likely a frame falls behind those that were sent after it, as one does that was on an earlier
    /// connection.
    pub reorders_ppm: u32,
    /// How likely a datagram is lost.
    pub loses_ppm: u32,
}

impl NetworkSpec {
    /// A network in a house that does nothing wrong.
    pub const LAN: Self = Self {
        latency: Duration::from_micros(200),
        jitter: Duration::from_micros(300),
        breaks_ppm: 0,
        doubles_ppm: 0,
        reorders_ppm: 0,
        loses_ppm: 0,
    };
}

/// How late what comes twice or out of order may be.
const LATE_MAX: Duration = Duration::from_secs(2);

/// All connections.
#[derive(Debug)]
pub(super) struct Network {
    spec: NetworkSpec,
    random: ChaCha8Rng,
    /// Which way nothing passes.
    cut: BTreeSet<(NodeNo, NodeNo)>,
    /// How often the connection of two broke; the lesser first.
    broken: BTreeMap<(NodeNo, NodeNo), u64>,
    /// When the last frame from one to another arrives: on a stream, nothing overtakes.
    last_arrival: BTreeMap<(NodeNo, NodeNo), Time>,
}

/// One way that a frame takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Passage {
    pub(super) arrives_at: Time,
    /// The connection that it is on, by how many there were before.
    pub(super) connection: u64,
}

impl Network {
    pub(super) fn new(spec: NetworkSpec, random: ChaCha8Rng) -> Self {
        Self {
            spec,
            random,
            cut: BTreeSet::new(),
            broken: BTreeMap::new(),
            last_arrival: BTreeMap::new(),
        }
    }

    /// The ways that a frame takes: none where it is lost.
    pub(super) fn send(&mut self, now: Time, from: NodeNo, to: NodeNo) -> Vec<Passage> {
        if self.is_cut(from, to) {
            return Vec::new();
        }
        if self.happens(self.spec.breaks_ppm) {
            self.break_connection(from, to);
            return Vec::new();
        }
        let connection = self.connection(from, to);
        let mut arrives_at = now.after(self.spec.latency + self.upto(self.spec.jitter));
        let mut passages = Vec::new();
        if self.happens(self.spec.reorders_ppm) {
            arrives_at = arrives_at.after(self.upto(LATE_MAX));
        } else {
            let last = self.last_arrival.entry((from, to)).or_insert(now);
            arrives_at = arrives_at.max(*last);
            *last = arrives_at;
        }
        passages.push(Passage {
            arrives_at,
            connection,
        });
        if self.happens(self.spec.doubles_ppm) {
            let arrives_at = arrives_at.after(self.upto(LATE_MAX));
            passages.push(Passage {
                arrives_at,
                connection,
            });
        }
        passages
    }

    /// When a datagram arrives: never, once or twice, and in no order.
    pub(super) fn deliver(&mut self, now: Time, from: NodeNo, to: NodeNo) -> Vec<Time> {
        if self.is_cut(from, to) || self.happens(self.spec.loses_ppm) {
            return Vec::new();
        }
        let copies = 1 + usize::from(self.happens(self.spec.doubles_ppm));
        let mut arrivals = Vec::with_capacity(copies);
        for _ in 0..copies {
            arrivals.push(now.after(self.spec.latency + self.upto(self.spec.jitter)));
        }
        arrivals
    }

    /// Whether what was sent on this connection still arrives.
    pub(super) fn arrives(&self, from: NodeNo, to: NodeNo, connection: u64) -> bool {
        !self.is_cut(from, to) && self.connection(from, to) == connection
    }

    /// Nothing passes from one to the other any more, and what is in flight is lost.
    pub(super) fn cut(&mut self, from: NodeNo, to: NodeNo) {
        self.cut.insert((from, to));
        self.break_connection(from, to);
    }

    /// Everything passes again.
    pub(super) fn heal(&mut self) {
        self.cut.clear();
    }

    pub(super) fn is_cut(&self, from: NodeNo, to: NodeNo) -> bool {
        self.cut.contains(&(from, to))
    }

    pub(super) fn break_connection(&mut self, one: NodeNo, other: NodeNo) {
        *self.broken.entry(pair(one, other)).or_default() += 1;
    }

    /// From now on it does nothing wrong.
    pub(super) fn calm(&mut self) {
        self.heal();
        self.spec = NetworkSpec {
            breaks_ppm: 0,
            doubles_ppm: 0,
            reorders_ppm: 0,
            loses_ppm: 0,
            ..self.spec
        };
    }

    fn connection(&self, one: NodeNo, other: NodeNo) -> u64 {
        self.broken
            .get(&pair(one, other))
            .copied()
            .unwrap_or_default()
    }

    fn happens(&mut self, ppm: u32) -> bool {
        ppm > 0 && self.random.random_range(0..1_000_000) < ppm
    }

    fn upto(&mut self, span: Duration) -> Duration {
        let span_us = span.as_micros() as u64;
        Duration::from_micros(self.random.random_range(0..=span_us))
    }
}

fn pair(one: NodeNo, other: NodeNo) -> (NodeNo, NodeNo) {
    (one.min(other), one.max(other))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const HERE: NodeNo = NodeNo(0);
    const THERE: NodeNo = NodeNo(1);

    fn network(spec: NetworkSpec) -> Network {
        Network::new(spec, ChaCha8Rng::seed_from_u64(1))
    }

    #[test]
    fn on_a_stream_nothing_overtakes() {
        let mut network = network(NetworkSpec::LAN);
        let mut last = Time::from_us(0);
        for at_us in 0..200 {
            let passage = network.send(Time::from_us(at_us), HERE, THERE)[0];
            assert!(passage.arrives_at >= last);
            last = passage.arrives_at;
        }
    }

    #[test]
    fn a_cut_loses_what_is_in_flight_one_way_or_both() {
        let mut network = network(NetworkSpec::LAN);
        let there = network.send(Time::from_us(0), HERE, THERE)[0];
        assert!(network.arrives(HERE, THERE, there.connection));
        network.cut(HERE, THERE);
        assert!(!network.arrives(HERE, THERE, there.connection));
        assert!(network.send(Time::from_us(1), HERE, THERE).is_empty());
        let back = network.send(Time::from_us(1), THERE, HERE)[0];
        network.heal();
        assert!(network.arrives(THERE, HERE, back.connection));
        assert!(!network.arrives(HERE, THERE, there.connection));
    }
}
