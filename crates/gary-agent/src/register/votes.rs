//! What a keeper remembers of a register, and how it votes.

use gary_promise::{
    AgentId, Answer, Answered, Asked, Ballot, Configuration, ConfigurationEpoch, Entrusted,
    Question, Vote,
};

/// By how many an attempt may be later than the last that a keeper has promised. It votes in none that is later still:
/// whoever skipped to the last there is would have nobody write the register again.
pub(super) const SKIPPED_MAX: u64 = 1 << 32;

/// What a keeper remembers of one register. It has to be durable before any answer that follows from it is said.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Votes<V> {
    /// With whom it votes.
    configuration: Configuration,
    /// It votes in no attempt before this.
    promised: Option<Ballot>,
    /// What it voted for last, if that is not known to be chosen. It may name other keepers: then nothing comes after
    /// it in this configuration.
    voted: Option<Vote<V>>,
    /// The latest that it knows to be chosen in this configuration, or that this began with.
    chosen: Option<Vote<V>>,
}

/// By what two states of a keeper's votes are told apart without looking at what was voted for. Whose votes are counted
/// can change without them only as long as nothing was voted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    epoch: ConfigurationEpoch,
    promised: Option<Ballot>,
    voted: Option<Option<Ballot>>,
    chosen: Option<Option<Ballot>>,
}

impl Marks {
    /// Whether whoever has these votes has voted in this attempt, by what it remembers.
    pub fn have_voted_in(&self, attempt: Option<Ballot>) -> bool {
        self.voted == Some(attempt)
    }
}

impl<V: Clone + Eq> Votes<V> {
    /// Those of a keeper that has not voted yet: the register begins.
    pub const fn none(configuration: Configuration) -> Self {
        Self {
            configuration,
            promised: None,
            voted: None,
            chosen: None,
        }
    }

    /// Those of whoever first hears of a register by what was chosen.
    pub fn after(chosen: Vote<V>) -> Self {
        Self {
            configuration: chosen.entrusted.configuration.clone(),
            promised: chosen.ballot,
            voted: None,
            chosen: Some(chosen),
        }
    }

    /// Those that were stored in these parts.
    pub const fn stored(
        configuration: Configuration,
        promised: Option<Ballot>,
        voted: Option<Vote<V>>,
        chosen: Option<Vote<V>>,
    ) -> Self {
        Self {
            configuration,
            promised,
            voted,
            chosen,
        }
    }

    /// What `me` answers to what it is asked of a register of which it remembers `held`, or nothing: then it votes in no
    /// attempt before `floor`.
    pub fn answer(
        held: &mut Option<Self>,
        floor: Option<Ballot>,
        me: &AgentId,
        asked: &Asked<V>,
    ) -> Answered<V> {
        let answer = match held {
            Some(votes) => votes.vote(asked),
            None if !asked.configuration.has(me) => Answer::NotAsked,
            // Only with the first configuration does a register begin.
            None if asked.configuration.epoch() > ConfigurationEpoch::FIRST => Answer::Behind,
            None => {
                let votes = held.insert(Self::none(asked.configuration.clone()));
                votes.promised = floor;
                votes.vote(asked)
            }
        };
        Answered {
            epoch: asked.configuration.epoch(),
            ballot: asked.ballot,
            answer,
        }
    }

    /// Whether it has voted for nothing, and knows of nothing that was chosen.
    pub const fn are_blank(&self) -> bool {
        self.voted.is_none() && self.chosen.is_none()
    }

    /// Those of the same keeper with others, as long as it has voted for nothing. It votes in no attempt before what it
    /// has promised there either, so that none of its own comes twice.
    pub fn move_to(&mut self, configuration: &Configuration) {
        if self.are_blank() {
            self.configuration = configuration.clone();
        }
    }

    fn vote(&mut self, asked: &Asked<V>) -> Answer<V> {
        if asked.configuration != self.configuration {
            return self.elsewhere(&asked.configuration);
        }
        // Only those try who vote, and nobody uses up all attempts that there are.
        let last = self.promised.map_or(0, |its| its.counter);
        let is_near = asked.ballot.counter <= last.saturating_add(SKIPPED_MAX);
        if !self.configuration.has(&asked.ballot.by) || !is_near {
            return Answer::NotAsked;
        }
        if let Some(promised) = self.promised.filter(|its| *its > asked.ballot) {
            return Answer::Outbid(promised);
        }
        match &asked.question {
            Question::Prepare => {
                self.promised = Some(asked.ballot);
                Answer::Promised(self.latest().cloned())
            }
            Question::Accept(entrusted) if self.may_follow(asked.ballot, entrusted) => {
                self.promised = Some(asked.ballot);
                self.voted = Some(Vote {
                    ballot: Some(asked.ballot),
                    entrusted: entrusted.clone(),
                });
                Answer::Accepted
            }
            Question::Accept(_) => Answer::NotAsked,
        }
    }

