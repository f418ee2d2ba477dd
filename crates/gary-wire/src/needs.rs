//! Which version a reader has to know, before it looks at anything else.

use prost::Message;

use crate::{
    DecodeError, WireVersion,
    shape::{Field, Shape},
};

/// What a frame and a packet begin with, in every version. A record begins with it too, and says more.
pub(crate) const FRAME: Shape = Shape {
    what: "frame",
    fields: &[Field::u32(1, "frame.needs")],
};

/// The same of a packet.
pub(crate) const PACKET: Shape = Shape {
    what: "packet",
    fields: &[Field::u32(1, "packet.needs")],
};

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Needs {
    #[prost(uint32, tag = "1")]
    needs: u32,
}

/// Looks at the version alone: what is of a later one may break every other rule.
pub(crate) fn check(shape: &Shape, bytes: &[u8]) -> Result<(), DecodeError> {
    let what = shape.what;
    shape.check(bytes)?;
    let Needs { needs } =
        Needs::decode(bytes).map_err(|source| DecodeError::Protobuf { what, source })?;
    if needs == 0 {
        let field = shape.fields.first().map_or(what, Field::name);
        return Err(DecodeError::Missing { field });
    }
    if needs > WireVersion::CURRENT.get() {
        return Err(DecodeError::Later { what });
    }
    Ok(())
}
