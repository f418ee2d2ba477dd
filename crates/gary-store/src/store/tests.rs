mod disk;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::pin::pin;
use std::sync::mpsc as std_mpsc;
use std::task::{Context, Waker};

use proptest::prelude::*;
use redb::{ReadableTable, TableDefinition};
use tempfile::TempDir;

use self::disk::Disk;
use super::*;
use crate::{GROUP_BATCHES_MAX, IDENTITY};

const A: Table = Table::new("a");
const B: Table = Table::new("b");

fn on(disk: &Disk) -> Store {
    let database = database::in_memory(disk.clone()).unwrap();
    Store::start(database, None).unwrap()
}

fn one(table: Table, key: &str, value: &str) -> Batch {
    let mut batch = Batch::new();
    batch.put(table, key, value);
    batch
}

fn numbered(number: u64) -> Batch {
    let mut batch = Batch::new();
    batch.put(A, number.to_be_bytes(), vec![7; 1_000]);
    batch
}

fn numbers(store: &Store) -> Vec<u64> {
    let rows = store.iterate(A).unwrap();
    rows.map(|row| u64::from_be_bytes(row.unwrap().0.try_into().unwrap()))
        .collect()
}

fn text(store: &Store, table: Table, key: &str) -> Option<String> {
    let value = store.get(table, key.as_bytes()).unwrap()?;
    Some(String::from_utf8(value).unwrap())
}

#[test]
fn what_was_committed_is_there_after_a_restart() {
    let dir = TempDir::new().unwrap();
    let dir = dir.path().join("state").join("n1");
    let store = Store::open(&dir).unwrap();
    assert_eq!(store.get(IDENTITY, b"secret key").unwrap(), None);
    assert_eq!(store.iterate(A).unwrap().count(), 0);
    let mut batch = one(IDENTITY, "secret key", "s");
    batch.put(A, "k", "v");
    batch.put(A, "gone", "v");
    batch.delete(A, "gone");
    batch.delete(B, "never there");
    store.commit_blocking(batch).unwrap();
    drop(store);

    let store = Store::open(&dir).unwrap();
    assert_eq!(text(&store, IDENTITY, "secret key").as_deref(), Some("s"));
    let rows: Vec<_> = store.iterate(A).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows, [(b"k".to_vec(), b"v".to_vec())]);

    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(dir.clone()), 0o700);
    assert_eq!(mode(dir.join("store.redb")), 0o600);
}

#[test]
fn a_directory_in_use_is_refused() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let error = Store::open(dir.path()).unwrap_err();
    let pid = std::process::id();
    let expected = format!(
        "the state directory {} is in use by process {pid}",
        dir.path().display()
    );
    assert_eq!(error.to_string(), expected);
    drop(store);
    Store::open(dir.path()).unwrap();
}

#[test]
fn what_is_no_directory_is_refused() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = Store::open(&file.join("state")).unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }), "{error:?}");
}

#[test]
fn a_file_that_is_no_store_is_refused_and_kept() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("store.redb");
    drop(Store::open(dir.path()).unwrap());
    let whole = fs::read(&file).unwrap();
    for (damaged, what) in [
        (b"not a store".to_vec(), "text"),
        (Vec::new(), "nothing"),
        (whole[..whole.len() / 2].to_vec(), "half a store"),
    ] {
        fs::write(&file, &damaged).unwrap();
        let error = Store::open(dir.path()).unwrap_err();
        assert!(
            matches!(error, OpenError::Damaged { .. }),
            "{what}: {error:?}"
        );
        assert_eq!(fs::read(&file).unwrap().len(), damaged.len(), "{what}");
    }
    // A database, but somebody else's.
    fs::remove_file(&file).unwrap();
    drop(Database::create(&file).unwrap());
    let error = Store::open(dir.path()).unwrap_err();
    assert!(
        error.to_string().ends_with("it is not a store of Gary's"),
        "{error}"
    );
}

#[test]
fn a_crash_while_a_store_is_made_leaves_none() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("store.redb.new"), "half of one").unwrap();
    let store = Store::open(dir.path()).unwrap();
    store.commit_blocking(one(A, "k", "v")).unwrap();
    assert!(!dir.path().join("store.redb.new").exists());
}

/// Puts another letter behind what the format before has.
const STEPS: [Step; 2] = [
    |transaction| {
        let mut table = transaction.open_table(A.definition())?;
        table.insert(b"k".as_slice(), b"v2".as_slice())?;
        Ok(())
    },
    |transaction| {
        let mut table = transaction.open_table(A.definition())?;
        let before = table
            .get(b"k".as_slice())?
            .map(|value| value.value().to_vec());
        let after = [before.unwrap_or_default().as_slice(), b"v3"].concat();
        table.insert(b"k".as_slice(), after.as_slice())?;
        Ok(())
    },
];

