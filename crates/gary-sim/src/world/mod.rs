//! The world that agents live in: time, network, disks, hosts, and what befalls them.

mod act;
mod clock;
mod disk;
mod exclusive;
mod fate;
mod host;
mod lie;
mod network;
mod node;
mod owner;
mod queue;
mod release;
mod step;
mod virtual_world;
mod vote_store;

pub use act::{Act, Blow, Slander, Submission};
pub(crate) use clock::wall;
pub use clock::{Clock, DRIFT_PPM_MAX};
pub use disk::DiskSpec;
pub use host::{Frailty, HostSpec};
pub use network::NetworkSpec;
pub use node::{NodeNo, NodeSpec};
pub use release::Release;
pub(crate) use virtual_world::owner_key;
pub use virtual_world::{CLUSTER, World, WorldSpec, node_key};
