//! The file that everything is in: how it comes to be and what it may look like.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::{Builder, Database};

use crate::format::{FormatError, Step};
use crate::{OpenError, directory, format};

/// The file, in the state directory.
const NAME: &str = "store.redb";

/// The file while it is made. One that is found was left by a crash.
const NEW_NAME: &str = "store.redb.new";

/// Bytes of pages that redb keeps in memory. Its default is a gigabyte.
const CACHE_BYTES: usize = 4 << 20;

/// Opens the database in a directory that is locked, which makes it where it is missing.
pub(crate) fn open(dir: &Path, steps: &[Step]) -> Result<Database, OpenError> {
    let file = dir.join(NAME);
    let damaged = |reason: String| OpenError::Damaged {
        file: file.clone(),
        reason,
    };
    let failed = |error: redb::Error| match error {
        redb::Error::Io(source) if !is_damage(&source) => OpenError::io(dir, source),
        redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => OpenError::InUse {
            dir: dir.to_owned(),
            holder: None,
        },
        // All else is redb's account of what is wrong inside the file.
        error => damaged(error.to_string()),
    };

    if !file.exists() {
        create(dir, format::latest(steps)).map_err(failed)?;
    }
    // redb may panic where a file contradicts itself in a way that a crash cannot bring about.
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let database = builder().open(&file).map_err(redb::Error::from);
        let database = database.map_err(FormatError::Read)?;
        format::update(&database, steps)?;
        Ok(database)
    }));
    let opened = opened.map_err(|_| damaged("its pages contradict each other".to_owned()))?;
    opened.map_err(|error| match error {
        FormatError::Newer(found) => OpenError::Newer {
            file: file.clone(),
            found,
            known: format::latest(steps),
        },
        FormatError::Foreign => damaged("it is not a store of Gary's".to_owned()),
        FormatError::Step(from, source) => OpenError::Migration {
            file: file.clone(),
            from,
            to: format::latest(steps),
            source: Box::new(source),
        },
        FormatError::Read(error) => failed(error),
    })
}

/// A database that is gone with the process.
pub(crate) fn in_memory(backend: impl redb::StorageBackend) -> Result<Database, redb::Error> {
    let database = builder().create_with_backend(backend)?;
    let transaction = database.begin_write()?;
    format::mark(&transaction, format::latest(format::STEPS))?;
    transaction.commit()?;
    Ok(database)
}

/// Makes a whole database under another name first: after a crash there is one that is whole, or none.
fn create(dir: &Path, format: u64) -> Result<(), redb::Error> {
    let new = dir.join(NEW_NAME);
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let mut options = directory::options();
    options.write(true).create_new(true).open(&new)?;
    let database = builder().create(&new)?;
    let transaction = database.begin_write()?;
    format::mark(&transaction, format)?;
    transaction.commit()?;
    database.close()?;
    fs::rename(&new, dir.join(NAME))?;
    Ok(directory::sync(dir)?)
}

/// Every page is checked when a store is opened: an agent that goes on from votes that are not what it
/// wrote is worse than one that does not start.
fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .set_cache_size(CACHE_BYTES)
        .set_check_integrity_on_open(true);
    builder
}

/// How redb says that a file is too short or too strange to be a database.
fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    )
}
