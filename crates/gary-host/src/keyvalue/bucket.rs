//! An open store as a guest's handle sees it: limits on what comes in, and a thread for the disk.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::cursors::Cursors;
use super::disk::DiskStore;
use super::error::{CallError, Failure};
use super::limits::Limits;
use super::memory::MemoryStore;
use super::store::{Page, Store};

/// Threads that may read one named store at once. Further readers wait their turn without one, so
/// that a single workload cannot take every thread the process has for waiting.
const READERS_MAX: usize = 4;

/// Threads that may write one named store at once. redb has one writer; the others would only
/// hold a thread while they wait for it.
const WRITERS_MAX: usize = 1;

/// A handle on an open store. Copies share the store; dropping one never waits, because
/// [`super::Stores`] keeps the store open.
#[derive(Clone, Debug)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Bucket(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    label: String,
    limits: Limits,
    place: Place,
    cursors: Mutex<Cursors>,
}

#[derive(Debug)]
enum Place {
    Memory(MemoryStore),
    Disk {
        store: Arc<DiskStore>,
        readers: Arc<Semaphore>,
        writers: Arc<Semaphore>,
    },
}

#[derive(Clone, Copy)]
enum Access {
    Read,
    Write,
}

/// How a swap ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Swapped {
    /// The value was written.
    Done,
    /// Somebody wrote first; this is the version there is now, none for a missing key.
    Stale(Option<u64>),
}

impl Bucket {
    /// A handle on a new, empty store in memory.
    pub(super) fn in_memory(workload: &str, limits: Limits) -> Self {
        let label = format!("the store in memory of workload `{workload}`");
        Self::new(label, limits, Place::Memory(MemoryStore::new(limits)))
    }

    /// A handle on a named store.
    pub(super) fn on_disk(store: DiskStore, limits: Limits) -> Self {
        let label = store.label().to_owned();
        let place = Place::Disk {
            store: Arc::new(store),
            readers: Arc::new(Semaphore::new(READERS_MAX)),
            writers: Arc::new(Semaphore::new(WRITERS_MAX)),
        };
        Self::new(label, limits, place)
    }

    fn new(label: String, limits: Limits, place: Place) -> Self {
        let cursors = Mutex::new(Cursors::new());
        Self(Arc::new(Shared {
            label,
            limits,
            place,
            cursors,
        }))
    }

    /// The value of a key.
    pub(super) async fn get(&self, key: String) -> Result<Option<Vec<u8>>, Failure> {
        let mut values = self.get_many(vec![key]).await?;
        Ok(values.pop().and_then(|(_, value)| value))
    }

    /// The keys with their values, in the order asked.
    pub(super) async fn get_many(
        &self,
        keys: Vec<String>,
    ) -> Result<Vec<(String, Option<Vec<u8>>)>, Failure> {
        self.check(self.check_batch(keys.len()))?;
        self.call(Access::Read, move |store| {
            let values = store.get_many(&keys)?.into_iter();
            let values = values.map(|entry| entry.map(|entry| entry.value));
            Ok(keys.into_iter().zip(values).collect())
        })
        .await
    }

    /// Whether a key has a value.
    pub(super) async fn exists(&self, key: String) -> Result<bool, Failure> {
        self.call(Access::Read, move |store| store.exists(&key))
            .await
    }

    /// Writes all pairs, or none of them.
    pub(super) async fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> Result<(), Failure> {
        self.check(self.check_pairs(&pairs))?;
        self.call(Access::Write, move |store| store.set_many(pairs))
            .await
    }

    /// Removes all keys, or none of them.
    pub(super) async fn delete_many(&self, keys: Vec<String>) -> Result<(), Failure> {
        self.check(self.check_batch(keys.len()))?;
        self.call(Access::Write, move |store| store.delete_many(&keys))
            .await
    }

    /// The page of keys after `after`.
    pub(super) async fn keys_after(&self, after: Option<String>) -> Result<Page, Failure> {
        self.call(Access::Read, move |store| {
            store.keys_after(after.as_deref())
        })
        .await
    }

    /// The page of keys at a cursor that [`Bucket::cursor_after`] gave.
    pub(super) async fn keys_at(&self, cursor: Option<u64>) -> Result<Page, Failure> {
        let cursors = self.0.cursors.lock();
        let place = cursors
            .unwrap_or_else(PoisonError::into_inner)
            .place(cursor);
        self.keys_after(self.check(place)?).await
    }

