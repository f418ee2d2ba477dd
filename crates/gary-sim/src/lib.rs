//! Many agents in one thread, under a virtual clock, on a network that loses, delays and divides.
//!
//! What this crate promises its neighbours:
//!
//! - The same seed gives the same run, to the last message. There is no IO, no clock, no thread.
//! - What is simulated is what is shipped: faults are put into the world around an agent, never into it.
//! - Checkers see frames, facts on disk and orders to hosts, and never an agent's insides. A property whose
//!   premise was never true was not checked, and fails the run.
//!
//! The way through: a [`Plan`] says what befalls a [`World`] under a seed. A [`Watch`] sees all that can be
//! [`Seen`] of it from outside, and hands it to a [`Checker`] for each [`Property`]. [`run`] does so for many
//! seeds.

// The world.
mod reader;
mod world;

// What befalls it.
mod adapter;
mod draw;
mod furnishing;
mod plan;

// What is seen of it, and what it is held to.
mod checker;
mod consulted;
mod names;
mod property;
mod running;
mod seen;
mod transcript;
mod watch;

// Many of them, and what they should catch.
mod mutation;
mod run;

// Who is there, by itself.
pub mod membership;

// How they do in large numbers.
pub mod scale;

pub use adapter::{Adapter, Passed};
pub use checker::{
    AcceptanceSeen, AgentSeen, Book, Checker, DrainSeen, OfferSeen, RunSeen, Verdict, WorkloadSeen,
};
pub use mutation::{Mutation, Tried, try_mutation, try_mutations};
pub use names::Names;
pub use plan::{NODES_MAX, NODES_MIN, Plan, capacity, intent};
pub use property::{Property, Violation};
pub use reader::Reader;
pub use run::{
    Outcome, Report, SETTLES_AGAIN_WITHIN, SETTLES_WITHIN, replay_line, run, run_seed, run_with,
};
pub use seen::Seen;
pub use transcript::{LINES_MAX, Transcript};
pub use watch::Watch;
pub use world::{
    Act, Blow, CLUSTER, Clock, DRIFT_PPM_MAX, DiskSpec, Frailty, HostSpec, NetworkSpec, NodeNo,
    NodeSpec, Release, Slander, Submission, World, WorldSpec, node_key,
};
