//! Keeps what an agent must not forget.
//!
//! It knows tables, keys and values as bytes, and components by their digests; what any of it means is
//! the shell's to say. To its neighbours it promises that
//!
//! - a [`Batch`] is stored as a whole or not at all, after all that were submitted before it;
//! - what is acknowledged was synced to the disk, and acknowledgements come in the order of the batches;
//! - after a commit has failed nothing is taken any more, so that nobody goes on from what may not be
//!   there. What the failed one held may be there or not: it is known after the next start;
//! - one state directory belongs to one process, and a format from a later release is left untouched;
//! - a component that is handed out has the digest that it was asked for by, and all components together
//!   take no more room than they may.
//!
//! Commits are grouped: whatever waits while the disk is at work goes into the next transaction, so many
//! batches cost one sync.
//!
//! Deliberately absent: transactions that read and write. There is one agent, which knows what it has
//! stored.

mod batch;
mod components;

mod database;
mod directory;
mod error;
mod format;
mod lock;
mod rows;
mod store;
mod table;
mod writer;

pub use batch::{BATCH_BYTES_MAX, Batch};
pub use components::{
    Component, Components, Digest, DigestError, FetchError, OpenComponentsError, Unfinished,
    WriteError,
};
pub use error::{CommitError, GetError, OpenError};
pub use rows::Rows;
pub use store::Store;
pub use table::{IDENTITY, Table};
pub use writer::{GROUP_BATCHES_MAX, GROUP_BYTES_MAX, WAITING_MAX};
