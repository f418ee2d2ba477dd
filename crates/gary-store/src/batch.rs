//! Changes that belong together.

use crate::Table;

/// The most that one batch may hold, in bytes of keys and values. A larger one is refused.
pub const BATCH_BYTES_MAX: usize = 64 << 20;

/// What is counted for a change besides its bytes.
const CHANGE_BYTES: usize = 16;

/// Changes that are stored together, in their order: of two to one key the later counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    changes: Vec<Change>,
    bytes: usize,
}

/// What becomes of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) table: Table,
    pub(crate) key: Vec<u8>,
    /// None deletes.
    pub(crate) value: Option<Vec<u8>>,
}

impl Batch {
    /// A batch that changes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a value in the place of the one there was, if there was.
    pub fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.push(table, key.into(), Some(value.into()));
    }

    /// Deletes what there is under a key, if there is.
    pub fn delete(&mut self, table: Table, key: impl Into<Vec<u8>>) {
        self.push(table, key.into(), None);
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// What it counts against limits.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn changes(&self) -> &[Change] {
        &self.changes
    }

    fn push(&mut self, table: Table, key: Vec<u8>, value: Option<Vec<u8>>) {
        let value_bytes = value.as_ref().map_or(0, Vec::len);
        self.bytes += CHANGE_BYTES + key.len() + value_bytes;
        self.changes.push(Change { table, key, value });
    }
}
