//! What has happened on a node, as far as it is remembered, and whoever wants to hear of what comes.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use gary_agent::{Agent, Fact, Write};
use gary_wire::WireCodec;
use tokio::sync::broadcast;

use crate::api::{self, EventShown};
use crate::clock::Clock;

/// The most events that are remembered. Beyond, the first is forgotten.
const EVENTS_MAX: usize = 1_024;

/// What has happened on a node.
pub(crate) struct Chronicle {
    node: String,
    past: Mutex<VecDeque<EventShown>>,
    coming: broadcast::Sender<EventShown>,
}

impl Chronicle {
    /// That of the node of this name.
    pub(crate) fn of(node: &str) -> Self {
        Self {
            node: node.to_owned(),
            past: Mutex::default(),
            coming: broadcast::channel(EVENTS_MAX).0,
        }
    }

    /// Something has happened to a workload or a node.
    pub(crate) fn add(&self, of: impl Into<String>, what: impl Into<String>) {
        let event = EventShown {
            at_ms: Clock::wall().0,
            node: self.node.clone(),
            of: of.into(),
            what: what.into(),
        };
        tracing::info!(of = %event.of, "{}", event.what);
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        if past.len() >= EVENTS_MAX {
            past.pop_front();
        }
        past.push_back(event.clone());
        // As a rule nobody listens.
        let _ = self.coming.send(event);
    }

    /// Tells of what an agent has come to judge otherwise than before.
    pub(crate) fn tell_of(&self, write: &Write, agent: &Agent<WireCodec>) {
        let judged = write.facts.iter().filter_map(|fact| match fact {
            Fact::Assessed(judged) => Some(judged),
            _ => None,
        });
        for judged in judged {
            let (of, what) = api::judged(agent, judged);
            self.add(of, what);
        }
    }

    /// What has happened, and what comes after that.
    pub(crate) fn look(&self) -> (Vec<EventShown>, broadcast::Receiver<EventShown>) {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        (past.iter().cloned().collect(), self.coming.subscribe())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_so_much_is_remembered_and_what_comes_is_heard_once() {
        let chronicle = Chronicle::of("n1");
        for number in 0..EVENTS_MAX + 3 {
            chronicle.add("web", number.to_string());
        }
        let (past, mut coming) = chronicle.look();
        assert_eq!((past.len(), past[0].what.as_str()), (EVENTS_MAX, "3"));
        chronicle.add("web", "next");
        assert_eq!(coming.recv().await.expect("it comes").what, "next");
        assert!(coming.try_recv().is_err());
    }
}
