//! What a membership tells whoever drives it.

use gary_promise::{AgentId, BootEpoch, Hint, MemberId};

/// Something has changed, as far as is known.
///
/// Events are hints: past a limit the oldest are dropped. Whoever has to be right looks at
/// [`Membership::members`](super::Membership::members).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// This agent knows of another member, and begins to ask after them.
    Joined,
    /// This agent knows of no other member any more.
    Alone,
    /// This agent was taken for dead, has said that it is not, or has moved; this is who it is from now
    /// on.
    Renewed(MemberId),
    /// This agent keeps out of the cluster until it is started again.
    HeldOff(HeldOff),
    /// A member is there.
    Up(MemberId),
    /// A member is taken for dead, or has left.
    Down(MemberId),
    /// A member goes on at another address.
    Moved {
        /// Who it was.
        from: MemberId,
        /// Who it is.
        to: MemberId,
    },
    /// A member that was taken for dead has said that it is not.
    Rejoined(MemberId),
    /// An agent has started again.
    Restarted {
        /// Its earlier start.
        from: MemberId,
        /// Its later one.
        to: MemberId,
    },
    /// Two copies of an agent's disk are in use, as a copy says or somebody else of it. Neither is a member until one
    /// of them starts again.
    CloneSeen {
        /// The agent.
        agent: AgentId,
        /// The start that both say they are.
        epoch: BootEpoch,
    },
    /// An agent's sheet has changed.
    Hinted(Hint),
}

/// Why an agent keeps out of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeldOff {
    /// Another process has this agent's key and says that it is this start.
    #[error("two copies of this agent's disk are in use")]
    Cloned,
    /// This agent has started again elsewhere.
    #[error("this agent has started again elsewhere")]
    Superseded,
    /// It has come back from being taken for dead more often than can be counted.
    #[error("this agent has no renewal left")]
    WornOut,
}
