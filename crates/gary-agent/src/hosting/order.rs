//! What passes between an agent and its own host. No other agent's host ever hears of it.

use gary_promise::{
    Binding, Failure, FencingEpoch, Note, Outcome, Promise, PromiseId, RunKey, Time, Verified,
    Version,
};

/// What an agent asks of its own host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Run a hosting that is bound.
    Start(Box<Start>),
    /// Run what is exclusive for longer, if it runs under this fencing epoch.
    Prolong {
        /// The offer it was bound by.
        offer: PromiseId,
        /// Until when.
        term: Term,
    },
    /// Stop what is exclusive, since its time is up, and say when it has stopped. It stays bound, and may be started again.
    Suspend {
        /// The offer it was bound by.
        offer: PromiseId,
    },
    /// Stop one, and say when it has.
    Stop {
        /// The offer it was bound by.
        offer: PromiseId,
    },
}

/// For how long something exclusive may run, and as what.
///
/// A host sees to it by itself: it looks at its clock at every tick of its epoch and at every call that the guest makes of
/// it, and stops it hard. It waits for no order, and no timer, which may come late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// What the guest may say to others, so that they refuse whoever held it before.
    pub epoch: FencingEpoch,
    /// When it has to stop, by the clock of its machine, which counts the time that that is suspended.
    pub until: Time,
}

impl Order {
    /// Whether it has something by this offer run.
    pub(crate) fn is_for(&self, offer: &PromiseId) -> bool {
        match self {
            Self::Start(start) => start.offer.id() == *offer,
            Self::Prolong { offer: its, .. } => its == offer,
            Self::Suspend { .. } | Self::Stop { .. } => false,
        }
    }
}

/// A hosting to run: both halves of it, so that the host can see for itself that it is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// What is in force.
    pub binding: Binding,
    /// What the owner intends: which component, and how it is run.
    pub intent: Verified<Promise>,
    /// What this agent offered.
    pub offer: Verified<Promise>,
    /// What a keeper accepted.
    pub acceptance: Verified<Promise>,
    /// For how long it may run, where it is exclusive.
    pub term: Option<Term>,
    /// Which run it is, where it runs to completion.
    pub run: Option<RunAttempt>,
}

/// One attempt of a run: it is this host's, and nobody ever starts it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunAttempt {
    /// Which run. The tick and the replica are the guest's to know.
    pub key: RunKey,
    /// By what this agent has claimed it: its host says so when it has ended.
    pub asked: Version,
    /// Which attempt it is, counted from 1.
    pub number: u32,
}

/// What a host tells its own agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostReport {
    /// The hosting runs, and is well where its owner asks for a health check.
    Started {
        /// The offer it was bound by.
        offer: PromiseId,
    },
    /// It does not run: it could not be started, or it ended, or it was ended since it was not well.
    Failed {
        /// The offer it was bound by.
        offer: PromiseId,
        /// What is wrong.
        failure: Failure,
    },
    /// What runs to completion has ended by itself, or was ended since it had gone wrong. It holds nothing any more.
    Ended {
        /// The offer it was bound by.
        offer: PromiseId,
        /// By what the run was claimed that it was started for.
        asked: Version,
        /// How it ended.
        outcome: Outcome,
        /// What else there is to say of it.
        note: Option<Note>,
    },
    /// It was stopped, as asked or since its time was up, and holds nothing any more.
    Stopped {
        /// The offer it was bound by.
        offer: PromiseId,
    },
}
