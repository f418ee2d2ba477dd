//! Signed records on their way.

use super::UnknownRecord;
use crate::{
    AgentId, Kind, Promise, SIGNATURE_BYTES, STATEMENT_BYTES_MAX, SheetHead, Signed, Statement,
    Withdrawal,
};

/// The longest record with who signed it how, in bytes.
pub const RECORD_BYTES_MAX: usize = STATEMENT_BYTES_MAX + 256;

/// The most records of one batch. What finds no room goes into the next.
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
    /// It is of a kind that only a later release knows.
    Unknown(UnknownRecord),
}

/// Records that go together: at most [`RECORDS_MAX`], of at most [`BATCH_BYTES_MAX`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    records: Vec<SignedRecord>,
    bytes: usize,
}

impl SignedRecord {
    /// What came with the claim that `by` signed it as a record of this kind.
    pub fn claimed(
        kind: Kind,
        by: AgentId,
        bytes: &[u8],
        signature: [u8; SIGNATURE_BYTES],
    ) -> Self {
        match kind.as_str() {
            Promise::KIND => Self::Promise(Signed::claimed(by, bytes, signature)),
            Withdrawal::KIND => Self::Withdrawal(Signed::claimed(by, bytes, signature)),
            SheetHead::KIND => Self::SheetHead(Signed::claimed(by, bytes, signature)),
            _ => Self::Unknown(UnknownRecord::claimed(kind, by, bytes, signature)),
        }
    }

    /// What it is said to be, in the words of [`Kind`].
    pub fn kind(&self) -> &str {
        match self {
            Self::Promise(_) => Promise::KIND,
            Self::Withdrawal(_) => Withdrawal::KIND,
            Self::SheetHead(_) => SheetHead::KIND,
            Self::Unknown(unknown) => unknown.kind().as_str(),
        }
    }

    /// Who is said to have signed it.
    pub const fn by(&self) -> AgentId {
        match self {
            Self::Promise(signed) => signed.by(),
            Self::Withdrawal(signed) => signed.by(),
            Self::SheetHead(signed) => signed.by(),
            Self::Unknown(unknown) => unknown.signed().by(),
        }
    }

    /// What was signed.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Promise(signed) => signed.bytes(),
            Self::Withdrawal(signed) => signed.bytes(),
            Self::SheetHead(signed) => signed.bytes(),
            Self::Unknown(unknown) => unknown.signed().bytes(),
        }
    }

    /// The signature, as it came.
    pub const fn signature(&self) -> &[u8; SIGNATURE_BYTES] {
        match self {
            Self::Promise(signed) => signed.signature(),
            Self::Withdrawal(signed) => signed.signature(),
            Self::SheetHead(signed) => signed.signature(),
            Self::Unknown(unknown) => unknown.signed().signature(),
        }
    }

    /// An upper bound of its bytes on the way.
    fn bytes_max(&self) -> usize {
        self.bytes().len() + (RECORD_BYTES_MAX - STATEMENT_BYTES_MAX)
    }
}

impl From<Signed<Promise>> for SignedRecord {
    fn from(signed: Signed<Promise>) -> Self {
        Self::Promise(signed)
    }
}

impl From<Signed<Withdrawal>> for SignedRecord {
    fn from(signed: Signed<Withdrawal>) -> Self {
        Self::Withdrawal(signed)
    }
}

impl From<Signed<SheetHead>> for SignedRecord {
    fn from(signed: Signed<SheetHead>) -> Self {
        Self::SheetHead(signed)
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

    /// An upper bound of the bytes that its records take on their way.
    pub const fn bytes_max(&self) -> usize {
        self.bytes
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