#[test]
fn an_earlier_format_is_brought_up_to_date_once() {
    let dir = TempDir::new().unwrap();
    let store = Store::open_with(dir.path(), &[]).unwrap();
    store.commit_blocking(one(A, "k", "v1")).unwrap();
    drop(store);
    for _ in 0..2 {
        let store = Store::open_with(dir.path(), &STEPS).unwrap();
        assert_eq!(text(&store, A, "k").as_deref(), Some("v2v3"));
    }
}

#[test]
fn a_later_format_is_refused_and_left_alone() {
    let dir = TempDir::new().unwrap();
    drop(Store::open_with(dir.path(), &STEPS).unwrap());
    let error = Store::open_with(dir.path(), &STEPS[..1]).unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::Newer {
                found: 3,
                known: 2,
                ..
            }
        ),
        "{error:?}"
    );
    Store::open_with(dir.path(), &STEPS).unwrap();
}

#[test]
fn a_step_that_fails_changes_nothing() {
    let dir = TempDir::new().unwrap();
    let store = Store::open_with(dir.path(), &[]).unwrap();
    store.commit_blocking(one(A, "k", "v1")).unwrap();
    drop(store);
    let failing: [Step; 2] = [STEPS[0], |_| Err(redb::Error::PreviousIo)];
    let error = Store::open_with(dir.path(), &failing).unwrap_err();
    assert!(
        matches!(error, OpenError::Migration { from: 1, to: 3, .. }),
        "{error:?}"
    );
    let store = Store::open_with(dir.path(), &[]).unwrap();
    assert_eq!(text(&store, A, "k").as_deref(), Some("v1"));
}

#[test]
fn what_was_submitted_is_stored_before_the_store_is_let_go_of() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let (sender, done) = std_mpsc::channel();
    for number in 0..100 {
        let sender = sender.clone();
        let submitted = store.submit(numbered(number), move |result| {
            sender.send((number, result.is_ok())).unwrap();
        });
        assert!(is_ready(submitted));
    }
    drop((store, sender));
    let acknowledged: Vec<_> = done.iter().collect();
    let expected: Vec<_> = (0..100).map(|number| (number, true)).collect();
    assert_eq!(acknowledged, expected, "in the order of the batches");
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(numbers(&store), (0..100).collect::<Vec<_>>());
}

/// Whether a future is done without waiting.
fn is_ready(future: impl Future<Output = ()>) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    pin!(future).poll(&mut cx).is_ready()
}

#[test]
fn what_waits_is_committed_together_and_no_more_waits_than_may() {
    let disk = Disk::default();
    let store = on(&disk);
    let before = disk.syncs();
    store.commit_blocking(numbered(0)).unwrap();
    let syncs_per_commit = disk.syncs() - before;

    let slow = disk.slow_down();
    let (sender, done) = std_mpsc::channel();
    let mut submitted = 0;
    // The first is in the hands of the writer sooner or later, and it may have taken others along.
    while submitted < WAITING_MAX + GROUP_BATCHES_MAX + 1 {
        let sender = sender.clone();
        let number = submitted as u64;
        let done = move |result: Result<(), CommitError>| {
            // The one that does not fit is let go of, which says that it was not stored.
            if result.is_ok() {
                sender.send(number).unwrap();
            }
        };
        if !is_ready(store.submit(numbered(number), done)) {
            break;
        }
        submitted += 1;
    }
    assert!(submitted >= WAITING_MAX, "{submitted}");
    assert!(submitted <= WAITING_MAX + GROUP_BATCHES_MAX, "{submitted}");
    assert!(done.try_recv().is_err(), "nothing was synced");

    let before = disk.syncs();
    drop(slow);
    drop((store, sender));
    assert_eq!(done.iter().count(), submitted);
    // A few more than the groups, since the file grows and is closed.
    let commits = (disk.syncs() - before) / syncs_per_commit;
    assert!(commits < submitted as u64 / 20, "{commits} commits");
}

#[test]
fn a_batch_that_is_too_large_is_refused_alone() {
    let store = Store::in_memory().unwrap();
    let mut batch = Batch::new();
    batch.put(A, "k", vec![0; BATCH_BYTES_MAX]);
    let refused = store.commit_blocking(batch).unwrap_err();
    assert!(
        matches!(refused, CommitError::TooLarge { .. }),
        "{refused:?}"
    );
    store.commit_blocking(one(A, "k", "v")).unwrap();
    assert_eq!(text(&store, A, "k").as_deref(), Some("v"));
}

