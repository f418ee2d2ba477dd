//! How fleets begin, and how machines start again.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use gary_agent::membership::{Seed, Settings};
use gary_agent::{Agent, AgentSetup, Dealings, Fact, REPLACES_AFTER, Setup, Shown, WriteId};
use gary_promise::{
    AgentKey, Body, BootEpoch, BootNonce, Capacity, Codec, Condition, Consider, Generation,
    Lineage, Own, Pace, Portion, Promise, PromiseId, Promiser, SignedRecord, Spec, Submitters,
    Update, Use, WorkloadId,
};
use gary_wire::WireCodec;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::costs::Costs;
use super::fleet::{Fleet, Founding};
use super::happening::{Happening, Submitted, Wanted};
use super::machine::Machine;
use super::party::Party;
use crate::plan::{capacity, intent};
use crate::world::{CLUSTER, Frailty};

/// Processor cores of each machine.
pub const MACHINE_CORES: u64 = 8;
/// Memory of each machine, in MiB: room for 256 replicas.
pub const MACHINE_MEBIBYTES: u64 = 16 << 10;
/// Processor time of each replica, in thousandths of a core.
pub const REPLICA_CORES_MILLI: u64 = 20;
/// Memory of each replica, in MiB.
pub const REPLICA_MEBIBYTES: u64 = 64;

/// What an intent says of how its component is run, in bytes.
const SPEC_BYTES: usize = 256;

/// Within which time agents take over that there is a cluster, so that they do not do everything at once.
const JOINED_WITHIN: Duration = Duration::from_secs(2);

/// How long until everybody has stored and published what its machine has.
const PUBLISHED_WITHIN: Duration = Duration::from_millis(100);

/// How many members a machine that starts again knows.
const SEEDS: usize = 3;

impl Fleet {
    /// Whole agents, each of which knows all others and what they promise, as in a cluster that has stood for a
    /// while: to let five thousand find each other first would take longer than everything that is measured.
    /// Checked once are the sheets, by their owners.
    pub fn whole(size: usize, seed: u64, costs: Costs) -> Self {
        let mut fleet = Self::empty(size, seed, costs);
        for number in 0..size {
            fleet.start_whole(number, []);
        }
        fleet.run(PUBLISHED_WITHIN);
        let agents = fleet.machines.iter().filter_map(|its| match &its.party {
            Some(Party::Whole(agent)) => Some(agent),
            _ => None,
        });
        let agents = agents.map(|its| (*its.membership().me(), its.sheets().published()));
        let (members, sheets): (Vec<_>, Vec<_>) = agents.unzip();
        let sheets = sheets.into_iter().flatten().collect();
        fleet.founding = Some(Arc::new(Founding { members, sheets }));
        for at in 0..size {
            let wait_us = fleet
                .random
                .random_range(0..JOINED_WITHIN.as_micros() as u64);
            let joins_at = fleet.now.after(Duration::from_micros(wait_us));
            fleet.plan(joins_at, Happening::Joins { at });
        }
        fleet.run(JOINED_WITHIN);
        fleet.founding = None;
        fleet
    }

    /// Dealings without memberships and sheets, of which the first `keepers` were told of all machines.
    pub fn dealings(size: usize, keepers: usize, seed: u64, costs: Costs) -> Self {
        let mut fleet = Self::empty(size, seed, costs);
        let ids: Vec<_> = fleet.machines.iter().map(|its| its.id).collect();
        let capacity = Arc::new(machine_capacity());
        for number in 0..size {
            let now = fleet.now;
            let setup = fleet.setup(number);
            let mut dealings = Box::new(Dealings::new(setup, WireCodec, now));
            for id in ids.iter().take(if number < keepers { size } else { 0 }) {
                if *id != dealings.id() {
                    let shown = Shown {
                        capacity: Some(capacity.clone()),
                        consider: Some(anybody()),
                        ..Shown::default()
                    };
                    dealings.handle_sheet(now, *id, shown);
                    dealings.handle_liveness(now, *id, true);
                }
            }
            dealings.pack();
            fleet.begin(number, Party::Dealings(dealings));
        }
        fleet.run(PUBLISHED_WITHIN);
        fleet
    }

    fn empty(size: usize, seed: u64, costs: Costs) -> Self {
        let machines = (0..size).map(|number| {
            let mut key_seed = [0x5c; 32];
            key_seed[..8].copy_from_slice(&seed.to_le_bytes());
            key_seed[8..16].copy_from_slice(&(number as u64).to_le_bytes());
            let id = AgentKey::from_seed(&key_seed).id();
            let ip = u32::try_from(number).unwrap_or(u32::MAX) | 0x0a00_0000;
            let address = SocketAddr::new(Ipv4Addr::from_bits(ip).into(), 4270);
            Machine::new(id, key_seed, address)
        });
        let machines = machines.collect();
        Self::new(machines, costs, ChaCha8Rng::seed_from_u64(seed))
    }

