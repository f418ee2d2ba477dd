//! Looking names up on behalf of a guest: whether it may, how long and how many at a time.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::grant::HostName;
use super::policy::NetPolicy;
use super::special::{canonical, is_special};
use crate::denied::Denied;

/// How long a lookup may take, its wait for a turn included.
pub(super) const LOOKUP_TIMEOUT: Duration = Duration::from_secs(30);

/// Lookups of one workload that run at a time; more wait for their turn. Each blocks a thread of
/// tokio's pool, which all workloads share with the file system.
const RUNNING_MAX: usize = 16;

/// Lookups of one workload that run or wait at a time; one more fails at once.
const PENDING_MAX: usize = 256;

/// Addresses of one name that are looked at; the rest are dropped.
const ADDRESSES_MAX: usize = 32;

/// Why a guest gets no address.
#[derive(Debug, thiserror::Error)]
pub(super) enum LookupError {
    /// No grant covers the host.
    #[error("no grant covers this host")]
    NotGranted,
    /// No host can be called this.
    #[error("this is not a host name")]
    InvalidName,
    /// [`PENDING_MAX`] lookups are pending already.
    #[error("too many lookups are pending")]
    Busy,
    /// [`LOOKUP_TIMEOUT`] has passed.
    #[error("the lookup timed out")]
    TimedOut,
    /// The name is granted, and leads only to special addresses that are not.
    #[error("the name leads only to special addresses, which need a grant of their own")]
    Prohibited,
    /// The resolver found nothing.
    #[error("the resolver failed")]
    Resolver(#[source] io::Error),
}

type Answer = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// How names are resolved, and the room there is for it.
pub(super) struct Lookups {
    resolve: Arc<dyn Fn(String) -> Answer + Send + Sync>,
    pending: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookups").finish_non_exhaustive()
    }
}

impl Lookups {
    /// Asks the system's resolver, and with it the hosts file.
    pub(super) fn of_the_system() -> Self {
        Self::by(|name| {
            Box::pin(async move {
                let addrs = tokio::net::lookup_host((name.as_str(), 0)).await?;
                Ok(addrs.map(|addr| addr.ip()).collect())
            })
        })
    }

    /// Asks `resolve`, which a test answers itself.
    pub(super) fn by(resolve: impl Fn(String) -> Answer + Send + Sync + 'static) -> Self {
        Self {
            resolve: Arc::new(resolve),
            pending: Arc::new(Semaphore::new(PENDING_MAX)),
            running: Arc::new(Semaphore::new(RUNNING_MAX)),
        }
    }

    /// The canonical addresses of a name, at least one, whatever they are.
    async fn query(&self, name: String) -> Result<Vec<IpAddr>, LookupError> {
        let pending = Arc::clone(&self.pending)
            .try_acquire_owned()
            .map_err(|_| LookupError::Busy)?;
        let turn = Arc::clone(&self.running).acquire_owned();
        let resolve = Arc::clone(&self.resolve);
        let answer = async move {
            let turn = turn.await;
            // The system's resolver cannot be called off. It is left to a task that keeps its place
            // until it is over, or a guest could give up on one slow lookup after the other and
            // hold every thread there is.
            let lookup = tokio::spawn(async move {
                let _places = (pending, turn);
                resolve(name).await
            });
            lookup
                .await
                .unwrap_or_else(|panicked| Err(io::Error::other(panicked)))
        };
        let mut addrs = timeout(LOOKUP_TIMEOUT, answer)
            .await
            .map_err(|_| LookupError::TimedOut)?
            .map_err(LookupError::Resolver)?;
        addrs.truncate(ADDRESSES_MAX);
        if addrs.is_empty() {
            return Err(LookupError::Resolver(
                io::ErrorKind::AddrNotAvailable.into(),
            ));
        }
        Ok(addrs.into_iter().map(canonical).collect())
    }
}

/// A host that a guest may look up.
pub(super) enum Target {
    /// It is an address already.
    Address(IpAddr),
    /// A granted name, with the ports it is granted at.
    Name {
        name: String,
        ports: Vec<Option<u16>>,
    },
}

