//! What several want at once is done once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};

/// Something that is being done, and that as many may wait for as like to.
pub(crate) type Flight<V> = Shared<BoxFuture<'static, V>>;

/// What is being done, by what it is about. Whoever wants what is being done already waits for that.
///
/// It goes on when nobody waits for it any more: whoever comes next has the good of it.
pub(crate) struct Flights<K, V> {
    under_way: UnderWay<K, V>,
    most: usize,
}

type UnderWay<K, V> = Arc<Mutex<BTreeMap<K, Flight<V>>>>;

/// Makes room for the next once something is done, however it ends.
struct Landing<K: Ord, V>(UnderWay<K, V>, K);

impl<K, V> Flights<K, V>
where
    K: Ord + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// At most so many at once.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            under_way: UnderWay::default(),
            most,
        }
    }

    /// What is being done about this, or `begins` it. None where too much is being done already.
    ///
    /// # Panics
    /// Where there is no runtime of tokio.
    pub(crate) fn join<F>(&self, key: K, begins: impl FnOnce() -> F) -> Option<Flight<V>>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut under_way = lock(&self.under_way);
        if let Some(flight) = under_way.get(&key) {
            return Some(flight.clone());
        }
        if under_way.len() >= self.most {
            return None;
        }
        let landing = Landing(Arc::clone(&self.under_way), key.clone());
        let work = begins();
        let flight = async move {
            let _landing = landing;
            work.await
        };
        let flight = flight.boxed().shared();
        under_way.insert(key, flight.clone());
        tokio::spawn(flight.clone());
        Some(flight)
    }
}

impl<K: Ord, V> Drop for Landing<K, V> {
    fn drop(&mut self) {
        let landed = lock(&self.0).remove(&self.1);
        // It may be the last that holds it, and is let go of outside of the lock.
        drop(landed);
    }
}

fn lock<K, V>(under_way: &UnderWay<K, V>) -> MutexGuard<'_, BTreeMap<K, Flight<V>>> {
    under_way.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use futures::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn what_many_want_at_once_is_done_once() {
        let (flights, begun) = (Flights::<u8, usize>::new(8), Arc::new(AtomicUsize::new(0)));
        let gate = Arc::new(Semaphore::new(0));
        let joined = (0..100).map(|_| {
            let (begun, gate) = (Arc::clone(&begun), Arc::clone(&gate));
            let flight = flights.join(1, || async move {
                let number = begun.fetch_add(1, Relaxed);
                let _opened = gate.acquire().await;
                number
            });
            flight.expect("there is room")
        });
        let joined: Vec<_> = joined.collect();
        gate.add_permits(1);
        assert_eq!(join_all(joined).await, vec![0; 100]);
        // What is done is done anew for whoever comes later.
        let again = flights.join(1, || async { 7 }).expect("there is room");
        assert_eq!(again.await, 7);
    }

    #[tokio::test]
    async fn goes_on_for_nobody_and_has_a_limit() {
        let flights = Flights::<u8, ()>::new(1);
        let (gate, done) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (opened, tells) = (Arc::clone(&gate), Arc::clone(&done));
        let flight = flights.join(1, || async move {
            let _opened = opened.acquire().await;
            tells.add_permits(1);
        });
        drop(flight);
        assert!(flights.join(2, || async {}).is_none());
        gate.add_permits(1);
        let _done = done.acquire().await.expect("nobody closes it");
    }
}
