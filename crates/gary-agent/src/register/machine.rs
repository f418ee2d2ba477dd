//! One register, as one of its keepers has it.

use std::collections::{BTreeSet, VecDeque};

use gary_promise::{
    AgentId, Answered, Asked, Ballot, BootEpoch, Configuration, ConfigurationEpoch, Consultation,
    Entrusted, Vote,
};

use super::attempt::{Attempt, Progress};
use super::change::Change;
use super::votes::Votes;

/// One register, as one of its keepers has it: its votes, and the changes that it is to make there.
///
/// When to try, and how often to ask, whoever drives it decides.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Register<V, C> {
    me: AgentId,
    /// The start in which its attempts are made.
    epoch: BootEpoch,
    votes: Option<Votes<V>>,
    attempt: Option<Attempt<V>>,
    /// The latest attempt that it knows of: one of its own, or one of others that it was outbid by.
    latest: Option<Ballot>,
    changes: VecDeque<C>,
}

/// What follows from a step. The votes have to be durable before any of it is said.
#[derive(Debug)]
pub struct Done<V, C: Change<V>> {
    /// What is said, and to whom.
    pub said: Vec<(AgentId, Consultation<V>)>,
    /// What has come to be known as chosen, the earlier first.
    pub chosen: Vec<Vote<V>>,
    /// What was known to be chosen before the register was begun again by somebody.
    pub superseded: Option<Vote<V>>,
    /// The changes of which it is known now what has become of them.
    pub settled: Vec<(C, C::Verdict)>,
    /// Whether it has voted, rather than heard of votes.
    pub has_voted: bool,
    /// A later attempt is under way: to try again at once would be to disturb it.
    pub is_outbid: bool,
    /// A register of the same name began with others, who vote on it.
    pub elsewhere: Option<Configuration>,
}

impl<V, C: Change<V>> Default for Done<V, C> {
    fn default() -> Self {
        Self {
            said: Vec::new(),
            chosen: Vec::new(),
            superseded: None,
            settled: Vec::new(),
            has_voted: false,
            is_outbid: false,
            elsewhere: None,
        }
    }
}

impl<V: Clone + Eq, C: Change<V>> Register<V, C> {
    /// That of `me`, in this start, by what it remembers of it.
    pub const fn new(me: AgentId, epoch: BootEpoch, votes: Option<Votes<V>>) -> Self {
        Self {
            me,
            epoch,
            votes,
            attempt: None,
            latest: None,
            changes: VecDeque::new(),
        }
    }

    /// The same, of which nothing is remembered, and which votes in no attempt before this.
    pub const fn after(mut self, floor: Option<Ballot>) -> Self {
        self.latest = floor;
        self
    }

    /// What has to be durable.
    pub const fn votes(&self) -> Option<&Votes<V>> {
        self.votes.as_ref()
    }

    /// The latest attempt that it has promised to vote in, or knows of. Who forgets the register goes on after it.
    pub fn latest(&self) -> Option<Ballot> {
        let promised = self.votes.as_ref().and_then(Votes::promised);
        promised.max(self.latest)
    }

    /// The changes that are to be made, the first first.
    pub const fn changes(&self) -> &VecDeque<C> {
        &self.changes
    }

    /// Whether it tries to make one.
    pub const fn is_trying(&self) -> bool {
        self.attempt.is_some()
    }

    /// Whether somebody has promised a later attempt than the one that it makes.
    pub fn is_outbid(&self) -> bool {
        self.attempt.as_ref().and_then(Attempt::outbid_by).is_some()
    }

    /// A change is to be made, after those before it.
    pub fn want(&mut self, change: C) {
        self.changes.push_back(change);
    }

