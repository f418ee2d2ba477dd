//! Many agents in one thread, under a virtual clock, on a network that loses, delays and divides.
//!
//! What this crate promises its neighbours: the same seed gives the same run, to the last message.

// Who is there.
pub mod membership;
