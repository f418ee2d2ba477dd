//! How far the stores of this agent and of its fellow keepers are, so that nobody votes whose disk does not know any more
//! how it has voted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gary_promise::{
    AgentId, BootEpoch, CommitSequence, Configuration, Consultation, Frame, Recall, Time,
    WorkloadId, WorkloadName,
};
use rand::Rng;

use super::chosen::learned;
use super::machine::{Custody, Parts};
use super::named::ASKS_AGAIN_AFTER;
use crate::exclusive::Grant;
use crate::hosting::Order;
use crate::refused::Fault;
use crate::register::Votes;
use crate::voice::{Speech, Voice};

/// The most fellow keepers of which an agent remembers how far it has seen their stores. Of those beyond it can say nothing.
pub const FELLOWS_MAX: usize = 16_384;

/// How long a fellow keeper that is there has to say how far it has seen this agent's store. One that does not cannot be
/// reached, and is not waited for.
pub const ANSWERS_RECALL_WITHIN: Duration = Duration::from_secs(2);

/// The disk of an agent is not the one that it has voted by: it was restored from a backup, or its registers are lost. The
/// agent never votes again, and takes no part in anything more; whoever runs it has to give it a new key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the disk holds {} of this agent's votes, and {by} has seen {}: it was restored or emptied, and needs a new identity",
    stored.0,
    seen.0
)]
pub struct SetBack {
    /// How far its store was when it started.
    pub stored: CommitSequence,
    /// How far it was seen before.
    pub seen: CommitSequence,
    /// By whom.
    pub by: AgentId,
}

/// What an agent has on its disk of all this.
#[derive(Debug, Default)]
pub(crate) struct Sequenced {
    pub(crate) own: CommitSequence,
    pub(crate) seen: BTreeMap<AgentId, CommitSequence>,
    pub(crate) set_back: Option<SetBack>,
}

/// How far stores are.
#[derive(Debug)]
pub(super) struct Recollection {
    me: AgentId,
    epoch: BootEpoch,
    /// Its own store, by now and when it started.
    own: CommitSequence,
    started_with: CommitSequence,
    /// Those of others, as far as it has seen them.
    seen: BTreeMap<AgentId, CommitSequence>,
    /// Of whom that is not on its disk yet.
    unwritten: BTreeSet<AgentId>,
    /// Who knows of nothing that this agent's store does not.
    vouches: BTreeSet<AgentId>,
    /// Who was asked and has not said so yet: since when that is waited for, and when it was last asked.
    asked: BTreeMap<AgentId, (Option<Time>, Time)>,
    /// Until when those who are not there are waited for: who has just started has yet to find them.
    waits_until: Time,
    set_back: Option<SetBack>,
}

impl Recollection {
    pub(super) const fn new(me: AgentId, epoch: BootEpoch) -> Self {
        Self {
            me,
            epoch,
            own: CommitSequence(0),
            started_with: CommitSequence(0),
            seen: BTreeMap::new(),
            unwritten: BTreeSet::new(),
            vouches: BTreeSet::new(),
            asked: BTreeMap::new(),
            waits_until: Time::from_us(0),
            set_back: None,
        }
    }

    fn resume(&mut self, sequenced: Sequenced, now: Time) {
        self.waits_until = now.after(ANSWERS_RECALL_WITHIN);
        self.own = sequenced.own;
        self.started_with = sequenced.own;
        self.seen = sequenced.seen;
        self.set_back = sequenced.set_back;
    }

    /// Its store commits to one vote more. Says how far it is with that.
    pub(super) const fn commit(&mut self) -> CommitSequence {
        self.own = self.own.next();
        self.own
    }

    /// How far another is told that this agent's store is. Whoever has not vouched for it yet is told no more than it may
    /// hold against it.
    pub(super) fn told_to(&self, other: &AgentId) -> CommitSequence {
        match self.vouches.contains(other) {
            true => self.own,
            false => self.started_with,
        }
    }

    /// Another's store is so far, by what it says.
    pub(super) fn saw(&mut self, other: AgentId, sequence: CommitSequence) {
        let before = self.seen.get(&other);
        if before.is_none() && self.seen.len() >= FELLOWS_MAX {
            return;
        }
        if before.copied().unwrap_or_default() < sequence {
            self.seen.insert(other, sequence);
            self.unwritten.insert(other);
        }
    }

