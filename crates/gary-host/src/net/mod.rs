//! Everything by which a guest reaches a network.
//!
//! A workload's grants become one [`NetPolicy`], and the three ways out ask it: sockets through
//! wasmtime-wasi's address check, names through our own `wasi:sockets/ip-name-lookup`, HTTP through
//! [`HttpHooks`]. What no grant covers is refused.
//!
//! Deliberately absent: kept-alive outbound connections, racing of address families, proxies taken
//! from the environment, and a cache of lookups (the system's resolver has one).

mod grant;
mod lookup;
mod names;
mod outbound;
mod policy;
mod remembered;
mod response_body;
mod sockets;
mod special;
mod tls;

pub use grant::{HostPattern, NetGrant};
pub(crate) use names::{NamesView, names_p2, names_p3};
pub(crate) use outbound::HttpHooks;
pub(crate) use policy::NetPolicy;
