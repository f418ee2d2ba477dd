//! Addresses that mean something else on every machine and network.
//!
//! A public name may point anywhere, so an address of this kind is never reached because of a name
//! or of `*`: otherwise whoever answers for `example.com` chooses which of our own services a guest
//! talks to (DNS rebinding). The ranges are those that the IANA special-purpose registries (RFC
//! 6890) call not globally reachable; documentation ranges are left out, as nothing answers there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address a packet would really go to: an IPv4 address written as IPv6 becomes IPv4.
pub(super) fn canonical(addr: IpAddr) -> IpAddr {
    addr.to_canonical()
}

/// Whether only a grant that names this address may admit it. Expects a [`canonical`] address.
pub(super) fn is_special(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(addr) => is_special_v4(addr),
        IpAddr::V6(addr) => is_special_v6(addr),
    }
}

fn is_special_v4(addr: Ipv4Addr) -> bool {
    let [a, b, c, _] = addr.octets();
    addr.is_loopback()
        || addr.is_private()
        || addr.is_link_local()
        || addr.is_multicast()
        // "This network", which Linux takes for the machine itself.
        || a == 0
        // Shared between a provider and its customers (CGNAT, RFC 6598).
        || (a == 100 && (b & 0xc0) == 64)
        // Protocol assignments (RFC 6890) and benchmarking (RFC 2544).
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b & 0xfe) == 18)
        // Reserved, and the broadcast address with it.
        || a >= 240
}

fn is_special_v6(addr: Ipv6Addr) -> bool {
    let segments = addr.segments();
    match segments {
        // Unspecified, loopback and the deprecated IPv4-compatible form.
        [0, 0, 0, 0, 0, 0, ..] => true,
        // Translators and tunnels carry an IPv4 address inside: NAT64 (RFC 6052) and 6to4 (RFC
        // 3056).
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => is_special_v4(v4_from(high, low)),
        [0x2002, high, low, ..] => is_special_v4(v4_from(high, low)),
        // NAT64 of a single site (RFC 8215), and Teredo, which hides the IPv4 address it carries.
        [0x64, 0xff9b, 1, ..] | [0x2001, 0, ..] => true,
        // Site-local addresses are deprecated and still routed inside some sites.
        _ => {
            addr.is_multicast()
                || addr.is_unicast_link_local()
                || addr.is_unique_local()
                || (segments[0] & 0xffc0) == 0xfec0
        }
    }
}

fn v4_from(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn special(addr: &str) -> bool {
        is_special(canonical(addr.parse().unwrap()))
    }

    #[test]
    fn special_addresses_are_recognised_in_every_spelling() {
        for addr in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2001::1",
            "2002:7f00:1::1",
            "2002:a00:1::",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(special(addr), "{addr} is taken for a public address");
        }
    }

    #[test]
    fn public_addresses_are_not_special() {
        for addr in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
            "2001:4860:4860::8888",
            "2606:4700::1111",
        ] {
            assert!(!special(addr), "{addr} is taken for a special address");
        }
    }
}
