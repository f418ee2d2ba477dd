//! Intents that persons have left with this agent until a majority of those who keep their names can be reached.
//!
//! One that is pending runs nothing: it is proposed as if it were submitted again, and what it follows from stands in it,
//! signed. So it takes the place of nothing that its owner has not known of.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gary_promise::{
    BootEpoch, Generation, Lineage, Promise, PromiseId, Time, Verdict, Verified, WorkloadId,
    WorkloadName,
};
use rand::Rng;

use super::kept::Intent;
use crate::backoff::Waits;
use crate::hosting::Order;
use crate::voice::{Speech, Voice};

/// The most intents that persons have left with one agent, those that were refused since among them. One more is not
/// taken.
pub const PENDING_MAX: usize = 64;

/// How long an intent is shown that was refused when it could be proposed, unless somebody has it dropped before. The time
/// that its agent is not up does not count, nor what came before its last start.
pub const REFUSED_SHOWN_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long a pending intent waits before it is proposed again, if a majority of its keepers is there by then. Where that
/// comes to be there it waits no longer than [`PENDING_RESTS`].
pub const PENDING_WAITS: Waits = Waits {
    first_ms: 2_000,
    longest_ms: 8_000,
};

/// How long a pending intent rests in any case once it was proposed.
pub const PENDING_RESTS: Duration = Duration::from_secs(1);

/// How long after somebody came to be there, or more is known of who might keep something, it is looked whether what is
/// pending can be proposed: many come at once where a wall falls, and each look takes all that is pending.
pub const PENDING_LOOKS_AFTER: Duration = Duration::from_millis(200);

/// What has to be so before a person is told that its intent is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Acknowledgement {
    /// A majority of its keepers has it on disk, or nothing is kept of it here.
    #[default]
    Majority,
    /// Where no majority answers, the agent that it was submitted to has it on disk, and proposes it again until one does.
    Local,
}

/// An intent that a person has left with this agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingIntent {
    /// Which, and whose.
    pub intent: PromiseId,
    /// Its workload.
    pub workload: WorkloadId,
    /// The name that it is for.
    pub name: WorkloadName,
    /// The generation that it is to be.
    pub generation: Generation,
    /// The generation that it was made from, and takes the place of; `None` where it founds its workload.
    pub base: Option<Generation>,
    /// Since when it is pending: the start of this agent, and the time since that start.
    pub since: (BootEpoch, Time),
    /// Why it was refused when it could be proposed. It is not proposed any more, and shown until somebody has seen it.
    pub refused: Option<Verdict>,
}

/// An intent that was pending when its agent ended.
#[derive(Debug)]
pub(crate) struct WasPending {
    pub(crate) intent: Intent,
    pub(crate) since: (BootEpoch, Time),
    pub(crate) refused: Option<Verdict>,
}

/// Intents that persons have left with this agent.
#[derive(Debug, Default)]
pub(super) struct Pending(BTreeMap<PromiseId, Pended>);

#[derive(Debug)]
struct Pended {
    intent: Intent,
    /// Which of its owner's it was made from, where that was left here before it.
    follows: Option<PromiseId>,
    since: (BootEpoch, Time),
    state: State,
    /// A person waits to be told what comes of this attempt, whatever it is.
    is_asked: bool,
    /// How often in a row nothing came of it, and when it was proposed last.
    attempts: u32,
    proposed_at: Option<Time>,
}

#[derive(Debug)]
enum State {
    /// It is submitted, and nothing is stored of it.
    Submitted,
    /// It is stored, and is proposed then.
    Rests(Time),
    /// It is stored, and is proposed now.
    Proposed,
    /// It is stored, was refused, and is shown until then.
    Refused(Verdict, Time),
}

impl Pended {
    fn place(&self) -> (Generation, PromiseId) {
        (self.intent.generation(), self.intent.promise().id())
    }

    fn refused(&self) -> Option<&Verdict> {
        match &self.state {
            State::Refused(verdict, _) => Some(verdict),
            _ => None,
        }
    }

