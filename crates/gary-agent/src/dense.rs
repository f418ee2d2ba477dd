//! Maps that are filled once and then stay.

use std::collections::BTreeMap;

/// The same map in as little memory as it takes. One that was filled in the order of its keys has nodes that are
/// half empty, which is as much again for an agent that has just learned of ten thousand others.
pub(crate) fn dense<K: Ord, V>(map: &mut BTreeMap<K, V>) {
    *map = std::mem::take(map).into_iter().collect();
}
