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

use super::view::{Net, NetView, answer};
use crate::replica::Replica;

/// Where 0.3 has the functions that make sockets, among all others of sockets.
pub(super) const P3_INTERFACE: &str = "wasi:sockets/types@0.3.0";

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
    use super::super::policy::UNGRANTED_SOCKETS_MAX;
    use super::super::testing::{State, anywhere, call_p3, engine};
    use super::*;

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
        let most = UNGRANTED_SOCKETS_MAX as usize;
        assert_eq!(made(&mut State::new(Vec::new()), 100).await, most);
        assert_eq!(made(&mut State::new(anywhere()), 100).await, 100);
    }

    /// A guest of 0.3 that makes sockets until it is denied one, and returns how many it got.
    const GUEST_P3: &str = r#"
        (core module $guest
            (import "" "memory" (memory 1))
            (import "" "create-tcp" (func $tcp (param i32 i32)))
            (import "" "create-udp" (func $udp (param i32 i32)))
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
                (local.get $made)))"#;

    #[tokio::test]
    async fn nor_does_one_of_0_3() {
        let made = async |state| call_p3(state, GUEST_P3, 100).await;
        assert_eq!(made(State::new(Vec::new())).await, UNGRANTED_SOCKETS_MAX);
        assert_eq!(made(State::new(anywhere())).await, 100);
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
