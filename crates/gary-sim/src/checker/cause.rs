//! Why a host may have ended a hosting.

use std::collections::BTreeMap;

use gary_agent::HostReport;
use gary_promise::PromiseId;

/// What was seen that a host may end a hosting for: a keeper's word, or that it fails. Anything else, its
/// own machine's mood among it, is none.
#[derive(Debug, Default)]
pub(super) struct Causes {
    /// By the offer that is ended.
    by_offer: BTreeMap<PromiseId, &'static str>,
}

impl Causes {
    /// A keeper has said something that ends it.
    pub(super) fn by_keeper(&mut self, offer: PromiseId) {
        self.by_offer.insert(offer, "the word of its keeper");
    }

    /// The agent's own person wants it to.
    pub(super) fn by_person(&mut self, offer: PromiseId) {
        self.by_offer.insert(offer, "the word of its person");
    }

    /// The agent keeps what it hosts, and has said so to itself.
    pub(super) fn by_itself(&mut self, offer: PromiseId) {
        self.by_offer.insert(offer, "its own word as a keeper");
    }

    pub(super) fn report(&mut self, report: HostReport) {
        if let HostReport::Failed { offer } = report {
            self.by_offer.insert(offer, "its failing");
        }
    }

    /// Whether there is any.
    pub(super) fn has(&self, offer: &PromiseId) -> bool {
        self.by_offer.contains_key(offer)
    }
}
