//! An address to serve on.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    str::FromStr,
};

use crate::{
    ParseError,
    text_value::{TextValue, text_value},
};

/// An address and a port to serve on; port 0 lets the system choose.
///
/// Written `IP:PORT`, `localhost:PORT` (127.0.0.1), `:PORT` (every IPv4 address of the machine) or
/// `PORT` (127.0.0.1). Other names are refused: which address they mean is not for text to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenAddr(SocketAddr);

impl ListenAddr {
    /// For an address known when Gary is compiled.
    pub const fn new(addr: SocketAddr) -> Self {
        Self(addr)
    }

    /// The address as the standard library has it.
    pub const fn socket_addr(self) -> SocketAddr {
        self.0
    }
}

impl TextValue for ListenAddr {
    const WHAT: &'static str = "an address to serve on";
    const EXAMPLES: &'static [&'static str] = &["127.0.0.1:8080", "[::1]:8080", ":8080", "8080"];
    const NUMBER: bool = true;
}

text_value!(ListenAddr);

impl FromStr for ListenAddr {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |why: &'static str| {
            let hint = "write ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080";
            ParseError::new(Self::WHAT, text, why, hint)
        };
        let text = text.trim();
        if text.is_empty() {
            return Err(refuse("it is empty"));
        }
        match text.parse() {
            Ok(IpAddr::V4(_)) => return Err(refuse("it has no port")),
            // What looks like a port is the end of the address.
            Ok(IpAddr::V6(_)) => return Err(refuse(BRACKETS)),
            Err(_) if text.contains("://") => return Err(refuse("it is a URL")),
            Err(_) => {}
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (Some(host), port),
            None => (None, text),
        };
        if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
            let why = if host.is_some() {
                "its port is no number"
            } else {
                "it has no port"
            };
            return Err(refuse(why));
        }
        let port: u16 = port
            .parse()
            .map_err(|_| refuse("its port is more than 65535"))?;
        let address = match host {
            None | Some("localhost") => Ipv4Addr::LOCALHOST.into(),
            Some("") => Ipv4Addr::UNSPECIFIED.into(),
            Some(host) => parse_address(host).map_err(refuse)?,
        };
        Ok(Self(SocketAddr::new(address, port)))
    }
}

impl fmt::Display for ListenAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

const BRACKETS: &str = "an IPv6 address must be in brackets, with its port behind them";

fn parse_address(host: &str) -> Result<IpAddr, &'static str> {
    let bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    if let Some(address) = bracketed {
        let address = address.parse();
        return address
            .map(IpAddr::V6)
            .map_err(|_| "there is no IPv6 address in its brackets");
    }
    if host.contains(':') {
        return Err(BRACKETS);
    }
    let address = host.parse();
    address
        .map(IpAddr::V4)
        .map_err(|_| "its host is no IP address")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form() {
        for (text, shown) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("0.0.0.0:0", "0.0.0.0:0"),
            ("[::1]:8080", "[::1]:8080"),
            ("localhost:80", "127.0.0.1:80"),
            (":8080", "0.0.0.0:8080"),
            ("8080", "127.0.0.1:8080"),
            ("0", "127.0.0.1:0"),
        ] {
            let addr: ListenAddr = text.parse().expect(text);
            assert_eq!(addr.to_string(), shown);
            assert_eq!(shown.parse(), Ok(addr));
        }
    }

    #[test]
    fn refuses_with_the_reason() {
        for (text, why) in [
            ("", "it is empty"),
            ("127.0.0.1", "it has no port"),
            ("::1", BRACKETS),
            ("::1:0", BRACKETS),
            ("http://127.0.0.1:0", "it is a URL"),
            ("localhost", "it has no port"),
            ("127.0.0.1:", "its port is no number"),
            ("127.0.0.1:http", "its port is no number"),
            ("127.0.0.1:-1", "its port is no number"),
            ("127.0.0.1:65536", "its port is more than 65535"),
            ("99999", "its port is more than 65535"),
            ("::1:99999", "its port is more than 65535"),
            ("fe80::1::8080", BRACKETS),
            ("[x]:1", "there is no IPv6 address in its brackets"),
            ("example.com:80", "its host is no IP address"),
            ("1.2.3:80", "its host is no IP address"),
        ] {
            assert_eq!(
                text.parse::<ListenAddr>().expect_err(text).why(),
                why,
                "{text}"
            );
        }
    }
}
