//! A sheet, or a part of one.

use gary_promise::SHEET_GONE_MAX;

use crate::{
    DecodeError,
    decode_error::NumberError,
    envelope::{Envelope, Signed, batch, envelopes, records},
    message::{Shaped, Version, required, versions, versions_of},
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SheetPart {
    #[prost(message, optional, tag = "1")]
    head: Option<Signed>,
    #[prost(message, optional, tag = "2")]
    since: Option<Version>,
    #[prost(uint32, tag = "3")]
    part: u32,
    #[prost(uint32, tag = "4")]
    parts: u32,
    #[prost(message, repeated, tag = "5")]
    made: Vec<Envelope>,
    #[prost(message, repeated, tag = "6")]
    gone: Vec<Version>,
}

impl Shaped for SheetPart {
    const SHAPE: Shape = Shape {
        what: "sheet",
        fields: &[
            Field::message(1, "sheet.head", &Signed::SHAPE),
            Field::message(2, "sheet.since", &Version::SHAPE),
            Field::u32(3, "sheet.part"),
            Field::u32(4, "sheet.parts"),
            records(5, "sheet.made"),
            Field::message(6, "sheet.gone", &Version::SHAPE).times(SHEET_GONE_MAX),
        ],
    };
}

impl From<&gary_promise::SheetPart> for SheetPart {
    fn from(sheet: &gary_promise::SheetPart) -> Self {
        Self {
            head: Some((&sheet.head).into()),
            since: sheet.since.map(Version::from),
            part: sheet.part,
            parts: sheet.parts,
            made: envelopes(&sheet.made),
            gone: versions_of(&sheet.gone),
        }
    }
}

impl TryFrom<SheetPart> for gary_promise::SheetPart {
    type Error = DecodeError;

    fn try_from(sheet: SheetPart) -> Result<Self, DecodeError> {
        let (part, parts) = (sheet.part, sheet.parts);
        if part >= parts {
            return Err(DecodeError::illegal("sheet.part")(NumberError {
                number: part.into(),
                min: 0,
                max: parts.saturating_sub(1).into(),
            }));
        }
        Ok(Self {
            head: required("sheet.head", sheet.head)?.try_into()?,
            since: sheet.since.map(TryInto::try_into).transpose()?,
            part,
            parts,
            made: batch("sheet.made", sheet.made)?,
            gone: versions("sheet.gone", sheet.gone)?,
        })
    }
}