#[test]
fn after_a_failure_nothing_is_taken() {
    let disk = Disk::default();
    let store = on(&disk);
    store.commit_blocking(numbered(0)).unwrap();
    disk.fail_after(0);
    let failed = store.commit_blocking(numbered(1)).unwrap_err();
    assert!(matches!(failed, CommitError::Full(_)), "{failed:?}");
    // There is room again, but nobody knows any more what the disk holds.
    disk.fail_after(u64::MAX);
    for number in 2..5 {
        let stopped = store.commit_blocking(numbered(number)).unwrap_err();
        assert!(matches!(stopped, CommitError::Stopped), "{stopped:?}");
    }
}

#[test]
fn whoever_commits_while_the_disk_fails_hears_of_it() {
    for good_steps in 0..40 {
        let disk = Disk::default();
        let store = on(&disk);
        disk.fail_after(good_steps);
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let store = &store;
                // A scope ends when all have come back.
                scope.spawn(move || {
                    let mut has_failed = false;
                    for number in 0..10 {
                        let is_stored = store
                            .commit_blocking(numbered(thread * 10 + number))
                            .is_ok();
                        assert!(!(has_failed && is_stored), "stored after a failure");
                        has_failed |= !is_stored;
                    }
                });
            }
        });
    }
}

/// Commits batches until the disk fails after so many steps, and says which were acknowledged.
fn acknowledged_until_failure(disk: &Disk, good_steps: u64) -> Vec<u64> {
    let store = on(disk);
    disk.fail_after(good_steps);
    let (sender, done) = std_mpsc::channel();
    for number in 0..40 {
        let sender = sender.clone();
        let submitted = store.submit(numbered(number), move |result| {
            sender.send((number, result.is_ok())).unwrap();
        });
        assert!(is_ready(submitted));
        if number % 4 == 0 {
            // So that not all of them go into one commit.
            let _ = store.commit_blocking(one(B, "k", "v"));
        }
    }
    drop((store, sender));
    let done: Vec<_> = done.iter().collect();
    assert!(
        done.iter().map(|(number, _)| *number).eq(0..40),
        "each once"
    );
    let acknowledged = done.into_iter().filter(|(_, is_stored)| *is_stored);
    acknowledged.map(|(number, _)| number).collect()
}

#[test]
fn whatever_fails_what_was_acknowledged_is_there_after_the_crash() {
    let mut failed = 0;
    for good_steps in 0..150 {
        let disk = Disk::default();
        let acknowledged = acknowledged_until_failure(&disk, good_steps);
        failed += u64::from(acknowledged.len() < 40);
        for chance in 1..4 {
            let crashed = disk.after_crash(chance * 7_919 + good_steps);
            let database = redb::Builder::new().create_with_backend(crashed).unwrap();
            let store = Store::start(database, None).unwrap();
            let there = numbers(&store);
            assert!(
                there.starts_with(&acknowledged),
                "after {good_steps} steps: {acknowledged:?} acknowledged, {there:?} there"
            );
            store.commit_blocking(numbered(99)).unwrap();
        }
    }
    assert!(failed > 50, "{failed} of them failed before the end");
}

/// What other than a table of ours there may be.
#[test]
fn the_stores_own_table_is_out_of_reach() {
    let own = TableDefinition::<&str, u64>::new("store/meta");
    assert!(redb::TableHandle::name(&own).contains('/'));
    assert!(std::panic::catch_unwind(|| Table::new("store/meta")).is_err());
}

proptest! {
    #[test]
    fn it_holds_what_a_map_would(
        batches in prop::collection::vec(
            prop::collection::vec((any::<bool>(), 0..6_u8, any::<Option<u8>>()), 0..5),
            0..8,
        ),
    ) {
        let store = Store::in_memory().unwrap();
        let mut expected = BTreeMap::new();
        for changes in batches {
            let mut batch = Batch::new();
            for (is_a, key, value) in changes {
                let table = if is_a { A } else { B };
                match value {
                    Some(value) => {
                        batch.put(table, [key], [value]);
                        expected.insert((table, vec![key]), vec![value]);
                    }
                    None => {
                        batch.delete(table, [key]);
                        expected.remove(&(table, vec![key]));
                    }
                }
            }
            store.commit_blocking(batch).unwrap();
        }
        let mut found = BTreeMap::new();
        for table in [A, B] {
            for row in store.iterate(table).unwrap() {
                let (key, value) = row.unwrap();
                prop_assert_eq!(store.get(table, &key).unwrap(), Some(value.clone()));
                found.insert((table, key), value);
            }
        }
        prop_assert_eq!(found, expected);
    }
}
