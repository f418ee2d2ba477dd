//! Signed records on their way.

use crate::{AgentId, Promise, STATEMENT_BYTES_MAX, SheetHead, Signed, Withdrawal};

/// The longest record with who signed it how, in bytes.
pub const RECORD_BYTES_MAX: usize = STATEMENT_BYTES_MAX + 256;

/// The most records of one batch.
pub const RECORDS_MAX: usize = 1024;

/// The most bytes of all records of one batch: at least one of the longest fits.
pub const BATCH_BYTES_MAX: usize = 256 << 10;

const _: () = assert!(RECORD_BYTES_MAX <= BATCH_BYTES_MAX);

/// A record as it travels and is stored: what somebody is said to have signed, of some kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedRecord {
    /// It is said to be a promise.
    Promise(Signed<Promise>),
    /// It is said to be a withdrawal.
    Withdrawal(Signed<Withdrawal>),
    /// It is said to be the head of a sheet.
    SheetHead(Signed<SheetHead>),
}

/// Records that go together: at most [`RECORDS_MAX`], of at most [`BATCH_BYTES_MAX`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    records: Vec<SignedRecord>,
    bytes: usize,
}

impl SignedRecord {
    /// Who is said to have signed it.
    pub const fn by(&self) -> AgentId {
        match self {
            Self::Promise(signed) => signed.by(),
            Self::Withdrawal(signed) => signed.by(),
            Self::SheetHead(signed) => signed.by(),
        }
    }

    /// What was signed.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Promise(signed) => signed.bytes(),
            Self::Withdrawal(signed) => signed.bytes(),
            Self::SheetHead(signed) => signed.bytes(),
        }
    }

    /// An upper bound of its bytes on the way.
    fn bytes_max(&self) -> usize {
        self.bytes().len() + (RECORD_BYTES_MAX - STATEMENT_BYTES_MAX)
    }
}

impl Batch {
    /// Adds a record, or says that there is no more room for it: then it goes in the next batch. In an
    /// empty one there is room for any record that an agent verifies.
    #[must_use = "a record that found no room is not in the batch"]
    pub fn push(&mut self, record: SignedRecord) -> bool {
        let bytes = self.bytes + record.bytes_max();
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

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

impl IntoIterator for Batch {
    type Item = SignedRecord;
    type IntoIter = std::vec::IntoIter<SignedRecord>;

    fn into_iter(self) -> Self::IntoIter {
        self.records.into_iter()
    }
}
