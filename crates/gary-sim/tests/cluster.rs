//! Whole agents, membership and sheets included, that say everything to one another as bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use gary_agent::membership::{Seed, Settings};
use gary_agent::{Agent, AgentSetup, Fact, HostReport, Order, Setup, WriteId};
use gary_promise::{
    AgentId, AgentKey, Body, BootEpoch, BootNonce, ClusterId, Codec, Condition, Consider, Frame,
    Portion, Promise, PromiseId, Promiser, Signed, SignedRecord, Submitters, Time, WorkloadId,
};
use gary_sim::{Frailty, capacity, intent};
use gary_wire::WireCodec;

const CLUSTER: ClusterId = ClusterId::from_bytes([0x51; 32]);
const CORE: u64 = 1_000_000;
const MEBIBYTE: u64 = 1 << 20;

/// How long anything takes to arrive.
const LATENCY: Duration = Duration::from_micros(300);
/// How long a disk takes to store something.
const SYNC: Duration = Duration::from_millis(2);
/// How long a component takes to start.
const START: Duration = Duration::from_millis(20);

/// Something that happens to one node.
enum Happening {
    Frame { from: AgentId, bytes: Vec<u8> },
    Packet { from: AgentId, bytes: Vec<u8> },
    Stored { id: WriteId, facts: Vec<Fact> },
    Started { offer: PromiseId },
    Stopped { offer: PromiseId },
}

/// One machine: its agent while it is up, and what stays when it is not.
struct Node {
    key_seed: [u8; 32],
    address: SocketAddr,
    agent: Option<Agent<WireCodec>>,
    starts: u64,
    disk: BTreeMap<PromiseId, SignedRecord>,
    /// What its host runs, by offer.
    running: BTreeMap<PromiseId, (WorkloadId, u32)>,
}

/// Machines on a network that loses nothing.
struct Cluster {
    now: Time,
    nodes: BTreeMap<AgentId, Node>,
    queue: BTreeMap<(Time, u64), (AgentId, u64, Happening)>,
    count: u64,
    bytes: u64,
}

impl Cluster {
    /// So many machines, all of them started, each of which knows of the first.
    fn of(size: u8) -> Self {
        let mut cluster = Self {
            now: Time::from_us(1),
            nodes: BTreeMap::new(),
            queue: BTreeMap::new(),
            count: 0,
            bytes: 0,
        };
        let mut ids = Vec::new();
        for number in 1..=size {
            let key_seed = [number; 32];
            let id = AgentKey::from_seed(&key_seed).id();
            let node = Node {
                key_seed,
                address: SocketAddr::from(([10, 0, 0, number], 4270)),
                agent: None,
                starts: 0,
                disk: BTreeMap::new(),
                running: BTreeMap::new(),
            };
            cluster.nodes.insert(id, node);
            ids.push(id);
        }
        for id in &ids {
            cluster.start(*id, ids[0]);
        }
        cluster
    }

    fn start(&mut self, id: AgentId, by_way_of: AgentId) {
        let now = self.now;
        let address = self.nodes[&by_way_of].address;
        let node = self.nodes.get_mut(&id).expect("it is one of them");
        node.starts += 1;
        let setup = AgentSetup {
            dealings: Setup {
                key: AgentKey::from_seed(&node.key_seed),
                cluster: CLUSTER,
                epoch: BootEpoch(node.starts),
                capacity: capacity(4 * CORE, 1024 * MEBIBYTE),
                consider: Some(Consider {
                    submitters: Submitters::AnyClient,
                }),
                seed: u64::from(node.key_seed[0]) + 1000 * node.starts,
            },
            nonce: BootNonce(node.starts),
            address: node.address,
            membership: Settings::lan(),
        };
        let records: Vec<SignedRecord> = node.disk.values().cloned().collect();
        let mut agent = Agent::new(setup, records, WireCodec, now);
        agent.join(
            now,
            [Seed {
                agent: by_way_of,
                address,
            }],
        );
        node.agent = Some(agent);
        self.take_out(id);
    }

    /// The machine loses power.
    fn crash(&mut self, id: AgentId) {
        let node = self.nodes.get_mut(&id).expect("it is one of them");
        node.agent = None;
        node.running.clear();
    }

    /// Sends, stores and starts what an agent wants.
    fn take_out(&mut self, id: AgentId) {
        loop {
            let agent = self.nodes.get_mut(&id).and_then(|its| its.agent.as_mut());
            let Some(agent) = agent else { return };
            if let Some(write) = agent.poll_write() {
                let (id_of_write, facts) = (write.id, write.facts);
                let stored = Happening::Stored {
                    id: id_of_write,
                    facts,
                };
                self.plan(SYNC, id, stored);
            } else if let Some(sent) = agent.poll_transmit() {
                let bytes = WireCodec.pack(&sent.frame);
                self.bytes += bytes.len() as u64;
                self.plan(LATENCY, sent.to, Happening::Frame { from: id, bytes });
            } else if let Some((to, bytes)) = agent.poll_packet() {
                self.bytes += bytes.len() as u64;
                self.plan(LATENCY, to.agent, Happening::Packet { from: id, bytes });
            } else if let Some(order) = agent.poll_order() {
                match order {
                    Order::Start(start) => {
                        let binding = &start.binding;
                        let offer = binding.id().offer;
                        let node = self.nodes.get_mut(&id).expect("it is one of them");
                        let slot = (binding.workload(), binding.slot().0);
                        node.running.insert(offer, slot);
                        self.plan(START, id, Happening::Started { offer });
                    }
                    Order::Stop { offer } => {
                        let node = self.nodes.get_mut(&id).expect("it is one of them");
                        node.running.remove(&offer);
                        self.plan(START, id, Happening::Stopped { offer });
                    }
                }
            } else {
                return;
            }
        }
    }

