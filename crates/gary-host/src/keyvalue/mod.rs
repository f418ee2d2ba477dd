//! `wasi:keyvalue`: stores that belong to one workload and are shared by all its instances.
//!
//! The unnamed store is in memory and lives as long as [`Stores`]; a named one is a redb database
//! in the workload's directory. Every call is one transaction, so atomics hold across instances,
//! and a write that returned is on disk. Whatever a guest does ends in a value or an error in
//! words, never in a trap or a panic, and never keeps a thread that runs guests waiting for a disk.
//!
//! The interface's `watcher` is deliberately absent: it needs a guest export nobody publishes.

mod bucket;
mod cursors;
mod disk;
mod draft;
mod draft2;
mod error;
mod file;
mod limits;
mod linker;
mod memory;
mod room;
mod store;
mod stores;
#[cfg(test)]
mod testing;

pub(crate) use linker::{KeyValueView, add_to_linker};
pub use room::{StoreRoom, StoresDir};
pub(crate) use stores::Stores;
