//! The envelope in which a signed record travels.

use std::sync::Arc;

use gary_promise::{AgentId, Promise, SIGNATURE_BYTES, STATEMENT_BYTES_MAX, Signed, Withdrawal};
use prost::Message;

use crate::{
    DecodeError,
    message::{Shaped, decode, fixed},
    shape::{Field, Shape},
};

/// The longest envelope, in bytes: the longest record, and who signed it how.
pub const ENVELOPE_BYTES_MAX: usize = STATEMENT_BYTES_MAX + 256;

const PROMISE: u32 = 1;
const WITHDRAWAL: u32 = 2;

/// A record as it travels and is stored: what somebody is said to have signed, of some kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedRecord {
    /// It is said to be a promise.
    Promise(Signed<Promise>),
    /// It is said to be a withdrawal.
    Withdrawal(Signed<Withdrawal>),
    /// It is of a kind that only a later release knows.
    Unknown(Unknown),
}

/// An envelope with a record of a kind that only a later release knows, as it came. Its signature
/// cannot be checked here, since the kind is under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown(Arc<[u8]>);

#[derive(Clone, PartialEq, prost::Message)]
struct Envelope {
    #[prost(uint32, tag = "1")]
    kind: u32,
    #[prost(bytes = "vec", tag = "2")]
    by: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    signature: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    statement: Vec<u8>,
}

impl Shaped for Envelope {
    const SHAPE: Shape = Shape {
        what: "envelope",
        fields: &[
            Field::u32(1, "envelope.kind"),
            Field::bytes(2, "envelope.by", 32),
            Field::bytes(3, "envelope.signature", SIGNATURE_BYTES),
            Field::bytes(4, "envelope.statement", STATEMENT_BYTES_MAX),
        ],
    };
}

impl SignedRecord {
    /// The envelope as bytes, with the statement as it was signed.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Promise(signed) => envelope(PROMISE, signed),
            Self::Withdrawal(signed) => envelope(WITHDRAWAL, signed),
            Self::Unknown(unknown) => unknown.0.to_vec(),
        }
    }

    /// Opens an envelope. Nothing is verified by that.
    ///
    /// # Errors
    ///
    /// Refuses more than [`ENVELOPE_BYTES_MAX`] bytes, and what is no envelope.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let envelope: Envelope = decode(bytes, ENVELOPE_BYTES_MAX)?;
        let by = AgentId::from_bytes(fixed("envelope.by", &envelope.by)?);
        let signature = fixed("envelope.signature", &envelope.signature)?;
        let statement = &envelope.statement;
        Ok(match envelope.kind {
            0 => {
                return Err(DecodeError::Missing {
                    field: "envelope.kind",
                });
            }
            PROMISE => Self::Promise(Signed::claimed(by, statement, signature)),
            WITHDRAWAL => Self::Withdrawal(Signed::claimed(by, statement, signature)),
            _ => Self::Unknown(Unknown(bytes.into())),
        })
    }
}

fn envelope<T>(kind: u32, signed: &Signed<T>) -> Vec<u8> {
    let envelope = Envelope {
        kind,
        by: signed.by().as_bytes().to_vec(),
        signature: signed.signature().to_vec(),
        statement: signed.bytes().to_vec(),
    };
    envelope.encode_to_vec()
}
