//! What a node presents when it connects.

use gary_promise::{AgentId, WallTime};
use prost::Message;

use super::{Admission, Chain, Invitation, Invited, Role};

/// The most bytes that are presented. More is refused.
pub const CREDENTIALS_BYTES_MAX: usize = 8 << 10;

/// What a node presents when it connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// It was admitted.
    Admitted(Chain),
    /// It would like to be.
    Invited(Invited),
}

#[derive(Clone, PartialEq, Message)]
struct CredentialsMessage {
    #[prost(message, repeated, tag = "1")]
    chain: Vec<AdmissionMessage>,
    #[prost(message, optional, tag = "2")]
    invited: Option<InvitedMessage>,
}

#[derive(Clone, PartialEq, Message)]
struct AdmissionMessage {
    #[prost(bytes = "vec", tag = "1")]
    agent: Vec<u8>,
    #[prost(uint32, tag = "2")]
    role: u32,
    #[prost(bytes = "vec", tag = "3")]
    by: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    signature: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct InvitedMessage {
    #[prost(message, optional, tag = "1")]
    invitation: Option<InvitationMessage>,
    #[prost(bytes = "vec", tag = "2")]
    proof: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct InvitationMessage {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(uint32, tag = "2")]
    role: u32,
    #[prost(uint64, tag = "3")]
    expires_at_ms: u64,
    #[prost(bytes = "vec", tag = "4")]
    signature: Vec<u8>,
}

impl Credentials {
    pub(crate) fn pack(&self) -> Vec<u8> {
        let message = match self {
            Self::Admitted(chain) => CredentialsMessage {
                chain: chain.steps().iter().map(Into::into).collect(),
                invited: None,
            },
            Self::Invited(invited) => CredentialsMessage {
                chain: Vec::new(),
                invited: Some(InvitedMessage {
                    invitation: Some((&invited.invitation).into()),
                    proof: invited.proof.clone(),
                }),
            },
        };
        message.encode_to_vec()
    }

    /// Reads them. Nothing is checked by that.
    pub(crate) fn unpack(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > CREDENTIALS_BYTES_MAX {
            return None;
        }
        let message = CredentialsMessage::decode(bytes).ok()?;
        let Some(invited) = message.invited else {
            let steps = message.chain.into_iter().map(TryInto::try_into);
            let steps: Vec<Admission> = steps.collect::<Result<_, ()>>().ok()?;
            return Some(Self::Admitted(Chain::of(steps)));
        };
        Some(Self::Invited(Invited {
            invitation: invited.invitation?.try_into().ok()?,
            proof: invited.proof,
        }))
    }
}

impl From<&Admission> for AdmissionMessage {
    fn from(admission: &Admission) -> Self {
        Self {
            agent: admission.agent.as_bytes().to_vec(),
            role: u32::from(admission.role.number()),
            by: admission.by.as_bytes().to_vec(),
            signature: admission.signature.clone(),
        }
    }
}

impl TryFrom<AdmissionMessage> for Admission {
    type Error = ();

    fn try_from(message: AdmissionMessage) -> Result<Self, ()> {
        let agent = |bytes: Vec<u8>| bytes.try_into().map(AgentId::from_bytes).map_err(|_| ());
        let role = Role::of_number(message.role).ok_or(())?;
        let (agent, by) = (agent(message.agent)?, agent(message.by)?);
        Ok(Self::signed(agent, role, by, message.signature))
    }
}

impl From<&Invitation> for InvitationMessage {
    fn from(invitation: &Invitation) -> Self {
        Self {
            key: invitation.key.to_vec(),
            role: u32::from(invitation.role.number()),
            expires_at_ms: invitation.expires_at.0,
            signature: invitation.signature.clone(),
        }
    }
}

impl TryFrom<InvitationMessage> for Invitation {
    type Error = ();

    fn try_from(message: InvitationMessage) -> Result<Self, ()> {
        let key = message.key.try_into().map_err(|_| ())?;
        let role = Role::of_number(message.role).ok_or(())?;
        let expires_at = WallTime(message.expires_at_ms);
        Ok(Self::signed(key, role, expires_at, message.signature))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;
    use crate::cluster::RootKey;

    fn both() -> [Credentials; 2] {
        let root = RootKey::from_seed(&[1; 32]);
        let agent = AgentId::from_bytes([2; 32]);
        let chain = Chain::first(root.admit(agent, Role::Member));
        let invitation = root.invite(&[3; 32], Role::Client, WallTime(5));
        let invited = invitation.accept(&[3; 32], root.cluster(), agent);
        [Credentials::Admitted(chain), Credentials::Invited(invited)]
    }

    #[test]
    fn are_read_as_they_were_packed() {
        for credentials in both() {
            assert_eq!(Credentials::unpack(&credentials.pack()), Some(credentials));
        }
        assert_eq!(Credentials::unpack(b"\xff"), None);
        assert_eq!(
            Credentials::unpack(&vec![0; CREDENTIALS_BYTES_MAX + 1]),
            None
        );
    }

    proptest! {
        /// Whoever connects presents them, before anybody knows who that is.
        #[test]
        fn whatever_is_presented_is_refused_or_read_as_it_would_be_packed(
            (is_admitted, edits) in (any::<bool>(), vec((any::<Index>(), any::<u8>()), 0..4)),
            cut in option::of(any::<Index>()),
        ) {
            let [admitted, invited] = both();
            let mut bytes = if is_admitted { admitted } else { invited }.pack();
            for (at, byte) in edits {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len() + 1));
            }
            if let Some(read) = Credentials::unpack(&bytes) {
                prop_assert_eq!(Credentials::unpack(&read.pack()), Some(read));
            }
        }
    }
}
