//! A store in a redb database.

use std::fmt;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use redb::{Database, Durability, ReadableDatabase, ReadableTable, Table};

use super::error::{CallError, OpenError};
use super::file::{DATA, META, META_BYTES, META_VERSION, StoreFile};
use super::limits::Limits;
use super::room::StoreRoom;
use super::store::{Change, Page, Store, Versioned};

/// A named store. Calls wait for the disk, and writers for each other, so they are made on threads
/// that may wait. Dropping the last handle closes the database and lets another process have it.
pub(super) struct DiskStore {
    file: StoreFile,
    limits: Limits,
    /// None only after a failed attempt to open it again.
    database: RwLock<Option<Database>>,
    /// redb refuses everything after one failed write, a full disk included. The next call then
    /// opens the database anew, so that making room is enough and no restart is needed.
    failed: AtomicBool,
    /// The room that it has in common with others. It comes last, because letting go of it says that the store is closed.
    room: Option<Arc<dyn StoreRoom>>,
}

impl fmt::Debug for DiskStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DiskStore").field(&self.file).finish()
    }
}

impl DiskStore {
    /// Opens the store, which makes it where it is missing.
    pub(super) fn open(
        file: StoreFile,
        limits: Limits,
        room: Option<Arc<dyn StoreRoom>>,
    ) -> Result<Self, OpenError> {
        let full = room.as_ref().and_then(|room| room.limit_reached());
        let database = file.open_or_create(limits.stores_max, full)?;
        let store = Self {
            file,
            limits,
            database: RwLock::new(Some(database)),
            failed: AtomicBool::new(false),
            room,
        };
        store.tell_size();
        Ok(store)
    }

    /// Tells how much its file takes, where somebody counts that.
    fn tell_size(&self) {
        if let Some(room) = &self.room {
            self.file.tell_size(room.as_ref());
        }
    }

    /// The store in words.
    pub(super) fn label(&self) -> &str {
        self.file.label()
    }

    fn with_database<R>(
        &self,
        work: impl FnOnce(&Database) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        if self.failed.load(Ordering::Acquire) {
            self.reopen()?;
        }
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let Some(database) = database.as_ref() else {
            return Err(CallError::Stopped);
        };
        // The file was sound when it was opened. Should it be written to from outside since, redb
        // may panic, and that must end this call only.
        let result = catch_unwind(AssertUnwindSafe(|| work(database)));
        let result = result.unwrap_or(Err(CallError::Panicked));
        if let Err(CallError::Database(_) | CallError::Panicked) = result {
            self.failed.store(true, Ordering::Release);
        }
        result
    }

    fn reopen(&self) -> Result<(), CallError> {
        let mut database = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if !self.failed.load(Ordering::Acquire) {
            return Ok(());
        }
        let old = database.take();
        // A database that panicked may do so again as it goes.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(old)));
        let opened = self.file.open();
        *database = Some(opened.map_err(|error| CallError::Reopen(Box::new(error)))?);
        self.failed.store(false, Ordering::Release);
        Ok(())
    }

