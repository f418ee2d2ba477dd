//! Asking whether somebody would host.

use super::slots;
use crate::{
    DecodeError,
    envelope::Signed,
    message::{Shaped, required},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Invitation {
    #[prost(message, optional, tag = "1")]
    intent: Option<Signed>,
    #[prost(uint32, repeated, tag = "2")]
    slots: Vec<u32>,
}

impl Shaped for Invitation {
    const SHAPE: Shape = Shape {
        what: "invitation",
        fields: &[
            Field::message(1, "invitation.intent", &Signed::SHAPE),
            slots::field(2, "invitation.slots"),
        ],
    };
}

impl From<&gary_promise::Invitation> for Invitation {
    fn from(invitation: &gary_promise::Invitation) -> Self {
        Self {
            intent: Some((&invitation.intent).into()),
            slots: slots::slots_of(&invitation.slots),
        }
    }
}

impl TryFrom<Invitation> for gary_promise::Invitation {
    type Error = DecodeError;

    fn try_from(invitation: Invitation) -> Result<Self, DecodeError> {
        Ok(Self {
            intent: required("invitation.intent", invitation.intent)?.try_into()?,
            slots: slots::slots("invitation.slots", invitation.slots)?,
        })
    }
}
