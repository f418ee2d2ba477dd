//! What one workload may reach, and the memory of which addresses its names led to.
//!
//! A socket knows addresses and a grant mostly names, so the two are joined by what the workload
//! looked up: an address is admitted when a grant covers it outright, or when a lookup of a granted
//! name gave it. Special addresses are admitted only by a grant that names them; see
//! [`special`](super::special).

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::denials::Denials;
use super::grant::{Grant, NetGrant};
use super::lookup::Lookups;
use super::remembered::Remembered;
use super::special::{canonical, is_special};
use crate::denied::DenialSink;

/// Addresses (each with a port of its grant) that a workload's lookups may lead to at a time. Past
/// it the least recently used one is forgotten, and a connection to it needs a new lookup.
const LEARNED_MAX: usize = 1024;

/// How long an address stays admitted after the lookup that gave it. The system's resolver does not
/// tell how long a record is good for; an hour spares a guest that looks up once and reconnects
/// later.
const LEARNED_TTL: Duration = Duration::from_secs(60 * 60);

/// Senders of datagrams that a listening workload may answer at a time; past it the one heard from
/// longest ago is forgotten.
const PEERS_MAX: usize = 4096;

/// How long after its last datagram a sender may be answered.
pub(super) const PEERS_TTL: Duration = Duration::from_secs(10 * 60);

/// Outbound HTTP connections a workload may have open at a time; a request past it fails at once,
/// so that no guest can use up the file descriptors of the process.
const CONNECTIONS_MAX: usize = 512;

/// Sockets that a workload without any grant may make, all its instances together. They lead nowhere
/// and each keeps a file of the process open, so it gets as many as it takes to tell its owner where
/// it wants to go, an address of each family for a few hosts. Past it, making one fails.
pub(super) const UNGRANTED_SOCKETS_MAX: u32 = 8;

/// The network as one workload is allowed to see it, shared by all its instances.
#[derive(Debug)]
pub(crate) struct NetPolicy {
    grants: Vec<Grant>,
    /// Whether the workload may bind and listen, which no grant of a destination implies.
    pub(super) listen: bool,
    /// Public addresses that granted names led to, with the port their grant is limited to.
    learned: Mutex<Remembered<(IpAddr, Option<u16>)>>,
    /// Who sent a datagram that only `listen` let the workload receive.
    pub(super) peers: Mutex<Remembered<SocketAddr>>,
    pub(super) lookups: Lookups,
    pub(super) connections: Arc<Semaphore>,
    pub(super) denials: Denials,
    ungranted_sockets: AtomicU32,
    /// Whether anybody has asked for a socket.
    pub(super) made_sockets: AtomicBool,
}

impl NetPolicy {
    /// A policy that admits what the grants cover and, with `listen`, what comes in. What it refuses
    /// is told to the sink.
    pub(crate) fn new(
        grants: Vec<NetGrant>,
        listen: bool,
        sink: Option<Arc<dyn DenialSink>>,
    ) -> Self {
        Self {
            denials: Denials::to(sink),
            ..Self::with_lookups(grants, listen, Lookups::of_the_system())
        }
    }

    pub(super) fn with_lookups(grants: Vec<NetGrant>, listen: bool, lookups: Lookups) -> Self {
        Self {
            grants: grants.into_iter().map(Grant::from).collect(),
            listen,
            learned: Mutex::new(Remembered::new(LEARNED_MAX, LEARNED_TTL)),
            peers: Mutex::new(Remembered::new(PEERS_MAX, PEERS_TTL)),
            lookups,
            connections: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            denials: Denials::to(None),
            ungranted_sockets: AtomicU32::new(0),
            made_sockets: AtomicBool::new(false),
        }
    }

