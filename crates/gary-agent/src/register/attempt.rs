//! One attempt to write a register.

use std::collections::{BTreeMap, BTreeSet};

use gary_promise::{
    AgentId, Answer, Answered, Asked, Ballot, BootEpoch, Configuration, Entrusted, Question, Vote,
};

/// One attempt to write a register. It may be lost at any time, and another begun.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Attempt<V> {
    configuration: Configuration,
    ballot: Ballot,
    stage: Stage<V>,
    /// Who has promised a later one, and which.
    outbid: BTreeMap<AgentId, Ballot>,
    /// Who votes with others on a register of that name, and with whom.
    elsewhere: BTreeMap<AgentId, Configuration>,
    /// Who was told what the configuration began with.
    behind: BTreeSet<AgentId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Stage<V> {
    /// Who has answered what they voted for last, and the latest of that.
    Preparing(BTreeSet<AgentId>, Option<Vote<V>>),
    /// A majority has, and it is to be said what follows from it.
    Prepared(Option<Vote<V>>),
    /// Who has voted for it.
    Accepting(BTreeSet<AgentId>, Entrusted<V>),
    Over,
}

/// What has come of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress<V> {
    /// A majority has promised: [`Attempt::propose`] what follows from the latest.
    Prepared,
    /// What it follows from was the last vote of its configuration, and is brought to its end first: all are to be
    /// asked [`Attempt::asks`].
    Closing,
    /// A majority has voted for it.
    Chosen(Vote<V>),
    /// It comes to nothing: a later attempt is under way, and one after that has to be made.
    Outbid,
    /// It comes to nothing: others vote, and this is what they began with, or chose.
    Ahead(Vote<V>),
    /// Whoever answered has to be told first what the configuration began with. Said once of each.
    Behind,
    /// It comes to nothing: a majority votes on a register of that name with others.
    Elsewhere(Configuration),
}

impl<V: Clone + Eq> Attempt<V> {
    /// An attempt that asks first what was voted for.
    pub const fn new(configuration: Configuration, ballot: Ballot) -> Self {
        Self {
            configuration,
            ballot,
            stage: Stage::Preparing(BTreeSet::new(), None),
            outbid: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            behind: BTreeSet::new(),
        }
    }

    /// The attempt that begins a register and asks nobody first. Only the first of its first configuration may, and
    /// only where it remembers nothing of the register; its own vote is the first, and makes it remember.
    pub fn begin(me: AgentId, epoch: BootEpoch, entrusted: Entrusted<V>) -> Option<Self> {
        let configuration = entrusted.configuration.clone();
        (configuration.begins() == Some(me)).then(|| Self {
            configuration,
            ballot: Ballot::zero(me, epoch),
            stage: Stage::Accepting(BTreeSet::new(), entrusted),
            outbid: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            behind: BTreeSet::new(),
        })
    }

    /// Whose votes are counted.
    pub const fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// What those who have not answered are to be asked, now or once more.
    pub fn asks(&self) -> Option<Asked<V>> {
        let question = match &self.stage {
            Stage::Preparing(..) => Question::Prepare,
            Stage::Accepting(_, entrusted) => Question::Accept(entrusted.clone()),
            Stage::Prepared(_) | Stage::Over => return None,
        };
        Some(Asked {
            configuration: self.configuration.clone(),
            ballot: self.ballot,
            question,
        })
    }

    /// Who has not answered yet what is asked now.
    pub fn waits_for(&self) -> impl Iterator<Item = AgentId> {
        let answered = match &self.stage {
            Stage::Preparing(answered, _) | Stage::Accepting(answered, _) => Some(answered),
            Stage::Prepared(_) | Stage::Over => None,
        };
        let keepers = self.configuration.keepers().iter().copied();
        keepers.filter(move |its| {
            answered.is_some_and(|these| !these.contains(its)) && self.may_vote(its)
        })
    }

    /// A keeper answers. Says what has come of it, if anything has.
    pub fn handle(&mut self, from: AgentId, answered: &Answered<V>) -> Option<Progress<V>> {
        let is_of_this =
            answered.epoch == self.configuration.epoch() && answered.ballot == self.ballot;
        if !is_of_this || !self.configuration.has(&from) || matches!(self.stage, Stage::Over) {
            return None;
        }
        match &answered.answer {
            Answer::Promised(vote) => self.promised(from, vote),
            Answer::Accepted => self.accepted(from),
            Answer::Outbid(by) => self.was_outbid(from, *by),
            Answer::Ahead(chosen) => Some(self.end(Progress::Ahead(chosen.clone()))),
            Answer::Behind => self.behind.insert(from).then_some(Progress::Behind),
            Answer::Elsewhere(with) => {
                self.elsewhere.insert(from, with.clone());
                self.without()
            }
            Answer::NotAsked => None,
        }
    }

