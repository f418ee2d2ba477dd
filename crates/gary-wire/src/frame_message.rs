//! Frames as they are on the wire.

use gary_promise::{AgentId, Notice};

use crate::{
    Absence, Batch, DecodeError, Denial, ENVELOPE_BYTES_MAX, FRAME_BYTES_MAX, Frame, Hint,
    RECORDS_MAX, Renewal, Reply, Request, Spoken, WireVersion,
    decode_error::NumberError,
    message::{Shaped, Version, decode, fixed, required},
    shape::{Field, Shape},
};

/// A frame. One message for all kinds, whose fields mean by their kind: a frame is short, and this is
/// one shape to check.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct FrameMessage {
    #[prost(uint32, tag = "1")]
    needs: u32,
    #[prost(uint32, tag = "2")]
    kind: u32,
    #[prost(bytes = "vec", tag = "3")]
    agent: Vec<u8>,
    #[prost(message, optional, tag = "4")]
    version: Option<Version>,
    #[prost(message, optional, tag = "5")]
    other: Option<Version>,
    /// A count, a span in milliseconds, whether it is the last, or the oldest version spoken.
    #[prost(uint32, tag = "6")]
    number: u32,
    /// The current version spoken.
    #[prost(uint32, tag = "7")]
    current: u32,
    #[prost(bytes = "vec", repeated, tag = "64")]
    records: Vec<Vec<u8>>,
}

impl Shaped for FrameMessage {
    const SHAPE: Shape = Shape {
        what: "frame",
        fields: &[
            Field::u32(1, "frame.needs"),
            Field::u32(2, "frame.kind"),
            Field::bytes(3, "frame.agent", 32),
            Field::message(4, "frame.version", &Version::SHAPE),
            Field::message(5, "frame.other", &Version::SHAPE),
            Field::u32(6, "frame.number"),
            Field::u32(7, "frame.current"),
            Field::bytes(64, "frame.records", ENVELOPE_BYTES_MAX).times(RECORDS_MAX),
        ],
    };
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct FrameHead {
    #[prost(uint32, tag = "1")]
    needs: u32,
}

impl Shaped for FrameHead {
    const SHAPE: Shape = Shape {
        what: "frame",
        fields: &[Field::u32(1, "frame.needs")],
    };
}

impl FrameMessage {
    /// Looks at the version alone: a later one may break every other rule.
    pub(crate) fn check_version(bytes: &[u8]) -> Result<(), DecodeError> {
        let head: FrameHead = decode(bytes, FRAME_BYTES_MAX)?;
        if head.needs == 0 {
            return Err(DecodeError::Missing {
                field: "frame.needs",
            });
        }
        if head.needs > WireVersion::CURRENT.get() {
            return Err(DecodeError::Later { what: "frame" });
        }
        Ok(())
    }
}

impl From<&Frame> for FrameMessage {
    fn from(frame: &Frame) -> Self {
        let empty = Self {
            needs: frame.needs().get(),
            ..Self::default()
        };
        match frame {
            Frame::Hello(spoken) => Self {
                kind: 1,
                number: spoken.oldest().get(),
                current: spoken.current().get(),
                ..empty
            },
            Frame::Hint(hint) => Self {
                kind: 2,
                agent: hint.agent.as_bytes().to_vec(),
                version: Some(hint.version.into()),
                ..empty
            },
            Frame::Request(request) => Self {
                kind: 3,
                agent: request.agent.as_bytes().to_vec(),
                version: request.after.map(Version::from),
                ..empty
            },
            Frame::Reply(reply) => Self {
                kind: 4,
                number: u32::from(reply.is_last),
                records: reply.batch.encode(),
                ..empty
            },
            Frame::Told(batch) => Self {
                kind: 5,
                records: batch.encode(),
                ..empty
            },
            Frame::Renewal(renewal) => Self {
                kind: 6,
                version: Some(renewal.version.into()),
                number: renewal.count,
                ..empty
            },
            Frame::Absence(absence) => Self {
                kind: 7,
                version: Some(absence.version.into()),
                number: absence.notice.as_ms(),
                ..empty
            },
            Frame::Denial(denial) => Self {
                kind: 8,
                version: Some(denial.version.into()),
                other: Some(denial.of.into()),
                ..empty
            },
        }
    }
}

impl TryFrom<FrameMessage> for Frame {
    type Error = DecodeError;

    fn try_from(frame: FrameMessage) -> Result<Self, DecodeError> {
        let agent = || fixed("frame.agent", &frame.agent).map(AgentId::from_bytes);
        let version = || required("frame.version", frame.version)?.try_into();
        Ok(match frame.kind {
            0 => {
                return Err(DecodeError::Missing {
                    field: "frame.kind",
                });
            }
            1 => {
                let spoken = Spoken::new(frame.number, frame.current);
                Self::Hello(spoken.map_err(DecodeError::illegal("frame.current"))?)
            }
            2 => Self::Hint(Hint {
                agent: agent()?,
                version: version()?,
            }),
            3 => Self::Request(Request {
                agent: agent()?,
                after: frame.version.map(TryInto::try_into).transpose()?,
            }),
            4 => Self::Reply(Reply {
                batch: Batch::decode(&frame.records)?,
                is_last: flag("frame.number", frame.number)?,
            }),
            5 => Self::Told(Batch::decode(&frame.records)?),
            6 => Self::Renewal(Renewal {
                version: version()?,
                count: frame.number,
            }),
            7 => Self::Absence(Absence {
                version: version()?,
                notice: Notice::from_ms(frame.number)
                    .map_err(DecodeError::illegal("frame.number"))?,
            }),
            8 => Self::Denial(Denial {
                version: version()?,
                of: required("frame.other", frame.other)?.try_into()?,
            }),
            _ => return Err(DecodeError::Later { what: "frame" }),
        })
    }
}

fn flag(field: &'static str, number: u32) -> Result<bool, DecodeError> {
    match number {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(DecodeError::illegal(field)(NumberError {
            number: number.into(),
            min: 0,
            max: 1,
        })),
    }
}
