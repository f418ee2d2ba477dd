//! The engines of this process: one for each way of calling a component, made when first wanted.
//!
//! A component of 0.2 runs faster in an engine that knows nothing of the component model's async
//! (decision record 0005), and one of 0.3 cannot do without.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::engine::{Allocation, Calls, Engine, EngineError};

/// The engines that every component of this process is compiled and run by.
pub struct Engines {
    allocation: Allocation,
    made: Mutex<BTreeMap<Calls, Engine>>,
}

impl Engines {
    /// Engines with a pool of instances, where the address space allows one.
    pub fn pooling() -> Self {
        Self::new(Allocation::Pooling)
    }

    /// Engines without a pool, which one command is over sooner than it would take to reserve. Both
    /// compile the same code.
    pub fn on_demand() -> Self {
        Self::new(Allocation::OnDemand)
    }

    fn new(allocation: Allocation) -> Self {
        Self {
            allocation,
            made: Mutex::default(),
        }
    }

    /// The engine for components that are called like this.
    pub(crate) fn get(&self, calls: Calls) -> Result<Engine, EngineError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = made.get(&calls) {
            return Ok(engine.clone());
        }
        let engine = Engine::new(calls, self.allocation)?;
        made.insert(calls, engine.clone());
        Ok(engine)
    }
}
