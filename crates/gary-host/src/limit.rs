//! Memory: what an instance and a replica may hold, counted where it grows.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use wasmtime::ResourceLimiter;

/// The unit memory is accounted in: a page of linear memory.
const PAGE_BYTES: u64 = 64 << 10;
/// What an element of a table costs the host.
const TABLE_ELEMENT_BYTES: u64 = 8;

/// The memory that one replica may hold over all its instances.
pub(crate) struct ReplicaMemory {
    limit_bytes: Option<u64>,
    /// One permit a page; without a limit, more than any machine has.
    pages: Arc<Semaphore>,
    pages_max: usize,
    /// Told whenever pages come back.
    freed: Notify,
    peak_pages: AtomicU64,
}

impl ReplicaMemory {
    pub(crate) fn new(limit_bytes: Option<u64>) -> Arc<Self> {
        let pages_max = match limit_bytes {
            Some(bytes) => usize::try_from(bytes / PAGE_BYTES).unwrap_or(usize::MAX),
            None => usize::MAX,
        }
        .min(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            limit_bytes,
            pages: Arc::new(Semaphore::new(pages_max)),
            pages_max,
            freed: Notify::new(),
            peak_pages: AtomicU64::new(0),
        })
    }

    /// Waits until `bytes` are free and holds them.
    ///
    /// Returns `None` at once when the replica could never hold so much.
    pub(crate) async fn reserve(self: &Arc<Self>, bytes: u64) -> Option<Reservation> {
        if bytes.div_ceil(PAGE_BYTES) > self.pages_max as u64 {
            return None;
        }
        loop {
            let mut freed = pin!(self.freed.notified());
            freed.as_mut().enable();
            // Taken all at once or not at all: somebody who waits must not sit on pages that a guest
            // under way could have grown into.
            if let Some(room) = self.reserve_now(bytes) {
                return Some(room);
            }
            freed.await;
        }
    }

    /// Holds `bytes` if they are free right now.
    pub(crate) fn reserve_now(self: &Arc<Self>, bytes: u64) -> Option<Reservation> {
        self.try_reserve(bytes.div_ceil(PAGE_BYTES))
            .map(|pages| Reservation(Some(pages)))
    }

    /// Whether `bytes` are free right now.
    pub(crate) fn has_room(&self, bytes: u64) -> bool {
        self.pages.available_permits() as u64 >= bytes.div_ceil(PAGE_BYTES)
    }

    fn try_reserve(self: &Arc<Self>, pages: u64) -> Option<Pages> {
        let permit = self
            .pages
            .clone()
            .try_acquire_many_owned(u32::try_from(pages).ok()?)
            .ok()?;
        self.note_peak();
        Some(Pages {
            permit: Some(permit),
            of: self.clone(),
        })
    }

    fn note_peak(&self) {
        let used = (self.pages_max - self.pages.available_permits()) as u64;
        self.peak_pages.fetch_max(used, Relaxed);
    }

    /// The most that was held at once, in bytes.
    pub(crate) fn peak_bytes(&self) -> u64 {
        self.peak_pages.load(Relaxed) * PAGE_BYTES
    }
}

/// Pages held of a replica's memory; whoever waits for room hears when they come back.
struct Pages {
    permit: Option<OwnedSemaphorePermit>,
    of: Arc<ReplicaMemory>,
}

impl Pages {
    fn count(&self) -> u64 {
        let count = self.permit.as_ref().map(OwnedSemaphorePermit::num_permits);
        count.unwrap_or(0) as u64
    }

    fn merge(&mut self, mut more: Self) {
        match (&mut self.permit, more.permit.take()) {
            (Some(permit), Some(more)) => permit.merge(more),
            (permit, more) => *permit = more.or(permit.take()),
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        if self.permit.take().is_some() {
            self.of.freed.notify_waiters();
        }
    }
}

/// Memory set aside for an instance that is about to start.
pub(crate) struct Reservation(Option<Pages>);

impl Reservation {
    /// No memory: the instance takes what it needs as it starts, if it is there.
    pub(crate) fn none() -> Self {
        Self(None)
    }
}

/// Counts the memory of one instance.
pub(crate) struct InstanceMemory {
    replica: Arc<ReplicaMemory>,
    limit_bytes: Option<u64>,
    held: Option<Pages>,
    used_bytes: u64,
    refused: Option<MemoryLimit>,
}

/// The limit that an instance ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryLimit {
    /// `instance_memory`: what one instance may hold, in bytes.
    Instance(u64),
    /// `memory`: what all instances of the replica may hold together, in bytes.
    Replica(u64),
}

