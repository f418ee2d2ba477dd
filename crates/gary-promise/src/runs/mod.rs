//! Runs to completion: of jobs, and of what runs by schedule.
//!
//! A *run* is begun by one host, which has claimed it through the register of its workload's name, and its result is kept
//! there. What a schedule makes due is a *tick*.

mod completion;
mod run;
mod running;
mod schedule;

pub use completion::{Completion, Outcome};
pub use run::{RUNS_MAX, Run, RunKey, Runner, Runs, TICKS_KEPT_MAX};
pub use running::{RunWord, Running};
pub use schedule::{PERIOD_MS_MAX, PERIOD_MS_MIN, Schedule, ScheduleError, Tick, WallTime};
