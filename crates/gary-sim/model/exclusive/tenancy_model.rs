//! A few keepers and hosts, and everything that can happen to them.

use std::collections::BTreeSet;
use std::sync::Arc;

use gary_promise::{Configuration, ConfigurationEpoch, FencingEpoch};
use stateright::{Model, Property};

use super::Fault;
use super::actors::{Answer, FAST, Host, Keeper, RIGHT, SLOW, Word, agent};

/// The properties that have to hold in every state.
const ONE_RUNS: &str = "at most one runs";
const LATER_IS_LATER: &str = "whoever begins later does so under a later epoch";

/// What a model has, and how much of it.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    /// How many keepers there are at first.
    pub(crate) keepers: u8,
    /// Who is let go of them, one after the other.
    pub(crate) goes: Vec<u8>,
    /// Who of them hears of changes at all, and votes for them.
    pub(crate) voters: &'static [u8],
    /// Whom each host may ask, each time that it does: a majority is enough, and the fewer, the more can be gone through.
    pub(crate) asks: Vec<&'static [&'static [u8]]>,
    /// Whether the first host may stop and say so.
    pub(crate) releases: bool,
    /// How often any keeper starts again, in all.
    pub(crate) restarts: u8,
    /// How many steps there are. A tenure lasts two.
    pub(crate) steps: u8,
    /// How many steps something may be under way. What takes longer is lost.
    pub(crate) delay: u8,
    /// What is done wrong.
    pub(crate) fault: Option<Fault>,
}

/// One state of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    step: u8,
    keepers: Vec<Arc<Keeper>>,
    hosts: Vec<Arc<Host>>,
    said: BTreeSet<Arc<Said>>,
    /// How many changes of keepers were chosen, and who has voted for the next.
    changes: u8,
    voted: BTreeSet<u8>,
    restarts_left: u8,
    /// Who has begun to run under which epoch, the last.
    begun: Option<(FencingEpoch, u8)>,
    is_out_of_order: bool,
}

/// Something under way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Said {
    keeper: u8,
    host: u8,
    word: Word,
    until: u8,
}

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Time goes on.
    Wait,
    /// A host asks all keepers.
    Ask(u8),
    /// A host stops, and says so.
    Release(u8),
    /// Something is heard.
    Hear(Arc<Said>),
    /// A keeper starts again.
    Restart(u8),
    /// A keeper votes for the next configuration.
    Vote(u8),
    /// A keeper comes to know of the latest.
    Learn(u8),
}

impl Bounds {
    /// The same with all keepers or all hosts at fault.
    pub(crate) fn with(self, fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..self
        }
    }

    /// Who keeps it after so many changes.
    fn configuration(&self, changes: u8) -> Configuration {
        let first = Configuration::new(ConfigurationEpoch::FIRST, (0..self.keepers).map(agent));
        let gone = self.goes.iter().take(usize::from(changes));
        gone.fold(first.expect("there are a few"), |keepers, gone| {
            keepers.without(agent(*gone)).expect("it is one of several")
        })
    }

    fn say(&self, state: &mut State, keeper: u8, host: u8, word: Word) {
        let until = state.step + self.delay;
        let said = Said {
            keeper,
            host,
            word,
            until,
        };
        state.said.insert(Arc::new(said));
    }

    /// Says it to all whom a host has asked last.
    fn say_to_all(&self, state: &mut State, host: u8, word: &Word) {
        let asks = self.asks[usize::from(host)];
        let left = usize::from(state.hosts[usize::from(host)].asks_left);
        for keeper in asks[asks.len() - left - 1] {
            self.say(state, *keeper, host, word.clone());
        }
    }
}

impl State {
    fn keeper(&mut self, number: u8) -> &mut Keeper {
        Arc::make_mut(&mut self.keepers[usize::from(number)])
    }

    fn host(&mut self, number: u8) -> &mut Host {
        Arc::make_mut(&mut self.hosts[usize::from(number)])
    }

    fn begins(&mut self, epoch: FencingEpoch, host: u8) {
        let is_later = self.begun.is_none_or(|(before, _)| before < epoch);
        self.is_out_of_order |= !is_later;
        self.begun = Some((epoch, host));
    }
}

