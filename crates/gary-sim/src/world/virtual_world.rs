//! A world of agents in virtual time.

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use gary_agent::Agent;
use gary_promise::{AgentId, AgentKey, BootEpoch, ClusterId, Frame, PromiseId, Settlement, Time};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::act::Act;
use super::disk::Disk;
use super::exclusive::Shared;
use super::host::{Became, Host, Turned};
use super::network::{Network, NetworkSpec};
use super::node::{Input, Node, NodeNo, NodeSpec};
use super::owner::Owner;
use super::queue::{Happening, Queue};
use super::release::Release;
use crate::seen::Seen;
use crate::watch::Watch;

/// The cluster that every simulated agent is of.
pub const CLUSTER: ClusterId = ClusterId::from_bytes([0x6a; 32]);

/// The most frames that are remembered, to be said again or lied about.
pub(super) const REMEMBERED_MAX: usize = 512;

/// How a world is.
#[derive(Debug)]
pub struct WorldSpec {
    /// From which all of its chance comes.
    pub seed: u64,
    /// Its nodes. None of them is up before it is started.
    pub nodes: Vec<NodeSpec>,
    /// How many owners there are.
    pub owners: usize,
    /// What lies between the nodes.
    pub network: NetworkSpec,
}

/// A world of agents in virtual time: one thread, and one seed that replays everything.
#[derive(Debug)]
pub struct World {
    pub(super) now: Time,
    pub(super) queue: Queue,
    pub(super) nodes: Vec<Node>,
    by_id: BTreeMap<AgentId, NodeNo>,
    pub(super) by_address: BTreeMap<SocketAddr, NodeNo>,
    pub(super) owners: Vec<Owner>,
    pub(super) network: Network,
    pub(super) random: ChaCha8Rng,
    pub(super) watch: Watch,
    /// What agents have said of late.
    pub(super) said: VecDeque<(NodeNo, NodeNo, Frame)>,
    pub(super) frames: u64,
    pub(super) packets: u64,
    /// What those share who run something exclusive.
    pub(super) shared: Shared,
    /// What persons were told of what they had entrusted.
    pub(super) settled: Vec<(Time, NodeNo, Settlement)>,
}

