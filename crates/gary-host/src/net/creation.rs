//! The making of sockets at 0.2 and 0.3: whether a workload may have one at all.
//!
//! wasmtime-wasi makes them for everybody or for nobody. A workload without a single grant could do
//! nothing with one but use up the process's files, so it gets a few, only to see where it wants to
//! go with them: the check of the address refuses that, and can be told.

use std::sync::atomic::Ordering;

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, IpAddressFamily};
use wasmtime_wasi::p2::bindings::sockets::{tcp_create_socket, udp_create_socket};
use wasmtime_wasi::p2::{SocketError, TcpSocket, UdpSocket};
use wasmtime_wasi::p3::bindings::sockets::types as p3;
use wasmtime_wasi::p3::sockets::SocketError as P3SocketError;

use super::view::{Net, NetView};
use crate::replica::Replica;

/// Where 0.3 has the functions that make sockets, among all others of sockets.
const P3_INTERFACE: &str = "wasi:sockets/types@0.3.0";

/// Adds the making of sockets of 0.2. Where wasmtime-wasi's is in the linker already, it must allow
/// shadowing.
pub(super) fn add_p2<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> NetView<'_>,
) -> wasmtime::Result<()> {
    tcp_create_socket::add_to_linker::<T, Net>(linker, view)?;
    udp_create_socket::add_to_linker::<T, Net>(linker, view)
}

/// Adds the making of sockets of 0.3, which takes the place of wasmtime-wasi's in a linker that has
/// it and allows shadowing.
pub(super) fn add_p3<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> NetView<'_>,
) -> wasmtime::Result<()> {
    let mut interface = linker.instance(P3_INTERFACE)?;
    interface.func_wrap(
        "[static]tcp-socket.create",
        move |mut store: StoreContextMut<'_, T>, (family,): (p3::IpAddressFamily,)| {
            let mut view = view(store.data_mut());
            if !view.policy.may_make_socket() {
                return Ok((Err(p3::ErrorCode::AccessDenied),));
            }
            Ok((answer(p3::HostTcpSocket::create(&mut view.wasi(), family))?,))
        },
    )?;
    interface.func_wrap_async(
        "[static]udp-socket.create",
        move |mut store: StoreContextMut<'_, T>, (family,): (p3::IpAddressFamily,)| {
            Box::new(async move {
                let mut view = view(store.data_mut());
                if !view.policy.may_make_socket() {
                    return Ok((Err(p3::ErrorCode::AccessDenied),));
                }
                let made = p3::HostUdpSocket::create(&mut view.wasi(), family).await;
                Ok((answer(made)?,))
            })
        },
    )
}

/// What the guest is told of it; an error of ours is not for the guest.
fn answer<S: 'static>(
    made: Result<Resource<S>, P3SocketError>,
) -> wasmtime::Result<Result<Resource<S>, p3::ErrorCode>> {
    match made {
        Ok(socket) => Ok(Ok(socket)),
        Err(error) => Ok(Err(error.downcast()?)),
    }
}

impl Replica {
    /// Whether an instance has made a socket, or tried to.
    pub fn made_sockets(&self) -> bool {
        self.shared.net.made_sockets.load(Ordering::Relaxed)
    }
}

impl tcp_create_socket::Host for NetView<'_> {
    fn create_tcp_socket(
        &mut self,
        family: IpAddressFamily,
    ) -> Result<Resource<TcpSocket>, SocketError> {
        if !self.policy.may_make_socket() {
            return Err(ErrorCode::AccessDenied.into());
        }
        tcp_create_socket::Host::create_tcp_socket(&mut self.wasi(), family)
    }
}

