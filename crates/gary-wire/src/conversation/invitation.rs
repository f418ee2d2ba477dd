//! Asking whether somebody would host.

use gary_promise::{AgentId, BootEpoch, BoundedSet, KEEPERS_MAX};

use super::slots;
use crate::{
    DecodeError,
    envelope::Signed,
    message::{Shaped, fixed, required},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Invitation {
    #[prost(message, optional, tag = "1")]
    intent: Option<Signed>,
    #[prost(uint32, repeated, tag = "2")]
    slots: Vec<u32>,
    #[prost(uint64, tag = "3")]
    epoch: u64,
    #[prost(bytes = "vec", repeated, tag = "4")]
    keepers: Vec<Vec<u8>>,
    #[prost(uint32, repeated, tag = "5")]
    beside: Vec<u32>,
    #[prost(uint32, repeated, tag = "6")]
    awaited: Vec<u32>,
}

impl Shaped for Invitation {
    const SHAPE: Shape = Shape {
        what: "invitation",
        fields: &[
            Field::message(1, "invitation.intent", &Signed::SHAPE),
            slots::field(2, "invitation.slots"),
            Field::u64(3, "invitation.epoch"),
            Field::bytes(4, "invitation.keepers", 32).times(KEEPERS_MAX),
            slots::field(5, "invitation.beside"),
            slots::field(6, "invitation.awaited"),
        ],
    };
}

impl From<&gary_promise::Invitation> for Invitation {
    fn from(invitation: &gary_promise::Invitation) -> Self {
        Self {
            intent: Some((&invitation.intent).into()),
            slots: slots::slots_of(&invitation.slots),
            epoch: invitation.epoch.0,
            keepers: invitation
                .keepers
                .iter()
                .map(|id| id.as_bytes().to_vec())
                .collect(),
            beside: slots::slots_of(&invitation.beside),
            awaited: slots::slots_of(&invitation.awaited),
        }
    }
}

impl TryFrom<Invitation> for gary_promise::Invitation {
    type Error = DecodeError;

    fn try_from(invitation: Invitation) -> Result<Self, DecodeError> {
        const KEEPERS: &str = "invitation.keepers";
        let keepers = invitation.keepers.iter();
        let keepers: Vec<_> = keepers
            .map(|id| fixed(KEEPERS, id).map(AgentId::from_bytes))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            intent: required("invitation.intent", invitation.intent)?.try_into()?,
            epoch: BootEpoch(invitation.epoch),
            slots: slots::slots("invitation.slots", invitation.slots)?,
            keepers: BoundedSet::new(keepers).map_err(DecodeError::illegal(KEEPERS))?,
            beside: slots::slots("invitation.beside", invitation.beside)?,
            awaited: slots::slots("invitation.awaited", invitation.awaited)?,
        })
    }
}
