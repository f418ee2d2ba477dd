//! Runs to completion: of jobs, and of what runs by schedule.
//!
//! A host claims a run through the register of its workload's name before it starts it, and says there how it ended. So a
//! majority of keepers agrees on who begins which run, and no keeper's death, restart or replacement forgets it.
//!
//! Nothing here sends, stores or waits. [`begin`] and [`end`] are what follows of what the register holds. [`Runners`] is
//! what a host has claimed, runs, or has yet to tell, and [`WallClock`] what its shell has told it of the time.
//!
//! Invariants:
//!
//! - Each attempt of a run is one host's, and is started once.
//! - What is over is never begun again, and how it ended stays.
//! - A tick is begun by one host only, whatever becomes of it.

mod rules;
mod runner;
mod runners;
mod wall_clock;

pub(crate) use rules::{Begins, Ends, Follows, begin, end};
pub(crate) use runner::{Hosts, Step};
pub use runners::CLAIMS_WAITS;
pub(crate) use runners::Runners;
pub use wall_clock::AHEAD_MAX;
pub(crate) use wall_clock::WallClock;
