//! A part of the network that a guest may reach.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU16,
    str::FromStr,
};

use ipnet::{IpNet, Ipv6Net};

use crate::{
    HostName, ParseError,
    text_value::{TextValue, text_value},
};

/// Hosts and ports that a guest may reach, written `HOST[:PORT]`; without a port, any port.
///
/// `HOST` is `*` (every host), a name, `*.example.com` (every name below it, not itself), an IPv4
/// address, `[IPv6]`, or a block such as `10.0.0.0/8` or `[fd00::/8]`. What a grant means for
/// loopback and private addresses is decided where it is enforced, not here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NetGrant {
    host: NetHost,
    port: Option<NonZeroU16>,
}

/// The hosts of a [`NetGrant`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NetHost {
    /// Every host.
    Any,
    /// The host of this name.
    Name(HostName),
    /// Every host whose name ends in a dot and this one.
    Subdomains(HostName),
    /// The host at this address.
    Address(IpAddr),
    /// Every host in this block of addresses; no bit is set beyond its prefix.
    Block(IpNet),
}

impl NetGrant {
    /// The hosts.
    pub fn host(&self) -> &NetHost {
        &self.host
    }

    /// The one port, or `None` for any.
    pub fn port(&self) -> Option<NonZeroU16> {
        self.port
    }
}

impl TextValue for NetGrant {
    const WHAT: &'static str = "a network grant";
    const EXAMPLES: &'static [&'static str] = &[
        "api.example.com:443",
        "*.example.com",
        "127.0.0.1:5432",
        "[::1]:5432",
        "10.0.0.0/8",
        "*",
    ];
}

text_value!(NetGrant);

impl FromStr for NetGrant {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.contains("://") {
            let why = "it is a URL";
            let hint = "write only the host and the port, such as api.example.com:443";
            return Err(ParseError::new(Self::WHAT, text, why, hint));
        }
        let (host, port) = split_port(text).map_err(|why| refuse(text, why))?;
        let host = parse_host(text, host)?;
        let port = match port {
            None => None,
            Some(digits) => Some(parse_port(digits).map_err(|why| refuse(text, why))?),
        };
        Ok(Self { host, port })
    }
}

impl fmt::Display for NetGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            NetHost::Any => f.write_str("*")?,
            NetHost::Name(name) => name.fmt(f)?,
            NetHost::Subdomains(name) => write!(f, "*.{name}")?,
            NetHost::Address(IpAddr::V4(address)) => address.fmt(f)?,
            NetHost::Address(IpAddr::V6(address)) => write!(f, "[{address}]")?,
            NetHost::Block(IpNet::V4(block)) => block.fmt(f)?,
            NetHost::Block(IpNet::V6(block)) => write!(f, "[{block}]")?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

fn refuse(text: &str, why: impl Into<std::borrow::Cow<'static, str>>) -> ParseError {
    let hint = "write HOST or HOST:PORT, such as api.example.com:443, [::1]:5432 or * for all";
    ParseError::new(NetGrant::WHAT, text, why, hint)
}

/// Splits host and port; the colons of a bare IPv6 address or block are its own.
fn split_port(text: &str) -> Result<(&str, Option<&str>), &'static str> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or("its `[` is not closed")?;
        if host.parse::<Ipv6Addr>().is_err() && host.parse::<Ipv6Net>().is_err() {
            return Err("there is no IPv6 address in its brackets");
        }
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err("after `]` there must be nothing or a port"),
        };
    }
    if text.parse::<Ipv6Addr>().is_ok() || text.parse::<Ipv6Net>().is_ok() {
        return Ok((text, None));
    }
    match text.split_once(':') {
        Some((_, port)) if port.contains(':') => {
            Err("it has more than one colon but is no IPv6 address")
        }
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((text, None)),
    }
}

