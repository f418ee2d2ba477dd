//! Runs to completion, by the register of their workload's name.

use gary_promise::{
    AgentId, Entrusted, Frame, Mode, RunKey, RunWord, Runner, Running, Time, Verdict, WorkloadId,
};
use rand::Rng;

use super::kept::Kept;
use super::machine::{Custody, Parts, SETTLES_WITHIN, WANTED_MAX};
use super::wanted::Wanted;
use crate::hosting::Order;
use crate::refused::Fault;
use crate::register::Votes;
use crate::runs::{Begins, Ends, Follows, begin, end};
use crate::voice::{Speech, Voice};

/// A run is to be begun, or has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunChange {
    /// Who hosts it, and wants to know.
    pub(crate) host: AgentId,
    /// What that host has said.
    pub(crate) said: Running,
    pub(crate) what: What,
    /// When the host is told nothing, and asks again.
    pub(super) until: Time,
}

/// What is to be written of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Begins(Begins),
    Ends(Ends),
}

impl RunChange {
    /// What follows of what is held; `None` where it is of nothing that is held.
    fn follows(&self, held: &Kept) -> Option<Follows> {
        let (intent, mode) = (held.intent(), &held.intent().wanted().mode);
        if intent.workload() != self.said.workload || intent.deletes() {
            return None;
        }
        let is_current = intent.generation() == self.said.generation;
        match &self.what {
            What::Begins(begins) => is_current.then(|| begin(held.runs(), mode, begins)),
            // A tick is the same one in the next generation.
            What::Ends(ends) => (is_current || matches!(mode, Mode::Schedule(..)))
                .then(|| end(held.runs(), mode, ends)),
        }
    }

    pub(super) fn verdict(&self, held: Option<&Entrusted<Kept>>) -> Option<Verdict> {
        let follows = held.and_then(|held| Some((held, self.follows(&held.content)?)));
        match follows {
            None => Some(Verdict::NotKept),
            Some((_, Follows::Then(_))) => None,
            Some((held, Follows::Already)) => Some(Verdict::Committed(held.configuration.clone())),
            Some((held, Follows::Refused)) => {
                Some(Verdict::Conflict(held.content.intent().generation()))
            }
        }
    }

    /// Whether what is known to be chosen tells what becomes of it, though something later may be chosen by now. That one
    /// has begun something, or may not, is said at once; whoever may not asks again. That something ended which nobody here
    /// knows to have begun is no reason to forget how.
    fn is_known(&self, held: &Entrusted<Kept>) -> bool {
        let kept = &held.content;
        let is_behind = kept.intent().generation() < self.said.generation;
        match &self.what {
            What::Begins(_) => !is_behind && self.verdict(Some(held)).is_some(),
            What::Ends(ends) => {
                let run = kept.runs().get(&ends.key);
                run.is_some_and(|run| run.by == ends.by && run.ended.is_some())
                    && self.verdict(Some(held)).is_some()
            }
        }
    }

    pub(super) fn follow(&self, held: &Kept) -> Kept {
        match self.follows(held) {
            Some(Follows::Then(runs)) => held.with_runs(runs),
            Some(Follows::Already | Follows::Refused) | None => held.clone(),
        }
    }

    /// What the host is told, where this is known to be held and its change came to nothing more.
    fn answer(&self, held: &Kept) -> Option<RunWord> {
        let is_held = self.follows(held).is_some();
        let runs = Some(held.runs()).filter(|_| is_held);
        let its = |key: &RunKey| Some((*key, runs?.get(key)?.clone()));
        match &self.what {
            What::Begins(begins) => {
                let latest = || {
                    let (key, run) = runs?.latest()?;
                    Some((*key, run.clone()))
                };
                let (key, run) = match held.intent().wanted().mode {
                    Mode::Schedule(..) => latest()?,
                    Mode::Service | Mode::Job(_) => its(&begins.key)?,
                };
                Some(RunWord::Stands(key, run))
            }
            What::Ends(ends) => Some(RunWord::Kept(its(&ends.key))),
        }
    }

    /// Tells the host.
    fn say<C: Speech>(&self, held: &Kept, voice: &mut Voice<C, Order>) {
        if let Some(word) = self.answer(held) {
            let said = self.said.clone();
            let running = Running { word, ..said };
            voice.say(self.host, Frame::Running(Box::new(running)));
        }
    }
}

impl Custody {
    /// How a workload runs that this agent keeps, as far as it knows.
    pub(crate) fn mode(&self, workload: &WorkloadId) -> Option<Mode> {
        let (_, chosen) = self.held(workload)?;
        Some(chosen.entrusted.content.intent().wanted().mode)
    }

    /// Who has begun a run of a workload that this agent keeps last, as far as it knows.
    pub(crate) fn runner(&self, workload: &WorkloadId, key: &RunKey) -> Option<Runner> {
        let (_, chosen) = self.held(workload)?;
        chosen.entrusted.content.runs().get(key).map(|run| run.by)
    }

    /// A host would begin a run, or says how it ended. What a majority has of it, it is told; nothing where none has
    /// answered in time, or [`WANTED_MAX`] others wait, and then it asks again.
    pub(crate) fn want_run<C: Speech>(
        &mut self,
        (host, said, what): (AgentId, Running, What),
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> Result<(), Fault> {
        let until = parts.now.after(SETTLES_WITHIN);
        let change = RunChange {
            host,
            said,
            what,
            until,
        };
        let (name, chosen) = self.held(&change.said.workload).ok_or(Fault::NotForMe)?;
        let entrusted = &chosen.entrusted;
        if !entrusted.configuration.has(&self.me) {
            return Err(Fault::NotForMe);
        }
        if change.is_known(entrusted) {
            change.say(&entrusted.content, parts.voice);
            return Ok(());
        }
        // A disk that is behind is as good as gone.
        if parts.voice.is_behind() {
            return Ok(());
        }
        let name = name.clone();
        let named = self.names.get_mut(&name).ok_or(Fault::NotForMe)?;
        let changes = named.register.changes();
        let is_wanted = |its: &Wanted| matches!(its, Wanted::Run(its) if its.host == host && its.what == change.what);
        if changes.len() >= WANTED_MAX || changes.iter().any(is_wanted) {
            return Ok(());
        }
        let wanted = Wanted::Run(Box::new(change));
        self.step(&name, parts, |register, _| register.want(wanted));
        Ok(())
    }

    /// It is known what has become of a change of runs: its host is told what stands.
    pub(super) fn settle_run<C: Speech>(
        &self,
        change: &RunChange,
        verdict: &Verdict,
        voice: &mut Voice<C, Order>,
    ) {
        if matches!(verdict, Verdict::Unsettled | Verdict::Elsewhere(_)) {
            return;
        }
        let named = self.held(&change.said.workload).map(|(name, _)| name);
        let named = named.and_then(|name| self.names.get(name));
        let chosen = named.and_then(|its| its.register.votes().and_then(Votes::chosen));
        if let Some(chosen) = chosen {
            change.say(&chosen.entrusted.content, voice);
        }
    }
}
