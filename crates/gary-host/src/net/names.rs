//! `wasi:sockets/ip-name-lookup` at 0.2 and 0.3, answered by a workload's [`NetPolicy`].
//!
//! wasmtime-wasi's own is on or off for all names. This one takes its place in a linker and leaves
//! every other interface of wasi:sockets to it. A guest that may not look a name up sees what it
//! would see under wasmtime with lookups off; only a name that leads nowhere but to special
//! addresses has an error of its own, `access-denied`.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::vec;

use wasmtime::component::{Accessor, Linker, Resource};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup as p2;
use wasmtime_wasi::p2::bindings::sockets::network::{
    ErrorCode as P2ErrorCode, IpAddress as P2IpAddress, Network,
};
use wasmtime_wasi::p2::{DynPollable, Pollable, SocketError, subscribe};
use wasmtime_wasi::p3::bindings::sockets::ip_name_lookup as p3;
use wasmtime_wasi::p3::bindings::sockets::types::IpAddress as P3IpAddress;
use wasmtime_wasi::runtime::{AbortOnDropJoinHandle, spawn};

use super::lookup::{LookupError, Target};
use super::policy::NetPolicy;
use super::view::{Net, NetView};

/// Adds name lookup of 0.2. Where wasmtime-wasi's is in the linker already, it must allow
/// shadowing.
pub(super) fn add_p2<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> NetView<'_>,
) -> wasmtime::Result<()> {
    p2::add_to_linker::<T, Net>(linker, view)
}

/// Adds name lookup of 0.3. Where wasmtime-wasi's is in the linker already, it must allow
/// shadowing.
pub(super) fn add_p3<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> NetView<'_>,
) -> wasmtime::Result<()> {
    p3::add_to_linker::<T, Net>(linker, view)
}

/// The addresses a 0.2 guest takes one by one. The bindings name a type of wasmtime-wasi that only
/// it can make, so the table holds this one and [`ours`] tells the table so.
enum AddressStream {
    Pending(AbortOnDropJoinHandle<Result<Vec<IpAddr>, LookupError>>),
    Ready(vec::IntoIter<IpAddr>),
    Failed(P2ErrorCode),
}

/// The same entry of the table under its real type, which the table checks on every access.
/// Borrowed, so that a pollable made of it does not delete it.
fn ours(stream: &Resource<p2::ResolveAddressStream>) -> Resource<AddressStream> {
    Resource::new_borrow(stream.rep())
}

impl AddressStream {
    fn open(policy: &Arc<NetPolicy>, host: &str) -> Result<Self, LookupError> {
        match policy.target(host)? {
            Target::Address(addr) => Ok(Self::Ready(vec![addr].into_iter())),
            target @ Target::Name { .. } => {
                let policy = Arc::clone(policy);
                Ok(Self::Pending(spawn(
                    async move { policy.look_up(target).await },
                )))
            }
        }
    }

    fn settle(&mut self, answer: Result<Vec<IpAddr>, LookupError>) {
        *self = match answer {
            Ok(addrs) => Self::Ready(addrs.into_iter()),
            Err(err) => Self::Failed(err.into()),
        };
    }
}

#[async_trait]
impl Pollable for AddressStream {
    async fn ready(&mut self) {
        if let Self::Pending(lookup) = self {
            let answer = lookup.await;
            self.settle(answer);
        }
    }
}

impl p2::Host for NetView<'_> {
    fn resolve_addresses(
        &mut self,
        network: Resource<Network>,
        name: String,
    ) -> Result<Resource<p2::ResolveAddressStream>, SocketError> {
        // The network is the capability to ask at all; holding it is all there is to check.
        self.table.get(&network)?;
        let stream = AddressStream::open(self.policy, &name).map_err(P2ErrorCode::from)?;
        let stream = self.table.push(stream)?;
        Ok(Resource::new_own(stream.rep()))
    }
}