    /// The cursor of the page that follows, if one does.
    pub(super) fn cursor_after(&self, page: &Page) -> Option<u64> {
        let last_key = page.keys.last().filter(|_| page.more)?;
        let mut cursors = self
            .0
            .cursors
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Some(cursors.give(last_key.clone()))
    }

    /// Adds to the decimal number of a key, which counts as 0 while it is missing, and returns the
    /// sum. Neither what is there nor the sum may lie outside of `range`.
    pub(super) async fn increment(
        &self,
        key: String,
        delta: i128,
        range: RangeInclusive<i128>,
    ) -> Result<i128, Failure> {
        self.check(self.check_key(&key))?;
        self.call(Access::Write, move |store| {
            let mut sum = 0;
            store.update(&key, &mut |current| {
                let current = match current {
                    Some(entry) => number(&entry.value).filter(|number| range.contains(number)),
                    None => Some(0),
                };
                let key = || key.clone();
                sum = current.ok_or_else(|| CallError::NotANumber { key: key() })? + delta;
                if !range.contains(&sum) {
                    return Err(CallError::Overflow { key: key() });
                }
                Ok(Some(sum.to_string().into_bytes()))
            })?;
            Ok(sum)
        })
        .await
    }

    /// The version of a key's value, none while it is missing.
    pub(super) async fn version(&self, key: String) -> Result<Option<u64>, Failure> {
        self.check(self.check_key(&key))?;
        self.call(Access::Read, move |store| {
            let entry = store.get_many(&[key])?.pop().flatten();
            Ok(entry.map(|entry| entry.version))
        })
        .await
    }

    /// Writes a value if the key's version is still `seen`.
    pub(super) async fn swap(
        &self,
        key: String,
        seen: Option<u64>,
        value: Vec<u8>,
    ) -> Result<Swapped, Failure> {
        self.check(self.check_pair(&key, &value))?;
        self.call(Access::Write, move |store| {
            let mut value = Some(value);
            let mut swapped = Swapped::Done;
            store.update(&key, &mut |current| {
                let version = current.map(|entry| entry.version);
                if version == seen {
                    return Ok(value.take());
                }
                swapped = Swapped::Stale(version);
                Ok(None)
            })?;
            Ok(swapped)
        })
        .await
    }

    /// Runs `work` here in memory, and for a named store on a thread that may wait. A guest that
    /// is dropped meanwhile does not stop it, and its turn ends when the work does.
    async fn call<R: Send + 'static>(
        &self,
        access: Access,
        work: impl FnOnce(&dyn Store) -> Result<R, CallError> + Send + 'static,
    ) -> Result<R, Failure> {
        let (store, turns) = match (&self.0.place, access) {
            (Place::Memory(store), _) => return self.check(work(store)),
            (Place::Disk { store, readers, .. }, Access::Read) => (store, readers),
            (Place::Disk { store, writers, .. }, Access::Write) => (store, writers),
        };
        let turn = Arc::clone(turns)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        let store = Arc::clone(store);
        let done = spawn_blocking(move || {
            let _turn = turn;
            work(&*store)
        })
        .await;
        self.check(done.unwrap_or(Err(CallError::Stopped)))
    }

    fn check<R>(&self, result: Result<R, CallError>) -> Result<R, Failure> {
        result.map_err(|error| Failure::of_call(&self.0.label, &error))
    }

    fn check_key(&self, key: &str) -> Result<(), CallError> {
        let (bytes, limit) = (key.len(), self.0.limits.key_bytes_max);
        if bytes > limit {
            return Err(CallError::KeyTooLong { bytes, limit });
        }
        Ok(())
    }

    fn check_pair(&self, key: &str, value: &[u8]) -> Result<(), CallError> {
        self.check_key(key)?;
        let (bytes, limit) = (value.len(), self.0.limits.value_bytes_max);
        if bytes > limit {
            return Err(CallError::ValueTooLong { bytes, limit });
        }
        Ok(())
    }

    fn check_batch(&self, keys: usize) -> Result<(), CallError> {
        let limit = self.0.limits.batch_keys_max;
        if keys > limit {
            return Err(CallError::BatchTooLong { keys, limit });
        }
        Ok(())
    }

    fn check_pairs(&self, pairs: &[(String, Vec<u8>)]) -> Result<(), CallError> {
        self.check_batch(pairs.len())?;
        let mut bytes = 0;
        for (key, value) in pairs {
            self.check_pair(key, value)?;
            bytes += key.len() + value.len();
        }
        let limit = self.0.limits.batch_bytes_max;
        if bytes > limit {
            return Err(CallError::BatchTooLarge { limit });
        }
        Ok(())
    }
}

