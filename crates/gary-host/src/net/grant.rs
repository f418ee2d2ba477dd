//! One grant: where a workload may connect to, as its owner wrote it and as it is compared.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

use super::special::{canonical, is_special};

/// Leave to reach one host or a set of hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetGrant {
    /// Which hosts.
    pub host: HostPattern,
    /// Which port of theirs; every port if none is given.
    pub port: Option<u16>,
}

/// The hosts of a [`NetGrant`].
///
/// Special addresses (loopback, link-local, private, shared and the like) are covered only by
/// [`Ip`], by [`Cidr`] and, for loopback, by the [`Name`] `localhost`.
///
/// [`Ip`]: HostPattern::Ip
/// [`Cidr`]: HostPattern::Cidr
/// [`Name`]: HostPattern::Name
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// Every name and every public address.
    Any,
    /// One name, in any case, and whatever public addresses it resolves to. A name that no host can
    /// have grants nothing.
    Name(String),
    /// Every name below this one at any depth, and not itself: `example.com` stands for
    /// `*.example.com`.
    Suffix(String),
    /// One address.
    Ip(IpAddr),
    /// Every address of a network, which `0.0.0.0/0` and `::/0` make all there are.
    Cidr(IpNet),
}

/// A [`NetGrant`] in the form that comparing needs: names in lower case, addresses canonical.
#[derive(Debug)]
pub(super) struct Grant {
    host: Host,
    pub(super) port: Option<u16>,
}

#[derive(Debug)]
enum Host {
    Any,
    Localhost,
    Name(String),
    /// Starts with the dot.
    Suffix(String),
    Network(IpNet),
    Nothing,
}

impl From<NetGrant> for Grant {
    fn from(grant: NetGrant) -> Self {
        Self {
            host: grant.host.into(),
            port: grant.port,
        }
    }
}

impl Grant {
    /// Whether this grant admits the address by itself, without any name having been looked up.
    /// Expects a canonical address.
    pub(super) fn covers_address(&self, addr: IpAddr) -> bool {
        match &self.host {
            Host::Any => !is_special(addr),
            Host::Localhost => addr.is_loopback(),
            Host::Network(network) => network.contains(&addr),
            Host::Name(_) | Host::Suffix(_) | Host::Nothing => false,
        }
    }

    /// Whether this grant lets the name be looked up. Expects a name as [`HostName::parse`] gives
    /// it.
    pub(super) fn covers_name(&self, name: &str) -> bool {
        let name = name.strip_suffix('.').unwrap_or(name);
        match &self.host {
            Host::Any => true,
            Host::Localhost => name == LOCALHOST,
            Host::Name(granted) => name == granted,
            Host::Suffix(suffix) => name.len() > suffix.len() && name.ends_with(suffix),
            Host::Network(_) | Host::Nothing => false,
        }
    }

    pub(super) fn covers_port(&self, port: u16) -> bool {
        self.port.is_none_or(|granted| granted == port)
    }
}

const LOCALHOST: &str = "localhost";

impl From<HostPattern> for Host {
    fn from(pattern: HostPattern) -> Self {
        match pattern {
            HostPattern::Any => Self::Any,
            HostPattern::Name(name) => match HostName::parse(&name) {
                Some(HostName::Address(addr)) => Self::Network(addr.into()),
                Some(HostName::Domain(domain)) => Self::name(&domain),
                None => Self::nothing(&name),
            },
            HostPattern::Suffix(name) => match HostName::parse(&name) {
                Some(HostName::Domain(domain)) => {
                    Self::Suffix(format!(".{}", domain.trim_end_matches('.')))
                }
                _ => Self::nothing(&name),
            },
            HostPattern::Ip(addr) => Self::Network(canonical(addr).into()),
            HostPattern::Cidr(network) => Self::network(network),
        }
    }
}

impl Host {
    fn name(domain: &str) -> Self {
        match domain.trim_end_matches('.') {
            LOCALHOST => Self::Localhost,
            domain => Self::Name(domain.to_owned()),
        }
    }

    /// A network of IPv4 addresses written as IPv6 is one of IPv4: what it is compared with is
    /// canonical.
    fn network(network: IpNet) -> Self {
        const MAPPED_BITS: u8 = 96;
        let mapped = match network {
            IpNet::V6(v6) => v6.addr().to_ipv4_mapped().and_then(|addr| {
                let prefix_len = v6.prefix_len().checked_sub(MAPPED_BITS)?;
                Ipv4Net::new(addr, prefix_len).ok()
            }),
            IpNet::V4(_) => None,
        };
        Self::Network(mapped.map_or(network, IpNet::V4))
    }