    /// Some changes are not wanted any more. An attempt that was made for one of them is over: what has become of it is
    /// not known.
    pub fn drop_changes(&mut self, is_over: impl Fn(&C) -> bool) -> Vec<C> {
        if self.changes.front().is_some_and(&is_over) {
            self.give_up();
        }
        let (over, left): (Vec<C>, Vec<C>) = self.changes.drain(..).partition(is_over);
        self.changes = left.into();
        over
    }

    /// The changes that are to be made, for whoever wants something of them too.
    pub fn changes_mut(&mut self) -> impl Iterator<Item = &mut C> {
        self.changes.iter_mut()
    }

    /// Tries to make the first change, from the beginning. `proposed` are those who vote on a register that has not
    /// begun. Whoever is no keeper of it does not try.
    pub fn begin(&mut self, proposed: &Configuration, done: &mut Done<V, C>) {
        self.give_up();
        let Some(change) = self.changes.front() else {
            return;
        };
        let configuration = match &self.votes {
            Some(votes) => votes.configuration(),
            None => proposed,
        };
        // A register begins with the first configuration: of a later one it has to know what that began with.
        let is_first = configuration.epoch() == ConfigurationEpoch::FIRST;
        if !configuration.has(&self.me) || (self.votes.is_none() && !is_first) {
            return;
        }
        // What asks for more than nothing is not refused before others were asked.
        let is_blank = self.votes.is_none() && self.latest.is_none();
        let may_begin = is_blank && change.verdict(None).is_none();
        let beginning = may_begin.then(|| change.follow(None, proposed));
        let beginning = beginning.and_then(|its| Attempt::begin(self.me, self.epoch, its));
        let configuration = configuration.clone();
        self.attempt = beginning.or_else(|| self.next_attempt(configuration));
        self.ask(done);
    }

    /// Finds out what has become of what was voted for last: has it chosen, unless something later is.
    pub fn read(&mut self, done: &mut Done<V, C>) {
        let configuration = self.votes.as_ref().map(Votes::configuration);
        let configuration = configuration.filter(|its| its.has(&self.me)).cloned();
        if self.attempt.is_none()
            && let Some(configuration) = configuration
        {
            self.attempt = self.next_attempt(configuration);
            self.ask(done);
        }
    }

    /// Begins again with others, and with this: a majority of those who voted is gone for good. Whoever knows of an earlier
    /// configuration hears that these vote by now; what else those before have come to vote for is lost.
    pub fn begin_again(&mut self, entrusted: Entrusted<V>, done: &mut Done<V, C>) {
        self.give_up();
        let ballot = None;
        let begins = Vote { ballot, entrusted };
        self.announce(&begins, done);
        self.learn(begins, done);
    }

    /// An attempt after all that it knows of.
    fn next_attempt(&mut self, configuration: Configuration) -> Option<Attempt<V>> {
        let ballot = Ballot::after(self.latest(), self.me, self.epoch)?;
        self.latest = Some(ballot);
        Some(Attempt::new(configuration, ballot))
    }

    /// Has nothing under way any more.
    pub fn give_up(&mut self) {
        let outbid_by = self.attempt.take().and_then(|its| its.outbid_by());
        self.latest = self.latest.max(outbid_by);
    }

    /// Votes with others instead, as long as it has voted for nothing: more is known now of who is to keep it.
    pub fn move_to(&mut self, configuration: &Configuration) {
        if let Some(votes) = &mut self.votes
            && votes.are_blank()
            && votes.configuration() != configuration
        {
            votes.move_to(configuration);
            self.give_up();
        }
    }

    /// Those who were asked had time to answer. Asks those who have not once more, unless somebody has promised a later
    /// attempt: then the others may never make up a majority.
    pub fn handle_silence(&mut self, done: &mut Done<V, C>) {
        if self.is_outbid() {
            self.give_up();
            done.is_outbid = true;
        } else {
            self.ask_others(done);
        }
    }