    fn store<C: Speech>(&self, voice: &mut Voice<C, Order>) {
        let intent = self.intent.promise().id();
        voice.keep_pending(intent, self.since, self.refused().cloned());
    }
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this one can be left here.
    pub(super) fn has_room(&self, intent: &PromiseId) -> bool {
        self.0.contains_key(intent) || self.0.len() < PENDING_MAX
    }

    /// A person submits an intent, to be left here if need be.
    pub(super) fn submit(&mut self, intent: Intent, since: (BootEpoch, Time)) {
        let follows = self.before(&intent);
        self.0
            .entry(intent.promise().id())
            .or_insert_with(|| Pended {
                intent,
                follows,
                since,
                state: State::Submitted,
                is_asked: false,
                attempts: 0,
                proposed_at: None,
            });
    }

    /// A person waits for what becomes of one, if it is here.
    pub(super) fn ask(&mut self, intent: &PromiseId, now: Time) {
        if let Some(its) = self.0.get_mut(intent) {
            its.is_asked = true;
            its.propose(now);
        }
    }

    /// One was not taken now: it is left here only if it was before, and is proposed later.
    pub(super) fn abandon(&mut self, intent: &PromiseId, now: Time) {
        let Some(its) = self.0.get_mut(intent) else {
            return;
        };
        its.is_asked = false;
        match its.state {
            State::Submitted => drop(self.0.remove(intent)),
            State::Proposed => its.state = State::Rests(now.after(PENDING_RESTS)),
            State::Rests(_) | State::Refused(..) => {}
        }
    }

    /// Takes one up again after a start.
    pub(super) fn resume<C: Speech>(
        &mut self,
        was: WasPending,
        now: Time,
        voice: &mut Voice<C, Order>,
    ) {
        let id = was.intent.promise().id();
        voice.hold(id);
        let state = match was.refused {
            Some(verdict) => State::Refused(verdict, now.after(REFUSED_SHOWN_FOR)),
            None => State::Rests(now),
        };
        let pended = Pended {
            follows: self.before(&was.intent),
            intent: was.intent,
            since: was.since,
            state,
            is_asked: false,
            attempts: 0,
            proposed_at: None,
        };
        self.0.insert(id, pended);
    }

    /// What its owner has left here just before this one.
    fn before(&self, intent: &Intent) -> Option<PromiseId> {
        let before = base(intent)?;
        let owner = intent.promise().by();
        let all = self.0.values().map(|its| &its.intent);
        let mut theirs = all.filter(|its| {
            let is_of_it = its.workload() == intent.workload() && its.promise().by() == owner;
            is_of_it && its.generation() == before
        });
        theirs.next().map(|its| its.promise().id())
    }

    /// Whether one follows from another that waits here: that is to be kept first.
    pub(super) fn waits_for_another(&self, intent: &Intent) -> bool {
        let place = (intent.generation(), intent.promise().id());
        let all = self.0.values();
        let mut of_it = all.filter(|its| its.intent.workload() == intent.workload());
        of_it.any(|its| its.refused().is_none() && its.place() < place)
    }

    /// It is known what has become of one, or that this is not known. Says of which a person is to be told the same: also of
    /// those that were made from one that is refused.
    pub(super) fn settle<C: Speech>(
        &mut self,
        intent: &PromiseId,
        verdict: &Verdict,
        now: Time,
        voice: &mut Voice<C, Order>,
        random: &mut impl Rng,
    ) -> Vec<PromiseId> {
        let mut told = vec![*intent];
        let Some(its) = self.0.get_mut(intent) else {
            return told;
        };
        let is_new = matches!(its.state, State::Submitted);
        let is_asked = std::mem::take(&mut its.is_asked);
        match verdict {
            Verdict::Unsettled | Verdict::Elsewhere(_) => {
                if is_new {
                    voice.keep_promise(its.intent.promise());
                    its.store(voice);
                }
                if its.refused().is_none() {
                    its.attempts = its.attempts.saturating_add(1);
                    let wait = PENDING_WAITS.after(its.attempts, random);
                    its.state = State::Rests(now.after(wait));
                }
                told.retain(|_| is_asked);
            }
            Verdict::Committed(_) => self.end(intent, now, voice),
            _ if is_new => self.end(intent, now, voice),
            _ => {
                its.state = State::Refused(verdict.clone(), now.after(REFUSED_SHOWN_FOR));
                its.store(voice);
                let its = its.intent.clone();
                told.extend(self.refuse_after(&its, verdict, now, voice));
                self.go_on_with(its.workload(), now);
            }
        }
        told
    }

