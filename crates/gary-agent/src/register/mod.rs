//! One register and how it is written, by the votes of its keepers and without a leader.
//!
//! It is CASPaxos (Denis Rystsov, "CASPaxos: Replicated State Machines without logs", 2018): whoever wants to change
//! what is kept first asks a majority what they voted for last, and then has a majority vote for what follows from
//! that. Keepers change one at a time, and what they vote on last says who votes next; each configuration has ballots
//! of its own, so that what was begun under an earlier one counts for nothing in the later (as in Lamport, Malkhi and
//! Zhou, "Reconfiguring a State Machine", 2010, "stoppable").
//!
//! Nothing here sends, stores or waits. [`Votes`] is what a keeper remembers of a register, and has to be durable
//! before its answer is said. [`Attempt`] is what somebody who writes it remembers meanwhile, and may be lost at any
//! time. [`Register`] is both, with the changes that are to be made. None of them looks at the content, so that a model
//! can go through the orders in which things may happen to a few of them (`gary-sim`'s `model/`).
//!
//! Invariants:
//!
//! - Whatever is chosen follows from what was chosen before.
//! - In one configuration nothing is chosen after what names other keepers.

mod attempt;
mod change;
mod machine;
#[cfg(test)]
mod testing;
mod votes;

pub use attempt::{Attempt, Progress};
pub use change::Change;
pub use machine::{Done, Register};
pub use votes::Votes;
