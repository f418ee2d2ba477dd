//! How opening a store or a call on it fails, and the words a guest reads.

use std::io;
use std::path::PathBuf;

use wasmtime::component::ResourceTableError;

/// Why a store could not be opened. Nothing on disk was changed, except that the directory may
/// have been made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// The workload was given no directory to keep named stores in.
    #[error("workload `{workload}` was given no place for named stores")]
    NoDirectory {
        /// Whose store it would be.
        workload: String,
    },
    /// The name cannot be a store's.
    #[error(
        "`{name}` cannot name a store: a name is 1 to 64 of a-z, 0-9, `.`, `_` and `-`, and does \
         not start with `.`"
    )]
    Name {
        /// What the guest asked for, shortened.
        name: String,
    },
    /// The workload has as many named stores as it may.
    #[error("{store} would be one more than the limit of {limit} named stores")]
    TooMany {
        /// The store in words.
        store: String,
        /// Named stores a workload may have.
        limit: usize,
    },
    /// All stores of this machine together have no room for one more.
    #[error("{store} cannot be made: the stores of this node take the {limit} bytes that they may")]
    NoRoom {
        /// The store in words.
        store: String,
        /// Bytes that they may take together.
        limit: u64,
    },
    /// Another process, or another workload of this one, has the store open.
    #[error("{store} is held by {}", holder_in_words(*.holder))]
    Held {
        /// The store in words.
        store: String,
        /// The process that has it open, where it could be found out.
        holder: Option<u32>,
    },
    /// The file is there and is not a sound store. It is left as it is.
    #[error("{store} is damaged: {reason}")]
    Damaged {
        /// The store in words.
        store: String,
        /// The file. Not in the message: a guest has no business knowing the host's paths.
        path: PathBuf,
        /// What redb found.
        reason: String,
    },
    /// A newer Gary wrote the store.
    #[error("{store} has format {found}, and this version of Gary reads format {known}")]
    Format {
        /// The store in words.
        store: String,
        /// The format the file says it has.
        found: u64,
        /// The format this version writes.
        known: u64,
    },
    /// The directory could not be made or read.
    #[error("{store} cannot be made")]
    Directory {
        /// The store in words.
        store: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file could not be opened or written.
    #[error("{store} cannot be opened")]
    File {
        /// The store in words.
        store: String,
        /// What redb or the system said.
        #[source]
        source: redb::Error,
    },
    /// The process is on its way out.
    #[error("{store} cannot be opened: stopping")]
    Stopped {
        /// The store in words.
        store: String,
    },
}

fn holder_in_words(holder: Option<u32>) -> String {
    match holder {
        Some(pid) => format!("process {pid}"),
        None => "another process".to_owned(),
    }
}

/// Why a call on an open store failed. The store is as it was before the call, except after
/// [`CallError::Database`] on a write, which may have reached the disk.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The key is too long to write.
    #[error("a key of {bytes} bytes is over the limit of {limit} bytes")]
    KeyTooLong {
        /// Its length.
        bytes: usize,
        /// The longest a key may be.
        limit: usize,
    },
    /// The value is too long to write.
    #[error("a value of {bytes} bytes is over the limit of {limit} bytes")]
    ValueTooLong {
        /// Its length.
        bytes: usize,
        /// The longest a value may be.
        limit: usize,
    },
    /// The batch names too many keys.
    #[error("a batch of {keys} keys is over the limit of {limit} keys")]
    BatchTooLong {
        /// Keys in the batch.
        keys: usize,
        /// The most there may be.
        limit: usize,
    },
    /// The batch moves too much.
    #[error("the keys and values of the batch are over the limit of {limit} bytes")]
    BatchTooLarge {
        /// Bytes that one batch may move.
        limit: usize,
    },
    /// The store has no room for the write.
    #[error("full: the write would take it over the limit of {limit} bytes")]
    Full {
        /// Bytes of keys and values that the store may hold.
        limit: u64,
    },
    /// All stores of this machine together have no room for the write.
    #[error("full: the stores of this node take the {limit} bytes that they may")]
    NoRoom {
        /// Bytes that their files may take together.
        limit: u64,
    },
    /// The value to increment is not a decimal number.
    #[error("the value of key {key:?} is not a decimal number of 64 bits")]
    NotANumber {
        /// The key.
        key: String,
    },
    /// The sum does not fit.
    #[error("the value of key {key:?} would overflow 64 bits")]
    Overflow {
        /// The key.
        key: String,
    },
    /// The cursor was never given out, or too many were given out since.
    #[error("cursor {cursor} is not known, or no longer; list the keys from the start")]
    CursorUnknown {
        /// What the guest passed.
        cursor: u64,
    },
    /// The database failed. The next call opens it again.
    #[error(transparent)]
    Database(Box<redb::Error>),
    /// The database failed earlier and could not be opened again.
    #[error(transparent)]
    Reopen(Box<OpenError>),
    /// The database broke a promise of its own, which damage outside of it can bring about.
    #[error("the database failed unexpectedly; its file may be damaged")]
    Panicked,
    /// The process is on its way out.
    #[error("stopping")]
    Stopped,
}

macro_rules! database_errors {
    ($($error:ty),*) => {$(
        impl From<$error> for CallError {
            fn from(error: $error) -> Self {
                Self::Database(Box::new(error.into()))
            }
        }
    )*};
}

// redb has one type per step and joins them in redb::Error, which `?` does not do by itself.
database_errors!(
    redb::CommitError,
    redb::StorageError,
    redb::TableError,
    redb::TransactionError
);

/// What an interface call ends in when it does not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The guest may not have named stores.
    Denied,
    /// The guest is told in these words.
    Words(String),
    /// A handle that is not the guest's: wasmtime's mistake or ours, and a trap.
    Trap(wasmtime::Error),
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::NoDirectory { .. } => Self::Denied,
            error => Self::Words(in_words(&error)),
        }
    }
}

impl From<ResourceTableError> for Failure {
    fn from(error: ResourceTableError) -> Self {
        match error {
            ResourceTableError::Full => Self::Words("too many handles are open".to_owned()),
            error => Self::Trap(error.into()),
        }
    }
}

impl Failure {
    /// A call on the store that `store` names in words failed.
    pub(super) fn of_call(store: &str, error: &CallError) -> Self {
        Self::Words(format!("{store}: {}", in_words(error)))
    }
}

/// The error and its causes on one line: a guest gets one string.
fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        source = cause.source();
    }
    words
}
