//! Going through all states of a model, or until something shows.

use std::fmt::Debug;
use std::hash::Hash;
use std::time::Duration;

use stateright::{Checker, Expectation, HasDiscoveries, Model};

/// How long it may take to go through one of them.
const TAKES_MAX: Duration = Duration::from_secs(30 * 60);

/// Goes through all of it, as far as there is time. Says how many states it has, and what does not hold.
pub(crate) fn go_through<M>(model: M) -> (usize, Result<(), String>)
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync,
    M::Action: Clone + Debug + PartialEq + Send + Sync,
{
    let checker = model.checker().threads(2).timeout(TAKES_MAX);
    let checker = checker.spawn_bfs().join();
    let missed = checker.model().properties().into_iter().find(|its| {
        let is_discovered = checker.discovery(its.name).is_some();
        is_discovered == its.expectation.discovery_is_failure()
    });
    let held = match (missed, checker.is_done()) {
        (None, true) => Ok(()),
        (None, false) => Err("not all of it was gone through".to_owned()),
        (Some(missed), _) => {
            let path = checker.discovery(missed.name);
            let path = path.map(|its| its.to_string()).unwrap_or_default();
            Err(format!("it does not hold that {}\n{path}", missed.name))
        }
    };
    (checker.unique_state_count(), held)
}

/// Where a fault is looked for first: near the beginning, or far from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum First {
    Near,
    Far,
}

/// Goes through one with something at fault, until what always has to hold does not. Says after how many states that was,
/// and whether it was so.
pub(crate) fn find<M>(model: M, first: First) -> (usize, bool)
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync,
    M::Action: Clone + Debug + PartialEq + Send + Sync,
{
    let checker = model.checker().threads(2);
    let checker = checker.finish_when(HasDiscoveries::AnyFailures);
    match first {
        First::Near => found(&checker.spawn_bfs().join()),
        First::Far => found(&checker.spawn_dfs().join()),
    }
}

fn found<M: Model>(checker: &impl Checker<M>) -> (usize, bool)
where
    M::State: Clone + Debug + Hash + PartialEq,
    M::Action: Clone + Debug + PartialEq,
{
    let mut properties = checker.model().properties().into_iter();
    let is_found = properties.any(|its| {
        let is_always = matches!(its.expectation, Expectation::Always);
        is_always && checker.discovery(its.name).is_some()
    });
    (checker.unique_state_count(), is_found)
}
