//! A store in memory.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::error::CallError;
use super::limits::Limits;
use super::store::{Change, Page, Store, Versioned};

/// A store that is gone with the workload. Calls take a lock for as long as it takes to copy what
/// they move, so they are made where the guest runs and spawn nothing.
#[derive(Debug)]
pub(super) struct MemoryStore {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: BTreeMap<String, Versioned>,
    bytes: u64,
    version: u64,
}

impl MemoryStore {
    /// An empty store.
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing below panics between two changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Bytes of the store once `pairs` are written over what is there.
    fn bytes_with(&self, pairs: &BTreeMap<String, Vec<u8>>) -> u64 {
        let added: u64 = pairs
            .iter()
            .map(|(key, value)| Limits::cost(key, value))
            .sum();
        let replaced: u64 = pairs.keys().map(|key| self.cost_of(key)).sum();
        self.bytes + added - replaced
    }

    fn cost_of(&self, key: &str) -> u64 {
        let entry = self.entries.get(key);
        entry.map_or(0, |entry| Limits::cost(key, &entry.value))
    }

    /// Writes the pairs or, where they do not fit, nothing.
    fn write(
        &mut self,
        pairs: BTreeMap<String, Vec<u8>>,
        limits: &Limits,
    ) -> Result<(), CallError> {
        let bytes = self.bytes_with(&pairs);
        let limit = limits.memory_bytes_max;
        if bytes > limit && bytes > self.bytes {
            return Err(CallError::Full { limit });
        }
        self.bytes = bytes;
        self.version += 1;
        let version = self.version;
        for (key, value) in pairs {
            self.entries.insert(key, Versioned { version, value });
        }
        Ok(())
    }
}

impl Store for MemoryStore {
    fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Versioned>>, CallError> {
        let state = self.state();
        let found = keys.iter().map(|key| state.entries.get(key));
        let bytes: usize = found.clone().flatten().map(|entry| entry.value.len()).sum();
        let limit = self.limits.batch_bytes_max;
        if bytes > limit {
            return Err(CallError::BatchTooLarge { limit });
        }
        Ok(found.map(|entry| entry.cloned()).collect())
    }

    fn exists(&self, key: &str) -> Result<bool, CallError> {
        Ok(self.state().entries.contains_key(key))
    }

    fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> Result<(), CallError> {
        self.state()
            .write(pairs.into_iter().collect(), &self.limits)
    }

    fn delete_many(&self, keys: &[String]) -> Result<(), CallError> {
        let mut state = self.state();
        for key in keys {
            state.bytes -= state.cost_of(key);
            state.entries.remove(key);
        }
        Ok(())
    }

    fn keys_after(&self, after: Option<&str>) -> Result<Page, CallError> {
        let state = self.state();
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = state.entries.range::<str, _>((start, Bound::Unbounded));
        let keys = rest.by_ref().take(self.limits.page_keys_max);
        let keys = keys.map(|(key, _)| key.clone()).collect();
        let more = rest.next().is_some();
        Ok(Page { keys, more })
    }

    fn update(&self, key: &str, change: Change<'_>) -> Result<(), CallError> {
        let mut state = self.state();
        let Some(value) = change(state.entries.get(key))? else {
            return Ok(());
        };
        state.write(BTreeMap::from([(key.to_owned(), value)]), &self.limits)
    }
}