    fn setup(&mut self, number: usize) -> Setup {
        let machine = &mut self.machines[number];
        machine.boot += 1;
        Setup {
            key: AgentKey::from_seed(&machine.key_seed),
            cluster: CLUSTER,
            epoch: BootEpoch(machine.boot),
            capacity: machine_capacity(),
            consider: Some(anybody()),
            declines: false,
            replaces_after: REPLACES_AFTER,
            seed: self.random.random(),
        }
    }

    fn start_whole(&mut self, number: usize, facts: impl IntoIterator<Item = Fact>) {
        let now = self.now;
        let setup = AgentSetup {
            dealings: self.setup(number),
            nonce: BootNonce(self.random.random_range(1..u64::MAX)),
            address: self.machines[number].address,
            membership: Settings::lan(),
        };
        let agent = Agent::new(setup, facts, WireCodec, now);
        self.begin(number, Party::Whole(Box::new(agent)));
    }

    fn begin(&mut self, number: usize, mut party: Party) {
        let now = self.now;
        let wanted = Wanted::of(&mut party);
        let machine = &mut self.machines[number];
        machine.party = Some(party);
        machine.busy_until = now;
        machine.starts_until = now;
        self.carry_out(number, now, wanted);
        self.set_timer(number);
    }

    /// An agent takes over who is there and what they promise.
    pub(super) fn take_over(&mut self, number: usize) {
        let now = self.now;
        let Some(founding) = self.founding.clone() else {
            return;
        };
        let Some(Party::Whole(agent)) = &mut self.machines[number].party else {
            return;
        };
        agent.take_over(
            now,
            founding.members.iter().copied(),
            founding.sheets.iter().cloned(),
        );
        let party = self.machines[number].party.as_mut();
        let wanted = party.map(Wanted::of).unwrap_or_default();
        self.carry_out(number, now, wanted);
        self.set_timer(number);
    }

    /// A machine loses power.
    pub(super) fn crash(&mut self, number: usize) {
        let now = self.now;
        let machine = &mut self.machines[number];
        let hosting = std::mem::take(&mut machine.hosting);
        machine.crash();
        for its in hosting.into_values() {
            self.board
                .ended(its.workload, its.slot, its.runs, Some(now));
        }
    }

    /// A machine that has lost power starts again, with what its disk has, and looks for its cluster.
    pub(super) fn restart(&mut self, number: usize) {
        let kept = kept(&self.machines[number].disk.facts);
        // Writes are counted anew.
        let disk = &mut self.machines[number].disk;
        disk.facts = vec![(WriteId(0), kept.clone())];
        disk.stored = WriteId(0);
        self.start_whole(number, kept);
        let now = self.now;
        let seeds: Vec<Seed> = (0..SEEDS).map(|_| self.any_other(number)).collect();
        if let Some(Party::Whole(agent)) = &mut self.machines[number].party {
            agent.join(now, seeds);
        }
        let party = self.machines[number].party.as_mut();
        let wanted = party.map(Wanted::of).unwrap_or_default();
        self.carry_out(number, now, wanted);
        self.set_timer(number);
    }

    fn any_other(&mut self, number: usize) -> Seed {
        let size = self.machines.len();
        let other = (number + self.random.random_range(1..size.max(2))) % size;
        Seed {
            agent: self.machines[other].id,
            address: self.machines[other].address,
        }
    }

    /// Deploys so many replicas by way of a machine, after a while.
    pub(super) fn deploy(
        &mut self,
        after: Duration,
        at: usize,
        person: &mut Person,
        replicas: usize,
    ) -> Deployed {
        let deployed = person.deploys(replicas);
        self.submit(after, at, &deployed);
        deployed
    }

    /// Submits by way of a machine what was deployed or updated last, after a while.
    pub(super) fn submit(&mut self, after: Duration, at: usize, deployed: &Deployed) {
        let submitted = Submitted {
            intent: deployed.intent.signed().clone(),
            workload: deployed.workload,
            replicas: deployed.replicas,
        };
        let deploys = Happening::Deploys { at, submitted };
        self.plan(self.now.after(after), deploys);
    }
}

/// Who deploys.
pub(super) struct Person {
    promiser: Promiser,
    /// How many workloads it has deployed, each under a name of its own.
    deployed: u64,
}

/// What a person has deployed.
pub(super) struct Deployed {
    pub(super) workload: WorkloadId,
    pub(super) intent: Own<Promise>,
    wanted: Use,
    replicas: usize,
}

impl Deployed {
    /// At which generation it is wanted.
    pub(super) const fn generation(&self) -> Generation {
        self.wanted.lineage.generation()
    }
}

impl Person {
    pub(super) fn new() -> Self {
        let key = AgentKey::from_seed(&[0xee; 32]);
        Self {
            promiser: Promiser::new(key, CLUSTER, BootEpoch(1)),
            deployed: 0,
        }
    }

