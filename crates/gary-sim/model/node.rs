//! One keeper in a model: its register, and what its disk has of that.

use std::collections::VecDeque;

use gary_agent::register::{Change, Done, Register, Votes};
use gary_promise::{
    AgentId, Asked, BootEpoch, Configuration, Consultation, Entrusted, Question, Vote,
};

use super::Fault;

/// What was written, in this order. What was chosen later begins with what was chosen before.
pub(super) type History = Vec<u8>;

/// What somebody wants of the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Wish {
    /// To write this, once.
    Write(u8),
    /// One keeper more: the node of this number.
    Add(u8),
    /// One keeper fewer.
    Remove(u8),
}

/// What one says to another, by their numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Said {
    pub(super) from: u8,
    pub(super) to: u8,
    pub(super) what: Consultation<History>,
}

/// One keeper, or one who may become one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Node {
    number: u8,
    pub(super) register: Register<History, Wish>,
    /// What its disk still has, or has not, where that is not what it should be.
    stored: Option<Option<Votes<History>>>,
    epoch: u64,
    pub(super) attempts_left: u8,
}

/// What a node does at once: what it says, and what it has seen to be chosen.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) said: Vec<Said>,
    pub(super) chosen: Vec<Entrusted<History>>,
}

pub(super) fn agent(number: u8) -> AgentId {
    AgentId::from_bytes([number; 32])
}

fn number(agent: &AgentId) -> u8 {
    agent.as_bytes()[0]
}

impl Change<History> for Wish {
    type Verdict = ();

    fn verdict(&self, held: Option<&Entrusted<History>>) -> Option<()> {
        let held = held?;
        let is_so = match self {
            Self::Write(what) => held.content.contains(what),
            Self::Add(which) => held.configuration.has(&agent(*which)),
            Self::Remove(which) => !held.configuration.has(&agent(*which)),
        };
        is_so.then_some(())
    }

    fn follow(
        &self,
        held: Option<&Entrusted<History>>,
        configuration: &Configuration,
    ) -> Entrusted<History> {
        let mut next = held.cloned().unwrap_or_else(|| Entrusted {
            configuration: configuration.clone(),
            content: History::new(),
        });
        let now = &next.configuration;
        let changed = match self {
            Self::Write(what) => {
                next.content.push(*what);
                return next;
            }
            Self::Add(which) => now.with(agent(*which)),
            Self::Remove(which) => now.without(agent(*which)),
        };
        next.configuration = changed.expect("it is not so yet, and there is room");
        next
    }
}

impl Node {
    pub(super) fn new(number: u8, wishes: &[Wish], attempts: u8) -> Self {
        let mut register = Register::new(agent(number), BootEpoch(1), None);
        for wish in wishes {
            register.want(*wish);
        }
        Self {
            number,
            register,
            stored: None,
            epoch: 1,
            attempts_left: attempts,
        }
    }

    /// Whether it could begin an attempt now, and give up any that it has under way.
    pub(super) fn may_begin(&self, first: &Configuration) -> bool {
        let votes = self.register.votes();
        let wants = !self.register.changes().is_empty();
        let keepers = votes.map_or(first, Votes::configuration);
        wants && self.attempts_left > 0 && keepers.has(&agent(self.number))
    }

    pub(super) fn begin(&mut self, first: &Configuration, fault: Option<Fault>) -> Outcome {
        self.attempts_left -= 1;
        if fault == Some(Fault::ForgetsItsAttempts) {
            self.stored = Some(self.register.votes().cloned());
        }
        let mut done = Done::default();
        self.register.begin(first, &mut done);
        self.outcome(done, fault)
    }

    pub(super) fn hear(
        &mut self,
        from: u8,
        what: Consultation<History>,
        fault: Option<Fault>,
    ) -> Outcome {
        if fault == Some(Fault::AnswersBeforeDurable) {
            self.stored = Some(self.register.votes().cloned());
        }
        let mut done = Done::default();
        self.register.hear(agent(from), what, &mut done);
        let forgets = fault == Some(Fault::ForgetsWhenRemoved);
        let is_removed = |votes: &Votes<History>| !votes.configuration().has(&agent(self.number));
        if forgets && self.register.votes().is_some_and(is_removed) {
            self.start_with(None, self.register.changes().clone());
        }
        self.outcome(done, fault)
    }

    fn outcome(&self, done: Done<History, Wish>, fault: Option<Fault>) -> Outcome {
        let mut said: Vec<(AgentId, Consultation<History>)> = done.said;
        if fault == Some(Fault::SkipsOverlap) {
            let early: Vec<_> = said
                .iter()
                .filter_map(|(_, what)| early(what))
                .flatten()
                .collect();
            said.extend(early);
        }
        let said = said.into_iter().map(|(to, what)| Said {
            from: self.number,
            to: number(&to),
            what,
        });
        Outcome {
            said: said.collect(),
            chosen: done.chosen.into_iter().map(|its| its.entrusted).collect(),
        }
    }

    /// Loses all but its disk. Those who want something of it ask once more, and who was first is last.
    pub(super) fn restart(&mut self, fault: Option<Fault>) {
        if fault != Some(Fault::ForgetsItsAttempts) {
            self.epoch += 1;
        }
        let votes = self
            .stored
            .take()
            .unwrap_or_else(|| self.register.votes().cloned());
        let mut wishes = self.register.changes().clone();
        wishes.rotate_left(usize::from(!wishes.is_empty()));
        self.start_with(votes, wishes);
    }

    fn start_with(&mut self, votes: Option<Votes<History>>, wishes: VecDeque<Wish>) {
        self.register = Register::new(agent(self.number), BootEpoch(self.epoch), votes);
        for wish in wishes {
            self.register.want(wish);
        }
    }

    /// Whether anything would be lost if it started again.
    pub(super) const fn has_anything_to_lose(&self) -> bool {
        self.register.is_trying() || self.stored.is_some()
    }
}

/// Who is told that other keepers vote before that is chosen, and what.
fn early(
    what: &Consultation<History>,
) -> Option<impl Iterator<Item = (AgentId, Consultation<History>)>> {
    let Consultation::Asked(Asked {
        configuration,
        question: Question::Accept(entrusted),
        ..
    }) = what
    else {
        return None;
    };
    if entrusted.configuration == *configuration {
        return None;
    }
    let begins = Vote {
        ballot: None,
        entrusted: entrusted.clone(),
    };
    let keepers: Vec<AgentId> = entrusted.configuration.keepers().to_vec();
    Some(
        keepers
            .into_iter()
            .map(move |to| (to, Consultation::Chosen(begins.clone()))),
    )
}