    /// Whether it may vote for this in this attempt. What nobody honest asks for, it does not vote for.
    fn may_follow(&self, ballot: Ballot, entrusted: &Entrusted<V>) -> bool {
        let to = &entrusted.configuration;
        let is_next = *to == self.configuration || to.follows(&self.configuration);
        let may_begin = !ballot.is_zero() || self.configuration.begins() == Some(ballot.by);
        let is_other = |its: &Vote<V>| its.ballot == Some(ballot) && its.entrusted != *entrusted;
        is_next && may_begin && !self.latest().is_some_and(is_other)
    }

    fn elsewhere(&self, asked: &Configuration) -> Answer<V> {
        let (asked_in, mine) = (asked.epoch(), self.configuration.epoch());
        match &self.chosen {
            // Two registers of one name have nothing to say to each other.
            Some(_) if !asked.shares_founders(&self.configuration) => {
                Answer::Elsewhere(self.configuration.clone())
            }
            Some(chosen) if asked_in < mine => Answer::Ahead(chosen.clone()),
            _ if asked_in > mine => Answer::Behind,
            _ => Answer::Elsewhere(self.configuration.clone()),
        }
    }

    /// Learns what was chosen. Says whether it is news.
    pub fn learn(&mut self, chosen: &Vote<V>) -> bool {
        let to = &chosen.entrusted.configuration;
        // Some had thought of other keepers to begin with than this one did. What it voted for with its own it gives up,
        // unless it knows that it was chosen there too: then there are two registers, and neither takes the other's place.
        let is_beside = !to.shares_founders(&self.configuration);
        if is_beside && self.chosen.is_some() {
            return false;
        }
        if is_beside || to.epoch() > self.configuration.epoch() {
            // Attempts of two registers that begin are told apart by nothing: what it has promised in the one, it holds to in
            // the other, and to the end of both.
            let begins = to.epoch() == self.configuration.epoch();
            let promised = self.promised.filter(|_| begins);
            *self = Self::after(chosen.clone());
            self.promised = self.promised.max(promised);
            return true;
        }
        let is_news = *to == self.configuration
            && self
                .chosen
                .as_ref()
                .is_none_or(|its| its.ballot < chosen.ballot);
        if is_news {
            self.chosen = Some(chosen.clone());
            // It votes for nothing before it any more. What it voted for after it may be chosen yet, and stays.
            self.promised = self.promised.max(chosen.ballot);
            self.voted.take_if(|its| its.ballot <= chosen.ballot);
        }
        is_news
    }

    /// What was last voted for, by it or, as it knows, by a majority.
    fn latest(&self) -> Option<&Vote<V>> {
        self.voted.as_ref().or(self.chosen.as_ref())
    }

    /// With whom it votes.
    pub const fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// The latest that it knows to be chosen.
    pub const fn chosen(&self) -> Option<&Vote<V>> {
        self.chosen.as_ref()
    }

    /// What it voted for, if it does not know what became of that.
    pub const fn voted(&self) -> Option<&Vote<V>> {
        self.voted.as_ref()
    }

    /// Of which votes these are: others, for whichever change, have other marks, since an attempt is for one thing alone.
    pub fn marks(&self) -> Marks {
        let ballot = |vote: &Option<Vote<V>>| vote.as_ref().map(|its| its.ballot);
        Marks {
            epoch: self.configuration.epoch(),
            promised: self.promised,
            voted: ballot(&self.voted),
            chosen: ballot(&self.chosen),
        }
    }

    /// The latest attempt that it has promised to vote in.
    pub const fn promised(&self) -> Option<Ballot> {
        self.promised
    }
}