impl p2::HostResolveAddressStream for NetView<'_> {
    fn resolve_next_address(
        &mut self,
        stream: Resource<p2::ResolveAddressStream>,
    ) -> Result<Option<P2IpAddress>, SocketError> {
        let stream = self.table.get_mut(&ours(&stream))?;
        if let AddressStream::Pending(lookup) = stream
            && let Some(answer) = wasmtime_wasi::runtime::poll_noop(std::pin::Pin::new(lookup))
        {
            stream.settle(answer);
        }
        match stream {
            AddressStream::Pending(_) => Err(P2ErrorCode::WouldBlock.into()),
            AddressStream::Ready(addrs) => Ok(addrs.next().map(Into::into)),
            AddressStream::Failed(code) => Err((*code).into()),
        }
    }

    fn subscribe(
        &mut self,
        stream: Resource<p2::ResolveAddressStream>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.table, ours(&stream))
    }

    fn drop(&mut self, stream: Resource<p2::ResolveAddressStream>) -> wasmtime::Result<()> {
        self.table
            .delete(Resource::<AddressStream>::new_own(stream.rep()))?;
        Ok(())
    }
}

impl<T> p3::HostWithStore<T> for Net {
    async fn resolve_addresses(
        accessor: &Accessor<T, Self>,
        name: String,
    ) -> wasmtime::Result<Result<Vec<P3IpAddress>, p3::ErrorCode>> {
        let policy = accessor.with(|mut access| Arc::clone(access.get().policy));
        let answer = match policy.target(&name) {
            Ok(target) => policy.look_up(target).await,
            Err(err) => Err(err),
        };
        Ok(answer
            .map(|addrs| addrs.into_iter().map(Into::into).collect())
            .map_err(Into::into))
    }
}

impl p3::Host for NetView<'_> {}

impl From<LookupError> for P2ErrorCode {
    fn from(err: LookupError) -> Self {
        match err {
            LookupError::NotGranted => Self::PermanentResolverFailure,
            LookupError::InvalidName => Self::InvalidArgument,
            LookupError::Busy | LookupError::TimedOut => Self::TemporaryResolverFailure,
            LookupError::Prohibited => Self::AccessDenied,
            LookupError::Resolver(err) => {
                log_resolver_error(&err);
                Self::NameUnresolvable
            }
        }
    }
}

impl From<LookupError> for p3::ErrorCode {
    fn from(err: LookupError) -> Self {
        match err {
            LookupError::NotGranted => Self::PermanentResolverFailure,
            LookupError::InvalidName => Self::InvalidArgument,
            LookupError::Busy | LookupError::TimedOut => Self::TemporaryResolverFailure,
            LookupError::Prohibited => Self::AccessDenied,
            LookupError::Resolver(err) => {
                log_resolver_error(&err);
                Self::NameUnresolvable
            }
        }
    }
}

/// No error code of a guest has room for what the system said.
fn log_resolver_error(err: &io::Error) {
    tracing::debug!(%err, "the system's resolver failed");
}

#[cfg(test)]
mod tests {
    use wasmtime::component::{HasSelf, Linker};
    use wasmtime::{Config, Engine, Store};
    use wasmtime_wasi::p2::bindings::io::poll::HostPollable;
    use wasmtime_wasi::p2::bindings::sockets::instance_network::Host as _;
    use wasmtime_wasi::sockets::{WasiSocketsCtx, WasiSocketsCtxView};
    use wasmtime_wasi::{ResourceTable, WasiCtx, WasiCtxView, WasiView};

    use super::super::lookup::testing::{policy, policy_with, silence};
    use super::p2::{Host as _, HostResolveAddressStream as _};
    use super::p3::HostWithStore as _;
    use super::*;

    struct State {
        policy: Arc<NetPolicy>,
        table: ResourceTable,
        wasi: WasiCtx,
    }

    impl State {
        fn new(policy: Arc<NetPolicy>) -> Self {
            Self {
                policy,
                table: ResourceTable::new(),
                wasi: WasiCtx::builder().build(),
            }
        }

        fn names(&mut self) -> NetView<'_> {
            NetView {
                policy: &self.policy,
                sockets: self.wasi.sockets(),
                table: &mut self.table,
            }
        }

        fn ask(&mut self, name: &str) -> Result<Resource<p2::ResolveAddressStream>, P2ErrorCode> {
            let mut sockets = WasiSocketsCtx::default();
            let mut view = WasiSocketsCtxView {
                ctx: &mut sockets,
                table: &mut self.table,
            };
            let network = view.instance_network().unwrap();
            self.names()
                .resolve_addresses(network, name.to_owned())
                .map_err(|err| err.downcast().unwrap())
        }

        fn next(
            &mut self,
            stream: &Resource<p2::ResolveAddressStream>,
        ) -> Result<Option<P2IpAddress>, P2ErrorCode> {
            let stream = Resource::new_borrow(stream.rep());
            self.names()
                .resolve_next_address(stream)
                .map_err(|err| err.downcast().unwrap())
        }

