//! Where named stores lie, and how much all stores of a machine take together.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the named stores of one workload are kept.
#[derive(Clone)]
pub struct StoresDir {
    /// The directory, which need not exist. Nobody else may open a store in it meanwhile.
    pub path: PathBuf,
    /// Who is asked whether there is room; without it there is as much as the disk has.
    pub room: Option<Arc<dyn StoreRoom>>,
}

/// The room that stores have in common. Each store that is open holds on to it, and lets it go once it is closed.
pub trait StoreRoom: Send + Sync {
    /// How many bytes all stores may take together, if they take that many: then none of them may grow.
    fn limit_reached(&self) -> Option<u64>;

    /// The file of a store takes so many bytes now.
    fn takes(&self, file: &Path, bytes: u64);
}
