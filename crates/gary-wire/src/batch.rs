//! Records that go in one frame.

use crate::{DecodeError, ENVELOPE_BYTES_MAX, SignedRecord};

/// The most records of one batch.
pub const RECORDS_MAX: usize = 1024;

/// The most bytes of all envelopes of one batch: at least one of the longest fits.
pub const BATCH_BYTES_MAX: usize = 256 << 10;

const _: () = assert!(ENVELOPE_BYTES_MAX <= BATCH_BYTES_MAX);

/// Records that go in one frame: at most [`RECORDS_MAX`], of at most [`BATCH_BYTES_MAX`] together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    records: Vec<SignedRecord>,
    bytes: usize,
}

impl Batch {
    /// Adds a record, or says that there is no more room for it: then it goes in the next batch. In an
    /// empty one there is room for any record that an agent verifies.
    #[must_use = "a record that found no room is not in the batch"]
    pub fn push(&mut self, record: SignedRecord) -> bool {
        let bytes = self.bytes + record.encode().len();
        if self.records.len() == RECORDS_MAX || bytes > BATCH_BYTES_MAX {
            return false;
        }
        self.bytes = bytes;
        self.records.push(record);
        true
    }

    /// The records, in the order they were added.
    pub fn records(&self) -> &[SignedRecord] {
        &self.records
    }

    pub(crate) fn encode(&self) -> Vec<Vec<u8>> {
        self.records.iter().map(SignedRecord::encode).collect()
    }

    pub(crate) fn decode(envelopes: &[Vec<u8>]) -> Result<Self, DecodeError> {
        let mut batch = Self::default();
        for envelope in envelopes {
            if !batch.push(SignedRecord::decode(envelope)?) {
                return Err(DecodeError::FieldTooLong {
                    field: "frame.records",
                    bytes: envelopes.iter().map(Vec::len).sum(),
                    bytes_max: BATCH_BYTES_MAX,
                });
            }
        }
        Ok(batch)
    }
}
