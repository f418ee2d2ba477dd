//! Everything by which a guest reaches a network.
//!
//! A workload's grants become one [`NetPolicy`], and the three ways out ask it: sockets through
//! wasmtime-wasi's address check and as they are made and bound, names through our own
//! `wasi:sockets/ip-name-lookup`, HTTP through [`HttpHooks`]. What no grant covers is refused, and told
//! to the spec's [`DenialSink`](crate::DenialSink).
//!
//! Deliberately absent: kept-alive outbound connections, racing of address families, proxies taken
//! from the environment, and a cache of lookups (the system's resolver has one).

mod binding;
mod creation;
mod denials;
mod grant;
mod lookup;
mod names;
mod outbound;
mod policy;
mod remembered;
mod response_body;
mod sockets;
mod special;
#[cfg(test)]
mod testing;
mod tls;
mod view;

pub use grant::{HostPattern, NetGrant};
pub(crate) use outbound::HttpHooks;
pub(crate) use policy::NetPolicy;
pub(crate) use view::NetView;

use wasmtime::component::Linker;

/// Puts our part of `wasi:sockets` 0.2 in the place of wasmtime-wasi's, which is in the linker.
pub(crate) fn add_to_linker_p2<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> NetView<'_>,
) -> wasmtime::Result<()> {
    names::add_p2(linker, view)?;
    creation::add_p2(linker, view)?;
    binding::add_p2(linker, view)
}

/// The same of 0.3.
pub(crate) fn add_to_linker_p3<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> NetView<'_>,
) -> wasmtime::Result<()> {
    names::add_p3(linker, view)?;
    creation::add_p3(linker, view)?;
    binding::add_p3(linker, view)
}
