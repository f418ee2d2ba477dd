//! One hosting, from its offer to its end.

use gary_promise::{
    Accept, AgentId, Binding, Body, BoundedSet, Failure, Generation, Host, KEEPERS_MAX, Own,
    Promise, Time, Verified,
};

use super::order::Start;
use super::repair::{DENIED_AFTER, PROVEN_AFTER};
use super::running::completes;
use crate::ledger::EntryId;

/// One hosting that this agent offers or has bound.
#[derive(Debug)]
pub(super) struct Hosted {
    pub(super) offer: Own<Promise>,
    /// What is offered: the offer's body.
    pub(super) host: Host,
    pub(super) intent: Verified<Promise>,
    /// Who keeps its workload besides whom it was offered to, as that one said.
    pub(super) keepers: BoundedSet<AgentId, KEEPERS_MAX>,
    /// Whom it was offered to keeps its workload no more, by its own word: others do.
    pub(super) is_handed_over: bool,
    /// Something else goes once this runs, by the word of whoever invited it.
    pub(super) is_replacing: bool,
    pub(super) entry: EntryId,
    pub(super) state: State,
}

#[derive(Debug)]
pub(super) enum State {
    /// Nobody has accepted it; it lapses.
    Offered { lapses_at: Time },
    /// It is in force.
    Bound {
        binding: Box<Binding>,
        acceptance: Box<Verified<Promise>>,
        run: Run,
    },
}

/// How a bound hosting does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    /// The host was asked to start it, or it runs since then, perhaps for long enough to say so. Failures in a row until
    /// now.
    On {
        failures: u32,
        since: Option<Time>,
        is_proven: bool,
    },
    /// It failed, in this way, and is started again then.
    Off {
        failures: u32,
        failure: Failure,
        again_at: Time,
    },
}

impl Hosted {
    /// Binds it by an acceptance, and says what is to be run; `None` where the two do not match, or it is
    /// bound already.
    pub(super) fn bind(&mut self, acceptance: Verified<Promise>) -> Option<Start> {
        if matches!(self.state, State::Bound { .. }) {
            return None;
        }
        let binding = Binding::of(&self.intent, &self.offer, &acceptance).ok()?;
        self.state = State::Bound {
            binding: Box::new(binding),
            acceptance: Box::new(acceptance),
            run: Run::On {
                failures: 0,
                since: None,
                is_proven: false,
            },
        };
        self.start()
    }

    /// What is to be run, of one that is bound.
    pub(super) fn start(&self) -> Option<Start> {
        let State::Bound {
            binding,
            acceptance,
            ..
        } = &self.state
        else {
            return None;
        };
        Some(Start {
            binding: **binding,
            intent: self.intent.clone(),
            offer: (*self.offer).clone(),
            acceptance: (**acceptance).clone(),
            term: None,
            run: None,
        })
    }

    /// In what way it has failed, where it has done so often enough that its host says so.
    pub(super) const fn denied(&self) -> Option<Failure> {
        match self.state {
            State::Bound {
                run: Run::Off {
                    failures, failure, ..
                },
                ..
            } if failures >= DENIED_AFTER => Some(failure),
            _ => None,
        }
    }

    /// Whether somebody waits to hear that it runs: what founds a workload takes nothing's place, as a rule, and neither does
    /// what runs to completion.
    pub(super) fn is_awaited(&self) -> bool {
        let takes_place = self.is_replacing || self.host.generation > Generation::FIRST;
        takes_place && !completes(&self.intent)
    }

    /// Whether it is bound and awaited, and does not run, or not for long enough yet to tell.
    pub(super) fn is_idle(&self) -> bool {
        let is_proven = matches!(
            self.state,
            State::Bound {
                run: Run::On {
                    is_proven: true,
                    ..
                },
                ..
            }
        );
        self.is_awaited() && self.is_bound() && !is_proven
    }

    pub(super) const fn is_bound(&self) -> bool {
        matches!(self.state, State::Bound { .. })
    }

    /// When something is to be done with it.
    pub(super) fn due_at(&self) -> Option<Time> {
        match self.state {
            State::Offered { lapses_at } => Some(lapses_at),
            State::Bound {
                run: Run::Off { again_at, .. },
                ..
            } => Some(again_at),
            State::Bound {
                run:
                    Run::On {
                        since: Some(since),
                        is_proven: false,
                        ..
                    },
                ..
            } if self.is_awaited() => Some(since.after(PROVEN_AFTER)),
            State::Bound { .. } => None,
        }
    }
}

/// The offer that an acceptance picks.
pub(super) fn accepted(acceptance: &Verified<Promise>) -> Option<Accept> {
    match acceptance.body() {
        Body::Accept(accept) => Some(*accept),
        _ => None,
    }
}
