//! The binding of sockets at 0.2 and 0.3: whether a workload may take a port at all.
//!
//! wasmtime-wasi's check of addresses hears in the same words of a socket that a guest binds and of
//! one that the system would bind as it connects or sends. The latter has to be admitted for the
//! address behind it to be asked about, and so to be told; the former takes a port of the machine
//! there and then. So the functions that bind ask the policy themselves, before that check. At 0.2 a
//! guest has to bind before it sends a datagram: where nothing is granted, nobody hears to whom.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, IpSocketAddress, Network};
use wasmtime_wasi::p2::bindings::sockets::{tcp, udp};
use wasmtime_wasi::p2::{TcpSocket, UdpSocket};
use wasmtime_wasi::p3::bindings::sockets::types as p3;

use super::creation::P3_INTERFACE;
use super::view::{NetView, answer};

/// A function, after the interface that has it.
type Named = (&'static str, &'static str);

const P2_TCP: Named = ("wasi:sockets/tcp@0.2.12", "[method]tcp-socket.start-bind");
const P2_UDP: Named = ("wasi:sockets/udp@0.2.12", "[method]udp-socket.start-bind");
const P3_TCP: Named = (P3_INTERFACE, "[method]tcp-socket.bind");
const P3_UDP: Named = (P3_INTERFACE, "[method]udp-socket.bind");

/// Adds the binding of sockets of 0.2, which takes the place of wasmtime-wasi's in a linker that has
/// it and allows shadowing.
pub(super) fn add_p2<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> NetView<'_>,
) -> wasmtime::Result<()> {
    type Asked<S> = (Resource<S>, Resource<Network>, IpSocketAddress);
    let (interface, name) = P2_TCP;
    linker.instance(interface)?.func_wrap_async(
        name,
        move |mut store: StoreContextMut<'_, T>, (socket, network, addr): Asked<TcpSocket>| {
            Box::new(async move {
                let mut view = view(store.data_mut());
                if !view.policy.may_bind(addr.into()) {
                    return Ok((Err(ErrorCode::AccessDenied),));
                }
                let mut wasi = view.wasi();
                let bound = tcp::HostTcpSocket::start_bind(&mut wasi, socket, network, addr);
                Ok((answer(bound.await)?,))
            })
        },
    )?;
    let (interface, name) = P2_UDP;
    linker.instance(interface)?.func_wrap_async(
        name,
        move |mut store: StoreContextMut<'_, T>, (socket, network, addr): Asked<UdpSocket>| {
            Box::new(async move {
                let mut view = view(store.data_mut());
                if !view.policy.may_bind(addr.into()) {
                    return Ok((Err(ErrorCode::AccessDenied),));
                }
                let mut wasi = view.wasi();
                let bound = udp::HostUdpSocket::start_bind(&mut wasi, socket, network, addr);
                Ok((answer(bound.await)?,))
            })
        },
    )
}

/// The same of 0.3.
pub(super) fn add_p3<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> NetView<'_>,
) -> wasmtime::Result<()> {
    type Asked<S> = (Resource<S>, p3::IpSocketAddress);
    let (interface, name) = P3_TCP;
    linker.instance(interface)?.func_wrap_async(
        name,
        move |mut store: StoreContextMut<'_, T>, (socket, addr): Asked<p3::TcpSocket>| {
            Box::new(async move {
                let mut view = view(store.data_mut());
                if !view.policy.may_bind(addr.into()) {
                    return Ok((Err(p3::ErrorCode::AccessDenied),));
                }
                let bound = p3::HostTcpSocket::bind(&mut view.wasi(), socket, addr).await;
                Ok((answer(bound)?,))
            })
        },
    )?;
    let (interface, name) = P3_UDP;
    linker.instance(interface)?.func_wrap_async(
        name,
        move |mut store: StoreContextMut<'_, T>, (socket, addr): Asked<p3::UdpSocket>| {
            Box::new(async move {
                let mut view = view(store.data_mut());
                if !view.policy.may_bind(addr.into()) {
                    return Ok((Err(p3::ErrorCode::AccessDenied),));
                }
                let bound = p3::HostUdpSocket::bind(&mut view.wasi(), socket, addr).await;
                Ok((answer(bound)?,))
            })
        },
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{State, anywhere, call_p3, engine};
    use super::*;
    use crate::denied::Denied;

    /// A guest of 0.3 that binds a socket, of TCP for 0 and of UDP for 1, to any free port. It returns
    /// 0 once it is bound, 1 where it is denied and more for any other error.
    const GUEST_P3: &str = r#"
        (core module $guest
            ;; The socket, the address (a case and the eleven parts of the longer one), the result.
            (type $bind (func (param
                i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
            (import "" "memory" (memory 1))
            (import "" "create-tcp" (func $create-tcp (param i32 i32)))
            (import "" "create-udp" (func $create-udp (param i32 i32)))
            (import "" "bind-tcp" (func $bind-tcp (type $bind)))
            (import "" "bind-udp" (func $bind-udp (type $bind)))
            (table funcref (elem $bind-tcp $bind-udp))
            (func (export "run") (param $kind i32) (result i32)
                (if (local.get $kind)
                    (then (call $create-udp (i32.const 0) (i32.const 0)))
                    (else (call $create-tcp (i32.const 0) (i32.const 0))))
                (if (i32.load8_u (i32.const 0)) (then unreachable))
                (call_indirect (type $bind)
                    (i32.load (i32.const 4))
                    (i32.const 0)
                    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                    (i32.const 0)
                    (i32.const 0)
                    (local.get $kind))
                (if (i32.eqz (i32.load8_u (i32.const 0))) (then (return (i32.const 0))))
                ;; access-denied is the first of them.
                (i32.add (i32.load8_u (i32.const 4)) (i32.const 1))))"#;

    #[tokio::test]
    async fn a_guest_of_0_3_binds_only_where_something_is_granted() {
        for kind in [0, 1] {
            let ungranted = State::new(Vec::new());
            let kept = ungranted.kept.clone();
            assert_eq!(call_p3(ungranted, GUEST_P3, kind).await, 1, "{kind}");
            assert_eq!(kept.take(), [Denied::Bind], "{kind}");
            let granted = State::new(anywhere());
            assert_eq!(call_p3(granted, GUEST_P3, kind).await, 0, "{kind}");
        }
    }

    /// What is not in wasmtime-wasi's linker under the same names would shadow nothing.
    #[test]
    fn it_takes_the_place_of_wasmtimes_own() {
        let mut linker = Linker::<State>::new(&engine());
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
        wasmtime_wasi::p3::add_to_linker(&mut linker).unwrap();
        for (interface, name) in [P2_TCP, P2_UDP, P3_TCP, P3_UDP] {
            let mut interface = linker.instance(interface).unwrap();
            let taken = interface.func_wrap(name, |_: StoreContextMut<'_, State>, (): ()| Ok(()));
            assert!(taken.is_err(), "{name}");
        }
        linker.allow_shadowing(true);
        add_p2(&mut linker, State::net).unwrap();
        add_p3(&mut linker, State::net).unwrap();
    }
}
