//! Asking a node, and deploying by it: what the command line does.

mod admittance;
mod asking;
mod deploying;
mod pending;
mod person;
mod planning;
mod questions;
mod recovering;
mod remote;
mod storing;

pub use admittance::Admittance;
pub use asking::{AskError, Client};
pub use deploying::{DeployError, Deployed, Deployment, Kind, Standing};
pub use person::{Person, PersonError};
pub use planning::{Change, Plan, PlanNode, packages};
pub use questions::LogsWanted;
pub use storing::{Moved, StoreError};
