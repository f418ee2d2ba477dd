//! A few keepers of one register, and everything that can happen to them.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use gary_promise::{Configuration, ConfigurationEpoch, Entrusted};
use stateright::{Model, Property};

use super::Fault;
use super::node::{History, Node, Outcome, Said, Wish, agent};

/// The property that has to hold in every state.
const ONE_HISTORY: &str = "what was chosen is one history";

/// What a model has, and how much of it.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    /// How many keepers the register begins with.
    pub(crate) keepers: u8,
    /// What each node wants, by its number; those beyond the keepers may become some.
    pub(crate) wishes: Vec<Vec<Wish>>,
    /// How many attempts each may make.
    pub(crate) attempts: u8,
    /// How often any of them starts again, in all.
    pub(crate) restarts: u8,
    /// What all of them do wrong.
    pub(crate) fault: Option<Fault>,
}

/// One state of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    nodes: Vec<Arc<Node>>,
    /// All that was ever said. It may be heard at any time, again and again, or never.
    said: BTreeSet<Arc<Said>>,
    /// All that somebody has seen to be chosen.
    chosen: BTreeSet<Entrusted<History>>,
    restarts_left: u8,
}

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A node begins an attempt.
    Begin(u8),
    /// Something is heard.
    Hear(Arc<Said>),
    /// A node starts again.
    Restart(u8),
}

impl Cluster {
    fn first(&self) -> Configuration {
        let keepers = (0..self.keepers).map(agent);
        Configuration::new(ConfigurationEpoch::FIRST, keepers).expect("there are a few")
    }

    /// The same with every keeper at fault.
    pub(crate) fn with(self, fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..self
        }
    }
}

impl State {
    fn node(&mut self, number: u8) -> &mut Node {
        Arc::make_mut(&mut self.nodes[usize::from(number)])
    }

    fn take(&mut self, done: Outcome) {
        self.said.extend(done.said.into_iter().map(Arc::new));
        self.chosen.extend(done.chosen);
    }

    /// Whether what was chosen later always begins with what was chosen before, and keepers do not change back.
    fn is_one_history(&self) -> bool {
        let follows = |earlier: &Entrusted<History>, later: &Entrusted<History>| {
            later.content.starts_with(&earlier.content)
        };
        let agree = |one: &Entrusted<History>, other: &Entrusted<History>| {
            let epochs = [one, other].map(|its| its.configuration.epoch());
            match epochs[0].cmp(&epochs[1]) {
                Ordering::Less => follows(one, other),
                Ordering::Greater => follows(other, one),
                Ordering::Equal => {
                    one.configuration == other.configuration
                        && (follows(one, other) || follows(other, one))
                }
            }
        };
        let chosen = &self.chosen;
        chosen
            .iter()
            .all(|one| chosen.iter().all(|other| agree(one, other)))
    }

    fn is_all_written(&self) -> bool {
        let mut nodes = self.nodes.iter();
        nodes.all(|its| its.register.changes().is_empty())
    }
}

impl Model for Cluster {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let nodes = self.wishes.iter().enumerate();
        let nodes = nodes.map(|(index, wishes)| {
            let number = u8::try_from(index).expect("there are a few");
            Arc::new(Node::new(number, wishes, self.attempts))
        });
        vec![State {
            nodes: nodes.collect(),
            said: BTreeSet::new(),
            chosen: BTreeSet::new(),
            restarts_left: self.restarts,
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        let first = self.first();
        for (number, node) in (0..).zip(&state.nodes) {
            if node.may_begin(&first) {
                steps.push(Step::Begin(number));
            }
            if state.restarts_left > 0 && node.has_anything_to_lose() {
                steps.push(Step::Restart(number));
            }
        }
        steps.extend(state.said.iter().cloned().map(Step::Hear));
    }

    fn next_state(&self, before: &State, step: Step) -> Option<State> {
        let mut state = before.clone();
        match step {
            Step::Begin(number) => {
                let done = state.node(number).begin(&self.first(), self.fault);
                state.take(done);
            }
            Step::Hear(said) => {
                let Said { from, to, what } = said.as_ref().clone();
                let done = state.node(to).hear(from, what, self.fault);
                state.take(done);
            }
            Step::Restart(number) => {
                state.restarts_left -= 1;
                state.node(number).restart(self.fault);
            }
        }
        (state != *before).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ONE_HISTORY, |_, state: &State| state.is_one_history()),
            Property::sometimes("everything wanted is done", |_, state: &State| {
                state.is_all_written()
            }),
        ]
    }
}
