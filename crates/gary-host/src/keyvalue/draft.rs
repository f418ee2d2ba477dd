//! `wasi:keyvalue@0.2.0-draft`.

use wasmtime::component::{Linker, Resource};

use self::bindings::wasi::keyvalue::{atomics, batch, store};
use super::bucket::Bucket;
use super::error::Failure;
use super::linker::{HasKeyValue, KeyValueView};

mod bindings {
    wasmtime::component::bindgen!({
        path: "wit/keyvalue-draft",
        world: "wasi:keyvalue/imports",
        imports: { default: async | trappable },
        with: { "wasi:keyvalue/store.bucket": crate::keyvalue::bucket::Bucket },
        trappable_error_type: {
            "wasi:keyvalue/store.error" => crate::keyvalue::error::Failure,
        },
    });
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
        cursor: Option<u64>,
    ) -> Result<store::KeyResponse, Failure> {
        let bucket = self.bucket(&bucket)?;
        let page = bucket.keys_at(cursor).await?;
        let cursor = bucket.cursor_after(&page);
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
        delta: u64,
    ) -> Result<u64, Failure> {
        let range = 0..=i128::from(u64::MAX);
        let bucket = self.bucket(&bucket)?;
        let sum = bucket.increment(key, delta.into(), range).await?;
        Ok(u64::try_from(sum).expect("the sum is in the range given"))
    }
}

impl batch::Host for KeyValueView<'_> {
    async fn get_many(
        &mut self,
        bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> Result<Vec<Option<(String, Vec<u8>)>>, Failure> {
        let pairs = self.bucket(&bucket)?.get_many(keys).await?.into_iter();
        Ok(pairs.map(|(key, value)| Some((key, value?))).collect())
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
    use super::super::testing::{SMALL, words};
    use super::atomics::Host as _;
    use super::batch::Host as _;
    use super::store::{Host as _, HostBucket as _};
    use super::*;
    use wasmtime::component::ResourceTable;

    #[tokio::test]
    async fn a_guest_pages_counts_and_asks_in_batches() {
        let stores = Arc::new(Stores::with_limits(None, "x", SMALL));
        let table = &mut ResourceTable::new();
        let mut guest = KeyValueView {
            stores: &stores,
            table,
        };
        let opened = guest.open("").await.unwrap();
        let bucket = || Resource::new_borrow(opened.rep());
        for key in ["a", "b", "c", "d"] {
            let set = guest.set(bucket(), key.to_owned(), vec![b'7']);
            set.await.unwrap();
        }
        let page = guest.list_keys(bucket(), None).await.unwrap();
        assert_eq!(page.keys, ["a", "b", "c"]);
        let page = guest.list_keys(bucket(), page.cursor).await.unwrap();
        assert_eq!(page.keys, ["d"]);
        assert_eq!(page.cursor, None);

        let increment = guest.increment(bucket(), "a".to_owned(), u64::MAX - 7);
        assert_eq!(increment.await.unwrap(), u64::MAX);
        let increment = guest.increment(bucket(), "a".to_owned(), 1);
        assert!(words(increment.await).contains("would overflow"));

        let keys = vec!["none".to_owned(), "b".to_owned()];
        let found = guest.get_many(bucket(), keys).await.unwrap();
        assert_eq!(found, [None, Some(("b".to_owned(), vec![b'7']))]);
        store::HostBucket::drop(&mut guest, opened).await.unwrap();
        assert!(guest.table.is_empty());
    }

    #[tokio::test]
    async fn an_error_is_a_value_and_a_foreign_handle_is_a_trap() {
        let stores = Arc::new(Stores::new(None, "x"));
        let table = &mut ResourceTable::new();
        let mut guest = KeyValueView {
            stores: &stores,
            table,
        };
        let denied = guest.open("named").await.unwrap_err();
        let denied = guest.convert_error(denied).unwrap();
        assert!(matches!(denied, store::Error::AccessDenied));
        let foreign = guest.get(Resource::new_borrow(7), "k".to_owned()).await;
        assert!(guest.convert_error(foreign.unwrap_err()).is_err());
    }
}
