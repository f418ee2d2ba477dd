//! A node's own host: components that start, run, fail and stop.

use std::collections::BTreeMap;
use std::time::Duration;

use gary_agent::{HostReport, Order, RunAttempt, Term};
use gary_promise::{Binding, Body, ComponentDigest, Failure, Outcome, PromiseId, Time, WorkloadId};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

/// How a host is.
#[derive(Debug, Clone, Copy)]
pub struct HostSpec {
    /// How long a component takes to start, at most; at least half of it.
    pub start: Duration,
    /// How long one takes to stop, at most; at least half of it.
    pub stop: Duration,
}

impl HostSpec {
    /// A machine with nothing else to do.
    pub const IDLE: Self = Self {
        start: Duration::from_millis(50),
        stop: Duration::from_millis(10),
    };
}

/// How soon a component ends that ends at once, at most.
const SOON: Duration = Duration::from_millis(300);

/// How long one runs at least that is steady, for every host.
const LONG_ENOUGH: Duration = Duration::from_millis(11_000);

/// How a component behaves. The first byte of its digest says so, since nothing else of a component is in a
/// simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frailty {
    /// It runs.
    Sound,
    /// It never starts.
    NeverStarts,
    /// It starts, and ends soon afterwards, every time.
    Crashes,
    /// It fails now and then, as long as there are faults.
    Flaky,
    /// It ends soon after it has started, runs for long enough to be steady the next time, and so on by turns, as
    /// long as there are faults.
    Falters,
}

impl Frailty {
    /// How the component with this digest behaves.
    pub fn of(component: &ComponentDigest) -> Self {
        match component.as_bytes()[0] {
            1 => Self::NeverStarts,
            2 => Self::Crashes,
            3 => Self::Flaky,
            4 => Self::Falters,
            _ => Self::Sound,
        }
    }

    /// A component of this kind.
    pub fn component(self, number: u8) -> ComponentDigest {
        let mut bytes = [number; 32];
        bytes[0] = match self {
            Self::Sound => 0,
            Self::NeverStarts => 1,
            Self::Crashes => 2,
            Self::Flaky => 3,
            Self::Falters => 4,
        };
        ComponentDigest::from_bytes(bytes)
    }

    /// For how long a run of the component with this digest lasts that comes to its end: as many seconds as its number.
    pub fn lasts(component: &ComponentDigest) -> Duration {
        Duration::from_secs(component.as_bytes()[1].into())
    }

    /// Whether it never settles, however calm the world is.
    pub fn is_lasting(self) -> bool {
        matches!(self, Self::NeverStarts | Self::Crashes)
    }
}

/// What happens to a component next, unless something else has happened to it before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) offer: PromiseId,
    /// Which of its states this is the end of.
    ticket: u64,
}

/// What becomes of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Became {
    /// It runs, with what it is given.
    Running(Box<Binding>),
    /// It could not be started, or has ended by itself.
    Failed,
    /// It has run to completion.
    Ended,
    /// It has been stopped.
    Stopped,
}

/// What came of a turn.
#[derive(Debug)]
pub(super) struct Turned {
    pub(super) became: Became,
    pub(super) report: HostReport,
    /// What comes of the component by itself, and when.
    pub(super) next: Option<(Time, Turn)>,
}

#[derive(Debug)]
struct Component {
    binding: Binding,
    /// For how long it may run, where it is exclusive.
    term: Option<Term>,
    /// Which run it is, where it runs to completion, and for how long that lasts.
    run: Option<(RunAttempt, Duration)>,
    frailty: Frailty,
    state: State,
    ticket: u64,
    /// How often it has run.
    runs: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Starting,
    Running,
    Failed,
    Stopping,
}

/// A node's own host. It does what its agent orders, and hears nobody else.
#[derive(Debug)]
pub(super) struct Host {
    spec: HostSpec,
    random: ChaCha8Rng,
    components: BTreeMap<PromiseId, Component>,
    tickets: u64,
    is_calm: bool,
}

impl Host {
    pub(super) fn new(spec: HostSpec, random: ChaCha8Rng) -> Self {
        Self {
            spec,
            random,
            components: BTreeMap::new(),
            tickets: 0,
            is_calm: false,
        }
    }

    /// Takes an order, and says when something comes of it.
    pub(super) fn order(&mut self, now: Time, order: &Order) -> Option<(Time, Turn)> {
        let (offer, state, span) = match order {
            Order::Start(start) => {
                let (frailty, lasts) = match start.intent.body() {
                    Body::Use(wanted) => (
                        Frailty::of(&wanted.component),
                        Frailty::lasts(&wanted.component),
                    ),
                    _ => (Frailty::NeverStarts, Duration::ZERO),
                };
                let binding = start.binding;
                let offer = binding.id().offer;
                let component = self.components.entry(offer).or_insert(Component {
                    binding,
                    term: None,
                    run: None,
                    frailty,
                    state: State::Failed,
                    ticket: 0,
                    runs: 0,
                });
                component.term = start.term;
                component.run = start.run.map(|run| (run, lasts));
                (offer, State::Starting, self.spec.start)
            }
            Order::Prolong { offer, term } => {
                let component = self.components.get_mut(offer);
                let known = component.and_then(|its| its.term.as_mut());
                if let Some(known) = known.filter(|its| its.epoch == term.epoch) {
                    known.until = term.until;
                }
                return None;
            }
            Order::Stop { offer } | Order::Suspend { offer } => {
                (*offer, State::Stopping, self.spec.stop)
            }
        };
        let turns_at = now.after(self.about(span));
        Some((turns_at, self.turn(offer, state)))
    }

