//! TLS for outbound HTTP.

use std::sync::{Arc, OnceLock};

use rustls::pki_types::{InvalidDnsNameError, ServerName};
use rustls::{ClientConfig, RootCertStore};

/// How every guest's HTTPS is spoken: any TLS that rustls holds safe, and the roots that Mozilla
/// trusts.
///
/// Built once, as hundreds of roots are too many to copy for each request. The provider is named
/// because rustls panics over its default one as soon as any crate of the binary turns a second one
/// on.
pub(super) fn client_config() -> Arc<ClientConfig> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        Arc::new(trusting(roots))
    });
    Arc::clone(config)
}

/// A client that trusts these roots and shows no certificate of its own.
pub(super) fn trusting(roots: RootCertStore) -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites for every version that rustls calls safe")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// What the certificate of `host` has to be made out to. IPv6 may stand in brackets.
pub(super) fn server_name(host: &str) -> Result<ServerName<'static>, InvalidDnsNameError> {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    Ok(ServerName::try_from(bare)?.to_owned())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn a_certificate_is_for_a_name_or_for_an_address() {
        let address = |addr: &str| ServerName::from(addr.parse::<IpAddr>().unwrap());
        assert_eq!(server_name("127.0.0.1").unwrap(), address("127.0.0.1"));
        assert_eq!(
            server_name("[2001:db8::1]").unwrap(),
            address("2001:db8::1")
        );
        assert_eq!(
            server_name("example.com").unwrap(),
            ServerName::try_from("example.com").unwrap()
        );
        assert!(server_name("exa mple").is_err());
    }

    #[test]
    fn the_configuration_is_built_once() {
        assert!(Arc::ptr_eq(&client_config(), &client_config()));
    }
}