        async fn wait(&mut self, stream: &Resource<p2::ResolveAddressStream>) {
            let pollable = self
                .names()
                .subscribe(Resource::new_borrow(stream.rep()))
                .unwrap();
            self.table
                .block(Resource::new_borrow(pollable.rep()))
                .await
                .unwrap();
            HostPollable::drop(&mut self.table, pollable).unwrap();
        }
    }

    impl WasiView for State {
        fn ctx(&mut self) -> WasiCtxView<'_> {
            WasiCtxView {
                ctx: &mut self.wasi,
                table: &mut self.table,
            }
        }
    }

    #[tokio::test]
    async fn a_guest_of_0_2_takes_addresses_one_by_one() {
        let mut state = State::new(policy(&["a.example"], &["1.1.1.1", "127.0.0.1", "2606::1"]));
        let stream = state.ask("a.example").unwrap();
        assert!(matches!(state.next(&stream), Err(P2ErrorCode::WouldBlock)));
        state.wait(&stream).await;
        assert!(matches!(
            state.next(&stream),
            Ok(Some(P2IpAddress::Ipv4((1, 1, 1, 1))))
        ));
        let second = state.next(&stream);
        assert!(matches!(
            second,
            Ok(Some(P2IpAddress::Ipv6((0x2606, 0, 0, 0, 0, 0, 0, 1))))
        ));
        assert!(matches!(state.next(&stream), Ok(None)));
        state.names().drop(stream).unwrap();
    }

    #[tokio::test]
    async fn a_guest_of_0_2_is_told_why_there_is_no_address() {
        let mut state = State::new(policy(&["a.example"], &["10.0.0.1"]));
        let refused = state.ask("b.example").unwrap_err();
        assert!(matches!(refused, P2ErrorCode::PermanentResolverFailure));
        assert!(matches!(
            state.ask("a b").unwrap_err(),
            P2ErrorCode::InvalidArgument
        ));

        let stream = state.ask("a.example").unwrap();
        state.wait(&stream).await;
        for _ in 0..2 {
            assert!(matches!(
                state.next(&stream),
                Err(P2ErrorCode::AccessDenied)
            ));
        }

        let mut state = State::new(policy(&[], &["1.1.1.1"]));
        let refused = state.ask("a.example").unwrap_err();
        assert!(matches!(refused, P2ErrorCode::PermanentResolverFailure));
    }

    #[tokio::test(start_paused = true)]
    async fn a_guest_of_0_2_waits_for_a_bounded_time() {
        let mut state = State::new(policy_with(&["a.example"], silence()));
        let stream = state.ask("a.example").unwrap();
        state.wait(&stream).await;
        assert!(matches!(
            state.next(&stream),
            Err(P2ErrorCode::TemporaryResolverFailure)
        ));
    }

    #[tokio::test]
    async fn a_guest_of_0_3_takes_addresses_at_once() {
        let engine = engine();
        let policy = policy(&["a.example"], &["1.1.1.1", "127.0.0.1"]);
        let mut store = Store::new(&engine, State::new(policy));
        let (found, refused) = store
            .run_concurrent(async |accessor: &Accessor<State, HasSelf<State>>| {
                let accessor = accessor.with_getter::<Net>(State::names);
                let found = Net::resolve_addresses(&accessor, "a.example".to_owned()).await;
                let refused = Net::resolve_addresses(&accessor, "b.example".to_owned()).await;
                (found.unwrap(), refused.unwrap())
            })
            .await
            .unwrap();
        assert!(matches!(
            found.unwrap()[..],
            [P3IpAddress::Ipv4((1, 1, 1, 1))]
        ));
        assert!(matches!(
            refused.unwrap_err(),
            p3::ErrorCode::PermanentResolverFailure
        ));
    }

    #[test]
    fn it_takes_the_place_of_wasmtimes_own() {
        let mut linker = Linker::<State>::new(&engine());
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
        wasmtime_wasi::p3::add_to_linker(&mut linker).unwrap();
        linker.allow_shadowing(true);
        add_p2(&mut linker, State::names).unwrap();
        add_p3(&mut linker, State::names).unwrap();
    }

    fn engine() -> Engine {
        let mut config = Config::new();
        config.wasm_component_model_async(true);
        Engine::new(&config).unwrap()
    }
}
