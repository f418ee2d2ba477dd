//! Going away for a while.

use gary_promise::Notice;

use crate::{
    DecodeError,
    message::{Shaped, Version, required},
    shape::{Field, Shape},
};

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Absence {
    #[prost(message, optional, tag = "1")]
    version: Option<Version>,
    #[prost(uint32, tag = "2")]
    notice_ms: u32,
}

impl Shaped for Absence {
    const SHAPE: Shape = Shape {
        what: "absence",
        fields: &[
            Field::message(1, "absence.version", &Version::SHAPE),
            Field::u32(2, "absence.notice_ms"),
        ],
    };
}

impl From<&gary_promise::Absence> for Absence {
    fn from(absence: &gary_promise::Absence) -> Self {
        Self {
            version: Some(absence.version.into()),
            notice_ms: absence.notice.as_ms(),
        }
    }
}

impl TryFrom<Absence> for gary_promise::Absence {
    type Error = DecodeError;

    fn try_from(absence: Absence) -> Result<Self, DecodeError> {
        let notice = Notice::from_ms(absence.notice_ms);
        Ok(Self {
            version: required("absence.version", absence.version)?.try_into()?,
            notice: notice.map_err(DecodeError::illegal("absence.notice_ms"))?,
        })
    }
}
