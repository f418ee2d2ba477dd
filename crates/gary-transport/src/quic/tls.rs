//! TLS 1.3 both ways, with nothing but the agents' own keys.
//!
//! The keys travel as raw public keys (RFC 7250) and not in certificates: a certificate that an agent
//! signs for itself says no more than its key, and would have to be made, parsed and dated. That the
//! other side holds the key is proved by the handshake. Whether it is let in is asked at the door.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, Resumption};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error,
    PeerIncompatible, ServerConfig, SignatureScheme,
};

use super::SecretKey;
use crate::{Lane, PeerKey};

/// What stands before the 32 bytes of an ed25519 public key in its SubjectPublicKeyInfo (RFC 8410,
/// section 4).
const SPKI_HEAD: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// What TLS needs to know of this agent.
pub(super) struct Tls {
    provider: Arc<CryptoProvider>,
    key: Arc<CertifiedKey>,
}

/// Accepts a peer of one key, or of any.
#[derive(Debug)]
struct Verifier {
    expected: Option<PeerKey>,
    /// The key that the peer has shown, for whoever wants to know why it was not accepted.
    shown: Arc<OnceLock<PeerKey>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Tls {
    pub(super) fn new(secret: &SecretKey) -> Result<Self, Error> {
        let signing = ring::sign::any_eddsa_type(&secret.pkcs8())?;
        let public = [SPKI_HEAD.as_slice(), secret.public().as_bytes()].concat();
        Ok(Self {
            provider: Arc::new(ring::default_provider()),
            key: Arc::new(CertifiedKey::new(vec![public.into()], signing)),
        })
    }

    pub(super) fn server(&self) -> Result<ServerConfig, Error> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider));
        let key = AlwaysResolvesServerRawPublicKeys::new(Arc::clone(&self.key));
        let mut config = builder
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(Arc::new(self.verifier(None, Arc::default())))
            .with_cert_resolver(Arc::new(key));
        config.alpn_protocols = [Lane::Talk, Lane::Bulk]
            .map(|lane| alpn(lane).into())
            .into();
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }

    /// For one connection to `expected`, or to anybody. The key that the other side shows is put into
    /// `shown`.
    pub(super) fn client(
        &self,
        expected: Option<PeerKey>,
        lane: Lane,
        shown: Arc<OnceLock<PeerKey>>,
    ) -> Result<ClientConfig, Error> {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider));
        let key = AlwaysResolvesClientRawPublicKeys::new(Arc::clone(&self.key));
        let mut config = builder
            .with_protocol_versions(&[&TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(self.verifier(expected, shown)))
            .with_client_cert_resolver(Arc::new(key));
        config.alpn_protocols = vec![alpn(lane).into()];
        config.resumption = Resumption::disabled();
        config.enable_sni = false;
        Ok(config)
    }

    fn verifier(&self, expected: Option<PeerKey>, shown: Arc<OnceLock<PeerKey>>) -> Verifier {
        Verifier {
            expected,
            shown,
            algorithms: self.provider.signature_verification_algorithms,
        }
    }
}

/// What a lane is called in the handshake. The number changes when what is said at the door, or how
/// streams are used, can no longer be understood by the release before.
pub(super) fn alpn(lane: Lane) -> &'static [u8] {
    match lane {
        Lane::Talk => b"gary/1",
        Lane::Bulk => b"gary-bulk/1",
    }
}

/// The lane of that name.
pub(super) fn lane(alpn_name: &[u8]) -> Option<Lane> {
    let mut lanes = [Lane::Talk, Lane::Bulk].into_iter();
    lanes.find(|lane| alpn(*lane) == alpn_name)
}

/// The key that a peer has shown in the place of a certificate.
pub(super) fn peer_key(shown: &CertificateDer<'_>) -> Option<PeerKey> {
    let key = shown.strip_prefix(&SPKI_HEAD)?;
    Some(PeerKey::new(key.try_into().ok()?))
}

impl Verifier {
    fn verify(&self, shown: &CertificateDer<'_>) -> Result<(), Error> {
        let key = peer_key(shown).ok_or(CertificateError::BadEncoding)?;
        self.shown.get_or_init(|| key);
        if self.expected.is_some_and(|expected| expected != key) {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(())
    }

    fn verify_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = SubjectPublicKeyInfoDer::from(shown.as_ref());
        verify_tls13_signature_with_raw_key(message, &key, signature, &self.algorithms)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verify(shown)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify_signature(message, shown, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.verify(shown)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify_signature(message, shown, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
