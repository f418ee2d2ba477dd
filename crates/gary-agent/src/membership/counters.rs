//! What is counted.

use std::collections::BTreeMap;

/// Why a packet, or a part of one, was not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Unusable {
    /// It has more bytes than a packet may.
    #[error("longer than a packet may be")]
    TooLong,
    /// It does not begin with a head.
    #[error("no head")]
    Head,
    /// It counts more members than a packet may carry.
    #[error("more members than a packet may carry")]
    MemberCount,
    /// It does not carry the members that it counts.
    #[error("no member where one is counted")]
    Member,
    /// What follows the members are no hints.
    #[error("no hint where one should be")]
    Hint,
    /// It carries something where nothing may be.
    #[error("bytes past the end")]
    Surplus,
    /// Its sender is another than the connection's.
    #[error("another sender than the connection's")]
    WrongSender,
    /// It comes from this agent itself.
    #[error("from this agent itself")]
    FromSelf,
    /// It is for somebody else, or for who this agent was before.
    #[error("for somebody else")]
    NotForMe,
    /// Its sender has since been superseded: by a later start, at another address, or by coming back.
    #[error("from a stale identity")]
    Stale,
    /// Its sender is held off, since there are two copies of it.
    #[error("from a copy")]
    Cloned,
    /// It would make one agent more known than may be.
    #[error("more agents than may be known")]
    MembersMax,
    /// It says something of this agent's earlier identities.
    #[error("about who this agent was")]
    AboutPast,
    /// It says that this agent has renewed itself more often than it has, which nobody else can know.
    #[error("a renewal of this agent that it has not made")]
    Forged,
    /// It says that an agent is not who that agent itself says it is: this one, or one that has lately
    /// contradicted such.
    #[error("hearsay against an agent's own word")]
    Hearsay,
    /// Its probe asks this agent to ask itself.
    #[error("an indirect probe of this agent itself")]
    Roundabout,
    /// It says that this agent is dead, which it knows: it waits before it comes back.
    #[error("said again that this agent is dead")]
    Known,
    /// This agent has left, or is held off.
    #[error("this agent takes no part")]
    Absent,
    /// foca refused it for a reason that should have been found before.
    #[error("refused by foca")]
    Foca,
}

/// What a membership has counted since its start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets that were taken.
    pub packets_taken: u64,
    /// Packets, members and hints that were not used, by reason.
    pub unusable: BTreeMap<Unusable, u64>,
    /// Packets that were not sent since too many were waiting.
    pub packets_dropped: u64,
    /// Events that were not told since too many were waiting.
    pub events_dropped: u64,
    /// How often deadlines were handled so late that all were put off.
    pub late: u64,
    /// Suspicions of members, by this agent's own probes.
    pub suspicions: u64,
    /// Steps of foca that failed. Each is a fault of this module or of foca.
    pub faults: u64,
}

impl Counters {
    /// Counts one more of a reason.
    pub(super) fn count(&mut self, why: Unusable) {
        let count = self.unusable.entry(why).or_default();
        *count = count.saturating_add(1);
    }

    /// How often something was not used for a reason.
    pub fn of(&self, why: Unusable) -> u64 {
        self.unusable.get(&why).copied().unwrap_or_default()
    }
}
