//! The stores of one workload.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::bucket::Bucket;
use super::disk::DiskStore;
use super::error::OpenError;
use super::file::StoreFile;
use super::limits::Limits;
use super::room::{StoreRoom, StoresDir};

/// The stores of one workload, shared by all its instances. Making it touches no disk: a database
/// is made when a guest first opens its name, and stays open until this is dropped, which may
/// then wait for the disk.
pub(crate) struct Stores {
    workload: String,
    dir: Option<StoresDir>,
    limits: Limits,
    memory: Bucket,
    /// Open named stores. At most `stores_max`, which opening sees to.
    named: Mutex<BTreeMap<String, Bucket>>,
    /// One opening at a time: redb refuses a second opening of a file by the same process too, and
    /// two instances that ask for one name at once shall both have it.
    opening: Arc<Semaphore>,
}

impl Stores {
    /// The stores of `workload`, the named ones in `dir`, which need not exist. Without one, a
    /// guest that opens a named store is denied.
    pub(crate) fn new(dir: Option<StoresDir>, workload: &str) -> Self {
        Self::with_limits(dir, workload, Limits::STANDARD)
    }

    /// [`Stores::new`] with limits of the caller's choice.
    pub(crate) fn with_limits(dir: Option<StoresDir>, workload: &str, limits: Limits) -> Self {
        Self {
            workload: workload.to_owned(),
            dir,
            limits,
            memory: Bucket::in_memory(workload, limits),
            named: Mutex::default(),
            opening: Arc::new(Semaphore::new(1)),
        }
    }

    /// The store of this name; the empty name is the store in memory.
    pub(super) async fn open(self: &Arc<Self>, name: &str) -> Result<Bucket, OpenError> {
        if name.is_empty() {
            return Ok(self.memory.clone());
        }
        if let Some(bucket) = self.named().get(name) {
            return Ok(bucket.clone());
        }
        let Some(dir) = &self.dir else {
            return Err(OpenError::NoDirectory {
                workload: self.workload.clone(),
            });
        };
        let file = StoreFile::new(&dir.path, &self.workload, name)?;
        let room = dir.room.clone();
        let store = file.label().to_owned();
        let turn = Arc::clone(&self.opening)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        let (stores, name) = (Arc::clone(self), name.to_owned());
        let opened = spawn_blocking(move || {
            // Held here rather than by the guest, which may be dropped while this goes on.
            let _turn = turn;
            stores.open_in_turn(name, file, room)
        });
        opened.await.unwrap_or(Err(OpenError::Stopped { store }))
    }

    fn open_in_turn(
        &self,
        name: String,
        file: StoreFile,
        room: Option<Arc<dyn StoreRoom>>,
    ) -> Result<Bucket, OpenError> {
        if let Some(bucket) = self.named().get(&name) {
            return Ok(bucket.clone());
        }
        let store = DiskStore::open(file, self.limits, room)?;
        let bucket = Bucket::on_disk(store, self.limits);
        self.named().insert(name, bucket.clone());
        Ok(bucket)
    }

    fn named(&self) -> MutexGuard<'_, BTreeMap<String, Bucket>> {
        self.named.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{BufRead, BufReader, Read};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::process::{Child, ChildStdout, Command, Stdio};

    use redb::ReadableDatabase;
    use tempfile::TempDir;

    use super::super::error::Failure;
    use super::super::testing::{SMALL, stores, words};
    use super::*;

    async fn set(bucket: &Bucket, key: &str, value: &str) {
        let pairs = vec![(key.to_owned(), value.as_bytes().to_vec())];
        bucket.set_many(pairs).await.unwrap();
    }

    async fn get(bucket: &Bucket, key: &str) -> Option<Vec<u8>> {
        bucket.get(key.to_owned()).await.unwrap()
    }