    fn plan(&mut self, after: Duration, to: AgentId, what: Happening) {
        self.count += 1;
        let starts = self.nodes.get(&to).map_or(0, |its| its.starts);
        let at = self.now.after(after);
        self.queue.insert((at, self.count), (to, starts, what));
    }

    /// Goes on until `is_done`, or gives up after a while. Says whether it was, and how long it took.
    fn run_until(&mut self, most: Duration, is_done: impl Fn(&Self) -> bool) -> Option<Duration> {
        let (begun, until) = (self.now, self.now.after(most));
        while self.now <= until {
            if is_done(self) {
                return Some(self.now.since(begun));
            }
            self.step();
        }
        None
    }

    fn step(&mut self) {
        let due = self.nodes.iter().filter_map(|(id, node)| {
            let agent = node.agent.as_ref()?;
            Some((agent.poll_timeout().max(self.now), *id))
        });
        let due = due.min();
        let next = self.queue.first_key_value().map(|((at, _), _)| *at);
        match (due, next) {
            (Some((at, id)), next) if next.is_none_or(|next| at < next) => {
                // A little later than now, so that time goes on.
                self.now = at.max(Time::from_us(self.now.as_us() + 1));
                let now = self.now;
                if let Some(agent) = self.agent_mut(id) {
                    agent.handle_timeout(now);
                }
                self.take_out(id);
            }
            _ => {
                let ((at, _), (to, starts, what)) =
                    self.queue.pop_first().expect("agents have timers");
                self.now = at.max(self.now);
                self.happen(to, starts, what);
            }
        }
    }

    fn happen(&mut self, to: AgentId, starts: u64, what: Happening) {
        let now = self.now;
        let Some(node) = self.nodes.get_mut(&to) else {
            return;
        };
        // Of an earlier start, only what others said still matters.
        let is_of_now = node.starts == starts;
        if let Happening::Stored { facts, .. } = &what
            && is_of_now
            && node.agent.is_some()
        {
            for fact in facts {
                match fact {
                    Fact::Record(record) => {
                        if let Some(id) = promise_id(record) {
                            node.disk.insert(id, record.clone());
                        }
                    }
                    Fact::Forgotten(id) => {
                        node.disk.remove(id);
                    }
                    Fact::Assessed(_) => {}
                }
            }
        }
        let Some(agent) = node.agent.as_mut() else {
            return;
        };
        match what {
            Happening::Frame { from, bytes } => {
                let frame: Frame = WireCodec
                    .unpack(&bytes)
                    .expect("agents send what they read");
                agent.handle_frame(now, from, frame);
            }
            Happening::Packet { from, bytes } => agent.handle_packet(now, from, &bytes),
            Happening::Stored { id, .. } if is_of_now => agent.handle_stored(now, id),
            Happening::Started { offer } if is_of_now => {
                agent.handle_report(now, HostReport::Started { offer });
            }
            Happening::Stopped { offer } if is_of_now => {
                agent.handle_report(now, HostReport::Stopped { offer });
            }
            _ => return,
        }
        self.take_out(to);
    }

    fn agent_mut(&mut self, id: AgentId) -> Option<&mut Agent<WireCodec>> {
        self.nodes.get_mut(&id)?.agent.as_mut()
    }

    fn ids(&self) -> Vec<AgentId> {
        self.nodes.keys().copied().collect()
    }

    /// Whether everybody who is up knows who else is, and what they promise.
    fn is_whole(&self) -> bool {
        let up: BTreeSet<AgentId> = self.up().collect();
        self.nodes
            .values()
            .filter_map(|its| its.agent.as_ref())
            .all(|agent| {
                let mut known: BTreeSet<AgentId> =
                    agent.membership().members().into_keys().collect();
                known.insert(agent.id());
                let sheets = agent
                    .sheets()
                    .sheets()
                    .filter(|sheet| up.contains(&sheet.owner()));
                known == up && sheets.count() + 1 == up.len()
            })
    }

    fn up(&self) -> impl Iterator<Item = AgentId> {
        let nodes = self.nodes.iter();
        nodes
            .filter(|(_, its)| its.agent.is_some())
            .map(|(id, _)| *id)
    }

