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

mod sheet;

pub use sheet::{
    EVENTS_MAX, FETCH_ATTEMPTS_MAX, FETCH_TIMEOUT, FETCHES_MAX, FETCHES_PER_PEER_MAX, FRAMES_MAX,
    GONE_RELAYED_MAX, OWNERS_MAX, OwnSheet, PART_BYTES_FULL, PARTS_MAX, PutError, Refusals,
    Refused, SHEET_BYTES_MAX, SHEET_PROMISES_MAX, SHEETS_BYTES_MAX, STAGED_BYTES_MAX,
    SWEEP_HURRIED, SWEEP_INTERVAL, Sheet, SheetChange, SheetCodec, Sheets,
};