    #[tokio::test]
    async fn nothing_is_on_disk_before_a_named_store_is_opened() {
        let dir = TempDir::new().unwrap();
        let state = dir.path().join("state").join("x");
        let stores = stores(&state, Limits::STANDARD);
        stores.open("").await.unwrap();
        assert!(!state.exists());
        stores.open("s").await.unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&state), 0o700);
        assert_eq!(mode(&state.join("s.redb")), 0o600);
    }

    #[tokio::test]
    async fn a_named_store_survives_a_restart_and_the_one_in_memory_does_not() {
        let dir = TempDir::new().unwrap();
        let before = stores(dir.path(), Limits::STANDARD);
        for name in ["", "s"] {
            set(&before.open(name).await.unwrap(), "k", "v").await;
            let again = before.open(name).await.unwrap();
            assert_eq!(get(&again, "k").await, Some(b"v".to_vec()));
        }
        drop(before);
        let after = stores(dir.path(), Limits::STANDARD);
        assert_eq!(get(&after.open("").await.unwrap(), "k").await, None);
        let kept = get(&after.open("s").await.unwrap(), "k").await;
        assert_eq!(kept, Some(b"v".to_vec()));
    }

    #[tokio::test]
    async fn room_is_counted_across_restarts() {
        let dir = TempDir::new().unwrap();
        for key in ["a", "b", "c", "d", "e", "f"] {
            let bucket = stores(dir.path(), SMALL).open("s").await.unwrap();
            set(&bucket, key, &"v".repeat(100)).await;
        }
        let bucket = stores(dir.path(), SMALL).open("s").await.unwrap();
        let pairs = vec![("g".to_owned(), vec![0; 100])];
        assert!(words(bucket.set_many(pairs).await).contains("limit of 1000 bytes"));
    }

    #[tokio::test]
    async fn a_name_that_is_no_name_is_refused() {
        let dir = TempDir::new().unwrap();
        let stores = stores(dir.path(), Limits::STANDARD);
        let long = "n".repeat(65);
        for name in [
            ".",
            "..",
            ".s",
            "a/b",
            "../s",
            "S",
            "s\0",
            "é",
            long.as_str(),
        ] {
            let said = words(stores.open(name).await);
            assert!(said.contains("cannot name a store"), "{said}");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        stores.open(&"n".repeat(64)).await.unwrap();
        stores.open("a.b_c-1").await.unwrap();
    }

    #[tokio::test]
    async fn without_a_directory_named_stores_are_denied() {
        let stores = Arc::new(Stores::new(None, "x"));
        let refused = stores.open("s").await.map_err(Failure::from);
        assert!(matches!(refused, Err(Failure::Denied)));
        set(&stores.open("").await.unwrap(), "k", "v").await;
    }

    #[tokio::test]
    async fn one_more_than_the_limit_of_stores_is_refused() {
        let dir = TempDir::new().unwrap();
        for name in ["a", "b"] {
            stores(dir.path(), SMALL).open(name).await.unwrap();
        }
        let stores = stores(dir.path(), SMALL);
        assert_eq!(
            words(stores.open("c").await),
            "store `c` of workload `x` would be one more than the limit of 2 named stores"
        );
        stores.open("a").await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn instances_that_open_one_name_at_once_share_it() {
        let dir = TempDir::new().unwrap();
        let stores = stores(dir.path(), Limits::STANDARD);
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let stores = Arc::clone(&stores);
                tokio::spawn(async move {
                    let bucket = stores.open("s").await.unwrap();
                    let range = 0..=i128::MAX;
                    bucket.increment("n".to_owned(), 1, range).await.unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let bucket = stores.open("s").await.unwrap();
        assert_eq!(get(&bucket, "n").await, Some(b"8".to_vec()));
    }

    const HOLD_DIR: &str = "GARY_TEST_HOLD_DIR";

    /// This test binary again, holding store `counter` of workload `x` until its stdin ends.
    struct Holder {
        child: Child,
        /// Read from once and kept, so that the child can still print.
        _stdout: BufReader<ChildStdout>,
    }

    impl Holder {
        fn start(dir: &Path) -> Self {
            let (_, module) = module_path!().split_once("::").unwrap();
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args([&format!("{module}::holds_for_another_test"), "--exact"])
                .arg("--nocapture")
                .env(HOLD_DIR, dir)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut stdout = BufReader::new(child.stdout.take().unwrap());
            let mut lines = stdout.by_ref().lines();
            assert!(lines.any(|line| line.unwrap().contains("holding")));
            Self {
                child,
                _stdout: stdout,
            }
        }

        fn finish(mut self) {
            drop(self.child.stdin.take());
            assert!(self.child.wait().unwrap().success());
        }
    }

    #[tokio::test]
    async fn holds_for_another_test() {
        let Some(dir) = std::env::var_os(HOLD_DIR) else {
            return;
        };
        let stores = stores(Path::new(&dir), Limits::STANDARD);
        set(&stores.open("counter").await.unwrap(), "k", "v").await;
        println!("\nholding");
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    }

    #[tokio::test]
    async fn a_second_process_is_told_who_holds_the_store() {
        let dir = TempDir::new().unwrap();
        let holder = Holder::start(dir.path());
        let stores = stores(dir.path(), Limits::STANDARD);
        let pid = holder.child.id();
        assert_eq!(
            words(stores.open("counter").await),
            format!("store `counter` of workload `x` is held by process {pid}")
        );
        holder.finish();
        let bucket = stores.open("counter").await.unwrap();
        assert_eq!(get(&bucket, "k").await, Some(b"v".to_vec()));
    }

    #[tokio::test]
    async fn what_a_killed_holder_wrote_is_there() {
        let dir = TempDir::new().unwrap();
        let mut holder = Holder::start(dir.path());
        holder.child.kill().unwrap();
        holder.child.wait().unwrap();
        assert!(dir.path().join("counter.holder").exists());
        let stores = stores(dir.path(), Limits::STANDARD);
        let bucket = stores.open("counter").await.unwrap();
        assert_eq!(get(&bucket, "k").await, Some(b"v".to_vec()));
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_left_as_it_is() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("s.redb");
        let noise: Vec<u8> = (0..100_000u32)
            .map(|n| (n.wrapping_mul(n) >> 7) as u8)
            .collect();
        for content in [&b""[..], b"hello", &noise] {
            fs::write(&path, content).unwrap();
            let said = words(stores(dir.path(), Limits::STANDARD).open("s").await);
            let damaged = "store `s` of workload `x` is damaged: ";
            assert!(said.starts_with(damaged), "{said}");
            assert_eq!(fs::read(&path).unwrap(), content);
        }
    }

    #[tokio::test]
    async fn a_database_of_somebody_else_is_refused() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("s.redb");
        drop(redb::Database::create(&path).unwrap());
        let said = words(stores(dir.path(), Limits::STANDARD).open("s").await);
        assert!(said.ends_with("it was not written by Gary"), "{said}");
        let database = redb::Database::open(&path).unwrap();
        let tables = database
            .begin_read()
            .unwrap()
            .list_tables()
            .unwrap()
            .count();
        assert_eq!(tables, 0);
    }

    #[tokio::test]
    async fn a_damaged_database_is_told_and_never_read_wrongly() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("s.redb");
        let bucket = stores(dir.path(), Limits::STANDARD)
            .open("s")
            .await
            .unwrap();
        let pairs: Vec<_> = (0..500)
            .map(|n| (format!("key{n}"), vec![n as u8; 50]))
            .collect();
        bucket.set_many(pairs.clone()).await.unwrap();
        set(&bucket, "key0", "another value").await;
        set(&bucket, "key0", "\0".repeat(50).as_str()).await;
        drop(bucket);
        let sound = fs::read(&path).unwrap();
        let mut damaged = 0;
        for at in (0..sound.len()).step_by(4096 + 512) {
            let mut content = sound.clone();
            content[at..]
                .iter_mut()
                .take(64)
                .for_each(|byte| *byte ^= 0xff);
            fs::write(&path, content).unwrap();
            match stores(dir.path(), Limits::STANDARD).open("s").await {
                Ok(bucket) => {
                    for (key, value) in &pairs {
                        let found = get(&bucket, key).await;
                        assert_eq!(found.as_ref(), Some(value), "damage at {at}");
                    }
                }
                Err(error @ OpenError::Damaged { .. }) => {
                    damaged += 1;
                    assert!(words::<()>(Err(error)).contains("is damaged"));
                }
                Err(error) => panic!("damage at {at}: {error}"),
            }
        }
        assert!(damaged > 0);
        fs::write(&path, &sound[..sound.len() / 2]).unwrap();
        let said = words(stores(dir.path(), Limits::STANDARD).open("s").await);
        assert!(said.contains("is damaged"), "{said}");
    }
}