    fn promised(&mut self, from: AgentId, vote: &Option<Vote<V>>) -> Option<Progress<V>> {
        let Stage::Preparing(promised, latest) = &mut self.stage else {
            return None;
        };
        promised.insert(from);
        let ballot = |its: &Option<Vote<V>>| its.as_ref().map(|its| its.ballot);
        if ballot(vote) > ballot(latest) {
            latest.clone_from(vote);
        }
        if promised.len() < self.configuration.majority() {
            return None;
        }
        let latest = latest.take();
        let closes = latest
            .as_ref()
            .map(|its| &its.entrusted)
            .filter(|its| its.configuration != self.configuration);
        if let Some(last) = closes {
            self.stage = Stage::Accepting(BTreeSet::new(), last.clone());
            return Some(Progress::Closing);
        }
        self.stage = Stage::Prepared(latest);
        Some(Progress::Prepared)
    }

    /// What the latest vote was for, once a majority has promised: what is proposed follows from it.
    pub fn follows_from(&self) -> Option<&Entrusted<V>> {
        match &self.stage {
            Stage::Prepared(latest) => latest.as_ref().map(|its| &its.entrusted),
            _ => None,
        }
    }

    /// Says what is to be voted for. Before a majority has promised, nothing is.
    pub fn propose(&mut self, entrusted: Entrusted<V>) {
        if matches!(self.stage, Stage::Prepared(_)) {
            self.stage = Stage::Accepting(BTreeSet::new(), entrusted);
        }
    }

    fn accepted(&mut self, from: AgentId) -> Option<Progress<V>> {
        let Stage::Accepting(voted, entrusted) = &mut self.stage else {
            return None;
        };
        voted.insert(from);
        if voted.len() < self.configuration.majority() {
            return None;
        }
        // What closes a configuration is what the next one begins with.
        let is_last = entrusted.configuration != self.configuration;
        let chosen = Vote {
            ballot: (!is_last).then_some(self.ballot),
            entrusted: entrusted.clone(),
        };
        Some(self.end(Progress::Chosen(chosen)))
    }

    /// The latest attempt that somebody has promised in the place of this.
    pub fn outbid_by(&self) -> Option<Ballot> {
        self.outbid.values().max().copied()
    }

    fn was_outbid(&mut self, from: AgentId, by: Ballot) -> Option<Progress<V>> {
        self.outbid.insert(from, by);
        self.without()
    }

    /// It can still come to something as long as a majority may vote for it.
    fn without(&mut self) -> Option<Progress<V>> {
        let keepers = self.configuration.keepers().iter();
        let left = keepers.filter(|its| self.may_vote(its)).count();
        if left >= self.configuration.majority() {
            return None;
        }
        let others = self.elsewhere.values().next().cloned();
        let progress = match others.filter(|_| self.outbid.is_empty()) {
            Some(others) => Progress::Elsewhere(others),
            None => Progress::Outbid,
        };
        Some(self.end(progress))
    }

    fn may_vote(&self, keeper: &AgentId) -> bool {
        !self.outbid.contains_key(keeper) && !self.elsewhere.contains_key(keeper)
    }

    fn end(&mut self, progress: Progress<V>) -> Progress<V> {
        self.stage = Stage::Over;
        progress
    }
}

#[cfg(test)]
mod tests {
    use gary_promise::ConfigurationEpoch;

    use super::super::testing::{agent, ballot, entrusted, first, vote};
    use super::*;

    fn answered(of: &Attempt<u8>, answer: Answer<u8>) -> Answered<u8> {
        Answered {
            epoch: of.configuration.epoch(),
            ballot: of.ballot,
            answer,
        }
    }

    fn hears(of: &mut Attempt<u8>, from: u8, answer: Answer<u8>) -> Option<Progress<u8>> {
        let answered = answered(of, answer);
        of.handle(agent(from), &answered)
    }

    fn waits_for(of: &Attempt<u8>) -> Vec<AgentId> {
        of.waits_for().collect()
    }

    #[test]
    fn what_was_voted_for_last_is_what_the_next_follows_from() {
        let mut attempt = Attempt::new(first(), ballot(5, 1));
        let (earlier, later) = (Some(ballot(2, 2)), Some(ballot(3, 3)));
        let promised = |ballot, content| Answer::Promised(Some(vote(&first(), ballot, content)));
        assert_eq!(hears(&mut attempt, 1, promised(later, 8)), None);
        // The same again is no second.
        assert_eq!(hears(&mut attempt, 1, promised(later, 8)), None);
        assert_eq!(waits_for(&attempt), [2, 3].map(agent));
        let now = hears(&mut attempt, 2, promised(earlier, 7));
        assert_eq!(now, Some(Progress::Prepared));
        assert_eq!(attempt.follows_from(), Some(&entrusted(&first(), 8)));
        assert_eq!((attempt.asks(), waits_for(&attempt)), (None, vec![]));

        attempt.propose(entrusted(&first(), 9));
        assert_eq!(waits_for(&attempt), [1, 2, 3].map(agent));
        // A promise that comes late changes nothing.
        assert_eq!(hears(&mut attempt, 3, Answer::Promised(None)), None);
        assert_eq!(hears(&mut attempt, 3, Answer::Accepted), None);
        let now = hears(&mut attempt, 1, Answer::Accepted);
        let chosen = vote(&first(), Some(ballot(5, 1)), 9);
        assert_eq!(now, Some(Progress::Chosen(chosen)));
        assert_eq!(hears(&mut attempt, 2, Answer::Accepted), None);
    }

