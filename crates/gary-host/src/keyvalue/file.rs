//! The files of a named store: how they come to be, who holds them, and what is left of them.
//!
//! `NAME.redb` is the database. `NAME.holder` says which process has it open; redb's lock is what
//! decides, and the holder's file only gives the refused one a number to look for. `.lock` orders
//! the making of databases and is otherwise of no interest.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use redb::{Builder, Database, ReadableDatabase, TableDefinition};

use super::error::OpenError;
use super::room::StoreRoom;

/// Keys with the version and the bytes of their values.
pub(super) const DATA: TableDefinition<'_, &str, (u64, &[u8])> = TableDefinition::new("data");

/// What is known of the store as a whole, by the names below.
pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");

/// Bytes of keys and values, as [`super::limits::Limits::cost`] counts them.
pub(super) const META_BYTES: &str = "bytes";

/// The version of the latest write.
pub(super) const META_VERSION: &str = "version";

const META_FORMAT: &str = "format";

/// How this version of Gary lays out a store.
const FORMAT: u64 = 1;

/// Bytes of pages that redb keeps in memory for one open store. Its default is a gigabyte.
const CACHE_BYTES: usize = 4 << 20;

/// The longest name of a store, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// Where one named store lies. Nothing is on disk by it alone.
#[derive(Debug)]
pub(super) struct StoreFile {
    dir: PathBuf,
    name: String,
    /// The store in words, for errors.
    label: String,
}

impl StoreFile {
    /// The place of store `name` of `workload` in `dir`, if that can be a name.
    pub(super) fn new(dir: &Path, workload: &str, name: &str) -> Result<Self, OpenError> {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let fits = (1..=NAME_BYTES_MAX).contains(&name.len())
            && !name.starts_with('.')
            && name
                .bytes()
                .all(|byte| legal(byte) || b"._-".contains(&byte));
        if !fits {
            let name = name.chars().take(NAME_BYTES_MAX).collect();
            return Err(OpenError::Name { name });
        }
        Ok(Self {
            dir: dir.to_owned(),
            name: name.to_owned(),
            label: format!("store `{name}` of workload `{workload}`"),
        })
    }

    /// The store in words.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// Opens the database, which makes it first where there is none and fewer than `stores_max`, and no limit of all stores
    /// together is reached.
    pub(super) fn open_or_create(
        &self,
        stores_max: usize,
        full: Option<u64>,
    ) -> Result<Database, OpenError> {
        if !self.path().exists() {
            if let Some(limit) = full {
                return Err(OpenError::NoRoom {
                    store: self.label.clone(),
                    limit,
                });
            }
            self.create(stores_max)?;
        }
        self.open()
    }

