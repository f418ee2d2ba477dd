//! The instances that serve one workload: how many there are, who waits for one, and reuse.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::Store;
use wasmtime_wasi_http::handler::{Proxy, ProxyPre};
use wasmtime_wasi_http::{p2, p3};

use crate::failure::Failure;
use crate::guest::Guest;
use crate::memory::Reservation;
use crate::program::Wasi;
use crate::replica::Replica;

/// Requests that wait for an instance; one more is turned away at once.
const QUEUE_MAX: usize = 1024;
/// Time a request waits for an instance before it is turned away.
const QUEUE_WAIT_MAX: Duration = Duration::from_secs(5);
/// Time an instance that may serve again is kept for.
pub(crate) const IDLE_MAX: Duration = Duration::from_secs(1);
/// Requests that one instance of a 0.3 component serves, as under `wasmtime serve`.
const REUSE_P3: u32 = 128;
/// Likewise for 0.2: a fresh instance for every request.
const REUSE_P2: u32 = 1;

/// The instances of one replica.
pub(crate) struct Instances {
    replica: Replica,
    pre: ProxyPre<Guest>,
    reuse: u32,
    /// One permit for each request that is being served.
    serving: Arc<Semaphore>,
    serving_max: usize,
    waiting: AtomicUsize,
    /// Instances between two requests, the one used last at the back.
    idle: Arc<Idle>,
    /// Memory that an instance starts with, once one has started; zero before.
    initial_bytes: AtomicU64,
}

type Idle = Mutex<VecDeque<Instance>>;

/// An instance and the store it lives in.
pub(crate) struct Instance {
    pub(crate) store: Store<Guest>,
    pub(crate) proxy: Proxy,
    served: u32,
    idle_since: Instant,
}

/// Leave to serve one request.
pub(crate) struct Admission {
    _serving: OwnedSemaphorePermit,
}

/// Counts a waiting request for as long as it waits, however that ends.
struct Waiting<'a>(&'a AtomicUsize);

impl Instances {
    /// # Errors
    /// When the component does not export the handler that `wasi` says it does.
    pub(crate) fn new(replica: &Replica, wasi: Wasi) -> wasmtime::Result<Self> {
        let pre = replica.pre.clone();
        let (pre, reuse) = match wasi {
            Wasi::P2 => (ProxyPre::P2(p2::bindings::ProxyPre::new(pre)?), REUSE_P2),
            Wasi::P3 => (ProxyPre::P3(p3::bindings::ServicePre::new(pre)?), REUSE_P3),
        };
        let limits = &replica.shared.spec.limits;
        let serving_max = replica
            .instances_max()
            .min(limits.concurrency_max.unwrap_or(u32::MAX))
            .max(1) as usize;
        let idle = Arc::<Idle>::default();
        // A guest at work has more need of the memory than one that waits for a request. The
        // instances hold the memory, which must not hold them in turn.
        let reclaimed = Arc::downgrade(&idle);
        replica.shared.memory.reclaim_by(move || {
            let oldest = reclaimed.upgrade().and_then(|idle| lock(&idle).pop_front());
            oldest.is_some()
        });
        Ok(Self {
            replica: replica.clone(),
            pre,
            reuse: limits.reuse.unwrap_or(reuse).max(1),
            serving: Arc::new(Semaphore::new(serving_max)),
            serving_max,
            waiting: AtomicUsize::new(0),
            idle,
            initial_bytes: AtomicU64::new(0),
        })
    }

    pub(crate) fn replica(&self) -> &Replica {
        &self.replica
    }

    /// Whether instances outlive a request, so that idle ones have to be looked after.
    pub(crate) fn reuses(&self) -> bool {
        self.reuse > 1
    }

    /// Waits for leave to serve a request; `None` when too many wait already or it took too long.
    pub(crate) async fn admit(&self) -> Option<Admission> {
        if let Ok(serving) = self.serving.clone().try_acquire_owned() {
            return Some(Admission { _serving: serving });
        }
        let _waiting = Waiting::enter(&self.waiting)?;
        let serving = self.serving.clone().acquire_owned();
        let serving = tokio::time::timeout(QUEUE_WAIT_MAX, serving).await;
        Some(Admission {
            _serving: serving.ok()?.ok()?,
        })
    }

