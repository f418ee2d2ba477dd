//! Why a host may have ended a hosting.

use std::collections::BTreeSet;

use gary_agent::HostReport;
use gary_promise::{AgentId, Frame, PromiseId};

use super::Book;

/// What was seen that a host may end a hosting for: a keeper's word, or that it fails. Anything else, its
/// own machine's mood among it, is none.
#[derive(Debug, Default)]
pub(super) struct Causes {
    /// The offers that may be ended.
    offers: BTreeSet<PromiseId>,
    /// Those of them that their agent's own person wants ended.
    by_person: BTreeSet<PromiseId>,
}

impl Causes {
    /// A keeper has said something that ends it, be it the agent itself.
    pub(super) fn by_keeper(&mut self, offer: PromiseId) {
        self.offers.insert(offer);
    }

    /// The agent's own person wants it to.
    pub(super) fn by_person(&mut self, offer: PromiseId) {
        self.offers.insert(offer);
        self.by_person.insert(offer);
    }

    pub(super) fn report(&mut self, report: HostReport) {
        if let HostReport::Failed { offer } = report {
            self.offers.insert(offer);
        }
    }

    /// Whether there is any.
    pub(super) fn has(&self, offer: &PromiseId) -> bool {
        self.offers.contains(offer)
    }

    /// Whether its agent's own person wants it to.
    pub(super) fn is_by_person(&self, offer: &PromiseId) -> bool {
        self.by_person.contains(offer)
    }
}

impl Book {
    /// Why an agent that hears this may end one of its hostings.
    pub(super) fn causes_of(&mut self, from: AgentId, to: AgentId, frame: &Frame) {
        match frame {
            Frame::Told(_) => {
                for (id, _) in &self.taken_back {
                    if let Some(acceptance) = self.acceptances.get(id)
                        && acceptance.accept.offer.promiser == to
                    {
                        self.causes.by_keeper(acceptance.accept.offer);
                    }
                }
            }
            Frame::Dismissal(dismissal) => {
                for version in dismissal.offers.iter() {
                    let offer = PromiseId {
                        promiser: to,
                        version: *version,
                    };
                    if self.made_to(&offer) == Some(from) {
                        self.causes.by_keeper(offer);
                    }
                }
            }
            Frame::Invitation(invitation) => {
                for id in &self.made {
                    let Some(workload) = self.promises.get(id).and_then(|its| its.workload())
                    else {
                        continue;
                    };
                    let generation = self.intent(id).map(|its| its.lineage.generation());
                    let outdated: Vec<PromiseId> = self
                        .standing_of(to)
                        .filter(|(_, its)| {
                            its.host.workload == workload
                                && invitation.slots.contains(&its.host.slot)
                                && Some(its.host.generation) < generation
                                && self
                                    .lets_update(workload, its.host.generation, id.promiser)
                                    .any(|lets| lets)
                        })
                        .map(|(id, _)| *id)
                        .collect();
                    for offer in outdated {
                        self.causes.by_keeper(offer);
                    }
                }
            }
            _ => {}
        }
    }
}
