//! How the interfaces find a workload's stores in whatever a wasmtime store holds.

use std::sync::Arc;

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};

use super::bucket::Bucket;
use super::error::Failure;
use super::stores::Stores;
use super::{draft, draft2};

/// What the interfaces need of an instance.
pub(crate) struct KeyValueView<'a> {
    /// The workload's stores.
    pub(crate) stores: &'a Arc<Stores>,
    /// The instance's handles.
    pub(crate) table: &'a mut ResourceTable,
}

impl KeyValueView<'_> {
    pub(super) async fn open(&mut self, name: &str) -> Result<Resource<Bucket>, Failure> {
        let bucket = self.stores.open(name).await?;
        Ok(self.table.push(bucket)?)
    }

    /// A copy of the handle's store, so that no handle is borrowed while a call waits.
    pub(super) fn bucket(&self, bucket: &Resource<Bucket>) -> Result<Bucket, Failure> {
        Ok(self.table.get(bucket)?.clone())
    }
}

pub(super) struct HasKeyValue;

impl HasData for HasKeyValue {
    type Data<'a> = KeyValueView<'a>;
}

/// Provides store, atomics and batch of `wasi:keyvalue` at 0.2.0-draft and 0.2.0-draft2. A guest
/// of either finds what a guest of the other wrote.
pub(crate) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> KeyValueView<'_>,
) -> wasmtime::Result<()> {
    draft::add_to_linker(linker, view)?;
    draft2::add_to_linker(linker, view)
}
