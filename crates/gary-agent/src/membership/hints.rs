//! Hints that travel with packets.

use std::{collections::BTreeMap, time::Duration};

use gary_promise::{AgentId, Codec, Hint, Time, Version};

use super::identity::Who;
use crate::dense::dense;

/// For how long a version that turned out not to be there is not believed again, nor any later one: longer than
/// a hint gets around, so that it does not come back by way of those who have not asked yet.
const DISPROVED_FOR: Duration = Duration::from_secs(5);

/// The newest hint heard of each agent.
///
/// A hint is not signed. One of a version that there is not would hide all later ones, so once the owner was
/// asked in vain it counts as not heard.
///
/// It holds no more agents than are known: a hint of any other is not taken.
#[derive(Debug, Default)]
pub(super) struct Hints {
    newest: BTreeMap<AgentId, Version>,
    /// From which version on hints of an agent are not believed, and until when.
    disproved: BTreeMap<AgentId, (Version, Time)>,
}

impl Hints {
    /// Whether a hint says more than what was heard before.
    pub(super) fn is_new(&self, now: Time, hint: &Hint) -> bool {
        let disproved = self.disproved.get(&hint.agent);
        let is_disproved =
            disproved.is_some_and(|(version, until)| *version <= hint.version && now < *until);
        let newest = self.newest.get(&hint.agent);
        !is_disproved && newest.is_none_or(|newest| *newest < hint.version)
    }

    /// Takes a hint. Returns whether it is new.
    pub(super) fn hear(&mut self, now: Time, hint: &Hint) -> bool {
        let new = self.is_new(now, hint);
        if new {
            self.newest.insert(hint.agent, hint.version);
        }
        new
    }

    /// An agent was asked in vain for what is newer than what is known of it.
    pub(super) fn disprove(&mut self, now: Time, agent: AgentId, known: Option<Version>) {
        let Some(heard) = self.newest.get(&agent).copied() else {
            return;
        };
        if known >= Some(heard) {
            return;
        }
        match known {
            Some(known) => self.newest.insert(agent, known),
            None => self.newest.remove(&agent),
        };
        self.disproved.retain(|_, (_, until)| *until > now);
        let until = now.after(DISPROVED_FOR);
        self.disproved.insert(agent, (heard, until));
    }

    /// Takes as little memory as it can.
    pub(super) fn pack(&mut self) {
        dense(&mut self.newest);
    }

    /// Forgets an agent.
    pub(super) fn forget(&mut self, agent: &AgentId) {
        self.newest.remove(agent);
        self.disproved.remove(agent);
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

    const NOW: Time = Time::from_us(0);

    fn hint(agent: u8, epoch: u64) -> Hint {
        Hint {
            agent: AgentId::from_bytes([agent; 32]),
            version: Version::first(BootEpoch(epoch)),
        }
    }

    #[test]
    fn only_the_newest_of_an_agent_counts() {
        let mut hints = Hints::default();
        assert!(hints.hear(NOW, &hint(1, 2)));
        assert!(!hints.hear(NOW, &hint(1, 2)));
        assert!(!hints.hear(NOW, &hint(1, 1)));
        assert!(hints.hear(NOW, &hint(1, 3)));
        assert!(hints.hear(NOW, &hint(2, 1)));
    }

    #[test]
    fn what_was_asked_for_in_vain_hides_nothing() {
        let mut hints = Hints::default();
        let agent = hint(1, 0).agent;
        let known = Some(hint(1, 2).version);
        assert!(hints.hear(NOW, &hint(1, u64::MAX)));
        assert!(!hints.hear(NOW, &hint(1, 3)));
        hints.disprove(NOW, agent, known);
        // It comes back from others for a while.
        assert!(!hints.hear(NOW, &hint(1, u64::MAX)));
        assert!(!hints.hear(NOW, &hint(1, 2)));
        assert!(hints.hear(NOW, &hint(1, 3)));
        // What was found after all is not disproved.
        hints.disprove(NOW, agent, Some(hint(1, 3).version));
        assert!(hints.hear(NOW, &hint(1, 4)));
        assert!(hints.hear(NOW.after(DISPROVED_FOR), &hint(1, u64::MAX)));
    }

    #[test]
    fn newer_makes_older_needless() {
        assert!(Relayed(hint(1, 3)).invalidates(&Relayed(hint(1, 2))));
        assert!(!Relayed(hint(1, 2)).invalidates(&Relayed(hint(1, 3))));
        assert!(!Relayed(hint(1, 3)).invalidates(&Relayed(hint(2, 2))));
    }
}
