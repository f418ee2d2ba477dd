//! The head of a sheet.

use gary_promise::SheetRoot;

use super::{Shaped, Version, fixed, required};
use crate::{
    DecodeError, WireVersion,
    shape::{Field, Shape},
};

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct SheetHead {
    // 1 to 3 are the head that every record has. This one takes nothing back.
    #[prost(uint32, tag = "1")]
    needs: u32,
    #[prost(message, optional, tag = "2")]
    version: Option<Version>,
    #[prost(uint32, tag = "4")]
    count: u32,
    #[prost(bytes = "vec", tag = "5")]
    root: Vec<u8>,
    #[prost(message, optional, tag = "6")]
    remembered_from: Option<Version>,
}

impl Shaped for SheetHead {
    const SHAPE: Shape = Shape {
        what: "sheet head",
        fields: &[
            Field::u32(1, "sheet head.needs"),
            Field::message(2, "sheet head.version", &Version::SHAPE),
            Field::u32(4, "sheet head.count"),
            Field::bytes(5, "sheet head.root", 32),
            Field::message(6, "sheet head.remembered_from", &Version::SHAPE),
        ],
    };
}

impl From<&gary_promise::SheetHead> for SheetHead {
    fn from(head: &gary_promise::SheetHead) -> Self {
        Self {
            needs: WireVersion::FIRST.get(),
            version: Some(head.version.into()),
            count: head.count,
            root: head.root.as_bytes().to_vec(),
            remembered_from: Some(head.remembered_from.into()),
        }
    }
}

impl TryFrom<SheetHead> for gary_promise::SheetHead {
    type Error = DecodeError;

    fn try_from(head: SheetHead) -> Result<Self, DecodeError> {
        let from = required("sheet head.remembered_from", head.remembered_from)?;
        Ok(Self {
            version: required("sheet head.version", head.version)?.try_into()?,
            count: head.count,
            root: SheetRoot::from_bytes(fixed("sheet head.root", &head.root)?),
            remembered_from: from.try_into()?,
        })
    }
}