    /// Whether one more socket may be made, wherever it is to lead.
    pub(super) fn may_make_socket(&self) -> bool {
        self.made_sockets.store(true, Ordering::Relaxed);
        if !self.is_ungranted() {
            return true;
        }
        // Never more than the limit, so that counting cannot start over.
        let counted = |made: u32| (made < UNGRANTED_SOCKETS_MAX).then_some(made + 1);
        self.ungranted_sockets
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, counted)
            .is_ok()
    }

    /// Whether nothing of the network is granted at all.
    pub(super) fn is_ungranted(&self) -> bool {
        !self.listen && self.grants.is_empty()
    }

    /// Whether the workload may reach this address and port.
    pub(super) fn admits(&self, remote: SocketAddr, now: Instant) -> bool {
        let addr = canonical(remote.ip());
        let port = remote.port();
        if self
            .grants
            .iter()
            .any(|grant| grant.covers_port(port) && grant.covers_address(addr))
        {
            return true;
        }
        if is_special(addr) {
            return false;
        }
        let mut learned = lock(&self.learned);
        learned.contains(&(addr, Some(port)), now) || learned.contains(&(addr, None), now)
    }

    /// The ports (`None` for all) at which a name is granted; none if it is not granted at all.
    pub(super) fn ports_of(&self, name: &str) -> Vec<Option<u16>> {
        self.grants
            .iter()
            .filter(|grant| grant.covers_name(name))
            .map(|grant| grant.port)
            .collect()
    }

    /// Keeps what the workload may know of a lookup's result, and remembers it for its sockets.
    pub(super) fn learn(
        &self,
        ports: &[Option<u16>],
        mut addrs: Vec<IpAddr>,
        now: Instant,
    ) -> Vec<IpAddr> {
        addrs.retain(|addr| {
            !is_special(*addr) || self.grants.iter().any(|grant| grant.covers_address(*addr))
        });
        let mut learned = lock(&self.learned);
        // A special address stands by its own grant; having a name as well opens no port of it.
        for addr in addrs.iter().filter(|addr| !is_special(**addr)) {
            for port in ports {
                learned.insert((*addr, *port), now);
            }
        }
        addrs
    }
}

