//! `wasi:keyvalue@0.2.0-draft2`: cursors are keys, numbers are signed, and there is a swap.

use wasmtime::component::{Linker, Resource};

use self::bindings::wasi::keyvalue::{atomics, batch, store};
use super::bucket::{Bucket, Swapped};
use super::error::Failure;
use super::linker::{HasKeyValue, KeyValueView};

mod bindings {
    wasmtime::component::bindgen!({
        path: "wit/keyvalue-draft2",
        world: "wasi:keyvalue/imports",
        imports: { default: async | trappable },
        with: {
            "wasi:keyvalue/store.bucket": crate::keyvalue::bucket::Bucket,
            "wasi:keyvalue/atomics.cas": crate::keyvalue::draft2::Cas,
        },
        trappable_error_type: {
            "wasi:keyvalue/store.error" => crate::keyvalue::error::Failure,
        },
    });
}

/// A key as it was at one moment. It remembers the version and not the value, so that a guest
/// cannot fill the host's memory with handles on large values.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Cas {
    bucket: Bucket,
    key: String,
    version: Option<u64>,
}

pub(super) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> KeyValueView<'_>,
) -> wasmtime::Result<()> {
    store::add_to_linker::<T, HasKeyValue>(linker, view)?;
    atomics::add_to_linker::<T, HasKeyValue>(linker, view)?;
    batch::add_to_linker::<T, HasKeyValue>(linker, view)
}

impl store::Host for KeyValueView<'_> {
    async fn open(&mut self, identifier: String) -> Result<Resource<Bucket>, Failure> {
        KeyValueView::open(self, &identifier).await
    }

    fn convert_error(&mut self, failure: Failure) -> wasmtime::Result<store::Error> {
        match failure {
            Failure::Denied => Ok(store::Error::AccessDenied),
            Failure::Words(words) => Ok(store::Error::Other(words)),
            Failure::Trap(error) => Err(error),
        }
    }
}

impl store::HostBucket for KeyValueView<'_> {
    async fn get(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
    ) -> Result<Option<Vec<u8>>, Failure> {
        self.bucket(&bucket)?.get(key).await
    }

    async fn set(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        value: Vec<u8>,
    ) -> Result<(), Failure> {
        self.bucket(&bucket)?.set_many(vec![(key, value)]).await
    }

    async fn delete(&mut self, bucket: Resource<Bucket>, key: String) -> Result<(), Failure> {
        self.bucket(&bucket)?.delete_many(vec![key]).await
    }

    async fn exists(&mut self, bucket: Resource<Bucket>, key: String) -> Result<bool, Failure> {
        self.bucket(&bucket)?.exists(key).await
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<Bucket>,
        cursor: Option<String>,
    ) -> Result<store::KeyResponse, Failure> {
        let page = self.bucket(&bucket)?.keys_after(cursor).await?;
        let cursor = page.keys.last().filter(|_| page.more).cloned();
        let keys = page.keys;
        Ok(store::KeyResponse { keys, cursor })
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl atomics::Host for KeyValueView<'_> {
    async fn increment(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        delta: i64,
    ) -> Result<i64, Failure> {
        let range = i64::MIN.into()..=i64::MAX.into();
        let bucket = self.bucket(&bucket)?;
        let sum = bucket.increment(key, delta.into(), range).await?;
        Ok(i64::try_from(sum).expect("the sum is in the range given"))
    }

    async fn swap(
        &mut self,
        cas: Resource<Cas>,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), atomics::CasError>> {
        let mut cas = self.table.delete(cas)?;
        let swapped = cas.bucket.swap(cas.key.clone(), cas.version, value).await;
        let failure = match swapped {
            Ok(Swapped::Done) => return Ok(Ok(())),
            Ok(Swapped::Stale(version)) => {
                cas.version = version;
                match self.table.push(cas) {
                    Ok(cas) => return Ok(Err(atomics::CasError::CasFailed(cas))),
                    Err(error) => error.into(),
                }
            }
            Err(failure) => failure,
        };
        let error = store::Host::convert_error(self, failure)?;
        Ok(Err(atomics::CasError::StoreError(error)))
    }
}