impl World {
    /// A world in which nothing has happened yet.
    pub fn new(spec: WorldSpec, watch: Watch) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(spec.seed);
        let mut fork = || ChaCha8Rng::seed_from_u64(random.random());
        let network = Network::new(spec.network, fork());
        let nodes = spec.nodes.into_iter().enumerate().map(|(number, its)| {
            let disk = Disk::new(its.disk, fork());
            let host = Host::new(its.host, fork());
            Node::new(
                key_seed(spec.seed, 1, number),
                its,
                address(number),
                disk,
                host,
            )
        });
        let nodes: Vec<Node> = nodes.collect();
        let owners = (0..spec.owners)
            .map(|number| Owner::new(owner_key(spec.seed, number), CLUSTER, BootEpoch(1), number));
        let owners: Vec<Owner> = owners.collect();
        let numbered = nodes.iter().enumerate();
        let mut world = Self {
            now: Time::from_us(0),
            queue: Queue::default(),
            by_id: numbered.map(|(at, its)| (its.id, NodeNo(at))).collect(),
            by_address: nodes
                .iter()
                .enumerate()
                .map(|(at, its)| (its.address, NodeNo(at)))
                .collect(),
            nodes,
            owners,
            network,
            random,
            watch,
            said: VecDeque::new(),
            frames: 0,
            packets: 0,
            shared: Shared::new(spec.seed),
            settled: Vec::new(),
        };
        for (number, node) in world.nodes.iter().enumerate() {
            world.watch.name(node.id, NodeNo(number).to_string());
        }
        for (number, owner) in world.owners.iter().enumerate() {
            world.watch.name(owner.id(), format!("p{}", number + 1));
        }
        world
    }

    /// The world's own time.
    pub const fn now(&self) -> Time {
        self.now
    }

    /// What a node's agent makes of the world; `None` while the node is down.
    pub fn agent(&self, node: NodeNo) -> Option<&Agent<Release>> {
        self.nodes.get(node.0)?.agent.as_deref()
    }

    /// How many components a node's host runs or is about to.
    pub fn components(&self, node: NodeNo) -> usize {
        let its = self.nodes.get(node.0);
        its.map_or(0, |its| its.host.count())
    }

    /// How many frames were said.
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    /// How many packets were sent.
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// What persons were told since this was asked last of what they had entrusted: when, and by which node.
    pub fn take_settled(&mut self) -> Vec<(Time, NodeNo, Settlement)> {
        std::mem::take(&mut self.settled)
    }

    /// What was seen of it.
    pub const fn watch(&self) -> &Watch {
        &self.watch
    }

    /// What was seen of it, to be asked for more.
    pub const fn watch_mut(&mut self) -> &mut Watch {
        &mut self.watch
    }

    /// Everything should be settled: looks at all there is, unless something did not hold before.
    pub fn scan(&mut self) {
        if self.watch.violation().is_none() {
            self.watch.scan(self.now);
        }
    }

    /// Does something to it after a while.
    pub fn plan(&mut self, after: Duration, act: Act) {
        self.queue.push(self.now.after(after), Happening::Acts(act));
    }

    /// Goes on for a while, or until a property does not hold.
    pub fn run_for(&mut self, span: Duration) {
        let until = self.now.after(span);
        while self.watch.violation().is_none() {
            let Some((at, happening)) = self.queue.pop_by(until) else {
                self.now = until;
                break;
            };
            self.now = at;
            self.happen(happening);
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Arrives {
                from,
                to,
                connection,
                frame,
            } if self.network.arrives(from, to, connection) => {
                let is_noise = false;
                let heard = Input::Frame {
                    from,
                    frame,
                    is_noise,
                };
                self.take_in(to, heard);
            }
            Happening::Delivers {
                from,
                agent,
                to,
                bytes,
            } if !self.network.is_cut(from, to) => {
                self.take_in(to, Input::Packet { from: agent, bytes });
            }
            Happening::Synced { node, boot, write } if self.lives(node, boot) => {
                let its = &mut self.nodes[node.0];
                let facts = its.disk.synced(write, self.watch.reader());
                let agent = its.id;
                let facts = &facts;
                self.watch.see(self.now, Seen::Stores { agent, facts });
                self.take_in(node, Input::Stored(write));
            }
            Happening::Due { node, boot }
                if self.lives(node, boot) && self.nodes[node.0].due_at == Some(self.now) =>
            {
                self.nodes[node.0].due_at = None;
                self.take_in(node, Input::Due);
            }
            Happening::Turns { node, boot, turn } if self.lives(node, boot) => {
                if self.waits_for_its_node(node, &turn.offer) {
                    let at = self.nodes[node.0].stalled_until;
                    self.queue.push(at, Happening::Turns { node, boot, turn });
                    return;
                }
                let offer = turn.offer;
                if let Some(turned) = self.nodes[node.0].host.handle(self.now, turn) {
                    self.turned(node, turned, offer);
                }
            }
            Happening::RunsOut { node, boot, offer } if self.lives(node, boot) => {
                self.run_out(node, offer);
            }
            Happening::Uses {
                node,
                boot,
                offer,
                epoch,
            } if self.lives(node, boot) => self.use_shared(node, offer, epoch),
            Happening::Used {
                agent,
                offer,
                workload,
                epoch,
            } => self.used(agent, offer, workload, epoch),
            Happening::Wakes { node, boot } if self.lives(node, boot) => {
                let its = &mut self.nodes[node.0];
                its.is_woken = false;
                if its.busy_until <= self.now
                    && let Some(input) = its.inbox.pop_front()
                {
                    self.step(node, input);
                }
                self.wake_later(node);
            }
            Happening::Acts(act) => self.act(act),
            // Of an earlier start, lost on its way, or asked for otherwise since.
            _ => {}
        }
    }

    /// Something has become of a component.
    pub(super) fn turned(&mut self, node: NodeNo, turned: Turned, offer: PromiseId) {
        let boot = self.nodes[node.0].boot;
        let Turned {
            became,
            report,
            next,
        } = turned;
        if let Some((at, turn)) = next {
            self.queue.push(at, Happening::Turns { node, boot, turn });
        }
        self.see_component(node, &became, offer);
        self.take_in(node, Input::Reported(report));
    }

    /// Whether it is up since that start.
    pub(super) fn lives(&self, node: NodeNo, boot: BootEpoch) -> bool {
        let its = &self.nodes[node.0];
        its.is_up() && its.boot == boot
    }

    fn see_component(&mut self, node: NodeNo, became: &Became, offer: PromiseId) {
        let its = &self.nodes[node.0];
        let agent = its.id;
        let seen = match became {
            Became::Running(binding) => {
                let enforced = binding.enforced().resources();
                let adapter = its.spec.adapter.as_ref();
                let given = adapter.map_or(enforced, |its| its.gives(enforced));
                let epoch = its.host.term(&offer).map(|its| its.epoch);
                if let Some(epoch) = epoch {
                    self.begin_to_use(node, offer, epoch);
                }
                Seen::Runs {
                    agent,
                    binding,
                    given,
                    epoch,
                }
            }
            Became::Failed | Became::Ended | Became::Stopped => Seen::Halts { agent, offer },
        };
        self.watch.see(self.now, seen);
    }

    /// The node at an address, if its agent is the one that is meant.
    pub(super) fn at_address(&self, address: &SocketAddr, agent: AgentId) -> Option<NodeNo> {
        let node = self.by_address.get(address).copied()?;
        (self.nodes[node.0].id == agent).then_some(node)
    }

    pub(super) fn node_of(&self, agent: AgentId) -> Option<NodeNo> {
        self.by_id.get(&agent).copied()
    }
}

/// Where a node is at first.
fn address(number: usize) -> SocketAddr {
    let [_, high, middle, low] = (number as u32).to_be_bytes();
    SocketAddr::from((Ipv4Addr::new(10, high, middle, low), 4270))
}

/// The secret of one of the nodes of the world of this seed: whoever has it can speak in its agent's name.
pub fn node_key(seed: u64, node: NodeNo) -> AgentKey {
    AgentKey::from_seed(&key_seed(seed, 1, node.0))
}

/// The secret of one of the owners of the world of this seed.
pub(crate) fn owner_key(seed: u64, number: usize) -> AgentKey {
    AgentKey::from_seed(&key_seed(seed, 2, number))
}

/// The secret of one of the world's agents: everybody's differs, in this world and from those of others.
fn key_seed(seed: u64, kind: u8, number: usize) -> [u8; 32] {
    let mut bytes = [kind; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&(number as u64).to_le_bytes());
    bytes
}
