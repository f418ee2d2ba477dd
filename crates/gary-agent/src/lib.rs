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

// Who is there.
pub mod membership;