impl atomics::HostCas for KeyValueView<'_> {
    async fn new(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
    ) -> Result<Resource<Cas>, Failure> {
        let bucket = self.bucket(&bucket)?;
        let version = bucket.version(key.clone()).await?;
        let cas = Cas {
            bucket,
            key,
            version,
        };
        Ok(self.table.push(cas)?)
    }

    async fn current(&mut self, cas: Resource<Cas>) -> Result<Option<Vec<u8>>, Failure> {
        let cas = self.table.get(&cas)?;
        let (bucket, key) = (cas.bucket.clone(), cas.key.clone());
        bucket.get(key).await
    }

    async fn drop(&mut self, cas: Resource<Cas>) -> wasmtime::Result<()> {
        self.table.delete(cas)?;
        Ok(())
    }
}

impl batch::Host for KeyValueView<'_> {
    async fn get_many(
        &mut self,
        bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> Result<Vec<(String, Option<Vec<u8>>)>, Failure> {
        self.bucket(&bucket)?.get_many(keys).await
    }

    async fn set_many(
        &mut self,
        bucket: Resource<Bucket>,
        pairs: Vec<(String, Vec<u8>)>,
    ) -> Result<(), Failure> {
        self.bucket(&bucket)?.set_many(pairs).await
    }

    async fn delete_many(
        &mut self,
        bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> Result<(), Failure> {
        self.bucket(&bucket)?.delete_many(keys).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::stores::Stores;
    use super::super::testing::SMALL;
    use super::atomics::{CasError, Host as _, HostCas as _};
    use super::batch::Host as _;
    use super::store::HostBucket as _;
    use super::*;
    use wasmtime::component::ResourceTable;

    #[tokio::test]
    async fn a_swap_that_lost_gives_a_handle_that_wins() {
        let stores = Arc::new(Stores::with_limits(None, "x", SMALL));
        let table = &mut ResourceTable::new();
        let mut guest = KeyValueView {
            stores: &stores,
            table,
        };
        let opened = guest.open("").await.unwrap();
        let bucket = || Resource::new_borrow(opened.rep());
        let key = || "k".to_owned();
        let cas = guest.new(bucket(), key()).await.unwrap();
        guest.set(bucket(), key(), vec![1]).await.unwrap();
        let lost = guest.swap(cas, vec![2]).await.unwrap();
        let Err(CasError::CasFailed(cas)) = lost else {
            panic!("the swap did not lose: {lost:?}");
        };
        let borrowed = Resource::new_borrow(cas.rep());
        assert_eq!(guest.current(borrowed).await.unwrap(), Some(vec![1]));
        guest.swap(cas, vec![2]).await.unwrap().unwrap();
        let found = guest.get_many(bucket(), vec![key()]).await.unwrap();
        assert_eq!(found, [(key(), Some(vec![2]))]);

        let cas = guest.new(bucket(), key()).await.unwrap();
        let refused = guest.swap(cas, vec![0; 101]).await.unwrap();
        assert!(matches!(refused, Err(CasError::StoreError(_))));
    }

    #[tokio::test]
    async fn a_guest_pages_by_key_and_counts_below_zero() {
        let stores = Arc::new(Stores::with_limits(None, "x", SMALL));
        let table = &mut ResourceTable::new();
        let mut guest = KeyValueView {
            stores: &stores,
            table,
        };
        let opened = guest.open("").await.unwrap();
        let bucket = || Resource::new_borrow(opened.rep());
        for key in ["a", "b", "c", "d"] {
            let increment = guest.increment(bucket(), key.to_owned(), -3);
            assert_eq!(increment.await.unwrap(), -3);
        }
        let page = guest.list_keys(bucket(), None).await.unwrap();
        assert_eq!(page.cursor.as_deref(), Some("c"));
        let page = guest.list_keys(bucket(), page.cursor).await.unwrap();
        assert_eq!((page.keys, page.cursor), (vec!["d".to_owned()], None));
    }
}