    #[test]
    fn nothing_is_proposed_before_a_majority_has_promised() {
        let mut attempt = Attempt::new(first(), ballot(5, 1));
        attempt.propose(entrusted(&first(), 9));
        let asks = attempt.asks().expect("it is under way");
        assert_eq!(asks.question, Question::Prepare);
    }

    #[test]
    fn the_last_vote_of_a_configuration_is_brought_to_its_end() {
        let four = first().with(agent(4)).expect("there is room");
        let mut attempt = Attempt::new(first(), ballot(5, 1));
        let last = Answer::Promised(Some(vote(&four, Some(ballot(2, 2)), 7)));
        assert_eq!(hears(&mut attempt, 1, Answer::Promised(None)), None);
        assert_eq!(hears(&mut attempt, 2, last), Some(Progress::Closing));
        let asks = attempt.asks().expect("it is under way");
        assert_eq!(asks.question, Question::Accept(entrusted(&four, 7)));
        // Whoever comes has no vote on its coming.
        assert_eq!(hears(&mut attempt, 4, Answer::Accepted), None);
        assert_eq!(hears(&mut attempt, 3, Answer::Accepted), None);
        let chosen = Progress::Chosen(vote(&four, None, 7));
        assert_eq!(hears(&mut attempt, 2, Answer::Accepted), Some(chosen));
    }

    #[test]
    fn comes_to_nothing_once_a_majority_has_promised_later() {
        let mut attempt = Attempt::new(first(), ballot(5, 1));
        let outbid = |by| Answer::Outbid(ballot(6, by));
        assert_eq!(hears(&mut attempt, 1, outbid(3)), None);
        assert_eq!(hears(&mut attempt, 2, Answer::Promised(None)), None);
        let now = hears(&mut attempt, 3, outbid(3));
        assert_eq!(
            (now, attempt.outbid_by()),
            (Some(Progress::Outbid), Some(ballot(6, 3)))
        );
        assert_eq!(attempt.asks(), None);
    }

    #[test]
    fn one_who_votes_elsewhere_does_not_end_it() {
        let others = Configuration::new(ConfigurationEpoch::FIRST, [3, 4, 5].map(agent));
        let elsewhere = Answer::Elsewhere(others.expect("three"));
        let mut attempt = Attempt::new(first(), ballot(5, 1));
        assert_eq!(hears(&mut attempt, 3, elsewhere.clone()), None);
        assert_eq!(waits_for(&attempt), [1, 2].map(agent));
        assert_eq!(hears(&mut attempt, 1, Answer::Promised(None)), None);
        let now = hears(&mut attempt, 2, Answer::Promised(None));
        assert_eq!(now, Some(Progress::Prepared));

        let mut attempt = Attempt::new(first(), ballot(5, 1));
        assert_eq!(hears(&mut attempt, 3, elsewhere.clone()), None);
        let now = hears(&mut attempt, 2, elsewhere);
        assert!(matches!(now, Some(Progress::Elsewhere(_))));
    }

    #[test]
    fn who_is_behind_is_told_once() {
        let mut attempt = Attempt::new(first(), ballot(5, 1));
        assert_eq!(
            hears(&mut attempt, 2, Answer::Behind),
            Some(Progress::Behind)
        );
        assert_eq!(hears(&mut attempt, 2, Answer::Behind), None);
        assert_eq!(
            hears(&mut attempt, 3, Answer::Behind),
            Some(Progress::Behind)
        );
        assert_eq!(waits_for(&attempt).len(), 3);
    }

    #[test]
    fn answers_to_another_attempt_and_of_others_count_for_nothing() {
        let mut attempt = Attempt::new(first(), ballot(5, 1));
        let of_it = answered(&attempt, Answer::Promised(None));
        let of_another = Answered {
            ballot: ballot(4, 1),
            ..of_it.clone()
        };
        let of_others = Answered {
            epoch: ConfigurationEpoch::new(2).expect("not zero"),
            ..of_it.clone()
        };
        for from in [1, 2, 3] {
            assert_eq!(attempt.handle(agent(from), &of_another), None);
            assert_eq!(attempt.handle(agent(from), &of_others), None);
        }
        assert_eq!(attempt.handle(agent(9), &of_it), None);
        assert_eq!(waits_for(&attempt).len(), 3);
    }

    #[test]
    fn only_the_first_of_the_first_configuration_begins() {
        let begin = |configuration: &Configuration, by| {
            Attempt::begin(agent(by), BootEpoch(1), entrusted(configuration, 7))
        };
        assert_eq!(begin(&first(), 2), None);
        let four = first().with(agent(4)).expect("there is room");
        assert_eq!(begin(&four, 1), None);
        let attempt = begin(&first(), 1).expect("it is the first");
        let asks = attempt.asks().expect("it is under way");
        assert!(asks.ballot.is_zero());
        assert_eq!(asks.question, Question::Accept(entrusted(&first(), 7)));
    }
}