impl NetPolicy {
    /// Decides on a lookup before anything is asked of the network.
    pub(super) fn target(&self, host: &str) -> Result<Target, LookupError> {
        match HostName::parse(host).ok_or(LookupError::InvalidName)? {
            // Reading an address tells nothing and asks nobody, and C libraries pass even the
            // address to bind to through here. Whether it may be used is for the check of the
            // socket to say.
            HostName::Address(addr) => Ok(Target::Address(addr)),
            HostName::Domain(name) => {
                let ports = self.ports_of(&name);
                if ports.is_empty() {
                    self.denials.tell(Denied::Name(bare(&name)));
                    return Err(LookupError::NotGranted);
                }
                Ok(Target::Name { name, ports })
            }
        }
    }

    /// The addresses of a host that the guest may know, which its sockets may then reach.
    pub(super) async fn look_up(&self, target: Target) -> Result<Vec<IpAddr>, LookupError> {
        let (name, ports) = match target {
            Target::Address(addr) => return Ok(vec![addr]),
            Target::Name { name, ports } => (name, ports),
        };
        let found = self.lookups.query(name.clone()).await?;
        tracing::debug!(name, addrs = ?found, "looked up");
        let addrs = self.learn(&ports, found.clone(), Instant::now());
        if addrs.is_empty() {
            return Err(self.prohibited(&name, &found, ports.into_iter().flatten().next()));
        }
        Ok(addrs)
    }

    /// The addresses at which a host may be reached at `port`, in the order to try them. At least
    /// one.
    pub(super) async fn route(
        &self,
        host: &str,
        port: u16,
    ) -> Result<Vec<SocketAddr>, LookupError> {
        let name = match HostName::parse(host).ok_or(LookupError::InvalidName)? {
            HostName::Address(addr) => {
                let addr = SocketAddr::new(addr, port);
                if !self.admits(addr, Instant::now()) {
                    self.tell_denied_address(addr);
                    return Err(LookupError::NotGranted);
                }
                return Ok(vec![addr]);
            }
            HostName::Domain(name) => name,
        };
        if !self
            .ports_of(&name)
            .iter()
            .any(|granted| granted.is_none_or(|granted| granted == port))
        {
            self.denials.tell(Denied::Host {
                host: bare(&name),
                port,
                special: false,
            });
            return Err(LookupError::NotGranted);
        }
        let found = self.lookups.query(name.clone()).await?;
        tracing::debug!(name, addrs = ?found, "looked up");
        let now = Instant::now();
        let addrs: Vec<_> = found
            .iter()
            .map(|addr| SocketAddr::new(*addr, port))
            .filter(|addr| !is_special(addr.ip()) || self.admits(*addr, now))
            .collect();
        if addrs.is_empty() {
            return Err(self.prohibited(&name, &found, Some(port)));
        }
        Ok(addrs)
    }

    /// The refusal of a granted name whose addresses are not.
    fn prohibited(&self, name: &str, found: &[IpAddr], port: Option<u16>) -> LookupError {
        tracing::debug!(name, "the name leads only to special addresses");
        if let Some(&addr) = found.first() {
            self.denials.tell(Denied::Special {
                name: bare(name),
                addr,
                port,
            });
        }
        LookupError::Prohibited
    }
}

/// A name as people write it, without the dot of the root.
fn bare(name: &str) -> String {
    name.trim_end_matches('.').to_owned()
}

/// Resolvers and policies for the tests of this module and its neighbours.
#[cfg(test)]
pub(super) mod testing {
    use super::super::grant::{HostPattern, NetGrant};
    use super::*;

    /// A policy that grants these hosts at all ports and to which every name has these addresses.
    pub(in super::super) fn policy(hosts: &[&str], addrs: &[&str]) -> Arc<NetPolicy> {
        let addrs: Vec<IpAddr> = addrs.iter().map(|addr| addr.parse().unwrap()).collect();
        let lookups = Lookups::by(move |_| Box::pin(std::future::ready(Ok(addrs.clone()))));
        policy_with(hosts, lookups)
    }

