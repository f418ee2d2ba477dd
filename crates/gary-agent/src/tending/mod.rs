//! Tending a workload: whose intent this agent keeps, whom it invites for it, and whose offers it counts.

mod account;
mod answers;
mod asking;
mod choice;
mod counted;
mod deploying;
mod dismissed;
mod failing;
mod history;
mod holes;
mod inviting;
mod refusals;
mod rolling;
mod round;
mod sharing;
mod tended;
mod turn;
mod withdrawn;
mod workloads;

pub use account::{Account, Rolling};
pub use deploying::{DeployError, KEEPS_BYTES_MAX};
pub use dismissed::DISMISSED_MAX;
pub(crate) use dismissed::dismiss;
pub use failing::{FAILING_MAX, Failing};
pub use history::{GoBackError, GoingBack, HISTORY_BYTES_MAX, HISTORY_MAX, Stood};
pub use inviting::{REOPEN_WAITS, ROUNDS_AT_ONCE};
pub use refusals::{REFUSALS_MAX, Remembered};
pub use round::{ANSWERS_WITHIN, INVITED_PER_SLOT, ROUND_SLOTS_MAX, ROUND_WAITS, WIDENINGS_MAX};
pub(crate) use sharing::Shared;
pub use sharing::{ANSWERS_INQUIRY_WITHIN, ASKED_MAX};
pub use turn::{LEARNS_FOR, TAKES_TURN_AFTER};
pub use withdrawn::WITHDRAWN_MAX;
pub use workloads::WORKLOADS_MAX;
pub(crate) use workloads::{KeepChange, Tending, Tools};