    /// Opens the database that is there. Every page is checked, because redb trusts a file that
    /// was closed well and panics where that trust is misplaced.
    pub(super) fn open(&self) -> Result<Database, OpenError> {
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let database = builder().open(self.path())?;
            let format = format_of(&database)?;
            Ok((database, format))
        }));
        let (database, format) = match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => return Err(self.refused(error)),
            Err(_) => return Err(self.damaged("its pages contradict each other")),
        };
        match format {
            Some(FORMAT) => {}
            Some(found) => return Err(self.foreign(found)),
            None => return Err(self.damaged("it was not written by Gary")),
        }
        self.tell_holder();
        Ok(database)
    }

    /// Takes back what [`StoreFile::open`] said of the holder. To be called while the database is
    /// still open: afterwards the file may already be the next holder's.
    pub(super) fn forget_holder(&self) {
        // Whoever finds a stale file sees that its process is gone.
        let _ = fs::remove_file(self.holder_path());
    }

    /// Makes a complete database under another name first, so that a crash part way leaves nothing
    /// that looks like a store, and an empty file of this name is always damage.
    fn create(&self, stores_max: usize) -> Result<(), OpenError> {
        let mut directory = DirBuilder::new();
        directory.recursive(true).mode(0o700);
        directory
            .create(&self.dir)
            .map_err(|source| self.directory(source))?;
        let lock = File::create(self.dir.join(".lock")).map_err(|source| self.directory(source))?;
        lock.lock().map_err(|source| self.directory(source))?;
        if self.path().exists() {
            return Ok(());
        }
        let stores = count_stores(&self.dir).map_err(|source| self.directory(source))?;
        if stores >= stores_max {
            return Err(OpenError::TooMany {
                store: self.label.clone(),
                limit: stores_max,
            });
        }
        let unfinished = self.dir.join(format!(".{}.new", self.name));
        let created = create_database(&unfinished)
            .and_then(|()| Ok(fs::rename(&unfinished, self.path())?))
            .and_then(|()| Ok(sync_directory(&self.dir)?));
        created.map_err(|source| {
            let _ = fs::remove_file(&unfinished);
            self.file(source)
        })
    }

    /// Tells how many bytes the database takes.
    pub(super) fn tell_size(&self, room: &dyn StoreRoom) {
        let path = self.path();
        match fs::metadata(&path) {
            Ok(metadata) => room.takes(&path, metadata.len()),
            Err(error) => tracing::warn!("cannot tell how much {} takes: {error}", self.label),
        }
    }

    fn tell_holder(&self) {
        let unfinished = self.dir.join(format!(".{}.holder", self.name));
        let told = fs::write(&unfinished, std::process::id().to_string())
            .and_then(|()| fs::rename(&unfinished, self.holder_path()));
        if let Err(error) = told {
            tracing::warn!("cannot say that this process holds {}: {error}", self.label);
        }
    }

    /// The process that has the database open, as far as it said so and is there to be seen.
    fn holder(&self) -> Option<u32> {
        let pid = fs::read_to_string(self.holder_path()).ok()?;
        let pid = pid.trim().parse().ok()?;
        // What a crashed holder left behind must not send anybody after an innocent process id.
        let gone =
            Path::new("/proc/self").exists() && !Path::new("/proc").join(format!("{pid}")).exists();
        (!gone).then_some(pid)
    }

    fn path(&self) -> PathBuf {
        self.dir.join(format!("{}.redb", self.name))
    }

    fn holder_path(&self) -> PathBuf {
        self.dir.join(format!("{}.holder", self.name))
    }

    fn refused(&self, error: redb::Error) -> OpenError {
        match error {
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
                OpenError::Held {
                    store: self.label.clone(),
                    holder: self.holder(),
                }
            }
            redb::Error::Io(error) if is_damage(&error) => self.damaged(&error.to_string()),
            error @ (redb::Error::Io(_) | redb::Error::PreviousIo) => self.file(error),
            // Everything else is redb's account of what is wrong inside the file.
            error => self.damaged(&error.to_string()),
        }
    }

    fn damaged(&self, reason: &str) -> OpenError {
        let path = self.path();
        tracing::warn!("{} is damaged: {reason}: {}", self.label, path.display());
        OpenError::Damaged {
            store: self.label.clone(),
            path,
            reason: reason.to_owned(),
        }
    }

    fn foreign(&self, found: u64) -> OpenError {
        OpenError::Format {
            store: self.label.clone(),
            found,
            known: FORMAT,
        }
    }

    fn directory(&self, source: io::Error) -> OpenError {
        OpenError::Directory {
            store: self.label.clone(),
            source,
        }
    }

    fn file(&self, source: redb::Error) -> OpenError {
        OpenError::File {
            store: self.label.clone(),
            source,
        }
    }
}

/// How redb says that a file is too short or too strange to be a database.
fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof
    )
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .set_cache_size(CACHE_BYTES)
        .set_check_integrity_on_open(true);
    builder
}

fn create_database(path: &Path) -> Result<(), redb::Error> {
    // An earlier attempt may have died here. The caller's lock says that none is under way.
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let database = builder().create(path)?;
    let transaction = database.begin_write()?;
    {
        transaction.open_table(DATA)?;
        let mut meta = transaction.open_table(META)?;
        meta.insert(META_FORMAT, FORMAT)?;
        meta.insert(META_BYTES, 0)?;
        meta.insert(META_VERSION, 0)?;
    }
    transaction.commit()?;
    Ok(database.close()?)
}

/// The format the database says it has; none where it lacks our tables.
fn format_of(database: &Database) -> Result<Option<u64>, redb::Error> {
    let transaction = database.begin_read()?;
    let foreign = |error| match error {
        redb::TableError::Storage(error) => Err(redb::Error::from(error)),
        _ => Ok(None),
    };
    if let Err(error) = transaction.open_table(DATA) {
        return foreign(error);
    }
    let meta = match transaction.open_table(META) {
        Ok(meta) => meta,
        Err(error) => return foreign(error),
    };
    let format = meta.get(META_FORMAT)?;
    Ok(format.map(|format| format.value()))
}

fn count_stores(dir: &Path) -> io::Result<usize> {
    let mut stores = 0;
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let name = name.as_encoded_bytes();
        stores += usize::from(name.ends_with(b".redb") && !name.starts_with(b"."));
    }
    Ok(stores)
}

/// Makes the name of a new file as durable as what is in it.
fn sync_directory(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()?;
    match dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}
