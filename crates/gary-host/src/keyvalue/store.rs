//! What a store is, wherever its data lies.

use super::error::CallError;

/// A value and the write that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Versioned {
    /// Grows with every write to the store and is never reused, so that equal versions of one key
    /// mean that nobody wrote between.
    pub(super) version: u64,
    /// The bytes as the guest wrote them.
    pub(super) value: Vec<u8>,
}

/// Some keys of a store, in the order of their bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// The keys.
    pub(super) keys: Vec<String>,
    /// Whether there are more after the last.
    pub(super) more: bool,
}

/// What to make of a value: the one to write in its place, or none to leave it.
pub(super) type Change<'a> =
    &'a mut dyn FnMut(Option<&Versioned>) -> Result<Option<Vec<u8>>, CallError>;

/// One store's data. Each method is one transaction over all instances that share the store: done
/// and, on disk, durable when it returns, or not done at all. The caller has checked the sizes of
/// keys and values; a store checks what only it knows, its own size and that of what it reads.
pub(super) trait Store: Send + Sync {
    /// The values of the keys, in their order.
    fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Versioned>>, CallError>;

    /// Whether the key has a value.
    fn exists(&self, key: &str) -> Result<bool, CallError>;

    /// Writes all pairs; of two with one key the later counts.
    fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> Result<(), CallError>;

    /// Removes the keys that are there.
    fn delete_many(&self, keys: &[String]) -> Result<(), CallError>;

    /// The page of keys after `after`, or the first.
    fn keys_after(&self, after: Option<&str>) -> Result<Page, CallError>;

    /// Reads a value and writes what `change` makes of it, with nothing between.
    fn update(&self, key: &str, change: Change<'_>) -> Result<(), CallError>;
}
