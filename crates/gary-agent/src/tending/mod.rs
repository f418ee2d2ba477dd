//! Tending a workload: whose intent this agent keeps, whom it invites for it, and whose offers it counts.

mod account;
mod answers;
mod asking;
mod choice;
mod counted;
mod deploying;
mod dismissed;
mod handed_over;
mod holes;
mod inviting;
mod over;
mod refusals;
mod round;
mod sharing;
mod tended;
mod turn;
mod workloads;

pub use account::Account;
pub(crate) use deploying::check_exclusive;
pub use deploying::{DeployError, KEEPS_BYTES_MAX};
pub use dismissed::DISMISSED_MAX;
pub(crate) use dismissed::dismiss;
pub(crate) use handed_over::leave_to_others;
pub use inviting::{REOPEN_WAITS, ROUNDS_AT_ONCE};
pub use over::OVER_MAX;
pub use refusals::{REFUSALS_MAX, Remembered};
pub use round::{ANSWERS_WITHIN, INVITED_PER_SLOT, ROUND_SLOTS_MAX, ROUND_WAITS, WIDENINGS_MAX};
pub(crate) use sharing::Shared;
pub use sharing::{ANSWERS_INQUIRY_WITHIN, ASKED_MAX};
pub use turn::{LEARNS_FOR, TAKES_TURN_AFTER};
pub use workloads::WORKLOADS_MAX;
pub(crate) use workloads::{KeepChange, Tending, Tools};