    /// An instance for a request that was admitted: one that may serve again, else a new one.
    ///
    /// # Errors
    /// `Busy` when others held the memory for too long; else why an instance could not be made.
    pub(crate) async fn take(&self, _admitted: &Admission) -> Result<Instance, Failure> {
        let idle = self.lock_idle().pop_back();
        if let Some(mut instance) = idle {
            instance.store.data_mut().memory.forget_refusal();
            return Ok(instance);
        }
        let room = match self.initial_bytes.load(Relaxed) {
            0 => Reservation::none(),
            bytes => self.room(bytes).await?,
        };
        match (self.instantiate(room).await, self.memory_bytes_max()) {
            // Only the first few can run into this, before it is known what an instance starts
            // with; from then on they wait above.
            (Err(Failure::Busy), Some(all)) => {
                let room = self.room(all).await?;
                self.instantiate(room).await
            }
            (made, _) => made,
        }
    }

    async fn room(&self, bytes: u64) -> Result<Reservation, Failure> {
        let memory = &self.replica.shared.memory;
        if let Some(room) = memory.reserve_now(bytes) {
            return Ok(room);
        }
        let _waiting = Waiting::enter(&self.waiting).ok_or(Failure::Busy)?;
        // What idles in between holds memory that a waiting request needs more.
        drop_all(&self.idle);
        tokio::time::timeout(QUEUE_WAIT_MAX, memory.reserve(bytes))
            .await
            .ok()
            .flatten()
            .ok_or(Failure::Busy)
    }

    async fn instantiate(&self, room: Reservation) -> Result<Instance, Failure> {
        let mut store = self.replica.store(room)?;
        let proxy = match self.pre.instantiate_async(&mut store).await {
            Ok(proxy) => proxy,
            Err(error) => return Err(Failure::of(&error, store.data().memory.refused())),
        };
        self.initial_bytes
            .store(store.data().memory.used_bytes(), Relaxed);
        Ok(Instance {
            store,
            proxy,
            served: 0,
            idle_since: Instant::now(),
        })
    }

    /// Takes back an instance that has served a request well.
    pub(crate) fn give_back(&self, mut instance: Instance) {
        instance.served += 1;
        if instance.served >= self.reuse || self.waiting.load(Relaxed) > 0 && self.memory_is_short()
        {
            return;
        }
        instance.idle_since = Instant::now();
        self.lock_idle().push_back(instance);
    }

    /// Drops the instances that have idled for too long.
    pub(crate) fn drop_idle(&self, now: Instant) {
        let mut old = Vec::new();
        let mut idle = self.lock_idle();
        while let Some(front) = idle.front()
            && now.saturating_duration_since(front.idle_since) >= IDLE_MAX
        {
            old.extend(idle.pop_front());
        }
        // Dropping a store takes longer than anybody should wait for the lock.
        drop(idle);
    }

    /// Waits until nothing is being served.
    pub(crate) async fn drained(&self) {
        let all = u32::try_from(self.serving_max).unwrap_or(u32::MAX);
        let _ = self.serving.acquire_many(all).await;
    }

    fn memory_is_short(&self) -> bool {
        let initial_bytes = self.initial_bytes.load(Relaxed);
        !self.replica.shared.memory.has_room(initial_bytes)
    }

    fn memory_bytes_max(&self) -> Option<u64> {
        self.replica.shared.spec.limits.memory_bytes
    }

    fn lock_idle(&self) -> MutexGuard<'_, VecDeque<Instance>> {
        lock(&self.idle)
    }
}

fn lock(idle: &Idle) -> MutexGuard<'_, VecDeque<Instance>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Drops all idle instances, where nobody waits for the lock.
fn drop_all(idle: &Idle) {
    let all = std::mem::take(&mut *lock(idle));
    drop(all);
}

impl<'a> Waiting<'a> {
    fn enter(waiting: &'a AtomicUsize) -> Option<Self> {
        let before = waiting.fetch_add(1, Relaxed);
        let entered = Self(waiting);
        (before < QUEUE_MAX).then_some(entered)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
