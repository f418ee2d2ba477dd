//! Why promises do not bind.

use std::fmt;

use crate::{AgentId, Generation, PromiseId, Slot, WorkloadId};

/// Promises do not bind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindingError {
    /// One is of another type than the part it has to play.
    #[error("promise {promise} is a {found} and no {wanted}")]
    Type {
        /// The promise.
        promise: PromiseId,
        /// Its type.
        found: &'static str,
        /// What it should be.
        wanted: Part,
    },
    /// The acceptance is of another offer.
    #[error("the acceptance is of offer {accepted} and not of {offer}")]
    OtherOffer {
        /// The offer it accepts.
        accepted: PromiseId,
        /// The offer at hand.
        offer: PromiseId,
    },
    /// The acceptance counts against another intent.
    #[error("the acceptance counts against intent {accepted} and not {intent}")]
    OtherIntent {
        /// The intent it counts against.
        accepted: PromiseId,
        /// The intent at hand.
        intent: PromiseId,
    },
    /// The offer was made to somebody else, who alone could accept it.
    #[error("the offer was made to {promisee} and accepted by {acceptor}")]
    OtherPromisee {
        /// To whom it was made.
        promisee: AgentId,
        /// Who accepted it.
        acceptor: AgentId,
    },
    /// One is about another workload than the intent.
    #[error("the {part} is about workload {found} and the intent about {intended}")]
    OtherWorkload {
        /// Which one.
        part: Part,
        /// What it is about.
        found: WorkloadId,
        /// What the intent is about.
        intended: WorkloadId,
    },
    /// The offer is for another generation than that of the intent.
    #[error("the offer is for generation {offered} and the intent of {intended}")]
    OtherGeneration {
        /// The generation the offer is for.
        offered: Generation,
        /// The generation of the intent.
        intended: Generation,
    },
    /// The intent counts no such slot.
    #[error("the intent has no slot {slot}")]
    NoSlot {
        /// The slot.
        slot: Slot,
    },
}

/// Which part a promise plays in a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The intent, a `-use`.
    Intent,
    /// The offer, a `+host`.
    Offer,
    /// The acceptance, a `-host`.
    Acceptance,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Intent => "intent",
            Self::Offer => "offer",
            Self::Acceptance => "acceptance",
        })
    }
}
