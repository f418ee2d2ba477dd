//! What the tests of several files here start from.

use std::path::Path;
use std::sync::Arc;

use super::bucket::Bucket;
use super::error::Failure;
use super::limits::Limits;
use super::room::StoresDir;
use super::stores::Stores;

/// Limits small enough to reach.
pub(super) const SMALL: Limits = Limits {
    key_bytes_max: 8,
    value_bytes_max: 100,
    batch_keys_max: 4,
    batch_bytes_max: 250,
    page_keys_max: 3,
    memory_bytes_max: 1000,
    disk_bytes_max: 1000,
    stores_max: 2,
};

/// Stores of workload `x` below `dir`.
pub(super) fn stores(dir: &Path, limits: Limits) -> Arc<Stores> {
    let dir = StoresDir {
        path: dir.to_owned(),
        room: None,
    };
    Arc::new(Stores::with_limits(Some(dir), "x", limits))
}

/// A store in memory and a named one: what holds for one must hold for the other.
pub(super) async fn both(dir: &Path, limits: Limits) -> [Bucket; 2] {
    let stores = stores(dir, limits);
    let memory = stores.open("").await.expect("opening in memory works");
    let disk = stores.open("s").await.expect("opening on disk works");
    [memory, disk]
}

/// The words a guest would read.
pub(super) fn words<R: std::fmt::Debug>(result: Result<R, impl Into<Failure>>) -> String {
    match result.map_err(Into::into) {
        Err(Failure::Words(words)) => words,
        other => panic!("not an error in words: {other:?}"),
    }
}
