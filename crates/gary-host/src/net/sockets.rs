//! The uses of sockets that a workload's policy admits.

use std::future::ready;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use wasmtime_wasi::sockets::SocketAddrUse;

use super::policy::{NetPolicy, lock};
use super::special::{canonical, is_special};
use crate::denied::Denied;

impl NetPolicy {
    /// The check that wasmtime-wasi makes before each use of a socket.
    pub(crate) fn socket_check(
        self: &Arc<Self>,
    ) -> impl Fn(SocketAddr, SocketAddrUse) -> Pin<Box<dyn Future<Output = bool> + Send + Sync>>
    + Send
    + Sync
    + 'static {
        let policy = Arc::clone(self);
        move |addr, purpose| {
            let admitted = policy.admits_use(addr, purpose, Instant::now());
            if !admitted {
                policy.tell_denied_use(addr, purpose);
            }
            Box::pin(ready(admitted))
        }
    }

    /// Whether a socket may be used for this. `addr` is the local address for binding and
    /// listening, and the other side's for everything else.
    pub(super) fn admits_use(
        &self,
        addr: SocketAddr,
        purpose: SocketAddrUse,
        now: Instant,
    ) -> bool {
        match purpose {
            SocketAddrUse::TcpConnect => self.admits(addr, now),
            SocketAddrUse::TcpListen | SocketAddrUse::TcpAccept => self.listen,
            // An outgoing socket is bound too, by the system, to any address and any free port. That
            // is asked before where it leads, which is what a refusal has to name. Whether a guest may
            // do the same by itself, `may_bind` has said before.
            SocketAddrUse::TcpBind | SocketAddrUse::UdpBind => {
                self.listen || is_any_free_port(addr)
            }
            SocketAddrUse::UdpSend => {
                self.admits(addr, now) || lock(&self.peers).contains(&addr, now)
            }
            SocketAddrUse::UdpReceive => self.admits_datagram_from(addr, now),
        }
    }

    /// Whether a guest's own call to bind a socket here is left to [`Self::socket_check`].
    ///
    /// Where nothing is granted it is not, for any address: a socket that is bound to any free port
    /// leads nowhere either, but takes that port of the machine and room for what is sent there.
    pub(super) fn may_bind(&self, addr: SocketAddr) -> bool {
        if !self.is_ungranted() {
            return true;
        }
        tracing::debug!(%addr, "no grant covers binding a socket");
        self.denials.tell(match is_any_free_port(addr) {
            true => Denied::Bind,
            false => Denied::Listen(addr),
        });
        false
    }

    fn tell_denied_use(&self, addr: SocketAddr, purpose: SocketAddrUse) {
        tracing::debug!(%addr, ?purpose, "no grant covers this use of a socket");
        match purpose {
            SocketAddrUse::TcpConnect | SocketAddrUse::UdpSend => self.tell_denied_address(addr),
            SocketAddrUse::TcpBind | SocketAddrUse::UdpBind | SocketAddrUse::TcpListen => {
                self.denials.tell(Denied::Listen(addr));
            }
            // It is somebody else who wants in, and who should not be able to fill a terminal.
            SocketAddrUse::TcpAccept | SocketAddrUse::UdpReceive => {}
        }
    }

    /// Tells that no grant covers this address.
    pub(super) fn tell_denied_address(&self, addr: SocketAddr) {
        let ip = canonical(addr.ip());
        self.denials.tell(Denied::Host {
            host: ip.to_string(),
            port: addr.port(),
            special: is_special(ip),
        });
    }

    /// Whether a datagram may be received. A listener that could not answer would be of little use,
    /// so whoever it hears from may be answered for a while, as the other side of an accepted
    /// connection may.
    ///
    /// wasmtime-wasi asks this too when a guest connects a UDP socket, after it has asked for
    /// `UdpSend`: a guest cannot make a peer of an address that it may not send to.
    fn admits_datagram_from(&self, addr: SocketAddr, now: Instant) -> bool {
        if self.admits(addr, now) {
            return true;
        }
        if self.listen {
            lock(&self.peers).insert(addr, now);
        }
        self.listen
    }
}