    /// Who runs which slot of a workload.
    fn hosts(&self, workload: WorkloadId) -> Vec<(u32, AgentId)> {
        let nodes = self.nodes.iter();
        let hosts = nodes.flat_map(|(id, node)| {
            let running = node.running.values();
            let of_it = running.filter(move |(of, _)| *of == workload);
            of_it.map(|(_, slot)| (*slot, *id))
        });
        let mut hosts: Vec<_> = hosts.collect();
        hosts.sort_unstable();
        hosts
    }

    /// Whether each slot runs exactly once.
    fn is_hosted(&self, workload: WorkloadId, valency: u32) -> bool {
        let slots: Vec<u32> = self
            .hosts(workload)
            .into_iter()
            .map(|(slot, _)| slot)
            .collect();
        slots == (0..valency).collect::<Vec<_>>()
    }

    /// Deploys by way of a node, and gives the workload.
    fn deploy(&mut self, by_way_of: AgentId, wanted: &Signed<Promise>) -> WorkloadId {
        let now = self.now;
        let agent = self.agent_mut(by_way_of).expect("it is up");
        let taken = agent.deploy(now, wanted.clone()).expect("it is considered");
        self.take_out(by_way_of);
        taken.workload
    }
}

fn promise_id(record: &SignedRecord) -> Option<PromiseId> {
    let SignedRecord::Promise(signed) = record else {
        return None;
    };
    let promise: Promise = WireCodec
        .unpack(signed.bytes())
        .expect("agents store what they read");
    Some(PromiseId {
        promiser: signed.by(),
        version: promise.version(),
    })
}

/// What a person signs.
fn intended(valency: u32) -> Signed<Promise> {
    let mut person = Promiser::new(AgentKey::from_seed(&[0xee; 32]), CLUSTER, BootEpoch(1));
    let portion = Portion::new(CORE / 10, 64 * MEBIBYTE).expect("something of both");
    let wanted = intent(valency, portion, Frailty::Sound);
    let body = Body::Use(Box::new(wanted));
    let made = person.promise(body, Condition::default(), &WireCodec);
    made.expect("it is short").signed().clone()
}

#[test]
fn agents_find_each_other_and_what_they_promise() {
    let mut cluster = Cluster::of(5);
    let took = cluster.run_until(Duration::from_secs(20), Cluster::is_whole);
    assert!(took.is_some(), "five agents know of each other");
}

#[test]
fn a_workload_is_hosted_on_as_many_nodes_as_it_has_replicas() {
    let mut cluster = Cluster::of(5);
    let first = cluster.ids()[0];
    cluster
        .run_until(Duration::from_secs(20), Cluster::is_whole)
        .expect("they find each other");
    let workload = cluster.deploy(first, &intended(5));
    cluster
        .run_until(Duration::from_secs(10), |its| its.is_hosted(workload, 5))
        .expect("it is hosted");
    let hosts: BTreeSet<AgentId> = cluster
        .hosts(workload)
        .into_iter()
        .map(|(_, id)| id)
        .collect();
    assert_eq!(hosts.len(), 5, "spread over all nodes");
}

#[test]
fn survivors_host_what_a_dead_node_did_and_nothing_is_left_over_when_it_is_back() {
    let mut cluster = Cluster::of(5);
    let keeper = cluster.ids()[0];
    cluster
        .run_until(Duration::from_secs(20), Cluster::is_whole)
        .expect("they find each other");
    let workload = cluster.deploy(keeper, &intended(3));
    cluster
        .run_until(Duration::from_secs(10), |its| its.is_hosted(workload, 3))
        .expect("it is hosted");

    let hosts = cluster.hosts(workload);
    let (_, dead) = *hosts
        .iter()
        .find(|(_, id)| *id != keeper)
        .expect("there are three");
    cluster.crash(dead);
    cluster
        .run_until(Duration::from_secs(6), |its| its.is_hosted(workload, 3))
        .expect("the survivors host it");

    cluster.start(dead, keeper);
    cluster
        .run_until(Duration::from_secs(20), Cluster::is_whole)
        .expect("it is back");
    cluster.run_until(Duration::from_secs(15), |_| false);
    assert!(
        cluster.is_hosted(workload, 3),
        "{:?}",
        cluster.hosts(workload)
    );
}

#[test]
fn what_was_promised_outlives_a_restart_of_every_node() {
    let mut cluster = Cluster::of(3);
    let ids = cluster.ids();
    cluster
        .run_until(Duration::from_secs(20), Cluster::is_whole)
        .expect("they find each other");
    let workload = cluster.deploy(ids[0], &intended(3));
    cluster
        .run_until(Duration::from_secs(10), |its| its.is_hosted(workload, 3))
        .expect("it is hosted");
    cluster.run_until(Duration::from_secs(1), |_| false);

    for id in &ids {
        cluster.crash(*id);
    }
    assert_eq!(cluster.hosts(workload), []);
    for id in &ids {
        cluster.start(*id, ids[0]);
    }
    cluster
        .run_until(Duration::from_secs(20), Cluster::is_whole)
        .expect("they find each other");
    cluster.run_until(Duration::from_secs(15), |_| false);
    assert!(
        cluster.is_hosted(workload, 3),
        "{:?}",
        cluster.hosts(workload)
    );
}
