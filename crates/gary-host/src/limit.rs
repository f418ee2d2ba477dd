//! The memory of an instance: counted where it grows, and held to its limit and its replica's.

use std::sync::Arc;

use wasmtime::ResourceLimiter;

use crate::memory::{PAGE_BYTES, Pages, ReplicaMemory, Reservation};

/// What an element of a table costs the host.
const TABLE_ELEMENT_BYTES: u64 = 8;

/// Counts the memory of one instance.
pub(crate) struct InstanceMemory {
    replica: Arc<ReplicaMemory>,
    limit_bytes: Option<u64>,
    held: Option<Pages>,
    used_bytes: u64,
    /// The growth that was allowed last. Whether it came about is only told when it did not.
    allowed: Growth,
    refused: Option<MemoryLimit>,
}

/// What an instance was allowed to grow by.
#[derive(Default)]
struct Growth {
    bytes: u64,
    /// Pages taken from the replica for it.
    pages: u64,
}

/// The limit that an instance ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryLimit {
    /// `instance_memory`: what one instance may hold, in bytes.
    Instance(u64),
    /// `memory`: what all instances of the replica may hold together, in bytes. One alone wanted
    /// more than that.
    Replica(u64),
    /// Likewise, but it is other instances that held the rest.
    Crowded(u64),
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
            allowed: Growth::default(),
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
            let Some(more) = self.replica.reserve_or_reclaim(missing) else {
                let fits = self.replica.could_hold(wanted);
                self.refused = self.replica.limit_bytes.map(|limit| match fits {
                    true => MemoryLimit::Crowded(limit),
                    false => MemoryLimit::Replica(limit),
                });
                return false;
            };
            match &mut self.held {
                Some(held) => held.merge(more),
                held @ None => *held = Some(more),
            }
        }
        self.used_bytes = wanted;
        self.allowed = Growth {
            bytes: more_bytes,
            pages: missing,
        };
        true
    }

    /// Takes the growth that was allowed last out of the account: the system had no memory for it.
    fn undo_growth(&mut self) {
        let Growth { bytes, pages } = std::mem::take(&mut self.allowed);
        self.used_bytes = self.used_bytes.saturating_sub(bytes);
        if let Some(held) = &mut self.held
            && pages > 0
        {
            held.give_back_unused(pages);
        }
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

    /// Wasmtime calls this right after it has asked for that growth and was allowed it, and never
    /// when it was refused. (It does call it without having asked for memories of one-byte pages,
    /// which the engine does not take.)
    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.undo_growth();
        Ok(())
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
        let more_elements = desired.saturating_sub(current) as u64;
        Ok(self.grow(more_elements.saturating_mul(TABLE_ELEMENT_BYTES)))
    }

    /// Nothing to undo: wasmtime calls this for a size past what can be counted, before it asks, and
    /// for one past the table's maximum, which was refused above. A table that the system has no
    /// memory for traps instead, and the account goes with the instance.
    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::engine::{Allocation, Calls, Engine};

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
        assert_eq!(second.refused(), Some(MemoryLimit::Crowded(4 * PAGE_BYTES)));
        assert!(!second.grow(5 * PAGE_BYTES));
        assert_eq!(second.refused(), Some(MemoryLimit::Replica(4 * PAGE_BYTES)));
        drop(first);
        assert!(second.grow(2 * PAGE_BYTES));
        assert_eq!(replica.peak_bytes(), 3 * PAGE_BYTES);
    }

    #[tokio::test]
    async fn who_holds_memory_idly_is_asked_for_it_before_growth_is_refused() {
        let replica = ReplicaMemory::new(Some(4 * PAGE_BYTES));
        let mut idle = instance(&replica, None);
        assert!(idle.grow(3 * PAGE_BYTES));
        let idle = Mutex::new(Some(idle));
        replica.reclaim_by(move || idle.lock().expect("nobody panics").take().is_some());
        let mut at_work = instance(&replica, None);
        assert!(at_work.grow(4 * PAGE_BYTES));
        assert!(!at_work.grow(PAGE_BYTES));
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

    #[tokio::test]
    async fn all_of_a_limit_is_its_whole_pages() {
        let limit = 2 * PAGE_BYTES + 1;
        let replica = ReplicaMemory::new(Some(limit));
        assert!(replica.reserve(limit + 1).await.is_none());
        let all = replica.reserve(limit).await.expect("it is all there is");
        assert!(!replica.has_room(1));
        let mut memory = InstanceMemory::new(replica.clone(), None, all);
        assert!(memory.grow(2 * PAGE_BYTES));
        assert!(!memory.grow(1));
        assert_eq!(memory.refused(), Some(MemoryLimit::Replica(limit)));
    }

    #[tokio::test]
    async fn growth_that_failed_was_never_used() {
        let replica = ReplicaMemory::new(Some(4 * PAGE_BYTES));
        let room = replica.reserve_now(PAGE_BYTES).expect("it is free");
        let mut memory = InstanceMemory::new(replica.clone(), None, room);
        assert!(memory.grow(PAGE_BYTES / 2));
        assert!(memory.grow(3 * PAGE_BYTES));
        memory.undo_growth();
        assert_eq!(memory.used_bytes(), PAGE_BYTES / 2);
        assert_eq!(replica.peak_bytes(), PAGE_BYTES);
        assert!(replica.has_room(3 * PAGE_BYTES));
        // What failed once is not undone twice.
        memory.undo_growth();
        assert_eq!(memory.used_bytes(), PAGE_BYTES / 2);
        drop(memory);
        assert!(replica.has_room(4 * PAGE_BYTES));
    }

    #[tokio::test]
    async fn whoever_waits_hears_of_growth_that_failed() {
        let replica = ReplicaMemory::new(Some(2 * PAGE_BYTES));
        let mut memory = instance(&replica, None);
        assert!(memory.grow(2 * PAGE_BYTES));
        let waiting = tokio::spawn({
            let replica = replica.clone();
            async move { replica.reserve(PAGE_BYTES).await.is_some() }
        });
        tokio::task::yield_now().await;
        memory.undo_growth();
        assert!(waiting.await.expect("it does not panic"));
    }

    #[test]
    fn a_table_larger_than_can_be_counted_is_refused() {
        let replica = ReplicaMemory::new(None);
        let mut memory = instance(&replica, Some(PAGE_BYTES));
        let grown = memory.table_growing(0, 1 << 61, None);
        assert!(matches!(grown, Ok(false)), "{grown:?}");
        assert_eq!(memory.refused(), Some(MemoryLimit::Instance(PAGE_BYTES)));
    }

    fn module(engine: &Engine, text: &str) -> wasmtime::Result<wasmtime::Module> {
        let bytes = wat::parse_str(text).expect("it is well formed");
        wasmtime::Module::new(engine.wasmtime(), bytes)
    }

    /// Grows a core module's memory by so many pages, and says what the guest was told and what is
    /// counted then.
    async fn grow(text: &str, pages: u64) -> (i64, u64, u64) {
        let engine =
            Engine::new(Calls::Plain, Allocation::OnDemand).expect("this machine runs wasm");
        let replica = ReplicaMemory::new(None);
        let memory = instance(&replica, None);
        let mut store = wasmtime::Store::new(engine.wasmtime(), memory);
        store.limiter(|memory| memory);
        crate::meter::slice(&mut store, None);
        let module = module(&engine, text).expect("it is valid");
        let instance = wasmtime::Instance::new_async(&mut store, &module, &[])
            .await
            .expect("it imports nothing");
        let grow = instance
            .get_typed_func::<i64, i64>(&mut store, "grow")
            .expect("it is exported");
        let told = grow.call_async(&mut store, pages.cast_signed()).await;
        (
            told.expect("it does not trap"),
            store.data().used_bytes(),
            replica.peak_bytes(),
        )
    }

    #[tokio::test]
    async fn what_the_system_has_no_memory_for_is_not_counted() {
        let text = r#"(module (memory i64 1)
            (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0))))"#;
        assert_eq!(grow(text, 2).await, (1, 3 * PAGE_BYTES, 3 * PAGE_BYTES));
        // More than any processor addresses.
        assert_eq!(grow(text, 1 << 31).await, (-1, PAGE_BYTES, PAGE_BYTES));
    }

    #[test]
    fn the_engine_takes_no_memory_of_one_byte_pages() {
        let engine =
            Engine::new(Calls::Plain, Allocation::OnDemand).expect("this machine runs wasm");
        let refused = module(&engine, "(module (memory 1 1 (pagesize 1)))");
        let why = format!("{:#}", refused.expect_err("nobody has switched it on"));
        assert!(why.contains("custom page sizes"), "{why}");
    }
}