    /// One transaction, durable when this returns; nothing is written if `work` fails or changes
    /// nothing.
    fn write(
        &self,
        work: impl FnOnce(&mut Writer<'_>) -> Result<(), CallError>,
    ) -> Result<(), CallError> {
        self.with_database(|database| {
            let full = self.room.as_ref().and_then(|room| room.limit_reached());
            let mut transaction = database.begin_write()?;
            transaction
                .set_durability(Durability::Immediate)
                .expect("only a persistent savepoint refuses a durability, and there is none");
            {
                let mut meta = transaction.open_table(META)?;
                let bytes_before = read_meta(&meta, META_BYTES)?;
                let version = read_meta(&meta, META_VERSION)? + 1;
                let mut writer = Writer {
                    data: transaction.open_table(DATA)?,
                    version,
                    bytes: bytes_before,
                    changed: false,
                };
                work(&mut writer)?;
                let limit = self.limits.disk_bytes_max;
                if writer.bytes > limit && writer.bytes > bytes_before {
                    return Err(CallError::Full { limit });
                }
                if let Some(limit) = full.filter(|_| writer.bytes > bytes_before) {
                    return Err(CallError::NoRoom { limit });
                }
                if !writer.changed {
                    return Ok(());
                }
                meta.insert(META_BYTES, writer.bytes)?;
                meta.insert(META_VERSION, version)?;
            }
            transaction.commit()?;
            self.tell_size();
            Ok(())
        })
    }
}

impl Drop for DiskStore {
    fn drop(&mut self) {
        let database = self.database.get_mut();
        let Some(database) = database.unwrap_or_else(PoisonError::into_inner).take() else {
            return;
        };
        self.file.forget_holder();
        // One whose file was written to from outside may panic as it goes.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(database)));
        self.tell_size();
    }
}

impl Store for DiskStore {
    fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Versioned>>, CallError> {
        let limit = self.limits.batch_bytes_max;
        self.with_database(|database| {
            let data = database.begin_read()?.open_table(DATA)?;
            let mut bytes = 0;
            let mut found = Vec::with_capacity(keys.len());
            for key in keys {
                let entry = data.get(key.as_str())?;
                bytes += entry.as_ref().map_or(0, |entry| entry.value().1.len());
                if bytes > limit {
                    return Err(CallError::BatchTooLarge { limit });
                }
                found.push(entry.map(|entry| to_versioned(entry.value())));
            }
            Ok(found)
        })
    }

    fn exists(&self, key: &str) -> Result<bool, CallError> {
        self.with_database(|database| {
            let data = database.begin_read()?.open_table(DATA)?;
            Ok(data.get(key)?.is_some())
        })
    }

    fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> Result<(), CallError> {
        self.write(|writer| {
            for (key, value) in &pairs {
                writer.put(key, value)?;
            }
            Ok(())
        })
    }

    fn delete_many(&self, keys: &[String]) -> Result<(), CallError> {
        self.write(|writer| {
            for key in keys {
                writer.remove(key)?;
            }
            Ok(())
        })
    }

    fn keys_after(&self, after: Option<&str>) -> Result<Page, CallError> {
        self.with_database(|database| {
            let data = database.begin_read()?.open_table(DATA)?;
            let start = after.map_or(Bound::Unbounded, Bound::Excluded);
            let mut rest = data.range::<&str>((start, Bound::Unbounded))?;
            let mut keys = Vec::new();
            for entry in rest.by_ref().take(self.limits.page_keys_max) {
                keys.push(entry?.0.value().to_owned());
            }
            let more = rest.next().transpose()?.is_some();
            Ok(Page { keys, more })
        })
    }

    fn update(&self, key: &str, change: Change<'_>) -> Result<(), CallError> {
        self.write(|writer| {
            let current = writer.get(key)?;
            match change(current.as_ref())? {
                Some(value) => writer.put(key, &value),
                None => Ok(()),
            }
        })
    }
}

/// The tables of one write transaction and the sums that go with them.
struct Writer<'txn> {
    data: Table<'txn, &'static str, (u64, &'static [u8])>,
    version: u64,
    bytes: u64,
    changed: bool,
}

impl Writer<'_> {
    fn get(&self, key: &str) -> Result<Option<Versioned>, CallError> {
        let entry = self.data.get(key)?;
        Ok(entry.map(|entry| to_versioned(entry.value())))
    }

    fn put(&mut self, key: &str, value: &[u8]) -> Result<(), CallError> {
        let replaced = self.data.insert(key, (self.version, value))?;
        let freed = replaced.map_or(0, |entry| Limits::cost(key, entry.value().1));
        let bytes = self.bytes.saturating_add(Limits::cost(key, value));
        self.bytes = bytes.saturating_sub(freed);
        self.changed = true;
        Ok(())
    }

    fn remove(&mut self, key: &str) -> Result<(), CallError> {
        let Some(removed) = self.data.remove(key)? else {
            return Ok(());
        };
        let freed = Limits::cost(key, removed.value().1);
        self.bytes = self.bytes.saturating_sub(freed);
        self.changed = true;
        Ok(())
    }
}

fn read_meta(meta: &Table<'_, &'static str, u64>, name: &str) -> Result<u64, CallError> {
    Ok(meta.get(name)?.map_or(0, |value| value.value()))
}