impl udp_create_socket::Host for NetView<'_> {
    async fn create_udp_socket(
        &mut self,
        family: IpAddressFamily,
    ) -> Result<Resource<UdpSocket>, SocketError> {
        if !self.policy.may_make_socket() {
            return Err(ErrorCode::AccessDenied.into());
        }
        udp_create_socket::Host::create_udp_socket(&mut self.wasi(), family).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wasmtime::component::{Component, ResourceTable};
    use wasmtime::{Config, Engine, Store};
    use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

    use super::super::grant::{HostPattern, NetGrant};
    use super::super::policy::NetPolicy;
    use super::*;

    struct State {
        policy: Arc<NetPolicy>,
        table: ResourceTable,
        wasi: WasiCtx,
    }

    impl State {
        fn new(grants: Vec<NetGrant>) -> Self {
            Self {
                policy: Arc::new(NetPolicy::new(grants, false, None)),
                table: ResourceTable::new(),
                wasi: WasiCtx::builder().allow_tcp(true).allow_udp(true).build(),
            }
        }

        fn net(&mut self) -> NetView<'_> {
            NetView {
                policy: &self.policy,
                sockets: self.wasi.sockets(),
                table: &mut self.table,
            }
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

    /// Makes sockets until it is refused, so many at most.
    async fn made(state: &mut State, sockets_max: usize) -> usize {
        use tcp_create_socket::Host as _;
        use udp_create_socket::Host as _;
        for made in 0..sockets_max {
            let mut net = state.net();
            let refused = match made % 2 {
                0 => net.create_tcp_socket(IpAddressFamily::Ipv4).err(),
                _ => net.create_udp_socket(IpAddressFamily::Ipv4).await.err(),
            };
            if let Some(refused) = refused {
                assert_eq!(refused.downcast().unwrap(), ErrorCode::AccessDenied);
                return made;
            }
        }
        sockets_max
    }

    #[tokio::test]
    async fn a_guest_without_a_grant_soon_gets_no_more_sockets() {
        assert!(made(&mut State::new(Vec::new()), 100).await < 100);
        assert_eq!(made(&mut State::new(anywhere()), 100).await, 100);
    }

    /// A guest of 0.3 that makes sockets until it is denied one, and returns how many it got.
    const GUEST_P3: &str = r#"(component
        (import "wasi:sockets/types@0.3.0" (instance $sockets
            (export "tcp-socket" (type $tcp (sub resource)))
            (export "udp-socket" (type $udp (sub resource)))
            (type $family' (enum "ipv4" "ipv6"))
            (export "ip-address-family" (type $family (eq $family')))
            (type $code' (variant
                (case "access-denied") (case "not-supported") (case "invalid-argument")
                (case "out-of-memory") (case "timeout") (case "invalid-state")
                (case "address-not-bindable") (case "address-in-use") (case "remote-unreachable")
                (case "connection-refused") (case "connection-broken") (case "connection-reset")
                (case "connection-aborted") (case "datagram-too-large")
                (case "other" (option string))))
            (export "error-code" (type $code (eq $code')))
            (export "[static]tcp-socket.create" (func
                (param "address-family" $family) (result (result (own $tcp) (error $code)))))
            (export "[static]udp-socket.create" (func
                (param "address-family" $family) (result (result (own $udp) (error $code)))))))
        (core module $memory
            (memory (export "memory") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
        (core instance $m (instantiate $memory))
        (core func $tcp (canon lower (func $sockets "[static]tcp-socket.create")
            (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
        (core func $udp (canon lower (func $sockets "[static]udp-socket.create")
            (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
        (core module $guest
            (import "" "memory" (memory 1))
            (import "" "tcp" (func $tcp (param i32 i32)))
            (import "" "udp" (func $udp (param i32 i32)))
            (func (export "run") (param $most i32) (result i32)
                (local $made i32)
                (loop $more
                    (if (i32.and (local.get $made) (i32.const 1))
                        (then (call $udp (i32.const 0) (i32.const 0)))
                        (else (call $tcp (i32.const 0) (i32.const 0))))
                    (if (i32.load8_u (i32.const 0))
                        (then
                            ;; access-denied is the first of them.
                            (if (i32.load8_u (i32.const 4)) (then unreachable))
                            (return (local.get $made))))
                    (local.set $made (i32.add (local.get $made) (i32.const 1)))
                    (br_if $more (i32.lt_u (local.get $made) (local.get $most))))
                (local.get $made)))
        (core instance $g (instantiate $guest (with "" (instance
            (export "memory" (memory $m "memory"))
            (export "tcp" (func $tcp))
            (export "udp" (func $udp))))))
        (func (export "run") (param "most" u32) (result u32)
            (canon lift (core func $g "run"))))"#;

    async fn made_p3(state: State, sockets_max: u32) -> u32 {
        let engine = engine();
        let bytes = wat::parse_str(GUEST_P3).unwrap();
        let component = Component::from_binary(&engine, &bytes).unwrap();
        let mut linker = Linker::<State>::new(&engine);
        wasmtime_wasi::p3::add_to_linker(&mut linker).unwrap();
        linker.allow_shadowing(true);
        add_p3(&mut linker, State::net).unwrap();
        let mut store = Store::new(&engine, state);
        let instance = linker.instantiate_async(&mut store, &component).await;
        let run = instance
            .unwrap()
            .get_typed_func::<(u32,), (u32,)>(&mut store, "run");
        let made = run.unwrap().call_async(&mut store, (sockets_max,)).await;
        made.unwrap().0
    }

    #[tokio::test]
    async fn nor_does_one_of_0_3() {
        assert!(made_p3(State::new(Vec::new()), 100).await < 100);
        assert_eq!(made_p3(State::new(anywhere()), 100).await, 100);
    }

    fn anywhere() -> Vec<NetGrant> {
        vec![NetGrant {
            host: HostPattern::Any,
            port: None,
        }]
    }

    fn engine() -> Engine {
        let mut config = Config::new();
        config.wasm_component_model_async(true);
        Engine::new(&config).unwrap()
    }

    /// What is not in wasmtime-wasi's linker under the same names would shadow nothing.
    #[test]
    fn it_takes_the_place_of_wasmtimes_own() {
        let mut linker = Linker::<State>::new(&engine());
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
        wasmtime_wasi::p3::add_to_linker(&mut linker).unwrap();
        assert!(add_p2(&mut linker, State::net).is_err());
        assert!(add_p3(&mut linker, State::net).is_err());
        linker.allow_shadowing(true);
        add_p2(&mut linker, State::net).unwrap();
        add_p3(&mut linker, State::net).unwrap();
    }
}
