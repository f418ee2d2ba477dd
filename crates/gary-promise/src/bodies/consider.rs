//! Whose submissions an agent looks at.

use crate::{AgentId, Agents};

/// The constraint of `-consider`: whose submissions the promiser looks at, be it to host or to keep.
///
/// To look is all that is promised: it may refuse each of them. An agent that considers nothing makes
/// no such promise, and stays a member like any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consider {
    /// Whose.
    pub submitters: Submitters,
}

/// Who may submit something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submitters {
    /// Any client of the cluster that may do more than read.
    AnyClient,
    /// These agents and no other.
    Only(Agents),
}

impl Submitters {
    /// Whether `agent` is one of them. Whether it is a client that may do more than read, the
    /// caller knows.
    pub fn include(&self, agent: AgentId, is_client: bool) -> bool {
        match self {
            Self::AnyClient => is_client,
            Self::Only(agents) => agents.contains(&agent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_named_needs_to_be_nothing_else() {
        let [one, other] = [1, 2].map(|byte| AgentId::from_bytes([byte; 32]));
        let named = Submitters::Only(Agents::new([one]).expect("few"));
        assert!(named.include(one, false) && !named.include(other, true));
        assert!(Submitters::AnyClient.include(one, true));
        assert!(!Submitters::AnyClient.include(one, false));
    }
}
