//! What passes between an agent and its own host. No other agent's host ever hears of it.

use gary_promise::{Binding, Failure, Promise, PromiseId, Verified};

/// What an agent asks of its own host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Run a hosting that is bound.
    Start(Box<Start>),
    /// Stop one, and say when it has.
    Stop {
        /// The offer it was bound by.
        offer: PromiseId,
    },
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
}

/// What a host tells its own agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// It was stopped, as asked, and holds nothing any more.
    Stopped {
        /// The offer it was bound by.
        offer: PromiseId,
    },
}
