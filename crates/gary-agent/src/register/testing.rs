//! Three keepers, and what they are asked.

use gary_promise::{
    AgentId, Asked, Ballot, BootEpoch, Configuration, ConfigurationEpoch, Entrusted, Question, Vote,
};

pub(super) fn agent(number: u8) -> AgentId {
    AgentId::from_bytes([number; 32])
}

/// The keepers that a register begins with.
pub(super) fn first() -> Configuration {
    Configuration::new(ConfigurationEpoch::FIRST, [1, 2, 3].map(agent)).expect("three")
}

pub(super) fn ballot(counter: u64, by: u8) -> Ballot {
    Ballot {
        counter,
        by: agent(by),
        epoch: BootEpoch(1),
    }
}

pub(super) fn entrusted(configuration: &Configuration, content: u8) -> Entrusted<u8> {
    Entrusted {
        configuration: configuration.clone(),
        content,
    }
}

pub(super) fn vote(configuration: &Configuration, ballot: Option<Ballot>, content: u8) -> Vote<u8> {
    Vote {
        ballot,
        entrusted: entrusted(configuration, content),
    }
}

/// Asks for a vote for this, or what was voted for.
pub(super) fn asks(
    configuration: &Configuration,
    ballot: Ballot,
    content: Option<u8>,
) -> Asked<u8> {
    let question = match content {
        Some(content) => Question::Accept(entrusted(configuration, content)),
        None => Question::Prepare,
    };
    Asked {
        configuration: configuration.clone(),
        ballot,
        question,
    }
}