fn parse_host(text: &str, host: &str) -> Result<NetHost, ParseError> {
    if host.is_empty() {
        return Err(refuse(text, "it has no host"));
    }
    if host == "*" {
        return Ok(NetHost::Any);
    }
    if let Ok(address) = host.parse() {
        return Ok(NetHost::Address(address));
    }
    if host.contains('/') {
        return parse_block(text, host);
    }
    let name = |name: &str| {
        name.parse()
            .map_err(|error: ParseError| refuse(text, error.why().to_owned()))
    };
    if let Some(parent) = host.strip_prefix("*.") {
        return name(parent).map(NetHost::Subdomains);
    }
    if host.contains('*') {
        return Err(refuse(
            text,
            "`*` stands only alone or before the first dot",
        ));
    }
    name(host).map(NetHost::Name)
}

fn parse_block(text: &str, host: &str) -> Result<NetHost, ParseError> {
    let block: IpNet = host
        .parse()
        .map_err(|_| refuse(text, "it is no address block"))?;
    let whole = block.trunc();
    if whole != block {
        let why = "it has bits set beyond its prefix";
        let hint = format!("write {whole} for the block, or only the address");
        return Err(ParseError::new(NetGrant::WHAT, text, why, hint));
    }
    Ok(NetHost::Block(block))
}

fn parse_port(digits: &str) -> Result<NonZeroU16, &'static str> {
    if digits == "*" {
        return Err("`*` is no port; any port is no port at all");
    }
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err("its port is no number");
    }
    digits.parse().map_err(|_| "its port is not 1 to 65535")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_shows_every_form() {
        for (text, shown) in [
            ("*", "*"),
            ("*:443", "*:443"),
            ("API.example.com:443", "api.example.com:443"),
            ("localhost", "localhost"),
            ("*.Example.com:80", "*.example.com:80"),
            ("127.0.0.1:5432", "127.0.0.1:5432"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.0.0.0/8:65535", "10.0.0.0/8:65535"),
            ("[::1]:5432", "[::1]:5432"),
            ("[::1]", "[::1]"),
            ("::1", "[::1]"),
            ("fd00::/8", "[fd00::/8]"),
            ("[fd00::/8]:443", "[fd00::/8]:443"),
        ] {
            let grant: NetGrant = text.parse().expect(text);
            assert_eq!(grant.to_string(), shown);
            assert_eq!(shown.parse(), Ok(grant));
        }
    }

    #[test]
    fn tells_the_kinds_of_host_apart() {
        let host = |text: &str| text.parse::<NetGrant>().expect(text).host;
        assert_eq!(host("*:1"), NetHost::Any);
        assert!(matches!(host("a.b"), NetHost::Name(_)));
        assert!(matches!(host("*.b"), NetHost::Subdomains(_)));
        assert!(matches!(host("1.2.3.4"), NetHost::Address(_)));
        assert!(matches!(host("1.2.3.4/32"), NetHost::Block(_)));
    }

    #[test]
    fn refuses_with_the_reason() {
        for (text, why) in [
            ("", "it has no host"),
            (":443", "it has no host"),
            ("https://example.com/", "it is a URL"),
            ("a:0", "its port is not 1 to 65535"),
            ("a:65536", "its port is not 1 to 65535"),
            ("a:", "its port is no number"),
            ("a:http", "its port is no number"),
            ("a:+1", "its port is no number"),
            ("a:*", "`*` is no port; any port is no port at all"),
            ("a:1:2", "it has more than one colon but is no IPv6 address"),
            ("[::1", "its `[` is not closed"),
            ("[a]:1", "there is no IPv6 address in its brackets"),
            ("[::1]x", "after `]` there must be nothing or a port"),
            ("a.*.com", "`*` stands only alone or before the first dot"),
            ("10.0.0.0/33", "it is no address block"),
            ("10.1.2.3/8", "it has bits set beyond its prefix"),
            ("1.2.3", "it ends in a number but is no IP address"),
            ("a b", "it has a character that no host name has"),
        ] {
            assert_eq!(
                text.parse::<NetGrant>().expect_err(text).why(),
                why,
                "{text}"
            );
        }
    }
}
