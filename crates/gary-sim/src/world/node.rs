//! One node: an agent, and the disk, the host and the clock that it has for itself.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use gary_agent::{Acknowledgement, Agent, Drain, HostReport, REPLACES_AFTER, RecoveryId, WriteId};
use gary_promise::{
    AgentId, AgentKey, BootEpoch, Capacity, Consider, Frame, Notice, Promise, PromiseId, Signed,
    Submitters, Time, WallTime, Withdrawal,
};

use super::clock::Clock;
use super::disk::{Disk, DiskSpec};
use super::host::{Host, HostSpec};
use super::release::Release;
use crate::adapter::Adapter;

/// Which node of a world, counted from 0. People count from 1: `n1` is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeNo(pub usize);

impl fmt::Display for NodeNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0 + 1)
    }
}

/// How a node is.
#[derive(Debug)]
pub struct NodeSpec {
    /// What its machine has.
    pub capacity: Capacity,
    /// Whose submissions it considers, and says so on its sheet; `None` looks at nobody's.
    pub consider: Option<Consider>,
    /// Whether it ever offers anything. One that does not declines what it is invited for.
    pub is_willing: bool,
    /// How long somebody who keeps a name with it is not there before another takes its place.
    pub replaces_after: Duration,
    /// Which release it runs.
    pub release: Release,
    /// Its clock.
    pub clock: Clock,
    /// Its disk.
    pub disk: DiskSpec,
    /// Its host.
    pub host: HostSpec,
    /// What is wrong with it on purpose.
    pub adapter: Option<Box<dyn Adapter>>,
}

impl NodeSpec {
    /// A sound node.
    pub fn new(capacity: Capacity) -> Self {
        Self {
            capacity,
            consider: Some(Consider {
                submitters: Submitters::AnyClient,
            }),
            is_willing: true,
            replaces_after: REPLACES_AFTER,
            release: Release::This,
            clock: Clock::default(),
            disk: DiskSpec::SOLID,
            host: HostSpec::IDLE,
            adapter: None,
        }
    }
}

/// Something that an agent takes in.
#[derive(Debug)]
pub(super) enum Input {
    Frame {
        from: NodeNo,
        frame: Frame,
        is_noise: bool,
    },
    Packet {
        from: AgentId,
        bytes: Vec<u8>,
    },
    Due,
    Stored(WriteId),
    Reported(HostReport),
    /// It goes away for a while.
    GoesAway(Notice),
    /// It takes back what it has promised.
    TakesBack(PromiseId),
    /// It has more or less than before.
    Revises(Capacity),
    /// It is drained.
    Drains(Drain),
    /// It is not drained any more.
    Undrains,
    /// It leaves the cluster.
    Leaves,
    /// It goes on at another address.
    Moves,
    /// Its clock was set.
    ToldTime(WallTime),
    /// A person submits something.
    Submitted(Signed<Promise>, Acknowledgement),
    /// A person has a register begun again.
    Recovers(Box<RecoveryId>, Signed<Promise>),
    /// The owner of what is pending there takes it back.
    Withdrawn(Signed<Withdrawal>),
}

/// One node.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) id: AgentId,
    pub(super) key_seed: [u8; 32],
    pub(super) spec: NodeSpec,
    pub(super) address: SocketAddr,
    /// Where it has last known others to be, which it remembers across a start.
    pub(super) known: BTreeMap<AgentId, SocketAddr>,
    /// `None` while it is down.
    pub(super) agent: Option<Box<Agent<Release>>>,
    pub(super) boot: BootEpoch,
    pub(super) disk: Disk,
    pub(super) host: Host,
    pub(super) clock: Clock,
    pub(super) inbox: VecDeque<Input>,
    pub(super) busy_until: Time,
    /// Until when it stands still, with all that runs on it.
    pub(super) stalled_until: Time,
    pub(super) is_woken: bool,
    /// How long it takes for whatever it does.
    pub(super) each: Duration,
    /// When it is called next, as its agent has asked.
    pub(super) due_at: Option<Time>,
    pub(super) is_gone: bool,
    /// It has left, or is about to, and ends soon.
    pub(super) is_leaving: bool,
}

impl Node {
    pub(super) fn new(
        key_seed: [u8; 32],
        spec: NodeSpec,
        address: SocketAddr,
        disk: Disk,
        host: Host,
    ) -> Self {
        Self {
            id: AgentKey::from_seed(&key_seed).id(),
            key_seed,
            address,
            known: BTreeMap::new(),
            clock: spec.clock,
            spec,
            agent: None,
            boot: BootEpoch(0),
            disk,
            host,
            inbox: VecDeque::new(),
            busy_until: Time::from_us(0),
            stalled_until: Time::from_us(0),
            is_woken: false,
            each: Duration::ZERO,
            due_at: None,
            is_gone: false,
            is_leaving: false,
        }
    }

    pub(super) const fn is_up(&self) -> bool {
        self.agent.is_some()
    }

    /// Something waits for it. What its disk has done goes before what others say, as in any shell: what follows from it has
    /// waited long enough.
    pub(super) fn put_in(&mut self, input: Input) {
        let is_stored = |its: &Input| matches!(its, Input::Stored(_));
        let place = match is_stored(&input) {
            true => self.inbox.iter().take_while(|its| is_stored(its)).count(),
            false => self.inbox.len(),
        };
        self.inbox.insert(place, input);
    }

    /// What was in its memory is gone, but for where it last knew others to be.
    pub(super) fn forget(&mut self) {
        if let Some(agent) = self.agent.take() {
            let known = agent.membership().known();
            self.known.extend(known.map(|its| (its.agent, its.address)));
        }
        self.inbox.clear();
        self.is_woken = false;
        self.due_at = None;
    }
}
