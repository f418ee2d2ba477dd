//! What an operator hands to whoever is to join.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use gary_promise::{AgentId, ClusterId};
use prost::Message;

use super::credentials::InvitationMessage;
use super::{Invitation, Invited};

/// What a token begins with.
const PREFIX: &str = "gary1.";

/// The most addresses that a token names. The first are the ones that are taken.
pub const TOKEN_ADDRESSES_MAX: usize = 8;

/// The longest token that is read.
const TOKEN_BYTES_MAX: usize = 2_048;

/// What an operator hands to whoever is to join: an invitation with its key, and where to come with it. It is secret
/// until it expires.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    cluster: ClusterId,
    seed: [u8; 32],
    invitation: Invitation,
    addresses: Vec<SocketAddr>,
}

/// Text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is something else altogether.
    #[error("it is no token: one begins with {PREFIX}")]
    NoToken,
    /// It is cut off, or has a letter wrong.
    #[error("the token is damaged, or was not copied as a whole")]
    Damaged,
}

#[derive(Clone, PartialEq, Message)]
struct TokenMessage {
    #[prost(bytes = "vec", tag = "1")]
    cluster: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    seed: Vec<u8>,
    #[prost(message, optional, tag = "3")]
    invitation: Option<InvitationMessage>,
    #[prost(string, repeated, tag = "4")]
    addresses: Vec<String>,
}

impl Token {
    /// A token of an invitation, whose key is of this seed.
    pub fn new(
        cluster: ClusterId,
        seed: [u8; 32],
        invitation: Invitation,
        addresses: impl IntoIterator<Item = SocketAddr>,
    ) -> Self {
        Self {
            cluster,
            seed,
            invitation,
            addresses: addresses.into_iter().take(TOKEN_ADDRESSES_MAX).collect(),
        }
    }

    /// Of which cluster.
    pub const fn cluster(&self) -> ClusterId {
        self.cluster
    }

    /// What it lets in, and until when.
    pub const fn invitation(&self) -> &Invitation {
        &self.invitation
    }

    /// Where to come with it.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// An agent comes with it.
    pub fn accept(&self, agent: AgentId) -> Invited {
        let invitation = self.invitation.clone();
        invitation.accept(&self.seed, self.cluster, agent)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = TokenMessage {
            cluster: self.cluster.as_bytes().to_vec(),
            seed: self.seed.to_vec(),
            invitation: Some((&self.invitation).into()),
            addresses: self.addresses.iter().map(ToString::to_string).collect(),
        };
        let text = BASE64URL_NOPAD.encode(&message.encode_to_vec());
        write!(f, "{PREFIX}{text}")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("cluster", &self.cluster)
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let text = text.trim().strip_prefix(PREFIX);
        let text = text.ok_or(TokenError::NoToken)?;
        if text.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Damaged);
        }
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes());
        let bytes = bytes.map_err(|_| TokenError::Damaged)?;
        let read = || {
            let message = TokenMessage::decode(&bytes[..]).ok()?;
            let addresses = message.addresses.iter().map(|its| its.parse());
            let token = Self {
                cluster: ClusterId::from_bytes(message.cluster.try_into().ok()?),
                seed: message.seed.try_into().ok()?,
                invitation: message.invitation?.try_into().ok()?,
                addresses: addresses.collect::<Result<_, _>>().ok()?,
            };
            // One letter that is wrong and still decodes shows here.
            let is_whole =
                token.invitation.is_of(token.cluster) && token.invitation.has_seed(&token.seed);
            is_whole.then_some(token)
        };
        read().ok_or(TokenError::Damaged)
    }
}

#[cfg(test)]
mod tests {
    use gary_promise::WallTime;

    use super::*;
    use crate::cluster::{InvitationError, Role, RootKey};

    fn token() -> Token {
        let root = RootKey::from_seed(&[1; 32]);
        let invitation = root.invite(&[2; 32], Role::Member, WallTime(1_000));
        let addresses = ["127.0.0.1:4270", "[::1]:4270"].map(|its| its.parse().expect("it is one"));
        Token::new(root.cluster(), [2; 32], invitation, addresses)
    }

    #[test]
    fn is_read_as_it_was_handed_out() {
        let token = token();
        let text = token.to_string();
        assert_eq!(format!(" {text}\n").parse(), Ok(token));
        assert!(text.len() < 400, "it can be copied: {} letters", text.len());
    }

    #[test]
    fn a_damaged_token_is_found_out() {
        let text = token().to_string();
        assert_eq!("hello".parse::<Token>(), Err(TokenError::NoToken));
        assert_eq!(text[..60].parse::<Token>(), Err(TokenError::Damaged));
        for at in PREFIX.len()..text.len() {
            let letter = if text.as_bytes()[at] == b'A' {
                "B"
            } else {
                "A"
            };
            let mut damaged = text.clone();
            damaged.replace_range(at..=at, letter);
            // In an address any digit is as good as another.
            let is_address = damaged
                .parse::<Token>()
                .is_ok_and(|its| its.addresses != token().addresses);
            assert!(damaged.parse::<Token>().is_err() || is_address, "{damaged}");
        }
    }

    #[test]
    fn lets_in_whoever_holds_it_and_for_so_long() {
        let (token, agent) = (token(), AgentId::from_bytes([5; 32]));
        let cluster = token.cluster();
        let invited = token.accept(agent);
        let check = |cluster, agent, at| invited.check(cluster, agent, WallTime(at));
        assert_eq!(check(cluster, agent, 1_000), Ok(Role::Member));
        assert_eq!(check(cluster, agent, 1_001), Err(InvitationError::Expired));
        let other = AgentId::from_bytes([6; 32]);
        assert_eq!(check(cluster, other, 1), Err(InvitationError::NotTheirs));
        let elsewhere = RootKey::from_seed(&[9; 32]).cluster();
        assert_eq!(
            check(elsewhere, agent, 1),
            Err(InvitationError::OtherCluster)
        );
    }
}
