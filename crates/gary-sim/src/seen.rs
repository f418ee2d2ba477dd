//! What can be seen of a world from outside its agents.

use gary_agent::{DeployError, Drain, Fact, HostReport, Order, RecoverError};
use gary_promise::{
    AgentId, Binding, BootEpoch, Capacity, CommitSequence, Configuration, Consider, FencingEpoch,
    Frame, Promise, PromiseId, Settlement, Signed, Verdict, WorkloadId,
};

/// Something that can be seen of a world from outside its agents: frames, facts on disk, orders to hosts,
/// and what was done to the world. Checkers and transcripts see nothing else.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// A node starts.
    Starts {
        /// Its agent.
        agent: AgentId,
        /// Its start, by its own count.
        epoch: BootEpoch,
        /// What its sheet says its machine has.
        published: &'a Capacity,
        /// Whose submissions its sheet says that it considers.
        consider: Option<&'a Consider>,
        /// Whether it looks at submissions in fact.
        is_willing: bool,
    },
    /// A node's person wants its machine to do more or less than before.
    Revises {
        /// Its agent.
        agent: AgentId,
        /// What its sheet is to say from now on that its machine has.
        published: &'a Capacity,
    },
    /// A node is about to go away for a while, by plan.
    GoesAway {
        /// Its agent.
        agent: AgentId,
    },
    /// A node's person has it drained.
    Drains {
        /// Its agent.
        agent: AgentId,
        /// How.
        drain: Drain,
    },
    /// A node's person wants it to take things on again.
    Undrains {
        /// Its agent.
        agent: AgentId,
    },
    /// A node is about to leave its cluster, because its person wants it to, or has since it was drained.
    Leaves {
        /// Its agent.
        agent: AgentId,
        /// Whether it does so of its own accord, since it was drained.
        is_drained: bool,
    },
    /// A node ends, by a crash or by plan. What its host ran has ended.
    Ends {
        /// Its agent.
        agent: AgentId,
        /// Whether it never comes back.
        for_good: bool,
    },
    /// An agent says something.
    Says {
        /// Who.
        from: AgentId,
        /// To whom.
        to: AgentId,
        /// What.
        frame: &'a Frame,
    },
    /// An agent hears something.
    Hears {
        /// Who said it, as far as the hearer can tell.
        from: AgentId,
        /// Who hears it.
        to: AgentId,
        /// What.
        frame: &'a Frame,
        /// Whether no agent said it: it is a lie, or was said before.
        is_noise: bool,
    },
    /// An agent's facts are on its disk.
    Stores {
        /// Whose.
        agent: AgentId,
        /// Which.
        facts: &'a [Fact],
    },
    /// An agent orders its own host to do something.
    Orders {
        /// Which agent.
        agent: AgentId,
        /// What.
        order: &'a Order,
    },
    /// A host reports to its own agent.
    Reports {
        /// Which agent's.
        agent: AgentId,
        /// What.
        report: &'a HostReport,
    },
    /// A component runs.
    Runs {
        /// On whose host.
        agent: AgentId,
        /// By which binding.
        binding: &'a Binding,
        /// What it gets.
        given: gary_promise::Resources,
        /// Under which fencing epoch, where it is exclusive.
        epoch: Option<FencingEpoch>,
    },
    /// What runs something exclusive has used what it shares with others of its workload, which refuses whoever comes under
    /// an earlier epoch than somebody before.
    Uses {
        /// On whose host it ran.
        agent: AgentId,
        /// By which offer.
        offer: PromiseId,
        /// Which workload it is of.
        workload: WorkloadId,
        /// Under which epoch.
        epoch: FencingEpoch,
        /// Whether it was let.
        is_accepted: bool,
    },
    /// A component runs no more.
    Halts {
        /// On whose host.
        agent: AgentId,
        /// By which offer it ran.
        offer: PromiseId,
    },
    /// A person submits an intent.
    Submits {
        /// The agent that it is submitted to.
        to: AgentId,
        /// The intent.
        intent: &'a Signed<Promise>,
        /// Whether the agent takes it, and if so which intent it is.
        answer: &'a Result<PromiseId, DeployError>,
    },
    /// A person has the register of a name begun again.
    Recovers {
        /// The agent that it has do so.
        agent: AgentId,
        /// What is to stand from then on.
        intent: &'a Signed<Promise>,
        /// Whether the agent does so.
        answer: &'a Result<PromiseId, RecoverError>,
    },
    /// A person is told what has become of an intent.
    Settles {
        /// The agent that tells it.
        agent: AgentId,
        /// What it tells.
        settlement: &'a Settlement,
    },
    /// An agent's person has it take back an offer.
    TakesBack {
        /// Which agent.
        agent: AgentId,
        /// Which offer.
        offer: PromiseId,
    },
    /// An agent sends a packet, to find out who is there.
    Sends {
        /// Who.
        from: AgentId,
        /// To whom.
        to: AgentId,
        /// What.
        packet: &'a [u8],
    },
    /// An agent's machine has more or less memory free than before, for reasons of its own.
    Measures {
        /// Which agent's.
        agent: AgentId,
        /// How much, in bytes.
        free_bytes: u64,
    },
    /// Nothing passes from some to others.
    Cuts {
        /// From whom.
        from: &'a [AgentId],
        /// To whom.
        to: &'a [AgentId],
    },
    /// Everything passes again.
    Heals,
    /// A node stands still for a while, or its clock jumps.
    Stalls {
        /// Which agent's.
        agent: AgentId,
        /// For how long, in milliseconds.
        span_ms: u64,
        /// Whether it is its clock that jumps.
        is_clock: bool,
    },
    /// What a disk holds of registers goes back to what it held before, or is lost.
    Restores {
        /// Whose disk it is.
        agent: AgentId,
        /// How far its store is with that.
        sequence: CommitSequence,
    },
    /// From now on nothing goes wrong any more.
    Calms,
    /// From now on messages of the past are said again.
    Replays,
}

impl Seen<'_> {
    /// A person is told that an intent is committed: by whom, which, and who keeps it.
    pub(crate) fn committed(&self) -> Option<(AgentId, PromiseId, &Configuration)> {
        match *self {
            Seen::Settles { agent, settlement } => match &settlement.verdict {
                Verdict::Committed(keepers) => Some((agent, settlement.intent, keepers)),
                _ => None,
            },
            _ => None,
        }
    }
}
