//! What happens next.

use std::collections::BTreeMap;

use gary_agent::WriteId;
use gary_promise::{AgentId, BootEpoch, FencingEpoch, Frame, PromiseId, Time, WorkloadId};

use super::act::Act;
use super::host::Turn;
use super::node::NodeNo;

/// Something that happens at a time.
#[derive(Debug)]
pub(super) enum Happening {
    /// A frame arrives.
    Arrives {
        from: NodeNo,
        to: NodeNo,
        connection: u64,
        frame: Frame,
    },
    /// A packet arrives.
    Delivers {
        from: NodeNo,
        agent: AgentId,
        to: NodeNo,
        bytes: Vec<u8>,
    },
    /// A disk has stored a write.
    Synced {
        node: NodeNo,
        boot: BootEpoch,
        write: WriteId,
    },
    /// The time has come that an agent asked for.
    Due { node: NodeNo, boot: BootEpoch },
    /// Something comes of a component.
    Turns {
        node: NodeNo,
        boot: BootEpoch,
        turn: Turn,
    },
    /// The time of something exclusive may be up.
    RunsOut {
        node: NodeNo,
        boot: BootEpoch,
        offer: PromiseId,
    },
    /// Something exclusive uses what it shares with others of its workload, and does so again later.
    Uses {
        node: NodeNo,
        boot: BootEpoch,
        offer: PromiseId,
        epoch: FencingEpoch,
    },
    /// What it does there comes to pass.
    Used {
        agent: AgentId,
        offer: PromiseId,
        workload: WorkloadId,
        epoch: FencingEpoch,
    },
    /// A node that was busy takes up what has come in the meantime.
    Wakes { node: NodeNo, boot: BootEpoch },
    /// Something is done to the world.
    Acts(Act),
}

/// What happens, by time, and at one time in the order in which it was said.
#[derive(Debug, Default)]
pub(super) struct Queue {
    happenings: BTreeMap<(Time, u64), Happening>,
    count: u64,
}

impl Queue {
    pub(super) fn push(&mut self, at: Time, happening: Happening) {
        self.count += 1;
        self.happenings.insert((at, self.count), happening);
    }

    /// The next, if it happens by then.
    pub(super) fn pop_by(&mut self, until: Time) -> Option<(Time, Happening)> {
        let first = self.happenings.first_entry()?;
        let (at, _) = *first.key();
        (at <= until).then(|| (at, first.remove()))
    }
}
