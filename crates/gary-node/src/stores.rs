//! The keyvalue stores of workloads on this node: where each lies, who has it open, and how much all take.
//!
//! A store is below the directory of its workload's uid, which is never another's. Whoever hosts a replica takes its stores
//! before it starts, and has them until the last of them is closed: what comes in its place waits for that.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gary_host::{StoreRoom, StoresDir};
use gary_promise::{AgentId, Slot, WorkloadId, WorkloadName};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

/// The most bytes that the files of all stores take on a node's disk. Beyond, no store grows and none is made; what is there is
/// read, written over and deleted all the same. There is room again once a store is closed of which something was deleted, or
/// is removed. Writes that have begun by then end, so that it may be more by one batch for each store.
pub(crate) const STORES_BYTES_MAX: u64 = 8 << 30;

/// Where the stores of a workload of one replica are, in its directory. Those of others are below the replica's number.
const OWN: &str = "own";

/// What is noted of a workload that has stores here, in its directory.
const NOTE: &str = "workload.json";

/// Before the uid of a workload whose stores are being removed.
const GONE: &str = ".gone-";

/// What the stores of workloads on this node lie in.
pub(crate) struct Stores {
    dir: PathBuf,
    room: Arc<Room>,
    /// Held by whoever writes a note, which is one for all replicas of a workload.
    noting: Arc<Mutex<()>>,
    /// Who has the stores of which replica. What nobody has or waits for is let go as the next is taken.
    taken: Mutex<BTreeMap<Place, Arc<Semaphore>>>,
}

/// Whose stores: a workload's, or those of one of its replicas.
type Place = (WorkloadId, Option<Slot>);

/// The most that are noted to have kept a workload. Those that were noted first are forgotten first.
const KEEPERS_NOTED_MAX: usize = 32;

/// What is known of a workload that has stores here: how to find out whether it is there still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Noted {
    name: String,
    /// Those who have kept it, the latest first.
    keepers: Vec<String>,
}

impl Noted {
    pub(crate) fn new(name: &WorkloadName, keepers: impl IntoIterator<Item = AgentId>) -> Self {
        Self {
            name: name.to_string(),
            keepers: keepers.into_iter().map(|its| its.to_string()).collect(),
        }
    }

    /// What is to be noted where these keep it too; nothing where that is noted. Those that were noted stay: who keeps it is
    /// not always heard of all at once.
    pub(crate) fn with(&self, keepers: impl IntoIterator<Item = AgentId>) -> Option<Self> {
        let keepers = keepers.into_iter().filter(|its| !self.names(its));
        let mut keepers = Vec::from_iter(keepers.map(|its| its.to_string()));
        if keepers.is_empty() {
            return None;
        }
        keepers.extend_from_slice(&self.keepers);
        keepers.truncate(KEEPERS_NOTED_MAX);
        let name = self.name.clone();
        Some(Self { name, keepers })
    }

    pub(crate) fn name(&self) -> Option<WorkloadName> {
        self.name.parse().ok()
    }

    /// Whether an agent is noted to have kept it.
    pub(crate) fn names(&self, keeper: &AgentId) -> bool {
        self.keepers.contains(&keeper.to_string())
    }
}

impl Stores {
    /// Those that are in a directory, which need not exist. What cannot be read in it is passed over: it is refused as somebody
    /// takes it.
    ///
    /// # Errors
    /// When the directory itself cannot be read.
    pub(crate) fn open(dir: PathBuf, bytes_max: u64) -> io::Result<Self> {
        let room = Room {
            bytes_max,
            files: Mutex::default(),
        };
        let stores = Self {
            dir,
            room: Arc::new(room),
            noting: Arc::default(),
            taken: Mutex::default(),
        };
        for entry in entries(&stores.dir)? {
            let path = entry.path();
            let looked_at = match is_gone(&entry) {
                // The node ended as it removed them.
                true => stores.clear(&path),
                false => stores.room.count_all(&path),
            };
            if let Err(error) = looked_at {
                tracing::warn!(path = %path.display(), %error, "something where stores are cannot be used");
            }
        }
        Ok(stores)
    }

