//! What a node answers whoever asks it: HTTP with JSON, for people on its Unix socket, and for other nodes over a stream.

mod access;
#[cfg(test)]
mod description;
mod events;
mod gather;
mod intents;
mod kept;
mod line;
mod logs;
mod node;
mod operating;
mod pending;
mod promises;
mod recovering;
mod revoking;
mod routes;
mod view;
mod why;
mod words;
mod workload;

pub(crate) use access::{Api, Refusal, UPLOADS_MAX, parsed_workload};
pub(crate) use kept::judged;
pub use line::{EventShown, LogLine, LogStream};
pub use node::{DrainingShown, NodeShown, NodeState, PromiseShown};
pub use pending::PendingShown;
pub use recovering::{RecoveryShown, RecoveryWanted};
pub(crate) use routes::{for_clients, for_peers, for_people};
pub(crate) use view::{NAME_LABEL, own_name};
pub use why::Cause;
pub use words::{Refused, SettlementShown, SettlementWord, ThisNode};
pub use workload::{
    EndShown, FailingShown, FailureWord, HostedShown, HostingShown, RefusalShown, RunShown,
    StoodShown, StoreShown, TakenShown, WorkloadShown,
};