/// A panic elsewhere cannot leave these sets in a state that admits more than they should.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::grant::HostPattern;
    use super::*;

    fn policy(grants: &[(HostPattern, Option<u16>)], listen: bool) -> NetPolicy {
        let grants = grants.iter().map(|(host, port)| NetGrant {
            host: host.clone(),
            port: *port,
        });
        NetPolicy::new(grants.collect(), listen, None)
    }

    fn name(name: &str) -> HostPattern {
        HostPattern::Name(name.into())
    }

    fn ip(addr: &str) -> HostPattern {
        HostPattern::Ip(addr.parse().unwrap())
    }

    fn cidr(network: &str) -> HostPattern {
        HostPattern::Cidr(network.parse().unwrap())
    }

    fn at(addr: &str) -> SocketAddr {
        addr.parse().unwrap()
    }

    /// The host and port of a grant, what it lets a socket connect to and what it does not.
    type Case = (
        HostPattern,
        Option<u16>,
        &'static [&'static str],
        &'static [&'static str],
    );

    #[test]
    fn a_grant_admits_what_it_covers_and_nothing_else() {
        let cases: &[Case] = &[
            (
                HostPattern::Any,
                None,
                &["1.1.1.1:53", "[2606:4700::1]:443", "[::ffff:1.1.1.1]:80"],
                &[
                    "127.0.0.1:80",
                    "[::1]:80",
                    "10.0.0.1:80",
                    "169.254.169.254:80",
                    "[::ffff:127.0.0.1]:80",
                    "[::ffff:169.254.169.254]:80",
                    "[fd00::1]:80",
                    "100.64.0.1:80",
                    "0.0.0.0:80",
                    "224.0.0.1:80",
                    "255.255.255.255:80",
                ],
            ),
            (
                HostPattern::Any,
                Some(443),
                &["1.1.1.1:443"],
                &["1.1.1.1:80", "127.0.0.1:443"],
            ),
            (
                name("example.com"),
                None,
                &[],
                &["1.1.1.1:80", "127.0.0.1:80"],
            ),
            (
                name("localhost"),
                Some(5432),
                &[
                    "127.0.0.1:5432",
                    "127.9.9.9:5432",
                    "[::1]:5432",
                    "[::ffff:127.0.0.1]:5432",
                ],
                &[
                    "127.0.0.1:80",
                    "10.0.0.1:5432",
                    "1.1.1.1:5432",
                    "0.0.0.0:5432",
                ],
            ),
            (name("app.localhost"), None, &[], &["127.0.0.1:80"]),
            (
                HostPattern::Suffix("localhost".into()),
                None,
                &[],
                &["127.0.0.1:80"],
            ),
            (
                ip("10.0.0.5"),
                Some(80),
                &["10.0.0.5:80", "[::ffff:10.0.0.5]:80"],
                &["10.0.0.6:80", "10.0.0.5:81", "1.1.1.1:80"],
            ),
            (
                ip("::ffff:10.0.0.5"),
                None,
                &["10.0.0.5:1", "[::ffff:10.0.0.5]:2"],
                &["10.0.0.4:1"],
            ),
            (
                ip("8.8.8.8"),
                Some(53),
                &["8.8.8.8:53"],
                &["8.8.4.4:53", "8.8.8.8:54"],
            ),
            (
                cidr("192.168.0.0/16"),
                None,
                &["192.168.3.4:22", "[::ffff:192.168.3.4]:22"],
                &["192.169.0.1:22", "10.0.0.1:22", "127.0.0.1:22"],
            ),
            (
                cidr("fe80::/10"),
                None,
                &["[fe80::1]:1"],
                &["[fec0::1]:1", "[::1]:1"],
            ),
        ];
        let now = Instant::now();
        for (host, port, admitted, refused) in cases {
            let policy = policy(&[(host.clone(), *port)], false);
            for addr in *admitted {
                assert!(policy.admits(at(addr), now), "{host:?} {port:?} {addr}");
            }
            for addr in *refused {
                assert!(!policy.admits(at(addr), now), "{host:?} {port:?} {addr}");
            }
        }
    }

    #[test]
    fn what_a_name_led_to_is_admitted_at_its_ports_for_a_while() {
        let now = Instant::now();
        let policy = policy(
            &[
                (name("a.example"), Some(443)),
                (HostPattern::Suffix("example".into()), Some(80)),
            ],
            false,
        );
        let addr: IpAddr = "1.1.1.1".parse().unwrap();
        assert!(!policy.admits(at("1.1.1.1:443"), now));

        let ports = policy.ports_of("a.example");
        assert_eq!(ports, [Some(443), Some(80)]);
        assert_eq!(policy.learn(&ports, vec![addr], now), [addr]);
        for (addr, admitted) in [
            ("1.1.1.1:443", true),
            ("1.1.1.1:80", true),
            ("[::ffff:1.1.1.1]:80", true),
            ("1.1.1.1:22", false),
            ("1.1.1.2:443", false),
        ] {
            assert_eq!(policy.admits(at(addr), now), admitted, "{addr}");
        }
        assert!(!policy.admits(at("1.1.1.1:443"), now + LEARNED_TTL));
        assert!(policy.ports_of("example").is_empty());
    }

    #[test]
    fn a_workload_without_a_grant_makes_few_sockets() {
        let none = policy(&[], false);
        assert!((0..UNGRANTED_SOCKETS_MAX).all(|_| none.may_make_socket()));
        assert!(!none.may_make_socket() && !none.may_make_socket());
        for granted in [
            policy(&[(HostPattern::Any, None)], false),
            policy(&[], true),
        ] {
            assert!((0..=UNGRANTED_SOCKETS_MAX).all(|_| granted.may_make_socket()));
        }
    }

    #[test]
    fn what_was_learned_is_bounded() {
        let now = Instant::now();
        let policy = policy(&[(name("a.example"), None)], false);
        let first = 0x0101_0101_u32;
        for n in 0..=u32::try_from(LEARNED_MAX).unwrap() {
            policy.learn(&[None], vec![IpAddr::V4((first + n).into())], now);
        }
        assert!(
            !policy.admits(at("1.1.1.1:80"), now),
            "the oldest address was kept"
        );
        assert!(policy.admits(at("1.1.1.2:80"), now));
    }

    #[test]
    fn a_name_never_leads_to_a_special_address() {
        let now = Instant::now();
        let public: IpAddr = "1.1.1.1".parse().unwrap();
        let special = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1"];
        for host in [
            HostPattern::Any,
            name("a.example"),
            HostPattern::Suffix("example".into()),
        ] {
            let policy = policy(&[(host, None)], false);
            let mut addrs = vec![public];
            addrs.extend(special.iter().map(|addr| addr.parse::<IpAddr>().unwrap()));
            assert_eq!(policy.learn(&[None], addrs, now), [public]);
            for addr in special {
                assert!(
                    !policy.admits(SocketAddr::new(addr.parse().unwrap(), 80), now),
                    "{addr}"
                );
            }
        }
    }

    #[test]
    fn a_special_address_keeps_to_the_ports_of_its_own_grant() {
        let now = Instant::now();
        let policy = policy(
            &[(name("db.example"), None), (cidr("10.0.0.0/8"), Some(5432))],
            false,
        );
        let addr: IpAddr = "10.0.0.7".parse().unwrap();
        assert_eq!(policy.learn(&[None], vec![addr], now), [addr]);
        assert!(policy.admits(at("10.0.0.7:5432"), now));
        assert!(!policy.admits(at("10.0.0.7:22"), now));
    }
}