    /// Takes the stores of a workload, or of one of its replicas, for as long as the result is held. Whoever has them is waited
    /// for, and `waits` is told so.
    ///
    /// # Errors
    /// When it cannot be noted whose they are: nobody would know when to remove them. When it cannot be told how much they take.
    pub(crate) async fn take(
        &self,
        (workload, slot): Place,
        note: &Noted,
        waits: impl FnOnce(),
    ) -> io::Result<StoresDir> {
        let turns = self.turns((workload, slot));
        let turn = match Arc::clone(&turns).try_acquire_owned() {
            Ok(turn) => turn,
            Err(_) => {
                waits();
                let turn = turns.acquire_owned().await;
                turn.expect("the semaphore is never closed")
            }
        };
        let (of, text) = (self.of(workload), serde_json::to_vec(note)?);
        let replica = slot.map_or_else(|| OWN.to_owned(), |slot| slot.0.to_string());
        let (path, room) = (of.join(replica), Arc::clone(&self.room));
        let noting = Arc::clone(&self.noting);
        // Also where nobody waits for it any more the turn is held until it is noted, and nothing removes the stores meanwhile.
        let noted = spawn_blocking(move || {
            let _noting = lock(&noting);
            // What is noted since is known better. What cannot be read says nothing.
            if read(&of).is_none() {
                write(&of, &text)?;
            }
            // It may not have been possible at the start.
            room.count(&path)?;
            io::Result::Ok((path, turn))
        });
        let (path, turn) = noted.await.map_err(io::Error::other)??;
        Ok(StoresDir {
            path,
            room: Some(Arc::new(Taken {
                room: Arc::clone(&self.room),
                _turn: turn,
            })),
        })
    }

    fn turns(&self, place: Place) -> Arc<Semaphore> {
        let mut taken = self.taken();
        taken.retain(|_, turns| Arc::strong_count(turns) > 1);
        let turns = taken.entry(place);
        Arc::clone(turns.or_insert_with(|| Arc::new(Semaphore::new(1))))
    }

    /// The workloads that have stores here, with what is noted of each. What is no workload's is passed over.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub(crate) fn noted(&self) -> io::Result<Vec<(WorkloadId, Noted)>> {
        let noted = entries(&self.dir)?.into_iter().filter_map(|entry| {
            let workload = entry.file_name().to_str()?.parse().ok()?;
            Some((workload, read(&entry.path())?))
        });
        Ok(noted.collect())
    }

    /// Notes something else of a workload that has stores here.
    ///
    /// # Errors
    /// When it cannot be written. Then what was noted stands.
    pub(crate) fn note(&self, workload: WorkloadId, note: &Noted) -> io::Result<()> {
        let _noting = lock(&self.noting);
        write(&self.of(workload), &serde_json::to_vec(note)?)
    }

    /// Goes on with what was being removed, and could not be removed whole.
    ///
    /// # Errors
    /// When there is something that cannot be removed now either. The rest is gone.
    pub(crate) fn finish_removing(&self) -> io::Result<()> {
        let gone = entries(&self.dir)?.into_iter().filter(is_gone);
        let failed = gone.filter_map(|its| self.clear(&its.path()).err());
        failed.last().map_or(Ok(()), Err)
    }

    /// Removes all stores of a workload that is deleted, unless somebody has one of them open. Says whether they are gone.
    ///
    /// # Errors
    /// When they cannot be removed. What is left of them nobody takes, and [`Self::finish_removing`] goes on with it.
    pub(crate) fn remove(&self, workload: WorkloadId) -> io::Result<bool> {
        let (of, gone) = (
            self.of(workload),
            self.dir.join(format!("{GONE}{workload}")),
        );
        // What is left of an earlier attempt would be in the way.
        self.clear(&gone)?;
        {
            let taken = self.taken();
            let mut its = taken.iter().filter(|((of, _), _)| *of == workload);
            if its.any(|(_, turns)| Arc::strong_count(turns) > 1) {
                return Ok(false);
            }
            // Nobody takes any meanwhile, and whoever comes later makes them anew.
            fs::rename(&of, &gone)?;
            self.room.forget(&of);
        }
        self.clear(&gone)?;
        Ok(true)
    }

    /// Removes what nobody takes any more. What cannot be removed is counted on, where that can be told.
    fn clear(&self, gone: &Path) -> io::Result<()> {
        let removed = match fs::remove_dir_all(gone) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        };
        self.room.forget(gone);
        removed.inspect_err(|_| {
            let _ = self.room.count_all(gone);
        })
    }

    fn of(&self, workload: WorkloadId) -> PathBuf {
        self.dir.join(workload.to_string())
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<Place, Arc<Semaphore>>> {
        lock(&self.taken)
    }
}

