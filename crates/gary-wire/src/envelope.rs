//! The envelope in which a signed record travels and is stored.

use gary_promise::{
    AgentId, BATCH_BYTES_MAX, Batch, Codec, Kind, RECORD_BYTES_MAX, RECORDS_MAX, SIGNATURE_BYTES,
    STATEMENT_BYTES_MAX, SignedRecord,
};
use prost::Message;

use crate::{
    DecodeError, WireCodec,
    message::{Shaped, decode, fixed, required, text},
    shape::{Field, Shape},
};

/// What is said to have been signed, and by whom. Of which kind, the place where it stands says.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Signed {
    #[prost(bytes = "vec", tag = "1")]
    by: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    signature: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    statement: Vec<u8>,
}

/// A signed record of any kind.
///
/// The kind is written as it stands under the signature, so that it can be checked by who does not know
/// it. An envelope is made anew at every relay: what has to reach the reader goes in the statement.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Envelope {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(message, optional, tag = "2")]
    signed: Option<Signed>,
}

// Besides a statement there are a kind, a signer, a signature, and two bytes before each part or, before
// the long ones and the whole, up to five. The room that gary-promise leaves has to do.
const _: () = assert!(
    (2 + Kind::BYTES_MAX) + (2 + 32) + (2 + SIGNATURE_BYTES) + 3 * 5
        <= RECORD_BYTES_MAX - STATEMENT_BYTES_MAX
);

impl Shaped for Signed {
    const SHAPE: Shape = Shape {
        what: "signed",
        fields: &[
            Field::bytes(1, "signed.by", 32),
            Field::bytes(2, "signed.signature", SIGNATURE_BYTES),
            Field::bytes(3, "signed.statement", STATEMENT_BYTES_MAX),
        ],
    };
}

impl Shaped for Envelope {
    const SHAPE: Shape = Shape {
        what: "envelope",
        fields: &[
            Field::bytes(1, "envelope.kind", Kind::BYTES_MAX),
            Field::message(2, "envelope.signed", &Signed::SHAPE),
        ],
    };
}

impl Codec<SignedRecord> for WireCodec {
    type Error = DecodeError;

    /// The envelope as bytes, with the statement as it was signed.
    fn pack(&self, record: &SignedRecord) -> Vec<u8> {
        Envelope::from(record).encode_to_vec()
    }

    /// Opens an envelope. Nothing is verified by that.
    fn unpack(&self, bytes: &[u8]) -> Result<SignedRecord, DecodeError> {
        decode::<Envelope>(bytes, RECORD_BYTES_MAX)?.try_into()
    }
}

impl<T> From<&gary_promise::Signed<T>> for Signed {
    fn from(signed: &gary_promise::Signed<T>) -> Self {
        Self {
            by: signed.by().as_bytes().to_vec(),
            signature: signed.signature().to_vec(),
            statement: signed.bytes().to_vec(),
        }
    }
}

impl<T> TryFrom<Signed> for gary_promise::Signed<T> {
    type Error = DecodeError;

    fn try_from(signed: Signed) -> Result<Self, DecodeError> {
        let by = AgentId::from_bytes(fixed("signed.by", &signed.by)?);
        let signature = fixed("signed.signature", &signed.signature)?;
        Ok(Self::claimed(by, &signed.statement, signature))
    }
}

impl From<&SignedRecord> for Envelope {
    fn from(record: &SignedRecord) -> Self {
        let signed = match record {
            SignedRecord::Promise(signed) => signed.into(),
            SignedRecord::Withdrawal(signed) => signed.into(),
            SignedRecord::SheetHead(signed) => signed.into(),
            SignedRecord::Unknown(unknown) => unknown.signed().into(),
        };
        Self {
            kind: record.kind().to_owned(),
            signed: Some(signed),
        }
    }
}

impl TryFrom<Envelope> for SignedRecord {
    type Error = DecodeError;

    fn try_from(envelope: Envelope) -> Result<Self, DecodeError> {
        let kind = text("envelope.kind", &envelope.kind)?;
        let signed = required("envelope.signed", envelope.signed)?;
        let by = AgentId::from_bytes(fixed("signed.by", &signed.by)?);
        let signature = fixed("signed.signature", &signed.signature)?;
        Ok(Self::claimed(kind, by, &signed.statement, signature))
    }
}

/// A field of records that go together.
pub(crate) const fn records(tag: u32, name: &'static str) -> Field {
    Field::message(tag, name, &Envelope::SHAPE).times(RECORDS_MAX)
}

pub(crate) fn envelopes(batch: &Batch) -> Vec<Envelope> {
    batch.records().iter().map(Envelope::from).collect()
}

pub(crate) fn batch(field: &'static str, envelopes: Vec<Envelope>) -> Result<Batch, DecodeError> {
    let mut batch = Batch::default();
    let mut bytes = 0;
    for envelope in envelopes {
        bytes += envelope.encoded_len();
        if !batch.push(envelope.try_into()?) {
            return Err(DecodeError::FieldTooLong {
                field,
                bytes,
                bytes_max: BATCH_BYTES_MAX,
            });
        }
    }
    Ok(batch)
}
