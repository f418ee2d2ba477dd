//! Tries faults, and tells who has caught them.

use std::collections::BTreeMap;

use super::Mutation;
use crate::property::Property;
use crate::run::run_with;

/// What came of one fault.
#[derive(Debug)]
pub struct Tried {
    /// Which.
    pub mutation: Mutation,
    /// Under how many seeds it was tried.
    pub runs: u64,
    /// Which properties did not hold when first one did not, under how many seeds.
    pub caught: BTreeMap<Property, u64>,
}

impl Tried {
    /// Whether anything caught it.
    pub fn is_caught(&self) -> bool {
        !self.caught.is_empty()
    }
}

/// Tries one fault under these seeds.
pub fn try_mutation(mutation: Mutation, seeds: impl IntoIterator<Item = u64>) -> Tried {
    let mut tried = Tried {
        mutation,
        runs: 0,
        caught: BTreeMap::new(),
    };
    for seed in seeds {
        let wrong = |node| mutation.adapter(seed, node);
        tried.runs += 1;
        for property in run_with(seed, wrong, None).violated {
            *tried.caught.entry(property).or_default() += 1;
        }
    }
    tried
}

/// Tries every fault under these seeds. One that nothing catches is a failure of the checkers.
pub fn try_mutations(seeds: impl IntoIterator<Item = u64> + Clone) -> Vec<Tried> {
    let all = Mutation::ALL.into_iter();
    all.map(|mutation| try_mutation(mutation, seeds.clone()))
        .collect()
}
