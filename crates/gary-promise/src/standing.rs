//! How a promise stands.

use std::cmp::Reverse;

use crate::{Promise, PromiseId, Record, Verified};

/// How a promise stands, as far as one agent was told. What it was never told of has no standing.
///
/// Standings of one promise form a chain, and what is learned only moves up it: made, then withdrawn
/// for good. [`Standing::join`] is the greater of two, so that it does not matter in which order or how
/// often anything is learned (a join semilattice; Shapiro et al., "Conflict-free Replicated Data
/// Types", 2011).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    id: PromiseId,
    state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Made(Verified<Promise>),
    /// By a withdrawal, or by the promise that revises it.
    Withdrawn(Record),
}

impl Standing {
    pub(crate) fn made(promise: Verified<Promise>) -> Self {
        Self {
            id: promise.id(),
            state: State::Made(promise),
        }
    }

    /// The caller has seen that this is the promise which the record withdraws.
    pub(crate) const fn withdrawn(id: PromiseId, by: Record) -> Self {
        Self {
            id,
            state: State::Withdrawn(by),
        }
    }

    /// Which promise it is.
    pub const fn id(&self) -> PromiseId {
        self.id
    }

    /// The promise, while it is made and not withdrawn. Whether it is kept is for each observer to
    /// assess.
    pub const fn promise(&self) -> Option<&Verified<Promise>> {
        match &self.state {
            State::Made(promise) => Some(promise),
            State::Withdrawn(_) => None,
        }
    }

    /// What withdrew it: a withdrawal, or the promise that revises it.
    pub const fn withdrawn_by(&self) -> Option<&Record> {
        match &self.state {
            State::Made(_) => None,
            State::Withdrawn(record) => Some(record),
        }
    }

    /// Learns what else is known of the same promise, and says whether that was more.
    ///
    /// # Panics
    ///
    /// When it is known of another promise, which no caller should mistake for this one.
    pub fn join(&mut self, other: Self) -> bool {
        assert_eq!(self.id, other.id, "standings of two promises have no join");
        let is_more = other.height() > self.height();
        if is_more {
            *self = other;
        }
        is_more
    }

    /// Where it stands in the chain.
    ///
    /// An agent says one thing per version, so that two of equal rank are the same record. One that
    /// does otherwise (a cloned disk, a liar) must not divide those who heard it: the earlier
    /// withdrawal and then the bytes themselves decide, alike for everyone.
    fn height(&self) -> impl Ord {
        let (rank, version, proof) = match &self.state {
            State::Made(promise) => (0, promise.version(), promise.signed().proof()),
            State::Withdrawn(record) => (1, record.version(), record.proof()),
        };
        (rank, Reverse(version), proof)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        Body,
        testing::{Agent, body, histories},
    };

    type Known = BTreeMap<PromiseId, Standing>;

    /// Learns a record, and says whether it was news.
    fn learn(known: &mut Known, record: &Record) -> bool {
        let mut is_news = false;
        for standing in record.standings() {
            is_news |= match known.get_mut(&standing.id()) {
                Some(before) => before.join(standing),
                None => known.insert(standing.id(), standing).is_none(),
            };
        }
        is_news
    }

    fn learn_all<'a>(records: impl IntoIterator<Item = &'a Record>) -> Known {
        let mut known = Known::new();
        for record in records {
            learn(&mut known, record);
        }
        known
    }

    fn joined(one: &Standing, other: &Standing) -> Standing {
        let mut joined = one.clone();
        joined.join(other.clone());
        joined
    }

    #[test]
    fn a_revision_stands_in_the_place_of_what_it_revises() {
        let mut agent = Agent::new(1);
        let old = agent.promise(body(1));
        let new = agent.revise(&old, body(2));
        let known = learn_all(&[
            Record::Promise((*new).clone()),
            Record::Promise((*old).clone()),
        ]);
        assert_eq!(known[&old.id()].promise(), None);
        assert_eq!(known[&new.id()].promise(), Some(&*new));
    }

    #[test]
    fn a_promise_that_comes_after_its_withdrawal_stays_withdrawn() {
        let mut agent = Agent::new(1);
        let promise = agent.promise(Body::Admit);
        let withdrawal = Record::Withdrawal(agent.withdraw(&promise).into_verified());
        let promise = Record::Promise(promise.into_verified());

        let mut known = learn_all([&withdrawal]);
        assert!(!learn(&mut known, &promise));
        assert_eq!(known, learn_all([&promise, &withdrawal]));
    }

    proptest! {
        #[test]
        fn join_is_commutative_associative_and_idempotent(
            records in histories(),
            picks: [prop::sample::Index; 3],
        ) {
            let all: Vec<Standing> = records.iter().flat_map(Record::standings).collect();
            let promise = picks[0].get(&all).id();
            let same: Vec<&Standing> = all.iter().filter(|its| its.id() == promise).collect();
            let [a, b, c] = picks.map(|pick| *pick.get(&same));

            prop_assert_eq!(joined(a, b), joined(b, a));
            prop_assert_eq!(joined(&joined(a, b), c), joined(a, &joined(b, c)));
            prop_assert_eq!(&joined(a, a), a);
        }

        #[test]
        fn order_and_repetition_do_not_matter(
            (records, shuffled) in histories().prop_flat_map(|records| {
                let twice = [records.clone(), records.clone()].concat();
                (Just(records), Just(twice).prop_shuffle())
            }),
        ) {
            prop_assert_eq!(learn_all(&shuffled), learn_all(&records));
        }

        #[test]
        fn a_replay_changes_nothing(records in histories(), which: prop::sample::Index) {
            let mut known = learn_all(&records);
            let before = known.clone();
            prop_assert!(!learn(&mut known, which.get(&records)));
            prop_assert_eq!(known, before);
        }

        #[test]
        fn a_withdrawal_is_final(
            (records, later) in histories().prop_flat_map(|records| {
                (Just(records.clone()), Just(records).prop_shuffle())
            }),
        ) {
            let mut known = Known::new();
            let mut withdrawn = Vec::new();
            for record in records.iter().chain(&later) {
                learn(&mut known, record);
                let by_this = match record {
                    Record::Promise(promise) => promise.revises(),
                    Record::Withdrawal(withdrawal) => Some(withdrawal.of()),
                };
                let promiser = record.by();
                withdrawn.extend(by_this.map(|version| PromiseId { promiser, version }));
                for promise in &withdrawn {
                    prop_assert_eq!(known[promise].promise(), None);
                }
            }
        }
    }
}