fn to_versioned((version, value): (u64, &[u8])) -> Versioned {
    Versioned {
        version,
        value: value.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::AtomicU64;

    use tempfile::TempDir;

    use super::*;

    fn open(dir: &TempDir) -> DiskStore {
        let file = StoreFile::new(dir.path(), "x", "s").unwrap();
        DiskStore::open(file, Limits::STANDARD, None).unwrap()
    }

    fn value(store: &DiskStore) -> Option<Vec<u8>> {
        let mut found = store.get_many(&["k".to_owned()]).unwrap();
        found.pop().flatten().map(|entry| entry.value)
    }

    /// Room for so many bytes, as far as this store is concerned.
    #[derive(Debug, Default)]
    struct Room {
        bytes_max: AtomicU64,
        bytes: AtomicU64,
    }

    impl StoreRoom for Room {
        fn limit_reached(&self) -> Option<u64> {
            let bytes_max = self.bytes_max.load(Ordering::Relaxed);
            (self.bytes.load(Ordering::Relaxed) >= bytes_max).then_some(bytes_max)
        }

        fn takes(&self, file: &Path, bytes: u64) {
            assert_eq!(file.metadata().unwrap().len(), bytes);
            self.bytes.store(bytes, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_store_grows_only_where_there_is_room_and_says_when_it_is_closed() {
        let dir = TempDir::new().unwrap();
        let room = Arc::new(Room::default());
        let open = |name: &str| {
            let file = StoreFile::new(dir.path(), "x", name).unwrap();
            DiskStore::open(file, Limits::STANDARD, Some(Arc::clone(&room) as _))
        };
        let refused = open("s").unwrap_err();
        assert!(matches!(refused, OpenError::NoRoom { limit: 0, .. }));
        assert!(!dir.path().join("s.redb").exists());

        room.bytes_max.store(16 << 20, Ordering::Relaxed);
        let store = open("s").unwrap();
        let pair = |number: u32| (format!("k{number}"), vec![7; 1 << 20]);
        let written = (0..32).take_while(|number| store.set_many(vec![pair(*number)]).is_ok());
        let written = written.count();
        assert!((1..32).contains(&written), "{written}");
        let refused = store.set_many(vec![pair(99)]);
        assert!(matches!(refused, Err(CallError::NoRoom { limit }) if limit == 16 << 20));
        // What is there is written over and deleted all the same, and closing the store makes its file smaller.
        store
            .set_many(vec![("k0".to_owned(), vec![8; 1 << 20])])
            .unwrap();
        let keys = Vec::from_iter((0..32).map(|number| pair(number).0));
        store.delete_many(&keys).unwrap();
        drop(store);
        let closed = room.bytes.load(Ordering::Relaxed);
        assert_eq!(Arc::strong_count(&room), 1);
        assert!(closed < 16 << 20, "{closed}");
        let store = open("s").unwrap();
        store.set_many(vec![pair(0)]).unwrap();
    }

    #[test]
    fn a_call_after_a_failure_finds_the_database_opened_again() {
        let dir = TempDir::new().unwrap();
        let store = open(&dir);
        let pairs = vec![("k".to_owned(), b"v".to_vec())];
        store.set_many(pairs.clone()).unwrap();
        store.failed.store(true, Ordering::Release);
        assert_eq!(value(&store), Some(b"v".to_vec()));
        assert!(!store.failed.load(Ordering::Acquire));
        store.set_many(pairs).unwrap();
    }

    #[test]
    fn a_panic_in_a_call_ends_that_call_only() {
        let dir = TempDir::new().unwrap();
        let store = open(&dir);
        let pairs = vec![("k".to_owned(), b"v".to_vec())];
        store.set_many(pairs.clone()).unwrap();
        let ended = store.write(|writer| {
            writer.put("k", b"half done")?;
            panic!("of the test's own");
        });
        assert!(matches!(ended, Err(CallError::Panicked)));
        assert_eq!(value(&store), Some(b"v".to_vec()));
        store.set_many(pairs).unwrap();
    }

    #[test]
    fn the_holder_is_told_while_the_store_is_open() {
        let dir = TempDir::new().unwrap();
        let holder = dir.path().join("s.holder");
        let store = open(&dir);
        let told = std::fs::read_to_string(&holder).unwrap();
        assert_eq!(told, std::process::id().to_string());
        drop(store);
        assert!(!holder.exists());
    }
}
