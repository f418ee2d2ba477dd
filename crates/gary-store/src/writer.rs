//! The thread that commits.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use redb::{Database, Durability};
use tokio::sync::mpsc::Receiver;

use crate::{Batch, CommitError};

/// Batches that wait for the disk. Who submits one more waits until there is room.
pub const WAITING_MAX: usize = 1_024;

/// Batches that are committed together. The rest waits for the next commit.
pub const GROUP_BATCHES_MAX: usize = 256;

/// Bytes that are committed together, past which no more batches are taken into a commit.
pub const GROUP_BYTES_MAX: usize = 4 << 20;

/// A batch that waits, and who waits for it.
pub(crate) struct Write {
    pub(crate) batch: Batch,
    pub(crate) done: Done,
}

/// Is called once, whatever happens.
pub(crate) struct Done(Option<Call>);

type Call = Box<dyn FnOnce(Result<(), CommitError>) + Send>;

impl Done {
    pub(crate) fn new(call: impl FnOnce(Result<(), CommitError>) + Send + 'static) -> Self {
        Self(Some(Box::new(call)))
    }

    pub(crate) fn call(mut self, result: Result<(), CommitError>) {
        if let Some(call) = self.0.take() {
            call(result);
        }
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        if let Some(call) = self.0.take() {
            call(Err(CommitError::Stopped));
        }
    }
}

/// Commits until nobody can submit any more. After a commit has failed it stays to tell everybody so:
/// were it to leave, who comes later would hear before who waits, and a batch that is sent just then
/// might be heard of no more.
pub(crate) fn run(database: &Database, mut waiting: Receiver<Write>) {
    let mut has_failed = false;
    while let Some(first) = waiting.blocking_recv() {
        if has_failed {
            first.done.call(Err(CommitError::Stopped));
            continue;
        }
        let group = group(first, &mut waiting);
        let committed = commit(database, &group);
        if let Err(error) = &committed {
            tracing::error!(error = %chain(error), "the store has failed and takes nothing any more");
            has_failed = true;
        }
        for write in group {
            write.done.call(committed.clone());
        }
    }
}

/// What goes into one commit: all that waits, up to the limits.
fn group(first: Write, waiting: &mut Receiver<Write>) -> Vec<Write> {
    let mut bytes = first.batch.bytes();
    let mut group = vec![first];
    while group.len() < GROUP_BATCHES_MAX && bytes < GROUP_BYTES_MAX {
        let Ok(write) = waiting.try_recv() else { break };
        bytes += write.batch.bytes();
        group.push(write);
    }
    group
}

fn commit(database: &Database, group: &[Write]) -> Result<(), CommitError> {
    // redb may panic where its file was changed from outside.
    let committed = catch_unwind(AssertUnwindSafe(|| try_commit(database, group)));
    let committed = committed.unwrap_or_else(|_| {
        let reason = "its pages contradict each other".to_owned();
        Err(redb::Error::Corrupted(reason))
    });
    committed.map_err(CommitError::failed)
}

fn try_commit(database: &Database, group: &[Write]) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction
        .set_durability(Durability::Immediate)
        .expect("only a persistent savepoint refuses a durability, and there is none");
    {
        let mut tables = BTreeMap::new();
        for change in group.iter().flat_map(|write| write.batch.changes()) {
            let table = match tables.entry(change.table) {
                Entry::Occupied(table) => table.into_mut(),
                Entry::Vacant(place) => {
                    place.insert(transaction.open_table(change.table.definition())?)
                }
            };
            match &change.value {
                Some(value) => drop(table.insert(change.key.as_slice(), value.as_slice())?),
                None => drop(table.remove(change.key.as_slice())?),
            }
        }
    }
    Ok(transaction.commit()?)
}

/// An error with its causes.
fn chain(error: &CommitError) -> String {
    let error: &dyn std::error::Error = error;
    let causes = std::iter::successors(Some(error), |error| error.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}

/// Starts the thread. It ends when the last sender to `waiting` is gone.
pub(crate) fn start(
    database: Arc<Database>,
    waiting: Receiver<Write>,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new()
        .name("gary-store".to_owned())
        .spawn(move || run(&database, waiting))
}