impl<V> Votes<V> {
    /// The same with another form of what was voted for.
    ///
    /// # Errors
    ///
    /// When that has none.
    pub fn try_map<U, E>(self, mut form: impl FnMut(V) -> Result<U, E>) -> Result<Votes<U>, E> {
        let mut vote = |its: Option<Vote<V>>| its.map(|its| its.try_map(&mut form)).transpose();
        Ok(Votes {
            voted: vote(self.voted)?,
            chosen: vote(self.chosen)?,
            configuration: self.configuration,
            promised: self.promised,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{agent, asks, ballot, first, vote};
    use super::*;

    fn answer(held: &mut Option<Votes<u8>>, asked: &Asked<u8>) -> Answer<u8> {
        let answered = Votes::answer(held, None, &agent(1), asked);
        assert_eq!(answered.ballot, asked.ballot);
        assert_eq!(answered.epoch, asked.configuration.epoch());
        answered.answer
    }

    #[test]
    fn votes_in_no_attempt_before_one_that_it_has_promised() {
        let mut held = None;
        let prepare = asks(&first(), ballot(2, 2), None);
        assert_eq!(answer(&mut held, &prepare), Answer::Promised(None));
        let earlier = asks(&first(), ballot(1, 3), Some(7));
        assert_eq!(answer(&mut held, &earlier), Answer::Outbid(ballot(2, 2)));
        let now = asks(&first(), ballot(2, 2), Some(8));
        assert_eq!(answer(&mut held, &now), Answer::Accepted);
        // Asked again, it answers the same.
        assert_eq!(answer(&mut held, &now), Answer::Accepted);
        let later = asks(&first(), ballot(3, 3), None);
        let last = Some(vote(&first(), Some(ballot(2, 2)), 8));
        assert_eq!(answer(&mut held, &later), Answer::Promised(last));
        assert_eq!(answer(&mut held, &now), Answer::Outbid(ballot(3, 3)));
    }

    #[test]
    fn who_has_forgotten_a_register_votes_in_no_attempt_before_what_it_had_promised() {
        let mut held = None;
        let floor = Some(ballot(4, 2));
        let begins = asks(&first(), ballot(0, 1), Some(7));
        let answered = Votes::answer(&mut held, floor, &agent(1), &begins);
        assert_eq!(answered.answer, Answer::Outbid(ballot(4, 2)));
        let later = asks(&first(), ballot(5, 1), Some(7));
        assert_eq!(answer(&mut held, &later), Answer::Accepted);
    }

    #[test]
    fn who_began_with_others_than_everybody_else_goes_on_with_everybody_else() {
        let mut held = None;
        let begins = asks(&first(), ballot(0, 1), Some(7));
        assert_eq!(answer(&mut held, &begins), Answer::Accepted);
        let mut votes = held.expect("it has voted");
        let keepers = [agent(1), agent(8), agent(9)];
        let others = Configuration::new(ConfigurationEpoch::FIRST, keepers).expect("three");
        let chosen = vote(&others, Some(ballot(0, 8)), 9);
        assert!(votes.learn(&chosen));
        assert_eq!((votes.configuration(), votes.voted()), (&others, None));
        // Of two that were chosen it knows no better, however often the keepers of the other have changed.
        let mine = vote(&first(), Some(ballot(0, 1)), 7);
        let mut held = Some(Votes::after(mine.clone()));
        let with_me = others.without(agent(9)).expect("it is one of them");
        for theirs in [chosen, vote(&with_me, None, 9)] {
            let votes = held.as_mut().expect("it has voted");
            assert!(!votes.learn(&theirs));
            let asked = asks(&theirs.entrusted.configuration, ballot(5, 8), Some(9));
            assert_eq!(answer(&mut held, &asked), Answer::Elsewhere(first()));
        }
        assert_eq!(held.expect("it has voted").chosen(), Some(&mine));
    }

    #[test]
    fn who_goes_over_to_others_votes_in_no_attempt_before_what_it_had_promised() {
        let mut held = None;
        let prepare = asks(&first(), ballot(3, 1), None);
        assert_eq!(answer(&mut held, &prepare), Answer::Promised(None));
        let keepers = [agent(1), agent(8), agent(9)];
        let others = Configuration::new(ConfigurationEpoch::FIRST, keepers).expect("three");
        let mut begun = held.clone().expect("it has promised");
        assert!(begun.learn(&vote(&others, Some(ballot(0, 8)), 9)));
        assert_eq!(begun.promised(), Some(ballot(3, 1)));
        // With other keepers than it began with, all attempts are others.
        let without = others.without(agent(9)).expect("it is one");
        let mut later = held.expect("it has promised");
        assert!(later.learn(&vote(&without, None, 9)));
        assert_eq!(later.promised(), None);
    }

    #[test]
    fn nobody_but_the_first_begins_without_asking() {
        let mut held = None;
        let other = asks(&first(), ballot(0, 2), Some(7));
        assert_eq!(answer(&mut held, &other), Answer::NotAsked);
        let begins = asks(&first(), ballot(0, 1), Some(7));
        assert_eq!(answer(&mut held, &begins), Answer::Accepted);
        // Nor for two values in one attempt.
        let another = asks(&first(), ballot(0, 1), Some(8));
        assert_eq!(answer(&mut held, &another), Answer::NotAsked);
    }

    #[test]
    fn votes_in_no_attempt_of_a_stranger_or_that_skips_too_many() {
        let mut held = None;
        let stranger = asks(&first(), ballot(1, 9), None);
        assert_eq!(answer(&mut held, &stranger), Answer::NotAsked);
        let last = asks(&first(), ballot(u64::MAX, 2), None);
        assert_eq!(answer(&mut held, &last), Answer::NotAsked);
        let far = asks(&first(), ballot(SKIPPED_MAX, 2), None);
        assert_eq!(answer(&mut held, &far), Answer::Promised(None));
    }

    #[test]
    fn who_is_no_keeper_votes_on_nothing() {
        let mut held: Option<Votes<u8>> = None;
        let asked = asks(&first(), ballot(1, 1), None);
        let answered = Votes::answer(&mut held, None, &agent(9), &asked);
        assert_eq!((answered.answer, held), (Answer::NotAsked, None));
    }

    #[test]
    fn votes_with_one_configuration_and_says_which() {
        let four = first().with(agent(4)).expect("there is room");
        let mut held = None;
        let in_four = asks(&four, ballot(1, 4), None);
        assert_eq!(answer(&mut held, &in_four), Answer::Behind);
        assert_eq!(held, None);

        let in_three = asks(&first(), ballot(1, 2), None);
        assert_eq!(answer(&mut held, &in_three), Answer::Promised(None));
        assert_eq!(answer(&mut held, &in_four), Answer::Behind);
        let others = Configuration::new(ConfigurationEpoch::FIRST, [1, 2, 5].map(agent));
        let with_others = asks(&others.expect("three"), ballot(3, 5), None);
        assert_eq!(answer(&mut held, &with_others), Answer::Elsewhere(first()));
        // As long as it has voted for nothing it may vote with others instead.
        let mut with_those = held.clone().expect("it has promised");
        let those = Configuration::new(ConfigurationEpoch::FIRST, [1, 5, 6].map(agent));
        let those = those.expect("three");
        with_those.move_to(&those);
        assert_eq!(with_those.configuration(), &those);
        let mut others = Some(with_those);
        assert_eq!(
            answer(&mut others, &in_three),
            Answer::Elsewhere(those.clone())
        );
        let earlier = asks(&those, ballot(1, 1), None);
        assert_eq!(answer(&mut others, &earlier), Answer::Outbid(ballot(1, 2)));
        let voted = asks(&those, ballot(1, 5), Some(7));
        assert_eq!(answer(&mut others, &voted), Answer::Accepted);
        let mut others = others.expect("it has voted");
        others.move_to(&first());
        assert_eq!(others.configuration(), &those);

        let begins = vote(&four, None, 7);
        let votes = held.as_mut().expect("it has promised");
        assert!(votes.learn(&begins));
        assert!(!votes.learn(&begins), "it knows that");
        // What it has promised the others counts no more, and neither do they.
        assert_eq!(answer(&mut held, &in_three), Answer::Ahead(begins.clone()));
        assert_eq!(answer(&mut held, &in_four), Answer::Promised(Some(begins)));
    }

    #[test]
    fn keepers_change_one_at_a_time() {
        let four = first().with(agent(4)).expect("there is room");
        let five = four.with(agent(5)).expect("there is room");
        let mut held = None;
        let asked = |to: &Configuration| Asked {
            configuration: first(),
            ballot: ballot(1, 2),
            question: Question::Accept(Entrusted {
                configuration: to.clone(),
                content: 7,
            }),
        };
        assert_eq!(answer(&mut held, &asked(&five)), Answer::NotAsked);
        assert_eq!(answer(&mut held, &asked(&four)), Answer::Accepted);
        // It stays where it is until that is known to be chosen.
        let votes = held.expect("it has voted");
        assert_eq!(
            (votes.configuration(), votes.voted().is_some()),
            (&first(), true)
        );
    }

    #[test]
    fn what_it_learns_takes_the_place_of_an_earlier_vote_and_of_no_later_one() {
        let mut held = None;
        let second = asks(&first(), ballot(2, 2), Some(8));
        assert_eq!(answer(&mut held, &second), Answer::Accepted);
        let votes = held.as_mut().expect("it has voted");
        assert!(votes.learn(&vote(&first(), Some(ballot(1, 1)), 7)));
        assert!(votes.voted().is_some());
        assert!(votes.learn(&vote(&first(), Some(ballot(3, 3)), 9)));
        assert!(votes.voted().is_none());
        assert!(!votes.learn(&vote(&first(), Some(ballot(1, 1)), 7)));
        assert_eq!(votes.chosen().map(|its| its.entrusted.content), Some(9));
        // It votes for nothing before what it knows to be chosen.
        assert_eq!(answer(&mut held, &second), Answer::Outbid(ballot(3, 3)));
    }
}