impl Model for Bounds {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let first = self.configuration(0);
        let keepers = (0..self.keepers).map(|number| {
            let pace = if number == 0 { RIGHT } else { FAST };
            Arc::new(Keeper::new(pace, first.clone()))
        });
        let hosts = self.asks.iter().zip([SLOW, RIGHT]).enumerate();
        let hosts = hosts.map(|(number, (asks, pace))| {
            let asks = asks.len() as u8;
            Arc::new(Host::new(pace, asks, self.releases && number == 0))
        });
        vec![State {
            step: 0,
            keepers: keepers.collect(),
            hosts: hosts.collect(),
            said: BTreeSet::new(),
            changes: 0,
            voted: BTreeSet::new(),
            restarts_left: self.restarts,
            begun: None,
            is_out_of_order: false,
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        if state.step < self.steps {
            steps.push(Step::Wait);
        }
        for (number, host) in (0..).zip(&state.hosts) {
            if host.asks_left > 0 {
                steps.push(Step::Ask(number));
            }
            if host.may_release && host.has_asked() {
                steps.push(Step::Release(number));
            }
        }
        let now = self.configuration(state.changes);
        for (number, keeper) in (0..).zip(&state.keepers) {
            if state.restarts_left > 0 {
                steps.push(Step::Restart(number));
            }
            let is_here = *keeper.seat.configuration() == now;
            let is_last = usize::from(state.changes) >= self.goes.len();
            let may_vote = is_here && !is_last && now.has(&agent(number)) && !keeper.has_voted;
            match self.voters.contains(&number) {
                true if !is_here => steps.push(Step::Learn(number)),
                true if may_vote => steps.push(Step::Vote(number)),
                _ => {}
            }
        }
        steps.extend(state.said.iter().cloned().map(Step::Hear));
    }

    fn next_state(&self, before: &State, step: Step) -> Option<State> {
        let mut state = before.clone();
        let at = state.step;
        match step {
            Step::Wait => {
                state.step += 1;
                state.said.retain(|its| its.until > at);
            }
            Step::Ask(host) => {
                let word = state.host(host).ask(at);
                self.say_to_all(&mut state, host, &word);
            }
            Step::Release(host) => {
                let word = state.host(host).release();
                self.say_to_all(&mut state, host, &word);
            }
            Step::Hear(said) => {
                state.said.remove(&said);
                let Said {
                    keeper, host, word, ..
                } = said.as_ref().clone();
                match word {
                    Word::Asks(..) | Word::Releases(_) => {
                        let them = (keeper, host);
                        let answer = state.keeper(keeper).hear(at, them, &word, self.fault);
                        if let Some(answer) = answer {
                            self.say(&mut state, keeper, host, answer);
                        }
                    }
                    Word::Grants(..) | Word::Refuses(..) => {
                        let host_of = state.host(host);
                        let (begins, answer) = host_of.hear(at, keeper, word, self.fault);
                        match answer {
                            Some(Answer::ToOne(word)) => self.say(&mut state, keeper, host, word),
                            Some(Answer::ToAll(word)) => self.say_to_all(&mut state, host, &word),
                            None => {}
                        }
                        if let Some(epoch) = begins {
                            state.begins(epoch, host);
                        }
                    }
                }
            }
            Step::Restart(keeper) => {
                state.restarts_left -= 1;
                state.keeper(keeper).restart(at, self.fault);
            }
            Step::Vote(keeper) => {
                state.keeper(keeper).has_voted = true;
                state.voted.insert(keeper);
                if state.voted.len() >= self.configuration(state.changes).majority() {
                    state.changes += 1;
                    state.voted.clear();
                }
            }
            Step::Learn(keeper) => {
                let now = self.configuration(state.changes);
                state.keeper(keeper).learn(at, &now);
            }
        }
        (state != *before).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ONE_RUNS, |_, state: &State| {
                let running = state.hosts.iter().filter(|its| its.runs(state.step));
                running.count() <= 1
            }),
            Property::always(LATER_IS_LATER, |_, state: &State| !state.is_out_of_order),
            Property::sometimes("the second begins", |_, state: &State| {
                state.begun.is_some_and(|(_, host)| host == 1)
            }),
        ]
    }
}
