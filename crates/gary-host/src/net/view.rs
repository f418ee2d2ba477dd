//! What the network's interfaces need of a store's state, and the errors they share.

use std::error::Error;
use std::sync::Arc;

use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::TrappableError;
use wasmtime_wasi::p2::SocketError;
use wasmtime_wasi::p2::bindings::sockets::network::{self, ErrorCode};
use wasmtime_wasi::sockets::{WasiSocketsCtx, WasiSocketsCtxView};

use super::policy::NetPolicy;

/// What name lookup and the making of sockets need of a store's state.
pub(crate) struct NetView<'a> {
    /// What the workload may reach.
    pub(crate) policy: &'a Arc<NetPolicy>,
    /// wasmtime-wasi's part, which makes the sockets.
    pub(crate) sockets: &'a mut WasiSocketsCtx,
    /// The store's resources.
    pub(crate) table: &'a mut ResourceTable,
}

impl NetView<'_> {
    /// wasmtime-wasi's own view.
    pub(super) fn wasi(&mut self) -> WasiSocketsCtxView<'_> {
        WasiSocketsCtxView {
            ctx: self.sockets,
            table: self.table,
        }
    }
}

/// What a guest is told of a call that wasmtime-wasi took; an error of ours is not for the guest.
pub(super) fn answer<T, E: Error + Send + Sync + 'static>(
    done: Result<T, TrappableError<E>>,
) -> wasmtime::Result<Result<T, E>> {
    match done {
        Ok(value) => Ok(Ok(value)),
        Err(error) => Ok(Err(error.downcast()?)),
    }
}

/// Tells the bindings which view they get.
pub(super) struct Net;

impl HasData for Net {
    type Data<'a> = NetView<'a>;
}

/// The bindings want the errors of `wasi:sockets/network` from whoever looks up names or makes
/// sockets; the functions of that interface itself are wasmtime-wasi's and never reach this.
impl network::Host for NetView<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn network_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        let error = self.table.get(&error)?;
        Ok(error.downcast_ref::<std::io::Error>().map(ErrorCode::from))
    }
}

impl network::HostNetwork for NetView<'_> {
    fn drop(&mut self, network: Resource<network::Network>) -> wasmtime::Result<()> {
        self.table.delete(network)?;
        Ok(())
    }
}
