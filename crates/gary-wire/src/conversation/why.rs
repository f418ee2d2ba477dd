//! Why an agent does not offer.

use gary_promise::Generation;

use super::misfit::{Misfit, resources};
use crate::{
    DecodeError,
    message::{NOTHING, Resources, Shaped, required, zero},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Why {
    #[prost(oneof = "Kind", tags = "8, 9, 10, 11, 12, 13, 14")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Kind {
    #[prost(message, tag = "8")]
    NotConsidered(()),
    #[prost(message, tag = "9")]
    Misfit(Misfit),
    #[prost(message, tag = "10")]
    NoRoom(NoRoom),
    #[prost(message, tag = "11")]
    Superseded(Superseded),
    #[prost(message, tag = "12")]
    Hosting(()),
    #[prost(message, tag = "13")]
    Busy(()),
    #[prost(message, tag = "14")]
    Declined(()),
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct NoRoom {
    #[prost(message, optional, tag = "1")]
    needed: Option<Resources>,
    #[prost(message, optional, tag = "2")]
    left: Option<Resources>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Superseded {
    #[prost(uint64, tag = "1")]
    by: u64,
}

impl Shaped for Why {
    const SHAPE: Shape = Shape {
        what: "why",
        fields: &[
            Field::message(8, "why.not_considered", &NOTHING),
            Field::message(9, "why.misfit", &Misfit::SHAPE),
            Field::message(10, "why.no_room", &NoRoom::SHAPE),
            Field::message(11, "why.superseded", &Superseded::SHAPE),
            Field::message(12, "why.hosting", &NOTHING),
            Field::message(13, "why.busy", &NOTHING),
            Field::message(14, "why.declined", &NOTHING),
        ],
    };
}

impl Shaped for NoRoom {
    const SHAPE: Shape = Shape {
        what: "why.no_room",
        fields: &[
            Field::message(1, "why.no_room.needed", &Resources::SHAPE),
            Field::message(2, "why.no_room.left", &Resources::SHAPE),
        ],
    };
}

impl Shaped for Superseded {
    const SHAPE: Shape = Shape {
        what: "why.superseded",
        fields: &[Field::u64(1, "why.superseded.by")],
    };
}

impl From<&gary_promise::Why> for Why {
    fn from(why: &gary_promise::Why) -> Self {
        let kind = match why {
            gary_promise::Why::NotConsidered => Kind::NotConsidered(()),
            gary_promise::Why::Misfit(misfit) => Kind::Misfit(misfit.into()),
            gary_promise::Why::NoRoom { needed, left } => Kind::NoRoom(NoRoom {
                needed: Some((*needed).into()),
                left: Some((*left).into()),
            }),
            gary_promise::Why::Superseded { by } => Kind::Superseded(Superseded { by: by.get() }),
            gary_promise::Why::Hosting => Kind::Hosting(()),
            gary_promise::Why::Busy => Kind::Busy(()),
            gary_promise::Why::Declined => Kind::Declined(()),
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<Why> for gary_promise::Why {
    type Error = DecodeError;

    fn try_from(why: Why) -> Result<Self, DecodeError> {
        Ok(match required("why", why.kind)? {
            Kind::NotConsidered(()) => Self::NotConsidered,
            Kind::Misfit(misfit) => Self::Misfit(misfit.try_into()?),
            Kind::NoRoom(its) => Self::NoRoom {
                needed: resources("why.no_room.needed", its.needed)?,
                left: resources("why.no_room.left", its.left)?,
            },
            Kind::Superseded(its) => Self::Superseded {
                by: Generation::new(its.by).ok_or_else(|| zero("why.superseded.by", u64::MAX))?,
            },
            Kind::Hosting(()) => Self::Hosting,
            Kind::Busy(()) => Self::Busy,
            Kind::Declined(()) => Self::Declined,
        })
    }
}