    /// A policy that grants these hosts at all ports and looks names up like this.
    pub(in super::super) fn policy_with(hosts: &[&str], lookups: Lookups) -> Arc<NetPolicy> {
        let grants = hosts.iter().map(|host| NetGrant {
            host: match *host {
                "*" => HostPattern::Any,
                host => HostPattern::Name(host.into()),
            },
            port: None,
        });
        Arc::new(NetPolicy::with_lookups(grants.collect(), false, lookups))
    }

    /// A resolver that never answers.
    pub(in super::super) fn silence() -> Lookups {
        Lookups::by(|_| Box::pin(std::future::pending()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::denials::Denials;
    use super::super::denials::testing::Kept;
    use super::super::grant::{HostPattern, NetGrant};
    use super::testing::{policy, policy_with, silence};
    use super::*;

    async fn look_up(policy: &NetPolicy, host: &str) -> Result<Vec<IpAddr>, LookupError> {
        policy.look_up(policy.target(host)?).await
    }

    fn addrs(addrs: &[&str]) -> Vec<IpAddr> {
        addrs.iter().map(|addr| addr.parse().unwrap()).collect()
    }

    #[tokio::test]
    async fn a_lookup_admits_its_addresses_to_sockets() {
        let policy = policy(&["a.example"], &["1.1.1.1", "2606:4700::1"]);
        let remote = "1.1.1.1:80".parse().unwrap();
        assert!(!policy.admits(remote, Instant::now()));
        assert_eq!(
            look_up(&policy, "A.example").await.unwrap(),
            addrs(&["1.1.1.1", "2606:4700::1"])
        );
        assert!(policy.admits(remote, Instant::now()));
    }

    #[tokio::test]
    async fn a_name_that_is_rebound_to_a_special_address_leads_nowhere() {
        for special in [
            "127.0.0.1",
            "10.0.0.1",
            "169.254.169.254",
            "::ffff:127.0.0.1",
            "fd00::1",
        ] {
            for hosts in [&["*"][..], &["a.example"]] {
                let policy = policy(hosts, &[special]);
                let refused = look_up(&policy, "a.example").await;
                assert!(
                    matches!(refused, Err(LookupError::Prohibited)),
                    "{special}: {refused:?}"
                );
                let refused = policy.route("a.example", 80).await;
                assert!(
                    matches!(refused, Err(LookupError::Prohibited)),
                    "{special}: {refused:?}"
                );
                let remote = SocketAddr::new(special.parse().unwrap(), 80);
                assert!(!policy.admits(remote, Instant::now()), "{special}");
            }
        }
    }

    #[tokio::test]
    async fn special_addresses_with_a_grant_of_their_own_are_found_by_name() {
        let policy = policy(&["db.example", "10.0.0.7"], &["10.0.0.7", "10.0.0.8"]);
        assert_eq!(
            look_up(&policy, "db.example").await.unwrap(),
            addrs(&["10.0.0.7"])
        );
        let route = policy.route("db.example", 5432).await.unwrap();
        assert_eq!(route, ["10.0.0.7:5432".parse().unwrap()]);
    }

    #[tokio::test]
    async fn localhost_needs_a_grant_and_then_means_loopback() {
        let granted = policy(&["localhost"], &["::1", "127.0.0.1"]);
        assert_eq!(
            look_up(&granted, "localhost").await.unwrap(),
            addrs(&["::1", "127.0.0.1"])
        );
        let any = policy(&["*"], &["::1", "127.0.0.1"]);
        assert!(matches!(
            look_up(&any, "localhost").await,
            Err(LookupError::Prohibited)
        ));
    }

    #[tokio::test]
    async fn the_system_is_asked_in_earnest() {
        let policy = policy_with(&["localhost"], Lookups::of_the_system());
        let found = look_up(&policy, "localhost").await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback), "{found:?}");
    }

    #[tokio::test]
    async fn what_is_not_granted_is_not_looked_up() {
        let policy = policy_with(&["a.example"], silence());
        for host in ["b.example", "example", "a.example.org"] {
            assert!(
                matches!(look_up(&policy, host).await, Err(LookupError::NotGranted)),
                "{host}"
            );
        }
        for host in [
            "b.example",
            "1.1.1.1",
            "127.0.0.1",
            "::1",
            "[::1]",
            "2130706433",
        ] {
            let refused = policy.route(host, 80).await;
            assert!(matches!(refused, Err(LookupError::NotGranted)), "{host}");
        }
        assert!(matches!(
            look_up(&policy, "a b").await,
            Err(LookupError::InvalidName)
        ));
    }

    #[tokio::test]
    async fn what_is_refused_is_told_with_what_would_be_granted() {
        let kept = Arc::new(Kept::default());
        let granted = ["a.example", "b.example"].map(|name| NetGrant {
            host: HostPattern::Name(name.into()),
            port: Some(443),
        });
        let lookups = Lookups::by(|_| Box::pin(std::future::ready(Ok(vec![[10, 0, 0, 1].into()]))));
        let mut policy = NetPolicy::with_lookups(granted.into(), false, lookups);
        policy.denials = Denials::to(Some(kept.clone()));

        for _ in 0..2 {
            look_up(&policy, "Other.Example.").await.unwrap_err();
        }
        policy.route("other.example", 80).await.unwrap_err();
        policy.route("a.example", 80).await.unwrap_err();
        look_up(&policy, "a.example").await.unwrap_err();
        policy.route("b.example", 443).await.unwrap_err();
        policy.route("a b", 80).await.unwrap_err();
        let host = |host: &str| Denied::Host {
            host: host.into(),
            port: 80,
            special: false,
        };
        let special = |name: &str| Denied::Special {
            name: name.into(),
            addr: [10, 0, 0, 1].into(),
            port: Some(443),
        };
        assert_eq!(
            kept.take(),
            [
                Denied::Name("other.example".into()),
                host("other.example"),
                host("a.example"),
                special("a.example"),
                special("b.example"),
            ]
        );
    }

    #[tokio::test]
    async fn literals_pass_without_a_lookup_and_open_nothing() {
        let policy = policy_with(&["a.example"], silence());
        for (host, addr) in [
            ("0.0.0.0", "0.0.0.0"),
            ("1.1.1.1", "1.1.1.1"),
            ("[2606:4700::1]", "2606:4700::1"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
        ] {
            assert_eq!(look_up(&policy, host).await.unwrap(), addrs(&[addr]));
            let remote = SocketAddr::new(addr.parse().unwrap(), 80);
            assert!(!policy.admits(remote, Instant::now()), "{host}");
        }
        let nothing_granted = policy_with(&[], silence());
        assert_eq!(
            look_up(&nothing_granted, "1.1.1.1").await.unwrap(),
            addrs(&["1.1.1.1"])
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_resolver_that_never_answers_is_given_up_on_and_keeps_its_place() {
        let policy = policy_with(&["a.example"], silence());
        let started = tokio::time::Instant::now();
        assert!(matches!(
            look_up(&policy, "a.example").await,
            Err(LookupError::TimedOut)
        ));
        assert_eq!(started.elapsed(), LOOKUP_TIMEOUT);
        assert_eq!(policy.lookups.running.available_permits(), RUNNING_MAX - 1);
    }

    #[tokio::test(start_paused = true)]
    async fn lookups_past_the_limit_fail_at_once() {
        let policy = policy_with(&["a.example"], silence());
        let pending: Vec<_> = (0..PENDING_MAX)
            .map(|_| {
                let policy = Arc::clone(&policy);
                tokio::spawn(async move { look_up(&policy, "a.example").await })
            })
            .collect();
        while policy.lookups.pending.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let started = tokio::time::Instant::now();
        assert!(matches!(
            look_up(&policy, "a.example").await,
            Err(LookupError::Busy)
        ));
        assert_eq!(started.elapsed(), Duration::ZERO);
        for lookup in pending {
            assert!(matches!(lookup.await.unwrap(), Err(LookupError::TimedOut)));
        }
        // Those that never got their turn have left; those that run keep their places.
        assert_eq!(
            policy.lookups.pending.available_permits(),
            PENDING_MAX - RUNNING_MAX
        );
    }
}
