//! What a node answers whoever asks it: HTTP with JSON, for people on its Unix socket, and for other nodes over a stream.

mod intents;
mod routes;
mod view;
mod words;

pub(crate) use routes::{Api, Refusal, for_peers, for_people};
pub(crate) use view::NAME_LABEL;
pub use words::{
    HostingShown, NodeShown, Refused, SettlementShown, SettlementWord, ThisNode, WorkloadShown,
};
