//! A wasmtime engine, and how it gives instances their memory.

use std::sync::Arc;

use thiserror::Error;
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::ticker::Ticker;

/// Linear memories the pool reserves address space for: 4 GiB each, so about 4 TiB in all.
const POOL_MEMORIES: u32 = 1000;
/// Core instances: one component is several of them (its modules and their adapters).
const POOL_CORE_INSTANCES: u32 = 8 * POOL_MEMORIES;
/// Tables, two for most components built by wit-component.
const POOL_TABLES: u32 = 4 * POOL_MEMORIES;
/// Elements of one table; the largest language runtimes seen need about 20,000.
const POOL_TABLE_ELEMENTS: usize = 100_000;
/// Bytes of a freed memory slot that are reset by writing instead of by giving the pages back.
///
/// A guest that starts fresh for every request touches some hundred KiB. Writing them is cheaper
/// than a system call, the shoot-down on other cores and a page fault each; the price is that much
/// resident memory for every warm slot.
const POOL_KEEP_RESIDENT_BYTES: usize = 2 << 20;
/// Likewise for a table, which is small.
const POOL_KEEP_RESIDENT_TABLE_BYTES: usize = 64 << 10;
/// Freed slots kept warm, so that a burst that has passed does not hold its memory for ever.
const POOL_WARM_SLOTS: u32 = 100;

/// Memories that fit a small address space (39 bits on some boards) when each reserves 4 GiB and
/// its guards.
const ON_DEMAND_MEMORIES: u32 = 40;

/// How instances get their memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allocation {
    /// From slots reserved at start; reuse costs no system call.
    Pooling,
    /// From the system for each instance, where the address space is too small for a pool.
    OnDemand,
}

/// How the functions of a component are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Calls {
    /// To their end, one at a time, as everything up to 0.2 does.
    Plain,
    /// Many at once, with streams and futures: the component model's own async, as in 0.3.
    ///
    /// Every call of a guest or of the host is then a task that the engine keeps books on, whether
    /// the component wants that or not.
    Concurrent,
}

/// What compiles and runs the components that are called in one way.
///
/// It owns the thread that ticks the epoch, so guests are interruptible for as long as it lives.
#[derive(Clone)]
pub(crate) struct Engine {
    wasmtime: wasmtime::Engine,
    ticker: Arc<Ticker>,
    allocation: Allocation,
    calls: Calls,
}

/// The engine could not be made.
#[derive(Debug, Error)]
#[error("cannot start the WebAssembly engine on this machine")]
pub struct EngineError(#[source] wasmtime::Error);

impl Engine {
    /// Makes an engine; one without a pool where the address space is too small for it.
    ///
    /// # Errors
    /// When neither way of allocation works, as on an unsupported processor.
    pub(crate) fn new(calls: Calls, allocation: Allocation) -> Result<Self, EngineError> {
        match Self::with(calls, allocation) {
            Err(error) if allocation == Allocation::Pooling => {
                tracing::debug!(%error, "no address space for a pool, allocating on demand");
                Self::with(calls, Allocation::OnDemand)
            }
            made => made,
        }
    }

    fn with(calls: Calls, allocation: Allocation) -> Result<Self, EngineError> {
        let wasmtime = wasmtime::Engine::new(&config(calls, allocation)).map_err(EngineError)?;
        let ticker = Ticker::start(wasmtime.clone()).map_err(|error| EngineError(error.into()))?;
        Ok(Self {
            wasmtime,
            ticker: Arc::new(ticker),
            allocation,
            calls,
        })
    }

    /// How its components are called.
    pub(crate) fn calls(&self) -> Calls {
        self.calls
    }

    /// Linear memories that can live at once.
    pub(crate) fn memories_max(&self) -> u32 {
        match self.allocation {
            Allocation::Pooling => POOL_MEMORIES,
            Allocation::OnDemand => ON_DEMAND_MEMORIES,
        }
    }

    /// Tables that can live at once.
    pub(crate) fn tables_max(&self) -> u32 {
        match self.allocation {
            Allocation::Pooling => POOL_TABLES,
            Allocation::OnDemand => u32::MAX,
        }
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.wasmtime
    }

    pub(crate) fn ticker(&self) -> &Arc<Ticker> {
        &self.ticker
    }
}

fn config(calls: Calls, allocation: Allocation) -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .wasm_component_model(true)
        // A memory that threads share cannot be accounted to one instance.
        .shared_memory(false);
    match calls {
        Calls::Plain => config.concurrency_support(false),
        Calls::Concurrent => config.wasm_component_model_async(true),
    };
    config.allocation_strategy(match allocation {
        Allocation::Pooling => InstanceAllocationStrategy::Pooling(pool()),
        Allocation::OnDemand => InstanceAllocationStrategy::OnDemand,
    });
    config
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(POOL_MEMORIES)
        .total_core_instances(POOL_CORE_INSTANCES)
        .total_memories(POOL_MEMORIES)
        .total_tables(POOL_TABLES)
        .total_stacks(POOL_MEMORIES)
        .table_elements(POOL_TABLE_ELEMENTS)
        .max_unused_warm_slots(POOL_WARM_SLOTS)
        .linear_memory_keep_resident(POOL_KEEP_RESIDENT_BYTES)
        .table_keep_resident(POOL_KEEP_RESIDENT_TABLE_BYTES);
    pool
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_allocation_compile_the_same_code() {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let hash = |allocation| {
            let engine = Engine::with(Calls::Plain, allocation).expect("this machine runs wasm");
            let mut hasher = DefaultHasher::new();
            engine
                .wasmtime()
                .precompile_compatibility_hash()
                .hash(&mut hasher);
            hasher.finish()
        };
        assert_eq!(hash(Allocation::Pooling), hash(Allocation::OnDemand));
    }
}