/// The decimal number that the bytes spell.
fn number(bytes: &[u8]) -> Option<i128> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::super::testing::{SMALL, both, words};
    use super::*;

    const U64: RangeInclusive<i128> = 0..=u64::MAX as i128;

    fn pair(key: &str, value: impl AsRef<[u8]>) -> (String, Vec<u8>) {
        (key.to_owned(), value.as_ref().to_vec())
    }

    async fn set(bucket: &Bucket, key: &str, value: impl AsRef<[u8]>) -> Result<(), Failure> {
        bucket.set_many(vec![pair(key, value)]).await
    }

    async fn get(bucket: &Bucket, key: &str) -> Option<Vec<u8>> {
        bucket.get(key.to_owned()).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_written_is_read_until_it_is_deleted() {
        let dir = TempDir::new().unwrap();
        for bucket in both(dir.path(), Limits::STANDARD).await {
            assert_eq!(get(&bucket, "a").await, None);
            set(&bucket, "a", "1").await.unwrap();
            set(&bucket, "a", "2").await.unwrap();
            set(&bucket, "", "").await.unwrap();
            assert_eq!(get(&bucket, "a").await, Some(b"2".to_vec()));
            assert_eq!(get(&bucket, "").await, Some(vec![]));
            assert!(bucket.exists("a".to_owned()).await.unwrap());
            let gone = vec!["a".to_owned(), "none".to_owned()];
            bucket.delete_many(gone).await.unwrap();
            assert!(!bucket.exists("a".to_owned()).await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_batch_answers_in_the_order_asked() {
        let dir = TempDir::new().unwrap();
        for bucket in both(dir.path(), Limits::STANDARD).await {
            let pairs = vec![pair("a", "1"), pair("b", "2"), pair("a", "3")];
            bucket.set_many(pairs).await.unwrap();
            let keys = ["b", "none", "a", "b"].map(str::to_owned).to_vec();
            let found = bucket.get_many(keys).await.unwrap();
            let found: Vec<_> = found
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_deref()))
                .collect();
            let two = Some(&b"2"[..]);
            let three = Some(&b"3"[..]);
            assert_eq!(
                found,
                [("b", two), ("none", None), ("a", three), ("b", two)]
            );
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_increment_is_lost() {
        let dir = TempDir::new().unwrap();
        for bucket in both(dir.path(), Limits::STANDARD).await {
            let tasks: Vec<_> = (0..8)
                .map(|_| {
                    let bucket = bucket.clone();
                    tokio::spawn(async move {
                        for _ in 0..25 {
                            bucket.increment("n".to_owned(), 3, U64).await.unwrap();
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(get(&bucket, "n").await, Some(b"600".to_vec()));
        }
    }

    #[tokio::test]
    async fn an_increment_that_cannot_be_changes_nothing() {
        let dir = TempDir::new().unwrap();
        for bucket in both(dir.path(), Limits::STANDARD).await {
            for (value, delta, why) in [
                ("ten", 1, "is not a decimal number"),
                ("", 1, "is not a decimal number"),
                ("-1", 1, "is not a decimal number"),
                ("18446744073709551615", 1, "would overflow"),
            ] {
                set(&bucket, "n", value).await.unwrap();
                let said = words(bucket.increment("n".to_owned(), delta, U64).await);
                assert!(said.contains(why), "{said}");
                assert_eq!(get(&bucket, "n").await, Some(value.into()));
            }
        }
    }

    #[tokio::test]
    async fn a_swap_fails_after_any_write_even_of_the_same_value() {
        let dir = TempDir::new().unwrap();
        for bucket in both(dir.path(), Limits::STANDARD).await {
            let key = || "k".to_owned();
            let swap = |seen, value: &str| bucket.swap(key(), seen, value.into());
            assert_eq!(bucket.version(key()).await.unwrap(), None);
            assert_eq!(swap(None, "1").await.unwrap(), Swapped::Done);

            let seen = bucket.version(key()).await.unwrap();
            set(&bucket, "k", "1").await.unwrap();
            let now = bucket.version(key()).await.unwrap();
            assert_ne!(seen, now);
            assert_eq!(swap(seen, "2").await.unwrap(), Swapped::Stale(now));
            assert_eq!(get(&bucket, "k").await, Some(b"1".to_vec()));
            assert_eq!(swap(now, "2").await.unwrap(), Swapped::Done);

            let seen = bucket.version(key()).await.unwrap();
            bucket.delete_many(vec![key()]).await.unwrap();
            assert_eq!(swap(seen, "3").await.unwrap(), Swapped::Stale(None));
        }
    }

    #[tokio::test]
    async fn each_limit_is_named_and_reaching_it_changes_nothing() {
        let dir = TempDir::new().unwrap();
        for bucket in both(dir.path(), SMALL).await {
            let label = &bucket.0.label;
            assert_eq!(
                words(set(&bucket, "123456789", "").await),
                format!("{label}: a key of 9 bytes is over the limit of 8 bytes")
            );
            assert_eq!(
                words(set(&bucket, "k", [0; 101]).await),
                format!("{label}: a value of 101 bytes is over the limit of 100 bytes")
            );
            let pairs = ["a", "b", "c", "d", "e"].map(|key| pair(key, "")).to_vec();
            let keys: Vec<_> = pairs.iter().map(|(key, _)| key.clone()).collect();
            let too_many = format!("{label}: a batch of 5 keys is over the limit of 4 keys");
            assert_eq!(words(bucket.set_many(pairs).await), too_many);
            assert_eq!(words(bucket.get_many(keys.clone()).await), too_many);
            assert_eq!(words(bucket.delete_many(keys).await), too_many);
            let pairs = ["a", "b", "c"].map(|key| pair(key, [0; 100])).to_vec();
            let too_large = format!(
                "{label}: the keys and values of the batch are over the limit of 250 bytes"
            );
            assert_eq!(words(bucket.set_many(pairs).await), too_large);
            assert_eq!(bucket.keys_after(None).await.unwrap().keys.len(), 0);

            set(&bucket, "a", [0; 100]).await.unwrap();
            let keys = vec!["a".to_owned(); 3];
            assert_eq!(words(bucket.get_many(keys).await), too_large);
        }
    }

    #[tokio::test]
    async fn a_full_store_takes_nothing_more_until_there_is_room() {
        let dir = TempDir::new().unwrap();
        for bucket in both(dir.path(), SMALL).await {
            let full = format!(
                "{}: full: the write would take it over the limit of 1000 bytes",
                bucket.0.label
            );
            for key in ["a", "b", "c", "d", "e"] {
                set(&bucket, key, [0; 100]).await.unwrap();
            }
            // Five times 165 bytes: the first of these would fit, the two together do not.
            let two = vec![pair("f", [0; 100]), pair("g", [0; 100])];
            assert_eq!(words(bucket.set_many(two.clone()).await), full);
            assert!(!bucket.exists("f".to_owned()).await.unwrap());
            set(&bucket, "a", [1; 100]).await.unwrap();
            set(&bucket, "a", "").await.unwrap();
            bucket.delete_many(vec!["b".to_owned()]).await.unwrap();
            bucket.set_many(two).await.unwrap();
            assert_eq!(words(set(&bucket, "h", [0; 100]).await), full);
            set(&bucket, "h", [0; 40]).await.unwrap();
            let increment = bucket.increment("n".to_owned(), 1, U64);
            assert_eq!(words(increment.await), full);
        }
    }

    #[tokio::test]
    async fn a_listing_that_deletes_as_it_goes_sees_every_key() {
        let dir = TempDir::new().unwrap();
        for bucket in both(dir.path(), SMALL).await {
            let all: Vec<_> = (0..8).map(|n| format!("k{n}")).collect();
            for key in &all {
                set(&bucket, key, "").await.unwrap();
            }
            let mut seen = Vec::new();
            let mut cursor = None;
            loop {
                let page = bucket.keys_at(cursor).await.unwrap();
                assert!(page.keys.len() <= SMALL.page_keys_max);
                cursor = bucket.cursor_after(&page);
                bucket.delete_many(page.keys.clone()).await.unwrap();
                seen.extend(page.keys);
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(seen, all);
            let said = words(bucket.keys_at(Some(7)).await);
            assert!(said.contains("cursor 7 is not known"), "{said}");
        }
    }

    #[tokio::test]
    async fn a_page_that_is_just_full_is_the_last() {
        let dir = TempDir::new().unwrap();
        for bucket in both(dir.path(), SMALL).await {
            for key in ["a", "b", "c"] {
                set(&bucket, key, "").await.unwrap();
            }
            let page = bucket.keys_at(None).await.unwrap();
            assert_eq!(page.keys.len(), 3);
            assert_eq!(bucket.cursor_after(&page), None);
        }
    }
}
