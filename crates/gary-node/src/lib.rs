//! One node: joins the agent to a clock, a disk, a network and a host.
//!
//! To its neighbours it promises that
//!
//! - what its agent says follows from what is on its disk: it is stored first;
//! - nothing that another node or a guest does stalls its loop;
//! - who does not belong to its cluster is heard in nothing but that it would like to.
//!
//! The loop is in `shell.rs`; everything else is what it works with.

mod borrowing;
mod chronicle;
mod clock;
mod components;
mod desk;
mod discarding;
mod disk;
mod doors;
mod event;
mod facts;
mod flights;
mod gate;
mod having;
mod holding;
mod host;
mod joining;
mod keeping;
mod later;
mod lending;
mod lines;
mod logs;
mod lookout;
mod members;
mod metrics;
mod passing;
mod pauses;
mod peer_http;
mod random;
mod replay;
mod run_spec;
mod servers;
mod shell;
mod sites;
mod socket;
mod spare;
mod store_node;
mod stores;
mod upkeep;

pub mod api;
pub mod client;
pub mod cluster;
mod node;

pub use disk::DiskError;
pub use joining::{draw_root, found, invite, join};
pub use node::{Node, Settings, StartError};
pub use run_spec::{HealthCheck, Reachable, ReachableHost, RunSpec, RunSpecError, StoresOf};
pub use shell::Ended;
pub use socket::{SOCKET, SOCKET_PATH_BYTES_MAX, SocketPlace, check_socket_path};
