//! What an owner wants to use: the intent of a deploy.

use super::{Lineage, Needs, Pace, Spec, Spread, Submitters};
use crate::{AgentId, ComponentDigest, Routes, Valency, WorkloadName};

/// The constraint of `-use`: an owner uses hostings of a component. The intent of a deploy.
///
/// Nobody else's behaviour is in it: it says what is used if it is offered, and makes nobody offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Whether it founds a workload, or which one it updates.
    pub lineage: Lineage,
    /// What the owner calls it.
    pub name: WorkloadName,
    /// What is to be hosted.
    pub component: ComponentDigest,
    /// How many hostings are used at once. None deletes the workload.
    pub valency: Valency,
    /// Whether at most one host runs it at any time, whatever becomes of the network: by a tenure that a majority of its
    /// keepers grants. Such an intent uses one hosting at most.
    pub exclusive: bool,
    /// What each hosting needs.
    pub needs: Needs,
    /// Over what hostings should be spread.
    pub spread: Spread,
    /// The host names under which it wants to be reached.
    pub routes: Routes,
    /// Who may update it besides its owner.
    pub updaters: Submitters,
    /// How a host is to run it.
    pub spec: Spec,
    /// How it takes the place of the generation before it.
    pub pace: Pace,
}

impl Use {
    /// Whether it contradicts itself: what is exclusive is hosted once at most.
    pub const fn is_contrary(&self) -> bool {
        self.exclusive && self.valency.get() > 1
    }

    /// Whether `by` may update it, whose owner is `owner`. Whether it is a client that may do more than read, the
    /// caller knows.
    pub fn lets_update(&self, owner: AgentId, by: AgentId) -> bool {
        by == owner || self.updaters.include(by, true)
    }
}
