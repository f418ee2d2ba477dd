//! What is known of a member.

use gary_promise::{Incarnation, Liveness};

use super::{codec::short, member_id::MemberId};
use crate::{
    DecodeError,
    message::{Shaped, required},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Member {
    #[prost(message, optional, tag = "1")]
    id: Option<MemberId>,
    #[prost(uint32, tag = "2")]
    incarnation: u32,
    #[prost(uint32, tag = "3")]
    liveness: u32,
}

impl Shaped for Member {
    const SHAPE: Shape = Shape {
        what: "member",
        fields: &[
            Field::message(1, "member.id", &MemberId::SHAPE),
            Field::u16(2, "member.incarnation"),
            Field::u32(3, "member.liveness"),
        ],
    };
}

impl From<&gary_promise::Member> for Member {
    fn from(member: &gary_promise::Member) -> Self {
        let liveness = match member.liveness {
            Liveness::Alive => 1,
            Liveness::Suspect => 2,
            Liveness::Down => 3,
        };
        Self {
            id: Some(member.id.into()),
            incarnation: member.incarnation.0.into(),
            liveness,
        }
    }
}

impl TryFrom<Member> for gary_promise::Member {
    type Error = DecodeError;

    fn try_from(member: Member) -> Result<Self, DecodeError> {
        let liveness = match member.liveness {
            0 => {
                return Err(DecodeError::Missing {
                    field: "member.liveness",
                });
            }
            1 => Liveness::Alive,
            2 => Liveness::Suspect,
            3 => Liveness::Down,
            _ => return Err(DecodeError::Later { what: "member" }),
        };
        Ok(Self {
            id: required("member.id", member.id)?.try_into()?,
            incarnation: Incarnation(short("member.incarnation", member.incarnation)?),
            liveness,
        })
    }
}