    fn deploys(&mut self, replicas: usize) -> Deployed {
        let portion = Portion::new(REPLICA_CORES_MILLI * 1000, REPLICA_MEBIBYTES << 20);
        let portion = portion.expect("something of both");
        let valency = u32::try_from(replicas).unwrap_or(u32::MAX);
        let mut wanted = intent(valency, portion, Frailty::Sound);
        self.deployed += 1;
        let name = format!("w{}", self.deployed);
        wanted.name = name.parse().expect("it is a label");
        wanted.spec = Spec::new(&[0x20; SPEC_BYTES]).expect("it is short");
        let intent = self.intends(&wanted);
        Deployed {
            workload: WorkloadId::founded_by(intent.id()),
            intent,
            wanted,
            replicas,
        }
    }

    /// Wants the next generation of what it has deployed, at a pace.
    pub(super) fn updates(&mut self, deployed: &mut Deployed, pace: Pace) {
        let next = deployed.generation().next().expect("there are more");
        let update = Update::new(deployed.workload, next).expect("it is not the first");
        deployed.wanted.lineage = Lineage::Updates(update);
        deployed.wanted.pace = pace;
        deployed.intent = self.intends(&deployed.wanted);
    }

    fn intends(&mut self, wanted: &Use) -> Own<Promise> {
        let body = Body::Use(Box::new(wanted.clone()));
        let made = self
            .promiser
            .promise(body, Condition::default(), &WireCodec);
        made.expect("it is short")
    }
}

fn machine_capacity() -> Capacity {
    capacity(MACHINE_CORES * 1_000_000, MACHINE_MEBIBYTES << 20)
}

const fn anybody() -> Consider {
    Consider {
        submitters: Submitters::AnyClient,
    }
}

/// What is stored and not forgotten, but for what is history.
fn kept(facts: &[(WriteId, Vec<Fact>)]) -> Vec<Fact> {
    let (mut records, mut intents) = (BTreeMap::new(), BTreeMap::new());
    let mut stood = BTreeMap::new();
    let (mut votes, mut hosts_for) = (BTreeMap::new(), BTreeMap::new());
    let (mut grants, mut acquainted) = (BTreeMap::new(), None);
    let (mut handed_over, mut ended) = (BTreeMap::new(), BTreeMap::new());
    let mut pending = BTreeMap::new();
    let mut collected = Vec::new();
    let (mut saw, mut committed, mut set_back) = (BTreeMap::new(), None, None);
    for fact in facts.iter().flat_map(|(_, facts)| facts) {
        match fact {
            Fact::Record(record) => {
                if let Some(id) = promise_id(record) {
                    records.insert(id, fact.clone());
                }
            }
            Fact::Keeps { keep, .. } => {
                intents.insert(*keep, fact.clone());
            }
            Fact::Stood { keep, .. } => {
                stood.insert(*keep, fact.clone());
            }
            Fact::HostsFor { offer, .. } => {
                hosts_for.insert(*offer, fact.clone());
            }
            Fact::Forgotten(id) => {
                records.remove(id);
                intents.remove(id);
                stood.remove(id);
                hosts_for.remove(id);
                ended.remove(id);
            }
            Fact::Ended {
                offer,
                ended: Some(_),
            } => {
                ended.insert(*offer, fact.clone());
            }
            Fact::Ended { offer, .. } => {
                ended.remove(offer);
            }
            Fact::HandedOver { offer, is_so: true } => {
                handed_over.insert(*offer, fact.clone());
            }
            Fact::HandedOver { offer, .. } => {
                handed_over.remove(offer);
            }
            Fact::Votes { name, .. } => {
                votes.insert(name, fact.clone());
            }
            Fact::Committed(_) => committed = Some(fact.clone()),
            Fact::Saw { agent, .. } => {
                saw.insert(*agent, fact.clone());
            }
            Fact::Collected { name, .. } => {
                votes.remove(name);
                collected.push(fact.clone());
            }
            Fact::SetBack(_) => set_back = Some(fact.clone()),
            Fact::Acquainted(_) => acquainted = Some(fact.clone()),
            Fact::Granted { workload, .. } => {
                grants.insert(workload, fact.clone());
            }
            Fact::Ungranted(workload) => {
                grants.remove(workload);
            }
            Fact::Pending { intent, .. } => {
                pending.insert(*intent, fact.clone());
            }
            Fact::Settled(intent) => {
                pending.remove(intent);
            }
            // Nobody is drained in it.
            Fact::Assessed(_) | Fact::Drained(_) => {}
        }
    }
    let records = records.into_values().chain(intents.into_values());
    let records = records.chain(stood.into_values());
    records
        .chain(votes.into_values())
        .chain(hosts_for.into_values())
        .chain(handed_over.into_values())
        .chain(ended.into_values())
        .chain(grants.into_values())
        .chain(pending.into_values())
        .chain(acquainted)
        .chain(saw.into_values())
        .chain(committed)
        .chain(set_back)
        .chain(collected)
        .collect()
}

fn promise_id(record: &SignedRecord) -> Option<PromiseId> {
    let SignedRecord::Promise(signed) = record else {
        return None;
    };
    let promise: Promise = WireCodec.unpack(signed.bytes()).ok()?;
    Some(PromiseId {
        promiser: signed.by(),
        version: promise.version(),
    })
}
