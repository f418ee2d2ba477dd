//! The key that an agent proves to hold.

use std::fmt;

use ring::hmac;
use ring::signature::{Ed25519KeyPair, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;

use crate::PeerKey;

/// What stands before the 32 bytes of an ed25519 key in PKCS #8 (RFC 8410, section 7).
const PKCS8_HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// The secret ed25519 key of an agent, as the 32 bytes that RFC 8032 makes one of.
pub struct SecretKey {
    seed: [u8; 32],
    public: PeerKey,
}

/// The bytes are the key of nobody.
#[derive(Debug, thiserror::Error)]
#[error("these are not the bytes of an ed25519 key")]
pub struct SecretKeyError;

impl SecretKey {
    /// The key of these bytes.
    ///
    /// # Errors
    /// When no key is made of them.
    pub fn new(seed: [u8; 32]) -> Result<Self, SecretKeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| SecretKeyError)?;
        let public = pair.public_key().as_ref();
        let public = public.try_into().map_err(|_| SecretKeyError)?;
        Ok(Self {
            seed,
            public: PeerKey::new(public),
        })
    }

    /// The public key to it.
    pub fn public(&self) -> PeerKey {
        self.public
    }

    pub(super) fn pkcs8(&self) -> PrivatePkcs8KeyDer<'static> {
        [PKCS8_HEAD.as_slice(), &self.seed].concat().into()
    }

    /// A secret for one purpose that follows from the key, so that it is the same after a restart.
    pub(super) fn derive(&self, purpose: &str) -> hmac::Tag {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.seed);
        hmac::sign(&key, purpose.as_bytes())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_key_is_that_of_rfc_8032() {
        let bytes = |text| <[u8; 32]>::try_from(hex::decode(text).unwrap()).unwrap();
        let seed = bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let key = SecretKey::new(seed).unwrap();
        assert_eq!(key.public().to_string(), public);
        assert!(!format!("{key:?}").contains("9d61"), "{key:?}");
    }
}