    /// What one was made from does not come to be kept: somebody else's change may stand at that generation, which its owner
    /// does not know of. Says which are refused. What is known to follow from something else is not among them, and of what is
    /// not known all of a later generation are.
    fn refuse_after<C: Speech>(
        &mut self,
        refused: &Intent,
        verdict: &Verdict,
        now: Time,
        voice: &mut Voice<C, Order>,
    ) -> Vec<PromiseId> {
        let of_it = self.0.iter_mut().filter(|(_, its)| {
            let is_of_it = its.intent.workload() == refused.workload();
            is_of_it && its.intent.generation() > refused.generation()
        });
        let mut later: Vec<(&PromiseId, &mut Pended)> = of_it.collect();
        later.sort_by_key(|(_, its)| its.place());
        let mut gone = BTreeSet::from([refused.promise().id()]);
        let mut told = Vec::new();
        for (id, its) in later {
            let follows = its.follows.is_none_or(|before| gone.contains(&before));
            if follows && matches!(its.state, State::Rests(_)) {
                its.state = State::Refused(verdict.clone(), now.after(REFUSED_SHOWN_FOR));
                its.store(voice);
                gone.insert(*id);
                told.push(*id);
            }
        }
        told
    }

    /// One does not stand here any more. Those that follow from it have waited for it.
    fn end<C: Speech>(&mut self, intent: &PromiseId, now: Time, voice: &mut Voice<C, Order>) {
        let Some(its) = self.0.remove(intent) else {
            return;
        };
        if !matches!(its.state, State::Submitted) {
            voice.forget_pending(*intent);
            voice.forget(*intent);
        }
        self.go_on_with(its.intent.workload(), now);
    }

    fn go_on_with(&mut self, workload: WorkloadId, now: Time) {
        let all = self.0.values_mut();
        for its in all.filter(|its| its.intent.workload() == workload) {
            if let State::Rests(until) = &mut its.state {
                *until = now;
            }
        }
    }

    /// Its owner withdraws one, or has seen that it was refused. Says what it was, if it was here, and which others are
    /// refused by that.
    pub(super) fn drop<C: Speech>(
        &mut self,
        intent: &PromiseId,
        now: Time,
        voice: &mut Voice<C, Order>,
    ) -> Option<(Intent, Vec<PromiseId>)> {
        let its = self.0.get(intent)?;
        // What is submitted only now, its person is told of first.
        let is_here = !matches!(its.state, State::Submitted);
        let dropped = is_here.then(|| its.intent.clone())?;
        let refused = match its.refused() {
            Some(_) => Vec::new(),
            None => self.refuse_after(&dropped, &Verdict::NotKept, now, voice),
        };
        self.end(intent, now, voice);
        Some((dropped, refused))
    }

    /// One that was kept is lost, and is shown as if it was refused now. Where there is no more room, the one goes that was
    /// to be shown the shortest.
    pub(super) fn show<C: Speech>(
        &mut self,
        intent: Intent,
        verdict: Verdict,
        since: (BootEpoch, Time),
        voice: &mut Voice<C, Order>,
    ) {
        let id = intent.promise().id();
        if self.0.contains_key(&id) {
            return;
        }
        if self.0.len() >= PENDING_MAX {
            let shown_until = |its: &Pended| match its.state {
                State::Refused(_, until) => Some(until),
                _ => None,
            };
            let all = self.0.iter();
            let shown = all.filter_map(|(id, its)| Some((shown_until(its)?, *id)));
            let Some((_, first)) = shown.min() else {
                return;
            };
            self.end(&first, since.1, voice);
        }
        let pended = Pended {
            intent,
            follows: None,
            since,
            state: State::Refused(verdict, since.1.after(REFUSED_SHOWN_FOR)),
            is_asked: false,
            attempts: 0,
            proposed_at: None,
        };
        voice.keep_promise(pended.intent.promise());
        pended.store(voice);
        self.0.insert(id, pended);
    }

