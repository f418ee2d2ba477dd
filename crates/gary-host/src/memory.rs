//! The memory of a replica: what its instances may hold together, counted as they take it.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// The unit memory is accounted in: a page of linear memory.
pub(crate) const PAGE_BYTES: u64 = 64 << 10;

/// The memory that one replica may hold over all its instances.
pub(crate) struct ReplicaMemory {
    pub(crate) limit_bytes: Option<u64>,
    /// One permit a page; without a limit, more than any machine has.
    pages: Arc<Semaphore>,
    pages_max: usize,
    /// Told whenever pages come back.
    freed: Notify,
    peak_pages: AtomicU64,
    /// Frees some of what is held without need, and says whether there was any.
    reclaim: OnceLock<Box<dyn Fn() -> bool + Send + Sync>>,
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
            reclaim: OnceLock::new(),
        })
    }

    /// Waits until `bytes` are free and holds them.
    ///
    /// Returns `None` at once when the replica could never hold so much.
    pub(crate) async fn reserve(self: &Arc<Self>, bytes: u64) -> Option<Reservation> {
        self.pages_for(bytes)?;
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
        self.try_reserve(self.pages_for(bytes)?)
            .map(|pages| Reservation(Some(pages)))
    }

    /// Whether `bytes` are free right now.
    pub(crate) fn has_room(&self, bytes: u64) -> bool {
        self.pages_for(bytes)
            .is_some_and(|pages| self.pages.available_permits() as u64 >= pages)
    }

    /// Whether an instance that has the replica's memory to itself could hold so many bytes.
    pub(crate) fn could_hold(&self, bytes: u64) -> bool {
        bytes.div_ceil(PAGE_BYTES) <= self.pages_max as u64
    }

    /// Pages that hold `bytes`; `None` for more than the replica may ever have.
    ///
    /// A limit need not be a whole number of pages. What is left of it past the last whole page is
    /// never given out, so to ask for all of the limit is to ask for its whole pages.
    fn pages_for(&self, bytes: u64) -> Option<u64> {
        let pages_max = self.pages_max as u64;
        let pages = bytes.div_ceil(PAGE_BYTES);
        (pages <= pages_max || self.limit_bytes.is_some_and(|limit| bytes <= limit))
            .then_some(pages.min(pages_max))
    }

    /// Takes pages if they are free right now.
    fn try_reserve(self: &Arc<Self>, pages: u64) -> Option<Pages> {
        let permit = self
            .pages
            .clone()
            .try_acquire_many_owned(u32::try_from(pages).ok()?)
            .ok()?;
        Some(Pages {
            permit: Some(permit),
            of: self.clone(),
        })
    }

    /// Takes pages that are free, or that become free as long as something is reclaimed.
    pub(crate) fn reserve_or_reclaim(self: &Arc<Self>, pages: u64) -> Option<Pages> {
        loop {
            if let Some(pages) = self.try_reserve(pages) {
                return Some(pages);
            }
            if !(self.reclaim.get()?)() {
                return None;
            }
        }
    }

    /// Says how to free some of the memory that is held without need.
    pub(crate) fn reclaim_by(&self, reclaim: impl Fn() -> bool + Send + Sync + 'static) {
        // There is one owner of idle instances to a replica; a second would find its own.
        let _ = self.reclaim.set(Box::new(reclaim));
    }

    /// What is held only grows until pages come back, so it is looked at just before they do, and
    /// when somebody asks. Looked at as it grows, it would count growth that then failed.
    fn note_peak(&self) {
        self.peak_pages.fetch_max(self.held_pages(), Relaxed);
    }

    fn held_pages(&self) -> u64 {
        (self.pages_max - self.pages.available_permits()) as u64
    }

    /// What is held now, in bytes.
    pub(crate) fn held_bytes(&self) -> u64 {
        self.held_pages() * PAGE_BYTES
    }

    /// The most that was held at once, in bytes.
    pub(crate) fn peak_bytes(&self) -> u64 {
        self.note_peak();
        self.peak_pages.load(Relaxed) * PAGE_BYTES
    }
}

/// Pages held of a replica's memory; whoever waits for room hears when they come back.
pub(crate) struct Pages {
    permit: Option<OwnedSemaphorePermit>,
    of: Arc<ReplicaMemory>,
}

impl Pages {
    pub(crate) fn count(&self) -> u64 {
        let count = self.permit.as_ref().map(OwnedSemaphorePermit::num_permits);
        count.unwrap_or(0) as u64
    }

    pub(crate) fn merge(&mut self, mut more: Self) {
        match (&mut self.permit, more.permit.take()) {
            (Some(permit), Some(more)) => permit.merge(more),
            (permit, more) => *permit = more.or(permit.take()),
        }
    }

    /// Gives back pages that were never used, so that they do not count towards the peak.
    pub(crate) fn give_back_unused(&mut self, pages: u64) {
        let unused = self
            .permit
            .as_mut()
            .zip(usize::try_from(pages).ok())
            .and_then(|(permit, pages)| permit.split(pages));
        drop(unused);
        self.of.freed.notify_waiters();
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        if self.permit.is_none() {
            return;
        }
        self.of.note_peak();
        self.permit = None;
        self.of.freed.notify_waiters();
    }
}

/// Memory set aside for an instance that is about to start.
pub(crate) struct Reservation(pub(crate) Option<Pages>);

impl Reservation {
    /// No memory: the instance takes what it needs as it starts, if it is there.
    pub(crate) fn none() -> Self {
        Self(None)
    }
}
