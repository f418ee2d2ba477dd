//! The vocabulary of Promise Theory and its algebra: what agents say to each other, and what follows
//! from it. (The theory: Bergstra and Burgess, "Promise Theory: Principles and Applications".)
//!
//! What this crate promises its neighbours:
//!
//! - It is pure. Time comes in as `now`; there is no IO, no clock, no randomness, no thread, and what
//!   has an order always has the same.
//! - A value that exists is legal. Every limit is a constant with a name, and what goes beyond it is
//!   refused, after looking at no more of it than the limit.
//! - Nothing here panics for what a peer sends.
//!
//! Its invariants, each held by types:
//!
//! - An agent promises for itself only. A [`Promise`] names no promiser: whoever's key signs it is the
//!   one. [`Own`] is made by the holder of a key, [`Verified`] by that or by checking a signature.
//! - A withdrawal is final: [`Standing`] only moves up.
//! - A binding takes both halves and enforces what they have in common ([`Binding`]).
//! - Silence breaks nothing ([`Judgement`]), what is pending is not assessed, and one observer's
//!   [`Evidence`] is never another's.
//!
//! The way through: a [`Promiser`] makes a promise of a [`Body`]. It travels as a [`Signed`] in a
//! [`Frame`], and a [`Verifier`] makes that a [`Verified`], or a [`Later`] where only a later release can
//! read it. A [`Record`] says how promises stand. An [`Observer`] gathers [`Evidence`] and makes an
//! [`Assessment`].
//!
//! How any of it becomes bytes is behind [`Codec`], [`HeadCodec`] and [`PacketCodec`].
//!
//! Deliberately absent: when records are exchanged and collected, whom to invite, whom to trust. That is
//! an agent's, and differs from agent to agent.

// Values: which, how much, and what it is called.
mod amount;
mod id;
mod text;

// Promises: what is said.
mod bodies;
mod condition;
mod promise;
mod scope;
mod withdrawal;

// Whose word it is.
mod signing;

// What follows from what was said.
mod binding;
mod binding_error;
mod later;
mod record;
mod rendezvous;
mod standing;

// How keepers agree.
mod custody;

// At most one.
mod tenure;

// What runs to completion.
mod runs;

// How it gets around.
mod conversation;
mod member;
mod sheet_head;

// What an observer makes of it.
mod assessment;
mod evidence;
mod judgement;
mod observer;
mod word;

#[cfg(test)]
mod testing;

pub use amount::{
    BoundedSet, CPU_CORES_MICRO_MAX, LEASE_MS_MAX, Lease, LeaseError, MEMORY_BYTES_MAX,
    MEMORY_PAGE_BYTES, NOTICE_MS_MAX, Notice, NoticeError, Portion, PortionError, Resources,
    ResourcesError, Time, TooMany,
};
pub use assessment::Assessment;
pub use binding::{Binding, BindingId};
pub use binding_error::{BindingError, Part};
pub use bodies::{
    Accept, Axis, Bid, Body, Capacity, Consider, Have, Host, Keep, Lineage, Misfit, Mode, Needs,
    Pace, PaceError, Polarity, RETRIES_MAX, Retries, RetriesError, SPEC_BYTES_MAX, SPREAD_MAX,
    Serve, Spec, SpecError, Spread, SpreadError, Submitters, Update, UpdateError, Use, UseError,
};
pub use condition::{Condition, REQUIREMENTS_MAX, Requirement};
pub use conversation::{
    Absence, BATCH_BYTES_MAX, Batch, Bound, Branch, DIGEST_BRANCHES, DIGEST_DEPTH_MAX, Denial,
    Digest, Dismissal, Failure, Fetch, Frame, Handover, Hint, IDLE_MAX, INQUIRED_MAX,
    INVITED_SLOTS_MAX, Inquiry, Invitation, LISTING_MAX, Listing, Offers, RECORD_BYTES_MAX,
    RECORDS_MAX, RENEWED_MAX, Refusal, Renewal, SHEET_GONE_MAX, SheetPart, SignedRecord,
    UnknownRecord, Why,
};
pub use custody::{
    Answer, Answered, Asked, Ballot, CommitSequence, Configuration, ConfigurationEpoch,
    ConfigurationError, Consultation, Consults, EARLIER_MAX, Earlier, Entrusted, Entry, Era,
    KEEPERS_MAX, Learned, Question, Recall, Settlement, Submission, Verdict, Vote,
};
pub use evidence::Evidence;
pub use id::{
    AGENTS_NAMED_MAX, AgentId, Agents, BootEpoch, ClusterId, ComponentDigest, Generation, IdError,
    PromiseId, PromiseIdError, Sequence, Slot, VALENCY_MAX, Valency, ValencyError, Version,
    WorkloadId,
};
pub use judgement::{Broken, Contrary, Judgement, Kept, Unknown, Value};
pub use later::Later;
pub use member::{
    BootNonce, Incarnation, Liveness, Member, MemberId, PACKET_BYTES_MAX, PacketCodec, PacketHead,
    Probe, Renewals, Saying,
};
pub use observer::{Observer, Pending};
pub use promise::{Promise, PromiseError};
pub use record::Record;
pub use rendezvous::rendezvous;
pub use runs::{
    Completion, Outcome, PERIOD_MS_MAX, PERIOD_MS_MIN, RUNS_MAX, Run, RunKey, RunWord, Runner,
    Running, Runs, Schedule, ScheduleError, TICKS_KEPT_MAX, Tick, WallTime,
};
pub use scope::Scope;
pub use sheet_head::{SheetHead, SheetRoot};
pub use signing::{
    AgentKey, Codec, DeclareError, Head, HeadCodec, HeadError, Own, Promiser, Reading,
    SIGNATURE_BYTES, STATEMENT_BYTES_MAX, Signed, Statement, Verified, Verifier, VerifyError,
};
pub use standing::Standing;
pub use tenure::{Claim, FencingEpoch, Holder, Tenancy, TenancyWord};
pub use text::{
    Architecture, INTERFACE_BYTES_MAX, INTERFACES_MAX, Interface, InterfaceError, Interfaces, Kind,
    LABELS_MAX, LabelKey, LabelValue, Labels, LabelsError, Note, ROUTES_MAX, Route, Routes,
    TextError, WorkloadName,
};
pub use withdrawal::{Reason, Withdrawal, WithdrawalError};
pub use word::Word;