    /// One as its owner signed it.
    pub(super) fn signed(&self, intent: &PromiseId) -> Option<&Verified<Promise>> {
        self.0.get(intent).map(|its| its.intent.promise())
    }

    /// Whether one was refused.
    pub(super) fn is_refused(&self, intent: &PromiseId) -> bool {
        self.0
            .get(intent)
            .is_some_and(|its| its.refused().is_some())
    }

    /// Some who were away are there: those that `may_be_kept` need not wait any longer.
    pub(super) fn hasten(&mut self, now: Time, may_be_kept: impl Fn(&Intent) -> bool) {
        for its in self.0.values_mut() {
            let rested = its
                .proposed_at
                .map_or(now, |at| at.after(PENDING_RESTS).max(now));
            if let State::Rests(until) = &mut its.state
                && *until > rested
                && may_be_kept(&its.intent)
            {
                *until = rested;
            }
        }
    }

    /// Those that are to be proposed now, each after those that it follows from. What was shown for long enough goes.
    pub(super) fn handle_timeout<C: Speech>(
        &mut self,
        now: Time,
        voice: &mut Voice<C, Order>,
    ) -> Vec<Intent> {
        let is_over = |its: &Pended| matches!(its.state, State::Refused(_, until) if until <= now);
        let over = self.0.iter().filter(|(_, its)| is_over(its));
        let over: Vec<PromiseId> = over.map(|(id, _)| *id).collect();
        for id in over {
            self.end(&id, now, voice);
        }
        let is_due = |its: &Pended| matches!(its.state, State::Rests(until) if until <= now);
        let due = self.0.values().filter(|its| is_due(its));
        let due: Vec<Intent> = due.map(|its| its.intent.clone()).collect();
        let mut proposed = Vec::new();
        for intent in due {
            let follows = self.waits_for_another(&intent);
            let Some(its) = self.0.get_mut(&intent.promise().id()) else {
                continue;
            };
            if follows {
                // It is proposed as soon as it is known what became of that.
                its.state = State::Rests(now.after(PENDING_WAITS.longest()));
            } else {
                its.propose(now);
                proposed.push(intent);
            }
        }
        proposed
    }

    pub(super) fn due_at(&self) -> Option<Time> {
        let due_at = |its: &Pended| match its.state {
            State::Rests(until) | State::Refused(_, until) => Some(until),
            State::Submitted | State::Proposed => None,
        };
        self.0.values().filter_map(due_at).min()
    }

    /// What is left here, as a person is shown it.
    pub(super) fn iter(&self) -> impl Iterator<Item = PendingIntent> {
        let all = self.0.iter();
        let stored = all.filter(|(_, its)| !matches!(its.state, State::Submitted));
        stored.map(|(id, its)| PendingIntent {
            intent: *id,
            workload: its.intent.workload(),
            name: its.intent.name().clone(),
            generation: its.intent.generation(),
            base: base(&its.intent),
            since: its.since,
            refused: its.refused().cloned(),
        })
    }
}

impl Pended {
    fn propose(&mut self, now: Time) {
        self.proposed_at = Some(now);
        if matches!(self.state, State::Rests(_)) {
            self.state = State::Proposed;
        }
    }
}

/// Which generation an intent was made from.
fn base(intent: &Intent) -> Option<Generation> {
    match intent.wanted().lineage {
        Lineage::Founds => None,
        Lineage::Updates(_) => Generation::new(intent.generation().get() - 1),
    }
}
