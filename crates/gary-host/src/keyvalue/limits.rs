//! What one workload may keep, and how much one call may move.

/// The bounds of one workload's stores. Reaching one is an error that names it; nothing is cut
/// short, evicted or half done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of a key that is written.
    pub(crate) key_bytes_max: usize,
    /// Bytes of a value.
    pub(crate) value_bytes_max: usize,
    /// Keys in one batch call.
    pub(crate) batch_keys_max: usize,
    /// Bytes of keys and values in one batch call, so that a call cannot make the host hold a
    /// thousand of the largest values at once.
    pub(crate) batch_bytes_max: usize,
    /// Keys in one page of a listing. Here a longer listing goes on to the next page.
    pub(crate) page_keys_max: usize,
    /// Bytes of the store in memory, counted as [`Limits::cost`] counts them.
    pub(crate) memory_bytes_max: u64,
    /// Bytes of one named store, counted likewise. Its file takes more, up to about four times as
    /// much: redb copies the pages it changes and grows a file in large steps. The file is not what
    /// is counted, because a guest could not tell what to delete to make it smaller.
    pub(crate) disk_bytes_max: u64,
    /// Named stores in one workload's directory.
    pub(crate) stores_max: usize,
}

/// What an entry costs beyond its key and value, so that a million empty values are not free.
const ENTRY_OVERHEAD_BYTES: u64 = 64;

impl Limits {
    /// The limits of every workload.
    pub(crate) const STANDARD: Self = Self {
        key_bytes_max: 1024,
        value_bytes_max: 4 << 20,
        batch_keys_max: 1000,
        batch_bytes_max: 16 << 20,
        page_keys_max: 1000,
        memory_bytes_max: 64 << 20,
        disk_bytes_max: 1 << 30,
        stores_max: 16,
    };

    /// What an entry counts towards the size of its store, in bytes.
    pub(super) fn cost(key: &str, value: &[u8]) -> u64 {
        (key.len() + value.len()) as u64 + ENTRY_OVERHEAD_BYTES
    }
}