/// Whether this is where the system binds an outgoing socket.
fn is_any_free_port(addr: SocketAddr) -> bool {
    addr.ip().is_unspecified() && addr.port() == 0
}

#[cfg(test)]
mod tests {
    use super::super::denials::testing::Kept;
    use super::super::grant::{HostPattern, NetGrant};
    use super::super::policy::PEERS_TTL;
    use super::*;

    use wasmtime::component::{Resource, ResourceTable};
    use wasmtime_wasi::p3::bindings::sockets::types::{HostUdpSocket, IpAddressFamily};
    use wasmtime_wasi::sockets::{UdpSocket, WasiSocketsView};
    use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

    use SocketAddrUse::{TcpAccept, TcpBind, TcpConnect, TcpListen, UdpBind, UdpReceive, UdpSend};

    fn policy(hosts: &[HostPattern], listen: bool) -> NetPolicy {
        let grants = hosts.iter().map(|host| NetGrant {
            host: host.clone(),
            port: None,
        });
        NetPolicy::new(grants.collect(), listen, None)
    }

    fn at(addr: &str) -> SocketAddr {
        addr.parse().unwrap()
    }

    #[test]
    fn nothing_granted_is_nothing_admitted() {
        let policy = policy(&[], false);
        let now = Instant::now();
        for addr in [
            "0.0.0.0:0",
            "[::]:0",
            "127.0.0.1:0",
            "0.0.0.0:80",
            "127.0.0.1:80",
            "1.1.1.1:80",
        ] {
            let addr = at(addr);
            assert!(!policy.may_bind(addr), "{addr}");
            for purpose in [TcpListen, TcpAccept, TcpConnect, UdpSend, UdpReceive] {
                assert!(!policy.admits_use(addr, purpose, now), "{purpose:?} {addr}");
            }
            for purpose in [TcpBind, UdpBind] {
                // That the system binds a socket comes to nothing, as all it is bound for is refused.
                let admitted = policy.admits_use(addr, purpose, now);
                assert_eq!(admitted, is_any_free_port(addr), "{purpose:?} {addr}");
            }
        }
    }

    #[test]
    fn whoever_is_granted_anything_may_ask_to_bind() {
        for policy in [policy(&[HostPattern::Any], false), policy(&[], true)] {
            assert!(policy.may_bind(at("0.0.0.0:0")));
            assert!(policy.may_bind(at("127.0.0.1:80")));
        }
    }

    #[test]
    fn a_refusal_to_bind_is_told_once_of_each_kind() {
        let kept = Arc::new(Kept::default());
        let policy = NetPolicy::new(Vec::new(), false, Some(kept.clone()));
        for addr in ["0.0.0.0:0", "[::]:0", "127.0.0.1:80", "127.0.0.1:81"] {
            policy.may_bind(at(addr));
        }
        assert_eq!(
            kept.take(),
            [Denied::Bind, Denied::Listen(at("127.0.0.1:80"))]
        );
    }

    #[test]
    fn only_listen_opens_a_port_but_an_outgoing_socket_may_be_bound() {
        let now = Instant::now();
        let outgoing = policy(&[HostPattern::Any], false);
        for purpose in [TcpBind, UdpBind] {
            assert!(outgoing.admits_use(at("0.0.0.0:0"), purpose, now));
            assert!(outgoing.admits_use(at("[::]:0"), purpose, now));
            assert!(!outgoing.admits_use(at("0.0.0.0:8080"), purpose, now));
            assert!(!outgoing.admits_use(at("127.0.0.1:0"), purpose, now));
        }
        assert!(!outgoing.admits_use(at("0.0.0.0:0"), TcpListen, now));
        assert!(!outgoing.admits_use(at("1.1.1.1:999"), TcpAccept, now));

        let listening = policy(&[], true);
        for purpose in [TcpBind, TcpListen, UdpBind] {
            assert!(listening.admits_use(at("0.0.0.0:8080"), purpose, now));
            assert!(listening.admits_use(at("127.0.0.1:0"), purpose, now));
        }
        assert!(listening.admits_use(at("10.0.0.1:999"), TcpAccept, now));
        assert!(!listening.admits_use(at("10.0.0.1:999"), TcpConnect, now));
    }