    /// For how long something exclusive may run.
    pub(super) fn term(&self, offer: &PromiseId) -> Option<Term> {
        self.components.get(offer)?.term
    }

    /// Whether it runs something by this offer.
    pub(super) fn runs(&self, offer: &PromiseId) -> bool {
        let component = self.components.get(offer);
        component.is_some_and(|its| its.state == State::Running)
    }

    /// Which workload it runs by this offer.
    pub(super) fn workload(&self, offer: &PromiseId) -> Option<WorkloadId> {
        let component = self.components.get(offer)?;
        Some(component.binding.workload())
    }

    /// Whatever is exclusive, by the offers that it runs by.
    pub(super) fn exclusive(&self) -> impl Iterator<Item = PromiseId> {
        let exclusive = self.components.iter().filter(|(_, its)| its.term.is_some());
        exclusive.map(|(offer, _)| *offer)
    }

    /// Whether it runs something to completion.
    pub(super) fn runs_to_completion(&self) -> bool {
        let mut components = self.components.values();
        components.any(|its| its.run.is_some() && its.state == State::Running)
    }

    /// Stops something exclusive hard, if its time is up by its own clock.
    pub(super) fn run_out(&mut self, clock: Time, offer: PromiseId) -> Option<Turned> {
        let term = self.components.get(&offer)?.term?;
        if clock < term.until {
            return None;
        }
        self.components.remove(&offer);
        Some(Turned {
            became: Became::Stopped,
            report: HostReport::Stopped { offer },
            next: None,
        })
    }

    /// What becomes of a component now, and when something comes of that.
    pub(super) fn handle(&mut self, now: Time, turn: Turn) -> Option<Turned> {
        let offer = turn.offer;
        let ended = |became, report| {
            Some(Turned {
                became,
                report,
                next: None,
            })
        };
        let Some(component) = self.components.get_mut(&offer) else {
            // What does not run is stopped at once.
            return ended(Became::Stopped, HostReport::Stopped { offer });
        };
        if component.ticket != turn.ticket {
            return None;
        }
        match (component.state, component.frailty) {
            (State::Running, frailty) if component.run.is_some() => {
                component.state = State::Failed;
                let (run, _) = component.run?;
                // What falters does by turns.
                let is_well = match frailty {
                    Frailty::Sound | Frailty::NeverStarts => true,
                    Frailty::Crashes => false,
                    Frailty::Flaky | Frailty::Falters => {
                        self.is_calm || component.runs.is_multiple_of(2)
                    }
                };
                let report = HostReport::Ended {
                    offer,
                    asked: run.asked,
                    outcome: Outcome::Exited(u32::from(!is_well)),
                    note: None,
                };
                ended(Became::Ended, report)
            }
            (State::Running, Frailty::Flaky | Frailty::Falters) if self.is_calm => None,
            (State::Starting, Frailty::NeverStarts) | (State::Running, _) => {
                let failure = match component.state {
                    State::Starting => Failure::Start,
                    _ => Failure::Ended,
                };
                component.state = State::Failed;
                ended(Became::Failed, HostReport::Failed { offer, failure })
            }
            (State::Starting, frailty) => {
                let binding = component.binding;
                component.runs += 1;
                let is_long = component.runs % 2 == 0;
                let run = component.run;
                let turn = self.turn(offer, State::Running);
                let ends_in = match frailty {
                    Frailty::Sound | Frailty::Flaky | Frailty::Falters if run.is_some() => {
                        run.map(|(_, lasts)| lasts)
                    }
                    Frailty::Crashes => Some(self.about(SOON)),
                    Frailty::Flaky => Some(self.about(Duration::from_secs(40))),
                    Frailty::Falters if is_long => Some(LONG_ENOUGH + self.about(SOON)),
                    Frailty::Falters => Some(self.about(SOON)),
                    Frailty::Sound | Frailty::NeverStarts => None,
                };
                Some(Turned {
                    became: Became::Running(Box::new(binding)),
                    report: HostReport::Started { offer },
                    next: ends_in.map(|span| (now.after(span), turn)),
                })
            }
            (State::Stopping, _) => {
                self.components.remove(&offer);
                ended(Became::Stopped, HostReport::Stopped { offer })
            }
            (State::Failed, _) => None,
        }
    }

    /// The first of its components that is not about to stop, by the offer that it runs by.
    pub(super) fn first(&self) -> Option<PromiseId> {
        let mut components = self.components.iter();
        let first = components.find(|(_, its)| its.state != State::Stopping);
        first.map(|(offer, _)| *offer)
    }

    /// How many components it has.
    pub(super) fn count(&self) -> usize {
        self.components.len()
    }

    /// The machine loses power, and all that runs on it.
    pub(super) fn crash(&mut self) -> Vec<PromiseId> {
        let components = std::mem::take(&mut self.components);
        components.into_keys().collect()
    }

    /// Nothing fails any more that does not always fail.
    pub(super) fn calm(&mut self) {
        self.is_calm = true;
    }

    fn turn(&mut self, offer: PromiseId, state: State) -> Turn {
        self.tickets += 1;
        let ticket = self.tickets;
        if let Some(component) = self.components.get_mut(&offer) {
            component.state = state;
            component.ticket = ticket;
        }
        Turn { offer, ticket }
    }

    fn about(&mut self, span: Duration) -> Duration {
        let most_us = span.as_micros() as u64;
        Duration::from_micros(self.random.random_range(most_us / 2..=most_us))
    }
}
