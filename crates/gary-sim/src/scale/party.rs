//! Who takes part: a whole agent, or only what passes between it and others.

use gary_agent::{
    Acknowledgement, Agent, Dealings, DeployError, HostReport, Order, Transmit, Write, WriteId,
};
use gary_promise::{AgentId, Frame, MemberId, Promise, Settlement, Signed, Time, WorkloadId};
use gary_wire::WireCodec;

/// Who takes part.
pub(super) enum Party {
    /// An agent with its membership and the sheets of all others.
    Whole(Box<Agent<WireCodec>>),
    /// Its dealings alone. Who is there, it was told.
    Dealings(Box<Dealings<WireCodec>>),
}

impl Party {
    pub(super) fn handle_frame(&mut self, now: Time, from: AgentId, frame: Frame) {
        match self {
            Self::Whole(agent) => agent.handle_frame(now, from, frame),
            Self::Dealings(dealings) => dealings.handle_frame(now, from, frame),
        }
    }

    pub(super) fn handle_packet(&mut self, now: Time, from: AgentId, packet: &[u8]) {
        if let Self::Whole(agent) = self {
            agent.handle_packet(now, from, packet);
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Time) {
        match self {
            Self::Whole(agent) => agent.handle_timeout(now),
            Self::Dealings(dealings) => dealings.handle_timeout(now),
        }
    }

    pub(super) fn handle_stored(&mut self, now: Time, id: WriteId) {
        match self {
            Self::Whole(agent) => agent.handle_stored(now, id),
            Self::Dealings(dealings) => dealings.handle_stored(id),
        }
    }

    pub(super) fn handle_report(&mut self, now: Time, report: HostReport) {
        match self {
            Self::Whole(agent) => agent.handle_report(now, report),
            Self::Dealings(dealings) => dealings.handle_report(now, report),
        }
    }

    pub(super) fn deploy(&mut self, now: Time, intent: Signed<Promise>) -> Result<(), DeployError> {
        match self {
            Self::Whole(agent) => {
                let acknowledgement = Acknowledgement::Majority;
                agent.submit(now, intent, acknowledgement).map(drop)
            }
            Self::Dealings(dealings) => dealings.deploy(now, intent).map(drop),
        }
    }

    /// Whether it keeps a workload.
    pub(super) fn keeps(&self, workload: &WorkloadId) -> bool {
        let mut kept = match self {
            Self::Whole(agent) => agent.dealings().kept(),
            Self::Dealings(dealings) => dealings.kept(),
        };
        kept.any(|(its, _, _)| its == *workload)
    }

    pub(super) fn poll_settlement(&mut self) -> Option<Settlement> {
        match self {
            Self::Whole(agent) => agent.poll_settlement(),
            Self::Dealings(_) => None,
        }
    }

    pub(super) fn poll_write(&mut self) -> Option<Write> {
        match self {
            Self::Whole(agent) => agent.poll_write(),
            Self::Dealings(dealings) => dealings.poll_write(),
        }
    }

    pub(super) fn poll_transmit(&mut self) -> Option<Transmit> {
        match self {
            Self::Whole(agent) => agent.poll_transmit(),
            Self::Dealings(dealings) => dealings.poll_transmit(),
        }
    }

    pub(super) fn poll_packet(&mut self) -> Option<(MemberId, Vec<u8>)> {
        match self {
            Self::Whole(agent) => agent.poll_packet(),
            Self::Dealings(_) => None,
        }
    }

    pub(super) fn poll_order(&mut self) -> Option<Order> {
        match self {
            Self::Whole(agent) => agent.poll_order(),
            Self::Dealings(dealings) => dealings.poll_order(),
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Time> {
        match self {
            Self::Whole(agent) => Some(agent.poll_timeout()),
            Self::Dealings(dealings) => dealings.poll_timeout(),
        }
    }
}