    #[test]
    fn a_listener_answers_whom_it_heard_from_and_nobody_else() {
        let now = Instant::now();
        let policy = policy(&[], true);
        let peer = at("10.0.0.1:999");
        assert!(!policy.admits_use(peer, UdpSend, now));
        assert!(policy.admits_use(peer, UdpReceive, now));
        assert!(policy.admits_use(peer, UdpSend, now));
        assert!(!policy.admits_use(at("10.0.0.1:998"), UdpSend, now));
        assert!(!policy.admits_use(peer, TcpConnect, now));
        assert!(!policy.admits_use(peer, UdpSend, now + PEERS_TTL));
    }

    #[tokio::test]
    async fn a_refusal_names_where_the_guest_wanted_to_go() {
        let kept = Arc::new(Kept::default());
        let policy = Arc::new(NetPolicy::new(Vec::new(), false, Some(kept.clone())));
        let check = policy.socket_check();
        let host = |host: &str, port, special| Denied::Host {
            host: host.into(),
            port,
            special,
        };
        for (addr, purpose, told) in [
            ("1.1.1.1:80", TcpConnect, vec![host("1.1.1.1", 80, false)]),
            ("1.1.1.1:80", UdpSend, vec![]),
            (
                "[::ffff:10.0.0.1]:53",
                UdpSend,
                vec![host("10.0.0.1", 53, true)],
            ),
            (
                "0.0.0.0:80",
                TcpBind,
                vec![Denied::Listen(at("0.0.0.0:80"))],
            ),
            ("10.0.0.2:9", UdpReceive, vec![]),
            ("10.0.0.2:9", TcpAccept, vec![]),
        ] {
            assert!(!check(at(addr), purpose).await, "{purpose:?} {addr}");
            assert_eq!(kept.take(), told, "{purpose:?} {addr}");
        }
        assert!(check(at("0.0.0.0:0"), UdpBind).await);
        assert_eq!(kept.take(), []);
    }

    /// The state of a store whose guest may use sockets under a policy.
    struct State {
        table: ResourceTable,
        wasi: WasiCtx,
    }

    impl State {
        fn new(policy: NetPolicy) -> Self {
            let check = Arc::new(policy).socket_check();
            let wasi = WasiCtx::builder()
                .allow_udp(true)
                .allow_tcp(true)
                .socket_addr_check(check)
                .build();
            Self {
                table: ResourceTable::new(),
                wasi,
            }
        }

        async fn udp_socket(&mut self) -> Resource<UdpSocket> {
            HostUdpSocket::create(&mut self.sockets(), IpAddressFamily::Ipv4)
                .await
                .unwrap()
        }

        async fn connect(&mut self, socket: &Resource<UdpSocket>, to: SocketAddr) -> bool {
            let socket = Resource::new_borrow(socket.rep());
            HostUdpSocket::connect(&mut self.sockets(), socket, to.into())
                .await
                .is_ok()
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

    /// The order of wasmtime-wasi's checks, on which [`NetPolicy::admits_datagram_from`] relies.
    #[tokio::test]
    async fn a_listener_cannot_make_a_peer_of_its_own() {
        let mut state = State::new(policy(&[], true));
        for _ in 0..2 {
            let socket = state.udp_socket().await;
            assert!(!state.connect(&socket, at("127.0.0.1:53")).await);
        }
    }

    #[tokio::test]
    async fn a_socket_reaches_what_is_granted() {
        let mut state = State::new(policy(&[HostPattern::Name("localhost".into())], false));
        let socket = state.udp_socket().await;
        assert!(state.connect(&socket, at("127.0.0.1:53")).await);
        let socket = state.udp_socket().await;
        assert!(!state.connect(&socket, at("10.0.0.1:53")).await);
    }
}
