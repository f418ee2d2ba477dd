//! Where a node serves workloads over HTTP.

use std::{fmt, net::SocketAddr, str::FromStr};

use crate::{
    ListenAddr, ParseError,
    text_value::{TextValue, text_value},
};

/// What is written where a node is not to serve.
const OFF: &str = "off";

/// Where a node serves workloads over HTTP: an address as [`ListenAddr`] has it, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ingress {
    /// Nowhere: it passes nothing on, and what it hosts is reached by way of other nodes.
    Off,
    /// At this address.
    At(ListenAddr),
}

impl Ingress {
    /// The address, if it serves.
    pub const fn socket_addr(self) -> Option<SocketAddr> {
        match self {
            Self::Off => None,
            Self::At(address) => Some(address.socket_addr()),
        }
    }
}

impl TextValue for Ingress {
    const WHAT: &'static str = "an address to serve on, or off";
    const EXAMPLES: &'static [&'static str] = &["[::]:8080", "127.0.0.1:8080", OFF];
    const NUMBER: bool = true;
}

text_value!(Ingress);

impl FromStr for Ingress {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text.trim() {
            OFF => Ok(Self::Off),
            address => address.parse().map(Self::At),
        }
    }
}

impl fmt::Display for Ingress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str(OFF),
            Self::At(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_an_address_or_none() {
        let read = |text: &str| text.parse::<Ingress>().map(Ingress::socket_addr);
        let everywhere = "[::]:8080".parse().expect("it is an address");
        assert_eq!(read("[::]:8080"), Ok(Some(everywhere)));
        assert_eq!(read("off"), Ok(None));
        for text in ["[::]:8080", "off"] {
            let shown = text.parse::<Ingress>().expect(text).to_string();
            assert_eq!(shown, text);
        }
        let refused = read("on").expect_err("it is neither");
        assert_eq!(refused.why(), "it has no port");
    }
}