    /// What is to be written along with the next votes: whatever anybody is told by what a fellow has voted follows from a
    /// vote of this agent's own, so that it takes no write for itself.
    pub(super) fn take_unwritten(&mut self) -> Vec<(AgentId, CommitSequence)> {
        let unwritten = std::mem::take(&mut self.unwritten);
        let seen = unwritten.into_iter();
        seen.filter_map(|its| Some((its, *self.seen.get(&its)?)))
            .collect()
    }

    /// Whether this agent may vote with these keepers, and whom it has to ask for that: each of them that it can reach has to
    /// vouch for it, and one at least. Whoever keeps something alone has nobody to ask.
    fn judge(
        &mut self,
        keepers: &Configuration,
        now: Time,
        is_up: impl Fn(&AgentId) -> bool,
    ) -> (bool, Vec<AgentId>) {
        if self.set_back.is_some() {
            return (false, Vec::new());
        }
        let me = self.me;
        // What others keep, whoever wants something of it is sent to them.
        if !keepers.has(&me) {
            return (true, Vec::new());
        }
        let fellows = keepers.keepers().iter().filter(|its| **its != me);
        let (mut vouch, mut waits, mut asks) = (0, false, Vec::new());
        for fellow in fellows {
            if self.vouches.contains(fellow) {
                vouch += 1;
            } else if !is_up(fellow) {
                self.asked.remove(fellow);
                waits |= now < self.waits_until;
            } else {
                let (since, last) = self.asked.entry(*fellow).or_insert_with(|| {
                    asks.push(*fellow);
                    (None, now)
                });
                // What was asked before anybody waited for it may have got lost, and so may its answer.
                let since = since.get_or_insert(now);
                if now.since(*last) >= ASKS_AGAIN_AFTER {
                    *last = now;
                    asks.push(*fellow);
                }
                waits |= now.since(*since) < ANSWERS_RECALL_WITHIN;
            }
        }
        let is_alone = keepers.keepers().len() == 1;
        (is_alone || (vouch > 0 && !waits), asks)
    }

    /// Another says how far it has seen this agent's store.
    fn hear(&mut self, from: AgentId, sequence: CommitSequence) -> Result<(), SetBack> {
        if sequence <= self.started_with {
            self.asked.remove(&from);
            self.vouches.insert(from);
            return Ok(());
        }
        let set_back = SetBack {
            stored: self.started_with,
            seen: sequence,
            by: from,
        };
        Err(*self.set_back.get_or_insert(set_back))
    }
}

impl Custody {
    /// Remembers after a start how far stores were.
    pub(crate) fn resume_sequences(&mut self, sequenced: Sequenced, now: Time) {
        self.recollection.resume(sequenced, now);
    }

    /// Its disk is not the one that it has voted by.
    pub(crate) const fn set_back(&self) -> Option<&SetBack> {
        self.recollection.set_back.as_ref()
    }