impl InstanceMemory {
    pub(crate) fn new(
        replica: Arc<ReplicaMemory>,
        limit_bytes: Option<u64>,
        reservation: Reservation,
    ) -> Self {
        Self {
            replica,
            limit_bytes,
            held: reservation.0,
            used_bytes: 0,
            refused: None,
        }
    }

    /// The limit that was reached last, if any was.
    pub(crate) fn refused(&self) -> Option<MemoryLimit> {
        self.refused
    }

    /// Forgets the limit that was reached: what fails from now on has another cause.
    pub(crate) fn forget_refusal(&mut self) {
        self.refused = None;
    }

    /// What the instance holds, in bytes.
    pub(crate) fn used_bytes(&self) -> u64 {
        self.used_bytes
    }

    /// Accounts for growth by `more_bytes`; says whether it may happen.
    fn grow(&mut self, more_bytes: u64) -> bool {
        let wanted = self.used_bytes.saturating_add(more_bytes);
        if let Some(limit) = self.limit_bytes
            && wanted > limit
        {
            self.refused = Some(MemoryLimit::Instance(limit));
            return false;
        }
        let held = self.held.as_ref().map_or(0, Pages::count);
        let missing = wanted.div_ceil(PAGE_BYTES).saturating_sub(held);
        if missing > 0 {
            let Some(more) = self.replica.try_reserve(missing) else {
                self.refused = self.replica.limit_bytes.map(MemoryLimit::Replica);
                return false;
            };
            match &mut self.held {
                Some(held) => held.merge(more),
                held @ None => *held = Some(more),
            }
        }
        self.used_bytes = wanted;
        true
    }
}

impl ResourceLimiter for InstanceMemory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        Ok(self.grow(desired.saturating_sub(current) as u64))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        Ok(self.grow(desired.saturating_sub(current) as u64 * TABLE_ELEMENT_BYTES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(replica: &Arc<ReplicaMemory>, limit: Option<u64>) -> InstanceMemory {
        InstanceMemory::new(replica.clone(), limit, Reservation::none())
    }

    #[tokio::test]
    async fn an_instance_stops_at_its_own_limit_and_names_it() {
        let replica = ReplicaMemory::new(None);
        let mut memory = instance(&replica, Some(4 * PAGE_BYTES));
        assert!(memory.grow(4 * PAGE_BYTES));
        assert!(!memory.grow(1));
        assert_eq!(
            memory.refused(),
            Some(MemoryLimit::Instance(4 * PAGE_BYTES))
        );
        assert_eq!(memory.used_bytes(), 4 * PAGE_BYTES);
    }

    #[tokio::test]
    async fn instances_share_the_replicas_memory_and_give_it_back() {
        let replica = ReplicaMemory::new(Some(4 * PAGE_BYTES));
        let mut first = instance(&replica, None);
        let mut second = instance(&replica, None);
        assert!(first.grow(3 * PAGE_BYTES));
        assert!(!second.grow(2 * PAGE_BYTES));
        assert_eq!(second.refused(), Some(MemoryLimit::Replica(4 * PAGE_BYTES)));
        drop(first);
        assert!(second.grow(2 * PAGE_BYTES));
        assert_eq!(replica.peak_bytes(), 3 * PAGE_BYTES);
    }

    #[tokio::test]
    async fn small_growth_of_many_tables_is_counted_by_the_page_once() {
        let replica = ReplicaMemory::new(Some(PAGE_BYTES));
        let mut memory = instance(&replica, None);
        for _ in 0..16 {
            assert!(memory.grow(PAGE_BYTES / 16));
        }
        assert!(!memory.grow(1));
    }

    #[tokio::test]
    async fn whoever_waits_for_room_leaves_the_rest_to_those_under_way() {
        let replica = ReplicaMemory::new(Some(4 * PAGE_BYTES));
        let mut first = instance(&replica, None);
        assert!(first.grow(2 * PAGE_BYTES));
        let waiting = tokio::spawn({
            let replica = replica.clone();
            async move { replica.reserve(4 * PAGE_BYTES).await.is_some() }
        });
        tokio::task::yield_now().await;
        assert!(first.grow(2 * PAGE_BYTES));
        drop(first);
        assert!(waiting.await.expect("it does not panic"));
    }

    #[tokio::test]
    async fn more_than_the_replica_ever_has_is_refused_at_once() {
        let replica = ReplicaMemory::new(Some(PAGE_BYTES));
        assert!(replica.reserve(PAGE_BYTES + 1).await.is_none());
    }
}