    fn nothing(name: &str) -> Self {
        tracing::warn!(name, "a network grant names no host and grants nothing");
        Self::Nothing
    }
}

/// What a guest or a grant calls a host by.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HostName {
    /// A literal, canonical.
    Address(IpAddr),
    /// A name in lower case and ASCII.
    Domain(String),
}

impl HostName {
    /// Reads a host as wasmtime-wasi does: names by the rules of URLs (so that `0x7f.1` is an
    /// address and an umlaut becomes punycode), IPv6 with or without brackets.
    pub(super) fn parse(host: &str) -> Option<Self> {
        match url::Host::parse(host) {
            Ok(url::Host::Domain(domain)) => Some(Self::Domain(domain)),
            Ok(url::Host::Ipv4(addr)) => Some(Self::Address(addr.into())),
            Ok(url::Host::Ipv6(addr)) => Some(Self::Address(canonical(addr.into()))),
            Err(_) => host
                .parse::<Ipv6Addr>()
                .ok()
                .map(|addr| Self::Address(canonical(addr.into()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(host: HostPattern) -> Grant {
        NetGrant { host, port: None }.into()
    }

    #[test]
    fn names_are_compared_whole_and_in_any_case() {
        let exact = grant(HostPattern::Name("API.Example.com.".into()));
        assert!(exact.covers_name("api.example.com"));
        assert!(exact.covers_name("api.example.com."));
        for other in [
            "example.com",
            "xapi.example.com",
            "api.example.com.evil.org",
            "api.example.co",
        ] {
            assert!(!exact.covers_name(other), "{other}");
        }
    }

    #[test]
    fn a_suffix_covers_what_is_below_it() {
        for suffix in ["example.com", "Example.com."] {
            let suffix = grant(HostPattern::Suffix(suffix.into()));
            assert!(suffix.covers_name("a.example.com"));
            assert!(suffix.covers_name("a.b.example.com."));
            for other in [
                "example.com",
                ".example.com",
                "badexample.com",
                "example.com.evil.org",
            ] {
                assert!(!suffix.covers_name(other), "{other}");
            }
        }
    }

    #[test]
    fn a_name_that_is_an_address_grants_the_address() {
        for name in [
            "127.0.0.1",
            "0x7f.1",
            "2130706433",
            "[::ffff:127.0.0.1]",
            "::ffff:7f00:1",
        ] {
            assert!(
                grant(HostPattern::Name(name.into())).covers_address([127, 0, 0, 1].into()),
                "{name}"
            );
        }
    }

    #[test]
    fn networks_end_where_their_prefix_does() {
        for (network, inside, outside) in [
            ("10.1.2.3/8", "10.255.255.255", "11.0.0.0"),
            ("192.168.4.0/23", "192.168.5.255", "192.168.6.0"),
            ("203.0.113.7/32", "203.0.113.7", "203.0.113.6"),
            ("fd00:1::/32", "fd00:1:ffff::1", "fd00:2::1"),
            ("fd00::1/128", "fd00::1", "fd00::2"),
            ("::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.0"),
            ("0.0.0.0/0", "127.0.0.1", "::1"),
            ("::/0", "::1", "127.0.0.1"),
        ] {
            let grant = grant(HostPattern::Cidr(network.parse().unwrap()));
            assert!(
                grant.covers_address(inside.parse().unwrap()),
                "{network} {inside}"
            );
            assert!(
                !grant.covers_address(outside.parse().unwrap()),
                "{network} {outside}"
            );
        }
    }

    #[test]
    fn a_name_that_no_host_has_grants_nothing() {
        for host in [
            HostPattern::Name(String::new()),
            HostPattern::Name("a b".into()),
            HostPattern::Name("user@example.com".into()),
            HostPattern::Name("example.com:80".into()),
            HostPattern::Name("*".into()),
            HostPattern::Suffix(String::new()),
            HostPattern::Suffix("10.0.0.1".into()),
        ] {
            let grant = grant(host.clone());
            for name in ["", "example.com", "a.example.com", "1.10.0.0.1"] {
                assert!(!grant.covers_name(name), "{host:?} {name}");
            }
            assert!(!grant.covers_address([10, 0, 0, 1].into()), "{host:?}");
        }
    }
}