    /// Whether it may vote with these keepers by what it remembers. Asks those who have to say so first.
    pub(super) fn is_sure<C: Speech>(
        &mut self,
        keepers: &Configuration,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> bool {
        self.recollection.is_sure(keepers, parts)
    }

    /// Whether it may grant a workload with those who keep it.
    pub(crate) fn is_sure_to_grant<C: Speech>(
        &mut self,
        workload: &WorkloadId,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> bool {
        let name = self.by_workload.get(workload).cloned();
        name.is_some_and(|its| self.is_sure_of(&its, parts))
    }

    /// Remembers one grant more of a workload, and says so to those who keep it with this agent: whoever it is granted to
    /// remembers how far no store is, and the next vote may be long in coming.
    pub(crate) fn commit_to_grant<C: Speech>(
        &mut self,
        workload: &WorkloadId,
        grant: Grant,
        voice: &mut Voice<C, Order>,
    ) {
        voice.keep_sequence(self.recollection.commit());
        voice.keep_grant(*workload, grant);
        let Some((name, chosen)) = self.held(workload) else {
            return;
        };
        let keepers = chosen.entrusted.configuration.keepers().iter();
        for fellow in keepers.filter(|its| **its != self.me) {
            let learned = Consultation::Learned(learned(chosen));
            self.say(name, *fellow, learned, voice);
        }
    }

    /// Whether it may vote on a name with those who keep it.
    pub(super) fn is_sure_of<C: Speech>(
        &mut self,
        name: &WorkloadName,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> bool {
        let votes = self.names.get(name).and_then(|its| its.register.votes());
        let keepers = votes.map(Votes::configuration);
        keepers.is_some_and(|its| self.recollection.is_sure(its, parts))
    }

    /// Another asks how far this agent has seen its store, or answers that.
    pub(crate) fn handle_recall<C: Speech>(
        &mut self,
        from: AgentId,
        recall: Recall,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> Result<(), Fault> {
        let (asked_in, sequence) = match recall {
            Recall::Asks { asked_in } => {
                let seen = self.recollection.seen.get(&from).copied();
                let sequence = seen.unwrap_or_default();
                let saw = Recall::Saw { asked_in, sequence };
                parts.voice.say(from, Frame::Recall(saw));
                // It is about to vote with this agent, which will have to vote too.
                self.ask_to_vouch(from, parts);
                return Ok(());
            }
            Recall::Saw { asked_in, sequence } => (asked_in, sequence),
        };
        if asked_in != self.epoch || !self.recollection.asked.contains_key(&from) {
            return Err(Fault::Unasked);
        }
        if let Err(set_back) = self.recollection.hear(from, sequence) {
            parts.voice.keep_set_back(set_back);
            return Ok(());
        }
        for name in std::mem::take(&mut self.unsure) {
            self.try_again(&name, parts);
        }
        Ok(())
    }

    /// Asks another to vouch for this agent, unless it does already, or was just asked.
    pub(super) fn ask_to_vouch<C: Speech>(
        &mut self,
        other: AgentId,
        parts: &mut Parts<'_, C, impl Rng>,
    ) {
        let recollection = &mut self.recollection;
        let is_needed = recollection.set_back.is_none() && !recollection.vouches.contains(&other);
        if is_needed && !recollection.asked.contains_key(&other) {
            recollection.asked.insert(other, (None, parts.now));
            recollection.say_asks(other, parts);
        }
    }
}

impl Recollection {
    pub(super) fn is_sure<C: Speech>(
        &mut self,
        keepers: &Configuration,
        parts: &mut Parts<'_, C, impl Rng>,
    ) -> bool {
        let candidates = parts.candidates;
        let (is_sure, asks) = self.judge(keepers, parts.now, |its| candidates.is_up(its));
        for fellow in asks {
            self.say_asks(fellow, parts);
        }
        is_sure
    }

    fn say_asks<C: Speech>(&self, to: AgentId, parts: &mut Parts<'_, C, impl Rng>) {
        let asked_in = self.epoch;
        parts
            .voice
            .say(to, Frame::Recall(Recall::Asks { asked_in }));
    }
}

#[cfg(test)]
mod tests {
    use gary_promise::ConfigurationEpoch;

    use super::*;

    fn agent(number: u8) -> AgentId {
        AgentId::from_bytes([number; 32])
    }

    fn at(ms: u64) -> Time {
        Time::from_us(ms * 1_000)
    }

    fn keepers(numbers: &[u8]) -> Configuration {
        let keepers = numbers.iter().map(|its| agent(*its));
        Configuration::new(ConfigurationEpoch::FIRST, keepers).expect("a few")
    }

    /// That of the first, whose store is so far, long after its start.
    fn recollection(own: u64) -> Recollection {
        let mut recollection = Recollection::new(agent(1), BootEpoch(2));
        let sequenced = Sequenced {
            own: CommitSequence(own),
            ..Sequenced::default()
        };
        recollection.resume(sequenced, at(0));
        recollection
    }

    const LATER: u64 = 60_000;

    #[test]
    fn votes_once_all_that_it_can_reach_vouch_for_it_and_one_at_least() {
        let three = keepers(&[1, 2, 3]);
        let mut its = recollection(7);
        let both = vec![agent(2), agent(3)];
        assert_eq!(its.judge(&three, at(LATER), |_| true), (false, both));
        assert_eq!(its.hear(agent(2), CommitSequence(7)), Ok(()));
        // The other may have seen more, and is asked again.
        let (is_sure, asks) = its.judge(&three, at(LATER + 1), |_| true);
        assert_eq!((is_sure, asks), (false, vec![]));
        let (is_sure, asks) = its.judge(&three, at(LATER + 600), |_| true);
        assert_eq!((is_sure, asks), (false, vec![agent(3)]));
        // It does not answer: it cannot be reached.
        let within = ANSWERS_RECALL_WITHIN.as_millis() as u64;
        assert!(its.judge(&three, at(LATER + within), |_| true).0);
        let mut with_one = recollection(7);
        let is_up = |its: &AgentId| *its == agent(2);
        assert!(!with_one.judge(&three, at(LATER), is_up).0);
        assert_eq!(with_one.hear(agent(2), CommitSequence(3)), Ok(()));
        assert!(with_one.judge(&three, at(LATER), is_up).0);
        // Nobody vouches for it where nobody is there.
        let mut alone = recollection(7);
        assert!(!alone.judge(&three, at(LATER), |_| false).0);
        assert!(alone.judge(&keepers(&[1]), at(LATER), |_| false).0);
    }

    #[test]
    fn whose_answer_got_lost_is_asked_again_before_it_votes() {
        let three = keepers(&[1, 2, 3]);
        let mut its = recollection(7);
        // Both were asked when they said something, and one of them was heard.
        for fellow in [agent(2), agent(3)] {
            its.asked.insert(fellow, (None, at(LATER)));
        }
        assert_eq!(its.hear(agent(2), CommitSequence(7)), Ok(()));
        let later = LATER + 10_000;
        let (is_sure, asks) = its.judge(&three, at(later), |_| true);
        assert_eq!((is_sure, asks), (false, vec![agent(3)]));
        let within = ANSWERS_RECALL_WITHIN.as_millis() as u64;
        assert!(!its.judge(&three, at(later + within - 1), |_| true).0);
        assert!(its.judge(&three, at(later + within), |_| true).0);
    }

    #[test]
    fn who_has_just_started_waits_for_those_it_has_not_found() {
        let three = keepers(&[1, 2, 3]);
        let mut its = recollection(7);
        let is_up = |its: &AgentId| *its == agent(2);
        its.judge(&three, at(1), is_up);
        assert_eq!(its.hear(agent(2), CommitSequence(7)), Ok(()));
        assert!(!its.judge(&three, at(1), is_up).0);
        let within = ANSWERS_RECALL_WITHIN.as_millis() as u64;
        assert!(its.judge(&three, at(within), is_up).0);
    }

    #[test]
    fn whose_disk_went_back_never_votes() {
        let mut its = recollection(7);
        let set_back = SetBack {
            stored: CommitSequence(7),
            seen: CommitSequence(8),
            by: agent(2),
        };
        assert_eq!(its.hear(agent(2), CommitSequence(8)), Err(set_back));
        assert_eq!(its.hear(agent(3), CommitSequence(7)), Ok(()));
        for numbers in [&[1, 2, 3][..], &[1]] {
            assert_eq!(
                its.judge(&keepers(numbers), at(LATER), |_| true),
                (false, vec![])
            );
        }
    }

    #[test]
    fn what_it_votes_meanwhile_is_held_against_it_by_nobody() {
        let mut its = recollection(7);
        assert_eq!(its.hear(agent(2), CommitSequence(7)), Ok(()));
        assert_eq!(its.commit(), CommitSequence(8));
        // Whoever has not vouched for it yet hears nothing later.
        assert_eq!(its.told_to(&agent(2)), CommitSequence(8));
        assert_eq!(its.told_to(&agent(3)), CommitSequence(7));
    }

    #[test]
    fn what_was_seen_is_written_once() {
        let mut its = recollection(0);
        its.saw(agent(2), CommitSequence(4));
        its.saw(agent(2), CommitSequence(3));
        assert_eq!(its.take_unwritten(), [(agent(2), CommitSequence(4))]);
        assert_eq!(its.take_unwritten(), []);
        for number in 0..FELLOWS_MAX as u32 {
            let mut bytes = [9; 32];
            bytes[..4].copy_from_slice(&number.to_le_bytes());
            its.saw(AgentId::from_bytes(bytes), CommitSequence(1));
        }
        assert_eq!(its.seen.len(), FELLOWS_MAX);
        its.saw(agent(2), CommitSequence(5));
        assert_eq!(its.seen[&agent(2)], CommitSequence(5));
    }
}
