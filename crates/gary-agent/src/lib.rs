//! One autonomous agent, as a state machine.
//!
//! What this crate promises its neighbours:
//!
//! - It is pure. What arrives comes in through `handle_*`, with the time; what must go out is taken with
//!   `poll_*` until there is no more. (So quinn-proto does it.) There is no IO, no clock, no thread, and
//!   randomness comes from a seed.
//! - Nothing that a peer says panics, grows memory without a named bound, or moves another agent's state.
//! - What has to be durable is stored before what follows from it is said.
//!
//! One concept a module.

// What it sees of its cluster: who is there, and what they promise to everyone.
pub mod membership;
pub mod sheet;

// How an agent speaks, and what it remembers.
mod memory;
mod voice;

// What it promises of its machine.
mod hosting;
mod ledger;

// What it keeps for others.
pub mod exclusive;
pub mod register;
mod runs;

mod candidates;
mod custody;
mod keepers;
mod tending;
mod trust;

mod dealings;

// All of it together.
mod agent;

mod backoff;
mod dense;
mod refused;

pub use agent::{Agent, AgentSetup, COMPARES_EVERY, FORGETS_AFTER, Powers, RECONCILES_EVERY};
pub use backoff::Waits;
pub use candidates::{ALL_CONSIDERED_MAX, DRAWS_PER_CANDIDATE};
pub use custody::{
    ANSWERS_RECALL_WITHIN, ANSWERS_SUBMISSION_WITHIN, ASKS_AGAIN_AFTER, Acknowledgement,
    COLLECT_WAITS, COLLECTED_MAX, FELLOWS_MAX, NAMES_MAX, Namesakes, OUTBID_WAITS, PASSED_ON_MAX,
    PENDING_LOOKS_AFTER, PENDING_MAX, PENDING_RESTS, PENDING_WAITS, PendingIntent, READS_WAITS,
    RECOVERY_SKIPS, REFUSED_SHOWN_FOR, REPLACES_AFTER, RecoverError, Recovery, RecoveryId,
    SETTLES_WITHIN, SHRINKS_AFTER, STEPS_IN_AFTER, SUCCESSION_WAITS, SetBack, TELLS_WAITS,
    WANTED_MAX,
};
pub use dealings::{
    ANSWERS_DOUBT_WITHIN, ASLEEP_MIN, Afterwards, Dealings, Drain, Draining, GOES_WITHIN, Keeps,
    LEASE_MS, RENEWS_EVERY, Setup, Shown, TELLS_FOR, Taken, WithdrawError,
};
pub use hosting::{
    ANSWERS_MAX, ANSWERS_WAIT, DENIED_AFTER, EARLY_WITHDRAWALS_MAX, Ended, GIVEN_UP_AFTER,
    HOSTINGS_MAX, HostReport, OFFER_STANDS, Order, PROVEN_AFTER, REPAIR_WAITS, RunAttempt,
    STEADY_AFTER, Start, Term,
};
pub use ledger::{EntryId, Ledger, NoRoom};
pub use refused::{Counters, Fault};
pub use runs::{AHEAD_MAX, CLAIMS_WAITS};
pub use tending::{
    ANSWERS_INQUIRY_WITHIN, ANSWERS_WITHIN, ASKED_MAX, Account, Counts, DISMISSED_MAX, DeployError,
    FAILING_MAX, Failing, GoBackError, GoingBack, HISTORY_BYTES_MAX, HISTORY_MAX, INVITED_PER_SLOT,
    KEEPS_BYTES_MAX, LEARNS_FOR, Leaving, OVER_MAX, REFUSALS_MAX, REOPEN_WAITS, ROUND_SLOTS_MAX,
    ROUND_WAITS, ROUNDS_AT_ONCE, Remembered, Rolling, Stood, TAKES_TURN_AFTER, WIDENINGS_MAX,
    WORKLOADS_MAX,
};
pub use trust::{HALF_LIFE, TRUSTED_MAX};
pub use voice::{
    Assessed, Fact, HELD_BYTES_PER_PEER_MAX, HELD_FRAMES_PER_PEER_MAX, HELD_MAX, JOURNAL_MAX,
    Speech, StoodBefore, Transmit, Unverified, WRITES_MAX, Write, WriteId,
};