    fn ask_others(&self, done: &mut Done<V, C>) {
        let Some(attempt) = &self.attempt else { return };
        let Some(asked) = attempt.asks() else { return };
        let others = attempt.waits_for().filter(|its| *its != self.me);
        let said = others.map(|to| (to, Consultation::Asked(asked.clone())));
        done.said.extend(said);
    }

    /// Asks all keepers, itself first: what it has asked once, it remembers.
    fn ask(&mut self, done: &mut Done<V, C>) {
        let Some(asked) = self.attempt.as_ref().and_then(Attempt::asks) else {
            return;
        };
        self.ask_others(done);
        let answered = self.vote(&asked, done);
        self.take(self.me, &answered, done);
    }

    /// Hears what another says of it.
    pub fn hear(&mut self, from: AgentId, what: Consultation<V>, done: &mut Done<V, C>) {
        match what {
            Consultation::Asked(asked) => self.answer(from, &asked, done),
            Consultation::Answered(answered) => self.take(from, &answered, done),
            Consultation::Chosen(chosen) => self.learn(chosen, done),
            // Whoever tells what was chosen wants to know, and no vote depends on it.
            Consultation::Learned(_) | Consultation::Collected(_) | Consultation::Namesake(_) => {}
        }
    }

    fn answer(&mut self, from: AgentId, asked: &Asked<V>, done: &mut Done<V, C>) {
        let answered = self.vote(asked, done);
        done.said.push((from, Consultation::Answered(answered)));
    }

    fn vote(&mut self, asked: &Asked<V>, done: &mut Done<V, C>) -> Answered<V> {
        let before = self.votes.as_ref().map(Votes::marks);
        let answered = Votes::answer(&mut self.votes, self.latest, &self.me, asked);
        done.has_voted |= before != self.votes.as_ref().map(Votes::marks);
        answered
    }

    /// Takes an answer to its own attempt.
    fn take(&mut self, from: AgentId, answered: &Answered<V>, done: &mut Done<V, C>) {
        let progress = self
            .attempt
            .as_mut()
            .and_then(|its| its.handle(from, answered));
        match progress {
            None => {}
            Some(Progress::Prepared) => self.propose(done),
            Some(Progress::Closing) => self.ask(done),
            Some(Progress::Chosen(chosen)) => {
                self.attempt = None;
                self.settle(&chosen.entrusted, done);
                self.announce(&chosen, done);
                self.learn(chosen, done);
            }
            Some(Progress::Outbid) => {
                self.give_up();
                done.is_outbid = true;
            }
            Some(Progress::Ahead(chosen)) => {
                self.attempt = None;
                self.learn(chosen, done);
            }
            Some(Progress::Behind) => self.catch_up(from, done),
            Some(Progress::Elsewhere(configuration)) => {
                self.attempt = None;
                done.elsewhere = Some(configuration);
            }
        }
    }

    /// Says what follows from what was voted for last, by the first change. Where that is refused, or there is none, what
    /// was voted for last has to be chosen before anything is said.
    fn propose(&mut self, done: &mut Done<V, C>) {
        let Some(attempt) = &mut self.attempt else {
            return;
        };
        let latest = attempt.follows_from();
        let change = self.changes.front();
        let next = match (change.map(|its| (its, its.verdict(latest))), latest) {
            (Some((change, None)), _) => change.follow(latest, attempt.configuration()),
            (_, Some(latest)) => latest.clone(),
            (None, None) => {
                self.attempt = None;
                return;
            }
            (Some((_, Some(verdict))), None) => {
                self.attempt = None;
                let change = self.changes.pop_front();
                done.settled.extend(change.map(|its| (its, verdict)));
                return;
            }
        };
        attempt.propose(next);
        self.ask(done);
    }

    /// Of the first change it is known what has become of it, if that shows: it was tried after it was wanted. What
    /// others want may have been refused by what was chosen before they wanted it, and is tried for itself.
    fn settle(&mut self, chosen: &Entrusted<V>, done: &mut Done<V, C>) {
        let verdict = self
            .changes
            .front()
            .and_then(|its| its.verdict(Some(chosen)));
        if let Some(verdict) = verdict {
            let change = self.changes.pop_front();
            done.settled.extend(change.map(|its| (its, verdict)));
        }
    }

