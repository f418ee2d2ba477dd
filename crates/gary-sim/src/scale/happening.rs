//! What happens to machines, what agents take in, and what they want done.

use gary_agent::{HostReport, Order, Write, WriteId};
use gary_promise::{
    AgentId, Codec, Frame, MemberId, Promise, PromiseId, Settlement, Signed, WorkloadId,
};
use gary_wire::WireCodec;

use super::kind::Kind;
use super::party::Party;

/// Something that happens to a machine, by number. What is of an earlier start of it does not.
pub(super) enum Happening {
    Arrives {
        from: usize,
        to: usize,
        letter: Letter,
    },
    Due {
        at: usize,
        boot: u64,
    },
    Synced {
        at: usize,
        boot: u64,
    },
    Started {
        at: usize,
        boot: u64,
        offer: PromiseId,
    },
    Stopped {
        at: usize,
        boot: u64,
        offer: PromiseId,
    },
    Deploys {
        at: usize,
        submitted: Submitted,
    },
    /// It takes over who is there and what they promise.
    Joins {
        at: usize,
    },
}

/// What a person submits.
pub(super) struct Submitted {
    pub(super) intent: Signed<Promise>,
    pub(super) workload: WorkloadId,
    pub(super) replicas: usize,
}

/// What one machine sends to another.
pub(super) enum Letter {
    Packet(Vec<u8>),
    Frame {
        frame: Box<Frame>,
        bytes: usize,
        /// The bytes themselves, where it is measured how long it takes to read them.
        packed: Option<Vec<u8>>,
    },
}

/// What an agent takes in.
pub(super) enum Input {
    Letter { from: AgentId, letter: Letter },
    Due,
    Stored(WriteId),
    Report(HostReport),
    Deploy(Submitted),
}

/// What an agent wants done.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) writes: Vec<Write>,
    pub(super) frames: Vec<(AgentId, Frame, Vec<u8>)>,
    pub(super) packets: Vec<(MemberId, Vec<u8>)>,
    pub(super) orders: Vec<Order>,
    pub(super) settlements: Vec<Settlement>,
}

impl Wanted {
    /// All that it wants now, packed.
    pub(super) fn of(party: &mut Party) -> Self {
        let mut wanted = Self::default();
        while let Some(write) = party.poll_write() {
            wanted.writes.push(write);
        }
        while let Some(sent) = party.poll_transmit() {
            let bytes = WireCodec.pack(&sent.frame);
            wanted.frames.push((sent.to, sent.frame, bytes));
        }
        while let Some(packet) = party.poll_packet() {
            wanted.packets.push(packet);
        }
        while let Some(order) = party.poll_order() {
            wanted.orders.push(order);
        }
        while let Some(settlement) = party.poll_settlement() {
            wanted.settlements.push(settlement);
        }
        wanted
    }
}

impl Input {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Letter { letter, .. } => letter.kind(),
            Self::Due => Kind::Timer,
            Self::Stored(_) => Kind::Stored,
            Self::Report(_) => Kind::Report,
            Self::Deploy(..) => Kind::Deploy,
        }
    }
}

impl Letter {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Packet(_) => Kind::Packet,
            Self::Frame { frame, .. } => Kind::of(frame),
        }
    }

    pub(super) const fn bytes(&self) -> usize {
        match self {
            Self::Packet(bytes) => bytes.len(),
            Self::Frame { bytes, .. } => *bytes,
        }
    }
}
