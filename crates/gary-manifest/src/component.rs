//! Where a workload's component comes from.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    path::PathBuf,
    str::FromStr,
};

use crate::{
    Digest, HostName, ParseError,
    text_value::{TextValue, text_value},
};

/// Where a workload's component comes from. Only [`Component::Path`] can be run so far.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Component {
    /// A file on this machine.
    Path(PathBuf),
    /// An image in a registry, `oci://REGISTRY/NAME@sha256:...`.
    Oci {
        /// Registry and name, as written between `oci://` and `@`.
        reference: String,
        /// The digest of the image's manifest, which is not that of the component's bytes.
        digest: Digest,
    },
    /// A file on the web. gary.toml says its digest beside it.
    Https {
        /// The whole URL.
        url: String,
    },
}

impl TextValue for Component {
    const WHAT: &'static str = "a component";
    const EXAMPLES: &'static [&'static str] = &[
        "target/wasm32-wasip2/release/hello.wasm",
        "https://example.com/hello.wasm",
    ];
}

text_value!(Component);

impl FromStr for Component {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |why: &'static str| {
            let hint = "write a path, oci://REGISTRY/NAME@sha256:... or https://HOST/PATH";
            ParseError::new(Self::WHAT, text, why, hint)
        };
        if text.is_empty() {
            return Err(refuse("it is empty"));
        }
        if text.chars().any(char::is_control) {
            return Err(refuse("it has a control character"));
        }
        match text.split_once("://") {
            None => Ok(Self::Path(text.into())),
            Some(("oci", rest)) => parse_oci(text, rest),
            Some(("https", rest)) => {
                check_url(rest).map_err(refuse)?;
                Ok(Self::Https { url: text.into() })
            }
            Some(("http", _)) => Err(refuse("http:// shows what is fetched to everyone")),
            Some(_) => Err(refuse("it begins with a scheme that Gary does not know")),
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Oci { reference, digest } => write!(f, "oci://{reference}@{digest}"),
            Self::Https { url } => f.write_str(url),
        }
    }
}

fn parse_oci(text: &str, rest: &str) -> Result<Component, ParseError> {
    let refuse = |why: String| {
        let hint = "write oci://REGISTRY/NAME@sha256:... with the digest that the registry shows";
        ParseError::new(Component::WHAT, text, why, hint)
    };
    let (reference, digest) = rest
        .split_once('@')
        .ok_or_else(|| refuse("it has no digest, and a tag alone may move".into()))?;
    let digest = digest
        .parse()
        .map_err(|error: ParseError| refuse(format!("its digest is wrong: {}", error.why())))?;
    let (registry, name) = reference.split_once('/').unwrap_or((reference, ""));
    check_authority(registry).map_err(|why| refuse(why.into()))?;
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"._-/:".contains(&b);
    if name.is_empty() || !name.bytes().all(legal) {
        return Err(refuse(
            "it has no name of an image after the registry".into(),
        ));
    }
    Ok(Component::Oci {
        reference: reference.to_owned(),
        digest,
    })
}

/// Checks as much of a URL as refuses a slip of the hand; who fetches it parses it in full.
fn check_url(rest: &str) -> Result<(), &'static str> {
    if rest.contains(char::is_whitespace) {
        return Err("it has a space in it");
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    if authority.contains('@') {
        return Err("a name or password does not belong in it");
    }
    check_authority(authority)
}

/// `HOST[:PORT]`, where the host is a name or an address.
fn check_authority(authority: &str) -> Result<(), &'static str> {
    const WHY: &str = "it names no host";
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err("its port is not 1 to 65535");
    }
    let bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    if let Some(address) = bracketed {
        return address.parse::<Ipv6Addr>().map(|_| ()).map_err(|_| WHY);
    }
    if host.parse::<Ipv4Addr>().is_ok() || host.parse::<HostName>().is_ok() {
        return Ok(());
    }
    Err(WHY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    #[test]
    fn reads_every_form() {
        let oci = format!("oci://ghcr.io:443/me/hello:1.0@sha256:{HEX}");
        for text in [
            "a.wasm",
            "/x/a b.wasm",
            &oci,
            "https://example.com/a.wasm",
            "https://[::1]:8443/a",
        ] {
            let component: Component = text.parse().expect(text);
            assert_eq!(component.to_string(), text);
            let is_path = matches!(component, Component::Path(_));
            assert_eq!(is_path, !text.contains("://"), "{text}");
        }
    }

    #[test]
    fn refuses_with_the_reason() {
        let no_name = format!("oci://ghcr.io@sha256:{HEX}");
        for (text, why) in [
            ("", "it is empty"),
            ("a\0", "it has a control character"),
            (
                "oci://ghcr.io/me/hello",
                "it has no digest, and a tag alone may move",
            ),
            (
                "oci://ghcr.io/me/hello@sha256:12",
                "its digest is wrong: it does not have 64 hexadecimal digits",
            ),
            (&no_name, "it has no name of an image after the registry"),
            ("https://", "it names no host"),
            ("https://a b/", "it has a space in it"),
            (
                "https://me:pw@example.com/",
                "a name or password does not belong in it",
            ),
            ("https://example.com:x/", "its port is not 1 to 65535"),
            (
                "http://example.com/a.wasm",
                "http:// shows what is fetched to everyone",
            ),
            (
                "ftp://example.com/a.wasm",
                "it begins with a scheme that Gary does not know",
            ),
        ] {
            assert_eq!(
                text.parse::<Component>().expect_err(text).why(),
                why,
                "{text}"
            );
        }
    }
}