/// Whether it is of a workload whose stores are being removed.
fn is_gone(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name();
    name.as_encoded_bytes().starts_with(GONE.as_bytes())
}

/// What is in a directory, if there is one. Of a file there is nothing in it.
fn entries(dir: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(dir) {
        Ok(entries) => entries.collect(),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is noted of a workload, in its directory; nothing where that cannot be read.
fn read(of: &Path) -> Option<Noted> {
    serde_json::from_slice(&fs::read(of.join(NOTE)).ok()?).ok()
}

/// Writes what is noted, whole or not at all. It is on disk before a store is made.
fn write(of: &Path, text: &[u8]) -> io::Result<()> {
    let (noted, unfinished) = (of.join(NOTE), of.join(format!(".{NOTE}")));
    DirBuilder::new().recursive(true).mode(0o700).create(of)?;
    fs::write(&unfinished, text)?;
    File::open(&unfinished)?.sync_all()?;
    fs::rename(&unfinished, &noted)?;
    File::open(of)?.sync_all()?;
    of.parent()
        .map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}

/// The stores of one replica, which somebody has. They are free again when the last of them is closed.
struct Taken {
    room: Arc<Room>,
    _turn: OwnedSemaphorePermit,
}

impl StoreRoom for Taken {
    fn limit_reached(&self) -> Option<u64> {
        let is_full = self.room.files().bytes >= self.room.bytes_max;
        is_full.then_some(self.room.bytes_max)
    }

    fn takes(&self, file: &Path, bytes: u64) {
        self.room.takes(file, bytes);
    }
}

/// How much the files of all stores take.
struct Room {
    bytes_max: u64,
    files: Mutex<Files>,
}

#[derive(Default)]
struct Files {
    by_path: BTreeMap<PathBuf, u64>,
    bytes: u64,
}

impl Room {
    fn takes(&self, file: &Path, bytes: u64) {
        let mut files = self.files();
        let before = files.by_path.insert(file.to_owned(), bytes);
        files.bytes = files.bytes - before.unwrap_or_default() + bytes;
    }

    /// Counts what the stores of a workload take, those of all its replicas.
    fn count_all(&self, of: &Path) -> io::Result<()> {
        let replicas = entries(of)?.into_iter();
        let failed = replicas.filter_map(|its| self.count(&its.path()).err());
        // One that cannot be counted keeps none of the others from it.
        failed.last().map_or(Ok(()), Err)
    }

    /// Counts what the stores of one replica take.
    fn count(&self, replica: &Path) -> io::Result<()> {
        for file in entries(replica)? {
            if file.path().extension().is_some_and(|its| its == "redb") {
                self.takes(&file.path(), file.metadata()?.len());
            }
        }
        Ok(())
    }

    fn forget(&self, below: &Path) {
        let mut files = self.files();
        files.by_path.retain(|file, _| !file.starts_with(below));
        files.bytes = files.by_path.values().sum();
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        lock(&self.files)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use tempfile::TempDir;

    use super::*;

    fn workload(byte: u8) -> WorkloadId {
        WorkloadId::from_bytes([byte; 16])
    }

    fn note() -> Noted {
        let name = "web".parse().expect("it is a name");
        Noted::new(&name, [AgentId::from_bytes([1; 32])])
    }

    async fn taken(stores: &Stores, place: Place) -> StoresDir {
        stores
            .take(place, &note(), || {})
            .await
            .expect("they are free")
    }

    fn open(dir: &TempDir, bytes_max: u64) -> Stores {
        Stores::open(dir.path().join("keyvalue"), bytes_max).expect("it can be read")
    }

    #[test]
    fn who_has_kept_a_workload_stays_noted_up_to_a_limit() {
        let agent = |byte: usize| AgentId::from_bytes([byte as u8; 32]);
        let noted = note().with([agent(1), agent(2)]).expect("one is new");
        assert!(noted.names(&agent(1)) && noted.names(&agent(2)));
        assert_eq!(noted.with([agent(2)]), None);
        let more = (3..=KEEPERS_NOTED_MAX + 1).map(agent);
        let noted = noted.with(more).expect("they are new");
        assert!(noted.names(&agent(2)) && noted.names(&agent(KEEPERS_NOTED_MAX + 1)));
        assert!(!noted.names(&agent(1)), "it was noted first");
    }

    #[tokio::test]
    async fn one_has_the_stores_of_a_replica_at_a_time_and_others_wait() {
        let dir = TempDir::new().expect("there is room");
        let stores = Arc::new(open(&dir, 1_000));
        let first = taken(&stores, (workload(1), None)).await;
        // Other replicas and other workloads have stores of their own.
        let others = [(workload(1), Some(Slot(0))), (workload(2), None)];
        for place in others {
            assert_ne!(taken(&stores, place).await.path, first.path);
        }
        let waits = Arc::new(AtomicBool::new(false));
        let next = tokio::spawn({
            let (stores, waits) = (Arc::clone(&stores), Arc::clone(&waits));
            async move {
                let place = (workload(1), None);
                let wait = || waits.store(true, Ordering::Relaxed);
                stores.take(place, &note(), wait).await.map(|its| its.path)
            }
        });
        while !waits.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
        assert!(!next.is_finished());
        let (path, room) = (first.path.clone(), first.room.clone());
        drop(first);
        // A store that is open still has hold of it.
        tokio::task::yield_now().await;
        assert!(!next.is_finished());
        drop(room);
        let next = next.await.expect("it ends");
        assert_eq!(next.expect("they are free"), path);
    }

    #[tokio::test]
    async fn replicas_that_start_at_once_note_one_after_the_other() {
        for _ in 0..50 {
            let dir = TempDir::new().expect("there is room");
            let stores = Arc::new(open(&dir, 1_000));
            let starts = (0..8).map(|slot| {
                let stores = Arc::clone(&stores);
                let place = (workload(1), Some(Slot(slot)));
                tokio::spawn(async move { stores.take(place, &note(), || {}).await.map(drop) })
            });
            for start in Vec::from_iter(starts) {
                let taken = start.await.expect("it ends");
                taken.expect("they are free");
            }
            let noted = stores.noted().expect("it can be read");
            assert_eq!(noted, [(workload(1), note())]);
        }
    }

    #[tokio::test]
    async fn a_note_that_cannot_be_read_is_written_anew() {
        let dir = TempDir::new().expect("there is room");
        let stores = open(&dir, 1_000);
        let of = stores.of(workload(1));
        fs::create_dir_all(&of).expect("it can be made");
        fs::write(of.join(NOTE), "{").expect("it can be written");
        drop(taken(&stores, (workload(1), None)).await);
        let noted = stores.noted().expect("it can be read");
        assert_eq!(noted, [(workload(1), note())]);
    }

    #[tokio::test]
    async fn what_all_take_is_counted_across_starts_and_until_it_is_removed() {
        let dir = TempDir::new().expect("there is room");
        let place = (workload(1), Some(Slot(2)));
        let fills = |stores: &StoresDir| {
            fs::create_dir_all(&stores.path).expect("it can be made");
            fs::write(stores.path.join("s.redb"), [0; 600]).expect("it can be written");
            let room = stores.room.as_ref().expect("there is one");
            room.takes(&stores.path.join("s.redb"), 600);
        };
        let stores = open(&dir, 1_000);
        let first = taken(&stores, place).await;
        let room = first.room.as_ref().expect("there is one");
        assert_eq!(room.limit_reached(), None);
        fills(&first);
        assert_eq!(room.limit_reached(), None);
        let second = taken(&stores, (workload(2), None)).await;
        fills(&second);
        assert_eq!(room.limit_reached(), Some(1_000));
        // What is open is not removed.
        assert!(!stores.remove(workload(1)).expect("it is looked at"));
        drop((first, second));
        drop(stores);

        let stores = open(&dir, 1_000);
        let mut noted = stores.noted().expect("it can be read");
        noted.sort_by_key(|(workload, _)| *workload);
        assert_eq!(noted, [(workload(1), note()), (workload(2), note())]);
        let second = taken(&stores, (workload(2), None)).await;
        let room = second.room.as_ref().expect("there is one");
        assert_eq!(room.limit_reached(), Some(1_000));
        assert!(stores.remove(workload(1)).expect("it can be removed"));
        assert_eq!(room.limit_reached(), None);
        let left = entries(&dir.path().join("keyvalue")).expect("it can be read");
        assert_eq!(left.len(), 1);
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_refused_to_who_takes_it_and_to_nobody_else() {
        let dir = TempDir::new().expect("there is room");
        let keyvalue = dir.path().join("keyvalue");
        let files = keyvalue.join(workload(1).to_string()).join(OWN);
        fs::create_dir_all(&files).expect("it can be made");
        fs::write(files.join("s.redb"), [0; 600]).expect("it can be written");
        fs::write(keyvalue.join(format!("{GONE}x")), "").expect("it can be written");
        // Whoever may read everything cannot read what leads to itself.
        let to_itself = |at: PathBuf| std::os::unix::fs::symlink(&at, &at);
        to_itself(keyvalue.join(workload(2).to_string())).expect("it can be made");
        to_itself(files.with_file_name("7")).expect("it can be made");

        let stores = open(&dir, 1_000);
        assert_eq!(stores.room.files().bytes, 600);
        taken(&stores, (workload(1), None)).await;
        for refused in [(workload(2), None), (workload(1), Some(Slot(7)))] {
            let refused = stores.take(refused, &note(), || {}).await;
            assert!(refused.is_err(), "it cannot be read");
        }
    }

    #[tokio::test]
    async fn what_could_not_be_removed_whole_is_counted_and_removed_later() {
        let dir = TempDir::new().expect("there is room");
        let stores = open(&dir, 1_000);
        let fill = || {
            let files = stores.of(workload(1)).join(OWN);
            fs::create_dir_all(&files).expect("it can be made");
            fs::write(files.join("s.redb"), [0; 600]).expect("it can be written");
        };
        fill();
        drop(taken(&stores, (workload(1), None)).await);
        let gone = stores.dir.join(format!("{GONE}{}", workload(1)));
        // No directory can be removed as one that is none.
        fs::write(&gone, "").expect("it can be written");
        let in_the_way = stores.remove(workload(1));
        in_the_way.expect_err("something is in the way");
        assert_eq!(stores.room.files().bytes, 600);
        stores.finish_removing().expect_err("it is still");
        fs::remove_file(&gone).expect("it is a file");

        // The node was at it, and had removed no more than the note.
        fs::rename(stores.of(workload(1)), &gone).expect("it can be moved");
        fill();
        drop(taken(&stores, (workload(1), None)).await);
        assert!(stores.remove(workload(1)).expect("nothing is in the way"));
        assert_eq!(stores.room.files().bytes, 0);
        fs::create_dir_all(gone.join(OWN)).expect("it can be made");
        stores.finish_removing().expect("it can be removed");
        let left = entries(&stores.dir).expect("it can be read");
        assert!(left.is_empty(), "{left:?}");
    }

    #[test]
    fn what_was_being_removed_is_gone_after_the_next_start() {
        let dir = TempDir::new().expect("there is room");
        let gone = dir
            .path()
            .join("keyvalue")
            .join(format!("{GONE}{}", workload(1)));
        fs::create_dir_all(gone.join(OWN)).expect("it can be made");
        fs::write(gone.join(OWN).join("s.redb"), [0; 10]).expect("it can be written");
        let stores = open(&dir, 5);
        assert!(!gone.exists());
        assert_eq!(stores.room.files().bytes, 0);
    }
}
