//! Hints that travel with packets.

use std::collections::BTreeMap;

use gary_promise::{AgentId, Codec, Hint, Version};

use super::identity::Who;
use crate::dense::dense;

/// The newest hint heard of each agent.
///
/// It holds no more agents than are known: a hint of any other is not taken.
#[derive(Debug, Default)]
pub(super) struct Hints {
    newest: BTreeMap<AgentId, Version>,
}

impl Hints {
    /// Whether a hint says more than what was heard before.
    pub(super) fn is_new(&self, hint: &Hint) -> bool {
        self.newest
            .get(&hint.agent)
            .is_none_or(|newest| *newest < hint.version)
    }

    /// Takes a hint. Returns whether it is new.
    pub(super) fn hear(&mut self, hint: &Hint) -> bool {
        let new = self.is_new(hint);
        if new {
            self.newest.insert(hint.agent, hint.version);
        }
        new
    }

    /// Takes as little memory as it can.
    pub(super) fn pack(&mut self) {
        dense(&mut self.newest);
    }

    /// Forgets an agent.
    pub(super) fn forget(&mut self, agent: &AgentId) {
        self.newest.remove(agent);
    }
}

/// Tells foca which of the hints that it passes on make others needless.
#[derive(Debug)]
pub(super) struct Relay<C> {
    codec: C,
}

impl<C> Relay<C> {
    pub(super) const fn new(codec: C) -> Self {
        Self { codec }
    }
}

/// A hint, for foca to compare.
#[derive(Debug)]
pub(super) struct Relayed(Hint);

impl foca::Invalidates for Relayed {
    fn invalidates(&self, other: &Self) -> bool {
        self.0.agent == other.0.agent && self.0.version >= other.0.version
    }
}

impl<C: Codec<Hint>> foca::BroadcastHandler<Who> for Relay<C> {
    type Key = Relayed;
    type Error = C::Error;

    /// Passes everything on: what is not new never gets here.
    fn receive_item(
        &mut self,
        data: &[u8],
        _sender: Option<&Who>,
    ) -> Result<Option<Relayed>, C::Error> {
        self.codec.unpack(data).map(|hint| Some(Relayed(hint)))
    }
}

#[cfg(test)]
mod tests {
    use foca::Invalidates as _;
    use gary_promise::BootEpoch;

    use super::*;

    fn hint(agent: u8, epoch: u64) -> Hint {
        Hint {
            agent: AgentId::from_bytes([agent; 32]),
            version: Version::first(BootEpoch(epoch)),
        }
    }

    #[test]
    fn only_the_newest_of_an_agent_counts() {
        let mut hints = Hints::default();
        assert!(hints.hear(&hint(1, 2)));
        assert!(!hints.hear(&hint(1, 2)));
        assert!(!hints.hear(&hint(1, 1)));
        assert!(hints.hear(&hint(1, 3)));
        assert!(hints.hear(&hint(2, 1)));
    }

    #[test]
    fn newer_makes_older_needless() {
        assert!(Relayed(hint(1, 3)).invalidates(&Relayed(hint(1, 2))));
        assert!(!Relayed(hint(1, 2)).invalidates(&Relayed(hint(1, 3))));
        assert!(!Relayed(hint(1, 3)).invalidates(&Relayed(hint(2, 2))));
    }
}
