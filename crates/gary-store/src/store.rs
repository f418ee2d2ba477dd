//! The store of one agent.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use redb::Database;
use redb::backends::InMemoryBackend;
use tokio::sync::{mpsc, oneshot};

use crate::format::{STEPS, Step};
use crate::lock::Lock;
use crate::writer::{Done, WAITING_MAX, Write};
use crate::{
    BATCH_BYTES_MAX, Batch, CommitError, GetError, OpenError, Rows, Table, database, directory,
    rows, writer,
};

/// What an agent remembers, on its disk.
///
/// Reading takes place on the caller's thread and writing on one of the store's own. To let go of the
/// store waits until what was submitted is committed.
pub struct Store {
    /// None once it is being let go of.
    waiting: Option<mpsc::Sender<Write>>,
    writer: Option<JoinHandle<()>>,
    database: Arc<Database>,
    /// Let go of last. None in memory.
    _lock: Option<Lock>,
}

impl Store {
    /// Opens the store in a state directory; both are made where they are missing. A store of an
    /// earlier release is brought up to date.
    ///
    /// # Errors
    /// When the directory is in use, cannot be written to, or holds something else: see
    /// [`OpenError`].
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        Self::open_with(dir, STEPS)
    }

    /// A store that is gone with the process, for tests.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn in_memory() -> Result<Self, OpenError> {
        let database = database::in_memory(InMemoryBackend::new());
        let database = database.map_err(|error| OpenError::Damaged {
            file: "memory".into(),
            reason: error.to_string(),
        })?;
        Self::start(database, None).map_err(|source| OpenError::io("memory", source))
    }

    fn open_with(dir: &Path, steps: &[Step]) -> Result<Self, OpenError> {
        let failed = |source| OpenError::io(dir, source);
        directory::make(dir).map_err(failed)?;
        let lock = Lock::take(dir)?;
        let database = database::open(dir, steps)?;
        Self::start(database, Some(lock)).map_err(failed)
    }

    fn start(database: Database, lock: Option<Lock>) -> std::io::Result<Self> {
        let database = Arc::new(database);
        let (sender, waiting) = mpsc::channel(WAITING_MAX);
        let writer = writer::start(Arc::clone(&database), waiting)?;
        Ok(Self {
            waiting: Some(sender),
            writer: Some(writer),
            database,
            _lock: lock,
        })
    }

    /// Submits a batch, behind those that were submitted before. It waits while [`WAITING_MAX`] are
    /// waiting already.
    ///
    /// `done` is called once, whatever happens, on the thread that commits or on this one. It must
    /// neither wait nor panic: all that comes later waits for it.
    pub async fn submit(
        &self,
        batch: Batch,
        done: impl FnOnce(Result<(), CommitError>) + Send + 'static,
    ) {
        let done = Done::new(done);
        if let Some(write) = checked(batch, done)
            && let Some(waiting) = &self.waiting
        {
            // In case of an error what comes back with it is dropped, which says so.
            let _ = waiting.send(write).await;
        }
    }

    /// Stores a batch, and waits until it is.
    ///
    /// # Errors
    /// When it is not known to be stored: see [`CommitError`].
    pub async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        let (sender, committed) = oneshot::channel();
        self.submit(batch, to(sender)).await;
        committed.await.unwrap_or(Err(CommitError::Stopped))
    }

    /// The same where nothing else goes on, such as before an agent runs.
    ///
    /// # Errors
    /// As with [`Store::commit`].
    ///
    /// # Panics
    /// On a thread that runs tasks, which must not wait.
    pub fn commit_blocking(&self, batch: Batch) -> Result<(), CommitError> {
        let (sender, committed) = oneshot::channel();
        if let Some(write) = checked(batch, Done::new(to(sender)))
            && let Some(waiting) = &self.waiting
        {
            let _ = waiting.blocking_send(write);
        }
        committed
            .blocking_recv()
            .unwrap_or(Err(CommitError::Stopped))
    }

    /// What was committed under a key.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, GetError> {
        rows::get(&self.database, table, key)
    }

    /// All that was committed to a table.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn iterate(&self, table: Table) -> Result<Rows, GetError> {
        Rows::read(&self.database, table)
    }
}

/// The batch as it waits, if it is no larger than it may be.
fn checked(batch: Batch, done: Done) -> Option<Write> {
    let bytes = batch.bytes();
    if bytes > BATCH_BYTES_MAX {
        let limit = BATCH_BYTES_MAX;
        done.call(Err(CommitError::TooLarge { bytes, limit }));
        return None;
    }
    Some(Write { batch, done })
}

fn to(
    sender: oneshot::Sender<Result<(), CommitError>>,
) -> impl FnOnce(Result<(), CommitError>) + Send + 'static {
    move |result| {
        // Fails when nobody wants to know.
        let _ = sender.send(result);
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.waiting = None;
        if let Some(writer) = self.writer.take() {
            // It ends by itself; a panic in it was one of a caller's.
            let _ = writer.join();
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