    /// Tells all who voted, and all who vote from now on.
    fn announce(&self, chosen: &Vote<V>, done: &mut Done<V, C>) {
        let before = self.votes.as_ref().map(Votes::configuration);
        let both = [before, Some(&chosen.entrusted.configuration)];
        let told: BTreeSet<AgentId> = both
            .into_iter()
            .flatten()
            .flat_map(Configuration::keepers)
            .copied()
            .filter(|its| *its != self.me)
            .collect();
        let said = told
            .into_iter()
            .map(|to| (to, Consultation::Chosen(chosen.clone())));
        done.said.extend(said);
    }

    /// Whoever is behind is told what it has to know before it votes, and asked again.
    fn catch_up(&self, who: AgentId, done: &mut Done<V, C>) {
        let chosen = self.votes.as_ref().and_then(Votes::chosen);
        let asked = self.attempt.as_ref().and_then(Attempt::asks);
        if let (Some(chosen), Some(asked)) = (chosen, asked) {
            done.said.push((who, Consultation::Chosen(chosen.clone())));
            done.said.push((who, Consultation::Asked(asked)));
        }
    }

    fn learn(&mut self, chosen: Vote<V>, done: &mut Done<V, C>) {
        let era = |its: &Vote<V>| its.entrusted.configuration.epoch().era();
        let before = self.votes.as_ref().and_then(Votes::chosen);
        let before = before.filter(|its| era(its) < era(&chosen)).cloned();
        let is_news = match &mut self.votes {
            Some(votes) => votes.learn(&chosen),
            None => {
                self.votes = Some(Votes::after(chosen.clone()));
                true
            }
        };
        if is_news {
            // An attempt under an earlier configuration comes to nothing, and so does one of a register that is given up.
            let now = &chosen.entrusted.configuration;
            self.attempt.take_if(|its| {
                let of = its.configuration();
                of.epoch() < now.epoch() || !of.shares_founders(now)
            });
            done.chosen.push(chosen);
            if before.is_some() {
                done.superseded = before;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use gary_promise::{Answer, Era, Question};

    use super::super::testing::{agent, asks, ballot, first, vote};
    use super::*;

    /// Wants the register to hold the number after this one.
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Succeeds(u8);

    impl Change<u8> for Succeeds {
        /// What the register held, if that is not what the number should follow.
        type Verdict = Result<(), u8>;

        fn verdict(&self, held: Option<&Entrusted<u8>>) -> Option<Self::Verdict> {
            let now = held.map_or(0, |its| its.content);
            match now {
                _ if now == self.0 => None,
                _ if now == self.0 + 1 => Some(Ok(())),
                _ => Some(Err(now)),
            }
        }

        fn follow(&self, _: Option<&Entrusted<u8>>, to: &Configuration) -> Entrusted<u8> {
            Entrusted {
                configuration: to.clone(),
                content: self.0 + 1,
            }
        }
    }

    type Keeper = Register<u8, Succeeds>;
    type Says = Done<u8, Succeeds>;

    fn keeper(number: u8) -> Keeper {
        Register::new(agent(number), BootEpoch(1), None)
    }

    fn begins(keeper: &mut Keeper) -> Says {
        let mut done = Done::default();
        keeper.begin(&first(), &mut done);
        done
    }

    /// One says something to the other, and that answers, until neither has anything left to say.
    fn talk(one: &mut Keeper, other: &mut Keeper, mut done: Says) -> Says {
        let mut all = Done::default();
        loop {
            all.settled.append(&mut done.settled);
            all.chosen.append(&mut done.chosen);
            all.is_outbid |= done.is_outbid;
            let said: Vec<_> = done
                .said
                .drain(..)
                .filter(|(to, _)| *to == other.me)
                .collect();
            if said.is_empty() {
                return all;
            }
            let mut answers: Says = Done::default();
            for (_, what) in said {
                other.hear(one.me, what, &mut answers);
            }
            for (_, what) in answers.said {
                one.hear(other.me, what, &mut done);
            }
        }
    }

    #[test]
    fn the_first_begins_with_one_round_and_everyone_else_asks_first() {
        let [mut one, mut two, mut three] = [1, 2, 3].map(keeper);
        one.want(Succeeds(0));
        let done = begins(&mut one);
        let is_accept = |(_, what): &(AgentId, Consultation<u8>)| matches!(what, Consultation::Asked(asked) if matches!(asked.question, Question::Accept(_)));
        assert!(done.said.len() == 2 && done.said.iter().all(is_accept));
        let done = talk(&mut one, &mut two, done);
        assert_eq!(done.settled, [(Succeeds(0), Ok(()))]);
        assert_eq!(two.votes().and_then(Votes::chosen), done.chosen.first());

        three.want(Succeeds(1));
        let done = begins(&mut three);
        assert!(!done.said.iter().any(is_accept));
        let done = talk(&mut three, &mut two, done);
        assert_eq!(done.settled, [(Succeeds(1), Ok(()))]);
        assert!(three.changes().is_empty() && !three.is_trying());
    }

    #[test]
    fn who_has_forgotten_a_register_asks_first_and_later_than_it_had_promised() {
        let floor = Some(ballot(4, 2));
        let mut one = keeper(1).after(floor);
        let mut two = keeper(2);
        // The other was away, and holds what it had voted for before.
        let before = asks(&first(), ballot(4, 2), Some(7));
        two.hear(agent(2), Consultation::Asked(before), &mut Done::default());
        one.want(Succeeds(0));
        let done = begins(&mut one);
        let done = talk(&mut one, &mut two, done);
        assert_eq!(done.settled, [(Succeeds(0), Err(7))]);
        let [chosen] = &done.chosen[..] else {
            panic!("what was voted for is: {done:?}");
        };
        assert!(chosen.entrusted.content == 7 && chosen.ballot > floor);
    }

    #[test]
    fn a_change_is_refused_by_what_is_chosen_and_by_nothing_less() {
        let [mut one, mut two, mut three] = [1, 2, 3].map(keeper);
        // Only the first has voted for what it began with, and two of the others do not know of it.
        one.want(Succeeds(0));
        begins(&mut one);
        two.want(Succeeds(0));
        let done = begins(&mut two);
        let done = talk(&mut two, &mut one, done);
        assert_eq!(
            done.settled,
            [(Succeeds(0), Ok(()))],
            "it is what was wanted"
        );

        two.want(Succeeds(7));
        let done = begins(&mut two);
        let done = talk(&mut two, &mut one, done);
        assert_eq!(done.settled, [(Succeeds(7), Err(1))]);
        // Whoever else is asked has that chosen too.
        three.want(Succeeds(7));
        let done = begins(&mut three);
        assert!(
            talk(&mut three, &mut two, done).settled.is_empty(),
            "it is outbid"
        );
        let done = begins(&mut three);
        let done = talk(&mut three, &mut two, done);
        assert_eq!(done.settled, [(Succeeds(7), Err(1))]);
    }

    #[test]
    fn what_follows_nothing_is_refused_by_a_majority_that_has_nothing() {
        let [mut one, mut two] = [1, 2].map(keeper);
        one.want(Succeeds(7));
        let done = begins(&mut one);
        assert!(done.settled.is_empty() && one.is_trying());
        let done = talk(&mut one, &mut two, done);
        assert_eq!(done.settled, [(Succeeds(7), Err(0))]);
        assert!(done.chosen.is_empty() && !one.is_trying());
    }

    #[test]
    fn what_is_learned_meanwhile_settles_nothing() {
        let mut one = keeper(1);
        one.want(Succeeds(7));
        let mut done = Done::default();
        let known = vote(&first(), Some(ballot(1, 2)), 1);
        one.hear(agent(2), Consultation::Chosen(known.clone()), &mut done);
        // It may have been chosen long before this was wanted.
        assert_eq!((done.chosen, done.settled), (vec![known], vec![]));
        assert_eq!(one.changes().len(), 1);
    }

    #[test]
    fn tries_next_after_what_it_was_outbid_by() {
        let [mut one, mut two, mut three] = [1, 2, 3].map(keeper);
        for ahead in [&mut two, &mut three] {
            let later = super::super::testing::asks(&first(), ballot(9, 3), None);
            ahead.hear(agent(3), Consultation::Asked(later), &mut Done::default());
        }
        one.want(Succeeds(0));
        let mut done = begins(&mut one);
        let said = std::mem::take(&mut done.said);
        for (to, what) in said {
            let other = if to == agent(2) { &mut two } else { &mut three };
            let mut answers = Done::default();
            other.hear(agent(1), what, &mut answers);
            for (_, what) in answers.said {
                one.hear(to, what, &mut done);
            }
        }
        assert!(done.is_outbid && !one.is_trying());
        let done = begins(&mut one);
        let done = talk(&mut one, &mut two, done);
        assert_eq!(done.settled, [(Succeeds(0), Ok(()))]);
    }

    #[test]
    fn who_was_outbid_by_one_and_hears_nothing_of_the_other_tries_again() {
        let [mut one, mut two] = [1, 2].map(keeper);
        let later = super::super::testing::asks(&first(), ballot(9, 3), None);
        two.hear(agent(3), Consultation::Asked(later), &mut Done::default());
        one.want(Succeeds(0));
        let done = begins(&mut one);
        assert!(!talk(&mut one, &mut two, done).is_outbid);
        let mut done = Done::default();
        one.handle_silence(&mut done);
        assert!(done.is_outbid && done.said.is_empty());
        let done = begins(&mut one);
        let done = talk(&mut one, &mut two, done);
        assert_eq!(done.settled, [(Succeeds(0), Ok(()))]);
    }

    #[test]
    fn does_not_try_by_a_later_configuration_that_it_knows_nothing_of() {
        let four = first().with(agent(4)).expect("there is room");
        let mut one = keeper(1);
        one.want(Succeeds(0));
        let mut done = Done::default();
        one.begin(&four, &mut done);
        assert!(done.said.is_empty() && !one.is_trying());
    }

    #[test]
    fn what_it_tries_with_others_is_another_attempt() {
        let mut one = keeper(1);
        one.want(Succeeds(7));
        let ballot_of = |done: Says| match &done.said[0].1 {
            Consultation::Asked(asked) => asked.ballot,
            other => panic!("it asks: {other:?}"),
        };
        let before = ballot_of(begins(&mut one));
        let others = Configuration::new(ConfigurationEpoch::FIRST, [4, 1, 5].map(agent));
        one.move_to(&others.expect("three"));
        assert!(!one.is_trying());
        assert!(ballot_of(begins(&mut one)) > before);
    }

    #[test]
    fn who_is_behind_is_told_and_asked_again() {
        let four = first().with(agent(4)).expect("there is room");
        let [mut two, mut four_th] = [2, 4].map(keeper);
        let began = vote(&four, None, 1);
        two.hear(
            agent(1),
            Consultation::Chosen(began.clone()),
            &mut Done::default(),
        );
        two.want(Succeeds(1));
        let done = begins(&mut two);
        let behind = Answered {
            epoch: four.epoch(),
            ballot: two
                .attempt
                .as_ref()
                .and_then(Attempt::asks)
                .expect("it tries")
                .ballot,
            answer: Answer::Behind,
        };
        assert_eq!(done.said.len(), 3);
        let mut done = Done::default();
        two.hear(agent(4), Consultation::Answered(behind), &mut done);
        let [(_, told), (_, asked)] = <[_; 2]>::try_from(done.said).expect("two");
        assert_eq!(told, Consultation::Chosen(began.clone()));
        let mut done = Done::default();
        four_th.hear(agent(2), told, &mut done);
        four_th.hear(agent(2), asked, &mut done);
        let [(_, Consultation::Answered(answered))] = &done.said[..] else {
            panic!("it answers: {:?}", done.said);
        };
        assert_eq!(answered.answer, Answer::Promised(Some(began)));
    }

    #[test]
    fn whoever_is_no_keeper_does_not_try() {
        let mut other = keeper(9);
        other.want(Succeeds(0));
        assert!(begins(&mut other).said.is_empty() && !other.is_trying());
    }

    #[test]
    fn who_voted_before_it_was_begun_again_comes_over_and_says_what_it_knew() {
        let [mut one, mut two] = [1, 2].map(keeper);
        one.want(Succeeds(0));
        let done = begins(&mut one);
        let said = talk(&mut one, &mut two, done);
        assert_eq!(said.chosen.len(), 1);
        // The third has heard of nothing, and is told to begin again.
        let mut three = keeper(3);
        three.learn(vote(&first(), Some(ballot(0, 1)), 1), &mut Done::default());
        let era = Era::after(None, agent(3)).expect("there are more");
        let alone = Configuration::new(ConfigurationEpoch::begins(era), [agent(3)]);
        let mut begun: Says = Done::default();
        let entrusted = Entrusted {
            configuration: alone.expect("one").founded_by(&first()),
            content: 9,
        };
        three.begin_again(entrusted, &mut begun);
        let told: Vec<AgentId> = begun.said.iter().map(|(to, _)| *to).collect();
        assert_eq!(told, [1, 2].map(agent), "all who voted are told");
        // Whoever asks by the votes of before is told that others vote, and gives up.
        one.want(Succeeds(1));
        let mut asks: Says = Done::default();
        one.begin(&first(), &mut asks);
        let (_, asked) = asks.said.pop().expect("it asks the others");
        let mut answers: Says = Done::default();
        three.hear(agent(1), asked, &mut answers);
        let (_, ahead) = answers.said.pop().expect("it answers");
        let mut heard: Says = Done::default();
        one.hear(agent(3), ahead, &mut heard);
        let before = heard.superseded.map(|its| its.entrusted.content);
        assert_eq!((before, one.is_trying()), (Some(1), false));
        let now = one.votes().map(|its| its.configuration().epoch().era());
        assert_eq!(now, Some(Some(era)));
        // And votes no more with those who have not heard of it.
        let mut late: Says = Done::default();
        two.want(Succeeds(1));
        two.begin(&first(), &mut late);
        let (_, asked) = late.said.pop().expect("it asks the others");
        let mut answers: Says = Done::default();
        one.hear(agent(2), asked, &mut answers);
        let answer = answers.said.pop().map(|(_, what)| what);
        let is_ahead = |its: &Answered<u8>| matches!(its.answer, Answer::Ahead(_));
        assert!(matches!(answer, Some(Consultation::Answered(its)) if is_ahead(&its)));
    }

    #[test]
    fn asks_only_those_again_who_have_not_answered() {
        let [mut one, mut two] = [1, 2].map(keeper);
        one.want(Succeeds(7));
        let done = begins(&mut one);
        let (_, asked) = done.said.first().cloned().expect("it asks");
        let mut answers: Says = Done::default();
        two.hear(agent(1), asked, &mut answers);
        let mut done = Done::default();
        one.handle_silence(&mut done);
        let asked: Vec<AgentId> = done.said.iter().map(|(to, _)| *to).collect();
        assert_eq!(asked, [2, 3].map(agent));
    }
}
